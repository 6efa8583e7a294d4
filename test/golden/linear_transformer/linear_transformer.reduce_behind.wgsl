// reduce_behind: For each chunk of key rows, S = Σ φ(k) vᵀ and z = Σ φ(k).
// 128 threads a workgroup, 8704 bytes of workgroup memory
// reads k, v, lengths; writes state

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
@group(0) @binding(3) var<storage, read> lengths: array<u32>;
@group(0) @binding(4) var<storage, read_write> state: array<f32>;

var<workgroup> tile: array<vec4f, 544>;

@compute @workgroup_size(128, 1, 1)
fn reduce_behind(
  @builtin(local_invocation_index) thread: u32,
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(num_workgroups) workgroup_counts: vec3u,
) {
  let workgroup = workgroup_id.x + workgroup_id.y * workgroup_counts.x;
  if (workgroup >= shape.sliceCount * shape.chunks) {
    return;
  }
  // 1, which no compiler knows: loops up to a multiple of it are not written out
  let unknownOne = min(shape.sliceCount, 1u);
  let valueTile = 0u;
  let featureTile = 0u;
  let chunk = workgroup % shape.chunks;
  let slice = workgroup / shape.chunks;
  let group = shape.sliceStart + slice;
  let batchItem = group / shape.kvHeads;
  let keyGroup = group;
  let visible = min(lengths[batchItem], shape.keyLength);
  let rowGroup = thread / 16u;
  let columnGroup = thread % 16u;
  let firstColumn = valueTile * 64u + columnGroup;
  let firstRow = chunk * 64u;
  let rows = min(max(visible, firstRow) - firstRow, 64u);
  let components = featureTile * 64u;
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
  var largest_0 = vec4f(-1e30);
  var largest_1 = vec4f(-1e30);
  var fillScale = vec4f(-1e30);
  for (var from_ = 0u; from_ < rows; from_ += 16u) {
    let fillFour = thread % 16u;
    let fillRow = thread / 16u;
    let kRow0 = min(firstRow + (from_ + fillRow), max(visible, 1u) - 1u);
    let kRow1 = min(firstRow + (from_ + fillRow + 8u), max(visible, 1u) - 1u);
    let kStart0 = (keyGroup * shape.keyHeadStride + batchItem * shape.keyItemGap) * 64u + kRow0 * (shape.keyRowStride * 64u);
    let kStart1 = (keyGroup * shape.keyHeadStride + batchItem * shape.keyItemGap) * 64u + kRow1 * (shape.keyRowStride * 64u);
    let kComponent0 = components + fillFour;
    let kComponent1 = components + (fillFour + 16u);
    let kComponent2 = components + (fillFour + 32u);
    let kComponent3 = components + (fillFour + 48u);
    let k_x1 = vec4f(
      k[kStart0 + kComponent0],
      k[kStart0 + kComponent1],
      k[kStart0 + kComponent2],
      k[kStart0 + kComponent3],
    );
    let k_value2 = 1.442695 * min(k_x1, vec4f(0.0));
    let k_x3 = vec4f(
      k[kStart1 + kComponent0],
      k[kStart1 + kComponent1],
      k[kStart1 + kComponent2],
      k[kStart1 + kComponent3],
    );
    let k_value4 = 1.442695 * min(k_x3, vec4f(0.0));
    let k_value5 = max(k_x1, vec4f(0.0)) + 1.0;
    let k_value6 = max(k_x3, vec4f(0.0)) + 1.0;
    let exponent0_0 = vec4f(
      select(k_value2.x, -1e30, k_value5.x == 0.0),
      select(k_value2.y, -1e30, k_value5.y == 0.0),
      select(k_value2.z, -1e30, k_value5.z == 0.0),
      select(k_value2.w, -1e30, k_value5.w == 0.0),
    );
    let exponent0_1 = vec4f(
      select(k_value4.x, -1e30, k_value6.x == 0.0),
      select(k_value4.y, -1e30, k_value6.y == 0.0),
      select(k_value4.z, -1e30, k_value6.z == 0.0),
      select(k_value4.w, -1e30, k_value6.w == 0.0),
    );
    // each component is scaled by its largest exponent so far
    tile[fillRow * 17u + fillFour] = max(exponent0_0, exponent0_1);
    workgroupBarrier();
    let before0 = largest_0;
    let before1 = largest_1;
    for (var other = 0u; other < 8u * unknownOne; other += 2u) {
      largest_0 = max(largest_0, tile[other * 17u + rowGroup * 2u]);
      largest_1 = max(largest_1, tile[other * 17u + rowGroup * 2u + 1u]);
      largest_0 = max(largest_0, tile[other * 17u + rowGroup * 2u + 17u]);
      largest_1 = max(largest_1, tile[other * 17u + rowGroup * 2u + 18u]);
    }
    let shrink0 = exp2(before0 - largest_0);
    totals_0 *= shrink0;
    sums_0 *= shrink0;
    sums_1 *= shrink0;
    sums_2 *= shrink0;
    sums_3 *= shrink0;
    let shrink1 = exp2(before1 - largest_1);
    totals_1 *= shrink1;
    sums_4 *= shrink1;
    sums_5 *= shrink1;
    sums_6 *= shrink1;
    sums_7 *= shrink1;
    let scaleSoFar = fillScale;
    for (var other = 0u; other < 8u * unknownOne; other += 4u) {
      fillScale = max(fillScale, tile[other * 17u + fillFour]);
      fillScale = max(fillScale, tile[other * 17u + fillFour + 17u]);
      fillScale = max(fillScale, tile[other * 17u + fillFour + 34u]);
      fillScale = max(fillScale, tile[other * 17u + fillFour + 51u]);
    }
    let shrink = exp2(scaleSoFar - fillScale);
    workgroupBarrier();
    tile[(from_ + fillRow - from_) * 17u + fillFour] = select(
      vec4f(0.0),
      k_value5 * exp2(exponent0_0 - fillScale),
      from_ + fillRow < rows,
    );
    tile[(from_ + fillRow + 8u - from_) * 17u + fillFour] = select(
      vec4f(0.0),
      k_value6 * exp2(exponent0_1 - fillScale),
      from_ + fillRow + 8u < rows,
    );
    for (var filled = thread; filled < 256u; filled += 128u) {
      let filledRow = filled / 16u;
      let filledFour = filled % 16u;
      let filledStart = (keyGroup * shape.keyHeadStride + batchItem * shape.keyItemGap) * 64u + min(
        firstRow + from_ + filledRow,
        max(visible, 1u) - 1u,
      ) * (shape.keyRowStride * 64u);
      let filledColumn = valueTile * 64u + filledFour;
      tile[filledRow * 17u + filledFour + 272u] = vec4f(
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
        let feature0 = tile[(j + step) * 17u + rowGroup * 2u];
        let feature1 = tile[(j + step) * 17u + rowGroup * 2u + 1u];
        let columns0 = tile[(j + step) * 17u + columnGroup + 272u];
        totals_0 += feature0;
        sums_0 += feature0 * columns0.x;
        sums_1 += feature0 * columns0.y;
        sums_2 += feature0 * columns0.z;
        sums_3 += feature0 * columns0.w;
        totals_1 += feature1;
        sums_4 += feature1 * columns0.x;
        sums_5 += feature1 * columns0.y;
        sums_6 += feature1 * columns0.z;
        sums_7 += feature1 * columns0.w;
      }
    }
    workgroupBarrier();
  }
  let stateStart = (slice * shape.chunks + chunk) * 4288u;
  let component0 = components + rowGroup * 2u;
  state[stateStart + component0 * 64u + firstColumn] = sums_0.x;
  state[stateStart + component0 * 64u + (firstColumn + 16u)] = sums_1.x;
  state[stateStart + component0 * 64u + (firstColumn + 32u)] = sums_2.x;
  state[stateStart + component0 * 64u + (firstColumn + 48u)] = sums_3.x;
  if (columnGroup + valueTile == 0u) {
    state[stateStart + 4096u + component0] = totals_0.x;
    state[stateStart + 4160u + component0] = largest_0.x;
  }
  let component1 = components + (rowGroup * 2u + 16u);
  state[stateStart + component1 * 64u + firstColumn] = sums_0.y;
  state[stateStart + component1 * 64u + (firstColumn + 16u)] = sums_1.y;
  state[stateStart + component1 * 64u + (firstColumn + 32u)] = sums_2.y;
  state[stateStart + component1 * 64u + (firstColumn + 48u)] = sums_3.y;
  if (columnGroup + valueTile == 0u) {
    state[stateStart + 4096u + component1] = totals_0.y;
    state[stateStart + 4160u + component1] = largest_0.y;
  }
  let component2 = components + (rowGroup * 2u + 32u);
  state[stateStart + component2 * 64u + firstColumn] = sums_0.z;
  state[stateStart + component2 * 64u + (firstColumn + 16u)] = sums_1.z;
  state[stateStart + component2 * 64u + (firstColumn + 32u)] = sums_2.z;
  state[stateStart + component2 * 64u + (firstColumn + 48u)] = sums_3.z;
  if (columnGroup + valueTile == 0u) {
    state[stateStart + 4096u + component2] = totals_0.z;
    state[stateStart + 4160u + component2] = largest_0.z;
  }
  let component3 = components + (rowGroup * 2u + 48u);
  state[stateStart + component3 * 64u + firstColumn] = sums_0.w;
  state[stateStart + component3 * 64u + (firstColumn + 16u)] = sums_1.w;
  state[stateStart + component3 * 64u + (firstColumn + 32u)] = sums_2.w;
  state[stateStart + component3 * 64u + (firstColumn + 48u)] = sums_3.w;
  if (columnGroup + valueTile == 0u) {
    state[stateStart + 4096u + component3] = totals_0.w;
    state[stateStart + 4160u + component3] = largest_0.w;
  }
  let component4 = components + (rowGroup * 2u + 1u);
  state[stateStart + component4 * 64u + firstColumn] = sums_4.x;
  state[stateStart + component4 * 64u + (firstColumn + 16u)] = sums_5.x;
  state[stateStart + component4 * 64u + (firstColumn + 32u)] = sums_6.x;
  state[stateStart + component4 * 64u + (firstColumn + 48u)] = sums_7.x;
  if (columnGroup + valueTile == 0u) {
    state[stateStart + 4096u + component4] = totals_1.x;
    state[stateStart + 4160u + component4] = largest_1.x;
  }
  let component5 = components + (rowGroup * 2u + 17u);
  state[stateStart + component5 * 64u + firstColumn] = sums_4.y;
  state[stateStart + component5 * 64u + (firstColumn + 16u)] = sums_5.y;
  state[stateStart + component5 * 64u + (firstColumn + 32u)] = sums_6.y;
  state[stateStart + component5 * 64u + (firstColumn + 48u)] = sums_7.y;
  if (columnGroup + valueTile == 0u) {
    state[stateStart + 4096u + component5] = totals_1.y;
    state[stateStart + 4160u + component5] = largest_1.y;
  }
  let component6 = components + (rowGroup * 2u + 33u);
  state[stateStart + component6 * 64u + firstColumn] = sums_4.z;
  state[stateStart + component6 * 64u + (firstColumn + 16u)] = sums_5.z;
  state[stateStart + component6 * 64u + (firstColumn + 32u)] = sums_6.z;
  state[stateStart + component6 * 64u + (firstColumn + 48u)] = sums_7.z;
  if (columnGroup + valueTile == 0u) {
    state[stateStart + 4096u + component6] = totals_1.z;
    state[stateStart + 4160u + component6] = largest_1.z;
  }
  let component7 = components + (rowGroup * 2u + 49u);
  state[stateStart + component7 * 64u + firstColumn] = sums_4.w;
  state[stateStart + component7 * 64u + (firstColumn + 16u)] = sums_5.w;
  state[stateStart + component7 * 64u + (firstColumn + 32u)] = sums_6.w;
  state[stateStart + component7 * 64u + (firstColumn + 48u)] = sums_7.w;
  if (columnGroup + valueTile == 0u) {
    state[stateStart + 4096u + component7] = totals_1.w;
    state[stateStart + 4160u + component7] = largest_1.w;
  }
}
