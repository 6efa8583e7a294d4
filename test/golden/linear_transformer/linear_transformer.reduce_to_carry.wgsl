// reduce_to_carry: For each chunk of key rows, S = Σ φ(k) vᵀ and z = Σ φ(k).
// 64 threads a workgroup, 8448 bytes of workgroup memory
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
var<workgroup> scales: array<vec4f, 16>;

@compute @workgroup_size(64, 1, 1)
fn reduce_to_carry(
  @builtin(local_invocation_index) thread: u32,
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(num_workgroups) workgroup_counts: vec3u,
) {
  let workgroup = workgroup_id.x + workgroup_id.y * workgroup_counts.x;
  if (workgroup >= shape.sliceCount * shape.chunks) {
    return;
  }
  let valueTile = 0u;
  let featureTile = 0u;
  let chunk = workgroup % shape.chunks;
  let slice = workgroup / shape.chunks;
  let group = shape.sliceStart + slice;
  let batchItem = group / shape.kvHeads;
  let keyGroup = group;
  let visible = min(lengths[batchItem], shape.keyLength);
  let rowGroup = thread / 8u;
  let columnGroup = thread % 8u;
  let firstColumn = valueTile * 64u + columnGroup * 4u;
  let fillComponents = thread % 16u;
  let fillRow = thread / 16u;
  let firstRow = chunk * 32u;
  let rows = min(max(visible, firstRow) - firstRow, 32u);
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
  var largest_0 = vec4f(-1e30);
  var largest_1 = vec4f(-1e30);
  for (var from_ = 0u; from_ < rows; from_ += 32u) {
    let here = min(max(rows, from_) - from_, 32u);
    let kRow0 = firstRow + from_ + min(fillRow, max(here, 1u) - 1u);
    let kRow1 = firstRow + from_ + min(fillRow + 4u, max(here, 1u) - 1u);
    let kRow2 = firstRow + from_ + min(fillRow + 8u, max(here, 1u) - 1u);
    let kRow3 = firstRow + from_ + min(fillRow + 12u, max(here, 1u) - 1u);
    let kRow4 = firstRow + from_ + min(fillRow + 16u, max(here, 1u) - 1u);
    let kRow5 = firstRow + from_ + min(fillRow + 20u, max(here, 1u) - 1u);
    let kRow6 = firstRow + from_ + min(fillRow + 24u, max(here, 1u) - 1u);
    let kRow7 = firstRow + from_ + min(fillRow + 28u, max(here, 1u) - 1u);
    let kStart0 = (keyGroup * shape.keyLength + kRow0) * 64u;
    let kStart1 = (keyGroup * shape.keyLength + kRow1) * 64u;
    let kStart2 = (keyGroup * shape.keyLength + kRow2) * 64u;
    let kStart3 = (keyGroup * shape.keyLength + kRow3) * 64u;
    let kStart4 = (keyGroup * shape.keyLength + kRow4) * 64u;
    let kStart5 = (keyGroup * shape.keyLength + kRow5) * 64u;
    let kStart6 = (keyGroup * shape.keyLength + kRow6) * 64u;
    let kStart7 = (keyGroup * shape.keyLength + kRow7) * 64u;
    let kComponent0 = components + fillComponents * 4u;
    let kComponent1 = components + fillComponents * 4u + 1u;
    let kComponent2 = components + fillComponents * 4u + 2u;
    let kComponent3 = components + fillComponents * 4u + 3u;
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
    let k_x5 = vec4f(
      k[kStart2 + kComponent0],
      k[kStart2 + kComponent1],
      k[kStart2 + kComponent2],
      k[kStart2 + kComponent3],
    );
    let k_value6 = 1.442695 * min(k_x5, vec4f(0.0));
    let k_x7 = vec4f(
      k[kStart3 + kComponent0],
      k[kStart3 + kComponent1],
      k[kStart3 + kComponent2],
      k[kStart3 + kComponent3],
    );
    let k_value8 = 1.442695 * min(k_x7, vec4f(0.0));
    let k_x9 = vec4f(
      k[kStart4 + kComponent0],
      k[kStart4 + kComponent1],
      k[kStart4 + kComponent2],
      k[kStart4 + kComponent3],
    );
    let k_value10 = 1.442695 * min(k_x9, vec4f(0.0));
    let k_x11 = vec4f(
      k[kStart5 + kComponent0],
      k[kStart5 + kComponent1],
      k[kStart5 + kComponent2],
      k[kStart5 + kComponent3],
    );
    let k_value12 = 1.442695 * min(k_x11, vec4f(0.0));
    let k_x13 = vec4f(
      k[kStart6 + kComponent0],
      k[kStart6 + kComponent1],
      k[kStart6 + kComponent2],
      k[kStart6 + kComponent3],
    );
    let k_value14 = 1.442695 * min(k_x13, vec4f(0.0));
    let k_x15 = vec4f(
      k[kStart7 + kComponent0],
      k[kStart7 + kComponent1],
      k[kStart7 + kComponent2],
      k[kStart7 + kComponent3],
    );
    let k_value16 = 1.442695 * min(k_x15, vec4f(0.0));
    let k_value17 = max(k_x1, vec4f(0.0)) + 1.0;
    let k_value18 = max(k_x3, vec4f(0.0)) + 1.0;
    let k_value19 = max(k_x5, vec4f(0.0)) + 1.0;
    let k_value20 = max(k_x7, vec4f(0.0)) + 1.0;
    let k_value21 = max(k_x9, vec4f(0.0)) + 1.0;
    let k_value22 = max(k_x11, vec4f(0.0)) + 1.0;
    let k_value23 = max(k_x13, vec4f(0.0)) + 1.0;
    let k_value24 = max(k_x15, vec4f(0.0)) + 1.0;
    // each component is scaled by its largest exponent so far
    phi[fillRow * 16u + fillComponents] = vec4f(
      select(k_value2.x, -1e30, k_value17.x == 0.0),
      select(k_value2.y, -1e30, k_value17.y == 0.0),
      select(k_value2.z, -1e30, k_value17.z == 0.0),
      select(k_value2.w, -1e30, k_value17.w == 0.0),
    );
    phi[(fillRow + 4u) * 16u + fillComponents] = vec4f(
      select(k_value4.x, -1e30, k_value18.x == 0.0),
      select(k_value4.y, -1e30, k_value18.y == 0.0),
      select(k_value4.z, -1e30, k_value18.z == 0.0),
      select(k_value4.w, -1e30, k_value18.w == 0.0),
    );
    phi[(fillRow + 8u) * 16u + fillComponents] = vec4f(
      select(k_value6.x, -1e30, k_value19.x == 0.0),
      select(k_value6.y, -1e30, k_value19.y == 0.0),
      select(k_value6.z, -1e30, k_value19.z == 0.0),
      select(k_value6.w, -1e30, k_value19.w == 0.0),
    );
    phi[(fillRow + 12u) * 16u + fillComponents] = vec4f(
      select(k_value8.x, -1e30, k_value20.x == 0.0),
      select(k_value8.y, -1e30, k_value20.y == 0.0),
      select(k_value8.z, -1e30, k_value20.z == 0.0),
      select(k_value8.w, -1e30, k_value20.w == 0.0),
    );
    phi[(fillRow + 16u) * 16u + fillComponents] = vec4f(
      select(k_value10.x, -1e30, k_value21.x == 0.0),
      select(k_value10.y, -1e30, k_value21.y == 0.0),
      select(k_value10.z, -1e30, k_value21.z == 0.0),
      select(k_value10.w, -1e30, k_value21.w == 0.0),
    );
    phi[(fillRow + 20u) * 16u + fillComponents] = vec4f(
      select(k_value12.x, -1e30, k_value22.x == 0.0),
      select(k_value12.y, -1e30, k_value22.y == 0.0),
      select(k_value12.z, -1e30, k_value22.z == 0.0),
      select(k_value12.w, -1e30, k_value22.w == 0.0),
    );
    phi[(fillRow + 24u) * 16u + fillComponents] = vec4f(
      select(k_value14.x, -1e30, k_value23.x == 0.0),
      select(k_value14.y, -1e30, k_value23.y == 0.0),
      select(k_value14.z, -1e30, k_value23.z == 0.0),
      select(k_value14.w, -1e30, k_value23.w == 0.0),
    );
    phi[(fillRow + 28u) * 16u + fillComponents] = vec4f(
      select(k_value16.x, -1e30, k_value24.x == 0.0),
      select(k_value16.y, -1e30, k_value24.y == 0.0),
      select(k_value16.z, -1e30, k_value24.z == 0.0),
      select(k_value16.w, -1e30, k_value24.w == 0.0),
    );
    workgroupBarrier();
    let before0 = largest_0;
    for (var j = 0u; j < here; j++) {
      largest_0 = max(largest_0, phi[j * 16u + rowGroup * 2u]);
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
    if (columnGroup == 0u) {
      scales[rowGroup * 2u] = largest_0;
    }
    let before1 = largest_1;
    for (var j = 0u; j < here; j++) {
      largest_1 = max(largest_1, phi[j * 16u + (rowGroup * 2u + 1u)]);
    }
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
    if (columnGroup == 0u) {
      scales[rowGroup * 2u + 1u] = largest_1;
    }
    workgroupBarrier();
    let scale = scales[fillComponents];
    phi[fillRow * 16u + fillComponents] = k_value17 * exp2(vec4f(
      select(k_value2.x, -1e30, k_value17.x == 0.0),
      select(k_value2.y, -1e30, k_value17.y == 0.0),
      select(k_value2.z, -1e30, k_value17.z == 0.0),
      select(k_value2.w, -1e30, k_value17.w == 0.0),
    ) - scale);
    phi[(fillRow + 4u) * 16u + fillComponents] = k_value18 * exp2(vec4f(
      select(k_value4.x, -1e30, k_value18.x == 0.0),
      select(k_value4.y, -1e30, k_value18.y == 0.0),
      select(k_value4.z, -1e30, k_value18.z == 0.0),
      select(k_value4.w, -1e30, k_value18.w == 0.0),
    ) - scale);
    phi[(fillRow + 8u) * 16u + fillComponents] = k_value19 * exp2(vec4f(
      select(k_value6.x, -1e30, k_value19.x == 0.0),
      select(k_value6.y, -1e30, k_value19.y == 0.0),
      select(k_value6.z, -1e30, k_value19.z == 0.0),
      select(k_value6.w, -1e30, k_value19.w == 0.0),
    ) - scale);
    phi[(fillRow + 12u) * 16u + fillComponents] = k_value20 * exp2(vec4f(
      select(k_value8.x, -1e30, k_value20.x == 0.0),
      select(k_value8.y, -1e30, k_value20.y == 0.0),
      select(k_value8.z, -1e30, k_value20.z == 0.0),
      select(k_value8.w, -1e30, k_value20.w == 0.0),
    ) - scale);
    phi[(fillRow + 16u) * 16u + fillComponents] = k_value21 * exp2(vec4f(
      select(k_value10.x, -1e30, k_value21.x == 0.0),
      select(k_value10.y, -1e30, k_value21.y == 0.0),
      select(k_value10.z, -1e30, k_value21.z == 0.0),
      select(k_value10.w, -1e30, k_value21.w == 0.0),
    ) - scale);
    phi[(fillRow + 20u) * 16u + fillComponents] = k_value22 * exp2(vec4f(
      select(k_value12.x, -1e30, k_value22.x == 0.0),
      select(k_value12.y, -1e30, k_value22.y == 0.0),
      select(k_value12.z, -1e30, k_value22.z == 0.0),
      select(k_value12.w, -1e30, k_value22.w == 0.0),
    ) - scale);
    phi[(fillRow + 24u) * 16u + fillComponents] = k_value23 * exp2(vec4f(
      select(k_value14.x, -1e30, k_value23.x == 0.0),
      select(k_value14.y, -1e30, k_value23.y == 0.0),
      select(k_value14.z, -1e30, k_value23.z == 0.0),
      select(k_value14.w, -1e30, k_value23.w == 0.0),
    ) - scale);
    phi[(fillRow + 28u) * 16u + fillComponents] = k_value24 * exp2(vec4f(
      select(k_value16.x, -1e30, k_value24.x == 0.0),
      select(k_value16.y, -1e30, k_value24.y == 0.0),
      select(k_value16.z, -1e30, k_value24.z == 0.0),
      select(k_value16.w, -1e30, k_value24.w == 0.0),
    ) - scale);
    workgroupBarrier();
    for (var j = 0u; j < here; j++) {
      let feature0 = phi[j * 16u + rowGroup * 2u];
      let feature1 = phi[j * 16u + (rowGroup * 2u + 1u)];
      let rowStart = (keyGroup * shape.keyLength + firstRow + from_ + j) * 64u + firstColumn;
      let column0 = v[rowStart];
      let column1 = v[rowStart + 1u];
      let column2 = v[rowStart + 2u];
      let column3 = v[rowStart + 3u];
      let column4 = v[rowStart + 32u];
      let column5 = v[rowStart + 33u];
      let column6 = v[rowStart + 34u];
      let column7 = v[rowStart + 35u];
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
  let stateStart = (slice * shape.chunks + chunk) * 4288u;
  let component0 = components + rowGroup * 8u;
  state[stateStart + component0 * 64u + firstColumn] = sums_0.x;
  state[stateStart + component0 * 64u + (firstColumn + 1u)] = sums_1.x;
  state[stateStart + component0 * 64u + (firstColumn + 2u)] = sums_2.x;
  state[stateStart + component0 * 64u + (firstColumn + 3u)] = sums_3.x;
  state[stateStart + component0 * 64u + (firstColumn + 32u)] = sums_4.x;
  state[stateStart + component0 * 64u + (firstColumn + 33u)] = sums_5.x;
  state[stateStart + component0 * 64u + (firstColumn + 34u)] = sums_6.x;
  state[stateStart + component0 * 64u + (firstColumn + 35u)] = sums_7.x;
  if (columnGroup + valueTile == 0u) {
    state[stateStart + 4096u + component0] = totals_0.x;
    state[stateStart + 4160u + component0] = largest_0.x;
  }
  let component1 = components + rowGroup * 8u + 1u;
  state[stateStart + component1 * 64u + firstColumn] = sums_0.y;
  state[stateStart + component1 * 64u + (firstColumn + 1u)] = sums_1.y;
  state[stateStart + component1 * 64u + (firstColumn + 2u)] = sums_2.y;
  state[stateStart + component1 * 64u + (firstColumn + 3u)] = sums_3.y;
  state[stateStart + component1 * 64u + (firstColumn + 32u)] = sums_4.y;
  state[stateStart + component1 * 64u + (firstColumn + 33u)] = sums_5.y;
  state[stateStart + component1 * 64u + (firstColumn + 34u)] = sums_6.y;
  state[stateStart + component1 * 64u + (firstColumn + 35u)] = sums_7.y;
  if (columnGroup + valueTile == 0u) {
    state[stateStart + 4096u + component1] = totals_0.y;
    state[stateStart + 4160u + component1] = largest_0.y;
  }
  let component2 = components + rowGroup * 8u + 2u;
  state[stateStart + component2 * 64u + firstColumn] = sums_0.z;
  state[stateStart + component2 * 64u + (firstColumn + 1u)] = sums_1.z;
  state[stateStart + component2 * 64u + (firstColumn + 2u)] = sums_2.z;
  state[stateStart + component2 * 64u + (firstColumn + 3u)] = sums_3.z;
  state[stateStart + component2 * 64u + (firstColumn + 32u)] = sums_4.z;
  state[stateStart + component2 * 64u + (firstColumn + 33u)] = sums_5.z;
  state[stateStart + component2 * 64u + (firstColumn + 34u)] = sums_6.z;
  state[stateStart + component2 * 64u + (firstColumn + 35u)] = sums_7.z;
  if (columnGroup + valueTile == 0u) {
    state[stateStart + 4096u + component2] = totals_0.z;
    state[stateStart + 4160u + component2] = largest_0.z;
  }
  let component3 = components + rowGroup * 8u + 3u;
  state[stateStart + component3 * 64u + firstColumn] = sums_0.w;
  state[stateStart + component3 * 64u + (firstColumn + 1u)] = sums_1.w;
  state[stateStart + component3 * 64u + (firstColumn + 2u)] = sums_2.w;
  state[stateStart + component3 * 64u + (firstColumn + 3u)] = sums_3.w;
  state[stateStart + component3 * 64u + (firstColumn + 32u)] = sums_4.w;
  state[stateStart + component3 * 64u + (firstColumn + 33u)] = sums_5.w;
  state[stateStart + component3 * 64u + (firstColumn + 34u)] = sums_6.w;
  state[stateStart + component3 * 64u + (firstColumn + 35u)] = sums_7.w;
  if (columnGroup + valueTile == 0u) {
    state[stateStart + 4096u + component3] = totals_0.w;
    state[stateStart + 4160u + component3] = largest_0.w;
  }
  let component4 = components + (rowGroup * 2u + 1u) * 4u;
  state[stateStart + component4 * 64u + firstColumn] = sums_8.x;
  state[stateStart + component4 * 64u + (firstColumn + 1u)] = sums_9.x;
  state[stateStart + component4 * 64u + (firstColumn + 2u)] = sums_10.x;
  state[stateStart + component4 * 64u + (firstColumn + 3u)] = sums_11.x;
  state[stateStart + component4 * 64u + (firstColumn + 32u)] = sums_12.x;
  state[stateStart + component4 * 64u + (firstColumn + 33u)] = sums_13.x;
  state[stateStart + component4 * 64u + (firstColumn + 34u)] = sums_14.x;
  state[stateStart + component4 * 64u + (firstColumn + 35u)] = sums_15.x;
  if (columnGroup + valueTile == 0u) {
    state[stateStart + 4096u + component4] = totals_1.x;
    state[stateStart + 4160u + component4] = largest_1.x;
  }
  let component5 = components + (rowGroup * 2u + 1u) * 4u + 1u;
  state[stateStart + component5 * 64u + firstColumn] = sums_8.y;
  state[stateStart + component5 * 64u + (firstColumn + 1u)] = sums_9.y;
  state[stateStart + component5 * 64u + (firstColumn + 2u)] = sums_10.y;
  state[stateStart + component5 * 64u + (firstColumn + 3u)] = sums_11.y;
  state[stateStart + component5 * 64u + (firstColumn + 32u)] = sums_12.y;
  state[stateStart + component5 * 64u + (firstColumn + 33u)] = sums_13.y;
  state[stateStart + component5 * 64u + (firstColumn + 34u)] = sums_14.y;
  state[stateStart + component5 * 64u + (firstColumn + 35u)] = sums_15.y;
  if (columnGroup + valueTile == 0u) {
    state[stateStart + 4096u + component5] = totals_1.y;
    state[stateStart + 4160u + component5] = largest_1.y;
  }
  let component6 = components + (rowGroup * 2u + 1u) * 4u + 2u;
  state[stateStart + component6 * 64u + firstColumn] = sums_8.z;
  state[stateStart + component6 * 64u + (firstColumn + 1u)] = sums_9.z;
  state[stateStart + component6 * 64u + (firstColumn + 2u)] = sums_10.z;
  state[stateStart + component6 * 64u + (firstColumn + 3u)] = sums_11.z;
  state[stateStart + component6 * 64u + (firstColumn + 32u)] = sums_12.z;
  state[stateStart + component6 * 64u + (firstColumn + 33u)] = sums_13.z;
  state[stateStart + component6 * 64u + (firstColumn + 34u)] = sums_14.z;
  state[stateStart + component6 * 64u + (firstColumn + 35u)] = sums_15.z;
  if (columnGroup + valueTile == 0u) {
    state[stateStart + 4096u + component6] = totals_1.z;
    state[stateStart + 4160u + component6] = largest_1.z;
  }
  let component7 = components + (rowGroup * 2u + 1u) * 4u + 3u;
  state[stateStart + component7 * 64u + firstColumn] = sums_8.w;
  state[stateStart + component7 * 64u + (firstColumn + 1u)] = sums_9.w;
  state[stateStart + component7 * 64u + (firstColumn + 2u)] = sums_10.w;
  state[stateStart + component7 * 64u + (firstColumn + 3u)] = sums_11.w;
  state[stateStart + component7 * 64u + (firstColumn + 32u)] = sums_12.w;
  state[stateStart + component7 * 64u + (firstColumn + 33u)] = sums_13.w;
  state[stateStart + component7 * 64u + (firstColumn + 34u)] = sums_14.w;
  state[stateStart + component7 * 64u + (firstColumn + 35u)] = sums_15.w;
  if (columnGroup + valueTile == 0u) {
    state[stateStart + 4096u + component7] = totals_1.w;
    state[stateStart + 4160u + component7] = largest_1.w;
  }
}
