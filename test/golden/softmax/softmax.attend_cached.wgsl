// attend_cached: Each row: Σ κ(q, k) v over Σ κ(q, k), in one pass over the keys.
// 64 threads a workgroup, 4608 bytes of workgroup memory
// reads q, lengths, positions; writes keyCache, valueCache, out

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
@group(0) @binding(2) var<storage, read_write> keyCache: array<f32>;
@group(0) @binding(3) var<storage, read_write> valueCache: array<f32>;
@group(0) @binding(4) var<storage, read> lengths: array<u32>;
@group(0) @binding(5) var<storage, read> positions: array<u32>;
@group(0) @binding(6) var<storage, read_write> out: array<f32>;

var<workgroup> tile: array<vec4f, 288>;

@compute @workgroup_size(64, 1, 1)
fn attend_cached(
  @builtin(local_invocation_index) thread: u32,
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(num_workgroups) workgroup_counts: vec3u,
) {
  let workgroup = workgroup_id.x + workgroup_id.y * workgroup_counts.x;
  if (workgroup >= shape.sliceCount * ((shape.heads + shape.kvHeads - 1u) / shape.kvHeads) * ((shape.length + 31u) / 32u)) {
    return;
  }
  let valueTile = 0u;
  let rowTile = workgroup % ((shape.length + 31u) / 32u);
  let rest2 = workgroup / ((shape.length + 31u) / 32u);
  let headInGroup = rest2 % (shape.heads / shape.kvHeads);
  let slice = rest2 / (shape.heads / shape.kvHeads);
  let group = shape.sliceStart + slice;
  let batchItem = group / shape.kvHeads;
  let keyGroup = group;
  let firstPosition = positions[batchItem];
  let visible = min(lengths[batchItem], firstPosition + shape.keyLength);
  let queryHead = group * (shape.heads / shape.kvHeads) + headInGroup;
  let rowGroup = thread / 8u;
  let columnGroup = thread % 8u;
  let firstColumn = valueTile * 64u + columnGroup;
  let firstRow = rowTile * 32u;
  let firstQuery = queryHead * shape.length;
  let firstKey = keyGroup * shape.capacity;
  let firstValue = keyGroup * shape.capacity;
  let end = min(visible, firstRow + 32u + firstPosition);
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
  var rowScale0 = vec4f(-1e30);
  for (var from_ = 0u; from_ < end; from_ += 32u) {
    let allSeen = (from_ + 31u <= firstRow + firstPosition) & (from_ + 32u <= end);
    var dot_0 = vec4f(0.0);
    var dot_1 = vec4f(0.0);
    var dot_2 = vec4f(0.0);
    var dot_3 = vec4f(0.0);
    for (var first = 0u; first < 64u; first += 16u) {
      let place = thread % 16u;
      let entry = first + place;
      let firstFour = thread / 16u;
      tile[place * 9u + firstFour] = vec4f(
        q[min(firstRow + firstFour * 4u, lastQuery) * 64u + (firstQuery * 64u + entry)],
        q[min(firstRow + (firstFour * 4u + 1u), lastQuery) * 64u + (firstQuery * 64u + entry)],
        q[min(firstRow + (firstFour * 4u + 2u), lastQuery) * 64u + (firstQuery * 64u + entry)],
        q[min(firstRow + (firstFour * 4u + 3u), lastQuery) * 64u + (firstQuery * 64u + entry)],
      );
      tile[place * 9u + firstFour + 4u] = vec4f(
        q[min(firstRow + (firstFour + 4u) * 4u, lastQuery) * 64u + (firstQuery * 64u + entry)],
        q[min(firstRow + ((firstFour + 4u) * 4u + 1u), lastQuery) * 64u + (firstQuery * 64u + entry)],
        q[min(firstRow + ((firstFour + 4u) * 4u + 2u), lastQuery) * 64u + (firstQuery * 64u + entry)],
        q[min(firstRow + ((firstFour + 4u) * 4u + 3u), lastQuery) * 64u + (firstQuery * 64u + entry)],
      );
      tile[place * 9u + firstFour + 144u] = vec4f(
        keyCache[min(from_ + firstFour, lastKey) * 64u + (firstKey * 64u + entry)],
        keyCache[min(from_ + (firstFour + 8u), lastKey) * 64u + (firstKey * 64u + entry)],
        keyCache[min(from_ + (firstFour + 16u), lastKey) * 64u + (firstKey * 64u + entry)],
        keyCache[min(from_ + (firstFour + 24u), lastKey) * 64u + (firstKey * 64u + entry)],
      );
      tile[place * 9u + firstFour + 148u] = vec4f(
        keyCache[min(from_ + (firstFour + 4u), lastKey) * 64u + (firstKey * 64u + entry)],
        keyCache[min(from_ + (firstFour + 12u), lastKey) * 64u + (firstKey * 64u + entry)],
        keyCache[min(from_ + (firstFour + 20u), lastKey) * 64u + (firstKey * 64u + entry)],
        keyCache[min(from_ + (firstFour + 28u), lastKey) * 64u + (firstKey * 64u + entry)],
      );
      workgroupBarrier();
      for (var t = 0u; t < 16u; t++) {
        let rows0 = tile[t * 9u + rowGroup];
        let keys0 = tile[t * 9u + columnGroup + 144u];
        dot_0 += keys0.x * rows0;
        dot_1 += keys0.y * rows0;
        dot_2 += keys0.z * rows0;
        dot_3 += keys0.w * rows0;
      }
      workgroupBarrier();
    }
    let pair0_value1 = 0.18033688 * dot_0;
    let pair0_value2 = 0.18033688 * dot_1;
    let pair0_value3 = 0.18033688 * dot_2;
    let pair0_value4 = 0.18033688 * dot_3;
    var score0_0 = pair0_value1;
    var score0_1 = pair0_value2;
    var score0_2 = pair0_value3;
    var score0_3 = pair0_value4;
    let key0 = from_ + columnGroup;
    let key1 = from_ + (columnGroup + 8u);
    let key2 = from_ + (columnGroup + 16u);
    let key3 = from_ + (columnGroup + 24u);
    if (!allSeen) {
      score0_0 = vec4f(
        select(-1e30, score0_0.x, (key0 < end) & (key0 <= firstRow + rowGroup * 4u + firstPosition)),
        select(-1e30, score0_0.y, (key0 < end) & (key0 <= firstRow + (rowGroup * 4u + 1u) + firstPosition)),
        select(-1e30, score0_0.z, (key0 < end) & (key0 <= firstRow + (rowGroup * 4u + 2u) + firstPosition)),
        select(-1e30, score0_0.w, (key0 < end) & (key0 <= firstRow + (rowGroup * 4u + 3u) + firstPosition)),
      );
      score0_1 = vec4f(
        select(-1e30, score0_1.x, (key1 < end) & (key1 <= firstRow + rowGroup * 4u + firstPosition)),
        select(-1e30, score0_1.y, (key1 < end) & (key1 <= firstRow + (rowGroup * 4u + 1u) + firstPosition)),
        select(-1e30, score0_1.z, (key1 < end) & (key1 <= firstRow + (rowGroup * 4u + 2u) + firstPosition)),
        select(-1e30, score0_1.w, (key1 < end) & (key1 <= firstRow + (rowGroup * 4u + 3u) + firstPosition)),
      );
      score0_2 = vec4f(
        select(-1e30, score0_2.x, (key2 < end) & (key2 <= firstRow + rowGroup * 4u + firstPosition)),
        select(-1e30, score0_2.y, (key2 < end) & (key2 <= firstRow + (rowGroup * 4u + 1u) + firstPosition)),
        select(-1e30, score0_2.z, (key2 < end) & (key2 <= firstRow + (rowGroup * 4u + 2u) + firstPosition)),
        select(-1e30, score0_2.w, (key2 < end) & (key2 <= firstRow + (rowGroup * 4u + 3u) + firstPosition)),
      );
      score0_3 = vec4f(
        select(-1e30, score0_3.x, (key3 < end) & (key3 <= firstRow + rowGroup * 4u + firstPosition)),
        select(-1e30, score0_3.y, (key3 < end) & (key3 <= firstRow + (rowGroup * 4u + 1u) + firstPosition)),
        select(-1e30, score0_3.z, (key3 < end) & (key3 <= firstRow + (rowGroup * 4u + 2u) + firstPosition)),
        select(-1e30, score0_3.w, (key3 < end) & (key3 <= firstRow + (rowGroup * 4u + 3u) + firstPosition)),
      );
    }
    // the rows’ scales so far, and what they do to the sums
    tile[columnGroup * 9u + rowGroup] = max(max(max(max(score0_0, score0_0), score0_1), score0_2), score0_3);
    workgroupBarrier();
    let scaleSoFar0 = rowScale0;
    for (var other = 0u; other < 8u; other++) {
      rowScale0 = max(rowScale0, tile[other * 9u + rowGroup]);
    }
    let shrink0 = exp2(scaleSoFar0 - rowScale0);
    total0 *= shrink0;
    sums_0 *= shrink0;
    sums_1 *= shrink0;
    sums_2 *= shrink0;
    sums_3 *= shrink0;
    sums_4 *= shrink0;
    sums_5 *= shrink0;
    sums_6 *= shrink0;
    sums_7 *= shrink0;
    let measure0 = max(rowScale0, vec4f(-5e29));
    score0_0 = exp2(score0_0 - measure0);
    score0_1 = exp2(score0_1 - measure0);
    score0_2 = exp2(score0_2 - measure0);
    score0_3 = exp2(score0_3 - measure0);
    workgroupBarrier();
    total0 += score0_0;
    total0 += score0_1;
    total0 += score0_2;
    total0 += score0_3;
    tile[columnGroup * 9u + rowGroup] = score0_0;
    tile[(columnGroup + 8u) * 9u + rowGroup] = score0_1;
    tile[(columnGroup + 16u) * 9u + rowGroup] = score0_2;
    tile[(columnGroup + 24u) * 9u + rowGroup] = score0_3;
    workgroupBarrier();
    let here = min(max(end, from_) - from_, 32u);
    let firstStart = (firstValue + from_) * 64u;
    let lastStart = (firstValue + lastKey) * 64u;
    for (var j = 0u; j < here; j += 4u) {
      let weight0_0 = tile[j * 9u + rowGroup];
      let rowStart_0 = firstStart + j * 64u + firstColumn;
      let column0_0 = valueCache[rowStart_0];
      let column1_0 = valueCache[rowStart_0 + 8u];
      let column2_0 = valueCache[rowStart_0 + 16u];
      let column3_0 = valueCache[rowStart_0 + 24u];
      let column4_0 = valueCache[rowStart_0 + 32u];
      let column5_0 = valueCache[rowStart_0 + 40u];
      let column6_0 = valueCache[rowStart_0 + 48u];
      let column7_0 = valueCache[rowStart_0 + 56u];
      sums_0 += weight0_0 * column0_0;
      sums_1 += weight0_0 * column1_0;
      sums_2 += weight0_0 * column2_0;
      sums_3 += weight0_0 * column3_0;
      sums_4 += weight0_0 * column4_0;
      sums_5 += weight0_0 * column5_0;
      sums_6 += weight0_0 * column6_0;
      sums_7 += weight0_0 * column7_0;
      let weight0_1 = tile[j * 9u + rowGroup + 9u];
      let rowStart_1 = min(firstStart + j * 64u + 64u, lastStart) + firstColumn;
      let column0_1 = valueCache[rowStart_1];
      let column1_1 = valueCache[rowStart_1 + 8u];
      let column2_1 = valueCache[rowStart_1 + 16u];
      let column3_1 = valueCache[rowStart_1 + 24u];
      let column4_1 = valueCache[rowStart_1 + 32u];
      let column5_1 = valueCache[rowStart_1 + 40u];
      let column6_1 = valueCache[rowStart_1 + 48u];
      let column7_1 = valueCache[rowStart_1 + 56u];
      sums_0 += weight0_1 * column0_1;
      sums_1 += weight0_1 * column1_1;
      sums_2 += weight0_1 * column2_1;
      sums_3 += weight0_1 * column3_1;
      sums_4 += weight0_1 * column4_1;
      sums_5 += weight0_1 * column5_1;
      sums_6 += weight0_1 * column6_1;
      sums_7 += weight0_1 * column7_1;
      let weight0_2 = tile[j * 9u + rowGroup + 18u];
      let rowStart_2 = min(firstStart + j * 64u + 128u, lastStart) + firstColumn;
      let column0_2 = valueCache[rowStart_2];
      let column1_2 = valueCache[rowStart_2 + 8u];
      let column2_2 = valueCache[rowStart_2 + 16u];
      let column3_2 = valueCache[rowStart_2 + 24u];
      let column4_2 = valueCache[rowStart_2 + 32u];
      let column5_2 = valueCache[rowStart_2 + 40u];
      let column6_2 = valueCache[rowStart_2 + 48u];
      let column7_2 = valueCache[rowStart_2 + 56u];
      sums_0 += weight0_2 * column0_2;
      sums_1 += weight0_2 * column1_2;
      sums_2 += weight0_2 * column2_2;
      sums_3 += weight0_2 * column3_2;
      sums_4 += weight0_2 * column4_2;
      sums_5 += weight0_2 * column5_2;
      sums_6 += weight0_2 * column6_2;
      sums_7 += weight0_2 * column7_2;
      let weight0_3 = tile[j * 9u + rowGroup + 27u];
      let rowStart_3 = min(firstStart + j * 64u + 192u, lastStart) + firstColumn;
      let column0_3 = valueCache[rowStart_3];
      let column1_3 = valueCache[rowStart_3 + 8u];
      let column2_3 = valueCache[rowStart_3 + 16u];
      let column3_3 = valueCache[rowStart_3 + 24u];
      let column4_3 = valueCache[rowStart_3 + 32u];
      let column5_3 = valueCache[rowStart_3 + 40u];
      let column6_3 = valueCache[rowStart_3 + 48u];
      let column7_3 = valueCache[rowStart_3 + 56u];
      sums_0 += weight0_3 * column0_3;
      sums_1 += weight0_3 * column1_3;
      sums_2 += weight0_3 * column2_3;
      sums_3 += weight0_3 * column3_3;
      sums_4 += weight0_3 * column4_3;
      sums_5 += weight0_3 * column5_3;
      sums_6 += weight0_3 * column6_3;
      sums_7 += weight0_3 * column7_3;
    }
    workgroupBarrier();
  }
  tile[columnGroup * 9u + rowGroup] = total0;
  workgroupBarrier();
  var denominator0 = vec4f(0.0);
  for (var other = 0u; other < 8u; other++) {
    denominator0 += tile[other * 9u + rowGroup];
  }
  let factor = vec4f(
    select(1.0 / select(denominator0.x, 1.0, denominator0.x == 0.0), 0.0, denominator0.x == 0.0),
    select(1.0 / select(denominator0.y, 1.0, denominator0.y == 0.0), 0.0, denominator0.y == 0.0),
    select(1.0 / select(denominator0.z, 1.0, denominator0.z == 0.0), 0.0, denominator0.z == 0.0),
    select(1.0 / select(denominator0.w, 1.0, denominator0.w == 0.0), 0.0, denominator0.w == 0.0),
  );
  let row0 = firstRow + rowGroup * 4u;
  if (row0 < shape.length) {
    let out0 = (queryHead * shape.length + row0) * 64u;
    out[out0 + firstColumn] = (sums_0 * factor).x;
    out[out0 + (firstColumn + 8u)] = (sums_1 * factor).x;
    out[out0 + (firstColumn + 16u)] = (sums_2 * factor).x;
    out[out0 + (firstColumn + 24u)] = (sums_3 * factor).x;
    out[out0 + (firstColumn + 32u)] = (sums_4 * factor).x;
    out[out0 + (firstColumn + 40u)] = (sums_5 * factor).x;
    out[out0 + (firstColumn + 48u)] = (sums_6 * factor).x;
    out[out0 + (firstColumn + 56u)] = (sums_7 * factor).x;
  }
  let row1 = firstRow + rowGroup * 4u + 1u;
  if (row1 < shape.length) {
    let out1 = (queryHead * shape.length + row1) * 64u;
    out[out1 + firstColumn] = (sums_0 * factor).y;
    out[out1 + (firstColumn + 8u)] = (sums_1 * factor).y;
    out[out1 + (firstColumn + 16u)] = (sums_2 * factor).y;
    out[out1 + (firstColumn + 24u)] = (sums_3 * factor).y;
    out[out1 + (firstColumn + 32u)] = (sums_4 * factor).y;
    out[out1 + (firstColumn + 40u)] = (sums_5 * factor).y;
    out[out1 + (firstColumn + 48u)] = (sums_6 * factor).y;
    out[out1 + (firstColumn + 56u)] = (sums_7 * factor).y;
  }
  let row2 = firstRow + rowGroup * 4u + 2u;
  if (row2 < shape.length) {
    let out2 = (queryHead * shape.length + row2) * 64u;
    out[out2 + firstColumn] = (sums_0 * factor).z;
    out[out2 + (firstColumn + 8u)] = (sums_1 * factor).z;
    out[out2 + (firstColumn + 16u)] = (sums_2 * factor).z;
    out[out2 + (firstColumn + 24u)] = (sums_3 * factor).z;
    out[out2 + (firstColumn + 32u)] = (sums_4 * factor).z;
    out[out2 + (firstColumn + 40u)] = (sums_5 * factor).z;
    out[out2 + (firstColumn + 48u)] = (sums_6 * factor).z;
    out[out2 + (firstColumn + 56u)] = (sums_7 * factor).z;
  }
  let row3 = firstRow + rowGroup * 4u + 3u;
  if (row3 < shape.length) {
    let out3 = (queryHead * shape.length + row3) * 64u;
    out[out3 + firstColumn] = (sums_0 * factor).w;
    out[out3 + (firstColumn + 8u)] = (sums_1 * factor).w;
    out[out3 + (firstColumn + 16u)] = (sums_2 * factor).w;
    out[out3 + (firstColumn + 24u)] = (sums_3 * factor).w;
    out[out3 + (firstColumn + 32u)] = (sums_4 * factor).w;
    out[out3 + (firstColumn + 40u)] = (sums_5 * factor).w;
    out[out3 + (firstColumn + 48u)] = (sums_6 * factor).w;
    out[out3 + (firstColumn + 56u)] = (sums_7 * factor).w;
  }
}
