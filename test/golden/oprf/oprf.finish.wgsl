// finish: Each row: φ(q)·S of the chunks before, plus the pairs of its own chunk, over φ(q)·z likewise.
// 64 threads a workgroup, 10240 bytes of workgroup memory
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

var<workgroup> query: array<vec4f, 128>;
var<workgroup> key: array<vec4f, 128>;
var<workgroup> scale: array<vec4f, 128>;
var<workgroup> pairs: array<vec4f, 256>;

// x^2
fn power_2_vec4f(x: vec4f) -> vec4f {
  let x2 = x * x;
  return x2;
}

// x^2
fn power_2_f32(x: f32) -> f32 {
  let x2 = x * x;
  return x2;
}

@compute @workgroup_size(64, 1, 1)
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
  let stateStart = (slice * shape.chunks + rowTile) * 17152u;
  var sums_0 = vec4f(0.0);
  var sums_1 = vec4f(0.0);
  var sums_2 = vec4f(0.0);
  var sums_3 = vec4f(0.0);
  var sums_4 = vec4f(0.0);
  var sums_5 = vec4f(0.0);
  var sums_6 = vec4f(0.0);
  var sums_7 = vec4f(0.0);
  var totals_0 = vec4f(0.0);
  var scores_0 = vec4f(0.0);
  var scores_1 = vec4f(0.0);
  var scores_2 = vec4f(0.0);
  var scores_3 = vec4f(0.0);
  var rowScale_0 = vec4f(-1e30);
  let fillRows = thread / 8u;
  let fillColumn = thread % 8u;
  let qRow0 = min(firstRow + fillRows * 4u, max(shape.length, 1u) - 1u);
  let qRow1 = min(firstRow + fillRows * 4u + 1u, max(shape.length, 1u) - 1u);
  let qRow2 = min(firstRow + fillRows * 4u + 2u, max(shape.length, 1u) - 1u);
  let qRow3 = min(firstRow + fillRows * 4u + 3u, max(shape.length, 1u) - 1u);
  let qStart0 = queryHead * shape.length * 64u + qRow0 * 64u;
  let qStart1 = queryHead * shape.length * 64u + qRow1 * 64u;
  let qStart2 = queryHead * shape.length * 64u + qRow2 * 64u;
  let qStart3 = queryHead * shape.length * 64u + qRow3 * 64u;
  var qRows_sum1 = vec4f(0.0);
  for (var qRows_t2 = 0u; qRows_t2 < 64u; qRows_t2++) {
    let qRows_x3 = vec4f(
      q[qStart0 + qRows_t2],
      q[qStart1 + qRows_t2],
      q[qStart2 + qRows_t2],
      q[qStart3 + qRows_t2],
    );
    qRows_sum1 += power_2_vec4f(qRows_x3);
  }
  let kRow0 = min(firstRow + fillRows * 4u, max(visible, 1u) - 1u);
  let kRow1 = min(firstRow + fillRows * 4u + 1u, max(visible, 1u) - 1u);
  let kRow2 = min(firstRow + fillRows * 4u + 2u, max(visible, 1u) - 1u);
  let kRow3 = min(firstRow + fillRows * 4u + 3u, max(visible, 1u) - 1u);
  let kStart0 = keyGroup * shape.keyLength * 64u + kRow0 * 64u;
  let kStart1 = keyGroup * shape.keyLength * 64u + kRow1 * 64u;
  let kStart2 = keyGroup * shape.keyLength * 64u + kRow2 * 64u;
  let kStart3 = keyGroup * shape.keyLength * 64u + kRow3 * 64u;
  var kRows_sum1 = vec4f(0.0);
  for (var kRows_t2 = 0u; kRows_t2 < 64u; kRows_t2++) {
    let kRows_x3 = vec4f(
      k[kStart0 + kRows_t2],
      k[kStart1 + kRows_t2],
      k[kStart2 + kRows_t2],
      k[kStart3 + kRows_t2],
    );
    kRows_sum1 += power_2_vec4f(kRows_x3);
  }
  for (var components0 = 0u; components0 < 256u * once; components0 += 16u) {
    let count = min(max(256u, components0) - components0, 16u);
    let firstFeature = components0;
    let qComponent0 = components0 + fillColumn;
    let qComponent1 = components0 + (fillColumn + 8u);
    let qProjection0 = qComponent0 * 64u;
    let qProjection1 = qComponent1 * 64u;
    var q_sum1_0 = vec4f(0.0);
    var q_sum1_1 = vec4f(0.0);
    for (var q_t2 = 0u; q_t2 < 64u; q_t2++) {
      let q_w3 = w[qProjection0 + q_t2];
      let q_x4 = vec4f(q[qStart0 + q_t2], q[qStart1 + q_t2], q[qStart2 + q_t2], q[qStart3 + q_t2]);
      let q_w5 = w[qProjection1 + q_t2];
      q_sum1_0 += q_w3 * q_x4;
      q_sum1_1 += q_w5 * q_x4;
    }
    var q_sum6_0 = 0.0;
    var q_sum6_1 = 0.0;
    for (var q_t7 = 0u; q_t7 < 64u; q_t7++) {
      let q_w8 = w[qProjection0 + q_t7];
      let q_w9 = w[qProjection1 + q_t7];
      q_sum6_0 += power_2_f32(q_w8);
      q_sum6_1 += power_2_f32(q_w9);
    }
    let q_value10 = 1.442695 * (0.41833 * q_sum1_0 - 0.1 * q_sum6_0 - 0.0625 * qRows_sum1) + 3.7668293;
    let q_value11 = 1.442695 * (0.41833 * q_sum1_1 - 0.1 * q_sum6_1 - 0.0625 * qRows_sum1) + 3.7668293;
    query[fillColumn * 8u + fillRows] = q_value10;
    query[(fillColumn + 8u) * 8u + fillRows] = q_value11;
    let kComponent0 = components0 + fillColumn;
    let kComponent1 = components0 + (fillColumn + 8u);
    let kProjection0 = kComponent0 * 64u;
    let kProjection1 = kComponent1 * 64u;
    var k_sum1_0 = vec4f(0.0);
    var k_sum1_1 = vec4f(0.0);
    for (var k_t2 = 0u; k_t2 < 64u; k_t2++) {
      let k_w3 = w[kProjection0 + k_t2];
      let k_x4 = vec4f(k[kStart0 + k_t2], k[kStart1 + k_t2], k[kStart2 + k_t2], k[kStart3 + k_t2]);
      let k_w5 = w[kProjection1 + k_t2];
      k_sum1_0 += k_w3 * k_x4;
      k_sum1_1 += k_w5 * k_x4;
    }
    var k_sum6_0 = 0.0;
    var k_sum6_1 = 0.0;
    for (var k_t7 = 0u; k_t7 < 64u; k_t7++) {
      let k_w8 = w[kProjection0 + k_t7];
      let k_w9 = w[kProjection1 + k_t7];
      k_sum6_0 += power_2_f32(k_w8);
      k_sum6_1 += power_2_f32(k_w9);
    }
    let k_value10 = 1.442695 * (0.41833 * k_sum1_0 - 0.1 * k_sum6_0 - 0.0625 * kRows_sum1) + 3.7668293;
    let k_value11 = 1.442695 * (0.41833 * k_sum1_1 - 0.1 * k_sum6_1 - 0.0625 * kRows_sum1) + 3.7668293;
    key[fillColumn * 8u + fillRows] = vec4f(
      select(-1e30, k_value10.x, firstRow + fillRows * 4u < visible),
      select(-1e30, k_value10.y, firstRow + fillRows * 4u + 1u < visible),
      select(-1e30, k_value10.z, firstRow + fillRows * 4u + 2u < visible),
      select(-1e30, k_value10.w, firstRow + fillRows * 4u + 3u < visible),
    );
    key[(fillColumn + 8u) * 8u + fillRows] = vec4f(
      select(-1e30, k_value11.x, firstRow + fillRows * 4u < visible),
      select(-1e30, k_value11.y, firstRow + fillRows * 4u + 1u < visible),
      select(-1e30, k_value11.z, firstRow + fillRows * 4u + 2u < visible),
      select(-1e30, k_value11.w, firstRow + fillRows * 4u + 3u < visible),
    );
    workgroupBarrier();
    // scales of the features down the rows, then of the rows
    if (thread < count) {
      var running = state[stateStart + 16896u + (firstFeature + thread)];
      for (var rows4 = 0u; rows4 < 8u; rows4++) {
        let keys4 = key[thread * 8u + rows4];
        let upTo0 = max(running, keys4.x);
        let upTo1 = max(upTo0, keys4.y);
        let upTo2 = max(upTo1, keys4.z);
        let upTo3 = max(upTo2, keys4.w);
        scale[thread * 8u + rows4] = vec4f(upTo0, upTo1, upTo2, upTo3);
        running = upTo3;
      }
    }
    workgroupBarrier();
    let scaleSoFar0 = rowScale_0;
    for (var f = 0u; f < count; f++) {
      rowScale_0 = max(rowScale_0, query[f * 8u + rowGroup] + scale[f * 8u + rowGroup]);
    }
    let shrink0 = exp2(scaleSoFar0 - rowScale_0);
    sums_0 *= shrink0;
    sums_1 *= shrink0;
    sums_2 *= shrink0;
    sums_3 *= shrink0;
    sums_4 *= shrink0;
    sums_5 *= shrink0;
    sums_6 *= shrink0;
    sums_7 *= shrink0;
    totals_0 *= shrink0;
    scores_0 *= shrink0;
    scores_1 *= shrink0;
    scores_2 *= shrink0;
    scores_3 *= shrink0;
    workgroupBarrier();
    let component0 = columnGroup * 2u;
    if (component0 < count) {
      scale[component0 * 8u + rowGroup] = exp2(query[component0 * 8u + rowGroup] + state[stateStart + 16896u + (firstFeature + component0)] - rowScale_0);
    }
    let component1 = columnGroup * 2u + 1u;
    if (component1 < count) {
      scale[component1 * 8u + rowGroup] = exp2(query[component1 * 8u + rowGroup] + state[stateStart + 16896u + (firstFeature + component1)] - rowScale_0);
    }
    workgroupBarrier();
    for (var f = 0u; f < count; f++) {
      let weight0 = scale[f * 8u + rowGroup];
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
      let ofKey = key[f * 8u + columnGroup];
      let ofQuery0 = query[f * 8u + rowGroup];
      scores_0 += exp2(min(ofQuery0 - rowScale_0 + ofKey.x, vec4f(0.0)));
      scores_1 += exp2(min(ofQuery0 - rowScale_0 + ofKey.y, vec4f(0.0)));
      scores_2 += exp2(min(ofQuery0 - rowScale_0 + ofKey.z, vec4f(0.0)));
      scores_3 += exp2(min(ofQuery0 - rowScale_0 + ofKey.w, vec4f(0.0)));
    }
    workgroupBarrier();
  }
  // pairs inside the chunk: key j for rows i ≥ j
  let key0 = columnGroup * 4u;
  let score0 = scores_0;
  pairs[key0 * 8u + rowGroup] = vec4f(
    select(0.0, score0.x, key0 <= rowGroup * 4u),
    select(0.0, score0.y, key0 <= rowGroup * 4u + 1u),
    select(0.0, score0.z, key0 <= rowGroup * 4u + 2u),
    select(0.0, score0.w, key0 <= rowGroup * 4u + 3u),
  );
  let key1 = columnGroup * 4u + 1u;
  let score1 = scores_1;
  pairs[key1 * 8u + rowGroup] = vec4f(
    select(0.0, score1.x, key1 <= rowGroup * 4u),
    select(0.0, score1.y, key1 <= rowGroup * 4u + 1u),
    select(0.0, score1.z, key1 <= rowGroup * 4u + 2u),
    select(0.0, score1.w, key1 <= rowGroup * 4u + 3u),
  );
  let key2 = columnGroup * 4u + 2u;
  let score2 = scores_2;
  pairs[key2 * 8u + rowGroup] = vec4f(
    select(0.0, score2.x, key2 <= rowGroup * 4u),
    select(0.0, score2.y, key2 <= rowGroup * 4u + 1u),
    select(0.0, score2.z, key2 <= rowGroup * 4u + 2u),
    select(0.0, score2.w, key2 <= rowGroup * 4u + 3u),
  );
  let key3 = columnGroup * 4u + 3u;
  let score3 = scores_3;
  pairs[key3 * 8u + rowGroup] = vec4f(
    select(0.0, score3.x, key3 <= rowGroup * 4u),
    select(0.0, score3.y, key3 <= rowGroup * 4u + 1u),
    select(0.0, score3.z, key3 <= rowGroup * 4u + 2u),
    select(0.0, score3.w, key3 <= rowGroup * 4u + 3u),
  );
  workgroupBarrier();
  for (var j = 0u; j < min(keys, (rowGroup + 1u) * 4u); j++) {
    let pair0 = pairs[j * 8u + rowGroup];
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
  }
  let factor = vec4f(
    select(1.0 / select(totals_0.x, 1.0, totals_0.x == 0.0), 0.0, totals_0.x == 0.0),
    select(1.0 / select(totals_0.y, 1.0, totals_0.y == 0.0), 0.0, totals_0.y == 0.0),
    select(1.0 / select(totals_0.z, 1.0, totals_0.z == 0.0), 0.0, totals_0.z == 0.0),
    select(1.0 / select(totals_0.w, 1.0, totals_0.w == 0.0), 0.0, totals_0.w == 0.0),
  );
  let row0 = firstRow + rowGroup * 4u;
  if (row0 < shape.length) {
    let out0 = queryHead * shape.length * 64u + row0 * 64u;
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
    let out1 = queryHead * shape.length * 64u + row1 * 64u;
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
    let out2 = queryHead * shape.length * 64u + row2 * 64u;
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
    let out3 = queryHead * shape.length * 64u + row3 * 64u;
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
