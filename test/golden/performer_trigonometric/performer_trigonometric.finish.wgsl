// finish: Each row: φ(q)·S over φ(q)·z.
// 128 threads a workgroup, 9216 bytes of workgroup memory
// reads q, w, lengths, state; writes out

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
@group(0) @binding(1) var<storage, read> q: array<vec4f>;
@group(0) @binding(2) var<storage, read> w: array<vec4f>;
@group(0) @binding(3) var<storage, read> lengths: array<u32>;
@group(0) @binding(4) var<storage, read> state: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> out: array<vec4f>;

var<workgroup> tile: array<vec4f, 576>;

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

@compute @workgroup_size(128, 1, 1)
fn finish(
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
  let visible = min(lengths[batchItem], shape.keyLength);
  let queryHead = group * (shape.heads / shape.kvHeads) + headInGroup;
  let rowGroup = thread / 16u;
  let columnGroup = thread % 16u;
  let firstColumns = valueTile * 16u + columnGroup;
  let firstRow = rowTile * 64u;
  let keys = 0u;
  let stateStart = slice * shape.chunks * 17152u;
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
  var rowScale_0 = vec4f(-1e30);
  var rowScale_1 = vec4f(-1e30);
  for (var components0 = 0u; components0 < 128u * unknownOne; components0 += 64u) {
    let count = min(max(128u, components0) - components0, 64u);
    let firstFeature = components0;
    var ofQuery_0 = vec4f(0.0);
    var ofQuery_1 = vec4f(0.0);
    var ofQuery_2 = vec4f(0.0);
    var ofQuery_3 = vec4f(0.0);
    var ofQuery_4 = vec4f(0.0);
    var ofQuery_5 = vec4f(0.0);
    var ofQuery_6 = vec4f(0.0);
    var ofQuery_7 = vec4f(0.0);
    var ofQueryCoefficient_0 = vec4f(0.0);
    var ofQueryCoefficient_1 = vec4f(0.0);
    var ofQueryCoefficient_2 = vec4f(0.0);
    var ofQueryCoefficient_3 = vec4f(0.0);
    var ofQueryCoefficient_4 = vec4f(0.0);
    var ofQueryCoefficient_5 = vec4f(0.0);
    var ofQueryCoefficient_6 = vec4f(0.0);
    var ofQueryCoefficient_7 = vec4f(0.0);
    {
      let lastRow = max(shape.length, 1u) - 1u;
      var xdot_0 = vec4f(0.0);
      var xdot_1 = vec4f(0.0);
      var xdot1_0 = vec4f(0.0);
      var xdot1_1 = vec4f(0.0);
      var xdot1_2 = vec4f(0.0);
      var xdot1_3 = vec4f(0.0);
      var xdot1_4 = vec4f(0.0);
      var xdot1_5 = vec4f(0.0);
      var xdot1_6 = vec4f(0.0);
      var xdot1_7 = vec4f(0.0);
      for (var first = 0u; first < 64u * unknownOne; first += 16u) {
        let place = thread % 4u;
        let entries = first / 4u + place;
        let firstFour = thread / 4u;
        if (firstFour < 16u) {
          let row0_0 = q[min(
            firstRow + firstFour * 4u,
            lastRow,
          ) * (shape.rowStride * 16u) + ((queryHead * shape.headStride + batchItem * shape.itemGap) * 16u + entries)];
          let row1_0 = q[min(
            firstRow + firstFour * 4u + 1u,
            lastRow,
          ) * (shape.rowStride * 16u) + ((queryHead * shape.headStride + batchItem * shape.itemGap) * 16u + entries)];
          let row2_0 = q[min(
            firstRow + firstFour * 4u + 2u,
            lastRow,
          ) * (shape.rowStride * 16u) + ((queryHead * shape.headStride + batchItem * shape.itemGap) * 16u + entries)];
          let row3_0 = q[min(
            firstRow + firstFour * 4u + 3u,
            lastRow,
          ) * (shape.rowStride * 16u) + ((queryHead * shape.headStride + batchItem * shape.itemGap) * 16u + entries)];
          tile[place * 18u + firstFour] = vec4f(row0_0.x, row1_0.x, row2_0.x, row3_0.x);
          tile[place * 18u + firstFour + 72u] = vec4f(row0_0.y, row1_0.y, row2_0.y, row3_0.y);
          tile[place * 18u + firstFour + 144u] = vec4f(row0_0.z, row1_0.z, row2_0.z, row3_0.z);
          tile[place * 18u + firstFour + 216u] = vec4f(row0_0.w, row1_0.w, row2_0.w, row3_0.w);
        }
        if (firstFour >= 16u) {
          let row0_1 = w[min(components0 + (firstFour - 16u), 127u) * 16u + entries];
          let row1_1 = w[min(components0 + (firstFour - 16u) + 16u, 127u) * 16u + entries];
          let row2_1 = w[min(components0 + (firstFour - 16u) + 32u, 127u) * 16u + entries];
          let row3_1 = w[min(components0 + (firstFour - 16u) + 48u, 127u) * 16u + entries];
          tile[place * 18u + firstFour + 272u] = vec4f(row0_1.x, row1_1.x, row2_1.x, row3_1.x);
          tile[place * 18u + firstFour + 344u] = vec4f(row0_1.y, row1_1.y, row2_1.y, row3_1.y);
          tile[place * 18u + firstFour + 416u] = vec4f(row0_1.z, row1_1.z, row2_1.z, row3_1.z);
          tile[place * 18u + firstFour + 488u] = vec4f(row0_1.w, row1_1.w, row2_1.w, row3_1.w);
        }
        workgroupBarrier();
        for (var t = 0u; t < 16u; t++) {
          let rows0 = tile[t * 18u + rowGroup * 2u];
          let rows1 = tile[t * 18u + rowGroup * 2u + 1u];
          let keys0 = tile[t * 18u + columnGroup + 288u];
          xdot_0 += rows0 * rows0;
          xdot_1 += rows1 * rows1;
          xdot1_0 += keys0.x * rows0;
          xdot1_4 += keys0.x * rows1;
          xdot1_1 += keys0.y * rows0;
          xdot1_5 += keys0.y * rows1;
          xdot1_2 += keys0.z * rows0;
          xdot1_6 += keys0.z * rows1;
          xdot1_3 += keys0.w * rows0;
          xdot1_7 += keys0.w * rows1;
        }
        workgroupBarrier();
      }
      let x0_value1 = 0.09016844 * xdot_0;
      let x0_value2 = 0.088388346 * cos_vec4f(0.35355338 * xdot1_0);
      let x0_value3 = 0.088388346 * cos_vec4f(0.35355338 * xdot1_1);
      let x0_value4 = 0.088388346 * cos_vec4f(0.35355338 * xdot1_2);
      let x0_value5 = 0.088388346 * cos_vec4f(0.35355338 * xdot1_3);
      let x1_value1 = 0.09016844 * xdot_1;
      let x1_value2 = 0.088388346 * cos_vec4f(0.35355338 * xdot1_4);
      let x1_value3 = 0.088388346 * cos_vec4f(0.35355338 * xdot1_5);
      let x1_value4 = 0.088388346 * cos_vec4f(0.35355338 * xdot1_6);
      let x1_value5 = 0.088388346 * cos_vec4f(0.35355338 * xdot1_7);
      ofQuery_0 = vec4f(
        select(x0_value1.x, -1e30, x0_value2.x == 0.0),
        select(x0_value1.y, -1e30, x0_value2.y == 0.0),
        select(x0_value1.z, -1e30, x0_value2.z == 0.0),
        select(x0_value1.w, -1e30, x0_value2.w == 0.0),
      );
      ofQuery_1 = vec4f(
        select(x0_value1.x, -1e30, x0_value3.x == 0.0),
        select(x0_value1.y, -1e30, x0_value3.y == 0.0),
        select(x0_value1.z, -1e30, x0_value3.z == 0.0),
        select(x0_value1.w, -1e30, x0_value3.w == 0.0),
      );
      ofQuery_2 = vec4f(
        select(x0_value1.x, -1e30, x0_value4.x == 0.0),
        select(x0_value1.y, -1e30, x0_value4.y == 0.0),
        select(x0_value1.z, -1e30, x0_value4.z == 0.0),
        select(x0_value1.w, -1e30, x0_value4.w == 0.0),
      );
      ofQuery_3 = vec4f(
        select(x0_value1.x, -1e30, x0_value5.x == 0.0),
        select(x0_value1.y, -1e30, x0_value5.y == 0.0),
        select(x0_value1.z, -1e30, x0_value5.z == 0.0),
        select(x0_value1.w, -1e30, x0_value5.w == 0.0),
      );
      ofQuery_4 = vec4f(
        select(x1_value1.x, -1e30, x1_value2.x == 0.0),
        select(x1_value1.y, -1e30, x1_value2.y == 0.0),
        select(x1_value1.z, -1e30, x1_value2.z == 0.0),
        select(x1_value1.w, -1e30, x1_value2.w == 0.0),
      );
      ofQuery_5 = vec4f(
        select(x1_value1.x, -1e30, x1_value3.x == 0.0),
        select(x1_value1.y, -1e30, x1_value3.y == 0.0),
        select(x1_value1.z, -1e30, x1_value3.z == 0.0),
        select(x1_value1.w, -1e30, x1_value3.w == 0.0),
      );
      ofQuery_6 = vec4f(
        select(x1_value1.x, -1e30, x1_value4.x == 0.0),
        select(x1_value1.y, -1e30, x1_value4.y == 0.0),
        select(x1_value1.z, -1e30, x1_value4.z == 0.0),
        select(x1_value1.w, -1e30, x1_value4.w == 0.0),
      );
      ofQuery_7 = vec4f(
        select(x1_value1.x, -1e30, x1_value5.x == 0.0),
        select(x1_value1.y, -1e30, x1_value5.y == 0.0),
        select(x1_value1.z, -1e30, x1_value5.z == 0.0),
        select(x1_value1.w, -1e30, x1_value5.w == 0.0),
      );
      ofQueryCoefficient_0 = x0_value2;
      ofQueryCoefficient_1 = x0_value3;
      ofQueryCoefficient_2 = x0_value4;
      ofQueryCoefficient_3 = x0_value5;
      ofQueryCoefficient_4 = x1_value2;
      ofQueryCoefficient_5 = x1_value3;
      ofQueryCoefficient_6 = x1_value4;
      ofQueryCoefficient_7 = x1_value5;
    }
    // scales of the features down the rows, then of the rows
    let stateScale = vec4f(
      state[(stateStart + 16896u + (firstFeature + min(
        columnGroup,
        count - 1u,
      ))) / 4u][(stateStart + 16896u + (firstFeature + min(columnGroup, count - 1u))) % 4u],
      state[(stateStart + 16896u + (firstFeature + min(
        columnGroup + 16u,
        count - 1u,
      ))) / 4u][(stateStart + 16896u + (firstFeature + min(columnGroup + 16u, count - 1u))) % 4u],
      state[(stateStart + 16896u + (firstFeature + min(
        columnGroup + 32u,
        count - 1u,
      ))) / 4u][(stateStart + 16896u + (firstFeature + min(columnGroup + 32u, count - 1u))) % 4u],
      state[(stateStart + 16896u + (firstFeature + min(
        columnGroup + 48u,
        count - 1u,
      ))) / 4u][(stateStart + 16896u + (firstFeature + min(columnGroup + 48u, count - 1u))) % 4u],
    );
    tile[columnGroup * 17u + rowGroup * 2u] = max(
      max(max(ofQuery_0 + stateScale.x, ofQuery_1 + stateScale.y), ofQuery_2 + stateScale.z),
      ofQuery_3 + stateScale.w,
    );
    tile[columnGroup * 17u + rowGroup * 2u + 1u] = max(
      max(max(ofQuery_4 + stateScale.x, ofQuery_5 + stateScale.y), ofQuery_6 + stateScale.z),
      ofQuery_7 + stateScale.w,
    );
    workgroupBarrier();
    let scaleSoFar0 = rowScale_0;
    let scaleSoFar1 = rowScale_1;
    for (var other = 0u; other < 16u * unknownOne; other += 2u) {
      rowScale_0 = max(rowScale_0, tile[other * 17u + rowGroup * 2u]);
      rowScale_1 = max(rowScale_1, tile[other * 17u + rowGroup * 2u + 1u]);
      rowScale_0 = max(rowScale_0, tile[other * 17u + rowGroup * 2u + 17u]);
      rowScale_1 = max(rowScale_1, tile[other * 17u + rowGroup * 2u + 18u]);
    }
    let shrink0 = exp2(scaleSoFar0 - rowScale_0);
    sums_0 *= shrink0;
    sums_1 *= shrink0;
    sums_2 *= shrink0;
    sums_3 *= shrink0;
    totals_0 *= shrink0;
    let shrink1 = exp2(scaleSoFar1 - rowScale_1);
    sums_4 *= shrink1;
    sums_5 *= shrink1;
    sums_6 *= shrink1;
    sums_7 *= shrink1;
    totals_1 *= shrink1;
    workgroupBarrier();
    for (var panel = 0u; panel < (count + 3u) / 4u; panel++) {
      let firstOfPanel = panel * 4u;
      let itemOfPanel = panel / 4u;
      if (columnGroup / 4u == panel % 4u) {
        let componentOfPanel = columnGroup % 4u;
        var query0 = ofQuery_0;
        var query1 = ofQuery_4;
        var queryCoefficient0 = ofQueryCoefficient_0;
        var queryCoefficient1 = ofQueryCoefficient_4;
        var scaleOfGroup = stateScale.x;
        if (itemOfPanel == 1u) {
          query0 = ofQuery_1;
          query1 = ofQuery_5;
          queryCoefficient0 = ofQueryCoefficient_1;
          queryCoefficient1 = ofQueryCoefficient_5;
          scaleOfGroup = stateScale.y;
        }
        if (itemOfPanel == 2u) {
          query0 = ofQuery_2;
          query1 = ofQuery_6;
          queryCoefficient0 = ofQueryCoefficient_2;
          queryCoefficient1 = ofQueryCoefficient_6;
          scaleOfGroup = stateScale.z;
        }
        if (itemOfPanel == 3u) {
          query0 = ofQuery_3;
          query1 = ofQuery_7;
          queryCoefficient0 = ofQueryCoefficient_3;
          queryCoefficient1 = ofQueryCoefficient_7;
          scaleOfGroup = stateScale.w;
        }
        let relative0 = query0 - rowScale_0;
        let relative1 = query1 - rowScale_1;
        let powers0 = queryCoefficient0 * exp2(relative0 + scaleOfGroup);
        let powers1 = queryCoefficient1 * exp2(relative1 + scaleOfGroup);
        tile[componentOfPanel * 17u + rowGroup * 2u] = powers0;
        tile[componentOfPanel * 17u + rowGroup * 2u + 1u] = powers1;
        let z = state[(stateStart + 16384u + (firstFeature + firstOfPanel + componentOfPanel)) / 4u][(stateStart + 16384u + (firstFeature + firstOfPanel + componentOfPanel)) % 4u];
        totals_0 += powers0 * z;
        totals_1 += powers1 * z;
      }
      workgroupBarrier();
      for (var f = 0u; f < 4u; f++) {
        let weight0 = tile[f * 17u + rowGroup * 2u];
        let weight1 = tile[f * 17u + rowGroup * 2u + 1u];
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
  for (var components1 = 0u; components1 < 128u * unknownOne; components1 += 64u) {
    let count = min(max(128u, components1) - components1, 64u);
    let firstFeature = components1 + 128u;
    var ofQuery_0 = vec4f(0.0);
    var ofQuery_1 = vec4f(0.0);
    var ofQuery_2 = vec4f(0.0);
    var ofQuery_3 = vec4f(0.0);
    var ofQuery_4 = vec4f(0.0);
    var ofQuery_5 = vec4f(0.0);
    var ofQuery_6 = vec4f(0.0);
    var ofQuery_7 = vec4f(0.0);
    var ofQueryCoefficient_0 = vec4f(0.0);
    var ofQueryCoefficient_1 = vec4f(0.0);
    var ofQueryCoefficient_2 = vec4f(0.0);
    var ofQueryCoefficient_3 = vec4f(0.0);
    var ofQueryCoefficient_4 = vec4f(0.0);
    var ofQueryCoefficient_5 = vec4f(0.0);
    var ofQueryCoefficient_6 = vec4f(0.0);
    var ofQueryCoefficient_7 = vec4f(0.0);
    {
      let lastRow = max(shape.length, 1u) - 1u;
      var xdot_0 = vec4f(0.0);
      var xdot_1 = vec4f(0.0);
      var xdot1_0 = vec4f(0.0);
      var xdot1_1 = vec4f(0.0);
      var xdot1_2 = vec4f(0.0);
      var xdot1_3 = vec4f(0.0);
      var xdot1_4 = vec4f(0.0);
      var xdot1_5 = vec4f(0.0);
      var xdot1_6 = vec4f(0.0);
      var xdot1_7 = vec4f(0.0);
      for (var first = 0u; first < 64u * unknownOne; first += 16u) {
        let place = thread % 4u;
        let entries = first / 4u + place;
        let firstFour = thread / 4u;
        if (firstFour < 16u) {
          let row0_0 = q[min(
            firstRow + firstFour * 4u,
            lastRow,
          ) * (shape.rowStride * 16u) + ((queryHead * shape.headStride + batchItem * shape.itemGap) * 16u + entries)];
          let row1_0 = q[min(
            firstRow + firstFour * 4u + 1u,
            lastRow,
          ) * (shape.rowStride * 16u) + ((queryHead * shape.headStride + batchItem * shape.itemGap) * 16u + entries)];
          let row2_0 = q[min(
            firstRow + firstFour * 4u + 2u,
            lastRow,
          ) * (shape.rowStride * 16u) + ((queryHead * shape.headStride + batchItem * shape.itemGap) * 16u + entries)];
          let row3_0 = q[min(
            firstRow + firstFour * 4u + 3u,
            lastRow,
          ) * (shape.rowStride * 16u) + ((queryHead * shape.headStride + batchItem * shape.itemGap) * 16u + entries)];
          tile[place * 18u + firstFour] = vec4f(row0_0.x, row1_0.x, row2_0.x, row3_0.x);
          tile[place * 18u + firstFour + 72u] = vec4f(row0_0.y, row1_0.y, row2_0.y, row3_0.y);
          tile[place * 18u + firstFour + 144u] = vec4f(row0_0.z, row1_0.z, row2_0.z, row3_0.z);
          tile[place * 18u + firstFour + 216u] = vec4f(row0_0.w, row1_0.w, row2_0.w, row3_0.w);
        }
        if (firstFour >= 16u) {
          let row0_1 = w[min(components1 + (firstFour - 16u), 127u) * 16u + entries];
          let row1_1 = w[min(components1 + (firstFour - 16u) + 16u, 127u) * 16u + entries];
          let row2_1 = w[min(components1 + (firstFour - 16u) + 32u, 127u) * 16u + entries];
          let row3_1 = w[min(components1 + (firstFour - 16u) + 48u, 127u) * 16u + entries];
          tile[place * 18u + firstFour + 272u] = vec4f(row0_1.x, row1_1.x, row2_1.x, row3_1.x);
          tile[place * 18u + firstFour + 344u] = vec4f(row0_1.y, row1_1.y, row2_1.y, row3_1.y);
          tile[place * 18u + firstFour + 416u] = vec4f(row0_1.z, row1_1.z, row2_1.z, row3_1.z);
          tile[place * 18u + firstFour + 488u] = vec4f(row0_1.w, row1_1.w, row2_1.w, row3_1.w);
        }
        workgroupBarrier();
        for (var t = 0u; t < 16u; t++) {
          let rows0 = tile[t * 18u + rowGroup * 2u];
          let rows1 = tile[t * 18u + rowGroup * 2u + 1u];
          let keys0 = tile[t * 18u + columnGroup + 288u];
          xdot_0 += rows0 * rows0;
          xdot_1 += rows1 * rows1;
          xdot1_0 += keys0.x * rows0;
          xdot1_4 += keys0.x * rows1;
          xdot1_1 += keys0.y * rows0;
          xdot1_5 += keys0.y * rows1;
          xdot1_2 += keys0.z * rows0;
          xdot1_6 += keys0.z * rows1;
          xdot1_3 += keys0.w * rows0;
          xdot1_7 += keys0.w * rows1;
        }
        workgroupBarrier();
      }
      let x0_value1 = 0.09016844 * xdot_0;
      let x0_value2 = 0.088388346 * sin_vec4f(0.35355338 * xdot1_0);
      let x0_value3 = 0.088388346 * sin_vec4f(0.35355338 * xdot1_1);
      let x0_value4 = 0.088388346 * sin_vec4f(0.35355338 * xdot1_2);
      let x0_value5 = 0.088388346 * sin_vec4f(0.35355338 * xdot1_3);
      let x1_value1 = 0.09016844 * xdot_1;
      let x1_value2 = 0.088388346 * sin_vec4f(0.35355338 * xdot1_4);
      let x1_value3 = 0.088388346 * sin_vec4f(0.35355338 * xdot1_5);
      let x1_value4 = 0.088388346 * sin_vec4f(0.35355338 * xdot1_6);
      let x1_value5 = 0.088388346 * sin_vec4f(0.35355338 * xdot1_7);
      ofQuery_0 = vec4f(
        select(x0_value1.x, -1e30, x0_value2.x == 0.0),
        select(x0_value1.y, -1e30, x0_value2.y == 0.0),
        select(x0_value1.z, -1e30, x0_value2.z == 0.0),
        select(x0_value1.w, -1e30, x0_value2.w == 0.0),
      );
      ofQuery_1 = vec4f(
        select(x0_value1.x, -1e30, x0_value3.x == 0.0),
        select(x0_value1.y, -1e30, x0_value3.y == 0.0),
        select(x0_value1.z, -1e30, x0_value3.z == 0.0),
        select(x0_value1.w, -1e30, x0_value3.w == 0.0),
      );
      ofQuery_2 = vec4f(
        select(x0_value1.x, -1e30, x0_value4.x == 0.0),
        select(x0_value1.y, -1e30, x0_value4.y == 0.0),
        select(x0_value1.z, -1e30, x0_value4.z == 0.0),
        select(x0_value1.w, -1e30, x0_value4.w == 0.0),
      );
      ofQuery_3 = vec4f(
        select(x0_value1.x, -1e30, x0_value5.x == 0.0),
        select(x0_value1.y, -1e30, x0_value5.y == 0.0),
        select(x0_value1.z, -1e30, x0_value5.z == 0.0),
        select(x0_value1.w, -1e30, x0_value5.w == 0.0),
      );
      ofQuery_4 = vec4f(
        select(x1_value1.x, -1e30, x1_value2.x == 0.0),
        select(x1_value1.y, -1e30, x1_value2.y == 0.0),
        select(x1_value1.z, -1e30, x1_value2.z == 0.0),
        select(x1_value1.w, -1e30, x1_value2.w == 0.0),
      );
      ofQuery_5 = vec4f(
        select(x1_value1.x, -1e30, x1_value3.x == 0.0),
        select(x1_value1.y, -1e30, x1_value3.y == 0.0),
        select(x1_value1.z, -1e30, x1_value3.z == 0.0),
        select(x1_value1.w, -1e30, x1_value3.w == 0.0),
      );
      ofQuery_6 = vec4f(
        select(x1_value1.x, -1e30, x1_value4.x == 0.0),
        select(x1_value1.y, -1e30, x1_value4.y == 0.0),
        select(x1_value1.z, -1e30, x1_value4.z == 0.0),
        select(x1_value1.w, -1e30, x1_value4.w == 0.0),
      );
      ofQuery_7 = vec4f(
        select(x1_value1.x, -1e30, x1_value5.x == 0.0),
        select(x1_value1.y, -1e30, x1_value5.y == 0.0),
        select(x1_value1.z, -1e30, x1_value5.z == 0.0),
        select(x1_value1.w, -1e30, x1_value5.w == 0.0),
      );
      ofQueryCoefficient_0 = x0_value2;
      ofQueryCoefficient_1 = x0_value3;
      ofQueryCoefficient_2 = x0_value4;
      ofQueryCoefficient_3 = x0_value5;
      ofQueryCoefficient_4 = x1_value2;
      ofQueryCoefficient_5 = x1_value3;
      ofQueryCoefficient_6 = x1_value4;
      ofQueryCoefficient_7 = x1_value5;
    }
    // scales of the features down the rows, then of the rows
    let stateScale = vec4f(
      state[(stateStart + 16896u + (firstFeature + min(
        columnGroup,
        count - 1u,
      ))) / 4u][(stateStart + 16896u + (firstFeature + min(columnGroup, count - 1u))) % 4u],
      state[(stateStart + 16896u + (firstFeature + min(
        columnGroup + 16u,
        count - 1u,
      ))) / 4u][(stateStart + 16896u + (firstFeature + min(columnGroup + 16u, count - 1u))) % 4u],
      state[(stateStart + 16896u + (firstFeature + min(
        columnGroup + 32u,
        count - 1u,
      ))) / 4u][(stateStart + 16896u + (firstFeature + min(columnGroup + 32u, count - 1u))) % 4u],
      state[(stateStart + 16896u + (firstFeature + min(
        columnGroup + 48u,
        count - 1u,
      ))) / 4u][(stateStart + 16896u + (firstFeature + min(columnGroup + 48u, count - 1u))) % 4u],
    );
    tile[columnGroup * 17u + rowGroup * 2u] = max(
      max(max(ofQuery_0 + stateScale.x, ofQuery_1 + stateScale.y), ofQuery_2 + stateScale.z),
      ofQuery_3 + stateScale.w,
    );
    tile[columnGroup * 17u + rowGroup * 2u + 1u] = max(
      max(max(ofQuery_4 + stateScale.x, ofQuery_5 + stateScale.y), ofQuery_6 + stateScale.z),
      ofQuery_7 + stateScale.w,
    );
    workgroupBarrier();
    let scaleSoFar0 = rowScale_0;
    let scaleSoFar1 = rowScale_1;
    for (var other = 0u; other < 16u * unknownOne; other += 2u) {
      rowScale_0 = max(rowScale_0, tile[other * 17u + rowGroup * 2u]);
      rowScale_1 = max(rowScale_1, tile[other * 17u + rowGroup * 2u + 1u]);
      rowScale_0 = max(rowScale_0, tile[other * 17u + rowGroup * 2u + 17u]);
      rowScale_1 = max(rowScale_1, tile[other * 17u + rowGroup * 2u + 18u]);
    }
    let shrink0 = exp2(scaleSoFar0 - rowScale_0);
    sums_0 *= shrink0;
    sums_1 *= shrink0;
    sums_2 *= shrink0;
    sums_3 *= shrink0;
    totals_0 *= shrink0;
    let shrink1 = exp2(scaleSoFar1 - rowScale_1);
    sums_4 *= shrink1;
    sums_5 *= shrink1;
    sums_6 *= shrink1;
    sums_7 *= shrink1;
    totals_1 *= shrink1;
    workgroupBarrier();
    for (var panel = 0u; panel < (count + 3u) / 4u; panel++) {
      let firstOfPanel = panel * 4u;
      let itemOfPanel = panel / 4u;
      if (columnGroup / 4u == panel % 4u) {
        let componentOfPanel = columnGroup % 4u;
        var query0 = ofQuery_0;
        var query1 = ofQuery_4;
        var queryCoefficient0 = ofQueryCoefficient_0;
        var queryCoefficient1 = ofQueryCoefficient_4;
        var scaleOfGroup = stateScale.x;
        if (itemOfPanel == 1u) {
          query0 = ofQuery_1;
          query1 = ofQuery_5;
          queryCoefficient0 = ofQueryCoefficient_1;
          queryCoefficient1 = ofQueryCoefficient_5;
          scaleOfGroup = stateScale.y;
        }
        if (itemOfPanel == 2u) {
          query0 = ofQuery_2;
          query1 = ofQuery_6;
          queryCoefficient0 = ofQueryCoefficient_2;
          queryCoefficient1 = ofQueryCoefficient_6;
          scaleOfGroup = stateScale.z;
        }
        if (itemOfPanel == 3u) {
          query0 = ofQuery_3;
          query1 = ofQuery_7;
          queryCoefficient0 = ofQueryCoefficient_3;
          queryCoefficient1 = ofQueryCoefficient_7;
          scaleOfGroup = stateScale.w;
        }
        let relative0 = query0 - rowScale_0;
        let relative1 = query1 - rowScale_1;
        let powers0 = queryCoefficient0 * exp2(relative0 + scaleOfGroup);
        let powers1 = queryCoefficient1 * exp2(relative1 + scaleOfGroup);
        tile[componentOfPanel * 17u + rowGroup * 2u] = powers0;
        tile[componentOfPanel * 17u + rowGroup * 2u + 1u] = powers1;
        let z = state[(stateStart + 16384u + (firstFeature + firstOfPanel + componentOfPanel)) / 4u][(stateStart + 16384u + (firstFeature + firstOfPanel + componentOfPanel)) % 4u];
        totals_0 += powers0 * z;
        totals_1 += powers1 * z;
      }
      workgroupBarrier();
      for (var f = 0u; f < 4u; f++) {
        let weight0 = tile[f * 17u + rowGroup * 2u];
        let weight1 = tile[f * 17u + rowGroup * 2u + 1u];
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
  tile[columnGroup * 17u + rowGroup * 2u] = totals_0;
  tile[columnGroup * 17u + rowGroup * 2u + 1u] = totals_1;
  workgroupBarrier();
  totals_0 = vec4f(0.0);
  totals_1 = vec4f(0.0);
  for (var other = 0u; other < 16u * unknownOne; other += 2u) {
    totals_0 += tile[other * 17u + rowGroup * 2u];
    totals_1 += tile[other * 17u + rowGroup * 2u + 1u];
    totals_0 += tile[other * 17u + rowGroup * 2u + 17u];
    totals_1 += tile[other * 17u + rowGroup * 2u + 18u];
  }
  workgroupBarrier();
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
