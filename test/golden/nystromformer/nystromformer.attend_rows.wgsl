// attend_rows: Each row: Σ κ(q, k) v over Σ κ(q, k), in one pass over the keys, and the rows of v convolved with conv, 33 wide.
// 128 threads a workgroup, 8704 bytes of workgroup memory
// reads q, k, v, conv, lengths, queryLengths; writes out

struct Shape {
  batch: u32,
  heads: u32,
  kvHeads: u32,
  length: u32,
  keyLength: u32,
  chunks: u32,
  offset: u32,
  capacity: u32,
  sliceStart: u32,
  sliceCount: u32,
}

@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read> q: array<f32>;
@group(0) @binding(2) var<storage, read> k: array<f32>;
@group(0) @binding(3) var<storage, read> v: array<f32>;
@group(0) @binding(4) var<storage, read> conv: array<f32>;
@group(0) @binding(5) var<storage, read> lengths: array<u32>;
@group(0) @binding(6) var<storage, read> queryLengths: array<u32>;
@group(0) @binding(7) var<storage, read_write> out: array<f32>;

var<workgroup> tile: array<vec4f, 544>;

@compute @workgroup_size(128, 1, 1)
fn attend_rows(
  @builtin(local_invocation_index) thread: u32,
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(num_workgroups) workgroup_counts: vec3u,
) {
  let workgroup = workgroup_id.x + workgroup_id.y * workgroup_counts.x;
  if (workgroup >= shape.sliceCount * ((shape.heads + shape.kvHeads - 1u) / shape.kvHeads) * ((shape.length + 63u) / 64u)) {
    return;
  }
  let valueTile = 0u;
  let rowTile = workgroup % ((shape.length + 63u) / 64u);
  let rest2 = workgroup / ((shape.length + 63u) / 64u);
  let headInGroup = rest2 % (shape.heads / shape.kvHeads);
  let slice = rest2 / (shape.heads / shape.kvHeads);
  let group = shape.sliceStart + slice;
  let batchItem = group / shape.kvHeads;
  let keyGroup = group;
  let queryRows = max(min(queryLengths[batchItem], shape.length), 1u);
  let visible = min(lengths[batchItem], shape.keyLength);
  let queryHead = group * (shape.heads / shape.kvHeads) + headInGroup;
  let rowGroup = thread / 16u;
  let columnGroup = thread % 16u;
  let firstColumn = valueTile * 64u + columnGroup;
  let firstRow = rowTile * 64u;
  let fewer = min(queryRows, visible);
  if (fewer <= 64u) {
    let firstQuery = queryHead * shape.length;
    let firstKey = keyGroup * shape.keyLength;
    let firstValue = keyGroup * shape.keyLength;
    let end = visible;
    let lastQuery = max(shape.length, 1u) - 1u;
    let lastKey = max(end, 1u) - 1u;
    var sums_0 = vec4f(0.0);
    var sums_1 = vec4f(0.0);
    var sums_2 = vec4f(0.0);
    var sums_3 = vec4f(0.0);
    var sums_4 = vec4f(0.0);
    var sums_5 = vec4f(0.0);
    var sums_6 = vec4f(0.0);
    var sums_7 = vec4f(0.0);
    var total0 = vec4f(0.0);
    var total1 = vec4f(0.0);
    var rowScale0 = vec4f(-1e30);
    var rowScale1 = vec4f(-1e30);
    for (var from_ = 0u; from_ < end; from_ += 128u) {
      let allSeen = from_ + 128u <= end;
      var dot_0 = vec4f(0.0);
      var dot_1 = vec4f(0.0);
      var dot_2 = vec4f(0.0);
      var dot_3 = vec4f(0.0);
      var dot_4 = vec4f(0.0);
      var dot_5 = vec4f(0.0);
      var dot_6 = vec4f(0.0);
      var dot_7 = vec4f(0.0);
      var dot_8 = vec4f(0.0);
      var dot_9 = vec4f(0.0);
      var dot_10 = vec4f(0.0);
      var dot_11 = vec4f(0.0);
      var dot_12 = vec4f(0.0);
      var dot_13 = vec4f(0.0);
      var dot_14 = vec4f(0.0);
      var dot_15 = vec4f(0.0);
      for (var first = 0u; first < 64u; first += 8u) {
        let place = thread % 8u;
        let entry = first + place;
        let firstFour = thread / 8u;
        tile[place * 17u + firstFour] = vec4f(
          q[min(firstRow + firstFour * 4u, lastQuery) * 64u + (firstQuery * 64u + entry)],
          q[min(firstRow + (firstFour * 4u + 1u), lastQuery) * 64u + (firstQuery * 64u + entry)],
          q[min(firstRow + (firstFour * 4u + 2u), lastQuery) * 64u + (firstQuery * 64u + entry)],
          q[min(firstRow + (firstFour * 4u + 3u), lastQuery) * 64u + (firstQuery * 64u + entry)],
        );
        tile[place * 33u + firstFour + 136u] = vec4f(
          k[min(from_ + firstFour, lastKey) * 64u + (firstKey * 64u + entry)],
          k[min(from_ + (firstFour + 32u), lastKey) * 64u + (firstKey * 64u + entry)],
          k[min(from_ + (firstFour + 64u), lastKey) * 64u + (firstKey * 64u + entry)],
          k[min(from_ + (firstFour + 96u), lastKey) * 64u + (firstKey * 64u + entry)],
        );
        tile[place * 33u + firstFour + 152u] = vec4f(
          k[min(from_ + (firstFour + 16u), lastKey) * 64u + (firstKey * 64u + entry)],
          k[min(from_ + (firstFour + 48u), lastKey) * 64u + (firstKey * 64u + entry)],
          k[min(from_ + (firstFour + 80u), lastKey) * 64u + (firstKey * 64u + entry)],
          k[min(from_ + (firstFour + 112u), lastKey) * 64u + (firstKey * 64u + entry)],
        );
        workgroupBarrier();
        for (var t = 0u; t < 8u; t++) {
          let rows0 = tile[t * 17u + rowGroup * 2u];
          let rows1 = tile[t * 17u + rowGroup * 2u + 1u];
          let keys0 = tile[t * 33u + columnGroup + 136u];
          dot_0 += keys0.x * rows0;
          dot_8 += keys0.x * rows1;
          dot_1 += keys0.y * rows0;
          dot_9 += keys0.y * rows1;
          dot_2 += keys0.z * rows0;
          dot_10 += keys0.z * rows1;
          dot_3 += keys0.w * rows0;
          dot_11 += keys0.w * rows1;
          let keys1 = tile[t * 33u + columnGroup + 152u];
          dot_4 += keys1.x * rows0;
          dot_12 += keys1.x * rows1;
          dot_5 += keys1.y * rows0;
          dot_13 += keys1.y * rows1;
          dot_6 += keys1.z * rows0;
          dot_14 += keys1.z * rows1;
          dot_7 += keys1.w * rows0;
          dot_15 += keys1.w * rows1;
        }
        workgroupBarrier();
      }
      let pair0_value1 = 0.18033688 * dot_0;
      let pair0_value2 = 0.18033688 * dot_1;
      let pair0_value3 = 0.18033688 * dot_2;
      let pair0_value4 = 0.18033688 * dot_3;
      let pair0_value5 = 0.18033688 * dot_4;
      let pair0_value6 = 0.18033688 * dot_5;
      let pair0_value7 = 0.18033688 * dot_6;
      let pair0_value8 = 0.18033688 * dot_7;
      let pair1_value1 = 0.18033688 * dot_8;
      let pair1_value2 = 0.18033688 * dot_9;
      let pair1_value3 = 0.18033688 * dot_10;
      let pair1_value4 = 0.18033688 * dot_11;
      let pair1_value5 = 0.18033688 * dot_12;
      let pair1_value6 = 0.18033688 * dot_13;
      let pair1_value7 = 0.18033688 * dot_14;
      let pair1_value8 = 0.18033688 * dot_15;
      var score0_0 = pair0_value1;
      var score0_1 = pair0_value2;
      var score0_2 = pair0_value3;
      var score0_3 = pair0_value4;
      var score0_4 = pair0_value5;
      var score0_5 = pair0_value6;
      var score0_6 = pair0_value7;
      var score0_7 = pair0_value8;
      var score1_0 = pair1_value1;
      var score1_1 = pair1_value2;
      var score1_2 = pair1_value3;
      var score1_3 = pair1_value4;
      var score1_4 = pair1_value5;
      var score1_5 = pair1_value6;
      var score1_6 = pair1_value7;
      var score1_7 = pair1_value8;
      let key0 = from_ + columnGroup;
      let key1 = from_ + (columnGroup + 32u);
      let key2 = from_ + (columnGroup + 64u);
      let key3 = from_ + (columnGroup + 96u);
      let key4 = from_ + (columnGroup + 16u);
      let key5 = from_ + (columnGroup + 48u);
      let key6 = from_ + (columnGroup + 80u);
      let key7 = from_ + (columnGroup + 112u);
      if (!allSeen) {
        score0_0 = vec4f(
          select(-1e30, score0_0.x, key0 < end),
          select(-1e30, score0_0.y, key0 < end),
          select(-1e30, score0_0.z, key0 < end),
          select(-1e30, score0_0.w, key0 < end),
        );
        score0_1 = vec4f(
          select(-1e30, score0_1.x, key1 < end),
          select(-1e30, score0_1.y, key1 < end),
          select(-1e30, score0_1.z, key1 < end),
          select(-1e30, score0_1.w, key1 < end),
        );
        score0_2 = vec4f(
          select(-1e30, score0_2.x, key2 < end),
          select(-1e30, score0_2.y, key2 < end),
          select(-1e30, score0_2.z, key2 < end),
          select(-1e30, score0_2.w, key2 < end),
        );
        score0_3 = vec4f(
          select(-1e30, score0_3.x, key3 < end),
          select(-1e30, score0_3.y, key3 < end),
          select(-1e30, score0_3.z, key3 < end),
          select(-1e30, score0_3.w, key3 < end),
        );
        score0_4 = vec4f(
          select(-1e30, score0_4.x, key4 < end),
          select(-1e30, score0_4.y, key4 < end),
          select(-1e30, score0_4.z, key4 < end),
          select(-1e30, score0_4.w, key4 < end),
        );
        score0_5 = vec4f(
          select(-1e30, score0_5.x, key5 < end),
          select(-1e30, score0_5.y, key5 < end),
          select(-1e30, score0_5.z, key5 < end),
          select(-1e30, score0_5.w, key5 < end),
        );
        score0_6 = vec4f(
          select(-1e30, score0_6.x, key6 < end),
          select(-1e30, score0_6.y, key6 < end),
          select(-1e30, score0_6.z, key6 < end),
          select(-1e30, score0_6.w, key6 < end),
        );
        score0_7 = vec4f(
          select(-1e30, score0_7.x, key7 < end),
          select(-1e30, score0_7.y, key7 < end),
          select(-1e30, score0_7.z, key7 < end),
          select(-1e30, score0_7.w, key7 < end),
        );
        score1_0 = vec4f(
          select(-1e30, score1_0.x, key0 < end),
          select(-1e30, score1_0.y, key0 < end),
          select(-1e30, score1_0.z, key0 < end),
          select(-1e30, score1_0.w, key0 < end),
        );
        score1_1 = vec4f(
          select(-1e30, score1_1.x, key1 < end),
          select(-1e30, score1_1.y, key1 < end),
          select(-1e30, score1_1.z, key1 < end),
          select(-1e30, score1_1.w, key1 < end),
        );
        score1_2 = vec4f(
          select(-1e30, score1_2.x, key2 < end),
          select(-1e30, score1_2.y, key2 < end),
          select(-1e30, score1_2.z, key2 < end),
          select(-1e30, score1_2.w, key2 < end),
        );
        score1_3 = vec4f(
          select(-1e30, score1_3.x, key3 < end),
          select(-1e30, score1_3.y, key3 < end),
          select(-1e30, score1_3.z, key3 < end),
          select(-1e30, score1_3.w, key3 < end),
        );
        score1_4 = vec4f(
          select(-1e30, score1_4.x, key4 < end),
          select(-1e30, score1_4.y, key4 < end),
          select(-1e30, score1_4.z, key4 < end),
          select(-1e30, score1_4.w, key4 < end),
        );
        score1_5 = vec4f(
          select(-1e30, score1_5.x, key5 < end),
          select(-1e30, score1_5.y, key5 < end),
          select(-1e30, score1_5.z, key5 < end),
          select(-1e30, score1_5.w, key5 < end),
        );
        score1_6 = vec4f(
          select(-1e30, score1_6.x, key6 < end),
          select(-1e30, score1_6.y, key6 < end),
          select(-1e30, score1_6.z, key6 < end),
          select(-1e30, score1_6.w, key6 < end),
        );
        score1_7 = vec4f(
          select(-1e30, score1_7.x, key7 < end),
          select(-1e30, score1_7.y, key7 < end),
          select(-1e30, score1_7.z, key7 < end),
          select(-1e30, score1_7.w, key7 < end),
        );
      }
      // the rows’ scales so far, and what they do to the sums
      tile[columnGroup * 17u + rowGroup * 2u] = max(
        max(
          max(max(max(max(max(max(score0_0, score0_0), score0_1), score0_2), score0_3), score0_4), score0_5),
          score0_6,
        ),
        score0_7,
      );
      tile[columnGroup * 17u + rowGroup * 2u + 1u] = max(
        max(
          max(max(max(max(max(max(score1_0, score1_0), score1_1), score1_2), score1_3), score1_4), score1_5),
          score1_6,
        ),
        score1_7,
      );
      workgroupBarrier();
      let scaleSoFar0 = rowScale0;
      for (var other = 0u; other < 16u; other++) {
        rowScale0 = max(rowScale0, tile[other * 17u + rowGroup * 2u]);
      }
      let shrink0 = exp2(scaleSoFar0 - rowScale0);
      total0 *= shrink0;
      sums_0 *= shrink0;
      sums_1 *= shrink0;
      sums_2 *= shrink0;
      sums_3 *= shrink0;
      let measure0 = max(rowScale0, vec4f(-5e29));
      score0_0 = exp2(score0_0 - measure0);
      score0_1 = exp2(score0_1 - measure0);
      score0_2 = exp2(score0_2 - measure0);
      score0_3 = exp2(score0_3 - measure0);
      score0_4 = exp2(score0_4 - measure0);
      score0_5 = exp2(score0_5 - measure0);
      score0_6 = exp2(score0_6 - measure0);
      score0_7 = exp2(score0_7 - measure0);
      let scaleSoFar1 = rowScale1;
      for (var other = 0u; other < 16u; other++) {
        rowScale1 = max(rowScale1, tile[other * 17u + rowGroup * 2u + 1u]);
      }
      let shrink1 = exp2(scaleSoFar1 - rowScale1);
      total1 *= shrink1;
      sums_4 *= shrink1;
      sums_5 *= shrink1;
      sums_6 *= shrink1;
      sums_7 *= shrink1;
      let measure1 = max(rowScale1, vec4f(-5e29));
      score1_0 = exp2(score1_0 - measure1);
      score1_1 = exp2(score1_1 - measure1);
      score1_2 = exp2(score1_2 - measure1);
      score1_3 = exp2(score1_3 - measure1);
      score1_4 = exp2(score1_4 - measure1);
      score1_5 = exp2(score1_5 - measure1);
      score1_6 = exp2(score1_6 - measure1);
      score1_7 = exp2(score1_7 - measure1);
      workgroupBarrier();
      total0 += score0_0;
      total0 += score0_1;
      total0 += score0_2;
      total0 += score0_3;
      total0 += score0_4;
      total0 += score0_5;
      total0 += score0_6;
      total0 += score0_7;
      total1 += score1_0;
      total1 += score1_1;
      total1 += score1_2;
      total1 += score1_3;
      total1 += score1_4;
      total1 += score1_5;
      total1 += score1_6;
      total1 += score1_7;
      for (var keySlice = 0u; keySlice < min((end - from_ + 31u) / 32u, 4u); keySlice++) {
        var sliced0_0 = score0_0;
        var sliced0_1 = score0_4;
        if (keySlice == 1u) {
          sliced0_0 = score0_1;
          sliced0_1 = score0_5;
        }
        if (keySlice == 2u) {
          sliced0_0 = score0_2;
          sliced0_1 = score0_6;
        }
        if (keySlice == 3u) {
          sliced0_0 = score0_3;
          sliced0_1 = score0_7;
        }
        var sliced1_0 = score1_0;
        var sliced1_1 = score1_4;
        if (keySlice == 1u) {
          sliced1_0 = score1_1;
          sliced1_1 = score1_5;
        }
        if (keySlice == 2u) {
          sliced1_0 = score1_2;
          sliced1_1 = score1_6;
        }
        if (keySlice == 3u) {
          sliced1_0 = score1_3;
          sliced1_1 = score1_7;
        }
        tile[columnGroup * 17u + rowGroup * 2u] = sliced0_0;
        tile[(columnGroup + 16u) * 17u + rowGroup * 2u] = sliced0_1;
        tile[columnGroup * 17u + rowGroup * 2u + 1u] = sliced1_0;
        tile[(columnGroup + 16u) * 17u + rowGroup * 2u + 1u] = sliced1_1;
        let sliceStart = from_ + keySlice * 32u;
        workgroupBarrier();
        let here = min(max(end, sliceStart) - sliceStart, 32u);
        let firstStart = (firstValue + sliceStart) * 64u;
        let lastStart = (firstValue + lastKey) * 64u;
        for (var j = 0u; j < here; j += 8u) {
          let weight0_0 = tile[j * 17u + rowGroup * 2u];
          let weight1_0 = tile[j * 17u + rowGroup * 2u + 1u];
          let rowStart_0 = firstStart + j * 64u + firstColumn;
          let column0_0 = v[rowStart_0];
          let column1_0 = v[rowStart_0 + 16u];
          let column2_0 = v[rowStart_0 + 32u];
          let column3_0 = v[rowStart_0 + 48u];
          sums_0 += weight0_0 * column0_0;
          sums_1 += weight0_0 * column1_0;
          sums_2 += weight0_0 * column2_0;
          sums_3 += weight0_0 * column3_0;
          sums_4 += weight1_0 * column0_0;
          sums_5 += weight1_0 * column1_0;
          sums_6 += weight1_0 * column2_0;
          sums_7 += weight1_0 * column3_0;
          let weight0_1 = tile[j * 17u + rowGroup * 2u + 17u];
          let weight1_1 = tile[j * 17u + rowGroup * 2u + 18u];
          let rowStart_1 = min(firstStart + j * 64u + 64u, lastStart) + firstColumn;
          let column0_1 = v[rowStart_1];
          let column1_1 = v[rowStart_1 + 16u];
          let column2_1 = v[rowStart_1 + 32u];
          let column3_1 = v[rowStart_1 + 48u];
          sums_0 += weight0_1 * column0_1;
          sums_1 += weight0_1 * column1_1;
          sums_2 += weight0_1 * column2_1;
          sums_3 += weight0_1 * column3_1;
          sums_4 += weight1_1 * column0_1;
          sums_5 += weight1_1 * column1_1;
          sums_6 += weight1_1 * column2_1;
          sums_7 += weight1_1 * column3_1;
          let weight0_2 = tile[j * 17u + rowGroup * 2u + 34u];
          let weight1_2 = tile[j * 17u + rowGroup * 2u + 35u];
          let rowStart_2 = min(firstStart + j * 64u + 128u, lastStart) + firstColumn;
          let column0_2 = v[rowStart_2];
          let column1_2 = v[rowStart_2 + 16u];
          let column2_2 = v[rowStart_2 + 32u];
          let column3_2 = v[rowStart_2 + 48u];
          sums_0 += weight0_2 * column0_2;
          sums_1 += weight0_2 * column1_2;
          sums_2 += weight0_2 * column2_2;
          sums_3 += weight0_2 * column3_2;
          sums_4 += weight1_2 * column0_2;
          sums_5 += weight1_2 * column1_2;
          sums_6 += weight1_2 * column2_2;
          sums_7 += weight1_2 * column3_2;
          let weight0_3 = tile[j * 17u + rowGroup * 2u + 51u];
          let weight1_3 = tile[j * 17u + rowGroup * 2u + 52u];
          let rowStart_3 = min(firstStart + j * 64u + 192u, lastStart) + firstColumn;
          let column0_3 = v[rowStart_3];
          let column1_3 = v[rowStart_3 + 16u];
          let column2_3 = v[rowStart_3 + 32u];
          let column3_3 = v[rowStart_3 + 48u];
          sums_0 += weight0_3 * column0_3;
          sums_1 += weight0_3 * column1_3;
          sums_2 += weight0_3 * column2_3;
          sums_3 += weight0_3 * column3_3;
          sums_4 += weight1_3 * column0_3;
          sums_5 += weight1_3 * column1_3;
          sums_6 += weight1_3 * column2_3;
          sums_7 += weight1_3 * column3_3;
          let weight0_4 = tile[j * 17u + rowGroup * 2u + 68u];
          let weight1_4 = tile[j * 17u + rowGroup * 2u + 69u];
          let rowStart_4 = min(firstStart + j * 64u + 256u, lastStart) + firstColumn;
          let column0_4 = v[rowStart_4];
          let column1_4 = v[rowStart_4 + 16u];
          let column2_4 = v[rowStart_4 + 32u];
          let column3_4 = v[rowStart_4 + 48u];
          sums_0 += weight0_4 * column0_4;
          sums_1 += weight0_4 * column1_4;
          sums_2 += weight0_4 * column2_4;
          sums_3 += weight0_4 * column3_4;
          sums_4 += weight1_4 * column0_4;
          sums_5 += weight1_4 * column1_4;
          sums_6 += weight1_4 * column2_4;
          sums_7 += weight1_4 * column3_4;
          let weight0_5 = tile[j * 17u + rowGroup * 2u + 85u];
          let weight1_5 = tile[j * 17u + rowGroup * 2u + 86u];
          let rowStart_5 = min(firstStart + j * 64u + 320u, lastStart) + firstColumn;
          let column0_5 = v[rowStart_5];
          let column1_5 = v[rowStart_5 + 16u];
          let column2_5 = v[rowStart_5 + 32u];
          let column3_5 = v[rowStart_5 + 48u];
          sums_0 += weight0_5 * column0_5;
          sums_1 += weight0_5 * column1_5;
          sums_2 += weight0_5 * column2_5;
          sums_3 += weight0_5 * column3_5;
          sums_4 += weight1_5 * column0_5;
          sums_5 += weight1_5 * column1_5;
          sums_6 += weight1_5 * column2_5;
          sums_7 += weight1_5 * column3_5;
          let weight0_6 = tile[j * 17u + rowGroup * 2u + 102u];
          let weight1_6 = tile[j * 17u + rowGroup * 2u + 103u];
          let rowStart_6 = min(firstStart + j * 64u + 384u, lastStart) + firstColumn;
          let column0_6 = v[rowStart_6];
          let column1_6 = v[rowStart_6 + 16u];
          let column2_6 = v[rowStart_6 + 32u];
          let column3_6 = v[rowStart_6 + 48u];
          sums_0 += weight0_6 * column0_6;
          sums_1 += weight0_6 * column1_6;
          sums_2 += weight0_6 * column2_6;
          sums_3 += weight0_6 * column3_6;
          sums_4 += weight1_6 * column0_6;
          sums_5 += weight1_6 * column1_6;
          sums_6 += weight1_6 * column2_6;
          sums_7 += weight1_6 * column3_6;
          let weight0_7 = tile[j * 17u + rowGroup * 2u + 119u];
          let weight1_7 = tile[j * 17u + rowGroup * 2u + 120u];
          let rowStart_7 = min(firstStart + j * 64u + 448u, lastStart) + firstColumn;
          let column0_7 = v[rowStart_7];
          let column1_7 = v[rowStart_7 + 16u];
          let column2_7 = v[rowStart_7 + 32u];
          let column3_7 = v[rowStart_7 + 48u];
          sums_0 += weight0_7 * column0_7;
          sums_1 += weight0_7 * column1_7;
          sums_2 += weight0_7 * column2_7;
          sums_3 += weight0_7 * column3_7;
          sums_4 += weight1_7 * column0_7;
          sums_5 += weight1_7 * column1_7;
          sums_6 += weight1_7 * column2_7;
          sums_7 += weight1_7 * column3_7;
        }
        workgroupBarrier();
      }
    }
    tile[columnGroup * 17u + rowGroup * 2u] = total0;
    tile[columnGroup * 17u + rowGroup * 2u + 1u] = total1;
    workgroupBarrier();
    var denominator0 = vec4f(0.0);
    for (var other = 0u; other < 16u; other++) {
      denominator0 += tile[other * 17u + rowGroup * 2u];
    }
    var denominator1 = vec4f(0.0);
    for (var other = 0u; other < 16u; other++) {
      denominator1 += tile[other * 17u + rowGroup * 2u + 1u];
    }
    let factor0 = vec4f(
      select(1.0 / select(denominator0.x, 1.0, denominator0.x == 0.0), 0.0, denominator0.x == 0.0),
      select(1.0 / select(denominator0.y, 1.0, denominator0.y == 0.0), 0.0, denominator0.y == 0.0),
      select(1.0 / select(denominator0.z, 1.0, denominator0.z == 0.0), 0.0, denominator0.z == 0.0),
      select(1.0 / select(denominator0.w, 1.0, denominator0.w == 0.0), 0.0, denominator0.w == 0.0),
    );
    let factor1 = vec4f(
      select(1.0 / select(denominator1.x, 1.0, denominator1.x == 0.0), 0.0, denominator1.x == 0.0),
      select(1.0 / select(denominator1.y, 1.0, denominator1.y == 0.0), 0.0, denominator1.y == 0.0),
      select(1.0 / select(denominator1.z, 1.0, denominator1.z == 0.0), 0.0, denominator1.z == 0.0),
      select(1.0 / select(denominator1.w, 1.0, denominator1.w == 0.0), 0.0, denominator1.w == 0.0),
    );
    sums_0 *= factor0;
    sums_1 *= factor0;
    sums_2 *= factor0;
    sums_3 *= factor0;
    sums_4 *= factor1;
    sums_5 *= factor1;
    sums_6 *= factor1;
    sums_7 *= factor1;
    // the convolution over the values: entry t of the filter for the row t − half below
    let filterStart = queryHead % shape.heads * 33u;
    let firstConvolved = keyGroup * shape.keyLength;
    for (var t = 0u; t < 36u; t++) {
      let weights = vec4f(
        select(0.0, conv[filterStart + min(max(t, 0u), 32u)], (t >= 0u) & (max(t, 0u) < 33u)),
        select(0.0, conv[filterStart + min(max(t, 1u) - 1u, 32u)], (t >= 1u) & (max(t, 1u) - 1u < 33u)),
        select(0.0, conv[filterStart + min(max(t, 2u) - 2u, 32u)], (t >= 2u) & (max(t, 2u) - 2u < 33u)),
        select(0.0, conv[filterStart + min(max(t, 3u) - 3u, 32u)], (t >= 3u) & (max(t, 3u) - 3u < 33u)),
      );
      let ahead = firstRow + rowGroup * 8u + t;
      let convolvedRow = max(ahead, 16u) - 16u;
      let there = (ahead >= 16u) & (convolvedRow < visible);
      let convolvedStart = (firstConvolved + min(convolvedRow, max(visible, 1u) - 1u)) * 64u;
      sums_0 += weights * select(0.0, v[convolvedStart + firstColumn], there);
      sums_1 += weights * select(0.0, v[convolvedStart + (firstColumn + 16u)], there);
      sums_2 += weights * select(0.0, v[convolvedStart + (firstColumn + 32u)], there);
      sums_3 += weights * select(0.0, v[convolvedStart + (firstColumn + 48u)], there);
    }
    for (var t = 0u; t < 36u; t++) {
      let weights = vec4f(
        select(0.0, conv[filterStart + min(max(t, 0u), 32u)], (t >= 0u) & (max(t, 0u) < 33u)),
        select(0.0, conv[filterStart + min(max(t, 1u) - 1u, 32u)], (t >= 1u) & (max(t, 1u) - 1u < 33u)),
        select(0.0, conv[filterStart + min(max(t, 2u) - 2u, 32u)], (t >= 2u) & (max(t, 2u) - 2u < 33u)),
        select(0.0, conv[filterStart + min(max(t, 3u) - 3u, 32u)], (t >= 3u) & (max(t, 3u) - 3u < 33u)),
      );
      let ahead = firstRow + (rowGroup * 2u + 1u) * 4u + t;
      let convolvedRow = max(ahead, 16u) - 16u;
      let there = (ahead >= 16u) & (convolvedRow < visible);
      let convolvedStart = (firstConvolved + min(convolvedRow, max(visible, 1u) - 1u)) * 64u;
      sums_4 += weights * select(0.0, v[convolvedStart + firstColumn], there);
      sums_5 += weights * select(0.0, v[convolvedStart + (firstColumn + 16u)], there);
      sums_6 += weights * select(0.0, v[convolvedStart + (firstColumn + 32u)], there);
      sums_7 += weights * select(0.0, v[convolvedStart + (firstColumn + 48u)], there);
    }
    let row0 = firstRow + rowGroup * 8u;
    if (row0 < shape.length) {
      let out0 = (queryHead * shape.length + row0) * 64u;
      out[out0 + firstColumn] = sums_0.x;
      out[out0 + (firstColumn + 16u)] = sums_1.x;
      out[out0 + (firstColumn + 32u)] = sums_2.x;
      out[out0 + (firstColumn + 48u)] = sums_3.x;
    }
    let row1 = firstRow + rowGroup * 8u + 1u;
    if (row1 < shape.length) {
      let out1 = (queryHead * shape.length + row1) * 64u;
      out[out1 + firstColumn] = sums_0.y;
      out[out1 + (firstColumn + 16u)] = sums_1.y;
      out[out1 + (firstColumn + 32u)] = sums_2.y;
      out[out1 + (firstColumn + 48u)] = sums_3.y;
    }
    let row2 = firstRow + rowGroup * 8u + 2u;
    if (row2 < shape.length) {
      let out2 = (queryHead * shape.length + row2) * 64u;
      out[out2 + firstColumn] = sums_0.z;
      out[out2 + (firstColumn + 16u)] = sums_1.z;
      out[out2 + (firstColumn + 32u)] = sums_2.z;
      out[out2 + (firstColumn + 48u)] = sums_3.z;
    }
    let row3 = firstRow + rowGroup * 8u + 3u;
    if (row3 < shape.length) {
      let out3 = (queryHead * shape.length + row3) * 64u;
      out[out3 + firstColumn] = sums_0.w;
      out[out3 + (firstColumn + 16u)] = sums_1.w;
      out[out3 + (firstColumn + 32u)] = sums_2.w;
      out[out3 + (firstColumn + 48u)] = sums_3.w;
    }
    let row4 = firstRow + (rowGroup * 2u + 1u) * 4u;
    if (row4 < shape.length) {
      let out4 = (queryHead * shape.length + row4) * 64u;
      out[out4 + firstColumn] = sums_4.x;
      out[out4 + (firstColumn + 16u)] = sums_5.x;
      out[out4 + (firstColumn + 32u)] = sums_6.x;
      out[out4 + (firstColumn + 48u)] = sums_7.x;
    }
    let row5 = firstRow + (rowGroup * 2u + 1u) * 4u + 1u;
    if (row5 < shape.length) {
      let out5 = (queryHead * shape.length + row5) * 64u;
      out[out5 + firstColumn] = sums_4.y;
      out[out5 + (firstColumn + 16u)] = sums_5.y;
      out[out5 + (firstColumn + 32u)] = sums_6.y;
      out[out5 + (firstColumn + 48u)] = sums_7.y;
    }
    let row6 = firstRow + (rowGroup * 2u + 1u) * 4u + 2u;
    if (row6 < shape.length) {
      let out6 = (queryHead * shape.length + row6) * 64u;
      out[out6 + firstColumn] = sums_4.z;
      out[out6 + (firstColumn + 16u)] = sums_5.z;
      out[out6 + (firstColumn + 32u)] = sums_6.z;
      out[out6 + (firstColumn + 48u)] = sums_7.z;
    }
    let row7 = firstRow + (rowGroup * 2u + 1u) * 4u + 3u;
    if (row7 < shape.length) {
      let out7 = (queryHead * shape.length + row7) * 64u;
      out[out7 + firstColumn] = sums_4.w;
      out[out7 + (firstColumn + 16u)] = sums_5.w;
      out[out7 + (firstColumn + 32u)] = sums_6.w;
      out[out7 + (firstColumn + 48u)] = sums_7.w;
    }
  }
}
