// finish: Each row: φ(q)·S of the chunks before, plus the pairs of its own chunk, over φ(q)·z likewise.
// 32 threads a workgroup, 12288 bytes of workgroup memory
// reads q, k, v, w, lengths; writes state, out

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
@group(0) @binding(4) var<storage, read> w: array<f32>;
@group(0) @binding(5) var<storage, read> lengths: array<u32>;
@group(0) @binding(6) var<storage, read_write> state: array<f32>;
@group(0) @binding(7) var<storage, read_write> out: array<f32>;

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
  let stateStart = (slice * shape.chunks + rowTile) * 16640u;
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
  let fillRows = thread / 4u;
  let fillColumn = thread % 4u;
  let qRow0 = min(firstRow + fillRows * 4u, max(shape.length, 1u) - 1u);
  let qRow1 = min(firstRow + fillRows * 4u + 1u, max(shape.length, 1u) - 1u);
  let qRow2 = min(firstRow + fillRows * 4u + 2u, max(shape.length, 1u) - 1u);
  let qRow3 = min(firstRow + fillRows * 4u + 3u, max(shape.length, 1u) - 1u);
  let qStart0 = queryHead * shape.length * 64u + qRow0 * 64u;
  let qStart1 = queryHead * shape.length * 64u + qRow1 * 64u;
  let qStart2 = queryHead * shape.length * 64u + qRow2 * 64u;
  let qStart3 = queryHead * shape.length * 64u + qRow3 * 64u;
  let kRow0 = min(firstRow + fillRows * 4u, max(visible, 1u) - 1u);
  let kRow1 = min(firstRow + fillRows * 4u + 1u, max(visible, 1u) - 1u);
  let kRow2 = min(firstRow + fillRows * 4u + 2u, max(visible, 1u) - 1u);
  let kRow3 = min(firstRow + fillRows * 4u + 3u, max(visible, 1u) - 1u);
  let kStart0 = keyGroup * shape.keyLength * 64u + kRow0 * 64u;
  let kStart1 = keyGroup * shape.keyLength * 64u + kRow1 * 64u;
  let kStart2 = keyGroup * shape.keyLength * 64u + kRow2 * 64u;
  let kStart3 = keyGroup * shape.keyLength * 64u + kRow3 * 64u;
  for (var components0 = 0u; components0 < 256u * once; components0 += 32u) {
    let count = min(max(256u, components0) - components0, 32u);
    let firstFeature = components0;
    let qComponent0 = components0 + fillColumn;
    let qComponent1 = components0 + (fillColumn + 4u);
    let qComponent2 = components0 + (fillColumn + 8u);
    let qComponent3 = components0 + (fillColumn + 12u);
    let qComponent4 = components0 + (fillColumn + 16u);
    let qComponent5 = components0 + (fillColumn + 20u);
    let qComponent6 = components0 + (fillColumn + 24u);
    let qComponent7 = components0 + (fillColumn + 28u);
    let qProjection0 = qComponent0 * 64u;
    let qProjection1 = qComponent1 * 64u;
    let qProjection2 = qComponent2 * 64u;
    let qProjection3 = qComponent3 * 64u;
    let qProjection4 = qComponent4 * 64u;
    let qProjection5 = qComponent5 * 64u;
    let qProjection6 = qComponent6 * 64u;
    let qProjection7 = qComponent7 * 64u;
    var q_sum1_0 = vec4f(0.0);
    var q_sum1_1 = vec4f(0.0);
    var q_sum1_2 = vec4f(0.0);
    var q_sum1_3 = vec4f(0.0);
    var q_sum1_4 = vec4f(0.0);
    var q_sum1_5 = vec4f(0.0);
    var q_sum1_6 = vec4f(0.0);
    var q_sum1_7 = vec4f(0.0);
    for (var q_t2 = 0u; q_t2 < 64u; q_t2++) {
      let q_w3 = w[qProjection0 + q_t2];
      let q_x4 = vec4f(q[qStart0 + q_t2], q[qStart1 + q_t2], q[qStart2 + q_t2], q[qStart3 + q_t2]);
      let q_w5 = w[qProjection1 + q_t2];
      let q_w6 = w[qProjection2 + q_t2];
      let q_w7 = w[qProjection3 + q_t2];
      let q_w8 = w[qProjection4 + q_t2];
      let q_w9 = w[qProjection5 + q_t2];
      let q_w10 = w[qProjection6 + q_t2];
      let q_w11 = w[qProjection7 + q_t2];
      q_sum1_0 += q_w3 * q_x4;
      q_sum1_1 += q_w5 * q_x4;
      q_sum1_2 += q_w6 * q_x4;
      q_sum1_3 += q_w7 * q_x4;
      q_sum1_4 += q_w8 * q_x4;
      q_sum1_5 += q_w9 * q_x4;
      q_sum1_6 += q_w10 * q_x4;
      q_sum1_7 += q_w11 * q_x4;
    }
    let q_value12 = 0.0625 * (max(0.35355338 * q_sum1_0, vec4f(0.0)) + 0.001);
    let q_value13 = 0.0625 * (max(0.35355338 * q_sum1_1, vec4f(0.0)) + 0.001);
    let q_value14 = 0.0625 * (max(0.35355338 * q_sum1_2, vec4f(0.0)) + 0.001);
    let q_value15 = 0.0625 * (max(0.35355338 * q_sum1_3, vec4f(0.0)) + 0.001);
    let q_value16 = 0.0625 * (max(0.35355338 * q_sum1_4, vec4f(0.0)) + 0.001);
    let q_value17 = 0.0625 * (max(0.35355338 * q_sum1_5, vec4f(0.0)) + 0.001);
    let q_value18 = 0.0625 * (max(0.35355338 * q_sum1_6, vec4f(0.0)) + 0.001);
    let q_value19 = 0.0625 * (max(0.35355338 * q_sum1_7, vec4f(0.0)) + 0.001);
    query[fillColumn * 8u + fillRows] = q_value12;
    query[(fillColumn + 4u) * 8u + fillRows] = q_value13;
    query[(fillColumn + 8u) * 8u + fillRows] = q_value14;
    query[(fillColumn + 12u) * 8u + fillRows] = q_value15;
    query[(fillColumn + 16u) * 8u + fillRows] = q_value16;
    query[(fillColumn + 20u) * 8u + fillRows] = q_value17;
    query[(fillColumn + 24u) * 8u + fillRows] = q_value18;
    query[(fillColumn + 28u) * 8u + fillRows] = q_value19;
    let kComponent0 = components0 + fillColumn;
    let kComponent1 = components0 + (fillColumn + 4u);
    let kComponent2 = components0 + (fillColumn + 8u);
    let kComponent3 = components0 + (fillColumn + 12u);
    let kComponent4 = components0 + (fillColumn + 16u);
    let kComponent5 = components0 + (fillColumn + 20u);
    let kComponent6 = components0 + (fillColumn + 24u);
    let kComponent7 = components0 + (fillColumn + 28u);
    let kProjection0 = kComponent0 * 64u;
    let kProjection1 = kComponent1 * 64u;
    let kProjection2 = kComponent2 * 64u;
    let kProjection3 = kComponent3 * 64u;
    let kProjection4 = kComponent4 * 64u;
    let kProjection5 = kComponent5 * 64u;
    let kProjection6 = kComponent6 * 64u;
    let kProjection7 = kComponent7 * 64u;
    var k_sum1_0 = vec4f(0.0);
    var k_sum1_1 = vec4f(0.0);
    var k_sum1_2 = vec4f(0.0);
    var k_sum1_3 = vec4f(0.0);
    var k_sum1_4 = vec4f(0.0);
    var k_sum1_5 = vec4f(0.0);
    var k_sum1_6 = vec4f(0.0);
    var k_sum1_7 = vec4f(0.0);
    for (var k_t2 = 0u; k_t2 < 64u; k_t2++) {
      let k_w3 = w[kProjection0 + k_t2];
      let k_x4 = vec4f(k[kStart0 + k_t2], k[kStart1 + k_t2], k[kStart2 + k_t2], k[kStart3 + k_t2]);
      let k_w5 = w[kProjection1 + k_t2];
      let k_w6 = w[kProjection2 + k_t2];
      let k_w7 = w[kProjection3 + k_t2];
      let k_w8 = w[kProjection4 + k_t2];
      let k_w9 = w[kProjection5 + k_t2];
      let k_w10 = w[kProjection6 + k_t2];
      let k_w11 = w[kProjection7 + k_t2];
      k_sum1_0 += k_w3 * k_x4;
      k_sum1_1 += k_w5 * k_x4;
      k_sum1_2 += k_w6 * k_x4;
      k_sum1_3 += k_w7 * k_x4;
      k_sum1_4 += k_w8 * k_x4;
      k_sum1_5 += k_w9 * k_x4;
      k_sum1_6 += k_w10 * k_x4;
      k_sum1_7 += k_w11 * k_x4;
    }
    let k_value12 = 0.0625 * (max(0.35355338 * k_sum1_0, vec4f(0.0)) + 0.001);
    let k_value13 = 0.0625 * (max(0.35355338 * k_sum1_1, vec4f(0.0)) + 0.001);
    let k_value14 = 0.0625 * (max(0.35355338 * k_sum1_2, vec4f(0.0)) + 0.001);
    let k_value15 = 0.0625 * (max(0.35355338 * k_sum1_3, vec4f(0.0)) + 0.001);
    let k_value16 = 0.0625 * (max(0.35355338 * k_sum1_4, vec4f(0.0)) + 0.001);
    let k_value17 = 0.0625 * (max(0.35355338 * k_sum1_5, vec4f(0.0)) + 0.001);
    let k_value18 = 0.0625 * (max(0.35355338 * k_sum1_6, vec4f(0.0)) + 0.001);
    let k_value19 = 0.0625 * (max(0.35355338 * k_sum1_7, vec4f(0.0)) + 0.001);
    key[fillColumn * 8u + fillRows] = k_value12;
    key[(fillColumn + 4u) * 8u + fillRows] = k_value13;
    key[(fillColumn + 8u) * 8u + fillRows] = k_value14;
    key[(fillColumn + 12u) * 8u + fillRows] = k_value15;
    key[(fillColumn + 16u) * 8u + fillRows] = k_value16;
    key[(fillColumn + 20u) * 8u + fillRows] = k_value17;
    key[(fillColumn + 24u) * 8u + fillRows] = k_value18;
    key[(fillColumn + 28u) * 8u + fillRows] = k_value19;
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
      let z = state[stateStart + 16384u + feature];
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
