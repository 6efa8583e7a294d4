// attend_cached: Each row: Σ κ(q, k) v over Σ κ(q, k), in one pass over the keys.
// 128 threads a workgroup, 8704 bytes of workgroup memory
// reads mappedQueries, keyCache, valueCache, lengths, positions; writes out

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
@group(0) @binding(4) var<storage, read> lengths: array<u32>;
@group(0) @binding(5) var<storage, read> positions: array<u32>;
@group(0) @binding(6) var<storage, read_write> out: array<vec4f>;

var<workgroup> tile: array<vec4f, 544>;

@compute @workgroup_size(128, 1, 1)
fn attend_cached(
  @builtin(local_invocation_index) thread: u32,
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(num_workgroups) workgroup_counts: vec3u,
) {
  let workgroup = workgroup_id.x + workgroup_id.y * workgroup_counts.x;
  if (workgroup >= shape.sliceCount * ((shape.heads + shape.kvHeads - 1u) / shape.kvHeads) * ((shape.length + 63u) / 64u)) {
    return;
  }
  // 1, which no compiler knows: loops up to a multiple of it are not written out
  let unknownOne = min(shape.sliceCount, 1u);
  let valueTile = 0u;
  let rowTile = workgroup % ((shape.length + 63u) / 64u);
  let rest2 = workgroup / ((shape.length + 63u) / 64u);
  let headInGroup = rest2 % (shape.heads / shape.kvHeads);
  let slice = rest2 / (shape.heads / shape.kvHeads);
  let group = shape.sliceStart + slice;
  let batchItem = group / shape.kvHeads;
  let keyGroup = group;
  let firstPosition = positions[batchItem];
  let visible = min(lengths[batchItem], firstPosition + shape.keyLength);
  let queryHead = group * (shape.heads / shape.kvHeads) + headInGroup;
  let rowGroup = thread / 16u;
  let columnGroup = thread % 16u;
  let firstColumns = valueTile * 16u + columnGroup;
  let firstRow = rowTile * 64u;
  let firstQuery = (slice * (shape.heads / shape.kvHeads) + headInGroup) * shape.length * 17u;
  let firstKey = keyGroup * shape.capacity * 17u;
  let firstValue = keyGroup * shape.capacity * 16u;
  let end = min(visible, firstRow + 64u + firstPosition);
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
    let allSeen = (from_ + 127u <= firstRow + firstPosition) & (from_ + 128u <= end);
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
    for (var first = 0u; first < 64u * unknownOne; first += 8u) {
      let place = thread % 2u;
      let entries = first / 4u + place;
      let firstFour = thread / 2u;
      if (firstFour < 16u) {
        let row0_0 = mappedQueries[min(firstRow + firstFour * 4u, lastQuery) * 17u + (firstQuery + entries)];
        let row1_0 = mappedQueries[min(
          firstRow + (firstFour * 4u + 1u),
          lastQuery,
        ) * 17u + (firstQuery + entries)];
        let row2_0 = mappedQueries[min(
          firstRow + (firstFour * 4u + 2u),
          lastQuery,
        ) * 17u + (firstQuery + entries)];
        let row3_0 = mappedQueries[min(
          firstRow + (firstFour * 4u + 3u),
          lastQuery,
        ) * 17u + (firstQuery + entries)];
        tile[place * 20u + firstFour] = vec4f(row0_0.x, row1_0.x, row2_0.x, row3_0.x);
        tile[place * 20u + firstFour + 40u] = vec4f(row0_0.y, row1_0.y, row2_0.y, row3_0.y);
        tile[place * 20u + firstFour + 80u] = vec4f(row0_0.z, row1_0.z, row2_0.z, row3_0.z);
        tile[place * 20u + firstFour + 120u] = vec4f(row0_0.w, row1_0.w, row2_0.w, row3_0.w);
      }
      if ((firstFour >= 16u) & (firstFour < 48u)) {
        let row0_1 = keyCache[min(from_ + (firstFour - 16u), lastKey) * 17u + (firstKey + entries)];
        let row1_1 = keyCache[min(from_ + (firstFour - 16u + 32u), lastKey) * 17u + (firstKey + entries)];
        let row2_1 = keyCache[min(from_ + (firstFour - 16u + 64u), lastKey) * 17u + (firstKey + entries)];
        let row3_1 = keyCache[min(from_ + (firstFour - 16u + 96u), lastKey) * 17u + (firstKey + entries)];
        tile[place * 36u + firstFour + 144u] = vec4f(row0_1.x, row1_1.x, row2_1.x, row3_1.x);
        tile[place * 36u + firstFour + 216u] = vec4f(row0_1.y, row1_1.y, row2_1.y, row3_1.y);
        tile[place * 36u + firstFour + 288u] = vec4f(row0_1.z, row1_1.z, row2_1.z, row3_1.z);
        tile[place * 36u + firstFour + 360u] = vec4f(row0_1.w, row1_1.w, row2_1.w, row3_1.w);
      }
      workgroupBarrier();
      for (var t = 0u; t < 8u; t++) {
        let rows0 = tile[t * 20u + rowGroup * 2u];
        let rows1 = tile[t * 20u + rowGroup * 2u + 1u];
        let keys0 = tile[t * 36u + columnGroup + 160u];
        dot_0 += keys0.x * rows0;
        dot_8 += keys0.x * rows1;
        dot_1 += keys0.y * rows0;
        dot_9 += keys0.y * rows1;
        dot_2 += keys0.z * rows0;
        dot_10 += keys0.z * rows1;
        dot_3 += keys0.w * rows0;
        dot_11 += keys0.w * rows1;
        let keys1 = tile[t * 36u + columnGroup + 176u];
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
    let pair0_q1 = vec4f(
      mappedQueries[(min(
        firstRow + rowGroup * 8u,
        lastQuery,
      ) * 68u + (firstQuery * 4u + 65u)) / 4u][(min(firstRow + rowGroup * 8u, lastQuery) * 68u + (firstQuery * 4u + 65u)) % 4u],
      mappedQueries[(min(
        firstRow + (rowGroup * 8u + 1u),
        lastQuery,
      ) * 68u + (firstQuery * 4u + 65u)) / 4u][(min(firstRow + (rowGroup * 8u + 1u), lastQuery) * 68u + (firstQuery * 4u + 65u)) % 4u],
      mappedQueries[(min(
        firstRow + (rowGroup * 8u + 2u),
        lastQuery,
      ) * 68u + (firstQuery * 4u + 65u)) / 4u][(min(firstRow + (rowGroup * 8u + 2u), lastQuery) * 68u + (firstQuery * 4u + 65u)) % 4u],
      mappedQueries[(min(
        firstRow + (rowGroup * 8u + 3u),
        lastQuery,
      ) * 68u + (firstQuery * 4u + 65u)) / 4u][(min(firstRow + (rowGroup * 8u + 3u), lastQuery) * 68u + (firstQuery * 4u + 65u)) % 4u],
    );
    let pair0_k2 = keyCache[(min(
      from_ + columnGroup,
      lastKey,
    ) * 68u + (firstKey * 4u + 65u)) / 4u][(min(from_ + columnGroup, lastKey) * 68u + (firstKey * 4u + 65u)) % 4u];
    let pair0_q3 = vec4f(
      mappedQueries[(min(
        firstRow + rowGroup * 8u,
        lastQuery,
      ) * 68u + (firstQuery * 4u + 64u)) / 4u][(min(firstRow + rowGroup * 8u, lastQuery) * 68u + (firstQuery * 4u + 64u)) % 4u],
      mappedQueries[(min(
        firstRow + (rowGroup * 8u + 1u),
        lastQuery,
      ) * 68u + (firstQuery * 4u + 64u)) / 4u][(min(firstRow + (rowGroup * 8u + 1u), lastQuery) * 68u + (firstQuery * 4u + 64u)) % 4u],
      mappedQueries[(min(
        firstRow + (rowGroup * 8u + 2u),
        lastQuery,
      ) * 68u + (firstQuery * 4u + 64u)) / 4u][(min(firstRow + (rowGroup * 8u + 2u), lastQuery) * 68u + (firstQuery * 4u + 64u)) % 4u],
      mappedQueries[(min(
        firstRow + (rowGroup * 8u + 3u),
        lastQuery,
      ) * 68u + (firstQuery * 4u + 64u)) / 4u][(min(firstRow + (rowGroup * 8u + 3u), lastQuery) * 68u + (firstQuery * 4u + 64u)) % 4u],
    );
    let pair0_k4 = keyCache[(min(
      from_ + columnGroup,
      lastKey,
    ) * 68u + (firstKey * 4u + 64u)) / 4u][(min(from_ + columnGroup, lastKey) * 68u + (firstKey * 4u + 64u)) % 4u];
    let pair0_value5 = 1.442695 * (pair0_q1 - pair0_k2 + dot_0 + max(pair0_q3 - pair0_k4, vec4f(-1e30)));
    let pair0_k6 = keyCache[(min(
      from_ + (columnGroup + 32u),
      lastKey,
    ) * 68u + (firstKey * 4u + 65u)) / 4u][(min(from_ + (columnGroup + 32u), lastKey) * 68u + (firstKey * 4u + 65u)) % 4u];
    let pair0_k7 = keyCache[(min(
      from_ + (columnGroup + 32u),
      lastKey,
    ) * 68u + (firstKey * 4u + 64u)) / 4u][(min(from_ + (columnGroup + 32u), lastKey) * 68u + (firstKey * 4u + 64u)) % 4u];
    let pair0_value8 = 1.442695 * (pair0_q1 - pair0_k6 + dot_1 + max(pair0_q3 - pair0_k7, vec4f(-1e30)));
    let pair0_k9 = keyCache[(min(
      from_ + (columnGroup + 64u),
      lastKey,
    ) * 68u + (firstKey * 4u + 65u)) / 4u][(min(from_ + (columnGroup + 64u), lastKey) * 68u + (firstKey * 4u + 65u)) % 4u];
    let pair0_k10 = keyCache[(min(
      from_ + (columnGroup + 64u),
      lastKey,
    ) * 68u + (firstKey * 4u + 64u)) / 4u][(min(from_ + (columnGroup + 64u), lastKey) * 68u + (firstKey * 4u + 64u)) % 4u];
    let pair0_value11 = 1.442695 * (pair0_q1 - pair0_k9 + dot_2 + max(pair0_q3 - pair0_k10, vec4f(-1e30)));
    let pair0_k12 = keyCache[(min(
      from_ + (columnGroup + 96u),
      lastKey,
    ) * 68u + (firstKey * 4u + 65u)) / 4u][(min(from_ + (columnGroup + 96u), lastKey) * 68u + (firstKey * 4u + 65u)) % 4u];
    let pair0_k13 = keyCache[(min(
      from_ + (columnGroup + 96u),
      lastKey,
    ) * 68u + (firstKey * 4u + 64u)) / 4u][(min(from_ + (columnGroup + 96u), lastKey) * 68u + (firstKey * 4u + 64u)) % 4u];
    let pair0_value14 = 1.442695 * (pair0_q1 - pair0_k12 + dot_3 + max(pair0_q3 - pair0_k13, vec4f(-1e30)));
    let pair0_k15 = keyCache[(min(
      from_ + (columnGroup + 16u),
      lastKey,
    ) * 68u + (firstKey * 4u + 65u)) / 4u][(min(from_ + (columnGroup + 16u), lastKey) * 68u + (firstKey * 4u + 65u)) % 4u];
    let pair0_k16 = keyCache[(min(
      from_ + (columnGroup + 16u),
      lastKey,
    ) * 68u + (firstKey * 4u + 64u)) / 4u][(min(from_ + (columnGroup + 16u), lastKey) * 68u + (firstKey * 4u + 64u)) % 4u];
    let pair0_value17 = 1.442695 * (pair0_q1 - pair0_k15 + dot_4 + max(pair0_q3 - pair0_k16, vec4f(-1e30)));
    let pair0_k18 = keyCache[(min(
      from_ + (columnGroup + 48u),
      lastKey,
    ) * 68u + (firstKey * 4u + 65u)) / 4u][(min(from_ + (columnGroup + 48u), lastKey) * 68u + (firstKey * 4u + 65u)) % 4u];
    let pair0_k19 = keyCache[(min(
      from_ + (columnGroup + 48u),
      lastKey,
    ) * 68u + (firstKey * 4u + 64u)) / 4u][(min(from_ + (columnGroup + 48u), lastKey) * 68u + (firstKey * 4u + 64u)) % 4u];
    let pair0_value20 = 1.442695 * (pair0_q1 - pair0_k18 + dot_5 + max(pair0_q3 - pair0_k19, vec4f(-1e30)));
    let pair0_k21 = keyCache[(min(
      from_ + (columnGroup + 80u),
      lastKey,
    ) * 68u + (firstKey * 4u + 65u)) / 4u][(min(from_ + (columnGroup + 80u), lastKey) * 68u + (firstKey * 4u + 65u)) % 4u];
    let pair0_k22 = keyCache[(min(
      from_ + (columnGroup + 80u),
      lastKey,
    ) * 68u + (firstKey * 4u + 64u)) / 4u][(min(from_ + (columnGroup + 80u), lastKey) * 68u + (firstKey * 4u + 64u)) % 4u];
    let pair0_value23 = 1.442695 * (pair0_q1 - pair0_k21 + dot_6 + max(pair0_q3 - pair0_k22, vec4f(-1e30)));
    let pair0_k24 = keyCache[(min(
      from_ + (columnGroup + 112u),
      lastKey,
    ) * 68u + (firstKey * 4u + 65u)) / 4u][(min(from_ + (columnGroup + 112u), lastKey) * 68u + (firstKey * 4u + 65u)) % 4u];
    let pair0_k25 = keyCache[(min(
      from_ + (columnGroup + 112u),
      lastKey,
    ) * 68u + (firstKey * 4u + 64u)) / 4u][(min(from_ + (columnGroup + 112u), lastKey) * 68u + (firstKey * 4u + 64u)) % 4u];
    let pair0_value26 = 1.442695 * (pair0_q1 - pair0_k24 + dot_7 + max(pair0_q3 - pair0_k25, vec4f(-1e30)));
    let pair1_q1 = vec4f(
      mappedQueries[(min(
        firstRow + (rowGroup * 2u + 1u) * 4u,
        lastQuery,
      ) * 68u + (firstQuery * 4u + 65u)) / 4u][(min(firstRow + (rowGroup * 2u + 1u) * 4u, lastQuery) * 68u + (firstQuery * 4u + 65u)) % 4u],
      mappedQueries[(min(
        firstRow + ((rowGroup * 2u + 1u) * 4u + 1u),
        lastQuery,
      ) * 68u + (firstQuery * 4u + 65u)) / 4u][(min(firstRow + ((rowGroup * 2u + 1u) * 4u + 1u), lastQuery) * 68u + (firstQuery * 4u + 65u)) % 4u],
      mappedQueries[(min(
        firstRow + ((rowGroup * 2u + 1u) * 4u + 2u),
        lastQuery,
      ) * 68u + (firstQuery * 4u + 65u)) / 4u][(min(firstRow + ((rowGroup * 2u + 1u) * 4u + 2u), lastQuery) * 68u + (firstQuery * 4u + 65u)) % 4u],
      mappedQueries[(min(
        firstRow + ((rowGroup * 2u + 1u) * 4u + 3u),
        lastQuery,
      ) * 68u + (firstQuery * 4u + 65u)) / 4u][(min(firstRow + ((rowGroup * 2u + 1u) * 4u + 3u), lastQuery) * 68u + (firstQuery * 4u + 65u)) % 4u],
    );
    let pair1_k2 = keyCache[(min(
      from_ + columnGroup,
      lastKey,
    ) * 68u + (firstKey * 4u + 65u)) / 4u][(min(from_ + columnGroup, lastKey) * 68u + (firstKey * 4u + 65u)) % 4u];
    let pair1_q3 = vec4f(
      mappedQueries[(min(
        firstRow + (rowGroup * 2u + 1u) * 4u,
        lastQuery,
      ) * 68u + (firstQuery * 4u + 64u)) / 4u][(min(firstRow + (rowGroup * 2u + 1u) * 4u, lastQuery) * 68u + (firstQuery * 4u + 64u)) % 4u],
      mappedQueries[(min(
        firstRow + ((rowGroup * 2u + 1u) * 4u + 1u),
        lastQuery,
      ) * 68u + (firstQuery * 4u + 64u)) / 4u][(min(firstRow + ((rowGroup * 2u + 1u) * 4u + 1u), lastQuery) * 68u + (firstQuery * 4u + 64u)) % 4u],
      mappedQueries[(min(
        firstRow + ((rowGroup * 2u + 1u) * 4u + 2u),
        lastQuery,
      ) * 68u + (firstQuery * 4u + 64u)) / 4u][(min(firstRow + ((rowGroup * 2u + 1u) * 4u + 2u), lastQuery) * 68u + (firstQuery * 4u + 64u)) % 4u],
      mappedQueries[(min(
        firstRow + ((rowGroup * 2u + 1u) * 4u + 3u),
        lastQuery,
      ) * 68u + (firstQuery * 4u + 64u)) / 4u][(min(firstRow + ((rowGroup * 2u + 1u) * 4u + 3u), lastQuery) * 68u + (firstQuery * 4u + 64u)) % 4u],
    );
    let pair1_k4 = keyCache[(min(
      from_ + columnGroup,
      lastKey,
    ) * 68u + (firstKey * 4u + 64u)) / 4u][(min(from_ + columnGroup, lastKey) * 68u + (firstKey * 4u + 64u)) % 4u];
    let pair1_value5 = 1.442695 * (pair1_q1 - pair1_k2 + dot_8 + max(pair1_q3 - pair1_k4, vec4f(-1e30)));
    let pair1_k6 = keyCache[(min(
      from_ + (columnGroup + 32u),
      lastKey,
    ) * 68u + (firstKey * 4u + 65u)) / 4u][(min(from_ + (columnGroup + 32u), lastKey) * 68u + (firstKey * 4u + 65u)) % 4u];
    let pair1_k7 = keyCache[(min(
      from_ + (columnGroup + 32u),
      lastKey,
    ) * 68u + (firstKey * 4u + 64u)) / 4u][(min(from_ + (columnGroup + 32u), lastKey) * 68u + (firstKey * 4u + 64u)) % 4u];
    let pair1_value8 = 1.442695 * (pair1_q1 - pair1_k6 + dot_9 + max(pair1_q3 - pair1_k7, vec4f(-1e30)));
    let pair1_k9 = keyCache[(min(
      from_ + (columnGroup + 64u),
      lastKey,
    ) * 68u + (firstKey * 4u + 65u)) / 4u][(min(from_ + (columnGroup + 64u), lastKey) * 68u + (firstKey * 4u + 65u)) % 4u];
    let pair1_k10 = keyCache[(min(
      from_ + (columnGroup + 64u),
      lastKey,
    ) * 68u + (firstKey * 4u + 64u)) / 4u][(min(from_ + (columnGroup + 64u), lastKey) * 68u + (firstKey * 4u + 64u)) % 4u];
    let pair1_value11 = 1.442695 * (pair1_q1 - pair1_k9 + dot_10 + max(pair1_q3 - pair1_k10, vec4f(-1e30)));
    let pair1_k12 = keyCache[(min(
      from_ + (columnGroup + 96u),
      lastKey,
    ) * 68u + (firstKey * 4u + 65u)) / 4u][(min(from_ + (columnGroup + 96u), lastKey) * 68u + (firstKey * 4u + 65u)) % 4u];
    let pair1_k13 = keyCache[(min(
      from_ + (columnGroup + 96u),
      lastKey,
    ) * 68u + (firstKey * 4u + 64u)) / 4u][(min(from_ + (columnGroup + 96u), lastKey) * 68u + (firstKey * 4u + 64u)) % 4u];
    let pair1_value14 = 1.442695 * (pair1_q1 - pair1_k12 + dot_11 + max(pair1_q3 - pair1_k13, vec4f(-1e30)));
    let pair1_k15 = keyCache[(min(
      from_ + (columnGroup + 16u),
      lastKey,
    ) * 68u + (firstKey * 4u + 65u)) / 4u][(min(from_ + (columnGroup + 16u), lastKey) * 68u + (firstKey * 4u + 65u)) % 4u];
    let pair1_k16 = keyCache[(min(
      from_ + (columnGroup + 16u),
      lastKey,
    ) * 68u + (firstKey * 4u + 64u)) / 4u][(min(from_ + (columnGroup + 16u), lastKey) * 68u + (firstKey * 4u + 64u)) % 4u];
    let pair1_value17 = 1.442695 * (pair1_q1 - pair1_k15 + dot_12 + max(pair1_q3 - pair1_k16, vec4f(-1e30)));
    let pair1_k18 = keyCache[(min(
      from_ + (columnGroup + 48u),
      lastKey,
    ) * 68u + (firstKey * 4u + 65u)) / 4u][(min(from_ + (columnGroup + 48u), lastKey) * 68u + (firstKey * 4u + 65u)) % 4u];
    let pair1_k19 = keyCache[(min(
      from_ + (columnGroup + 48u),
      lastKey,
    ) * 68u + (firstKey * 4u + 64u)) / 4u][(min(from_ + (columnGroup + 48u), lastKey) * 68u + (firstKey * 4u + 64u)) % 4u];
    let pair1_value20 = 1.442695 * (pair1_q1 - pair1_k18 + dot_13 + max(pair1_q3 - pair1_k19, vec4f(-1e30)));
    let pair1_k21 = keyCache[(min(
      from_ + (columnGroup + 80u),
      lastKey,
    ) * 68u + (firstKey * 4u + 65u)) / 4u][(min(from_ + (columnGroup + 80u), lastKey) * 68u + (firstKey * 4u + 65u)) % 4u];
    let pair1_k22 = keyCache[(min(
      from_ + (columnGroup + 80u),
      lastKey,
    ) * 68u + (firstKey * 4u + 64u)) / 4u][(min(from_ + (columnGroup + 80u), lastKey) * 68u + (firstKey * 4u + 64u)) % 4u];
    let pair1_value23 = 1.442695 * (pair1_q1 - pair1_k21 + dot_14 + max(pair1_q3 - pair1_k22, vec4f(-1e30)));
    let pair1_k24 = keyCache[(min(
      from_ + (columnGroup + 112u),
      lastKey,
    ) * 68u + (firstKey * 4u + 65u)) / 4u][(min(from_ + (columnGroup + 112u), lastKey) * 68u + (firstKey * 4u + 65u)) % 4u];
    let pair1_k25 = keyCache[(min(
      from_ + (columnGroup + 112u),
      lastKey,
    ) * 68u + (firstKey * 4u + 64u)) / 4u][(min(from_ + (columnGroup + 112u), lastKey) * 68u + (firstKey * 4u + 64u)) % 4u];
    let pair1_value26 = 1.442695 * (pair1_q1 - pair1_k24 + dot_15 + max(pair1_q3 - pair1_k25, vec4f(-1e30)));
    var score0_0 = pair0_value5;
    var score0_1 = pair0_value8;
    var score0_2 = pair0_value11;
    var score0_3 = pair0_value14;
    var score0_4 = pair0_value17;
    var score0_5 = pair0_value20;
    var score0_6 = pair0_value23;
    var score0_7 = pair0_value26;
    var score1_0 = pair1_value5;
    var score1_1 = pair1_value8;
    var score1_2 = pair1_value11;
    var score1_3 = pair1_value14;
    var score1_4 = pair1_value17;
    var score1_5 = pair1_value20;
    var score1_6 = pair1_value23;
    var score1_7 = pair1_value26;
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
        select(-1e30, score0_0.x, (key0 < end) & (key0 <= firstRow + rowGroup * 8u + firstPosition)),
        select(-1e30, score0_0.y, (key0 < end) & (key0 <= firstRow + (rowGroup * 8u + 1u) + firstPosition)),
        select(-1e30, score0_0.z, (key0 < end) & (key0 <= firstRow + (rowGroup * 8u + 2u) + firstPosition)),
        select(-1e30, score0_0.w, (key0 < end) & (key0 <= firstRow + (rowGroup * 8u + 3u) + firstPosition)),
      );
      score0_1 = vec4f(
        select(-1e30, score0_1.x, (key1 < end) & (key1 <= firstRow + rowGroup * 8u + firstPosition)),
        select(-1e30, score0_1.y, (key1 < end) & (key1 <= firstRow + (rowGroup * 8u + 1u) + firstPosition)),
        select(-1e30, score0_1.z, (key1 < end) & (key1 <= firstRow + (rowGroup * 8u + 2u) + firstPosition)),
        select(-1e30, score0_1.w, (key1 < end) & (key1 <= firstRow + (rowGroup * 8u + 3u) + firstPosition)),
      );
      score0_2 = vec4f(
        select(-1e30, score0_2.x, (key2 < end) & (key2 <= firstRow + rowGroup * 8u + firstPosition)),
        select(-1e30, score0_2.y, (key2 < end) & (key2 <= firstRow + (rowGroup * 8u + 1u) + firstPosition)),
        select(-1e30, score0_2.z, (key2 < end) & (key2 <= firstRow + (rowGroup * 8u + 2u) + firstPosition)),
        select(-1e30, score0_2.w, (key2 < end) & (key2 <= firstRow + (rowGroup * 8u + 3u) + firstPosition)),
      );
      score0_3 = vec4f(
        select(-1e30, score0_3.x, (key3 < end) & (key3 <= firstRow + rowGroup * 8u + firstPosition)),
        select(-1e30, score0_3.y, (key3 < end) & (key3 <= firstRow + (rowGroup * 8u + 1u) + firstPosition)),
        select(-1e30, score0_3.z, (key3 < end) & (key3 <= firstRow + (rowGroup * 8u + 2u) + firstPosition)),
        select(-1e30, score0_3.w, (key3 < end) & (key3 <= firstRow + (rowGroup * 8u + 3u) + firstPosition)),
      );
      score0_4 = vec4f(
        select(-1e30, score0_4.x, (key4 < end) & (key4 <= firstRow + rowGroup * 8u + firstPosition)),
        select(-1e30, score0_4.y, (key4 < end) & (key4 <= firstRow + (rowGroup * 8u + 1u) + firstPosition)),
        select(-1e30, score0_4.z, (key4 < end) & (key4 <= firstRow + (rowGroup * 8u + 2u) + firstPosition)),
        select(-1e30, score0_4.w, (key4 < end) & (key4 <= firstRow + (rowGroup * 8u + 3u) + firstPosition)),
      );
      score0_5 = vec4f(
        select(-1e30, score0_5.x, (key5 < end) & (key5 <= firstRow + rowGroup * 8u + firstPosition)),
        select(-1e30, score0_5.y, (key5 < end) & (key5 <= firstRow + (rowGroup * 8u + 1u) + firstPosition)),
        select(-1e30, score0_5.z, (key5 < end) & (key5 <= firstRow + (rowGroup * 8u + 2u) + firstPosition)),
        select(-1e30, score0_5.w, (key5 < end) & (key5 <= firstRow + (rowGroup * 8u + 3u) + firstPosition)),
      );
      score0_6 = vec4f(
        select(-1e30, score0_6.x, (key6 < end) & (key6 <= firstRow + rowGroup * 8u + firstPosition)),
        select(-1e30, score0_6.y, (key6 < end) & (key6 <= firstRow + (rowGroup * 8u + 1u) + firstPosition)),
        select(-1e30, score0_6.z, (key6 < end) & (key6 <= firstRow + (rowGroup * 8u + 2u) + firstPosition)),
        select(-1e30, score0_6.w, (key6 < end) & (key6 <= firstRow + (rowGroup * 8u + 3u) + firstPosition)),
      );
      score0_7 = vec4f(
        select(-1e30, score0_7.x, (key7 < end) & (key7 <= firstRow + rowGroup * 8u + firstPosition)),
        select(-1e30, score0_7.y, (key7 < end) & (key7 <= firstRow + (rowGroup * 8u + 1u) + firstPosition)),
        select(-1e30, score0_7.z, (key7 < end) & (key7 <= firstRow + (rowGroup * 8u + 2u) + firstPosition)),
        select(-1e30, score0_7.w, (key7 < end) & (key7 <= firstRow + (rowGroup * 8u + 3u) + firstPosition)),
      );
      score1_0 = vec4f(
        select(
          -1e30,
          score1_0.x,
          (key0 < end) & (key0 <= firstRow + (rowGroup * 2u + 1u) * 4u + firstPosition),
        ),
        select(
          -1e30,
          score1_0.y,
          (key0 < end) & (key0 <= firstRow + ((rowGroup * 2u + 1u) * 4u + 1u) + firstPosition),
        ),
        select(
          -1e30,
          score1_0.z,
          (key0 < end) & (key0 <= firstRow + ((rowGroup * 2u + 1u) * 4u + 2u) + firstPosition),
        ),
        select(
          -1e30,
          score1_0.w,
          (key0 < end) & (key0 <= firstRow + ((rowGroup * 2u + 1u) * 4u + 3u) + firstPosition),
        ),
      );
      score1_1 = vec4f(
        select(
          -1e30,
          score1_1.x,
          (key1 < end) & (key1 <= firstRow + (rowGroup * 2u + 1u) * 4u + firstPosition),
        ),
        select(
          -1e30,
          score1_1.y,
          (key1 < end) & (key1 <= firstRow + ((rowGroup * 2u + 1u) * 4u + 1u) + firstPosition),
        ),
        select(
          -1e30,
          score1_1.z,
          (key1 < end) & (key1 <= firstRow + ((rowGroup * 2u + 1u) * 4u + 2u) + firstPosition),
        ),
        select(
          -1e30,
          score1_1.w,
          (key1 < end) & (key1 <= firstRow + ((rowGroup * 2u + 1u) * 4u + 3u) + firstPosition),
        ),
      );
      score1_2 = vec4f(
        select(
          -1e30,
          score1_2.x,
          (key2 < end) & (key2 <= firstRow + (rowGroup * 2u + 1u) * 4u + firstPosition),
        ),
        select(
          -1e30,
          score1_2.y,
          (key2 < end) & (key2 <= firstRow + ((rowGroup * 2u + 1u) * 4u + 1u) + firstPosition),
        ),
        select(
          -1e30,
          score1_2.z,
          (key2 < end) & (key2 <= firstRow + ((rowGroup * 2u + 1u) * 4u + 2u) + firstPosition),
        ),
        select(
          -1e30,
          score1_2.w,
          (key2 < end) & (key2 <= firstRow + ((rowGroup * 2u + 1u) * 4u + 3u) + firstPosition),
        ),
      );
      score1_3 = vec4f(
        select(
          -1e30,
          score1_3.x,
          (key3 < end) & (key3 <= firstRow + (rowGroup * 2u + 1u) * 4u + firstPosition),
        ),
        select(
          -1e30,
          score1_3.y,
          (key3 < end) & (key3 <= firstRow + ((rowGroup * 2u + 1u) * 4u + 1u) + firstPosition),
        ),
        select(
          -1e30,
          score1_3.z,
          (key3 < end) & (key3 <= firstRow + ((rowGroup * 2u + 1u) * 4u + 2u) + firstPosition),
        ),
        select(
          -1e30,
          score1_3.w,
          (key3 < end) & (key3 <= firstRow + ((rowGroup * 2u + 1u) * 4u + 3u) + firstPosition),
        ),
      );
      score1_4 = vec4f(
        select(
          -1e30,
          score1_4.x,
          (key4 < end) & (key4 <= firstRow + (rowGroup * 2u + 1u) * 4u + firstPosition),
        ),
        select(
          -1e30,
          score1_4.y,
          (key4 < end) & (key4 <= firstRow + ((rowGroup * 2u + 1u) * 4u + 1u) + firstPosition),
        ),
        select(
          -1e30,
          score1_4.z,
          (key4 < end) & (key4 <= firstRow + ((rowGroup * 2u + 1u) * 4u + 2u) + firstPosition),
        ),
        select(
          -1e30,
          score1_4.w,
          (key4 < end) & (key4 <= firstRow + ((rowGroup * 2u + 1u) * 4u + 3u) + firstPosition),
        ),
      );
      score1_5 = vec4f(
        select(
          -1e30,
          score1_5.x,
          (key5 < end) & (key5 <= firstRow + (rowGroup * 2u + 1u) * 4u + firstPosition),
        ),
        select(
          -1e30,
          score1_5.y,
          (key5 < end) & (key5 <= firstRow + ((rowGroup * 2u + 1u) * 4u + 1u) + firstPosition),
        ),
        select(
          -1e30,
          score1_5.z,
          (key5 < end) & (key5 <= firstRow + ((rowGroup * 2u + 1u) * 4u + 2u) + firstPosition),
        ),
        select(
          -1e30,
          score1_5.w,
          (key5 < end) & (key5 <= firstRow + ((rowGroup * 2u + 1u) * 4u + 3u) + firstPosition),
        ),
      );
      score1_6 = vec4f(
        select(
          -1e30,
          score1_6.x,
          (key6 < end) & (key6 <= firstRow + (rowGroup * 2u + 1u) * 4u + firstPosition),
        ),
        select(
          -1e30,
          score1_6.y,
          (key6 < end) & (key6 <= firstRow + ((rowGroup * 2u + 1u) * 4u + 1u) + firstPosition),
        ),
        select(
          -1e30,
          score1_6.z,
          (key6 < end) & (key6 <= firstRow + ((rowGroup * 2u + 1u) * 4u + 2u) + firstPosition),
        ),
        select(
          -1e30,
          score1_6.w,
          (key6 < end) & (key6 <= firstRow + ((rowGroup * 2u + 1u) * 4u + 3u) + firstPosition),
        ),
      );
      score1_7 = vec4f(
        select(
          -1e30,
          score1_7.x,
          (key7 < end) & (key7 <= firstRow + (rowGroup * 2u + 1u) * 4u + firstPosition),
        ),
        select(
          -1e30,
          score1_7.y,
          (key7 < end) & (key7 <= firstRow + ((rowGroup * 2u + 1u) * 4u + 1u) + firstPosition),
        ),
        select(
          -1e30,
          score1_7.z,
          (key7 < end) & (key7 <= firstRow + ((rowGroup * 2u + 1u) * 4u + 2u) + firstPosition),
        ),
        select(
          -1e30,
          score1_7.w,
          (key7 < end) & (key7 <= firstRow + ((rowGroup * 2u + 1u) * 4u + 3u) + firstPosition),
        ),
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
    for (var other = 0u; other < 16u * unknownOne; other += 4u) {
      rowScale0 = max(rowScale0, tile[other * 17u + rowGroup * 2u]);
      rowScale0 = max(rowScale0, tile[other * 17u + rowGroup * 2u + 17u]);
      rowScale0 = max(rowScale0, tile[other * 17u + rowGroup * 2u + 34u]);
      rowScale0 = max(rowScale0, tile[other * 17u + rowGroup * 2u + 51u]);
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
    for (var other = 0u; other < 16u * unknownOne; other += 4u) {
      rowScale1 = max(rowScale1, tile[other * 17u + rowGroup * 2u + 1u]);
      rowScale1 = max(rowScale1, tile[other * 17u + rowGroup * 2u + 18u]);
      rowScale1 = max(rowScale1, tile[other * 17u + rowGroup * 2u + 35u]);
      rowScale1 = max(rowScale1, tile[other * 17u + rowGroup * 2u + 52u]);
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
      let firstStart = firstValue + sliceStart * 16u;
      let lastStart = firstValue + lastKey * 16u;
      for (var j = 0u; j < here; j += 8u) {
        let weight0_0 = tile[j * 17u + rowGroup * 2u];
        let weight1_0 = tile[j * 17u + rowGroup * 2u + 1u];
        let rowStart_0 = firstStart + j * 16u + firstColumns;
        let columns0_0 = valueCache[rowStart_0];
        sums_0 += weight0_0 * columns0_0.x;
        sums_1 += weight0_0 * columns0_0.y;
        sums_2 += weight0_0 * columns0_0.z;
        sums_3 += weight0_0 * columns0_0.w;
        sums_4 += weight1_0 * columns0_0.x;
        sums_5 += weight1_0 * columns0_0.y;
        sums_6 += weight1_0 * columns0_0.z;
        sums_7 += weight1_0 * columns0_0.w;
        let weight0_1 = tile[j * 17u + rowGroup * 2u + 17u];
        let weight1_1 = tile[j * 17u + rowGroup * 2u + 18u];
        let rowStart_1 = min(firstStart + j * 16u + 16u, lastStart) + firstColumns;
        let columns0_1 = valueCache[rowStart_1];
        sums_0 += weight0_1 * columns0_1.x;
        sums_1 += weight0_1 * columns0_1.y;
        sums_2 += weight0_1 * columns0_1.z;
        sums_3 += weight0_1 * columns0_1.w;
        sums_4 += weight1_1 * columns0_1.x;
        sums_5 += weight1_1 * columns0_1.y;
        sums_6 += weight1_1 * columns0_1.z;
        sums_7 += weight1_1 * columns0_1.w;
        let weight0_2 = tile[j * 17u + rowGroup * 2u + 34u];
        let weight1_2 = tile[j * 17u + rowGroup * 2u + 35u];
        let rowStart_2 = min(firstStart + j * 16u + 32u, lastStart) + firstColumns;
        let columns0_2 = valueCache[rowStart_2];
        sums_0 += weight0_2 * columns0_2.x;
        sums_1 += weight0_2 * columns0_2.y;
        sums_2 += weight0_2 * columns0_2.z;
        sums_3 += weight0_2 * columns0_2.w;
        sums_4 += weight1_2 * columns0_2.x;
        sums_5 += weight1_2 * columns0_2.y;
        sums_6 += weight1_2 * columns0_2.z;
        sums_7 += weight1_2 * columns0_2.w;
        let weight0_3 = tile[j * 17u + rowGroup * 2u + 51u];
        let weight1_3 = tile[j * 17u + rowGroup * 2u + 52u];
        let rowStart_3 = min(firstStart + j * 16u + 48u, lastStart) + firstColumns;
        let columns0_3 = valueCache[rowStart_3];
        sums_0 += weight0_3 * columns0_3.x;
        sums_1 += weight0_3 * columns0_3.y;
        sums_2 += weight0_3 * columns0_3.z;
        sums_3 += weight0_3 * columns0_3.w;
        sums_4 += weight1_3 * columns0_3.x;
        sums_5 += weight1_3 * columns0_3.y;
        sums_6 += weight1_3 * columns0_3.z;
        sums_7 += weight1_3 * columns0_3.w;
        let weight0_4 = tile[j * 17u + rowGroup * 2u + 68u];
        let weight1_4 = tile[j * 17u + rowGroup * 2u + 69u];
        let rowStart_4 = min(firstStart + j * 16u + 64u, lastStart) + firstColumns;
        let columns0_4 = valueCache[rowStart_4];
        sums_0 += weight0_4 * columns0_4.x;
        sums_1 += weight0_4 * columns0_4.y;
        sums_2 += weight0_4 * columns0_4.z;
        sums_3 += weight0_4 * columns0_4.w;
        sums_4 += weight1_4 * columns0_4.x;
        sums_5 += weight1_4 * columns0_4.y;
        sums_6 += weight1_4 * columns0_4.z;
        sums_7 += weight1_4 * columns0_4.w;
        let weight0_5 = tile[j * 17u + rowGroup * 2u + 85u];
        let weight1_5 = tile[j * 17u + rowGroup * 2u + 86u];
        let rowStart_5 = min(firstStart + j * 16u + 80u, lastStart) + firstColumns;
        let columns0_5 = valueCache[rowStart_5];
        sums_0 += weight0_5 * columns0_5.x;
        sums_1 += weight0_5 * columns0_5.y;
        sums_2 += weight0_5 * columns0_5.z;
        sums_3 += weight0_5 * columns0_5.w;
        sums_4 += weight1_5 * columns0_5.x;
        sums_5 += weight1_5 * columns0_5.y;
        sums_6 += weight1_5 * columns0_5.z;
        sums_7 += weight1_5 * columns0_5.w;
        let weight0_6 = tile[j * 17u + rowGroup * 2u + 102u];
        let weight1_6 = tile[j * 17u + rowGroup * 2u + 103u];
        let rowStart_6 = min(firstStart + j * 16u + 96u, lastStart) + firstColumns;
        let columns0_6 = valueCache[rowStart_6];
        sums_0 += weight0_6 * columns0_6.x;
        sums_1 += weight0_6 * columns0_6.y;
        sums_2 += weight0_6 * columns0_6.z;
        sums_3 += weight0_6 * columns0_6.w;
        sums_4 += weight1_6 * columns0_6.x;
        sums_5 += weight1_6 * columns0_6.y;
        sums_6 += weight1_6 * columns0_6.z;
        sums_7 += weight1_6 * columns0_6.w;
        let weight0_7 = tile[j * 17u + rowGroup * 2u + 119u];
        let weight1_7 = tile[j * 17u + rowGroup * 2u + 120u];
        let rowStart_7 = min(firstStart + j * 16u + 112u, lastStart) + firstColumns;
        let columns0_7 = valueCache[rowStart_7];
        sums_0 += weight0_7 * columns0_7.x;
        sums_1 += weight0_7 * columns0_7.y;
        sums_2 += weight0_7 * columns0_7.z;
        sums_3 += weight0_7 * columns0_7.w;
        sums_4 += weight1_7 * columns0_7.x;
        sums_5 += weight1_7 * columns0_7.y;
        sums_6 += weight1_7 * columns0_7.z;
        sums_7 += weight1_7 * columns0_7.w;
      }
      workgroupBarrier();
    }
  }
  tile[columnGroup * 17u + rowGroup * 2u] = total0;
  tile[columnGroup * 17u + rowGroup * 2u + 1u] = total1;
  workgroupBarrier();
  var denominator0 = vec4f(0.0);
  for (var other = 0u; other < 16u * unknownOne; other += 4u) {
    denominator0 += tile[other * 17u + rowGroup * 2u];
    denominator0 += tile[other * 17u + rowGroup * 2u + 17u];
    denominator0 += tile[other * 17u + rowGroup * 2u + 34u];
    denominator0 += tile[other * 17u + rowGroup * 2u + 51u];
  }
  var denominator1 = vec4f(0.0);
  for (var other = 0u; other < 16u * unknownOne; other += 4u) {
    denominator1 += tile[other * 17u + rowGroup * 2u + 1u];
    denominator1 += tile[other * 17u + rowGroup * 2u + 18u];
    denominator1 += tile[other * 17u + rowGroup * 2u + 35u];
    denominator1 += tile[other * 17u + rowGroup * 2u + 52u];
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
  let row0 = firstRow + rowGroup * 8u;
  if (row0 < shape.length) {
    let out0 = (queryHead * shape.headStride + batchItem * shape.itemGap) * 16u + row0 * (shape.rowStride * 16u);
    out[out0 + firstColumns] = vec4f(
      (sums_0 * factor0).x,
      (sums_1 * factor0).x,
      (sums_2 * factor0).x,
      (sums_3 * factor0).x,
    );
  }
  let row1 = firstRow + rowGroup * 8u + 1u;
  if (row1 < shape.length) {
    let out1 = (queryHead * shape.headStride + batchItem * shape.itemGap) * 16u + row1 * (shape.rowStride * 16u);
    out[out1 + firstColumns] = vec4f(
      (sums_0 * factor0).y,
      (sums_1 * factor0).y,
      (sums_2 * factor0).y,
      (sums_3 * factor0).y,
    );
  }
  let row2 = firstRow + rowGroup * 8u + 2u;
  if (row2 < shape.length) {
    let out2 = (queryHead * shape.headStride + batchItem * shape.itemGap) * 16u + row2 * (shape.rowStride * 16u);
    out[out2 + firstColumns] = vec4f(
      (sums_0 * factor0).z,
      (sums_1 * factor0).z,
      (sums_2 * factor0).z,
      (sums_3 * factor0).z,
    );
  }
  let row3 = firstRow + rowGroup * 8u + 3u;
  if (row3 < shape.length) {
    let out3 = (queryHead * shape.headStride + batchItem * shape.itemGap) * 16u + row3 * (shape.rowStride * 16u);
    out[out3 + firstColumns] = vec4f(
      (sums_0 * factor0).w,
      (sums_1 * factor0).w,
      (sums_2 * factor0).w,
      (sums_3 * factor0).w,
    );
  }
  let row4 = firstRow + (rowGroup * 2u + 1u) * 4u;
  if (row4 < shape.length) {
    let out4 = (queryHead * shape.headStride + batchItem * shape.itemGap) * 16u + row4 * (shape.rowStride * 16u);
    out[out4 + firstColumns] = vec4f(
      (sums_4 * factor1).x,
      (sums_5 * factor1).x,
      (sums_6 * factor1).x,
      (sums_7 * factor1).x,
    );
  }
  let row5 = firstRow + (rowGroup * 2u + 1u) * 4u + 1u;
  if (row5 < shape.length) {
    let out5 = (queryHead * shape.headStride + batchItem * shape.itemGap) * 16u + row5 * (shape.rowStride * 16u);
    out[out5 + firstColumns] = vec4f(
      (sums_4 * factor1).y,
      (sums_5 * factor1).y,
      (sums_6 * factor1).y,
      (sums_7 * factor1).y,
    );
  }
  let row6 = firstRow + (rowGroup * 2u + 1u) * 4u + 2u;
  if (row6 < shape.length) {
    let out6 = (queryHead * shape.headStride + batchItem * shape.itemGap) * 16u + row6 * (shape.rowStride * 16u);
    out[out6 + firstColumns] = vec4f(
      (sums_4 * factor1).z,
      (sums_5 * factor1).z,
      (sums_6 * factor1).z,
      (sums_7 * factor1).z,
    );
  }
  let row7 = firstRow + (rowGroup * 2u + 1u) * 4u + 3u;
  if (row7 < shape.length) {
    let out7 = (queryHead * shape.headStride + batchItem * shape.itemGap) * 16u + row7 * (shape.rowStride * 16u);
    out[out7 + firstColumns] = vec4f(
      (sums_4 * factor1).w,
      (sums_5 * factor1).w,
      (sums_6 * factor1).w,
      (sums_7 * factor1).w,
    );
  }
}
