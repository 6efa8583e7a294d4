// reduce: For each chunk of key rows, S = Σ φ(k) vᵀ and z = Σ φ(k).
// 128 threads a workgroup, 12800 bytes of workgroup memory
// reads k, v, projected, lengths; writes state

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
@group(0) @binding(1) var<storage, read> k: array<f32>;
@group(0) @binding(2) var<storage, read> v: array<f32>;
@group(0) @binding(3) var<storage, read> projected: array<f32>;
@group(0) @binding(4) var<storage, read> lengths: array<u32>;
@group(0) @binding(5) var<storage, read_write> state: array<f32>;

var<workgroup> tile: array<vec4f, 800>;

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
  let firstRow = chunk * 128u;
  let rows = min(max(visible, firstRow) - firstRow, 128u);
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
  var fillScale = vec4f(-1e30);
  for (var from_ = 0u; from_ < rows; from_ += 16u) {
    let fillFour = thread % 32u;
    let fillRow = thread / 32u;
    let kRow0 = min(firstRow + (from_ + fillRow), max(visible, 1u) - 1u);
    let kRow1 = min(firstRow + (from_ + fillRow + 4u), max(visible, 1u) - 1u);
    let kRow2 = min(firstRow + (from_ + fillRow + 8u), max(visible, 1u) - 1u);
    let kRow3 = min(firstRow + (from_ + fillRow + 12u), max(visible, 1u) - 1u);
    let kStart0 = (keyGroup * shape.keyHeadStride + batchItem * shape.keyItemGap) * 64u + kRow0 * (shape.keyRowStride * 64u);
    let kStart1 = (keyGroup * shape.keyHeadStride + batchItem * shape.keyItemGap) * 64u + kRow1 * (shape.keyRowStride * 64u);
    let kStart2 = (keyGroup * shape.keyHeadStride + batchItem * shape.keyItemGap) * 64u + kRow2 * (shape.keyRowStride * 64u);
    let kStart3 = (keyGroup * shape.keyHeadStride + batchItem * shape.keyItemGap) * 64u + kRow3 * (shape.keyRowStride * 64u);
    let kProjected0 = (slice * (shape.heads / shape.kvHeads * shape.length + shape.keyLength) + shape.heads / shape.kvHeads * shape.length + kRow0) * 256u;
    let kProjected1 = (slice * (shape.heads / shape.kvHeads * shape.length + shape.keyLength) + shape.heads / shape.kvHeads * shape.length + kRow1) * 256u;
    let kProjected2 = (slice * (shape.heads / shape.kvHeads * shape.length + shape.keyLength) + shape.heads / shape.kvHeads * shape.length + kRow2) * 256u;
    let kProjected3 = (slice * (shape.heads / shape.kvHeads * shape.length + shape.keyLength) + shape.heads / shape.kvHeads * shape.length + kRow3) * 256u;
    let kComponent0 = components + fillFour;
    let kComponent1 = components + (fillFour + 32u);
    let kComponent2 = components + (fillFour + 64u);
    let kComponent3 = components + (fillFour + 96u);
    var k_sum1_0 = 0.0;
    var k_sum1_1 = 0.0;
    var k_sum1_2 = 0.0;
    var k_sum1_3 = 0.0;
    for (var k_t2 = 0u; k_t2 < 64u; k_t2++) {
      let k_x3 = k[kStart0 + k_t2];
      let k_x4 = k[kStart1 + k_t2];
      let k_x5 = k[kStart2 + k_t2];
      let k_x6 = k[kStart3 + k_t2];
      k_sum1_0 += k_x3 * k_x3;
      k_sum1_1 += k_x4 * k_x4;
      k_sum1_2 += k_x5 * k_x5;
      k_sum1_3 += k_x6 * k_x6;
    }
    let k_projected7 = vec4f(
      projected[kProjected0 + kComponent0],
      projected[kProjected0 + kComponent1],
      projected[kProjected0 + kComponent2],
      projected[kProjected0 + kComponent3],
    );
    let k_value8 = 1.442695 * (0.35355338 * k_projected7 - 0.0625 * k_sum1_0) - 4.0;
    let k_projected9 = vec4f(
      projected[kProjected1 + kComponent0],
      projected[kProjected1 + kComponent1],
      projected[kProjected1 + kComponent2],
      projected[kProjected1 + kComponent3],
    );
    let k_value10 = 1.442695 * (0.35355338 * k_projected9 - 0.0625 * k_sum1_1) - 4.0;
    let k_projected11 = vec4f(
      projected[kProjected2 + kComponent0],
      projected[kProjected2 + kComponent1],
      projected[kProjected2 + kComponent2],
      projected[kProjected2 + kComponent3],
    );
    let k_value12 = 1.442695 * (0.35355338 * k_projected11 - 0.0625 * k_sum1_2) - 4.0;
    let k_projected13 = vec4f(
      projected[kProjected3 + kComponent0],
      projected[kProjected3 + kComponent1],
      projected[kProjected3 + kComponent2],
      projected[kProjected3 + kComponent3],
    );
    let k_value14 = 1.442695 * (0.35355338 * k_projected13 - 0.0625 * k_sum1_3) - 4.0;
    let exponent0_0 = k_value8;
    let exponent0_1 = k_value10;
    let exponent0_2 = k_value12;
    let exponent0_3 = k_value14;
    // each component is scaled by its largest exponent so far
    tile[fillRow * 33u + fillFour] = max(max(max(exponent0_0, exponent0_1), exponent0_2), exponent0_3);
    workgroupBarrier();
    let before0 = largest_0;
    let before1 = largest_1;
    for (var other = 0u; other < 4u * unknownOne; other += 2u) {
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
    let scaleSoFar = fillScale;
    for (var other = 0u; other < 4u; other += 4u) {
      fillScale = max(fillScale, tile[other * 33u + fillFour]);
      fillScale = max(fillScale, tile[other * 33u + fillFour + 33u]);
      fillScale = max(fillScale, tile[other * 33u + fillFour + 66u]);
      fillScale = max(fillScale, tile[other * 33u + fillFour + 99u]);
    }
    let shrink = exp2(scaleSoFar - fillScale);
    workgroupBarrier();
    tile[(from_ + fillRow - from_) * 33u + fillFour] = select(
      vec4f(0.0),
      exp2(exponent0_0 - fillScale),
      from_ + fillRow < rows,
    );
    tile[(from_ + fillRow + 4u - from_) * 33u + fillFour] = select(
      vec4f(0.0),
      exp2(exponent0_1 - fillScale),
      from_ + fillRow + 4u < rows,
    );
    tile[(from_ + fillRow + 8u - from_) * 33u + fillFour] = select(
      vec4f(0.0),
      exp2(exponent0_2 - fillScale),
      from_ + fillRow + 8u < rows,
    );
    tile[(from_ + fillRow + 12u - from_) * 33u + fillFour] = select(
      vec4f(0.0),
      exp2(exponent0_3 - fillScale),
      from_ + fillRow + 12u < rows,
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
}
