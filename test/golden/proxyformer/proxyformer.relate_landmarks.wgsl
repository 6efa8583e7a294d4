// relate_landmarks: Each row: Σ κ(q, k) v over Σ κ(q, k), in one pass over the keys.
// 64 threads a workgroup, 5120 bytes of workgroup memory
// reads queryLandmarks, landmarks; writes core

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
@group(0) @binding(1) var<storage, read> queryLandmarks: array<vec4f>;
@group(0) @binding(2) var<storage, read> landmarks: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> core: array<vec4f>;

var<workgroup> tile: array<vec4f, 320>;

@compute @workgroup_size(64, 1, 1)
fn relate_landmarks(
  @builtin(local_invocation_index) thread: u32,
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(num_workgroups) workgroup_counts: vec3u,
) {
  let workgroup = workgroup_id.x + workgroup_id.y * workgroup_counts.x;
  if (workgroup >= shape.heads * 4u) {
    return;
  }
  // 1, which no compiler knows: loops up to a multiple of it are not written out
  let unknownOne = min(shape.sliceCount, 1u);
  let valueTile = 0u;
  let rowTile = workgroup % 4u;
  let head = workgroup / 4u;
  let rowGroup = thread / 8u;
  let columnGroup = thread % 8u;
  let firstColumns = valueTile * 32u + columnGroup;
  let firstRow = rowTile * 32u;
  let firstQuery = head * 1024u;
  let firstKey = head * 1024u;
  let end = 128u;
  let lastQuery = max(128u, 1u) - 1u;
  let lastKey = max(end, 1u) - 1u;
  var sums_0 = vec4f(0.0);
  var sums_1 = vec4f(0.0);
  var sums_2 = vec4f(0.0);
  var sums_3 = vec4f(0.0);
  var sums_4 = vec4f(0.0);
  var sums_5 = vec4f(0.0);
  var sums_6 = vec4f(0.0);
  var sums_7 = vec4f(0.0);
  var sums_8 = vec4f(0.0);
  var sums_9 = vec4f(0.0);
  var sums_10 = vec4f(0.0);
  var sums_11 = vec4f(0.0);
  var sums_12 = vec4f(0.0);
  var sums_13 = vec4f(0.0);
  var sums_14 = vec4f(0.0);
  var sums_15 = vec4f(0.0);
  var total0 = vec4f(0.0);
  var rowScale0 = vec4f(-1e30);
  for (var from_ = 0u; from_ < end; from_ += 32u) {
    let allSeen = from_ + 32u <= end;
    var dot_0 = vec4f(0.0);
    var dot_1 = vec4f(0.0);
    var dot_2 = vec4f(0.0);
    var dot_3 = vec4f(0.0);
    for (var first = 0u; first < 32u * unknownOne; first += 16u) {
      let place = thread % 4u;
      let entries = first / 4u + place;
      let firstFour = thread / 4u;
      if (firstFour < 8u) {
        let row0_0 = queryLandmarks[min(firstRow + firstFour * 4u, lastQuery) * 8u + (firstQuery + entries)];
        let row1_0 = queryLandmarks[min(
          firstRow + (firstFour * 4u + 1u),
          lastQuery,
        ) * 8u + (firstQuery + entries)];
        let row2_0 = queryLandmarks[min(
          firstRow + (firstFour * 4u + 2u),
          lastQuery,
        ) * 8u + (firstQuery + entries)];
        let row3_0 = queryLandmarks[min(
          firstRow + (firstFour * 4u + 3u),
          lastQuery,
        ) * 8u + (firstQuery + entries)];
        tile[place * 10u + firstFour] = vec4f(row0_0.x, row1_0.x, row2_0.x, row3_0.x);
        tile[place * 10u + firstFour + 40u] = vec4f(row0_0.y, row1_0.y, row2_0.y, row3_0.y);
        tile[place * 10u + firstFour + 80u] = vec4f(row0_0.z, row1_0.z, row2_0.z, row3_0.z);
        tile[place * 10u + firstFour + 120u] = vec4f(row0_0.w, row1_0.w, row2_0.w, row3_0.w);
      }
      if (firstFour >= 8u) {
        let row0_1 = landmarks[min(from_ + (firstFour - 8u), lastKey) * 8u + (firstKey + entries)];
        let row1_1 = landmarks[min(from_ + (firstFour - 8u + 8u), lastKey) * 8u + (firstKey + entries)];
        let row2_1 = landmarks[min(from_ + (firstFour - 8u + 16u), lastKey) * 8u + (firstKey + entries)];
        let row3_1 = landmarks[min(from_ + (firstFour - 8u + 24u), lastKey) * 8u + (firstKey + entries)];
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
    let pair0_value1 = 0.25503486 * dot_0;
    let pair0_value2 = 0.25503486 * dot_1;
    let pair0_value3 = 0.25503486 * dot_2;
    let pair0_value4 = 0.25503486 * dot_3;
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
    tile[columnGroup * 9u + rowGroup] = max(max(max(max(score0_0, score0_0), score0_1), score0_2), score0_3);
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
    sums_8 *= shrink0;
    sums_9 *= shrink0;
    sums_10 *= shrink0;
    sums_11 *= shrink0;
    sums_12 *= shrink0;
    sums_13 *= shrink0;
    sums_14 *= shrink0;
    sums_15 *= shrink0;
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
    for (var j = 0u; j < here; j += 4u) {
      let weight0_0 = tile[j * 9u + rowGroup];
      sums_0 += weight0_0 * select(0.0, 1.0, from_ + j == firstColumns * 4u);
      sums_1 += weight0_0 * select(0.0, 1.0, from_ + j == firstColumns * 4u + 1u);
      sums_2 += weight0_0 * select(0.0, 1.0, from_ + j == firstColumns * 4u + 2u);
      sums_3 += weight0_0 * select(0.0, 1.0, from_ + j == firstColumns * 4u + 3u);
      sums_4 += weight0_0 * select(0.0, 1.0, from_ + j == (firstColumns + 8u) * 4u);
      sums_5 += weight0_0 * select(0.0, 1.0, from_ + j == (firstColumns + 8u) * 4u + 1u);
      sums_6 += weight0_0 * select(0.0, 1.0, from_ + j == (firstColumns + 8u) * 4u + 2u);
      sums_7 += weight0_0 * select(0.0, 1.0, from_ + j == (firstColumns + 8u) * 4u + 3u);
      sums_8 += weight0_0 * select(0.0, 1.0, from_ + j == (firstColumns + 16u) * 4u);
      sums_9 += weight0_0 * select(0.0, 1.0, from_ + j == (firstColumns + 16u) * 4u + 1u);
      sums_10 += weight0_0 * select(0.0, 1.0, from_ + j == (firstColumns + 16u) * 4u + 2u);
      sums_11 += weight0_0 * select(0.0, 1.0, from_ + j == (firstColumns + 16u) * 4u + 3u);
      sums_12 += weight0_0 * select(0.0, 1.0, from_ + j == (firstColumns + 24u) * 4u);
      sums_13 += weight0_0 * select(0.0, 1.0, from_ + j == (firstColumns + 24u) * 4u + 1u);
      sums_14 += weight0_0 * select(0.0, 1.0, from_ + j == (firstColumns + 24u) * 4u + 2u);
      sums_15 += weight0_0 * select(0.0, 1.0, from_ + j == (firstColumns + 24u) * 4u + 3u);
      let weight0_1 = tile[j * 9u + rowGroup + 9u];
      sums_0 += weight0_1 * select(0.0, 1.0, from_ + j + 1u == firstColumns * 4u);
      sums_1 += weight0_1 * select(0.0, 1.0, from_ + j + 1u == firstColumns * 4u + 1u);
      sums_2 += weight0_1 * select(0.0, 1.0, from_ + j + 1u == firstColumns * 4u + 2u);
      sums_3 += weight0_1 * select(0.0, 1.0, from_ + j + 1u == firstColumns * 4u + 3u);
      sums_4 += weight0_1 * select(0.0, 1.0, from_ + j + 1u == (firstColumns + 8u) * 4u);
      sums_5 += weight0_1 * select(0.0, 1.0, from_ + j + 1u == (firstColumns + 8u) * 4u + 1u);
      sums_6 += weight0_1 * select(0.0, 1.0, from_ + j + 1u == (firstColumns + 8u) * 4u + 2u);
      sums_7 += weight0_1 * select(0.0, 1.0, from_ + j + 1u == (firstColumns + 8u) * 4u + 3u);
      sums_8 += weight0_1 * select(0.0, 1.0, from_ + j + 1u == (firstColumns + 16u) * 4u);
      sums_9 += weight0_1 * select(0.0, 1.0, from_ + j + 1u == (firstColumns + 16u) * 4u + 1u);
      sums_10 += weight0_1 * select(0.0, 1.0, from_ + j + 1u == (firstColumns + 16u) * 4u + 2u);
      sums_11 += weight0_1 * select(0.0, 1.0, from_ + j + 1u == (firstColumns + 16u) * 4u + 3u);
      sums_12 += weight0_1 * select(0.0, 1.0, from_ + j + 1u == (firstColumns + 24u) * 4u);
      sums_13 += weight0_1 * select(0.0, 1.0, from_ + j + 1u == (firstColumns + 24u) * 4u + 1u);
      sums_14 += weight0_1 * select(0.0, 1.0, from_ + j + 1u == (firstColumns + 24u) * 4u + 2u);
      sums_15 += weight0_1 * select(0.0, 1.0, from_ + j + 1u == (firstColumns + 24u) * 4u + 3u);
      let weight0_2 = tile[j * 9u + rowGroup + 18u];
      sums_0 += weight0_2 * select(0.0, 1.0, from_ + j + 2u == firstColumns * 4u);
      sums_1 += weight0_2 * select(0.0, 1.0, from_ + j + 2u == firstColumns * 4u + 1u);
      sums_2 += weight0_2 * select(0.0, 1.0, from_ + j + 2u == firstColumns * 4u + 2u);
      sums_3 += weight0_2 * select(0.0, 1.0, from_ + j + 2u == firstColumns * 4u + 3u);
      sums_4 += weight0_2 * select(0.0, 1.0, from_ + j + 2u == (firstColumns + 8u) * 4u);
      sums_5 += weight0_2 * select(0.0, 1.0, from_ + j + 2u == (firstColumns + 8u) * 4u + 1u);
      sums_6 += weight0_2 * select(0.0, 1.0, from_ + j + 2u == (firstColumns + 8u) * 4u + 2u);
      sums_7 += weight0_2 * select(0.0, 1.0, from_ + j + 2u == (firstColumns + 8u) * 4u + 3u);
      sums_8 += weight0_2 * select(0.0, 1.0, from_ + j + 2u == (firstColumns + 16u) * 4u);
      sums_9 += weight0_2 * select(0.0, 1.0, from_ + j + 2u == (firstColumns + 16u) * 4u + 1u);
      sums_10 += weight0_2 * select(0.0, 1.0, from_ + j + 2u == (firstColumns + 16u) * 4u + 2u);
      sums_11 += weight0_2 * select(0.0, 1.0, from_ + j + 2u == (firstColumns + 16u) * 4u + 3u);
      sums_12 += weight0_2 * select(0.0, 1.0, from_ + j + 2u == (firstColumns + 24u) * 4u);
      sums_13 += weight0_2 * select(0.0, 1.0, from_ + j + 2u == (firstColumns + 24u) * 4u + 1u);
      sums_14 += weight0_2 * select(0.0, 1.0, from_ + j + 2u == (firstColumns + 24u) * 4u + 2u);
      sums_15 += weight0_2 * select(0.0, 1.0, from_ + j + 2u == (firstColumns + 24u) * 4u + 3u);
      let weight0_3 = tile[j * 9u + rowGroup + 27u];
      sums_0 += weight0_3 * select(0.0, 1.0, from_ + j + 3u == firstColumns * 4u);
      sums_1 += weight0_3 * select(0.0, 1.0, from_ + j + 3u == firstColumns * 4u + 1u);
      sums_2 += weight0_3 * select(0.0, 1.0, from_ + j + 3u == firstColumns * 4u + 2u);
      sums_3 += weight0_3 * select(0.0, 1.0, from_ + j + 3u == firstColumns * 4u + 3u);
      sums_4 += weight0_3 * select(0.0, 1.0, from_ + j + 3u == (firstColumns + 8u) * 4u);
      sums_5 += weight0_3 * select(0.0, 1.0, from_ + j + 3u == (firstColumns + 8u) * 4u + 1u);
      sums_6 += weight0_3 * select(0.0, 1.0, from_ + j + 3u == (firstColumns + 8u) * 4u + 2u);
      sums_7 += weight0_3 * select(0.0, 1.0, from_ + j + 3u == (firstColumns + 8u) * 4u + 3u);
      sums_8 += weight0_3 * select(0.0, 1.0, from_ + j + 3u == (firstColumns + 16u) * 4u);
      sums_9 += weight0_3 * select(0.0, 1.0, from_ + j + 3u == (firstColumns + 16u) * 4u + 1u);
      sums_10 += weight0_3 * select(0.0, 1.0, from_ + j + 3u == (firstColumns + 16u) * 4u + 2u);
      sums_11 += weight0_3 * select(0.0, 1.0, from_ + j + 3u == (firstColumns + 16u) * 4u + 3u);
      sums_12 += weight0_3 * select(0.0, 1.0, from_ + j + 3u == (firstColumns + 24u) * 4u);
      sums_13 += weight0_3 * select(0.0, 1.0, from_ + j + 3u == (firstColumns + 24u) * 4u + 1u);
      sums_14 += weight0_3 * select(0.0, 1.0, from_ + j + 3u == (firstColumns + 24u) * 4u + 2u);
      sums_15 += weight0_3 * select(0.0, 1.0, from_ + j + 3u == (firstColumns + 24u) * 4u + 3u);
    }
    workgroupBarrier();
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
  let factor = vec4f(
    select(1.0 / select(denominator0.x, 1.0, denominator0.x == 0.0), 0.0, denominator0.x == 0.0),
    select(1.0 / select(denominator0.y, 1.0, denominator0.y == 0.0), 0.0, denominator0.y == 0.0),
    select(1.0 / select(denominator0.z, 1.0, denominator0.z == 0.0), 0.0, denominator0.z == 0.0),
    select(1.0 / select(denominator0.w, 1.0, denominator0.w == 0.0), 0.0, denominator0.w == 0.0),
  );
  let row0 = firstRow + rowGroup * 4u;
  if (row0 < 128u) {
    let out0 = head * 4096u + row0 * 32u;
    core[out0 + firstColumns] = vec4f(
      (sums_0 * factor).x,
      (sums_1 * factor).x,
      (sums_2 * factor).x,
      (sums_3 * factor).x,
    );
    core[out0 + (firstColumns + 8u)] = vec4f(
      (sums_4 * factor).x,
      (sums_5 * factor).x,
      (sums_6 * factor).x,
      (sums_7 * factor).x,
    );
    core[out0 + (firstColumns + 16u)] = vec4f(
      (sums_8 * factor).x,
      (sums_9 * factor).x,
      (sums_10 * factor).x,
      (sums_11 * factor).x,
    );
    core[out0 + (firstColumns + 24u)] = vec4f(
      (sums_12 * factor).x,
      (sums_13 * factor).x,
      (sums_14 * factor).x,
      (sums_15 * factor).x,
    );
  }
  let row1 = firstRow + rowGroup * 4u + 1u;
  if (row1 < 128u) {
    let out1 = head * 4096u + row1 * 32u;
    core[out1 + firstColumns] = vec4f(
      (sums_0 * factor).y,
      (sums_1 * factor).y,
      (sums_2 * factor).y,
      (sums_3 * factor).y,
    );
    core[out1 + (firstColumns + 8u)] = vec4f(
      (sums_4 * factor).y,
      (sums_5 * factor).y,
      (sums_6 * factor).y,
      (sums_7 * factor).y,
    );
    core[out1 + (firstColumns + 16u)] = vec4f(
      (sums_8 * factor).y,
      (sums_9 * factor).y,
      (sums_10 * factor).y,
      (sums_11 * factor).y,
    );
    core[out1 + (firstColumns + 24u)] = vec4f(
      (sums_12 * factor).y,
      (sums_13 * factor).y,
      (sums_14 * factor).y,
      (sums_15 * factor).y,
    );
  }
  let row2 = firstRow + rowGroup * 4u + 2u;
  if (row2 < 128u) {
    let out2 = head * 4096u + row2 * 32u;
    core[out2 + firstColumns] = vec4f(
      (sums_0 * factor).z,
      (sums_1 * factor).z,
      (sums_2 * factor).z,
      (sums_3 * factor).z,
    );
    core[out2 + (firstColumns + 8u)] = vec4f(
      (sums_4 * factor).z,
      (sums_5 * factor).z,
      (sums_6 * factor).z,
      (sums_7 * factor).z,
    );
    core[out2 + (firstColumns + 16u)] = vec4f(
      (sums_8 * factor).z,
      (sums_9 * factor).z,
      (sums_10 * factor).z,
      (sums_11 * factor).z,
    );
    core[out2 + (firstColumns + 24u)] = vec4f(
      (sums_12 * factor).z,
      (sums_13 * factor).z,
      (sums_14 * factor).z,
      (sums_15 * factor).z,
    );
  }
  let row3 = firstRow + rowGroup * 4u + 3u;
  if (row3 < 128u) {
    let out3 = head * 4096u + row3 * 32u;
    core[out3 + firstColumns] = vec4f(
      (sums_0 * factor).w,
      (sums_1 * factor).w,
      (sums_2 * factor).w,
      (sums_3 * factor).w,
    );
    core[out3 + (firstColumns + 8u)] = vec4f(
      (sums_4 * factor).w,
      (sums_5 * factor).w,
      (sums_6 * factor).w,
      (sums_7 * factor).w,
    );
    core[out3 + (firstColumns + 16u)] = vec4f(
      (sums_8 * factor).w,
      (sums_9 * factor).w,
      (sums_10 * factor).w,
      (sums_11 * factor).w,
    );
    core[out3 + (firstColumns + 24u)] = vec4f(
      (sums_12 * factor).w,
      (sums_13 * factor).w,
      (sums_14 * factor).w,
      (sums_15 * factor).w,
    );
  }
}
