// finish: Each row: φ(q)·S over φ(q)·z.
// 64 threads a workgroup, 4096 bytes of workgroup memory
// reads q, lengths; writes state, out

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
@group(0) @binding(2) var<storage, read> lengths: array<u32>;
@group(0) @binding(3) var<storage, read_write> state: array<f32>;
@group(0) @binding(4) var<storage, read_write> out: array<f32>;

var<workgroup> query: array<vec4f, 256>;

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
  if (workgroup >= shape.sliceCount * ((shape.heads + shape.kvHeads - 1u) / shape.kvHeads) * ((shape.length + 32u - 1u) / 32u)) {
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
  let visible = min(lengths[batchItem], shape.keyLength);
  let queryHead = group * (shape.heads / shape.kvHeads) + headInGroup;
  let rowGroup = thread / 8u;
  let columnGroup = thread % 8u;
  let firstColumn = valueTile * 64u + columnGroup * 4u;
  let firstRow = rowTile * 32u;
  let keys = 0u;
  let stateStart = slice * shape.chunks * 8320u;
  var sums_0 = vec4f(0.0);
  var sums_1 = vec4f(0.0);
  var sums_2 = vec4f(0.0);
  var sums_3 = vec4f(0.0);
  var sums_4 = vec4f(0.0);
  var sums_5 = vec4f(0.0);
  var sums_6 = vec4f(0.0);
  var sums_7 = vec4f(0.0);
  var total = vec4f(0.0);
  let qRow0 = min(firstRow + rowGroup * 4u, max(shape.length, 1u) - 1u);
  let qRow1 = min(firstRow + rowGroup * 4u + 1u, max(shape.length, 1u) - 1u);
  let qRow2 = min(firstRow + rowGroup * 4u + 2u, max(shape.length, 1u) - 1u);
  let qRow3 = min(firstRow + rowGroup * 4u + 3u, max(shape.length, 1u) - 1u);
  let qStart0 = (queryHead * shape.length + qRow0) * 64u;
  let qStart1 = (queryHead * shape.length + qRow1) * 64u;
  let qStart2 = (queryHead * shape.length + qRow2) * 64u;
  let qStart3 = (queryHead * shape.length + qRow3) * 64u;
  for (var components0 = 0u; components0 < 64u; components0 += 32u) {
    let count = min(max(64u, components0) - components0, 32u);
    let firstFeature = components0;
    for (var queryItem = 0u; queryItem < 4u; queryItem++) {
      let at = columnGroup * 4u + queryItem;
      let qComponent0 = components0 + at;
      let q_x1 = vec4f(
        q[qStart0 + qComponent0],
        q[qStart1 + qComponent0],
        q[qStart2 + qComponent0],
        q[qStart3 + qComponent0],
      );
      let q_value2 = cos_vec4f(1.5707964 * vec4f(f32(qRow0), f32(qRow1), f32(qRow2), f32(qRow3)) / f32(shape.length)) * max(
        q_x1,
        vec4f(0.0),
      );
      query[at * 8u + rowGroup] = q_value2;
    }
    workgroupBarrier();
    for (var f = 0u; f < count; f++) {
      let weight = query[f * 8u + rowGroup];
      let feature = firstFeature + f;
      sums_0 = sums_0 + weight * state[stateStart + feature * 64u + firstColumn];
      sums_1 = sums_1 + weight * state[stateStart + feature * 64u + (firstColumn + 1u)];
      sums_2 = sums_2 + weight * state[stateStart + feature * 64u + (firstColumn + 2u)];
      sums_3 = sums_3 + weight * state[stateStart + feature * 64u + (firstColumn + 3u)];
      sums_4 = sums_4 + weight * state[stateStart + feature * 64u + (firstColumn + 32u)];
      sums_5 = sums_5 + weight * state[stateStart + feature * 64u + (firstColumn + 33u)];
      sums_6 = sums_6 + weight * state[stateStart + feature * 64u + (firstColumn + 34u)];
      sums_7 = sums_7 + weight * state[stateStart + feature * 64u + (firstColumn + 35u)];
      total = total + weight * state[stateStart + 8192u + feature];
    }
    workgroupBarrier();
  }
  for (var components1 = 0u; components1 < 64u; components1 += 32u) {
    let count = min(max(64u, components1) - components1, 32u);
    let firstFeature = components1 + 64u;
    for (var queryItem = 0u; queryItem < 4u; queryItem++) {
      let at = columnGroup * 4u + queryItem;
      let qComponent0 = components1 + at;
      let q_x1 = vec4f(
        q[qStart0 + qComponent0],
        q[qStart1 + qComponent0],
        q[qStart2 + qComponent0],
        q[qStart3 + qComponent0],
      );
      let q_value2 = max(
        q_x1,
        vec4f(0.0),
      ) * sin_vec4f(1.5707964 * vec4f(f32(qRow0), f32(qRow1), f32(qRow2), f32(qRow3)) / f32(shape.length));
      query[at * 8u + rowGroup] = q_value2;
    }
    workgroupBarrier();
    for (var f = 0u; f < count; f++) {
      let weight = query[f * 8u + rowGroup];
      let feature = firstFeature + f;
      sums_0 = sums_0 + weight * state[stateStart + feature * 64u + firstColumn];
      sums_1 = sums_1 + weight * state[stateStart + feature * 64u + (firstColumn + 1u)];
      sums_2 = sums_2 + weight * state[stateStart + feature * 64u + (firstColumn + 2u)];
      sums_3 = sums_3 + weight * state[stateStart + feature * 64u + (firstColumn + 3u)];
      sums_4 = sums_4 + weight * state[stateStart + feature * 64u + (firstColumn + 32u)];
      sums_5 = sums_5 + weight * state[stateStart + feature * 64u + (firstColumn + 33u)];
      sums_6 = sums_6 + weight * state[stateStart + feature * 64u + (firstColumn + 34u)];
      sums_7 = sums_7 + weight * state[stateStart + feature * 64u + (firstColumn + 35u)];
      total = total + weight * state[stateStart + 8192u + feature];
    }
    workgroupBarrier();
  }
  let factor = vec4f(
    select(1.0 / select(total.x + 0.000001, 1.0, total.x + 0.000001 == 0.0), 0.0, total.x + 0.000001 == 0.0),
    select(1.0 / select(total.y + 0.000001, 1.0, total.y + 0.000001 == 0.0), 0.0, total.y + 0.000001 == 0.0),
    select(1.0 / select(total.z + 0.000001, 1.0, total.z + 0.000001 == 0.0), 0.0, total.z + 0.000001 == 0.0),
    select(1.0 / select(total.w + 0.000001, 1.0, total.w + 0.000001 == 0.0), 0.0, total.w + 0.000001 == 0.0),
  );
  let row0 = firstRow + rowGroup * 4u;
  if (row0 < shape.length) {
    let out0 = (queryHead * shape.length + row0) * 64u;
    out[out0 + firstColumn] = (sums_0 * factor).x;
    out[out0 + (firstColumn + 1u)] = (sums_1 * factor).x;
    out[out0 + (firstColumn + 2u)] = (sums_2 * factor).x;
    out[out0 + (firstColumn + 3u)] = (sums_3 * factor).x;
    out[out0 + (firstColumn + 32u)] = (sums_4 * factor).x;
    out[out0 + (firstColumn + 33u)] = (sums_5 * factor).x;
    out[out0 + (firstColumn + 34u)] = (sums_6 * factor).x;
    out[out0 + (firstColumn + 35u)] = (sums_7 * factor).x;
  }
  let row1 = firstRow + rowGroup * 4u + 1u;
  if (row1 < shape.length) {
    let out1 = (queryHead * shape.length + row1) * 64u;
    out[out1 + firstColumn] = (sums_0 * factor).y;
    out[out1 + (firstColumn + 1u)] = (sums_1 * factor).y;
    out[out1 + (firstColumn + 2u)] = (sums_2 * factor).y;
    out[out1 + (firstColumn + 3u)] = (sums_3 * factor).y;
    out[out1 + (firstColumn + 32u)] = (sums_4 * factor).y;
    out[out1 + (firstColumn + 33u)] = (sums_5 * factor).y;
    out[out1 + (firstColumn + 34u)] = (sums_6 * factor).y;
    out[out1 + (firstColumn + 35u)] = (sums_7 * factor).y;
  }
  let row2 = firstRow + rowGroup * 4u + 2u;
  if (row2 < shape.length) {
    let out2 = (queryHead * shape.length + row2) * 64u;
    out[out2 + firstColumn] = (sums_0 * factor).z;
    out[out2 + (firstColumn + 1u)] = (sums_1 * factor).z;
    out[out2 + (firstColumn + 2u)] = (sums_2 * factor).z;
    out[out2 + (firstColumn + 3u)] = (sums_3 * factor).z;
    out[out2 + (firstColumn + 32u)] = (sums_4 * factor).z;
    out[out2 + (firstColumn + 33u)] = (sums_5 * factor).z;
    out[out2 + (firstColumn + 34u)] = (sums_6 * factor).z;
    out[out2 + (firstColumn + 35u)] = (sums_7 * factor).z;
  }
  let row3 = firstRow + rowGroup * 4u + 3u;
  if (row3 < shape.length) {
    let out3 = (queryHead * shape.length + row3) * 64u;
    out[out3 + firstColumn] = (sums_0 * factor).w;
    out[out3 + (firstColumn + 1u)] = (sums_1 * factor).w;
    out[out3 + (firstColumn + 2u)] = (sums_2 * factor).w;
    out[out3 + (firstColumn + 3u)] = (sums_3 * factor).w;
    out[out3 + (firstColumn + 32u)] = (sums_4 * factor).w;
    out[out3 + (firstColumn + 33u)] = (sums_5 * factor).w;
    out[out3 + (firstColumn + 34u)] = (sums_6 * factor).w;
    out[out3 + (firstColumn + 35u)] = (sums_7 * factor).w;
  }
}
