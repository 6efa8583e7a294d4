// finish: Each row: φ(q)·S over φ(q)·z.
// 256 threads a workgroup, 8448 bytes of workgroup memory
// reads q, lengths, queryLengths, state; writes out

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
@group(0) @binding(1) var<storage, read> q: array<f32>;
@group(0) @binding(2) var<storage, read> lengths: array<u32>;
@group(0) @binding(3) var<storage, read> queryLengths: array<u32>;
@group(0) @binding(4) var<storage, read> state: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> out: array<vec4f>;

var<workgroup> tile: array<vec4f, 528>;

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

@compute @workgroup_size(256, 1, 1)
fn finish(
  @builtin(local_invocation_index) thread: u32,
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(num_workgroups) workgroup_counts: vec3u,
) {
  let workgroup = workgroup_id.x + workgroup_id.y * workgroup_counts.x;
  if (workgroup >= shape.sliceCount * ((shape.heads + shape.kvHeads - 1u) / shape.kvHeads) * ((shape.length + 127u) / 128u)) {
    return;
  }
  // 1, which no compiler knows: loops up to a multiple of it are not written out
  let unknownOne = min(shape.sliceCount, 1u);
  let valueTile = 0u;
  let rowTile = workgroup % ((shape.length + 127u) / 128u);
  let rest2 = workgroup / ((shape.length + 127u) / 128u);
  let headInGroup = rest2 % (shape.heads / shape.kvHeads);
  let slice = rest2 / (shape.heads / shape.kvHeads);
  let group = shape.sliceStart + slice;
  let batchItem = group / shape.kvHeads;
  let keyGroup = group;
  let queryRows = max(min(queryLengths[batchItem], shape.length), 1u);
  let visible = min(lengths[batchItem], shape.keyLength);
  let queryHead = group * (shape.heads / shape.kvHeads) + headInGroup;
  let rowGroup = thread / 16u;
  let columnGroup = thread % 16u;
  let firstColumns = valueTile * 16u + columnGroup;
  let firstRow = rowTile * 128u;
  let keys = 0u;
  let stateStart = slice * shape.chunks * 8320u;
  let stateFours = stateStart / 4u;
  var sums_0 = vec4f(0.0);
  var sums_1 = vec4f(0.0);
  var sums_2 = vec4f(0.0);
  var sums_3 = vec4f(0.0);
  var sums_4 = vec4f(0.0);
  var sums_5 = vec4f(0.0);
  var sums_6 = vec4f(0.0);
  var sums_7 = vec4f(0.0);
  var totals_0 = vec4f(0.0);
  var totals_1 = vec4f(0.0);
  let q0Row0 = min(firstRow + rowGroup * 8u, max(shape.length, 1u) - 1u);
  let q0Row1 = min(firstRow + rowGroup * 8u + 1u, max(shape.length, 1u) - 1u);
  let q0Row2 = min(firstRow + rowGroup * 8u + 2u, max(shape.length, 1u) - 1u);
  let q0Row3 = min(firstRow + rowGroup * 8u + 3u, max(shape.length, 1u) - 1u);
  let q0Start0 = (queryHead * shape.headStride + batchItem * shape.itemGap) * 64u + q0Row0 * (shape.rowStride * 64u);
  let q0Start1 = (queryHead * shape.headStride + batchItem * shape.itemGap) * 64u + q0Row1 * (shape.rowStride * 64u);
  let q0Start2 = (queryHead * shape.headStride + batchItem * shape.itemGap) * 64u + q0Row2 * (shape.rowStride * 64u);
  let q0Start3 = (queryHead * shape.headStride + batchItem * shape.itemGap) * 64u + q0Row3 * (shape.rowStride * 64u);
  let q1Row0 = min(firstRow + (rowGroup * 2u + 1u) * 4u, max(shape.length, 1u) - 1u);
  let q1Row1 = min(firstRow + (rowGroup * 2u + 1u) * 4u + 1u, max(shape.length, 1u) - 1u);
  let q1Row2 = min(firstRow + (rowGroup * 2u + 1u) * 4u + 2u, max(shape.length, 1u) - 1u);
  let q1Row3 = min(firstRow + (rowGroup * 2u + 1u) * 4u + 3u, max(shape.length, 1u) - 1u);
  let q1Start0 = (queryHead * shape.headStride + batchItem * shape.itemGap) * 64u + q1Row0 * (shape.rowStride * 64u);
  let q1Start1 = (queryHead * shape.headStride + batchItem * shape.itemGap) * 64u + q1Row1 * (shape.rowStride * 64u);
  let q1Start2 = (queryHead * shape.headStride + batchItem * shape.itemGap) * 64u + q1Row2 * (shape.rowStride * 64u);
  let q1Start3 = (queryHead * shape.headStride + batchItem * shape.itemGap) * 64u + q1Row3 * (shape.rowStride * 64u);
  for (var components0 = 0u; components0 < 64u; components0 += 64u) {
    let count = min(max(64u, components0) - components0, 64u);
    let firstFeature = components0;
    var ofQuery_0 = vec4f(0.0);
    var ofQuery_1 = vec4f(0.0);
    var ofQuery_2 = vec4f(0.0);
    var ofQuery_3 = vec4f(0.0);
    var ofQuery_4 = vec4f(0.0);
    var ofQuery_5 = vec4f(0.0);
    var ofQuery_6 = vec4f(0.0);
    var ofQuery_7 = vec4f(0.0);
    {
      let q0Component0 = components0 + columnGroup;
      let q0Component1 = components0 + (columnGroup + 16u);
      let q0Component2 = components0 + (columnGroup + 32u);
      let q0Component3 = components0 + (columnGroup + 48u);
      let q0_x1 = vec4f(
        q[q0Start0 + q0Component0],
        q[q0Start1 + q0Component0],
        q[q0Start2 + q0Component0],
        q[q0Start3 + q0Component0],
      );
      let q0_value2 = cos_vec4f(1.5707964 * vec4f(f32(q0Row0), f32(q0Row1), f32(q0Row2), f32(q0Row3)) / f32(queryRows)) * max(
        q0_x1,
        vec4f(0.0),
      );
      let q0_x3 = vec4f(
        q[q0Start0 + q0Component1],
        q[q0Start1 + q0Component1],
        q[q0Start2 + q0Component1],
        q[q0Start3 + q0Component1],
      );
      let q0_value4 = cos_vec4f(1.5707964 * vec4f(f32(q0Row0), f32(q0Row1), f32(q0Row2), f32(q0Row3)) / f32(queryRows)) * max(
        q0_x3,
        vec4f(0.0),
      );
      let q0_x5 = vec4f(
        q[q0Start0 + q0Component2],
        q[q0Start1 + q0Component2],
        q[q0Start2 + q0Component2],
        q[q0Start3 + q0Component2],
      );
      let q0_value6 = cos_vec4f(1.5707964 * vec4f(f32(q0Row0), f32(q0Row1), f32(q0Row2), f32(q0Row3)) / f32(queryRows)) * max(
        q0_x5,
        vec4f(0.0),
      );
      let q0_x7 = vec4f(
        q[q0Start0 + q0Component3],
        q[q0Start1 + q0Component3],
        q[q0Start2 + q0Component3],
        q[q0Start3 + q0Component3],
      );
      let q0_value8 = cos_vec4f(1.5707964 * vec4f(f32(q0Row0), f32(q0Row1), f32(q0Row2), f32(q0Row3)) / f32(queryRows)) * max(
        q0_x7,
        vec4f(0.0),
      );
      let q1Component0 = components0 + columnGroup;
      let q1Component1 = components0 + (columnGroup + 16u);
      let q1Component2 = components0 + (columnGroup + 32u);
      let q1Component3 = components0 + (columnGroup + 48u);
      let q1_x1 = vec4f(
        q[q1Start0 + q1Component0],
        q[q1Start1 + q1Component0],
        q[q1Start2 + q1Component0],
        q[q1Start3 + q1Component0],
      );
      let q1_value2 = cos_vec4f(1.5707964 * vec4f(f32(q1Row0), f32(q1Row1), f32(q1Row2), f32(q1Row3)) / f32(queryRows)) * max(
        q1_x1,
        vec4f(0.0),
      );
      let q1_x3 = vec4f(
        q[q1Start0 + q1Component1],
        q[q1Start1 + q1Component1],
        q[q1Start2 + q1Component1],
        q[q1Start3 + q1Component1],
      );
      let q1_value4 = cos_vec4f(1.5707964 * vec4f(f32(q1Row0), f32(q1Row1), f32(q1Row2), f32(q1Row3)) / f32(queryRows)) * max(
        q1_x3,
        vec4f(0.0),
      );
      let q1_x5 = vec4f(
        q[q1Start0 + q1Component2],
        q[q1Start1 + q1Component2],
        q[q1Start2 + q1Component2],
        q[q1Start3 + q1Component2],
      );
      let q1_value6 = cos_vec4f(1.5707964 * vec4f(f32(q1Row0), f32(q1Row1), f32(q1Row2), f32(q1Row3)) / f32(queryRows)) * max(
        q1_x5,
        vec4f(0.0),
      );
      let q1_x7 = vec4f(
        q[q1Start0 + q1Component3],
        q[q1Start1 + q1Component3],
        q[q1Start2 + q1Component3],
        q[q1Start3 + q1Component3],
      );
      let q1_value8 = cos_vec4f(1.5707964 * vec4f(f32(q1Row0), f32(q1Row1), f32(q1Row2), f32(q1Row3)) / f32(queryRows)) * max(
        q1_x7,
        vec4f(0.0),
      );
      ofQuery_0 = q0_value2;
      ofQuery_1 = q0_value4;
      ofQuery_2 = q0_value6;
      ofQuery_3 = q0_value8;
      ofQuery_4 = q1_value2;
      ofQuery_5 = q1_value4;
      ofQuery_6 = q1_value6;
      ofQuery_7 = q1_value8;
    }
    for (var panel = 0u; panel < (count + 7u) / 8u; panel++) {
      let firstOfPanel = panel * 8u;
      let itemOfPanel = panel / 2u;
      if (columnGroup / 8u == panel % 2u) {
        let componentOfPanel = columnGroup % 8u;
        var query0 = ofQuery_0;
        var query1 = ofQuery_4;
        if (itemOfPanel == 1u) {
          query0 = ofQuery_1;
          query1 = ofQuery_5;
        }
        if (itemOfPanel == 2u) {
          query0 = ofQuery_2;
          query1 = ofQuery_6;
        }
        if (itemOfPanel == 3u) {
          query0 = ofQuery_3;
          query1 = ofQuery_7;
        }
        tile[componentOfPanel * 33u + rowGroup * 2u] = query0;
        tile[componentOfPanel * 33u + rowGroup * 2u + 1u] = query1;
        let z = state[(stateStart + 8192u + (firstFeature + firstOfPanel + componentOfPanel)) / 4u][(stateStart + 8192u + (firstFeature + firstOfPanel + componentOfPanel)) % 4u];
        totals_0 += query0 * z;
        totals_1 += query1 * z;
      }
      workgroupBarrier();
      for (var f = 0u; f < 8u; f++) {
        let weight0 = tile[f * 33u + rowGroup * 2u];
        let weight1 = tile[f * 33u + rowGroup * 2u + 1u];
        let rowStart = stateFours + (firstFeature + firstOfPanel + f) * 16u + firstColumns;
        let columns0 = state[rowStart];
        sums_0 += weight0 * columns0.x;
        sums_1 += weight0 * columns0.y;
        sums_2 += weight0 * columns0.z;
        sums_3 += weight0 * columns0.w;
        sums_4 += weight1 * columns0.x;
        sums_5 += weight1 * columns0.y;
        sums_6 += weight1 * columns0.z;
        sums_7 += weight1 * columns0.w;
      }
      workgroupBarrier();
    }
  }
  for (var components1 = 0u; components1 < 64u; components1 += 64u) {
    let count = min(max(64u, components1) - components1, 64u);
    let firstFeature = components1 + 64u;
    var ofQuery_0 = vec4f(0.0);
    var ofQuery_1 = vec4f(0.0);
    var ofQuery_2 = vec4f(0.0);
    var ofQuery_3 = vec4f(0.0);
    var ofQuery_4 = vec4f(0.0);
    var ofQuery_5 = vec4f(0.0);
    var ofQuery_6 = vec4f(0.0);
    var ofQuery_7 = vec4f(0.0);
    {
      let q0Component0 = components1 + columnGroup;
      let q0Component1 = components1 + (columnGroup + 16u);
      let q0Component2 = components1 + (columnGroup + 32u);
      let q0Component3 = components1 + (columnGroup + 48u);
      let q0_x1 = vec4f(
        q[q0Start0 + q0Component0],
        q[q0Start1 + q0Component0],
        q[q0Start2 + q0Component0],
        q[q0Start3 + q0Component0],
      );
      let q0_value2 = max(
        q0_x1,
        vec4f(0.0),
      ) * sin_vec4f(1.5707964 * vec4f(f32(q0Row0), f32(q0Row1), f32(q0Row2), f32(q0Row3)) / f32(queryRows));
      let q0_x3 = vec4f(
        q[q0Start0 + q0Component1],
        q[q0Start1 + q0Component1],
        q[q0Start2 + q0Component1],
        q[q0Start3 + q0Component1],
      );
      let q0_value4 = max(
        q0_x3,
        vec4f(0.0),
      ) * sin_vec4f(1.5707964 * vec4f(f32(q0Row0), f32(q0Row1), f32(q0Row2), f32(q0Row3)) / f32(queryRows));
      let q0_x5 = vec4f(
        q[q0Start0 + q0Component2],
        q[q0Start1 + q0Component2],
        q[q0Start2 + q0Component2],
        q[q0Start3 + q0Component2],
      );
      let q0_value6 = max(
        q0_x5,
        vec4f(0.0),
      ) * sin_vec4f(1.5707964 * vec4f(f32(q0Row0), f32(q0Row1), f32(q0Row2), f32(q0Row3)) / f32(queryRows));
      let q0_x7 = vec4f(
        q[q0Start0 + q0Component3],
        q[q0Start1 + q0Component3],
        q[q0Start2 + q0Component3],
        q[q0Start3 + q0Component3],
      );
      let q0_value8 = max(
        q0_x7,
        vec4f(0.0),
      ) * sin_vec4f(1.5707964 * vec4f(f32(q0Row0), f32(q0Row1), f32(q0Row2), f32(q0Row3)) / f32(queryRows));
      let q1Component0 = components1 + columnGroup;
      let q1Component1 = components1 + (columnGroup + 16u);
      let q1Component2 = components1 + (columnGroup + 32u);
      let q1Component3 = components1 + (columnGroup + 48u);
      let q1_x1 = vec4f(
        q[q1Start0 + q1Component0],
        q[q1Start1 + q1Component0],
        q[q1Start2 + q1Component0],
        q[q1Start3 + q1Component0],
      );
      let q1_value2 = max(
        q1_x1,
        vec4f(0.0),
      ) * sin_vec4f(1.5707964 * vec4f(f32(q1Row0), f32(q1Row1), f32(q1Row2), f32(q1Row3)) / f32(queryRows));
      let q1_x3 = vec4f(
        q[q1Start0 + q1Component1],
        q[q1Start1 + q1Component1],
        q[q1Start2 + q1Component1],
        q[q1Start3 + q1Component1],
      );
      let q1_value4 = max(
        q1_x3,
        vec4f(0.0),
      ) * sin_vec4f(1.5707964 * vec4f(f32(q1Row0), f32(q1Row1), f32(q1Row2), f32(q1Row3)) / f32(queryRows));
      let q1_x5 = vec4f(
        q[q1Start0 + q1Component2],
        q[q1Start1 + q1Component2],
        q[q1Start2 + q1Component2],
        q[q1Start3 + q1Component2],
      );
      let q1_value6 = max(
        q1_x5,
        vec4f(0.0),
      ) * sin_vec4f(1.5707964 * vec4f(f32(q1Row0), f32(q1Row1), f32(q1Row2), f32(q1Row3)) / f32(queryRows));
      let q1_x7 = vec4f(
        q[q1Start0 + q1Component3],
        q[q1Start1 + q1Component3],
        q[q1Start2 + q1Component3],
        q[q1Start3 + q1Component3],
      );
      let q1_value8 = max(
        q1_x7,
        vec4f(0.0),
      ) * sin_vec4f(1.5707964 * vec4f(f32(q1Row0), f32(q1Row1), f32(q1Row2), f32(q1Row3)) / f32(queryRows));
      ofQuery_0 = q0_value2;
      ofQuery_1 = q0_value4;
      ofQuery_2 = q0_value6;
      ofQuery_3 = q0_value8;
      ofQuery_4 = q1_value2;
      ofQuery_5 = q1_value4;
      ofQuery_6 = q1_value6;
      ofQuery_7 = q1_value8;
    }
    for (var panel = 0u; panel < (count + 7u) / 8u; panel++) {
      let firstOfPanel = panel * 8u;
      let itemOfPanel = panel / 2u;
      if (columnGroup / 8u == panel % 2u) {
        let componentOfPanel = columnGroup % 8u;
        var query0 = ofQuery_0;
        var query1 = ofQuery_4;
        if (itemOfPanel == 1u) {
          query0 = ofQuery_1;
          query1 = ofQuery_5;
        }
        if (itemOfPanel == 2u) {
          query0 = ofQuery_2;
          query1 = ofQuery_6;
        }
        if (itemOfPanel == 3u) {
          query0 = ofQuery_3;
          query1 = ofQuery_7;
        }
        tile[componentOfPanel * 33u + rowGroup * 2u] = query0;
        tile[componentOfPanel * 33u + rowGroup * 2u + 1u] = query1;
        let z = state[(stateStart + 8192u + (firstFeature + firstOfPanel + componentOfPanel)) / 4u][(stateStart + 8192u + (firstFeature + firstOfPanel + componentOfPanel)) % 4u];
        totals_0 += query0 * z;
        totals_1 += query1 * z;
      }
      workgroupBarrier();
      for (var f = 0u; f < 8u; f++) {
        let weight0 = tile[f * 33u + rowGroup * 2u];
        let weight1 = tile[f * 33u + rowGroup * 2u + 1u];
        let rowStart = stateFours + (firstFeature + firstOfPanel + f) * 16u + firstColumns;
        let columns0 = state[rowStart];
        sums_0 += weight0 * columns0.x;
        sums_1 += weight0 * columns0.y;
        sums_2 += weight0 * columns0.z;
        sums_3 += weight0 * columns0.w;
        sums_4 += weight1 * columns0.x;
        sums_5 += weight1 * columns0.y;
        sums_6 += weight1 * columns0.z;
        sums_7 += weight1 * columns0.w;
      }
      workgroupBarrier();
    }
  }
  // denominators, of which a thread has what its components give
  tile[columnGroup * 33u + rowGroup * 2u] = totals_0;
  tile[columnGroup * 33u + rowGroup * 2u + 1u] = totals_1;
  workgroupBarrier();
  totals_0 = vec4f(0.0);
  totals_1 = vec4f(0.0);
  for (var other = 0u; other < 16u * unknownOne; other += 2u) {
    totals_0 += tile[other * 33u + rowGroup * 2u];
    totals_1 += tile[other * 33u + rowGroup * 2u + 1u];
    totals_0 += tile[other * 33u + rowGroup * 2u + 33u];
    totals_1 += tile[other * 33u + rowGroup * 2u + 34u];
  }
  workgroupBarrier();
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
