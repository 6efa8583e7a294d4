// reduce: For each chunk of key rows, S = Σ φ(k) vᵀ and z = Σ φ(k).
// 64 threads a workgroup, 8192 bytes of workgroup memory
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
}

@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read> k: array<f32>;
@group(0) @binding(2) var<storage, read> v: array<f32>;
@group(0) @binding(3) var<storage, read> lengths: array<u32>;
@group(0) @binding(4) var<storage, read_write> state: array<f32>;

var<workgroup> phi: array<vec4f, 512>;

@compute @workgroup_size(64, 1, 1)
fn reduce(
  @builtin(local_invocation_index) thread: u32,
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(num_workgroups) workgroup_counts: vec3u,
) {
  let workgroup = workgroup_id.x + workgroup_id.y * workgroup_counts.x;
  if (workgroup >= shape.sliceCount * shape.chunks * 6u) {
    return;
  }
  let valueTile = 0u;
  let featureTile = workgroup % 6u;
  let rest2 = workgroup / 6u;
  let chunk = rest2 % shape.chunks;
  let slice = rest2 / shape.chunks;
  let group = shape.sliceStart + slice;
  let batchItem = group / shape.kvHeads;
  let keyGroup = group;
  let visible = min(lengths[batchItem], shape.keyLength);
  let rowGroup = thread / 8u;
  let columnGroup = thread % 8u;
  let firstColumn = valueTile * 64u + columnGroup;
  let firstRow = chunk * 32u;
  let rows = min(max(visible, firstRow) - firstRow, 32u);
  if (featureTile < 1u) {
    let components = featureTile * 64u;
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
    for (var from_ = 0u; from_ < rows; from_ += 32u) {
      let here = min(max(rows, from_) - from_, 32u);
      for (var item = thread; item < 512u; item += 64u) {
        let fillRow = item / 16u;
        let fillComponents = item % 16u;
        let kRow0 = firstRow + from_ + min(fillRow, max(here, 1u) - 1u);
        let kStart0 = keyGroup * shape.keyLength * 16u + kRow0 * 16u;
        let kComponent0 = min(components + fillComponents * 4u, 0u);
        let kComponent1 = min(components + fillComponents * 4u + 1u, 0u);
        let kComponent2 = min(components + fillComponents * 4u + 2u, 0u);
        let kComponent3 = min(components + fillComponents * 4u + 3u, 0u);
        phi[fillRow * 16u + fillComponents] = vec4f(1.0);
      }
      workgroupBarrier();
      for (var j = 0u; j < here; j++) {
        let feature0 = phi[j * 16u + rowGroup * 2u];
        let feature1 = phi[j * 16u + (rowGroup * 2u + 1u)];
        let rowStart = keyGroup * shape.keyLength * 64u + (firstRow + from_) * 64u + j * 64u + firstColumn;
        let column0 = v[rowStart];
        let column1 = v[rowStart + 8u];
        let column2 = v[rowStart + 16u];
        let column3 = v[rowStart + 24u];
        let column4 = v[rowStart + 32u];
        let column5 = v[rowStart + 40u];
        let column6 = v[rowStart + 48u];
        let column7 = v[rowStart + 56u];
        totals_0 += feature0;
        sums_0 += feature0 * column0;
        sums_1 += feature0 * column1;
        sums_2 += feature0 * column2;
        sums_3 += feature0 * column3;
        sums_4 += feature0 * column4;
        sums_5 += feature0 * column5;
        sums_6 += feature0 * column6;
        sums_7 += feature0 * column7;
        totals_1 += feature1;
        sums_8 += feature1 * column0;
        sums_9 += feature1 * column1;
        sums_10 += feature1 * column2;
        sums_11 += feature1 * column3;
        sums_12 += feature1 * column4;
        sums_13 += feature1 * column5;
        sums_14 += feature1 * column6;
        sums_15 += feature1 * column7;
      }
    }
    let stateStart = (slice * shape.chunks + chunk) * 17745u;
    let component0 = components + rowGroup * 8u;
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
    let component1 = components + rowGroup * 8u + 1u;
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
    let component2 = components + rowGroup * 8u + 2u;
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
    let component3 = components + rowGroup * 8u + 3u;
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
    let component4 = components + (rowGroup * 2u + 1u) * 4u;
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
    let component5 = components + (rowGroup * 2u + 1u) * 4u + 1u;
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
    let component6 = components + (rowGroup * 2u + 1u) * 4u + 2u;
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
    let component7 = components + (rowGroup * 2u + 1u) * 4u + 3u;
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
    let components = (featureTile - 1u) * 64u;
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
    for (var from_ = 0u; from_ < rows; from_ += 32u) {
      let here = min(max(rows, from_) - from_, 32u);
      for (var item = thread; item < 512u; item += 64u) {
        let fillRow = item / 16u;
        let fillComponents = item % 16u;
        let kRow0 = firstRow + from_ + min(fillRow, max(here, 1u) - 1u);
        let kStart0 = keyGroup * shape.keyLength * 16u + kRow0 * 16u;
        let kComponent0 = min(components + fillComponents * 4u, 15u);
        let kComponent1 = min(components + fillComponents * 4u + 1u, 15u);
        let kComponent2 = min(components + fillComponents * 4u + 2u, 15u);
        let kComponent3 = min(components + fillComponents * 4u + 3u, 15u);
        let k_x1 = vec4f(
          k[kStart0 + kComponent0],
          k[kStart0 + kComponent1],
          k[kStart0 + kComponent2],
          k[kStart0 + kComponent3],
        );
        let k_value2 = 0.5 * k_x1;
        phi[fillRow * 16u + fillComponents] = k_value2;
      }
      workgroupBarrier();
      for (var j = 0u; j < here; j++) {
        let feature0 = phi[j * 16u + rowGroup * 2u];
        let feature1 = phi[j * 16u + (rowGroup * 2u + 1u)];
        let rowStart = keyGroup * shape.keyLength * 64u + (firstRow + from_) * 64u + j * 64u + firstColumn;
        let column0 = v[rowStart];
        let column1 = v[rowStart + 8u];
        let column2 = v[rowStart + 16u];
        let column3 = v[rowStart + 24u];
        let column4 = v[rowStart + 32u];
        let column5 = v[rowStart + 40u];
        let column6 = v[rowStart + 48u];
        let column7 = v[rowStart + 56u];
        totals_0 += feature0;
        sums_0 += feature0 * column0;
        sums_1 += feature0 * column1;
        sums_2 += feature0 * column2;
        sums_3 += feature0 * column3;
        sums_4 += feature0 * column4;
        sums_5 += feature0 * column5;
        sums_6 += feature0 * column6;
        sums_7 += feature0 * column7;
        totals_1 += feature1;
        sums_8 += feature1 * column0;
        sums_9 += feature1 * column1;
        sums_10 += feature1 * column2;
        sums_11 += feature1 * column3;
        sums_12 += feature1 * column4;
        sums_13 += feature1 * column5;
        sums_14 += feature1 * column6;
        sums_15 += feature1 * column7;
      }
    }
    let stateStart = (slice * shape.chunks + chunk) * 17745u;
    let component0 = components + rowGroup * 8u;
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
    let component1 = components + rowGroup * 8u + 1u;
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
    let component2 = components + rowGroup * 8u + 2u;
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
    let component3 = components + rowGroup * 8u + 3u;
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
    let component4 = components + (rowGroup * 2u + 1u) * 4u;
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
    let component5 = components + (rowGroup * 2u + 1u) * 4u + 1u;
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
    let component6 = components + (rowGroup * 2u + 1u) * 4u + 2u;
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
    let component7 = components + (rowGroup * 2u + 1u) * 4u + 3u;
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
    let components = (featureTile - 2u) * 64u;
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
    for (var from_ = 0u; from_ < rows; from_ += 32u) {
      let here = min(max(rows, from_) - from_, 32u);
      for (var item = thread; item < 512u; item += 64u) {
        let fillRow = item / 16u;
        let fillComponents = item % 16u;
        let kRow0 = firstRow + from_ + min(fillRow, max(here, 1u) - 1u);
        let kStart0 = keyGroup * shape.keyLength * 16u + kRow0 * 16u;
        let kComponent0 = components + fillComponents * 4u;
        let kComponent1 = components + fillComponents * 4u + 1u;
        let kComponent2 = components + fillComponents * 4u + 2u;
        let kComponent3 = components + fillComponents * 4u + 3u;
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
        phi[fillRow * 16u + fillComponents] = k_value3;
      }
      workgroupBarrier();
      for (var j = 0u; j < here; j++) {
        let feature0 = phi[j * 16u + rowGroup * 2u];
        let feature1 = phi[j * 16u + (rowGroup * 2u + 1u)];
        let rowStart = keyGroup * shape.keyLength * 64u + (firstRow + from_) * 64u + j * 64u + firstColumn;
        let column0 = v[rowStart];
        let column1 = v[rowStart + 8u];
        let column2 = v[rowStart + 16u];
        let column3 = v[rowStart + 24u];
        let column4 = v[rowStart + 32u];
        let column5 = v[rowStart + 40u];
        let column6 = v[rowStart + 48u];
        let column7 = v[rowStart + 56u];
        totals_0 += feature0;
        sums_0 += feature0 * column0;
        sums_1 += feature0 * column1;
        sums_2 += feature0 * column2;
        sums_3 += feature0 * column3;
        sums_4 += feature0 * column4;
        sums_5 += feature0 * column5;
        sums_6 += feature0 * column6;
        sums_7 += feature0 * column7;
        totals_1 += feature1;
        sums_8 += feature1 * column0;
        sums_9 += feature1 * column1;
        sums_10 += feature1 * column2;
        sums_11 += feature1 * column3;
        sums_12 += feature1 * column4;
        sums_13 += feature1 * column5;
        sums_14 += feature1 * column6;
        sums_15 += feature1 * column7;
      }
    }
    let stateStart = (slice * shape.chunks + chunk) * 17745u;
    let component0 = components + rowGroup * 8u;
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
    let component1 = components + rowGroup * 8u + 1u;
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
    let component2 = components + rowGroup * 8u + 2u;
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
    let component3 = components + rowGroup * 8u + 3u;
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
    let component4 = components + (rowGroup * 2u + 1u) * 4u;
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
    let component5 = components + (rowGroup * 2u + 1u) * 4u + 1u;
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
    let component6 = components + (rowGroup * 2u + 1u) * 4u + 2u;
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
    let component7 = components + (rowGroup * 2u + 1u) * 4u + 3u;
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
