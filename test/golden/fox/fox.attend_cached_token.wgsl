// attend_cached_token: Each row: Σ κ(q, k) v and Σ κ(q, k) over a part of the keys.
// 64 threads a workgroup, 9216 bytes of workgroup memory
// reads mappedQueries, keyCache, valueCache, lengths, positions; writes attend_cached_tokenParts

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
@group(0) @binding(1) var<storage, read> mappedQueries: array<vec4f>;
@group(0) @binding(2) var<storage, read> keyCache: array<vec4f>;
@group(0) @binding(3) var<storage, read> valueCache: array<f32>;
@group(0) @binding(4) var<storage, read> lengths: array<u32>;
@group(0) @binding(5) var<storage, read> positions: array<u32>;
@group(0) @binding(6) var<storage, read_write> attend_cached_tokenParts: array<f32>;

var<workgroup> tile: array<vec4f, 576>;

@compute @workgroup_size(64, 1, 1)
fn attend_cached_token(
  @builtin(local_invocation_index) thread: u32,
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(num_workgroups) workgroup_counts: vec3u,
) {
  let workgroup = workgroup_id.x + workgroup_id.y * workgroup_counts.x;
  if (workgroup >= shape.sliceCount * shape.chunks * (((shape.heads + shape.kvHeads - 1u) / shape.kvHeads + 3u) / 4u)) {
    return;
  }
  // 1, which no compiler knows: loops up to a multiple of it are not written out
  let unknownOne = min(shape.sliceCount, 1u);
  let valueTile = 0u;
  let rowTile = workgroup % ((shape.heads / shape.kvHeads + 3u) / 4u);
  let rest2 = workgroup / ((shape.heads / shape.kvHeads + 3u) / 4u);
  let part = rest2 % shape.chunks;
  let slice = rest2 / shape.chunks;
  let group = shape.sliceStart + slice;
  let batchItem = group / shape.kvHeads;
  let keyGroup = group;
  let firstPosition = positions[batchItem];
  let visible = min(lengths[batchItem], firstPosition + shape.keyLength);
  let rowGroup = thread / 64u;
  let columnGroup = thread % 64u;
  let firstColumn = valueTile * 64u + columnGroup;
  let firstRow = rowTile * 4u;
  let firstQuery = slice * (shape.heads / shape.kvHeads) * 17u;
  let firstKey = keyGroup * shape.capacity * 17u;
  let firstValue = keyGroup * shape.capacity * 64u;
  let end = min(visible, part * 256u + 256u);
  let lastQuery = max(shape.heads / shape.kvHeads, 1u) - 1u;
  let lastKey = max(end, 1u) - 1u;
  var sums_0 = vec4f(0.0);
  var total0 = vec4f(0.0);
  var rowScale0 = vec4f(-1e30);
  for (var from_ = part * 256u; from_ < end; from_ += 256u) {
    let allSeen = from_ + 256u <= end;
    var dot_0 = vec4f(0.0);
    var dot_1 = vec4f(0.0);
    var dot_2 = vec4f(0.0);
    var dot_3 = vec4f(0.0);
    for (var first = 0u; first < 64u * unknownOne; first += 8u) {
      let place = thread % 2u;
      let entries = first / 4u + place;
      let firstFour = thread / 2u;
      if (firstFour < 1u) {
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
        tile[place * 4u + firstFour] = vec4f(row0_0.x, row1_0.x, row2_0.x, row3_0.x);
        tile[place * 4u + firstFour + 8u] = vec4f(row0_0.y, row1_0.y, row2_0.y, row3_0.y);
        tile[place * 4u + firstFour + 16u] = vec4f(row0_0.z, row1_0.z, row2_0.z, row3_0.z);
        tile[place * 4u + firstFour + 24u] = vec4f(row0_0.w, row1_0.w, row2_0.w, row3_0.w);
      }
      let row0_1_0 = keyCache[min(from_ + firstFour, lastKey) * 17u + (firstKey + entries)];
      let row1_1_0 = keyCache[min(from_ + (firstFour + 64u), lastKey) * 17u + (firstKey + entries)];
      let row2_1_0 = keyCache[min(from_ + (firstFour + 128u), lastKey) * 17u + (firstKey + entries)];
      let row3_1_0 = keyCache[min(from_ + (firstFour + 192u), lastKey) * 17u + (firstKey + entries)];
      tile[place * 68u + firstFour + 32u] = vec4f(row0_1_0.x, row1_1_0.x, row2_1_0.x, row3_1_0.x);
      tile[place * 68u + firstFour + 168u] = vec4f(row0_1_0.y, row1_1_0.y, row2_1_0.y, row3_1_0.y);
      tile[place * 68u + firstFour + 304u] = vec4f(row0_1_0.z, row1_1_0.z, row2_1_0.z, row3_1_0.z);
      tile[place * 68u + firstFour + 440u] = vec4f(row0_1_0.w, row1_1_0.w, row2_1_0.w, row3_1_0.w);
      let row0_1_32 = keyCache[min(from_ + (firstFour + 32u), lastKey) * 17u + (firstKey + entries)];
      let row1_1_32 = keyCache[min(from_ + (firstFour + 96u), lastKey) * 17u + (firstKey + entries)];
      let row2_1_32 = keyCache[min(from_ + (firstFour + 160u), lastKey) * 17u + (firstKey + entries)];
      let row3_1_32 = keyCache[min(from_ + (firstFour + 224u), lastKey) * 17u + (firstKey + entries)];
      tile[place * 68u + firstFour + 64u] = vec4f(row0_1_32.x, row1_1_32.x, row2_1_32.x, row3_1_32.x);
      tile[place * 68u + firstFour + 200u] = vec4f(row0_1_32.y, row1_1_32.y, row2_1_32.y, row3_1_32.y);
      tile[place * 68u + firstFour + 336u] = vec4f(row0_1_32.z, row1_1_32.z, row2_1_32.z, row3_1_32.z);
      tile[place * 68u + firstFour + 472u] = vec4f(row0_1_32.w, row1_1_32.w, row2_1_32.w, row3_1_32.w);
      workgroupBarrier();
      for (var t = 0u; t < 8u; t++) {
        let rows0 = tile[t * 4u + rowGroup];
        let keys0 = tile[t * 68u + columnGroup + 32u];
        dot_0 += keys0.x * rows0;
        dot_1 += keys0.y * rows0;
        dot_2 += keys0.z * rows0;
        dot_3 += keys0.w * rows0;
      }
      workgroupBarrier();
    }
    let pair0_q1 = vec4f(
      mappedQueries[(min(
        firstRow + rowGroup * 4u,
        lastQuery,
      ) * 68u + (firstQuery * 4u + 65u)) / 4u][(min(firstRow + rowGroup * 4u, lastQuery) * 68u + (firstQuery * 4u + 65u)) % 4u],
      mappedQueries[(min(
        firstRow + (rowGroup * 4u + 1u),
        lastQuery,
      ) * 68u + (firstQuery * 4u + 65u)) / 4u][(min(firstRow + (rowGroup * 4u + 1u), lastQuery) * 68u + (firstQuery * 4u + 65u)) % 4u],
      mappedQueries[(min(
        firstRow + (rowGroup * 4u + 2u),
        lastQuery,
      ) * 68u + (firstQuery * 4u + 65u)) / 4u][(min(firstRow + (rowGroup * 4u + 2u), lastQuery) * 68u + (firstQuery * 4u + 65u)) % 4u],
      mappedQueries[(min(
        firstRow + (rowGroup * 4u + 3u),
        lastQuery,
      ) * 68u + (firstQuery * 4u + 65u)) / 4u][(min(firstRow + (rowGroup * 4u + 3u), lastQuery) * 68u + (firstQuery * 4u + 65u)) % 4u],
    );
    let pair0_k2 = keyCache[(min(
      from_ + columnGroup,
      lastKey,
    ) * 68u + (firstKey * 4u + 65u)) / 4u][(min(from_ + columnGroup, lastKey) * 68u + (firstKey * 4u + 65u)) % 4u];
    let pair0_q3 = vec4f(
      mappedQueries[(min(
        firstRow + rowGroup * 4u,
        lastQuery,
      ) * 68u + (firstQuery * 4u + 64u)) / 4u][(min(firstRow + rowGroup * 4u, lastQuery) * 68u + (firstQuery * 4u + 64u)) % 4u],
      mappedQueries[(min(
        firstRow + (rowGroup * 4u + 1u),
        lastQuery,
      ) * 68u + (firstQuery * 4u + 64u)) / 4u][(min(firstRow + (rowGroup * 4u + 1u), lastQuery) * 68u + (firstQuery * 4u + 64u)) % 4u],
      mappedQueries[(min(
        firstRow + (rowGroup * 4u + 2u),
        lastQuery,
      ) * 68u + (firstQuery * 4u + 64u)) / 4u][(min(firstRow + (rowGroup * 4u + 2u), lastQuery) * 68u + (firstQuery * 4u + 64u)) % 4u],
      mappedQueries[(min(
        firstRow + (rowGroup * 4u + 3u),
        lastQuery,
      ) * 68u + (firstQuery * 4u + 64u)) / 4u][(min(firstRow + (rowGroup * 4u + 3u), lastQuery) * 68u + (firstQuery * 4u + 64u)) % 4u],
    );
    let pair0_k4 = keyCache[(min(
      from_ + columnGroup,
      lastKey,
    ) * 68u + (firstKey * 4u + 64u)) / 4u][(min(from_ + columnGroup, lastKey) * 68u + (firstKey * 4u + 64u)) % 4u];
    let pair0_value5 = 1.442695 * (pair0_q1 - pair0_k2 + dot_0 + max(pair0_q3 - pair0_k4, vec4f(-1e30)));
    let pair0_k6 = keyCache[(min(
      from_ + (columnGroup + 64u),
      lastKey,
    ) * 68u + (firstKey * 4u + 65u)) / 4u][(min(from_ + (columnGroup + 64u), lastKey) * 68u + (firstKey * 4u + 65u)) % 4u];
    let pair0_k7 = keyCache[(min(
      from_ + (columnGroup + 64u),
      lastKey,
    ) * 68u + (firstKey * 4u + 64u)) / 4u][(min(from_ + (columnGroup + 64u), lastKey) * 68u + (firstKey * 4u + 64u)) % 4u];
    let pair0_value8 = 1.442695 * (pair0_q1 - pair0_k6 + dot_1 + max(pair0_q3 - pair0_k7, vec4f(-1e30)));
    let pair0_k9 = keyCache[(min(
      from_ + (columnGroup + 128u),
      lastKey,
    ) * 68u + (firstKey * 4u + 65u)) / 4u][(min(from_ + (columnGroup + 128u), lastKey) * 68u + (firstKey * 4u + 65u)) % 4u];
    let pair0_k10 = keyCache[(min(
      from_ + (columnGroup + 128u),
      lastKey,
    ) * 68u + (firstKey * 4u + 64u)) / 4u][(min(from_ + (columnGroup + 128u), lastKey) * 68u + (firstKey * 4u + 64u)) % 4u];
    let pair0_value11 = 1.442695 * (pair0_q1 - pair0_k9 + dot_2 + max(pair0_q3 - pair0_k10, vec4f(-1e30)));
    let pair0_k12 = keyCache[(min(
      from_ + (columnGroup + 192u),
      lastKey,
    ) * 68u + (firstKey * 4u + 65u)) / 4u][(min(from_ + (columnGroup + 192u), lastKey) * 68u + (firstKey * 4u + 65u)) % 4u];
    let pair0_k13 = keyCache[(min(
      from_ + (columnGroup + 192u),
      lastKey,
    ) * 68u + (firstKey * 4u + 64u)) / 4u][(min(from_ + (columnGroup + 192u), lastKey) * 68u + (firstKey * 4u + 64u)) % 4u];
    let pair0_value14 = 1.442695 * (pair0_q1 - pair0_k12 + dot_3 + max(pair0_q3 - pair0_k13, vec4f(-1e30)));
    var score0_0 = pair0_value5;
    var score0_1 = pair0_value8;
    var score0_2 = pair0_value11;
    var score0_3 = pair0_value14;
    let key0 = from_ + columnGroup;
    let key1 = from_ + (columnGroup + 64u);
    let key2 = from_ + (columnGroup + 128u);
    let key3 = from_ + (columnGroup + 192u);
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
    }
    // the rows’ scales so far, and what they do to the sums
    tile[columnGroup + rowGroup] = max(max(max(max(score0_0, score0_0), score0_1), score0_2), score0_3);
    workgroupBarrier();
    let scaleSoFar0 = rowScale0;
    for (var other = 0u; other < 64u * unknownOne; other += 4u) {
      rowScale0 = max(rowScale0, tile[other + rowGroup]);
      rowScale0 = max(rowScale0, tile[other + rowGroup + 1u]);
      rowScale0 = max(rowScale0, tile[other + rowGroup + 2u]);
      rowScale0 = max(rowScale0, tile[other + rowGroup + 3u]);
    }
    let shrink0 = exp2(scaleSoFar0 - rowScale0);
    total0 *= shrink0;
    sums_0 *= shrink0;
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
    tile[columnGroup + rowGroup] = score0_0;
    tile[columnGroup + 64u + rowGroup] = score0_1;
    tile[columnGroup + 128u + rowGroup] = score0_2;
    tile[columnGroup + 192u + rowGroup] = score0_3;
    workgroupBarrier();
    let here = min(max(end, from_) - from_, 256u);
    let firstStart = firstValue + from_ * 64u;
    let lastStart = firstValue + lastKey * 64u;
    for (var j = 0u; j < here; j += 16u) {
      let weight0_0 = tile[j + rowGroup];
      let rowStart_0 = firstStart + j * 64u + firstColumn;
      let column0_0 = valueCache[rowStart_0];
      sums_0 += weight0_0 * column0_0;
      let weight0_1 = tile[j + rowGroup + 1u];
      let rowStart_1 = min(firstStart + j * 64u + 64u, lastStart) + firstColumn;
      let column0_1 = valueCache[rowStart_1];
      sums_0 += weight0_1 * column0_1;
      let weight0_2 = tile[j + rowGroup + 2u];
      let rowStart_2 = min(firstStart + j * 64u + 128u, lastStart) + firstColumn;
      let column0_2 = valueCache[rowStart_2];
      sums_0 += weight0_2 * column0_2;
      let weight0_3 = tile[j + rowGroup + 3u];
      let rowStart_3 = min(firstStart + j * 64u + 192u, lastStart) + firstColumn;
      let column0_3 = valueCache[rowStart_3];
      sums_0 += weight0_3 * column0_3;
      let weight0_4 = tile[j + rowGroup + 4u];
      let rowStart_4 = min(firstStart + j * 64u + 256u, lastStart) + firstColumn;
      let column0_4 = valueCache[rowStart_4];
      sums_0 += weight0_4 * column0_4;
      let weight0_5 = tile[j + rowGroup + 5u];
      let rowStart_5 = min(firstStart + j * 64u + 320u, lastStart) + firstColumn;
      let column0_5 = valueCache[rowStart_5];
      sums_0 += weight0_5 * column0_5;
      let weight0_6 = tile[j + rowGroup + 6u];
      let rowStart_6 = min(firstStart + j * 64u + 384u, lastStart) + firstColumn;
      let column0_6 = valueCache[rowStart_6];
      sums_0 += weight0_6 * column0_6;
      let weight0_7 = tile[j + rowGroup + 7u];
      let rowStart_7 = min(firstStart + j * 64u + 448u, lastStart) + firstColumn;
      let column0_7 = valueCache[rowStart_7];
      sums_0 += weight0_7 * column0_7;
      let weight0_8 = tile[j + rowGroup + 8u];
      let rowStart_8 = min(firstStart + j * 64u + 512u, lastStart) + firstColumn;
      let column0_8 = valueCache[rowStart_8];
      sums_0 += weight0_8 * column0_8;
      let weight0_9 = tile[j + rowGroup + 9u];
      let rowStart_9 = min(firstStart + j * 64u + 576u, lastStart) + firstColumn;
      let column0_9 = valueCache[rowStart_9];
      sums_0 += weight0_9 * column0_9;
      let weight0_10 = tile[j + rowGroup + 10u];
      let rowStart_10 = min(firstStart + j * 64u + 640u, lastStart) + firstColumn;
      let column0_10 = valueCache[rowStart_10];
      sums_0 += weight0_10 * column0_10;
      let weight0_11 = tile[j + rowGroup + 11u];
      let rowStart_11 = min(firstStart + j * 64u + 704u, lastStart) + firstColumn;
      let column0_11 = valueCache[rowStart_11];
      sums_0 += weight0_11 * column0_11;
      let weight0_12 = tile[j + rowGroup + 12u];
      let rowStart_12 = min(firstStart + j * 64u + 768u, lastStart) + firstColumn;
      let column0_12 = valueCache[rowStart_12];
      sums_0 += weight0_12 * column0_12;
      let weight0_13 = tile[j + rowGroup + 13u];
      let rowStart_13 = min(firstStart + j * 64u + 832u, lastStart) + firstColumn;
      let column0_13 = valueCache[rowStart_13];
      sums_0 += weight0_13 * column0_13;
      let weight0_14 = tile[j + rowGroup + 14u];
      let rowStart_14 = min(firstStart + j * 64u + 896u, lastStart) + firstColumn;
      let column0_14 = valueCache[rowStart_14];
      sums_0 += weight0_14 * column0_14;
      let weight0_15 = tile[j + rowGroup + 15u];
      let rowStart_15 = min(firstStart + j * 64u + 960u, lastStart) + firstColumn;
      let column0_15 = valueCache[rowStart_15];
      sums_0 += weight0_15 * column0_15;
    }
    workgroupBarrier();
  }
  tile[columnGroup + rowGroup] = total0;
  workgroupBarrier();
  var denominator0 = vec4f(0.0);
  for (var other = 0u; other < 64u * unknownOne; other += 4u) {
    denominator0 += tile[other + rowGroup];
    denominator0 += tile[other + rowGroup + 1u];
    denominator0 += tile[other + rowGroup + 2u];
    denominator0 += tile[other + rowGroup + 3u];
  }
  let row0 = firstRow + rowGroup * 4u;
  if (row0 < shape.heads / shape.kvHeads) {
    let out0 = ((slice * shape.chunks + part) * (shape.heads / shape.kvHeads) + row0) * 66u;
    attend_cached_tokenParts[out0 + firstColumn] = sums_0.x;
    if (columnGroup + valueTile == 0u) {
      attend_cached_tokenParts[out0 + 64u] = denominator0.x;
      attend_cached_tokenParts[out0 + 65u] = rowScale0.x;
    }
  }
  let row1 = firstRow + rowGroup * 4u + 1u;
  if (row1 < shape.heads / shape.kvHeads) {
    let out1 = ((slice * shape.chunks + part) * (shape.heads / shape.kvHeads) + row1) * 66u;
    attend_cached_tokenParts[out1 + firstColumn] = sums_0.y;
    if (columnGroup + valueTile == 0u) {
      attend_cached_tokenParts[out1 + 64u] = denominator0.y;
      attend_cached_tokenParts[out1 + 65u] = rowScale0.y;
    }
  }
  let row2 = firstRow + rowGroup * 4u + 2u;
  if (row2 < shape.heads / shape.kvHeads) {
    let out2 = ((slice * shape.chunks + part) * (shape.heads / shape.kvHeads) + row2) * 66u;
    attend_cached_tokenParts[out2 + firstColumn] = sums_0.z;
    if (columnGroup + valueTile == 0u) {
      attend_cached_tokenParts[out2 + 64u] = denominator0.z;
      attend_cached_tokenParts[out2 + 65u] = rowScale0.z;
    }
  }
  let row3 = firstRow + rowGroup * 4u + 3u;
  if (row3 < shape.heads / shape.kvHeads) {
    let out3 = ((slice * shape.chunks + part) * (shape.heads / shape.kvHeads) + row3) * 66u;
    attend_cached_tokenParts[out3 + firstColumn] = sums_0.w;
    if (columnGroup + valueTile == 0u) {
      attend_cached_tokenParts[out3 + 64u] = denominator0.w;
      attend_cached_tokenParts[out3 + 65u] = rowScale0.w;
    }
  }
}
