// reduce: For each chunk of key rows, S = Σ φ(k) vᵀ and z = Σ φ(k).
// 128 threads a workgroup, 12800 bytes of workgroup memory
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

var<workgroup> tile: array<vec4f, 800>;

@compute @workgroup_size(128, 1, 1)
fn reduce(
  @builtin(local_invocation_index) thread: u32,
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(num_workgroups) workgroup_counts: vec3u,
) {
  let workgroup = workgroup_id.x + workgroup_id.y * workgroup_counts.x;
  if (workgroup >= shape.sliceCount * shape.chunks * 4u) {
    return;
  }
  let valueTile = 0u;
  let featureTile = workgroup % 4u;
  let rest2 = workgroup / 4u;
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
    for (var from_ = 0u; from_ < rows; from_ += 16u) {
      let fillFour = thread % 32u;
      let fillRow = thread / 32u;
      let kRow0 = min(firstRow + (from_ + fillRow), max(visible, 1u) - 1u);
      let kRow1 = min(firstRow + (from_ + fillRow + 4u), max(visible, 1u) - 1u);
      let kRow2 = min(firstRow + (from_ + fillRow + 8u), max(visible, 1u) - 1u);
      let kRow3 = min(firstRow + (from_ + fillRow + 12u), max(visible, 1u) - 1u);
      let kStart0 = (keyGroup * shape.keyHeadStride + batchItem * shape.keyItemGap) * 16u + kRow0 * (shape.keyRowStride * 16u);
      let kStart1 = (keyGroup * shape.keyHeadStride + batchItem * shape.keyItemGap) * 16u + kRow1 * (shape.keyRowStride * 16u);
      let kStart2 = (keyGroup * shape.keyHeadStride + batchItem * shape.keyItemGap) * 16u + kRow2 * (shape.keyRowStride * 16u);
      let kStart3 = (keyGroup * shape.keyHeadStride + batchItem * shape.keyItemGap) * 16u + kRow3 * (shape.keyRowStride * 16u);
      let kComponent0 = min(components + fillFour, 0u);
      let kComponent1 = min(components + (fillFour + 32u), 0u);
      let kComponent2 = min(components + (fillFour + 64u), 0u);
      let kComponent3 = min(components + (fillFour + 96u), 0u);
      tile[(from_ + fillRow - from_) * 33u + fillFour] = select(
        vec4f(0.0),
        vec4f(1.0),
        from_ + fillRow < rows,
      );
      tile[(from_ + fillRow + 4u - from_) * 33u + fillFour] = select(
        vec4f(0.0),
        vec4f(1.0),
        from_ + fillRow + 4u < rows,
      );
      tile[(from_ + fillRow + 8u - from_) * 33u + fillFour] = select(
        vec4f(0.0),
        vec4f(1.0),
        from_ + fillRow + 8u < rows,
      );
      tile[(from_ + fillRow + 12u - from_) * 33u + fillFour] = select(
        vec4f(0.0),
        vec4f(1.0),
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
    let stateStart = (slice * shape.chunks + chunk) * 17745u;
    let component0 = components + rowGroup * 2u;
    if (component0 < 1u) {
      state[stateStart + component0 * 64u + firstColumn] = sums_0.x;
      state[stateStart + component0 * 64u + (firstColumn + 8u)] = sums_1.x;
      state[stateStart + component0 * 64u + (firstColumn + 16u)] = sums_2.x;
      state[stateStart + component0 * 64u + (firstColumn + 24u)] = sums_3.x;
      state[stateStart + component0 * 64u + (firstColumn + 32u)] = sums_4.x;
      state[stateStart + component0 * 64u + (firstColumn + 40u)] = sums_5.x;
      state[stateStart + component0 * 64u + (firstColumn + 48u)] = sums_6.x;
      state[stateStart + component0 * 64u + (firstColumn + 56u)] = sums_7.x;
      if (columnGroup + valueTile == 0u) {
        state[stateStart + 17472u + component0] = totals_0.x;
      }
    }
    let component1 = components + (rowGroup * 2u + 32u);
    if (component1 < 1u) {
      state[stateStart + component1 * 64u + firstColumn] = sums_0.y;
      state[stateStart + component1 * 64u + (firstColumn + 8u)] = sums_1.y;
      state[stateStart + component1 * 64u + (firstColumn + 16u)] = sums_2.y;
      state[stateStart + component1 * 64u + (firstColumn + 24u)] = sums_3.y;
      state[stateStart + component1 * 64u + (firstColumn + 32u)] = sums_4.y;
      state[stateStart + component1 * 64u + (firstColumn + 40u)] = sums_5.y;
      state[stateStart + component1 * 64u + (firstColumn + 48u)] = sums_6.y;
      state[stateStart + component1 * 64u + (firstColumn + 56u)] = sums_7.y;
      if (columnGroup + valueTile == 0u) {
        state[stateStart + 17472u + component1] = totals_0.y;
      }
    }
    let component2 = components + (rowGroup * 2u + 64u);
    if (component2 < 1u) {
      state[stateStart + component2 * 64u + firstColumn] = sums_0.z;
      state[stateStart + component2 * 64u + (firstColumn + 8u)] = sums_1.z;
      state[stateStart + component2 * 64u + (firstColumn + 16u)] = sums_2.z;
      state[stateStart + component2 * 64u + (firstColumn + 24u)] = sums_3.z;
      state[stateStart + component2 * 64u + (firstColumn + 32u)] = sums_4.z;
      state[stateStart + component2 * 64u + (firstColumn + 40u)] = sums_5.z;
      state[stateStart + component2 * 64u + (firstColumn + 48u)] = sums_6.z;
      state[stateStart + component2 * 64u + (firstColumn + 56u)] = sums_7.z;
      if (columnGroup + valueTile == 0u) {
        state[stateStart + 17472u + component2] = totals_0.z;
      }
    }
    let component3 = components + (rowGroup * 2u + 96u);
    if (component3 < 1u) {
      state[stateStart + component3 * 64u + firstColumn] = sums_0.w;
      state[stateStart + component3 * 64u + (firstColumn + 8u)] = sums_1.w;
      state[stateStart + component3 * 64u + (firstColumn + 16u)] = sums_2.w;
      state[stateStart + component3 * 64u + (firstColumn + 24u)] = sums_3.w;
      state[stateStart + component3 * 64u + (firstColumn + 32u)] = sums_4.w;
      state[stateStart + component3 * 64u + (firstColumn + 40u)] = sums_5.w;
      state[stateStart + component3 * 64u + (firstColumn + 48u)] = sums_6.w;
      state[stateStart + component3 * 64u + (firstColumn + 56u)] = sums_7.w;
      if (columnGroup + valueTile == 0u) {
        state[stateStart + 17472u + component3] = totals_0.w;
      }
    }
    let component4 = components + (rowGroup * 2u + 1u);
    if (component4 < 1u) {
      state[stateStart + component4 * 64u + firstColumn] = sums_8.x;
      state[stateStart + component4 * 64u + (firstColumn + 8u)] = sums_9.x;
      state[stateStart + component4 * 64u + (firstColumn + 16u)] = sums_10.x;
      state[stateStart + component4 * 64u + (firstColumn + 24u)] = sums_11.x;
      state[stateStart + component4 * 64u + (firstColumn + 32u)] = sums_12.x;
      state[stateStart + component4 * 64u + (firstColumn + 40u)] = sums_13.x;
      state[stateStart + component4 * 64u + (firstColumn + 48u)] = sums_14.x;
      state[stateStart + component4 * 64u + (firstColumn + 56u)] = sums_15.x;
      if (columnGroup + valueTile == 0u) {
        state[stateStart + 17472u + component4] = totals_1.x;
      }
    }
    let component5 = components + (rowGroup * 2u + 33u);
    if (component5 < 1u) {
      state[stateStart + component5 * 64u + firstColumn] = sums_8.y;
      state[stateStart + component5 * 64u + (firstColumn + 8u)] = sums_9.y;
      state[stateStart + component5 * 64u + (firstColumn + 16u)] = sums_10.y;
      state[stateStart + component5 * 64u + (firstColumn + 24u)] = sums_11.y;
      state[stateStart + component5 * 64u + (firstColumn + 32u)] = sums_12.y;
      state[stateStart + component5 * 64u + (firstColumn + 40u)] = sums_13.y;
      state[stateStart + component5 * 64u + (firstColumn + 48u)] = sums_14.y;
      state[stateStart + component5 * 64u + (firstColumn + 56u)] = sums_15.y;
      if (columnGroup + valueTile == 0u) {
        state[stateStart + 17472u + component5] = totals_1.y;
      }
    }
    let component6 = components + (rowGroup * 2u + 65u);
    if (component6 < 1u) {
      state[stateStart + component6 * 64u + firstColumn] = sums_8.z;
      state[stateStart + component6 * 64u + (firstColumn + 8u)] = sums_9.z;
      state[stateStart + component6 * 64u + (firstColumn + 16u)] = sums_10.z;
      state[stateStart + component6 * 64u + (firstColumn + 24u)] = sums_11.z;
      state[stateStart + component6 * 64u + (firstColumn + 32u)] = sums_12.z;
      state[stateStart + component6 * 64u + (firstColumn + 40u)] = sums_13.z;
      state[stateStart + component6 * 64u + (firstColumn + 48u)] = sums_14.z;
      state[stateStart + component6 * 64u + (firstColumn + 56u)] = sums_15.z;
      if (columnGroup + valueTile == 0u) {
        state[stateStart + 17472u + component6] = totals_1.z;
      }
    }
    let component7 = components + (rowGroup * 2u + 97u);
    if (component7 < 1u) {
      state[stateStart + component7 * 64u + firstColumn] = sums_8.w;
      state[stateStart + component7 * 64u + (firstColumn + 8u)] = sums_9.w;
      state[stateStart + component7 * 64u + (firstColumn + 16u)] = sums_10.w;
      state[stateStart + component7 * 64u + (firstColumn + 24u)] = sums_11.w;
      state[stateStart + component7 * 64u + (firstColumn + 32u)] = sums_12.w;
      state[stateStart + component7 * 64u + (firstColumn + 40u)] = sums_13.w;
      state[stateStart + component7 * 64u + (firstColumn + 48u)] = sums_14.w;
      state[stateStart + component7 * 64u + (firstColumn + 56u)] = sums_15.w;
      if (columnGroup + valueTile == 0u) {
        state[stateStart + 17472u + component7] = totals_1.w;
      }
    }
  } else if (featureTile < 2u) {
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
    for (var from_ = 0u; from_ < rows; from_ += 16u) {
      let fillFour = thread % 32u;
      let fillRow = thread / 32u;
      let kRow0 = min(firstRow + (from_ + fillRow), max(visible, 1u) - 1u);
      let kRow1 = min(firstRow + (from_ + fillRow + 4u), max(visible, 1u) - 1u);
      let kRow2 = min(firstRow + (from_ + fillRow + 8u), max(visible, 1u) - 1u);
      let kRow3 = min(firstRow + (from_ + fillRow + 12u), max(visible, 1u) - 1u);
      let kStart0 = (keyGroup * shape.keyHeadStride + batchItem * shape.keyItemGap) * 16u + kRow0 * (shape.keyRowStride * 16u);
      let kStart1 = (keyGroup * shape.keyHeadStride + batchItem * shape.keyItemGap) * 16u + kRow1 * (shape.keyRowStride * 16u);
      let kStart2 = (keyGroup * shape.keyHeadStride + batchItem * shape.keyItemGap) * 16u + kRow2 * (shape.keyRowStride * 16u);
      let kStart3 = (keyGroup * shape.keyHeadStride + batchItem * shape.keyItemGap) * 16u + kRow3 * (shape.keyRowStride * 16u);
      let kComponent0 = min(components + fillFour, 15u);
      let kComponent1 = min(components + (fillFour + 32u), 15u);
      let kComponent2 = min(components + (fillFour + 64u), 15u);
      let kComponent3 = min(components + (fillFour + 96u), 15u);
      let k_x1 = vec4f(
        k[kStart0 + kComponent0],
        k[kStart0 + kComponent1],
        k[kStart0 + kComponent2],
        k[kStart0 + kComponent3],
      );
      let k_value2 = 0.5 * k_x1;
      let k_x3 = vec4f(
        k[kStart1 + kComponent0],
        k[kStart1 + kComponent1],
        k[kStart1 + kComponent2],
        k[kStart1 + kComponent3],
      );
      let k_value4 = 0.5 * k_x3;
      let k_x5 = vec4f(
        k[kStart2 + kComponent0],
        k[kStart2 + kComponent1],
        k[kStart2 + kComponent2],
        k[kStart2 + kComponent3],
      );
      let k_value6 = 0.5 * k_x5;
      let k_x7 = vec4f(
        k[kStart3 + kComponent0],
        k[kStart3 + kComponent1],
        k[kStart3 + kComponent2],
        k[kStart3 + kComponent3],
      );
      let k_value8 = 0.5 * k_x7;
      tile[(from_ + fillRow - from_) * 33u + fillFour] = select(vec4f(0.0), k_value2, from_ + fillRow < rows);
      tile[(from_ + fillRow + 4u - from_) * 33u + fillFour] = select(
        vec4f(0.0),
        k_value4,
        from_ + fillRow + 4u < rows,
      );
      tile[(from_ + fillRow + 8u - from_) * 33u + fillFour] = select(
        vec4f(0.0),
        k_value6,
        from_ + fillRow + 8u < rows,
      );
      tile[(from_ + fillRow + 12u - from_) * 33u + fillFour] = select(
        vec4f(0.0),
        k_value8,
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
    let stateStart = (slice * shape.chunks + chunk) * 17745u;
    let component0 = components + rowGroup * 2u;
    if (component0 < 16u) {
      state[stateStart + (component0 + 1u) * 64u + firstColumn] = sums_0.x;
      state[stateStart + (component0 + 1u) * 64u + (firstColumn + 8u)] = sums_1.x;
      state[stateStart + (component0 + 1u) * 64u + (firstColumn + 16u)] = sums_2.x;
      state[stateStart + (component0 + 1u) * 64u + (firstColumn + 24u)] = sums_3.x;
      state[stateStart + (component0 + 1u) * 64u + (firstColumn + 32u)] = sums_4.x;
      state[stateStart + (component0 + 1u) * 64u + (firstColumn + 40u)] = sums_5.x;
      state[stateStart + (component0 + 1u) * 64u + (firstColumn + 48u)] = sums_6.x;
      state[stateStart + (component0 + 1u) * 64u + (firstColumn + 56u)] = sums_7.x;
      if (columnGroup + valueTile == 0u) {
        state[stateStart + 17472u + (component0 + 1u)] = totals_0.x;
      }
    }
    let component1 = components + (rowGroup * 2u + 32u);
    if (component1 < 16u) {
      state[stateStart + (component1 + 1u) * 64u + firstColumn] = sums_0.y;
      state[stateStart + (component1 + 1u) * 64u + (firstColumn + 8u)] = sums_1.y;
      state[stateStart + (component1 + 1u) * 64u + (firstColumn + 16u)] = sums_2.y;
      state[stateStart + (component1 + 1u) * 64u + (firstColumn + 24u)] = sums_3.y;
      state[stateStart + (component1 + 1u) * 64u + (firstColumn + 32u)] = sums_4.y;
      state[stateStart + (component1 + 1u) * 64u + (firstColumn + 40u)] = sums_5.y;
      state[stateStart + (component1 + 1u) * 64u + (firstColumn + 48u)] = sums_6.y;
      state[stateStart + (component1 + 1u) * 64u + (firstColumn + 56u)] = sums_7.y;
      if (columnGroup + valueTile == 0u) {
        state[stateStart + 17472u + (component1 + 1u)] = totals_0.y;
      }
    }
    let component2 = components + (rowGroup * 2u + 64u);
    if (component2 < 16u) {
      state[stateStart + (component2 + 1u) * 64u + firstColumn] = sums_0.z;
      state[stateStart + (component2 + 1u) * 64u + (firstColumn + 8u)] = sums_1.z;
      state[stateStart + (component2 + 1u) * 64u + (firstColumn + 16u)] = sums_2.z;
      state[stateStart + (component2 + 1u) * 64u + (firstColumn + 24u)] = sums_3.z;
      state[stateStart + (component2 + 1u) * 64u + (firstColumn + 32u)] = sums_4.z;
      state[stateStart + (component2 + 1u) * 64u + (firstColumn + 40u)] = sums_5.z;
      state[stateStart + (component2 + 1u) * 64u + (firstColumn + 48u)] = sums_6.z;
      state[stateStart + (component2 + 1u) * 64u + (firstColumn + 56u)] = sums_7.z;
      if (columnGroup + valueTile == 0u) {
        state[stateStart + 17472u + (component2 + 1u)] = totals_0.z;
      }
    }
    let component3 = components + (rowGroup * 2u + 96u);
    if (component3 < 16u) {
      state[stateStart + (component3 + 1u) * 64u + firstColumn] = sums_0.w;
      state[stateStart + (component3 + 1u) * 64u + (firstColumn + 8u)] = sums_1.w;
      state[stateStart + (component3 + 1u) * 64u + (firstColumn + 16u)] = sums_2.w;
      state[stateStart + (component3 + 1u) * 64u + (firstColumn + 24u)] = sums_3.w;
      state[stateStart + (component3 + 1u) * 64u + (firstColumn + 32u)] = sums_4.w;
      state[stateStart + (component3 + 1u) * 64u + (firstColumn + 40u)] = sums_5.w;
      state[stateStart + (component3 + 1u) * 64u + (firstColumn + 48u)] = sums_6.w;
      state[stateStart + (component3 + 1u) * 64u + (firstColumn + 56u)] = sums_7.w;
      if (columnGroup + valueTile == 0u) {
        state[stateStart + 17472u + (component3 + 1u)] = totals_0.w;
      }
    }
    let component4 = components + (rowGroup * 2u + 1u);
    if (component4 < 16u) {
      state[stateStart + (component4 + 1u) * 64u + firstColumn] = sums_8.x;
      state[stateStart + (component4 + 1u) * 64u + (firstColumn + 8u)] = sums_9.x;
      state[stateStart + (component4 + 1u) * 64u + (firstColumn + 16u)] = sums_10.x;
      state[stateStart + (component4 + 1u) * 64u + (firstColumn + 24u)] = sums_11.x;
      state[stateStart + (component4 + 1u) * 64u + (firstColumn + 32u)] = sums_12.x;
      state[stateStart + (component4 + 1u) * 64u + (firstColumn + 40u)] = sums_13.x;
      state[stateStart + (component4 + 1u) * 64u + (firstColumn + 48u)] = sums_14.x;
      state[stateStart + (component4 + 1u) * 64u + (firstColumn + 56u)] = sums_15.x;
      if (columnGroup + valueTile == 0u) {
        state[stateStart + 17472u + (component4 + 1u)] = totals_1.x;
      }
    }
    let component5 = components + (rowGroup * 2u + 33u);
    if (component5 < 16u) {
      state[stateStart + (component5 + 1u) * 64u + firstColumn] = sums_8.y;
      state[stateStart + (component5 + 1u) * 64u + (firstColumn + 8u)] = sums_9.y;
      state[stateStart + (component5 + 1u) * 64u + (firstColumn + 16u)] = sums_10.y;
      state[stateStart + (component5 + 1u) * 64u + (firstColumn + 24u)] = sums_11.y;
      state[stateStart + (component5 + 1u) * 64u + (firstColumn + 32u)] = sums_12.y;
      state[stateStart + (component5 + 1u) * 64u + (firstColumn + 40u)] = sums_13.y;
      state[stateStart + (component5 + 1u) * 64u + (firstColumn + 48u)] = sums_14.y;
      state[stateStart + (component5 + 1u) * 64u + (firstColumn + 56u)] = sums_15.y;
      if (columnGroup + valueTile == 0u) {
        state[stateStart + 17472u + (component5 + 1u)] = totals_1.y;
      }
    }
    let component6 = components + (rowGroup * 2u + 65u);
    if (component6 < 16u) {
      state[stateStart + (component6 + 1u) * 64u + firstColumn] = sums_8.z;
      state[stateStart + (component6 + 1u) * 64u + (firstColumn + 8u)] = sums_9.z;
      state[stateStart + (component6 + 1u) * 64u + (firstColumn + 16u)] = sums_10.z;
      state[stateStart + (component6 + 1u) * 64u + (firstColumn + 24u)] = sums_11.z;
      state[stateStart + (component6 + 1u) * 64u + (firstColumn + 32u)] = sums_12.z;
      state[stateStart + (component6 + 1u) * 64u + (firstColumn + 40u)] = sums_13.z;
      state[stateStart + (component6 + 1u) * 64u + (firstColumn + 48u)] = sums_14.z;
      state[stateStart + (component6 + 1u) * 64u + (firstColumn + 56u)] = sums_15.z;
      if (columnGroup + valueTile == 0u) {
        state[stateStart + 17472u + (component6 + 1u)] = totals_1.z;
      }
    }
    let component7 = components + (rowGroup * 2u + 97u);
    if (component7 < 16u) {
      state[stateStart + (component7 + 1u) * 64u + firstColumn] = sums_8.w;
      state[stateStart + (component7 + 1u) * 64u + (firstColumn + 8u)] = sums_9.w;
      state[stateStart + (component7 + 1u) * 64u + (firstColumn + 16u)] = sums_10.w;
      state[stateStart + (component7 + 1u) * 64u + (firstColumn + 24u)] = sums_11.w;
      state[stateStart + (component7 + 1u) * 64u + (firstColumn + 32u)] = sums_12.w;
      state[stateStart + (component7 + 1u) * 64u + (firstColumn + 40u)] = sums_13.w;
      state[stateStart + (component7 + 1u) * 64u + (firstColumn + 48u)] = sums_14.w;
      state[stateStart + (component7 + 1u) * 64u + (firstColumn + 56u)] = sums_15.w;
      if (columnGroup + valueTile == 0u) {
        state[stateStart + 17472u + (component7 + 1u)] = totals_1.w;
      }
    }
  } else {
    let components = (featureTile - 2u) * 128u;
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
    for (var from_ = 0u; from_ < rows; from_ += 16u) {
      let fillFour = thread % 32u;
      let fillRow = thread / 32u;
      let kRow0 = min(firstRow + (from_ + fillRow), max(visible, 1u) - 1u);
      let kRow1 = min(firstRow + (from_ + fillRow + 4u), max(visible, 1u) - 1u);
      let kRow2 = min(firstRow + (from_ + fillRow + 8u), max(visible, 1u) - 1u);
      let kRow3 = min(firstRow + (from_ + fillRow + 12u), max(visible, 1u) - 1u);
      let kStart0 = (keyGroup * shape.keyHeadStride + batchItem * shape.keyItemGap) * 16u + kRow0 * (shape.keyRowStride * 16u);
      let kStart1 = (keyGroup * shape.keyHeadStride + batchItem * shape.keyItemGap) * 16u + kRow1 * (shape.keyRowStride * 16u);
      let kStart2 = (keyGroup * shape.keyHeadStride + batchItem * shape.keyItemGap) * 16u + kRow2 * (shape.keyRowStride * 16u);
      let kStart3 = (keyGroup * shape.keyHeadStride + batchItem * shape.keyItemGap) * 16u + kRow3 * (shape.keyRowStride * 16u);
      let kComponent0 = components + fillFour;
      let kComponent1 = components + (fillFour + 32u);
      let kComponent2 = components + (fillFour + 64u);
      let kComponent3 = components + (fillFour + 96u);
      let k_x1 = vec4f(
        k[kStart0 + kComponent0 / 16u],
        k[kStart0 + kComponent1 / 16u],
        k[kStart0 + kComponent2 / 16u],
        k[kStart0 + kComponent3 / 16u],
      );
      let k_x2 = vec4f(
        k[kStart0 + kComponent0 % 16u],
        k[kStart0 + kComponent1 % 16u],
        k[kStart0 + kComponent2 % 16u],
        k[kStart0 + kComponent3 % 16u],
      );
      let k_value3 = 0.17677669 * k_x1 * k_x2;
      let k_x4 = vec4f(
        k[kStart1 + kComponent0 / 16u],
        k[kStart1 + kComponent1 / 16u],
        k[kStart1 + kComponent2 / 16u],
        k[kStart1 + kComponent3 / 16u],
      );
      let k_x5 = vec4f(
        k[kStart1 + kComponent0 % 16u],
        k[kStart1 + kComponent1 % 16u],
        k[kStart1 + kComponent2 % 16u],
        k[kStart1 + kComponent3 % 16u],
      );
      let k_value6 = 0.17677669 * k_x4 * k_x5;
      let k_x7 = vec4f(
        k[kStart2 + kComponent0 / 16u],
        k[kStart2 + kComponent1 / 16u],
        k[kStart2 + kComponent2 / 16u],
        k[kStart2 + kComponent3 / 16u],
      );
      let k_x8 = vec4f(
        k[kStart2 + kComponent0 % 16u],
        k[kStart2 + kComponent1 % 16u],
        k[kStart2 + kComponent2 % 16u],
        k[kStart2 + kComponent3 % 16u],
      );
      let k_value9 = 0.17677669 * k_x7 * k_x8;
      let k_x10 = vec4f(
        k[kStart3 + kComponent0 / 16u],
        k[kStart3 + kComponent1 / 16u],
        k[kStart3 + kComponent2 / 16u],
        k[kStart3 + kComponent3 / 16u],
      );
      let k_x11 = vec4f(
        k[kStart3 + kComponent0 % 16u],
        k[kStart3 + kComponent1 % 16u],
        k[kStart3 + kComponent2 % 16u],
        k[kStart3 + kComponent3 % 16u],
      );
      let k_value12 = 0.17677669 * k_x10 * k_x11;
      tile[(from_ + fillRow - from_) * 33u + fillFour] = select(vec4f(0.0), k_value3, from_ + fillRow < rows);
      tile[(from_ + fillRow + 4u - from_) * 33u + fillFour] = select(
        vec4f(0.0),
        k_value6,
        from_ + fillRow + 4u < rows,
      );
      tile[(from_ + fillRow + 8u - from_) * 33u + fillFour] = select(
        vec4f(0.0),
        k_value9,
        from_ + fillRow + 8u < rows,
      );
      tile[(from_ + fillRow + 12u - from_) * 33u + fillFour] = select(
        vec4f(0.0),
        k_value12,
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
    let stateStart = (slice * shape.chunks + chunk) * 17745u;
    let component0 = components + rowGroup * 2u;
    state[stateStart + (component0 + 17u) * 64u + firstColumn] = sums_0.x;
    state[stateStart + (component0 + 17u) * 64u + (firstColumn + 8u)] = sums_1.x;
    state[stateStart + (component0 + 17u) * 64u + (firstColumn + 16u)] = sums_2.x;
    state[stateStart + (component0 + 17u) * 64u + (firstColumn + 24u)] = sums_3.x;
    state[stateStart + (component0 + 17u) * 64u + (firstColumn + 32u)] = sums_4.x;
    state[stateStart + (component0 + 17u) * 64u + (firstColumn + 40u)] = sums_5.x;
    state[stateStart + (component0 + 17u) * 64u + (firstColumn + 48u)] = sums_6.x;
    state[stateStart + (component0 + 17u) * 64u + (firstColumn + 56u)] = sums_7.x;
    if (columnGroup + valueTile == 0u) {
      state[stateStart + 17472u + (component0 + 17u)] = totals_0.x;
    }
    let component1 = components + (rowGroup * 2u + 32u);
    state[stateStart + (component1 + 17u) * 64u + firstColumn] = sums_0.y;
    state[stateStart + (component1 + 17u) * 64u + (firstColumn + 8u)] = sums_1.y;
    state[stateStart + (component1 + 17u) * 64u + (firstColumn + 16u)] = sums_2.y;
    state[stateStart + (component1 + 17u) * 64u + (firstColumn + 24u)] = sums_3.y;
    state[stateStart + (component1 + 17u) * 64u + (firstColumn + 32u)] = sums_4.y;
    state[stateStart + (component1 + 17u) * 64u + (firstColumn + 40u)] = sums_5.y;
    state[stateStart + (component1 + 17u) * 64u + (firstColumn + 48u)] = sums_6.y;
    state[stateStart + (component1 + 17u) * 64u + (firstColumn + 56u)] = sums_7.y;
    if (columnGroup + valueTile == 0u) {
      state[stateStart + 17472u + (component1 + 17u)] = totals_0.y;
    }
    let component2 = components + (rowGroup * 2u + 64u);
    state[stateStart + (component2 + 17u) * 64u + firstColumn] = sums_0.z;
    state[stateStart + (component2 + 17u) * 64u + (firstColumn + 8u)] = sums_1.z;
    state[stateStart + (component2 + 17u) * 64u + (firstColumn + 16u)] = sums_2.z;
    state[stateStart + (component2 + 17u) * 64u + (firstColumn + 24u)] = sums_3.z;
    state[stateStart + (component2 + 17u) * 64u + (firstColumn + 32u)] = sums_4.z;
    state[stateStart + (component2 + 17u) * 64u + (firstColumn + 40u)] = sums_5.z;
    state[stateStart + (component2 + 17u) * 64u + (firstColumn + 48u)] = sums_6.z;
    state[stateStart + (component2 + 17u) * 64u + (firstColumn + 56u)] = sums_7.z;
    if (columnGroup + valueTile == 0u) {
      state[stateStart + 17472u + (component2 + 17u)] = totals_0.z;
    }
    let component3 = components + (rowGroup * 2u + 96u);
    state[stateStart + (component3 + 17u) * 64u + firstColumn] = sums_0.w;
    state[stateStart + (component3 + 17u) * 64u + (firstColumn + 8u)] = sums_1.w;
    state[stateStart + (component3 + 17u) * 64u + (firstColumn + 16u)] = sums_2.w;
    state[stateStart + (component3 + 17u) * 64u + (firstColumn + 24u)] = sums_3.w;
    state[stateStart + (component3 + 17u) * 64u + (firstColumn + 32u)] = sums_4.w;
    state[stateStart + (component3 + 17u) * 64u + (firstColumn + 40u)] = sums_5.w;
    state[stateStart + (component3 + 17u) * 64u + (firstColumn + 48u)] = sums_6.w;
    state[stateStart + (component3 + 17u) * 64u + (firstColumn + 56u)] = sums_7.w;
    if (columnGroup + valueTile == 0u) {
      state[stateStart + 17472u + (component3 + 17u)] = totals_0.w;
    }
    let component4 = components + (rowGroup * 2u + 1u);
    state[stateStart + (component4 + 17u) * 64u + firstColumn] = sums_8.x;
    state[stateStart + (component4 + 17u) * 64u + (firstColumn + 8u)] = sums_9.x;
    state[stateStart + (component4 + 17u) * 64u + (firstColumn + 16u)] = sums_10.x;
    state[stateStart + (component4 + 17u) * 64u + (firstColumn + 24u)] = sums_11.x;
    state[stateStart + (component4 + 17u) * 64u + (firstColumn + 32u)] = sums_12.x;
    state[stateStart + (component4 + 17u) * 64u + (firstColumn + 40u)] = sums_13.x;
    state[stateStart + (component4 + 17u) * 64u + (firstColumn + 48u)] = sums_14.x;
    state[stateStart + (component4 + 17u) * 64u + (firstColumn + 56u)] = sums_15.x;
    if (columnGroup + valueTile == 0u) {
      state[stateStart + 17472u + (component4 + 17u)] = totals_1.x;
    }
    let component5 = components + (rowGroup * 2u + 33u);
    state[stateStart + (component5 + 17u) * 64u + firstColumn] = sums_8.y;
    state[stateStart + (component5 + 17u) * 64u + (firstColumn + 8u)] = sums_9.y;
    state[stateStart + (component5 + 17u) * 64u + (firstColumn + 16u)] = sums_10.y;
    state[stateStart + (component5 + 17u) * 64u + (firstColumn + 24u)] = sums_11.y;
    state[stateStart + (component5 + 17u) * 64u + (firstColumn + 32u)] = sums_12.y;
    state[stateStart + (component5 + 17u) * 64u + (firstColumn + 40u)] = sums_13.y;
    state[stateStart + (component5 + 17u) * 64u + (firstColumn + 48u)] = sums_14.y;
    state[stateStart + (component5 + 17u) * 64u + (firstColumn + 56u)] = sums_15.y;
    if (columnGroup + valueTile == 0u) {
      state[stateStart + 17472u + (component5 + 17u)] = totals_1.y;
    }
    let component6 = components + (rowGroup * 2u + 65u);
    state[stateStart + (component6 + 17u) * 64u + firstColumn] = sums_8.z;
    state[stateStart + (component6 + 17u) * 64u + (firstColumn + 8u)] = sums_9.z;
    state[stateStart + (component6 + 17u) * 64u + (firstColumn + 16u)] = sums_10.z;
    state[stateStart + (component6 + 17u) * 64u + (firstColumn + 24u)] = sums_11.z;
    state[stateStart + (component6 + 17u) * 64u + (firstColumn + 32u)] = sums_12.z;
    state[stateStart + (component6 + 17u) * 64u + (firstColumn + 40u)] = sums_13.z;
    state[stateStart + (component6 + 17u) * 64u + (firstColumn + 48u)] = sums_14.z;
    state[stateStart + (component6 + 17u) * 64u + (firstColumn + 56u)] = sums_15.z;
    if (columnGroup + valueTile == 0u) {
      state[stateStart + 17472u + (component6 + 17u)] = totals_1.z;
    }
    let component7 = components + (rowGroup * 2u + 97u);
    state[stateStart + (component7 + 17u) * 64u + firstColumn] = sums_8.w;
    state[stateStart + (component7 + 17u) * 64u + (firstColumn + 8u)] = sums_9.w;
    state[stateStart + (component7 + 17u) * 64u + (firstColumn + 16u)] = sums_10.w;
    state[stateStart + (component7 + 17u) * 64u + (firstColumn + 24u)] = sums_11.w;
    state[stateStart + (component7 + 17u) * 64u + (firstColumn + 32u)] = sums_12.w;
    state[stateStart + (component7 + 17u) * 64u + (firstColumn + 40u)] = sums_13.w;
    state[stateStart + (component7 + 17u) * 64u + (firstColumn + 48u)] = sums_14.w;
    state[stateStart + (component7 + 17u) * 64u + (firstColumn + 56u)] = sums_15.w;
    if (columnGroup + valueTile == 0u) {
      state[stateStart + 17472u + (component7 + 17u)] = totals_1.w;
    }
  }
}
