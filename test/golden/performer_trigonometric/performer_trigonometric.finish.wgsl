// finish: Each row: φ(q)·S over φ(q)·z.
// 64 threads a workgroup, 6144 bytes of workgroup memory
// reads q, w, lengths; writes state, out

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
@group(0) @binding(2) var<storage, read> w: array<f32>;
@group(0) @binding(3) var<storage, read> lengths: array<u32>;
@group(0) @binding(4) var<storage, read_write> state: array<f32>;
@group(0) @binding(5) var<storage, read_write> out: array<f32>;

var<workgroup> query: array<vec4f, 128>;
var<workgroup> queryCoefficient: array<vec4f, 128>;
var<workgroup> scale: array<vec4f, 128>;

// x^2
fn power_2_vec4f(x: vec4f) -> vec4f {
  let x2 = x * x;
  return x2;
}

// sin(x + ahead·π/2): x is brought within π/4 of a quarter turn, where sin and cos are polynomials
fn sine_ahead_vec4f(x: vec4f, ahead: i32) -> vec4f {
  let quarters = round(x * 0.63661975);
  let rest = (((x - quarters * 1.5703125) - quarters * 4.8446655e-4) - quarters * -6.4074993e-7) - quarters * 9.920936e-10;
  let square = rest * rest;
  let sine = rest + rest * square * (-0.1666665 + square * (0.008331868 + square * -1.9481791e-4));
  let fall = square * (0.041666646 + square * (-0.0013887243 + square * 2.4423889e-5));
  let cosine = 1.0 - square * (0.5 - fall);
  let quadrant = vec4i(quarters) + ahead;
  let value = select(sine, cosine, (quadrant & vec4i(1)) == vec4i(1));
  let turned = select(value, -value, (quadrant & vec4i(2)) == vec4i(2));
  return clamp(turned, vec4f(-1.0), vec4f(1.0));
}

// cos x
fn cos_vec4f(x: vec4f) -> vec4f {
  return sine_ahead_vec4f(x, 1);
}

// sin x
fn sin_vec4f(x: vec4f) -> vec4f {
  return sine_ahead_vec4f(x, 0);
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
  let keys = 0u;
  let stateStart = slice * shape.chunks * 17152u;
  var sums_0 = vec4f(0.0);
  var sums_1 = vec4f(0.0);
  var sums_2 = vec4f(0.0);
  var sums_3 = vec4f(0.0);
  var sums_4 = vec4f(0.0);
  var sums_5 = vec4f(0.0);
  var sums_6 = vec4f(0.0);
  var sums_7 = vec4f(0.0);
  var totals_0 = vec4f(0.0);
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
  for (var components0 = 0u; components0 < 128u * once; components0 += 16u) {
    let count = min(max(128u, components0) - components0, 16u);
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
    let q_value6 = 0.09016844 * qRows_sum1;
    let q_value7 = 0.088388346 * cos_vec4f(0.35355338 * q_sum1_0);
    let q_value8 = 0.088388346 * cos_vec4f(0.35355338 * q_sum1_1);
    query[fillColumn * 8u + fillRows] = vec4f(
      select(q_value6.x, -1e30, q_value7.x == 0.0),
      select(q_value6.y, -1e30, q_value7.y == 0.0),
      select(q_value6.z, -1e30, q_value7.z == 0.0),
      select(q_value6.w, -1e30, q_value7.w == 0.0),
    );
    queryCoefficient[fillColumn * 8u + fillRows] = q_value7;
    query[(fillColumn + 8u) * 8u + fillRows] = vec4f(
      select(q_value6.x, -1e30, q_value8.x == 0.0),
      select(q_value6.y, -1e30, q_value8.y == 0.0),
      select(q_value6.z, -1e30, q_value8.z == 0.0),
      select(q_value6.w, -1e30, q_value8.w == 0.0),
    );
    queryCoefficient[(fillColumn + 8u) * 8u + fillRows] = q_value8;
    workgroupBarrier();
    // scales of the features down the rows, then of the rows
    let scaleSoFar0 = rowScale_0;
    for (var f = 0u; f < count; f++) {
      rowScale_0 = max(
        rowScale_0,
        query[f * 8u + rowGroup] + state[stateStart + 16896u + (firstFeature + f)],
      );
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
    let component0 = columnGroup * 2u;
    if (component0 < count) {
      scale[component0 * 8u + rowGroup] = queryCoefficient[component0 * 8u + rowGroup] * exp2(query[component0 * 8u + rowGroup] + state[stateStart + 16896u + (firstFeature + component0)] - rowScale_0);
    }
    let component1 = columnGroup * 2u + 1u;
    if (component1 < count) {
      scale[component1 * 8u + rowGroup] = queryCoefficient[component1 * 8u + rowGroup] * exp2(query[component1 * 8u + rowGroup] + state[stateStart + 16896u + (firstFeature + component1)] - rowScale_0);
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
    }
  }
  for (var components1 = 0u; components1 < 128u * once; components1 += 16u) {
    let count = min(max(128u, components1) - components1, 16u);
    let firstFeature = components1 + 128u;
    let qComponent0 = components1 + fillColumn;
    let qComponent1 = components1 + (fillColumn + 8u);
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
    let q_value6 = 0.09016844 * qRows_sum1;
    let q_value7 = 0.088388346 * sin_vec4f(0.35355338 * q_sum1_0);
    let q_value8 = 0.088388346 * sin_vec4f(0.35355338 * q_sum1_1);
    query[fillColumn * 8u + fillRows] = vec4f(
      select(q_value6.x, -1e30, q_value7.x == 0.0),
      select(q_value6.y, -1e30, q_value7.y == 0.0),
      select(q_value6.z, -1e30, q_value7.z == 0.0),
      select(q_value6.w, -1e30, q_value7.w == 0.0),
    );
    queryCoefficient[fillColumn * 8u + fillRows] = q_value7;
    query[(fillColumn + 8u) * 8u + fillRows] = vec4f(
      select(q_value6.x, -1e30, q_value8.x == 0.0),
      select(q_value6.y, -1e30, q_value8.y == 0.0),
      select(q_value6.z, -1e30, q_value8.z == 0.0),
      select(q_value6.w, -1e30, q_value8.w == 0.0),
    );
    queryCoefficient[(fillColumn + 8u) * 8u + fillRows] = q_value8;
    workgroupBarrier();
    // scales of the features down the rows, then of the rows
    let scaleSoFar0 = rowScale_0;
    for (var f = 0u; f < count; f++) {
      rowScale_0 = max(
        rowScale_0,
        query[f * 8u + rowGroup] + state[stateStart + 16896u + (firstFeature + f)],
      );
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
    let component0 = columnGroup * 2u;
    if (component0 < count) {
      scale[component0 * 8u + rowGroup] = queryCoefficient[component0 * 8u + rowGroup] * exp2(query[component0 * 8u + rowGroup] + state[stateStart + 16896u + (firstFeature + component0)] - rowScale_0);
    }
    let component1 = columnGroup * 2u + 1u;
    if (component1 < count) {
      scale[component1 * 8u + rowGroup] = queryCoefficient[component1 * 8u + rowGroup] * exp2(query[component1 * 8u + rowGroup] + state[stateStart + 16896u + (firstFeature + component1)] - rowScale_0);
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
    }
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
