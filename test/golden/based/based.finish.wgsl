// finish: Each row: φ(q)·S of the chunks before, plus the pairs of its own chunk, over φ(q)·z likewise.
// 32 threads a workgroup, 12288 bytes of workgroup memory
// reads q, k, v, lengths; writes state, out

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
@group(0) @binding(4) var<storage, read> lengths: array<u32>;
@group(0) @binding(5) var<storage, read_write> state: array<f32>;
@group(0) @binding(6) var<storage, read_write> out: array<f32>;

var<workgroup> query: array<vec4f, 256>;
var<workgroup> key: array<vec4f, 256>;
var<workgroup> pairs: array<vec4f, 256>;

@compute @workgroup_size(32, 1, 1)
fn finish(
  @builtin(local_invocation_index) thread: u32,
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(num_workgroups) workgroup_counts: vec3u,
) {
  let workgroup = workgroup_id.x + workgroup_id.y * workgroup_counts.x;
  if (workgroup >= shape.sliceCount * ((shape.heads + shape.kvHeads - 1u) / shape.kvHeads) * ((shape.length + 31u) / 32u)) {
    return;
  }
  // 1, which no compiler knows: loops up to a multiple of it are not written out
  let once = min(shape.sliceCount, 1u);
  let valueTile = 0u;
  let rowTile = workgroup % ((shape.length + 31u) / 32u);
  let rest2 = workgroup / ((shape.length + 31u) / 32u);
  let headInGroup = rest2 % (shape.heads / shape.kvHeads);
  let slice = rest2 / (shape.heads / shape.kvHeads);
  let group = shape.sliceStart + slice;
  let batchItem = group / shape.kvHeads;
  let keyGroup = group;
  let visible = min(lengths[batchItem], shape.keyLength);
  let queryHead = group * (shape.heads / shape.kvHeads) + headInGroup;
  let rowGroup = thread / 8u;
  let columnGroup = thread % 8u;
  let firstColumn = valueTile * 64u + columnGroup;
  let firstRow = rowTile * 32u;
  let keys = min(max(visible, firstRow) - firstRow, 32u);
  let stateStart = (slice * shape.chunks + rowTile) * 17745u;
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
  var totals_0 = vec4f(0.0);
  var totals_1 = vec4f(0.0);
  var scores_0 = vec4f(0.0);
  var scores_1 = vec4f(0.0);
  var scores_2 = vec4f(0.0);
  var scores_3 = vec4f(0.0);
  var scores_4 = vec4f(0.0);
  var scores_5 = vec4f(0.0);
  var scores_6 = vec4f(0.0);
  var scores_7 = vec4f(0.0);
  for (var components0 = 0u; components0 < 32u; components0 += 32u) {
    let count = min(max(1u, components0) - components0, 32u);
    let firstFeature = components0;
    for (var queryItem = thread; queryItem < 256u; queryItem += 32u) {
      let queryComponent = queryItem % 32u;
      let queryFour = queryItem / 32u;
      let qRow0 = min(firstRow + queryFour * 4u, max(shape.length, 1u) - 1u);
      let qRow1 = min(firstRow + queryFour * 4u + 1u, max(shape.length, 1u) - 1u);
      let qRow2 = min(firstRow + queryFour * 4u + 2u, max(shape.length, 1u) - 1u);
      let qRow3 = min(firstRow + queryFour * 4u + 3u, max(shape.length, 1u) - 1u);
      let qStart0 = queryHead * shape.length * 16u + qRow0 * 16u;
      let qStart1 = queryHead * shape.length * 16u + qRow1 * 16u;
      let qStart2 = queryHead * shape.length * 16u + qRow2 * 16u;
      let qStart3 = queryHead * shape.length * 16u + qRow3 * 16u;
      let qComponent0 = min(components0 + queryComponent, 0u);
      query[queryComponent * 8u + queryFour] = vec4f(1.0);
    }
    for (var keyItem = thread; keyItem < 256u; keyItem += 32u) {
      let keyComponent = keyItem % 32u;
      let keyFour = keyItem / 32u;
      let kRow0 = min(firstRow + keyFour * 4u, max(visible, 1u) - 1u);
      let kRow1 = min(firstRow + keyFour * 4u + 1u, max(visible, 1u) - 1u);
      let kRow2 = min(firstRow + keyFour * 4u + 2u, max(visible, 1u) - 1u);
      let kRow3 = min(firstRow + keyFour * 4u + 3u, max(visible, 1u) - 1u);
      let kStart0 = keyGroup * shape.keyLength * 16u + kRow0 * 16u;
      let kStart1 = keyGroup * shape.keyLength * 16u + kRow1 * 16u;
      let kStart2 = keyGroup * shape.keyLength * 16u + kRow2 * 16u;
      let kStart3 = keyGroup * shape.keyLength * 16u + kRow3 * 16u;
      let kComponent0 = min(components0 + keyComponent, 0u);
      key[keyComponent * 8u + keyFour] = vec4f(1.0);
    }
    workgroupBarrier();
    for (var f = 0u; f < count; f++) {
      let weight0 = query[f * 8u + rowGroup * 2u];
      let weight1 = query[f * 8u + (rowGroup * 2u + 1u)];
      let feature = firstFeature + f;
      let rowStart = stateStart + feature * 64u + firstColumn;
      let column0 = state[rowStart];
      let column1 = state[rowStart + 8u];
      let column2 = state[rowStart + 16u];
      let column3 = state[rowStart + 24u];
      let column4 = state[rowStart + 32u];
      let column5 = state[rowStart + 40u];
      let column6 = state[rowStart + 48u];
      let column7 = state[rowStart + 56u];
      let z = state[stateStart + 17472u + feature];
      totals_0 += weight0 * z;
      sums_0 += weight0 * column0;
      sums_1 += weight0 * column1;
      sums_2 += weight0 * column2;
      sums_3 += weight0 * column3;
      sums_4 += weight0 * column4;
      sums_5 += weight0 * column5;
      sums_6 += weight0 * column6;
      sums_7 += weight0 * column7;
      totals_1 += weight1 * z;
      sums_8 += weight1 * column0;
      sums_9 += weight1 * column1;
      sums_10 += weight1 * column2;
      sums_11 += weight1 * column3;
      sums_12 += weight1 * column4;
      sums_13 += weight1 * column5;
      sums_14 += weight1 * column6;
      sums_15 += weight1 * column7;
      let ofKey = key[f * 8u + columnGroup];
      scores_0 += weight0 * ofKey.x;
      scores_1 += weight0 * ofKey.y;
      scores_2 += weight0 * ofKey.z;
      scores_3 += weight0 * ofKey.w;
      scores_4 += weight1 * ofKey.x;
      scores_5 += weight1 * ofKey.y;
      scores_6 += weight1 * ofKey.z;
      scores_7 += weight1 * ofKey.w;
    }
    workgroupBarrier();
  }
  for (var components1 = 0u; components1 < 32u; components1 += 32u) {
    let count = min(max(16u, components1) - components1, 32u);
    let firstFeature = components1 + 1u;
    for (var queryItem = thread; queryItem < 256u; queryItem += 32u) {
      let queryComponent = queryItem % 32u;
      let queryFour = queryItem / 32u;
      let qRow0 = min(firstRow + queryFour * 4u, max(shape.length, 1u) - 1u);
      let qRow1 = min(firstRow + queryFour * 4u + 1u, max(shape.length, 1u) - 1u);
      let qRow2 = min(firstRow + queryFour * 4u + 2u, max(shape.length, 1u) - 1u);
      let qRow3 = min(firstRow + queryFour * 4u + 3u, max(shape.length, 1u) - 1u);
      let qStart0 = queryHead * shape.length * 16u + qRow0 * 16u;
      let qStart1 = queryHead * shape.length * 16u + qRow1 * 16u;
      let qStart2 = queryHead * shape.length * 16u + qRow2 * 16u;
      let qStart3 = queryHead * shape.length * 16u + qRow3 * 16u;
      let qComponent0 = min(components1 + queryComponent, 15u);
      let q_x1 = vec4f(
        q[qStart0 + qComponent0],
        q[qStart1 + qComponent0],
        q[qStart2 + qComponent0],
        q[qStart3 + qComponent0],
      );
      let q_value2 = 0.5 * q_x1;
      query[queryComponent * 8u + queryFour] = q_value2;
    }
    for (var keyItem = thread; keyItem < 256u; keyItem += 32u) {
      let keyComponent = keyItem % 32u;
      let keyFour = keyItem / 32u;
      let kRow0 = min(firstRow + keyFour * 4u, max(visible, 1u) - 1u);
      let kRow1 = min(firstRow + keyFour * 4u + 1u, max(visible, 1u) - 1u);
      let kRow2 = min(firstRow + keyFour * 4u + 2u, max(visible, 1u) - 1u);
      let kRow3 = min(firstRow + keyFour * 4u + 3u, max(visible, 1u) - 1u);
      let kStart0 = keyGroup * shape.keyLength * 16u + kRow0 * 16u;
      let kStart1 = keyGroup * shape.keyLength * 16u + kRow1 * 16u;
      let kStart2 = keyGroup * shape.keyLength * 16u + kRow2 * 16u;
      let kStart3 = keyGroup * shape.keyLength * 16u + kRow3 * 16u;
      let kComponent0 = min(components1 + keyComponent, 15u);
      let k_x1 = vec4f(
        k[kStart0 + kComponent0],
        k[kStart1 + kComponent0],
        k[kStart2 + kComponent0],
        k[kStart3 + kComponent0],
      );
      let k_value2 = 0.5 * k_x1;
      key[keyComponent * 8u + keyFour] = k_value2;
    }
    workgroupBarrier();
    for (var f = 0u; f < count; f++) {
      let weight0 = query[f * 8u + rowGroup * 2u];
      let weight1 = query[f * 8u + (rowGroup * 2u + 1u)];
      let feature = firstFeature + f;
      let rowStart = stateStart + feature * 64u + firstColumn;
      let column0 = state[rowStart];
      let column1 = state[rowStart + 8u];
      let column2 = state[rowStart + 16u];
      let column3 = state[rowStart + 24u];
      let column4 = state[rowStart + 32u];
      let column5 = state[rowStart + 40u];
      let column6 = state[rowStart + 48u];
      let column7 = state[rowStart + 56u];
      let z = state[stateStart + 17472u + feature];
      totals_0 += weight0 * z;
      sums_0 += weight0 * column0;
      sums_1 += weight0 * column1;
      sums_2 += weight0 * column2;
      sums_3 += weight0 * column3;
      sums_4 += weight0 * column4;
      sums_5 += weight0 * column5;
      sums_6 += weight0 * column6;
      sums_7 += weight0 * column7;
      totals_1 += weight1 * z;
      sums_8 += weight1 * column0;
      sums_9 += weight1 * column1;
      sums_10 += weight1 * column2;
      sums_11 += weight1 * column3;
      sums_12 += weight1 * column4;
      sums_13 += weight1 * column5;
      sums_14 += weight1 * column6;
      sums_15 += weight1 * column7;
      let ofKey = key[f * 8u + columnGroup];
      scores_0 += weight0 * ofKey.x;
      scores_1 += weight0 * ofKey.y;
      scores_2 += weight0 * ofKey.z;
      scores_3 += weight0 * ofKey.w;
      scores_4 += weight1 * ofKey.x;
      scores_5 += weight1 * ofKey.y;
      scores_6 += weight1 * ofKey.z;
      scores_7 += weight1 * ofKey.w;
    }
    workgroupBarrier();
  }
  for (var components2 = 0u; components2 < 256u * once; components2 += 32u) {
    let count = min(max(256u, components2) - components2, 32u);
    let firstFeature = components2 + 17u;
    for (var queryItem = thread; queryItem < 256u; queryItem += 32u) {
      let queryComponent = queryItem % 32u;
      let queryFour = queryItem / 32u;
      let qRow0 = min(firstRow + queryFour * 4u, max(shape.length, 1u) - 1u);
      let qRow1 = min(firstRow + queryFour * 4u + 1u, max(shape.length, 1u) - 1u);
      let qRow2 = min(firstRow + queryFour * 4u + 2u, max(shape.length, 1u) - 1u);
      let qRow3 = min(firstRow + queryFour * 4u + 3u, max(shape.length, 1u) - 1u);
      let qStart0 = queryHead * shape.length * 16u + qRow0 * 16u;
      let qStart1 = queryHead * shape.length * 16u + qRow1 * 16u;
      let qStart2 = queryHead * shape.length * 16u + qRow2 * 16u;
      let qStart3 = queryHead * shape.length * 16u + qRow3 * 16u;
      let qComponent0 = components2 + queryComponent;
      let q_x1 = vec4f(
        q[qStart0 + qComponent0 / 16u],
        q[qStart1 + qComponent0 / 16u],
        q[qStart2 + qComponent0 / 16u],
        q[qStart3 + qComponent0 / 16u],
      );
      let q_x2 = vec4f(
        q[qStart0 + qComponent0 % 16u],
        q[qStart1 + qComponent0 % 16u],
        q[qStart2 + qComponent0 % 16u],
        q[qStart3 + qComponent0 % 16u],
      );
      let q_value3 = 0.17677669 * q_x1 * q_x2;
      query[queryComponent * 8u + queryFour] = q_value3;
    }
    for (var keyItem = thread; keyItem < 256u; keyItem += 32u) {
      let keyComponent = keyItem % 32u;
      let keyFour = keyItem / 32u;
      let kRow0 = min(firstRow + keyFour * 4u, max(visible, 1u) - 1u);
      let kRow1 = min(firstRow + keyFour * 4u + 1u, max(visible, 1u) - 1u);
      let kRow2 = min(firstRow + keyFour * 4u + 2u, max(visible, 1u) - 1u);
      let kRow3 = min(firstRow + keyFour * 4u + 3u, max(visible, 1u) - 1u);
      let kStart0 = keyGroup * shape.keyLength * 16u + kRow0 * 16u;
      let kStart1 = keyGroup * shape.keyLength * 16u + kRow1 * 16u;
      let kStart2 = keyGroup * shape.keyLength * 16u + kRow2 * 16u;
      let kStart3 = keyGroup * shape.keyLength * 16u + kRow3 * 16u;
      let kComponent0 = components2 + keyComponent;
      let k_x1 = vec4f(
        k[kStart0 + kComponent0 / 16u],
        k[kStart1 + kComponent0 / 16u],
        k[kStart2 + kComponent0 / 16u],
        k[kStart3 + kComponent0 / 16u],
      );
      let k_x2 = vec4f(
        k[kStart0 + kComponent0 % 16u],
        k[kStart1 + kComponent0 % 16u],
        k[kStart2 + kComponent0 % 16u],
        k[kStart3 + kComponent0 % 16u],
      );
      let k_value3 = 0.17677669 * k_x1 * k_x2;
      key[keyComponent * 8u + keyFour] = k_value3;
    }
    workgroupBarrier();
    for (var f = 0u; f < count; f++) {
      let weight0 = query[f * 8u + rowGroup * 2u];
      let weight1 = query[f * 8u + (rowGroup * 2u + 1u)];
      let feature = firstFeature + f;
      let rowStart = stateStart + feature * 64u + firstColumn;
      let column0 = state[rowStart];
      let column1 = state[rowStart + 8u];
      let column2 = state[rowStart + 16u];
      let column3 = state[rowStart + 24u];
      let column4 = state[rowStart + 32u];
      let column5 = state[rowStart + 40u];
      let column6 = state[rowStart + 48u];
      let column7 = state[rowStart + 56u];
      let z = state[stateStart + 17472u + feature];
      totals_0 += weight0 * z;
      sums_0 += weight0 * column0;
      sums_1 += weight0 * column1;
      sums_2 += weight0 * column2;
      sums_3 += weight0 * column3;
      sums_4 += weight0 * column4;
      sums_5 += weight0 * column5;
      sums_6 += weight0 * column6;
      sums_7 += weight0 * column7;
      totals_1 += weight1 * z;
      sums_8 += weight1 * column0;
      sums_9 += weight1 * column1;
      sums_10 += weight1 * column2;
      sums_11 += weight1 * column3;
      sums_12 += weight1 * column4;
      sums_13 += weight1 * column5;
      sums_14 += weight1 * column6;
      sums_15 += weight1 * column7;
      let ofKey = key[f * 8u + columnGroup];
      scores_0 += weight0 * ofKey.x;
      scores_1 += weight0 * ofKey.y;
      scores_2 += weight0 * ofKey.z;
      scores_3 += weight0 * ofKey.w;
      scores_4 += weight1 * ofKey.x;
      scores_5 += weight1 * ofKey.y;
      scores_6 += weight1 * ofKey.z;
      scores_7 += weight1 * ofKey.w;
    }
    workgroupBarrier();
  }
  // pairs inside the chunk: key j for rows i ≥ j
  let key0 = columnGroup * 4u;
  let score0 = scores_0;
  pairs[key0 * 8u + rowGroup * 2u] = vec4f(
    select(0.0, score0.x, key0 <= rowGroup * 8u),
    select(0.0, score0.y, key0 <= rowGroup * 8u + 1u),
    select(0.0, score0.z, key0 <= rowGroup * 8u + 2u),
    select(0.0, score0.w, key0 <= rowGroup * 8u + 3u),
  );
  let score4 = scores_4;
  pairs[key0 * 8u + (rowGroup * 2u + 1u)] = vec4f(
    select(0.0, score4.x, key0 <= (rowGroup * 2u + 1u) * 4u),
    select(0.0, score4.y, key0 <= (rowGroup * 2u + 1u) * 4u + 1u),
    select(0.0, score4.z, key0 <= (rowGroup * 2u + 1u) * 4u + 2u),
    select(0.0, score4.w, key0 <= (rowGroup * 2u + 1u) * 4u + 3u),
  );
  let key1 = columnGroup * 4u + 1u;
  let score1 = scores_1;
  pairs[key1 * 8u + rowGroup * 2u] = vec4f(
    select(0.0, score1.x, key1 <= rowGroup * 8u),
    select(0.0, score1.y, key1 <= rowGroup * 8u + 1u),
    select(0.0, score1.z, key1 <= rowGroup * 8u + 2u),
    select(0.0, score1.w, key1 <= rowGroup * 8u + 3u),
  );
  let score5 = scores_5;
  pairs[key1 * 8u + (rowGroup * 2u + 1u)] = vec4f(
    select(0.0, score5.x, key1 <= (rowGroup * 2u + 1u) * 4u),
    select(0.0, score5.y, key1 <= (rowGroup * 2u + 1u) * 4u + 1u),
    select(0.0, score5.z, key1 <= (rowGroup * 2u + 1u) * 4u + 2u),
    select(0.0, score5.w, key1 <= (rowGroup * 2u + 1u) * 4u + 3u),
  );
  let key2 = columnGroup * 4u + 2u;
  let score2 = scores_2;
  pairs[key2 * 8u + rowGroup * 2u] = vec4f(
    select(0.0, score2.x, key2 <= rowGroup * 8u),
    select(0.0, score2.y, key2 <= rowGroup * 8u + 1u),
    select(0.0, score2.z, key2 <= rowGroup * 8u + 2u),
    select(0.0, score2.w, key2 <= rowGroup * 8u + 3u),
  );
  let score6 = scores_6;
  pairs[key2 * 8u + (rowGroup * 2u + 1u)] = vec4f(
    select(0.0, score6.x, key2 <= (rowGroup * 2u + 1u) * 4u),
    select(0.0, score6.y, key2 <= (rowGroup * 2u + 1u) * 4u + 1u),
    select(0.0, score6.z, key2 <= (rowGroup * 2u + 1u) * 4u + 2u),
    select(0.0, score6.w, key2 <= (rowGroup * 2u + 1u) * 4u + 3u),
  );
  let key3 = columnGroup * 4u + 3u;
  let score3 = scores_3;
  pairs[key3 * 8u + rowGroup * 2u] = vec4f(
    select(0.0, score3.x, key3 <= rowGroup * 8u),
    select(0.0, score3.y, key3 <= rowGroup * 8u + 1u),
    select(0.0, score3.z, key3 <= rowGroup * 8u + 2u),
    select(0.0, score3.w, key3 <= rowGroup * 8u + 3u),
  );
  let score7 = scores_7;
  pairs[key3 * 8u + (rowGroup * 2u + 1u)] = vec4f(
    select(0.0, score7.x, key3 <= (rowGroup * 2u + 1u) * 4u),
    select(0.0, score7.y, key3 <= (rowGroup * 2u + 1u) * 4u + 1u),
    select(0.0, score7.z, key3 <= (rowGroup * 2u + 1u) * 4u + 2u),
    select(0.0, score7.w, key3 <= (rowGroup * 2u + 1u) * 4u + 3u),
  );
  workgroupBarrier();
  for (var j = 0u; j < min(keys, (rowGroup + 1u) * 8u); j++) {
    let pair0 = pairs[j * 8u + rowGroup * 2u];
    let pair1 = pairs[j * 8u + (rowGroup * 2u + 1u)];
    let rowStart = keyGroup * shape.keyLength * 64u + firstRow * 64u + j * 64u + firstColumn;
    let column0 = v[rowStart];
    let column1 = v[rowStart + 8u];
    let column2 = v[rowStart + 16u];
    let column3 = v[rowStart + 24u];
    let column4 = v[rowStart + 32u];
    let column5 = v[rowStart + 40u];
    let column6 = v[rowStart + 48u];
    let column7 = v[rowStart + 56u];
    totals_0 += pair0;
    sums_0 += pair0 * column0;
    sums_1 += pair0 * column1;
    sums_2 += pair0 * column2;
    sums_3 += pair0 * column3;
    sums_4 += pair0 * column4;
    sums_5 += pair0 * column5;
    sums_6 += pair0 * column6;
    sums_7 += pair0 * column7;
    totals_1 += pair1;
    sums_8 += pair1 * column0;
    sums_9 += pair1 * column1;
    sums_10 += pair1 * column2;
    sums_11 += pair1 * column3;
    sums_12 += pair1 * column4;
    sums_13 += pair1 * column5;
    sums_14 += pair1 * column6;
    sums_15 += pair1 * column7;
  }
  let factor0 = vec4f(
    select(1.0 / select(totals_0.x, 1.0, totals_0.x == 0.0), 0.0, totals_0.x == 0.0),
    select(1.0 / select(totals_0.y, 1.0, totals_0.y == 0.0), 0.0, totals_0.y == 0.0),
    select(1.0 / select(totals_0.z, 1.0, totals_0.z == 0.0), 0.0, totals_0.z == 0.0),
    select(1.0 / select(totals_0.w, 1.0, totals_0.w == 0.0), 0.0, totals_0.w == 0.0),
  );
  let factor1 = vec4f(
    select(1.0 / select(totals_1.x, 1.0, totals_1.x == 0.0), 0.0, totals_1.x == 0.0),
    select(1.0 / select(totals_1.y, 1.0, totals_1.y == 0.0), 0.0, totals_1.y == 0.0),
    select(1.0 / select(totals_1.z, 1.0, totals_1.z == 0.0), 0.0, totals_1.z == 0.0),
    select(1.0 / select(totals_1.w, 1.0, totals_1.w == 0.0), 0.0, totals_1.w == 0.0),
  );
  let row0 = firstRow + rowGroup * 8u;
  if (row0 < shape.length) {
    let out0 = queryHead * shape.length * 64u + row0 * 64u;
    out[out0 + firstColumn] = (sums_0 * factor0).x;
    out[out0 + (firstColumn + 8u)] = (sums_1 * factor0).x;
    out[out0 + (firstColumn + 16u)] = (sums_2 * factor0).x;
    out[out0 + (firstColumn + 24u)] = (sums_3 * factor0).x;
    out[out0 + (firstColumn + 32u)] = (sums_4 * factor0).x;
    out[out0 + (firstColumn + 40u)] = (sums_5 * factor0).x;
    out[out0 + (firstColumn + 48u)] = (sums_6 * factor0).x;
    out[out0 + (firstColumn + 56u)] = (sums_7 * factor0).x;
  }
  let row1 = firstRow + rowGroup * 8u + 1u;
  if (row1 < shape.length) {
    let out1 = queryHead * shape.length * 64u + row1 * 64u;
    out[out1 + firstColumn] = (sums_0 * factor0).y;
    out[out1 + (firstColumn + 8u)] = (sums_1 * factor0).y;
    out[out1 + (firstColumn + 16u)] = (sums_2 * factor0).y;
    out[out1 + (firstColumn + 24u)] = (sums_3 * factor0).y;
    out[out1 + (firstColumn + 32u)] = (sums_4 * factor0).y;
    out[out1 + (firstColumn + 40u)] = (sums_5 * factor0).y;
    out[out1 + (firstColumn + 48u)] = (sums_6 * factor0).y;
    out[out1 + (firstColumn + 56u)] = (sums_7 * factor0).y;
  }
  let row2 = firstRow + rowGroup * 8u + 2u;
  if (row2 < shape.length) {
    let out2 = queryHead * shape.length * 64u + row2 * 64u;
    out[out2 + firstColumn] = (sums_0 * factor0).z;
    out[out2 + (firstColumn + 8u)] = (sums_1 * factor0).z;
    out[out2 + (firstColumn + 16u)] = (sums_2 * factor0).z;
    out[out2 + (firstColumn + 24u)] = (sums_3 * factor0).z;
    out[out2 + (firstColumn + 32u)] = (sums_4 * factor0).z;
    out[out2 + (firstColumn + 40u)] = (sums_5 * factor0).z;
    out[out2 + (firstColumn + 48u)] = (sums_6 * factor0).z;
    out[out2 + (firstColumn + 56u)] = (sums_7 * factor0).z;
  }
  let row3 = firstRow + rowGroup * 8u + 3u;
  if (row3 < shape.length) {
    let out3 = queryHead * shape.length * 64u + row3 * 64u;
    out[out3 + firstColumn] = (sums_0 * factor0).w;
    out[out3 + (firstColumn + 8u)] = (sums_1 * factor0).w;
    out[out3 + (firstColumn + 16u)] = (sums_2 * factor0).w;
    out[out3 + (firstColumn + 24u)] = (sums_3 * factor0).w;
    out[out3 + (firstColumn + 32u)] = (sums_4 * factor0).w;
    out[out3 + (firstColumn + 40u)] = (sums_5 * factor0).w;
    out[out3 + (firstColumn + 48u)] = (sums_6 * factor0).w;
    out[out3 + (firstColumn + 56u)] = (sums_7 * factor0).w;
  }
  let row4 = firstRow + (rowGroup * 2u + 1u) * 4u;
  if (row4 < shape.length) {
    let out4 = queryHead * shape.length * 64u + row4 * 64u;
    out[out4 + firstColumn] = (sums_8 * factor1).x;
    out[out4 + (firstColumn + 8u)] = (sums_9 * factor1).x;
    out[out4 + (firstColumn + 16u)] = (sums_10 * factor1).x;
    out[out4 + (firstColumn + 24u)] = (sums_11 * factor1).x;
    out[out4 + (firstColumn + 32u)] = (sums_12 * factor1).x;
    out[out4 + (firstColumn + 40u)] = (sums_13 * factor1).x;
    out[out4 + (firstColumn + 48u)] = (sums_14 * factor1).x;
    out[out4 + (firstColumn + 56u)] = (sums_15 * factor1).x;
  }
  let row5 = firstRow + (rowGroup * 2u + 1u) * 4u + 1u;
  if (row5 < shape.length) {
    let out5 = queryHead * shape.length * 64u + row5 * 64u;
    out[out5 + firstColumn] = (sums_8 * factor1).y;
    out[out5 + (firstColumn + 8u)] = (sums_9 * factor1).y;
    out[out5 + (firstColumn + 16u)] = (sums_10 * factor1).y;
    out[out5 + (firstColumn + 24u)] = (sums_11 * factor1).y;
    out[out5 + (firstColumn + 32u)] = (sums_12 * factor1).y;
    out[out5 + (firstColumn + 40u)] = (sums_13 * factor1).y;
    out[out5 + (firstColumn + 48u)] = (sums_14 * factor1).y;
    out[out5 + (firstColumn + 56u)] = (sums_15 * factor1).y;
  }
  let row6 = firstRow + (rowGroup * 2u + 1u) * 4u + 2u;
  if (row6 < shape.length) {
    let out6 = queryHead * shape.length * 64u + row6 * 64u;
    out[out6 + firstColumn] = (sums_8 * factor1).z;
    out[out6 + (firstColumn + 8u)] = (sums_9 * factor1).z;
    out[out6 + (firstColumn + 16u)] = (sums_10 * factor1).z;
    out[out6 + (firstColumn + 24u)] = (sums_11 * factor1).z;
    out[out6 + (firstColumn + 32u)] = (sums_12 * factor1).z;
    out[out6 + (firstColumn + 40u)] = (sums_13 * factor1).z;
    out[out6 + (firstColumn + 48u)] = (sums_14 * factor1).z;
    out[out6 + (firstColumn + 56u)] = (sums_15 * factor1).z;
  }
  let row7 = firstRow + (rowGroup * 2u + 1u) * 4u + 3u;
  if (row7 < shape.length) {
    let out7 = queryHead * shape.length * 64u + row7 * 64u;
    out[out7 + firstColumn] = (sums_8 * factor1).w;
    out[out7 + (firstColumn + 8u)] = (sums_9 * factor1).w;
    out[out7 + (firstColumn + 16u)] = (sums_10 * factor1).w;
    out[out7 + (firstColumn + 24u)] = (sums_11 * factor1).w;
    out[out7 + (firstColumn + 32u)] = (sums_12 * factor1).w;
    out[out7 + (firstColumn + 40u)] = (sums_13 * factor1).w;
    out[out7 + (firstColumn + 48u)] = (sums_14 * factor1).w;
    out[out7 + (firstColumn + 56u)] = (sums_15 * factor1).w;
  }
}
