// attend_cached: Each row: Σ κ(q, k) v over Σ κ(q, k), in one pass over the keys.
// 64 threads a workgroup, 5120 bytes of workgroup memory
// reads mappedQueries, keyCache, valueCache, sWeight, lengths, positions; writes out

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
  headStride: u32,
  itemGap: u32,
  rowStride: u32,
  keyHeadStride: u32,
  keyItemGap: u32,
  keyRowStride: u32,
}

@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read> mappedQueries: array<vec4f>;
@group(0) @binding(2) var<storage, read> keyCache: array<vec4f>;
@group(0) @binding(3) var<storage, read> valueCache: array<vec4f>;
@group(0) @binding(4) var<storage, read> sWeight: array<f32>;
@group(0) @binding(5) var<storage, read> lengths: array<u32>;
@group(0) @binding(6) var<storage, read> positions: array<u32>;
@group(0) @binding(7) var<storage, read_write> out: array<vec4f>;

var<workgroup> tile: array<vec4f, 320>;

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
  // 1, which no compiler knows: loops up to a multiple of it are not written out
  let unknownOne = min(shape.sliceCount, 1u);
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
  let firstColumns = valueTile * 16u + columnGroup;
  let firstRow = rowTile * 32u;
  let firstQuery = (slice * (shape.heads / shape.kvHeads) + headInGroup) * shape.length * 16u;
  let firstKey = keyGroup * shape.capacity * 16u;
  let firstValue = keyGroup * shape.capacity * 16u;
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
  var rowScale0 = vec4f(-1e30);
  for (var from_ = 0u; from_ < end; from_ += 32u) {
    if ((i32(from_) <= i32(firstRow + 31u + firstPosition)) & (i32(firstRow + firstPosition) - i32(from_ + 31u) < 128i)) {
      let allSeen = (i32(from_ + 31u) <= i32(firstRow + firstPosition)) & (i32(firstRow + 31u + firstPosition) - i32(from_) < 128i) & (from_ + 32u <= end);
      var dot_0 = vec4f(0.0);
      var dot_1 = vec4f(0.0);
      var dot_2 = vec4f(0.0);
      var dot_3 = vec4f(0.0);
      for (var first = 0u; first < 64u * unknownOne; first += 16u) {
        let place = thread % 4u;
        let entries = first / 4u + place;
        let firstFour = thread / 4u;
        if (firstFour < 8u) {
          let row0_0 = mappedQueries[min(
            firstRow + firstFour * 4u,
            lastQuery,
          ) * 16u + (firstQuery + entries)];
          let row1_0 = mappedQueries[min(
            firstRow + (firstFour * 4u + 1u),
            lastQuery,
          ) * 16u + (firstQuery + entries)];
          let row2_0 = mappedQueries[min(
            firstRow + (firstFour * 4u + 2u),
            lastQuery,
          ) * 16u + (firstQuery + entries)];
          let row3_0 = mappedQueries[min(
            firstRow + (firstFour * 4u + 3u),
            lastQuery,
          ) * 16u + (firstQuery + entries)];
          tile[place * 10u + firstFour] = vec4f(row0_0.x, row1_0.x, row2_0.x, row3_0.x);
          tile[place * 10u + firstFour + 40u] = vec4f(row0_0.y, row1_0.y, row2_0.y, row3_0.y);
          tile[place * 10u + firstFour + 80u] = vec4f(row0_0.z, row1_0.z, row2_0.z, row3_0.z);
          tile[place * 10u + firstFour + 120u] = vec4f(row0_0.w, row1_0.w, row2_0.w, row3_0.w);
        }
        if (firstFour >= 8u) {
          let row0_1 = keyCache[min(from_ + (firstFour - 8u), lastKey) * 16u + (firstKey + entries)];
          let row1_1 = keyCache[min(from_ + (firstFour - 8u + 8u), lastKey) * 16u + (firstKey + entries)];
          let row2_1 = keyCache[min(from_ + (firstFour - 8u + 16u), lastKey) * 16u + (firstKey + entries)];
          let row3_1 = keyCache[min(from_ + (firstFour - 8u + 24u), lastKey) * 16u + (firstKey + entries)];
          tile[place * 10u + firstFour + 152u] = vec4f(row0_1.x, row1_1.x, row2_1.x, row3_1.x);
          tile[place * 10u + firstFour + 192u] = vec4f(row0_1.y, row1_1.y, row2_1.y, row3_1.y);
          tile[place * 10u + firstFour + 232u] = vec4f(row0_1.z, row1_1.z, row2_1.z, row3_1.z);
          tile[place * 10u + firstFour + 272u] = vec4f(row0_1.w, row1_1.w, row2_1.w, row3_1.w);
        }
        workgroupBarrier();
        for (var t = 0u; t < 16u; t++) {
          let rows0 = tile[t * 10u + rowGroup];
          let keys0 = tile[t * 10u + columnGroup + 160u];
          dot_0 += keys0.x * rows0;
          dot_1 += keys0.y * rows0;
          dot_2 += keys0.z * rows0;
          dot_3 += keys0.w * rows0;
        }
        workgroupBarrier();
      }
      let pair0_value1 = 1.442695 * dot_0;
      let pair0_value2 = 1.442695 * dot_1;
      let pair0_value3 = 1.442695 * dot_2;
      let pair0_value4 = 1.442695 * dot_3;
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
          select(
            -1e30,
            score0_0.x,
            (key0 < end) & (i32(key0) <= i32(firstRow + rowGroup * 4u + firstPosition)) & (i32(firstRow + rowGroup * 4u + firstPosition) - i32(key0) < 128i),
          ),
          select(
            -1e30,
            score0_0.y,
            (key0 < end) & (i32(key0) <= i32(firstRow + (rowGroup * 4u + 1u) + firstPosition)) & (i32(firstRow + (rowGroup * 4u + 1u) + firstPosition) - i32(key0) < 128i),
          ),
          select(
            -1e30,
            score0_0.z,
            (key0 < end) & (i32(key0) <= i32(firstRow + (rowGroup * 4u + 2u) + firstPosition)) & (i32(firstRow + (rowGroup * 4u + 2u) + firstPosition) - i32(key0) < 128i),
          ),
          select(
            -1e30,
            score0_0.w,
            (key0 < end) & (i32(key0) <= i32(firstRow + (rowGroup * 4u + 3u) + firstPosition)) & (i32(firstRow + (rowGroup * 4u + 3u) + firstPosition) - i32(key0) < 128i),
          ),
        );
        score0_1 = vec4f(
          select(
            -1e30,
            score0_1.x,
            (key1 < end) & (i32(key1) <= i32(firstRow + rowGroup * 4u + firstPosition)) & (i32(firstRow + rowGroup * 4u + firstPosition) - i32(key1) < 128i),
          ),
          select(
            -1e30,
            score0_1.y,
            (key1 < end) & (i32(key1) <= i32(firstRow + (rowGroup * 4u + 1u) + firstPosition)) & (i32(firstRow + (rowGroup * 4u + 1u) + firstPosition) - i32(key1) < 128i),
          ),
          select(
            -1e30,
            score0_1.z,
            (key1 < end) & (i32(key1) <= i32(firstRow + (rowGroup * 4u + 2u) + firstPosition)) & (i32(firstRow + (rowGroup * 4u + 2u) + firstPosition) - i32(key1) < 128i),
          ),
          select(
            -1e30,
            score0_1.w,
            (key1 < end) & (i32(key1) <= i32(firstRow + (rowGroup * 4u + 3u) + firstPosition)) & (i32(firstRow + (rowGroup * 4u + 3u) + firstPosition) - i32(key1) < 128i),
          ),
        );
        score0_2 = vec4f(
          select(
            -1e30,
            score0_2.x,
            (key2 < end) & (i32(key2) <= i32(firstRow + rowGroup * 4u + firstPosition)) & (i32(firstRow + rowGroup * 4u + firstPosition) - i32(key2) < 128i),
          ),
          select(
            -1e30,
            score0_2.y,
            (key2 < end) & (i32(key2) <= i32(firstRow + (rowGroup * 4u + 1u) + firstPosition)) & (i32(firstRow + (rowGroup * 4u + 1u) + firstPosition) - i32(key2) < 128i),
          ),
          select(
            -1e30,
            score0_2.z,
            (key2 < end) & (i32(key2) <= i32(firstRow + (rowGroup * 4u + 2u) + firstPosition)) & (i32(firstRow + (rowGroup * 4u + 2u) + firstPosition) - i32(key2) < 128i),
          ),
          select(
            -1e30,
            score0_2.w,
            (key2 < end) & (i32(key2) <= i32(firstRow + (rowGroup * 4u + 3u) + firstPosition)) & (i32(firstRow + (rowGroup * 4u + 3u) + firstPosition) - i32(key2) < 128i),
          ),
        );
        score0_3 = vec4f(
          select(
            -1e30,
            score0_3.x,
            (key3 < end) & (i32(key3) <= i32(firstRow + rowGroup * 4u + firstPosition)) & (i32(firstRow + rowGroup * 4u + firstPosition) - i32(key3) < 128i),
          ),
          select(
            -1e30,
            score0_3.y,
            (key3 < end) & (i32(key3) <= i32(firstRow + (rowGroup * 4u + 1u) + firstPosition)) & (i32(firstRow + (rowGroup * 4u + 1u) + firstPosition) - i32(key3) < 128i),
          ),
          select(
            -1e30,
            score0_3.z,
            (key3 < end) & (i32(key3) <= i32(firstRow + (rowGroup * 4u + 2u) + firstPosition)) & (i32(firstRow + (rowGroup * 4u + 2u) + firstPosition) - i32(key3) < 128i),
          ),
          select(
            -1e30,
            score0_3.w,
            (key3 < end) & (i32(key3) <= i32(firstRow + (rowGroup * 4u + 3u) + firstPosition)) & (i32(firstRow + (rowGroup * 4u + 3u) + firstPosition) - i32(key3) < 128i),
          ),
        );
      }
      // the rows’ scales so far, and what they do to the sums
      tile[columnGroup * 9u + rowGroup] = max(
        max(max(max(score0_0, score0_0), score0_1), score0_2),
        score0_3,
      );
      workgroupBarrier();
      let scaleSoFar0 = rowScale0;
      for (var other = 0u; other < 8u * unknownOne; other += 4u) {
        rowScale0 = max(rowScale0, tile[other * 9u + rowGroup]);
        rowScale0 = max(rowScale0, tile[other * 9u + rowGroup + 9u]);
        rowScale0 = max(rowScale0, tile[other * 9u + rowGroup + 18u]);
        rowScale0 = max(rowScale0, tile[other * 9u + rowGroup + 27u]);
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
      let firstStart = firstValue + from_ * 16u;
      let lastStart = firstValue + lastKey * 16u;
      for (var j = 0u; j < here; j += 4u) {
        let weight0_0 = tile[j * 9u + rowGroup];
        let rowStart_0 = firstStart + j * 16u + firstColumns;
        let columns0_0 = valueCache[rowStart_0];
        let columns1_0 = valueCache[rowStart_0 + 8u];
        sums_0 += weight0_0 * columns0_0.x;
        sums_1 += weight0_0 * columns0_0.y;
        sums_2 += weight0_0 * columns0_0.z;
        sums_3 += weight0_0 * columns0_0.w;
        sums_4 += weight0_0 * columns1_0.x;
        sums_5 += weight0_0 * columns1_0.y;
        sums_6 += weight0_0 * columns1_0.z;
        sums_7 += weight0_0 * columns1_0.w;
        let weight0_1 = tile[j * 9u + rowGroup + 9u];
        let rowStart_1 = min(firstStart + j * 16u + 16u, lastStart) + firstColumns;
        let columns0_1 = valueCache[rowStart_1];
        let columns1_1 = valueCache[rowStart_1 + 8u];
        sums_0 += weight0_1 * columns0_1.x;
        sums_1 += weight0_1 * columns0_1.y;
        sums_2 += weight0_1 * columns0_1.z;
        sums_3 += weight0_1 * columns0_1.w;
        sums_4 += weight0_1 * columns1_1.x;
        sums_5 += weight0_1 * columns1_1.y;
        sums_6 += weight0_1 * columns1_1.z;
        sums_7 += weight0_1 * columns1_1.w;
        let weight0_2 = tile[j * 9u + rowGroup + 18u];
        let rowStart_2 = min(firstStart + j * 16u + 32u, lastStart) + firstColumns;
        let columns0_2 = valueCache[rowStart_2];
        let columns1_2 = valueCache[rowStart_2 + 8u];
        sums_0 += weight0_2 * columns0_2.x;
        sums_1 += weight0_2 * columns0_2.y;
        sums_2 += weight0_2 * columns0_2.z;
        sums_3 += weight0_2 * columns0_2.w;
        sums_4 += weight0_2 * columns1_2.x;
        sums_5 += weight0_2 * columns1_2.y;
        sums_6 += weight0_2 * columns1_2.z;
        sums_7 += weight0_2 * columns1_2.w;
        let weight0_3 = tile[j * 9u + rowGroup + 27u];
        let rowStart_3 = min(firstStart + j * 16u + 48u, lastStart) + firstColumns;
        let columns0_3 = valueCache[rowStart_3];
        let columns1_3 = valueCache[rowStart_3 + 8u];
        sums_0 += weight0_3 * columns0_3.x;
        sums_1 += weight0_3 * columns0_3.y;
        sums_2 += weight0_3 * columns0_3.z;
        sums_3 += weight0_3 * columns0_3.w;
        sums_4 += weight0_3 * columns1_3.x;
        sums_5 += weight0_3 * columns1_3.y;
        sums_6 += weight0_3 * columns1_3.z;
        sums_7 += weight0_3 * columns1_3.w;
      }
      workgroupBarrier();
    }
  }
  tile[columnGroup * 9u + rowGroup] = total0;
  workgroupBarrier();
  var denominator0 = vec4f(0.0);
  for (var other = 0u; other < 8u * unknownOne; other += 4u) {
    denominator0 += tile[other * 9u + rowGroup];
    denominator0 += tile[other * 9u + rowGroup + 9u];
    denominator0 += tile[other * 9u + rowGroup + 18u];
    denominator0 += tile[other * 9u + rowGroup + 27u];
  }
  let beside_value1 = sWeight[queryHead % shape.heads];
  let beside = beside_value1 * 1.442695;
  let whole0 = denominator0 + exp2(min(beside - rowScale0, vec4f(126.0)));
  let factor = vec4f(
    select(1.0 / select(whole0.x, 1.0, whole0.x == 0.0), 0.0, whole0.x == 0.0),
    select(1.0 / select(whole0.y, 1.0, whole0.y == 0.0), 0.0, whole0.y == 0.0),
    select(1.0 / select(whole0.z, 1.0, whole0.z == 0.0), 0.0, whole0.z == 0.0),
    select(1.0 / select(whole0.w, 1.0, whole0.w == 0.0), 0.0, whole0.w == 0.0),
  );
  let row0 = firstRow + rowGroup * 4u;
  if (row0 < shape.length) {
    let out0 = (queryHead * shape.headStride + batchItem * shape.itemGap) * 16u + row0 * (shape.rowStride * 16u);
    out[out0 + firstColumns] = vec4f(
      (sums_0 * factor).x,
      (sums_1 * factor).x,
      (sums_2 * factor).x,
      (sums_3 * factor).x,
    );
    out[out0 + (firstColumns + 8u)] = vec4f(
      (sums_4 * factor).x,
      (sums_5 * factor).x,
      (sums_6 * factor).x,
      (sums_7 * factor).x,
    );
  }
  let row1 = firstRow + rowGroup * 4u + 1u;
  if (row1 < shape.length) {
    let out1 = (queryHead * shape.headStride + batchItem * shape.itemGap) * 16u + row1 * (shape.rowStride * 16u);
    out[out1 + firstColumns] = vec4f(
      (sums_0 * factor).y,
      (sums_1 * factor).y,
      (sums_2 * factor).y,
      (sums_3 * factor).y,
    );
    out[out1 + (firstColumns + 8u)] = vec4f(
      (sums_4 * factor).y,
      (sums_5 * factor).y,
      (sums_6 * factor).y,
      (sums_7 * factor).y,
    );
  }
  let row2 = firstRow + rowGroup * 4u + 2u;
  if (row2 < shape.length) {
    let out2 = (queryHead * shape.headStride + batchItem * shape.itemGap) * 16u + row2 * (shape.rowStride * 16u);
    out[out2 + firstColumns] = vec4f(
      (sums_0 * factor).z,
      (sums_1 * factor).z,
      (sums_2 * factor).z,
      (sums_3 * factor).z,
    );
    out[out2 + (firstColumns + 8u)] = vec4f(
      (sums_4 * factor).z,
      (sums_5 * factor).z,
      (sums_6 * factor).z,
      (sums_7 * factor).z,
    );
  }
  let row3 = firstRow + rowGroup * 4u + 3u;
  if (row3 < shape.length) {
    let out3 = (queryHead * shape.headStride + batchItem * shape.itemGap) * 16u + row3 * (shape.rowStride * 16u);
    out[out3 + firstColumns] = vec4f(
      (sums_0 * factor).w,
      (sums_1 * factor).w,
      (sums_2 * factor).w,
      (sums_3 * factor).w,
    );
    out[out3 + (firstColumns + 8u)] = vec4f(
      (sums_4 * factor).w,
      (sums_5 * factor).w,
      (sums_6 * factor).w,
      (sums_7 * factor).w,
    );
  }
}
