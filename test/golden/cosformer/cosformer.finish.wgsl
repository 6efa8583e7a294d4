// finish: Each row: φ(q)·S over φ(q)·z.
// 32 threads a workgroup, 4096 bytes of workgroup memory
// reads q, lengths, queryLengths; writes state, out

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
@group(0) @binding(3) var<storage, read> queryLengths: array<u32>;
@group(0) @binding(4) var<storage, read_write> state: array<f32>;
@group(0) @binding(5) var<storage, read_write> out: array<f32>;

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
  let queryRows = max(min(queryLengths[batchItem], shape.length), 1u);
  let visible = min(lengths[batchItem], shape.keyLength);
  let queryHead = group * (shape.heads / shape.kvHeads) + headInGroup;
  let rowGroup = thread / 8u;
  let columnGroup = thread % 8u;
  let firstColumn = valueTile * 64u + columnGroup;
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
  for (var components0 = 0u; components0 < 64u * once; components0 += 32u) {
    let count = min(max(64u, components0) - components0, 32u);
    let firstFeature = components0;
    for (var queryItem = thread; queryItem < 256u; queryItem += 32u) {
      let queryComponent = queryItem % 32u;
      let queryFour = queryItem / 32u;
      let qRow0 = min(firstRow + queryFour * 4u, max(shape.length, 1u) - 1u);
      let qRow1 = min(firstRow + queryFour * 4u + 1u, max(shape.length, 1u) - 1u);
      let qRow2 = min(firstRow + queryFour * 4u + 2u, max(shape.length, 1u) - 1u);
      let qRow3 = min(firstRow + queryFour * 4u + 3u, max(shape.length, 1u) - 1u);
      let qStart0 = queryHead * shape.length * 64u + qRow0 * 64u;
      let qStart1 = queryHead * shape.length * 64u + qRow1 * 64u;
      let qStart2 = queryHead * shape.length * 64u + qRow2 * 64u;
      let qStart3 = queryHead * shape.length * 64u + qRow3 * 64u;
      let qComponent0 = components0 + queryComponent;
      let q_x1 = vec4f(
        q[qStart0 + qComponent0],
        q[qStart1 + qComponent0],
        q[qStart2 + qComponent0],
        q[qStart3 + qComponent0],
      );
      let q_value2 = cos_vec4f(1.5707964 * vec4f(f32(qRow0), f32(qRow1), f32(qRow2), f32(qRow3)) / f32(queryRows)) * max(
        q_x1,
        vec4f(0.0),
      );
      query[queryComponent * 8u + queryFour] = q_value2;
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
      let z = state[stateStart + 8192u + feature];
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
    }
    workgroupBarrier();
  }
  for (var components1 = 0u; components1 < 64u * once; components1 += 32u) {
    let count = min(max(64u, components1) - components1, 32u);
    let firstFeature = components1 + 64u;
    for (var queryItem = thread; queryItem < 256u; queryItem += 32u) {
      let queryComponent = queryItem % 32u;
      let queryFour = queryItem / 32u;
      let qRow0 = min(firstRow + queryFour * 4u, max(shape.length, 1u) - 1u);
      let qRow1 = min(firstRow + queryFour * 4u + 1u, max(shape.length, 1u) - 1u);
      let qRow2 = min(firstRow + queryFour * 4u + 2u, max(shape.length, 1u) - 1u);
      let qRow3 = min(firstRow + queryFour * 4u + 3u, max(shape.length, 1u) - 1u);
      let qStart0 = queryHead * shape.length * 64u + qRow0 * 64u;
      let qStart1 = queryHead * shape.length * 64u + qRow1 * 64u;
      let qStart2 = queryHead * shape.length * 64u + qRow2 * 64u;
      let qStart3 = queryHead * shape.length * 64u + qRow3 * 64u;
      let qComponent0 = components1 + queryComponent;
      let q_x1 = vec4f(
        q[qStart0 + qComponent0],
        q[qStart1 + qComponent0],
        q[qStart2 + qComponent0],
        q[qStart3 + qComponent0],
      );
      let q_value2 = max(
        q_x1,
        vec4f(0.0),
      ) * sin_vec4f(1.5707964 * vec4f(f32(qRow0), f32(qRow1), f32(qRow2), f32(qRow3)) / f32(queryRows));
      query[queryComponent * 8u + queryFour] = q_value2;
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
      let z = state[stateStart + 8192u + feature];
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
    }
    workgroupBarrier();
  }
  let factor0 = vec4f(
    select(
      1.0 / select(totals_0.x + 0.000001, 1.0, totals_0.x + 0.000001 == 0.0),
      0.0,
      totals_0.x + 0.000001 == 0.0,
    ),
    select(
      1.0 / select(totals_0.y + 0.000001, 1.0, totals_0.y + 0.000001 == 0.0),
      0.0,
      totals_0.y + 0.000001 == 0.0,
    ),
    select(
      1.0 / select(totals_0.z + 0.000001, 1.0, totals_0.z + 0.000001 == 0.0),
      0.0,
      totals_0.z + 0.000001 == 0.0,
    ),
    select(
      1.0 / select(totals_0.w + 0.000001, 1.0, totals_0.w + 0.000001 == 0.0),
      0.0,
      totals_0.w + 0.000001 == 0.0,
    ),
  );
  let factor1 = vec4f(
    select(
      1.0 / select(totals_1.x + 0.000001, 1.0, totals_1.x + 0.000001 == 0.0),
      0.0,
      totals_1.x + 0.000001 == 0.0,
    ),
    select(
      1.0 / select(totals_1.y + 0.000001, 1.0, totals_1.y + 0.000001 == 0.0),
      0.0,
      totals_1.y + 0.000001 == 0.0,
    ),
    select(
      1.0 / select(totals_1.z + 0.000001, 1.0, totals_1.z + 0.000001 == 0.0),
      0.0,
      totals_1.z + 0.000001 == 0.0,
    ),
    select(
      1.0 / select(totals_1.w + 0.000001, 1.0, totals_1.w + 0.000001 == 0.0),
      0.0,
      totals_1.w + 0.000001 == 0.0,
    ),
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
