// reduce: For each chunk of key rows, S = Σ φ(k) vᵀ and z = Σ φ(k).
// 128 threads a workgroup, 12800 bytes of workgroup memory
// reads k, v, w, lengths; writes state

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
@group(0) @binding(1) var<storage, read> k: array<vec4f>;
@group(0) @binding(2) var<storage, read> v: array<f32>;
@group(0) @binding(3) var<storage, read> w: array<vec4f>;
@group(0) @binding(4) var<storage, read> lengths: array<u32>;
@group(0) @binding(5) var<storage, read_write> state: array<f32>;

var<workgroup> tile: array<vec4f, 800>;

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
fn reduce(
  @builtin(local_invocation_index) thread: u32,
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(num_workgroups) workgroup_counts: vec3u,
) {
  let workgroup = workgroup_id.x + workgroup_id.y * workgroup_counts.x;
  if (workgroup >= shape.sliceCount * shape.chunks * 2u) {
    return;
  }
  // 1, which no compiler knows: loops up to a multiple of it are not written out
  let unknownOne = min(shape.sliceCount, 1u);
  let valueTile = 0u;
  let featureTile = workgroup % 2u;
  let rest2 = workgroup / 2u;
  let chunk = rest2 % shape.chunks;
  let slice = rest2 / shape.chunks;
  let group = shape.sliceStart + slice;
  let batchItem = group / shape.kvHeads;
  let keyGroup = group;
  let visible = min(lengths[batchItem], shape.keyLength);
  let rowGroup = thread / 8u;
  let columnGroup = thread % 8u;
  let firstColumn = valueTile * 64u + columnGroup;
  let firstRow = chunk * 256u;
  let rows = min(max(visible, firstRow) - firstRow, 256u);
  if (featureTile < 1u) {
    let components = featureTile * 128u;
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
    var largest_0 = vec4f(-1e30);
    var largest_1 = vec4f(-1e30);
    for (var from_ = 0u; from_ < rows; from_ += 32u) {
      let fromRow = firstRow + from_;
      let lastKey = max(visible, 1u) - 1u;
      var kdot_0 = 0.0;
      var kdot_1 = 0.0;
      var kdot_2 = 0.0;
      var kdot_3 = 0.0;
      var kdot1_0 = vec4f(0.0);
      var kdot1_1 = vec4f(0.0);
      var kdot1_2 = vec4f(0.0);
      var kdot1_3 = vec4f(0.0);
      var kdot1_4 = vec4f(0.0);
      var kdot1_5 = vec4f(0.0);
      var kdot1_6 = vec4f(0.0);
      var kdot1_7 = vec4f(0.0);
      for (var first = 0u; first < 64u * unknownOne; first += 16u) {
        let place = thread % 4u;
        let entries = first / 4u + place;
        let firstFour = thread / 4u;
        let row0_0_0 = w[min(components + firstFour, 127u) * 16u + entries];
        let row1_0_0 = w[min(components + (firstFour + 32u), 127u) * 16u + entries];
        let row2_0_0 = w[min(components + (firstFour + 64u), 127u) * 16u + entries];
        let row3_0_0 = w[min(components + (firstFour + 96u), 127u) * 16u + entries];
        tile[place * 34u + firstFour] = vec4f(row0_0_0.x, row1_0_0.x, row2_0_0.x, row3_0_0.x);
        tile[place * 34u + firstFour + 136u] = vec4f(row0_0_0.y, row1_0_0.y, row2_0_0.y, row3_0_0.y);
        tile[place * 34u + firstFour + 272u] = vec4f(row0_0_0.z, row1_0_0.z, row2_0_0.z, row3_0_0.z);
        tile[place * 34u + firstFour + 408u] = vec4f(row0_0_0.w, row1_0_0.w, row2_0_0.w, row3_0_0.w);
        if (firstFour < 8u) {
          let row0_1 = k[min(
            fromRow + firstFour,
            lastKey,
          ) * (shape.keyRowStride * 16u) + ((keyGroup * shape.keyHeadStride + batchItem * shape.keyItemGap) * 16u + entries)];
          let row1_1 = k[min(
            fromRow + firstFour + 8u,
            lastKey,
          ) * (shape.keyRowStride * 16u) + ((keyGroup * shape.keyHeadStride + batchItem * shape.keyItemGap) * 16u + entries)];
          let row2_1 = k[min(
            fromRow + firstFour + 16u,
            lastKey,
          ) * (shape.keyRowStride * 16u) + ((keyGroup * shape.keyHeadStride + batchItem * shape.keyItemGap) * 16u + entries)];
          let row3_1 = k[min(
            fromRow + firstFour + 24u,
            lastKey,
          ) * (shape.keyRowStride * 16u) + ((keyGroup * shape.keyHeadStride + batchItem * shape.keyItemGap) * 16u + entries)];
          tile[place * 10u + firstFour + 544u] = vec4f(row0_1.x, row1_1.x, row2_1.x, row3_1.x);
          tile[place * 10u + firstFour + 584u] = vec4f(row0_1.y, row1_1.y, row2_1.y, row3_1.y);
          tile[place * 10u + firstFour + 624u] = vec4f(row0_1.z, row1_1.z, row2_1.z, row3_1.z);
          tile[place * 10u + firstFour + 664u] = vec4f(row0_1.w, row1_1.w, row2_1.w, row3_1.w);
        }
        workgroupBarrier();
        for (var t = 0u; t < 16u; t++) {
          let rows0 = tile[t * 34u + rowGroup * 2u];
          let rows1 = tile[t * 34u + rowGroup * 2u + 1u];
          let keys0 = tile[t * 10u + columnGroup + 544u];
          kdot_0 += keys0.x * keys0.x;
          kdot_1 += keys0.y * keys0.y;
          kdot_2 += keys0.z * keys0.z;
          kdot_3 += keys0.w * keys0.w;
          kdot1_0 += rows0 * keys0.x;
          kdot1_4 += rows1 * keys0.x;
          kdot1_1 += rows0 * keys0.y;
          kdot1_5 += rows1 * keys0.y;
          kdot1_2 += rows0 * keys0.z;
          kdot1_6 += rows1 * keys0.z;
          kdot1_3 += rows0 * keys0.w;
          kdot1_7 += rows1 * keys0.w;
        }
        workgroupBarrier();
      }
      let k0_value1 = 0.09016844 * kdot_0;
      let k0_value2 = 0.09016844 * kdot_1;
      let k0_value3 = 0.09016844 * kdot_2;
      let k0_value4 = 0.09016844 * kdot_3;
      let k0_value5 = 0.088388346 * cos_vec4f(0.35355338 * kdot1_0);
      let k0_value6 = 0.088388346 * cos_vec4f(0.35355338 * kdot1_1);
      let k0_value7 = 0.088388346 * cos_vec4f(0.35355338 * kdot1_2);
      let k0_value8 = 0.088388346 * cos_vec4f(0.35355338 * kdot1_3);
      let k1_value1 = 0.09016844 * kdot_0;
      let k1_value2 = 0.09016844 * kdot_1;
      let k1_value3 = 0.09016844 * kdot_2;
      let k1_value4 = 0.09016844 * kdot_3;
      let k1_value5 = 0.088388346 * cos_vec4f(0.35355338 * kdot1_4);
      let k1_value6 = 0.088388346 * cos_vec4f(0.35355338 * kdot1_5);
      let k1_value7 = 0.088388346 * cos_vec4f(0.35355338 * kdot1_6);
      let k1_value8 = 0.088388346 * cos_vec4f(0.35355338 * kdot1_7);
      let exponent0_0 = vec4f(
        select(k0_value1, -1e30, k0_value5.x == 0.0),
        select(k0_value1, -1e30, k0_value5.y == 0.0),
        select(k0_value1, -1e30, k0_value5.z == 0.0),
        select(k0_value1, -1e30, k0_value5.w == 0.0),
      );
      let exponent0_1 = vec4f(
        select(k0_value2, -1e30, k0_value6.x == 0.0),
        select(k0_value2, -1e30, k0_value6.y == 0.0),
        select(k0_value2, -1e30, k0_value6.z == 0.0),
        select(k0_value2, -1e30, k0_value6.w == 0.0),
      );
      let exponent0_2 = vec4f(
        select(k0_value3, -1e30, k0_value7.x == 0.0),
        select(k0_value3, -1e30, k0_value7.y == 0.0),
        select(k0_value3, -1e30, k0_value7.z == 0.0),
        select(k0_value3, -1e30, k0_value7.w == 0.0),
      );
      let exponent0_3 = vec4f(
        select(k0_value4, -1e30, k0_value8.x == 0.0),
        select(k0_value4, -1e30, k0_value8.y == 0.0),
        select(k0_value4, -1e30, k0_value8.z == 0.0),
        select(k0_value4, -1e30, k0_value8.w == 0.0),
      );
      let exponent1_0 = vec4f(
        select(k1_value1, -1e30, k1_value5.x == 0.0),
        select(k1_value1, -1e30, k1_value5.y == 0.0),
        select(k1_value1, -1e30, k1_value5.z == 0.0),
        select(k1_value1, -1e30, k1_value5.w == 0.0),
      );
      let exponent1_1 = vec4f(
        select(k1_value2, -1e30, k1_value6.x == 0.0),
        select(k1_value2, -1e30, k1_value6.y == 0.0),
        select(k1_value2, -1e30, k1_value6.z == 0.0),
        select(k1_value2, -1e30, k1_value6.w == 0.0),
      );
      let exponent1_2 = vec4f(
        select(k1_value3, -1e30, k1_value7.x == 0.0),
        select(k1_value3, -1e30, k1_value7.y == 0.0),
        select(k1_value3, -1e30, k1_value7.z == 0.0),
        select(k1_value3, -1e30, k1_value7.w == 0.0),
      );
      let exponent1_3 = vec4f(
        select(k1_value4, -1e30, k1_value8.x == 0.0),
        select(k1_value4, -1e30, k1_value8.y == 0.0),
        select(k1_value4, -1e30, k1_value8.z == 0.0),
        select(k1_value4, -1e30, k1_value8.w == 0.0),
      );
      // each component is scaled by its largest exponent so far
      tile[columnGroup * 33u + rowGroup * 2u] = max(
        max(max(exponent0_0, exponent0_1), exponent0_2),
        exponent0_3,
      );
      tile[columnGroup * 33u + rowGroup * 2u + 1u] = max(
        max(max(exponent1_0, exponent1_1), exponent1_2),
        exponent1_3,
      );
      workgroupBarrier();
      let before0 = largest_0;
      let before1 = largest_1;
      for (var other = 0u; other < 8u * unknownOne; other += 2u) {
        largest_0 = max(largest_0, tile[other * 33u + rowGroup * 2u]);
        largest_1 = max(largest_1, tile[other * 33u + rowGroup * 2u + 1u]);
        largest_0 = max(largest_0, tile[other * 33u + rowGroup * 2u + 33u]);
        largest_1 = max(largest_1, tile[other * 33u + rowGroup * 2u + 34u]);
      }
      let shrink0 = exp2(before0 - largest_0);
      totals_0 *= shrink0;
      sums_0 *= shrink0;
      sums_1 *= shrink0;
      sums_2 *= shrink0;
      sums_3 *= shrink0;
      sums_4 *= shrink0;
      sums_5 *= shrink0;
      sums_6 *= shrink0;
      sums_7 *= shrink0;
      let shrink1 = exp2(before1 - largest_1);
      totals_1 *= shrink1;
      sums_8 *= shrink1;
      sums_9 *= shrink1;
      sums_10 *= shrink1;
      sums_11 *= shrink1;
      sums_12 *= shrink1;
      sums_13 *= shrink1;
      sums_14 *= shrink1;
      sums_15 *= shrink1;
      workgroupBarrier();
      tile[(from_ + columnGroup - from_) * 33u + rowGroup * 2u] = select(
        vec4f(0.0),
        k0_value5 * exp2(exponent0_0 - largest_0),
        from_ + columnGroup < rows,
      );
      tile[(from_ + columnGroup - from_) * 33u + rowGroup * 2u + 1u] = select(
        vec4f(0.0),
        k1_value5 * exp2(exponent1_0 - largest_1),
        from_ + columnGroup < rows,
      );
      tile[(from_ + columnGroup + 8u - from_) * 33u + rowGroup * 2u] = select(
        vec4f(0.0),
        k0_value6 * exp2(exponent0_1 - largest_0),
        from_ + columnGroup + 8u < rows,
      );
      tile[(from_ + columnGroup + 8u - from_) * 33u + rowGroup * 2u + 1u] = select(
        vec4f(0.0),
        k1_value6 * exp2(exponent1_1 - largest_1),
        from_ + columnGroup + 8u < rows,
      );
      for (var filled = thread; filled < 256u; filled += 128u) {
        let filledRow = filled / 16u;
        let filledFour = filled % 16u;
        let filledStart = (keyGroup * shape.keyHeadStride + batchItem * shape.keyItemGap) * 64u + min(
          firstRow + from_ + filledRow,
          max(visible, 1u) - 1u,
        ) * (shape.keyRowStride * 64u);
        let filledColumn = valueTile * 64u + filledFour;
        tile[filledRow * 17u + filledFour + 528u] = vec4f(
          v[filledStart + filledColumn],
          v[filledStart + (filledColumn + 16u)],
          v[filledStart + (filledColumn + 32u)],
          v[filledStart + (filledColumn + 48u)],
        );
      }
      workgroupBarrier();
      let here0 = min(max(rows, from_) - from_, 16u);
      for (var j = 0u; j < here0; j += 4u) {
        for (var step = 0u; step < 4u; step++) {
          let feature0 = tile[(j + step) * 33u + rowGroup * 2u];
          let feature1 = tile[(j + step) * 33u + rowGroup * 2u + 1u];
          let columns0 = tile[(j + step) * 17u + columnGroup + 528u];
          let columns1 = tile[(j + step) * 17u + columnGroup + 536u];
          totals_0 += feature0;
          sums_0 += feature0 * columns0.x;
          sums_1 += feature0 * columns1.x;
          sums_2 += feature0 * columns0.y;
          sums_3 += feature0 * columns1.y;
          sums_4 += feature0 * columns0.z;
          sums_5 += feature0 * columns1.z;
          sums_6 += feature0 * columns0.w;
          sums_7 += feature0 * columns1.w;
          totals_1 += feature1;
          sums_8 += feature1 * columns0.x;
          sums_9 += feature1 * columns1.x;
          sums_10 += feature1 * columns0.y;
          sums_11 += feature1 * columns1.y;
          sums_12 += feature1 * columns0.z;
          sums_13 += feature1 * columns1.z;
          sums_14 += feature1 * columns0.w;
          sums_15 += feature1 * columns1.w;
        }
      }
      workgroupBarrier();
      tile[(from_ + columnGroup + 16u - (from_ + 16u)) * 33u + rowGroup * 2u] = select(
        vec4f(0.0),
        k0_value7 * exp2(exponent0_2 - largest_0),
        from_ + columnGroup + 16u < rows,
      );
      tile[(from_ + columnGroup + 16u - (from_ + 16u)) * 33u + rowGroup * 2u + 1u] = select(
        vec4f(0.0),
        k1_value7 * exp2(exponent1_2 - largest_1),
        from_ + columnGroup + 16u < rows,
      );
      tile[(from_ + columnGroup + 24u - (from_ + 16u)) * 33u + rowGroup * 2u] = select(
        vec4f(0.0),
        k0_value8 * exp2(exponent0_3 - largest_0),
        from_ + columnGroup + 24u < rows,
      );
      tile[(from_ + columnGroup + 24u - (from_ + 16u)) * 33u + rowGroup * 2u + 1u] = select(
        vec4f(0.0),
        k1_value8 * exp2(exponent1_3 - largest_1),
        from_ + columnGroup + 24u < rows,
      );
      for (var filled = thread; filled < 256u; filled += 128u) {
        let filledRow = filled / 16u;
        let filledFour = filled % 16u;
        let filledStart = (keyGroup * shape.keyHeadStride + batchItem * shape.keyItemGap) * 64u + min(
          firstRow + (from_ + 16u) + filledRow,
          max(visible, 1u) - 1u,
        ) * (shape.keyRowStride * 64u);
        let filledColumn = valueTile * 64u + filledFour;
        tile[filledRow * 17u + filledFour + 528u] = vec4f(
          v[filledStart + filledColumn],
          v[filledStart + (filledColumn + 16u)],
          v[filledStart + (filledColumn + 32u)],
          v[filledStart + (filledColumn + 48u)],
        );
      }
      workgroupBarrier();
      let here1 = min(max(rows, from_ + 16u) - (from_ + 16u), 16u);
      for (var j = 0u; j < here1; j += 4u) {
        for (var step = 0u; step < 4u; step++) {
          let feature0 = tile[(j + step) * 33u + rowGroup * 2u];
          let feature1 = tile[(j + step) * 33u + rowGroup * 2u + 1u];
          let columns0 = tile[(j + step) * 17u + columnGroup + 528u];
          let columns1 = tile[(j + step) * 17u + columnGroup + 536u];
          totals_0 += feature0;
          sums_0 += feature0 * columns0.x;
          sums_1 += feature0 * columns1.x;
          sums_2 += feature0 * columns0.y;
          sums_3 += feature0 * columns1.y;
          sums_4 += feature0 * columns0.z;
          sums_5 += feature0 * columns1.z;
          sums_6 += feature0 * columns0.w;
          sums_7 += feature0 * columns1.w;
          totals_1 += feature1;
          sums_8 += feature1 * columns0.x;
          sums_9 += feature1 * columns1.x;
          sums_10 += feature1 * columns0.y;
          sums_11 += feature1 * columns1.y;
          sums_12 += feature1 * columns0.z;
          sums_13 += feature1 * columns1.z;
          sums_14 += feature1 * columns0.w;
          sums_15 += feature1 * columns1.w;
        }
      }
      workgroupBarrier();
    }
    let stateStart = (slice * shape.chunks + chunk) * 17152u;
    let component0 = components + rowGroup * 2u;
    state[stateStart + component0 * 64u + firstColumn] = sums_0.x;
    state[stateStart + component0 * 64u + (firstColumn + 8u)] = sums_1.x;
    state[stateStart + component0 * 64u + (firstColumn + 16u)] = sums_2.x;
    state[stateStart + component0 * 64u + (firstColumn + 24u)] = sums_3.x;
    state[stateStart + component0 * 64u + (firstColumn + 32u)] = sums_4.x;
    state[stateStart + component0 * 64u + (firstColumn + 40u)] = sums_5.x;
    state[stateStart + component0 * 64u + (firstColumn + 48u)] = sums_6.x;
    state[stateStart + component0 * 64u + (firstColumn + 56u)] = sums_7.x;
    if (columnGroup + valueTile == 0u) {
      state[stateStart + 16384u + component0] = totals_0.x;
      state[stateStart + 16640u + component0] = largest_0.x;
    }
    let component1 = components + (rowGroup * 2u + 32u);
    state[stateStart + component1 * 64u + firstColumn] = sums_0.y;
    state[stateStart + component1 * 64u + (firstColumn + 8u)] = sums_1.y;
    state[stateStart + component1 * 64u + (firstColumn + 16u)] = sums_2.y;
    state[stateStart + component1 * 64u + (firstColumn + 24u)] = sums_3.y;
    state[stateStart + component1 * 64u + (firstColumn + 32u)] = sums_4.y;
    state[stateStart + component1 * 64u + (firstColumn + 40u)] = sums_5.y;
    state[stateStart + component1 * 64u + (firstColumn + 48u)] = sums_6.y;
    state[stateStart + component1 * 64u + (firstColumn + 56u)] = sums_7.y;
    if (columnGroup + valueTile == 0u) {
      state[stateStart + 16384u + component1] = totals_0.y;
      state[stateStart + 16640u + component1] = largest_0.y;
    }
    let component2 = components + (rowGroup * 2u + 64u);
    state[stateStart + component2 * 64u + firstColumn] = sums_0.z;
    state[stateStart + component2 * 64u + (firstColumn + 8u)] = sums_1.z;
    state[stateStart + component2 * 64u + (firstColumn + 16u)] = sums_2.z;
    state[stateStart + component2 * 64u + (firstColumn + 24u)] = sums_3.z;
    state[stateStart + component2 * 64u + (firstColumn + 32u)] = sums_4.z;
    state[stateStart + component2 * 64u + (firstColumn + 40u)] = sums_5.z;
    state[stateStart + component2 * 64u + (firstColumn + 48u)] = sums_6.z;
    state[stateStart + component2 * 64u + (firstColumn + 56u)] = sums_7.z;
    if (columnGroup + valueTile == 0u) {
      state[stateStart + 16384u + component2] = totals_0.z;
      state[stateStart + 16640u + component2] = largest_0.z;
    }
    let component3 = components + (rowGroup * 2u + 96u);
    state[stateStart + component3 * 64u + firstColumn] = sums_0.w;
    state[stateStart + component3 * 64u + (firstColumn + 8u)] = sums_1.w;
    state[stateStart + component3 * 64u + (firstColumn + 16u)] = sums_2.w;
    state[stateStart + component3 * 64u + (firstColumn + 24u)] = sums_3.w;
    state[stateStart + component3 * 64u + (firstColumn + 32u)] = sums_4.w;
    state[stateStart + component3 * 64u + (firstColumn + 40u)] = sums_5.w;
    state[stateStart + component3 * 64u + (firstColumn + 48u)] = sums_6.w;
    state[stateStart + component3 * 64u + (firstColumn + 56u)] = sums_7.w;
    if (columnGroup + valueTile == 0u) {
      state[stateStart + 16384u + component3] = totals_0.w;
      state[stateStart + 16640u + component3] = largest_0.w;
    }
    let component4 = components + (rowGroup * 2u + 1u);
    state[stateStart + component4 * 64u + firstColumn] = sums_8.x;
    state[stateStart + component4 * 64u + (firstColumn + 8u)] = sums_9.x;
    state[stateStart + component4 * 64u + (firstColumn + 16u)] = sums_10.x;
    state[stateStart + component4 * 64u + (firstColumn + 24u)] = sums_11.x;
    state[stateStart + component4 * 64u + (firstColumn + 32u)] = sums_12.x;
    state[stateStart + component4 * 64u + (firstColumn + 40u)] = sums_13.x;
    state[stateStart + component4 * 64u + (firstColumn + 48u)] = sums_14.x;
    state[stateStart + component4 * 64u + (firstColumn + 56u)] = sums_15.x;
    if (columnGroup + valueTile == 0u) {
      state[stateStart + 16384u + component4] = totals_1.x;
      state[stateStart + 16640u + component4] = largest_1.x;
    }
    let component5 = components + (rowGroup * 2u + 33u);
    state[stateStart + component5 * 64u + firstColumn] = sums_8.y;
    state[stateStart + component5 * 64u + (firstColumn + 8u)] = sums_9.y;
    state[stateStart + component5 * 64u + (firstColumn + 16u)] = sums_10.y;
    state[stateStart + component5 * 64u + (firstColumn + 24u)] = sums_11.y;
    state[stateStart + component5 * 64u + (firstColumn + 32u)] = sums_12.y;
    state[stateStart + component5 * 64u + (firstColumn + 40u)] = sums_13.y;
    state[stateStart + component5 * 64u + (firstColumn + 48u)] = sums_14.y;
    state[stateStart + component5 * 64u + (firstColumn + 56u)] = sums_15.y;
    if (columnGroup + valueTile == 0u) {
      state[stateStart + 16384u + component5] = totals_1.y;
      state[stateStart + 16640u + component5] = largest_1.y;
    }
    let component6 = components + (rowGroup * 2u + 65u);
    state[stateStart + component6 * 64u + firstColumn] = sums_8.z;
    state[stateStart + component6 * 64u + (firstColumn + 8u)] = sums_9.z;
    state[stateStart + component6 * 64u + (firstColumn + 16u)] = sums_10.z;
    state[stateStart + component6 * 64u + (firstColumn + 24u)] = sums_11.z;
    state[stateStart + component6 * 64u + (firstColumn + 32u)] = sums_12.z;
    state[stateStart + component6 * 64u + (firstColumn + 40u)] = sums_13.z;
    state[stateStart + component6 * 64u + (firstColumn + 48u)] = sums_14.z;
    state[stateStart + component6 * 64u + (firstColumn + 56u)] = sums_15.z;
    if (columnGroup + valueTile == 0u) {
      state[stateStart + 16384u + component6] = totals_1.z;
      state[stateStart + 16640u + component6] = largest_1.z;
    }
    let component7 = components + (rowGroup * 2u + 97u);
    state[stateStart + component7 * 64u + firstColumn] = sums_8.w;
    state[stateStart + component7 * 64u + (firstColumn + 8u)] = sums_9.w;
    state[stateStart + component7 * 64u + (firstColumn + 16u)] = sums_10.w;
    state[stateStart + component7 * 64u + (firstColumn + 24u)] = sums_11.w;
    state[stateStart + component7 * 64u + (firstColumn + 32u)] = sums_12.w;
    state[stateStart + component7 * 64u + (firstColumn + 40u)] = sums_13.w;
    state[stateStart + component7 * 64u + (firstColumn + 48u)] = sums_14.w;
    state[stateStart + component7 * 64u + (firstColumn + 56u)] = sums_15.w;
    if (columnGroup + valueTile == 0u) {
      state[stateStart + 16384u + component7] = totals_1.w;
      state[stateStart + 16640u + component7] = largest_1.w;
    }
  } else {
    let components = (featureTile - 1u) * 128u;
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
    var largest_0 = vec4f(-1e30);
    var largest_1 = vec4f(-1e30);
    for (var from_ = 0u; from_ < rows; from_ += 32u) {
      let fromRow = firstRow + from_;
      let lastKey = max(visible, 1u) - 1u;
      var kdot_0 = 0.0;
      var kdot_1 = 0.0;
      var kdot_2 = 0.0;
      var kdot_3 = 0.0;
      var kdot1_0 = vec4f(0.0);
      var kdot1_1 = vec4f(0.0);
      var kdot1_2 = vec4f(0.0);
      var kdot1_3 = vec4f(0.0);
      var kdot1_4 = vec4f(0.0);
      var kdot1_5 = vec4f(0.0);
      var kdot1_6 = vec4f(0.0);
      var kdot1_7 = vec4f(0.0);
      for (var first = 0u; first < 64u * unknownOne; first += 16u) {
        let place = thread % 4u;
        let entries = first / 4u + place;
        let firstFour = thread / 4u;
        let row0_0_0 = w[min(components + firstFour, 127u) * 16u + entries];
        let row1_0_0 = w[min(components + (firstFour + 32u), 127u) * 16u + entries];
        let row2_0_0 = w[min(components + (firstFour + 64u), 127u) * 16u + entries];
        let row3_0_0 = w[min(components + (firstFour + 96u), 127u) * 16u + entries];
        tile[place * 34u + firstFour] = vec4f(row0_0_0.x, row1_0_0.x, row2_0_0.x, row3_0_0.x);
        tile[place * 34u + firstFour + 136u] = vec4f(row0_0_0.y, row1_0_0.y, row2_0_0.y, row3_0_0.y);
        tile[place * 34u + firstFour + 272u] = vec4f(row0_0_0.z, row1_0_0.z, row2_0_0.z, row3_0_0.z);
        tile[place * 34u + firstFour + 408u] = vec4f(row0_0_0.w, row1_0_0.w, row2_0_0.w, row3_0_0.w);
        if (firstFour < 8u) {
          let row0_1 = k[min(
            fromRow + firstFour,
            lastKey,
          ) * (shape.keyRowStride * 16u) + ((keyGroup * shape.keyHeadStride + batchItem * shape.keyItemGap) * 16u + entries)];
          let row1_1 = k[min(
            fromRow + firstFour + 8u,
            lastKey,
          ) * (shape.keyRowStride * 16u) + ((keyGroup * shape.keyHeadStride + batchItem * shape.keyItemGap) * 16u + entries)];
          let row2_1 = k[min(
            fromRow + firstFour + 16u,
            lastKey,
          ) * (shape.keyRowStride * 16u) + ((keyGroup * shape.keyHeadStride + batchItem * shape.keyItemGap) * 16u + entries)];
          let row3_1 = k[min(
            fromRow + firstFour + 24u,
            lastKey,
          ) * (shape.keyRowStride * 16u) + ((keyGroup * shape.keyHeadStride + batchItem * shape.keyItemGap) * 16u + entries)];
          tile[place * 10u + firstFour + 544u] = vec4f(row0_1.x, row1_1.x, row2_1.x, row3_1.x);
          tile[place * 10u + firstFour + 584u] = vec4f(row0_1.y, row1_1.y, row2_1.y, row3_1.y);
          tile[place * 10u + firstFour + 624u] = vec4f(row0_1.z, row1_1.z, row2_1.z, row3_1.z);
          tile[place * 10u + firstFour + 664u] = vec4f(row0_1.w, row1_1.w, row2_1.w, row3_1.w);
        }
        workgroupBarrier();
        for (var t = 0u; t < 16u; t++) {
          let rows0 = tile[t * 34u + rowGroup * 2u];
          let rows1 = tile[t * 34u + rowGroup * 2u + 1u];
          let keys0 = tile[t * 10u + columnGroup + 544u];
          kdot_0 += keys0.x * keys0.x;
          kdot_1 += keys0.y * keys0.y;
          kdot_2 += keys0.z * keys0.z;
          kdot_3 += keys0.w * keys0.w;
          kdot1_0 += rows0 * keys0.x;
          kdot1_4 += rows1 * keys0.x;
          kdot1_1 += rows0 * keys0.y;
          kdot1_5 += rows1 * keys0.y;
          kdot1_2 += rows0 * keys0.z;
          kdot1_6 += rows1 * keys0.z;
          kdot1_3 += rows0 * keys0.w;
          kdot1_7 += rows1 * keys0.w;
        }
        workgroupBarrier();
      }
      let k0_value1 = 0.09016844 * kdot_0;
      let k0_value2 = 0.09016844 * kdot_1;
      let k0_value3 = 0.09016844 * kdot_2;
      let k0_value4 = 0.09016844 * kdot_3;
      let k0_value5 = 0.088388346 * sin_vec4f(0.35355338 * kdot1_0);
      let k0_value6 = 0.088388346 * sin_vec4f(0.35355338 * kdot1_1);
      let k0_value7 = 0.088388346 * sin_vec4f(0.35355338 * kdot1_2);
      let k0_value8 = 0.088388346 * sin_vec4f(0.35355338 * kdot1_3);
      let k1_value1 = 0.09016844 * kdot_0;
      let k1_value2 = 0.09016844 * kdot_1;
      let k1_value3 = 0.09016844 * kdot_2;
      let k1_value4 = 0.09016844 * kdot_3;
      let k1_value5 = 0.088388346 * sin_vec4f(0.35355338 * kdot1_4);
      let k1_value6 = 0.088388346 * sin_vec4f(0.35355338 * kdot1_5);
      let k1_value7 = 0.088388346 * sin_vec4f(0.35355338 * kdot1_6);
      let k1_value8 = 0.088388346 * sin_vec4f(0.35355338 * kdot1_7);
      let exponent0_0 = vec4f(
        select(k0_value1, -1e30, k0_value5.x == 0.0),
        select(k0_value1, -1e30, k0_value5.y == 0.0),
        select(k0_value1, -1e30, k0_value5.z == 0.0),
        select(k0_value1, -1e30, k0_value5.w == 0.0),
      );
      let exponent0_1 = vec4f(
        select(k0_value2, -1e30, k0_value6.x == 0.0),
        select(k0_value2, -1e30, k0_value6.y == 0.0),
        select(k0_value2, -1e30, k0_value6.z == 0.0),
        select(k0_value2, -1e30, k0_value6.w == 0.0),
      );
      let exponent0_2 = vec4f(
        select(k0_value3, -1e30, k0_value7.x == 0.0),
        select(k0_value3, -1e30, k0_value7.y == 0.0),
        select(k0_value3, -1e30, k0_value7.z == 0.0),
        select(k0_value3, -1e30, k0_value7.w == 0.0),
      );
      let exponent0_3 = vec4f(
        select(k0_value4, -1e30, k0_value8.x == 0.0),
        select(k0_value4, -1e30, k0_value8.y == 0.0),
        select(k0_value4, -1e30, k0_value8.z == 0.0),
        select(k0_value4, -1e30, k0_value8.w == 0.0),
      );
      let exponent1_0 = vec4f(
        select(k1_value1, -1e30, k1_value5.x == 0.0),
        select(k1_value1, -1e30, k1_value5.y == 0.0),
        select(k1_value1, -1e30, k1_value5.z == 0.0),
        select(k1_value1, -1e30, k1_value5.w == 0.0),
      );
      let exponent1_1 = vec4f(
        select(k1_value2, -1e30, k1_value6.x == 0.0),
        select(k1_value2, -1e30, k1_value6.y == 0.0),
        select(k1_value2, -1e30, k1_value6.z == 0.0),
        select(k1_value2, -1e30, k1_value6.w == 0.0),
      );
      let exponent1_2 = vec4f(
        select(k1_value3, -1e30, k1_value7.x == 0.0),
        select(k1_value3, -1e30, k1_value7.y == 0.0),
        select(k1_value3, -1e30, k1_value7.z == 0.0),
        select(k1_value3, -1e30, k1_value7.w == 0.0),
      );
      let exponent1_3 = vec4f(
        select(k1_value4, -1e30, k1_value8.x == 0.0),
        select(k1_value4, -1e30, k1_value8.y == 0.0),
        select(k1_value4, -1e30, k1_value8.z == 0.0),
        select(k1_value4, -1e30, k1_value8.w == 0.0),
      );
      // each component is scaled by its largest exponent so far
      tile[columnGroup * 33u + rowGroup * 2u] = max(
        max(max(exponent0_0, exponent0_1), exponent0_2),
        exponent0_3,
      );
      tile[columnGroup * 33u + rowGroup * 2u + 1u] = max(
        max(max(exponent1_0, exponent1_1), exponent1_2),
        exponent1_3,
      );
      workgroupBarrier();
      let before0 = largest_0;
      let before1 = largest_1;
      for (var other = 0u; other < 8u * unknownOne; other += 2u) {
        largest_0 = max(largest_0, tile[other * 33u + rowGroup * 2u]);
        largest_1 = max(largest_1, tile[other * 33u + rowGroup * 2u + 1u]);
        largest_0 = max(largest_0, tile[other * 33u + rowGroup * 2u + 33u]);
        largest_1 = max(largest_1, tile[other * 33u + rowGroup * 2u + 34u]);
      }
      let shrink0 = exp2(before0 - largest_0);
      totals_0 *= shrink0;
      sums_0 *= shrink0;
      sums_1 *= shrink0;
      sums_2 *= shrink0;
      sums_3 *= shrink0;
      sums_4 *= shrink0;
      sums_5 *= shrink0;
      sums_6 *= shrink0;
      sums_7 *= shrink0;
      let shrink1 = exp2(before1 - largest_1);
      totals_1 *= shrink1;
      sums_8 *= shrink1;
      sums_9 *= shrink1;
      sums_10 *= shrink1;
      sums_11 *= shrink1;
      sums_12 *= shrink1;
      sums_13 *= shrink1;
      sums_14 *= shrink1;
      sums_15 *= shrink1;
      workgroupBarrier();
      tile[(from_ + columnGroup - from_) * 33u + rowGroup * 2u] = select(
        vec4f(0.0),
        k0_value5 * exp2(exponent0_0 - largest_0),
        from_ + columnGroup < rows,
      );
      tile[(from_ + columnGroup - from_) * 33u + rowGroup * 2u + 1u] = select(
        vec4f(0.0),
        k1_value5 * exp2(exponent1_0 - largest_1),
        from_ + columnGroup < rows,
      );
      tile[(from_ + columnGroup + 8u - from_) * 33u + rowGroup * 2u] = select(
        vec4f(0.0),
        k0_value6 * exp2(exponent0_1 - largest_0),
        from_ + columnGroup + 8u < rows,
      );
      tile[(from_ + columnGroup + 8u - from_) * 33u + rowGroup * 2u + 1u] = select(
        vec4f(0.0),
        k1_value6 * exp2(exponent1_1 - largest_1),
        from_ + columnGroup + 8u < rows,
      );
      for (var filled = thread; filled < 256u; filled += 128u) {
        let filledRow = filled / 16u;
        let filledFour = filled % 16u;
        let filledStart = (keyGroup * shape.keyHeadStride + batchItem * shape.keyItemGap) * 64u + min(
          firstRow + from_ + filledRow,
          max(visible, 1u) - 1u,
        ) * (shape.keyRowStride * 64u);
        let filledColumn = valueTile * 64u + filledFour;
        tile[filledRow * 17u + filledFour + 528u] = vec4f(
          v[filledStart + filledColumn],
          v[filledStart + (filledColumn + 16u)],
          v[filledStart + (filledColumn + 32u)],
          v[filledStart + (filledColumn + 48u)],
        );
      }
      workgroupBarrier();
      let here0 = min(max(rows, from_) - from_, 16u);
      for (var j = 0u; j < here0; j += 4u) {
        for (var step = 0u; step < 4u; step++) {
          let feature0 = tile[(j + step) * 33u + rowGroup * 2u];
          let feature1 = tile[(j + step) * 33u + rowGroup * 2u + 1u];
          let columns0 = tile[(j + step) * 17u + columnGroup + 528u];
          let columns1 = tile[(j + step) * 17u + columnGroup + 536u];
          totals_0 += feature0;
          sums_0 += feature0 * columns0.x;
          sums_1 += feature0 * columns1.x;
          sums_2 += feature0 * columns0.y;
          sums_3 += feature0 * columns1.y;
          sums_4 += feature0 * columns0.z;
          sums_5 += feature0 * columns1.z;
          sums_6 += feature0 * columns0.w;
          sums_7 += feature0 * columns1.w;
          totals_1 += feature1;
          sums_8 += feature1 * columns0.x;
          sums_9 += feature1 * columns1.x;
          sums_10 += feature1 * columns0.y;
          sums_11 += feature1 * columns1.y;
          sums_12 += feature1 * columns0.z;
          sums_13 += feature1 * columns1.z;
          sums_14 += feature1 * columns0.w;
          sums_15 += feature1 * columns1.w;
        }
      }
      workgroupBarrier();
      tile[(from_ + columnGroup + 16u - (from_ + 16u)) * 33u + rowGroup * 2u] = select(
        vec4f(0.0),
        k0_value7 * exp2(exponent0_2 - largest_0),
        from_ + columnGroup + 16u < rows,
      );
      tile[(from_ + columnGroup + 16u - (from_ + 16u)) * 33u + rowGroup * 2u + 1u] = select(
        vec4f(0.0),
        k1_value7 * exp2(exponent1_2 - largest_1),
        from_ + columnGroup + 16u < rows,
      );
      tile[(from_ + columnGroup + 24u - (from_ + 16u)) * 33u + rowGroup * 2u] = select(
        vec4f(0.0),
        k0_value8 * exp2(exponent0_3 - largest_0),
        from_ + columnGroup + 24u < rows,
      );
      tile[(from_ + columnGroup + 24u - (from_ + 16u)) * 33u + rowGroup * 2u + 1u] = select(
        vec4f(0.0),
        k1_value8 * exp2(exponent1_3 - largest_1),
        from_ + columnGroup + 24u < rows,
      );
      for (var filled = thread; filled < 256u; filled += 128u) {
        let filledRow = filled / 16u;
        let filledFour = filled % 16u;
        let filledStart = (keyGroup * shape.keyHeadStride + batchItem * shape.keyItemGap) * 64u + min(
          firstRow + (from_ + 16u) + filledRow,
          max(visible, 1u) - 1u,
        ) * (shape.keyRowStride * 64u);
        let filledColumn = valueTile * 64u + filledFour;
        tile[filledRow * 17u + filledFour + 528u] = vec4f(
          v[filledStart + filledColumn],
          v[filledStart + (filledColumn + 16u)],
          v[filledStart + (filledColumn + 32u)],
          v[filledStart + (filledColumn + 48u)],
        );
      }
      workgroupBarrier();
      let here1 = min(max(rows, from_ + 16u) - (from_ + 16u), 16u);
      for (var j = 0u; j < here1; j += 4u) {
        for (var step = 0u; step < 4u; step++) {
          let feature0 = tile[(j + step) * 33u + rowGroup * 2u];
          let feature1 = tile[(j + step) * 33u + rowGroup * 2u + 1u];
          let columns0 = tile[(j + step) * 17u + columnGroup + 528u];
          let columns1 = tile[(j + step) * 17u + columnGroup + 536u];
          totals_0 += feature0;
          sums_0 += feature0 * columns0.x;
          sums_1 += feature0 * columns1.x;
          sums_2 += feature0 * columns0.y;
          sums_3 += feature0 * columns1.y;
          sums_4 += feature0 * columns0.z;
          sums_5 += feature0 * columns1.z;
          sums_6 += feature0 * columns0.w;
          sums_7 += feature0 * columns1.w;
          totals_1 += feature1;
          sums_8 += feature1 * columns0.x;
          sums_9 += feature1 * columns1.x;
          sums_10 += feature1 * columns0.y;
          sums_11 += feature1 * columns1.y;
          sums_12 += feature1 * columns0.z;
          sums_13 += feature1 * columns1.z;
          sums_14 += feature1 * columns0.w;
          sums_15 += feature1 * columns1.w;
        }
      }
      workgroupBarrier();
    }
    let stateStart = (slice * shape.chunks + chunk) * 17152u;
    let component0 = components + rowGroup * 2u;
    state[stateStart + (component0 + 128u) * 64u + firstColumn] = sums_0.x;
    state[stateStart + (component0 + 128u) * 64u + (firstColumn + 8u)] = sums_1.x;
    state[stateStart + (component0 + 128u) * 64u + (firstColumn + 16u)] = sums_2.x;
    state[stateStart + (component0 + 128u) * 64u + (firstColumn + 24u)] = sums_3.x;
    state[stateStart + (component0 + 128u) * 64u + (firstColumn + 32u)] = sums_4.x;
    state[stateStart + (component0 + 128u) * 64u + (firstColumn + 40u)] = sums_5.x;
    state[stateStart + (component0 + 128u) * 64u + (firstColumn + 48u)] = sums_6.x;
    state[stateStart + (component0 + 128u) * 64u + (firstColumn + 56u)] = sums_7.x;
    if (columnGroup + valueTile == 0u) {
      state[stateStart + 16384u + (component0 + 128u)] = totals_0.x;
      state[stateStart + 16640u + (component0 + 128u)] = largest_0.x;
    }
    let component1 = components + (rowGroup * 2u + 32u);
    state[stateStart + (component1 + 128u) * 64u + firstColumn] = sums_0.y;
    state[stateStart + (component1 + 128u) * 64u + (firstColumn + 8u)] = sums_1.y;
    state[stateStart + (component1 + 128u) * 64u + (firstColumn + 16u)] = sums_2.y;
    state[stateStart + (component1 + 128u) * 64u + (firstColumn + 24u)] = sums_3.y;
    state[stateStart + (component1 + 128u) * 64u + (firstColumn + 32u)] = sums_4.y;
    state[stateStart + (component1 + 128u) * 64u + (firstColumn + 40u)] = sums_5.y;
    state[stateStart + (component1 + 128u) * 64u + (firstColumn + 48u)] = sums_6.y;
    state[stateStart + (component1 + 128u) * 64u + (firstColumn + 56u)] = sums_7.y;
    if (columnGroup + valueTile == 0u) {
      state[stateStart + 16384u + (component1 + 128u)] = totals_0.y;
      state[stateStart + 16640u + (component1 + 128u)] = largest_0.y;
    }
    let component2 = components + (rowGroup * 2u + 64u);
    state[stateStart + (component2 + 128u) * 64u + firstColumn] = sums_0.z;
    state[stateStart + (component2 + 128u) * 64u + (firstColumn + 8u)] = sums_1.z;
    state[stateStart + (component2 + 128u) * 64u + (firstColumn + 16u)] = sums_2.z;
    state[stateStart + (component2 + 128u) * 64u + (firstColumn + 24u)] = sums_3.z;
    state[stateStart + (component2 + 128u) * 64u + (firstColumn + 32u)] = sums_4.z;
    state[stateStart + (component2 + 128u) * 64u + (firstColumn + 40u)] = sums_5.z;
    state[stateStart + (component2 + 128u) * 64u + (firstColumn + 48u)] = sums_6.z;
    state[stateStart + (component2 + 128u) * 64u + (firstColumn + 56u)] = sums_7.z;
    if (columnGroup + valueTile == 0u) {
      state[stateStart + 16384u + (component2 + 128u)] = totals_0.z;
      state[stateStart + 16640u + (component2 + 128u)] = largest_0.z;
    }
    let component3 = components + (rowGroup * 2u + 96u);
    state[stateStart + (component3 + 128u) * 64u + firstColumn] = sums_0.w;
    state[stateStart + (component3 + 128u) * 64u + (firstColumn + 8u)] = sums_1.w;
    state[stateStart + (component3 + 128u) * 64u + (firstColumn + 16u)] = sums_2.w;
    state[stateStart + (component3 + 128u) * 64u + (firstColumn + 24u)] = sums_3.w;
    state[stateStart + (component3 + 128u) * 64u + (firstColumn + 32u)] = sums_4.w;
    state[stateStart + (component3 + 128u) * 64u + (firstColumn + 40u)] = sums_5.w;
    state[stateStart + (component3 + 128u) * 64u + (firstColumn + 48u)] = sums_6.w;
    state[stateStart + (component3 + 128u) * 64u + (firstColumn + 56u)] = sums_7.w;
    if (columnGroup + valueTile == 0u) {
      state[stateStart + 16384u + (component3 + 128u)] = totals_0.w;
      state[stateStart + 16640u + (component3 + 128u)] = largest_0.w;
    }
    let component4 = components + (rowGroup * 2u + 1u);
    state[stateStart + (component4 + 128u) * 64u + firstColumn] = sums_8.x;
    state[stateStart + (component4 + 128u) * 64u + (firstColumn + 8u)] = sums_9.x;
    state[stateStart + (component4 + 128u) * 64u + (firstColumn + 16u)] = sums_10.x;
    state[stateStart + (component4 + 128u) * 64u + (firstColumn + 24u)] = sums_11.x;
    state[stateStart + (component4 + 128u) * 64u + (firstColumn + 32u)] = sums_12.x;
    state[stateStart + (component4 + 128u) * 64u + (firstColumn + 40u)] = sums_13.x;
    state[stateStart + (component4 + 128u) * 64u + (firstColumn + 48u)] = sums_14.x;
    state[stateStart + (component4 + 128u) * 64u + (firstColumn + 56u)] = sums_15.x;
    if (columnGroup + valueTile == 0u) {
      state[stateStart + 16384u + (component4 + 128u)] = totals_1.x;
      state[stateStart + 16640u + (component4 + 128u)] = largest_1.x;
    }
    let component5 = components + (rowGroup * 2u + 33u);
    state[stateStart + (component5 + 128u) * 64u + firstColumn] = sums_8.y;
    state[stateStart + (component5 + 128u) * 64u + (firstColumn + 8u)] = sums_9.y;
    state[stateStart + (component5 + 128u) * 64u + (firstColumn + 16u)] = sums_10.y;
    state[stateStart + (component5 + 128u) * 64u + (firstColumn + 24u)] = sums_11.y;
    state[stateStart + (component5 + 128u) * 64u + (firstColumn + 32u)] = sums_12.y;
    state[stateStart + (component5 + 128u) * 64u + (firstColumn + 40u)] = sums_13.y;
    state[stateStart + (component5 + 128u) * 64u + (firstColumn + 48u)] = sums_14.y;
    state[stateStart + (component5 + 128u) * 64u + (firstColumn + 56u)] = sums_15.y;
    if (columnGroup + valueTile == 0u) {
      state[stateStart + 16384u + (component5 + 128u)] = totals_1.y;
      state[stateStart + 16640u + (component5 + 128u)] = largest_1.y;
    }
    let component6 = components + (rowGroup * 2u + 65u);
    state[stateStart + (component6 + 128u) * 64u + firstColumn] = sums_8.z;
    state[stateStart + (component6 + 128u) * 64u + (firstColumn + 8u)] = sums_9.z;
    state[stateStart + (component6 + 128u) * 64u + (firstColumn + 16u)] = sums_10.z;
    state[stateStart + (component6 + 128u) * 64u + (firstColumn + 24u)] = sums_11.z;
    state[stateStart + (component6 + 128u) * 64u + (firstColumn + 32u)] = sums_12.z;
    state[stateStart + (component6 + 128u) * 64u + (firstColumn + 40u)] = sums_13.z;
    state[stateStart + (component6 + 128u) * 64u + (firstColumn + 48u)] = sums_14.z;
    state[stateStart + (component6 + 128u) * 64u + (firstColumn + 56u)] = sums_15.z;
    if (columnGroup + valueTile == 0u) {
      state[stateStart + 16384u + (component6 + 128u)] = totals_1.z;
      state[stateStart + 16640u + (component6 + 128u)] = largest_1.z;
    }
    let component7 = components + (rowGroup * 2u + 97u);
    state[stateStart + (component7 + 128u) * 64u + firstColumn] = sums_8.w;
    state[stateStart + (component7 + 128u) * 64u + (firstColumn + 8u)] = sums_9.w;
    state[stateStart + (component7 + 128u) * 64u + (firstColumn + 16u)] = sums_10.w;
    state[stateStart + (component7 + 128u) * 64u + (firstColumn + 24u)] = sums_11.w;
    state[stateStart + (component7 + 128u) * 64u + (firstColumn + 32u)] = sums_12.w;
    state[stateStart + (component7 + 128u) * 64u + (firstColumn + 40u)] = sums_13.w;
    state[stateStart + (component7 + 128u) * 64u + (firstColumn + 48u)] = sums_14.w;
    state[stateStart + (component7 + 128u) * 64u + (firstColumn + 56u)] = sums_15.w;
    if (columnGroup + valueTile == 0u) {
      state[stateStart + 16384u + (component7 + 128u)] = totals_1.w;
      state[stateStart + 16640u + (component7 + 128u)] = largest_1.w;
    }
  }
}
