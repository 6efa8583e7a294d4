// reduce: For each chunk of key rows, S = Σ φ(k) vᵀ and z = Σ φ(k).
// 64 threads a workgroup, 4224 bytes of workgroup memory
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
}

@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read> k: array<f32>;
@group(0) @binding(2) var<storage, read> v: array<f32>;
@group(0) @binding(3) var<storage, read> w: array<f32>;
@group(0) @binding(4) var<storage, read> lengths: array<u32>;
@group(0) @binding(5) var<storage, read_write> state: array<f32>;

var<workgroup> phi: array<vec4f, 256>;
var<workgroup> scales: array<vec4f, 8>;

// x^2
fn power_2_vec4f(x: vec4f) -> vec4f {
  let x2 = x * x;
  return x2;
}

// x^2
fn power_2_f32(x: f32) -> f32 {
  let x2 = x * x;
  return x2;
}

@compute @workgroup_size(64, 1, 1)
fn reduce(
  @builtin(local_invocation_index) thread: u32,
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(num_workgroups) workgroup_counts: vec3u,
) {
  let workgroup = workgroup_id.x + workgroup_id.y * workgroup_counts.x;
  if (workgroup >= shape.sliceCount * shape.chunks * 8u) {
    return;
  }
  let valueTile = 0u;
  let featureTile = workgroup % 8u;
  let rest2 = workgroup / 8u;
  let chunk = rest2 % shape.chunks;
  let slice = rest2 / shape.chunks;
  let group = shape.sliceStart + slice;
  let batchItem = group / shape.kvHeads;
  let keyGroup = group;
  let visible = min(lengths[batchItem], shape.keyLength);
  let rowGroup = thread / 8u;
  let columnGroup = thread % 8u;
  let firstColumn = valueTile * 64u + columnGroup;
  let fillComponents = thread % 8u;
  let fillRow = thread / 8u;
  let firstRow = chunk * 32u;
  let rows = min(max(visible, firstRow) - firstRow, 32u);
  let components = featureTile * 32u;
  var sums_0 = vec4f(0.0);
  var sums_1 = vec4f(0.0);
  var sums_2 = vec4f(0.0);
  var sums_3 = vec4f(0.0);
  var sums_4 = vec4f(0.0);
  var sums_5 = vec4f(0.0);
  var sums_6 = vec4f(0.0);
  var sums_7 = vec4f(0.0);
  var totals_0 = vec4f(0.0);
  var largest_0 = vec4f(-1e30);
  for (var from_ = 0u; from_ < rows; from_ += 32u) {
    let here = min(max(rows, from_) - from_, 32u);
    let kRow0 = firstRow + from_ + min(fillRow, max(here, 1u) - 1u);
    let kRow1 = firstRow + from_ + min(fillRow + 8u, max(here, 1u) - 1u);
    let kRow2 = firstRow + from_ + min(fillRow + 16u, max(here, 1u) - 1u);
    let kRow3 = firstRow + from_ + min(fillRow + 24u, max(here, 1u) - 1u);
    let kStart0 = keyGroup * shape.keyLength * 64u + kRow0 * 64u;
    let kStart1 = keyGroup * shape.keyLength * 64u + kRow1 * 64u;
    let kStart2 = keyGroup * shape.keyLength * 64u + kRow2 * 64u;
    let kStart3 = keyGroup * shape.keyLength * 64u + kRow3 * 64u;
    let kComponent0 = components + fillComponents * 4u;
    let kComponent1 = components + fillComponents * 4u + 1u;
    let kComponent2 = components + fillComponents * 4u + 2u;
    let kComponent3 = components + fillComponents * 4u + 3u;
    let kProjection0 = kComponent0 * 64u;
    let kProjection1 = kComponent1 * 64u;
    let kProjection2 = kComponent2 * 64u;
    let kProjection3 = kComponent3 * 64u;
    var k_sum1_0 = vec4f(0.0);
    var k_sum1_1 = vec4f(0.0);
    var k_sum1_2 = vec4f(0.0);
    var k_sum1_3 = vec4f(0.0);
    for (var k_t2 = 0u; k_t2 < 64u; k_t2++) {
      let k_w3 = vec4f(
        w[kProjection0 + k_t2],
        w[kProjection1 + k_t2],
        w[kProjection2 + k_t2],
        w[kProjection3 + k_t2],
      );
      let k_x4 = k[kStart0 + k_t2];
      let k_x5 = k[kStart1 + k_t2];
      let k_x6 = k[kStart2 + k_t2];
      let k_x7 = k[kStart3 + k_t2];
      k_sum1_0 += k_w3 * k_x4;
      k_sum1_1 += k_w3 * k_x5;
      k_sum1_2 += k_w3 * k_x6;
      k_sum1_3 += k_w3 * k_x7;
    }
    var k_sum8 = vec4f(0.0);
    for (var k_t9 = 0u; k_t9 < 64u; k_t9++) {
      let k_w10 = vec4f(
        w[kProjection0 + k_t9],
        w[kProjection1 + k_t9],
        w[kProjection2 + k_t9],
        w[kProjection3 + k_t9],
      );
      k_sum8 += power_2_vec4f(k_w10);
    }
    var k_sum11_0 = 0.0;
    var k_sum11_1 = 0.0;
    var k_sum11_2 = 0.0;
    var k_sum11_3 = 0.0;
    for (var k_t12 = 0u; k_t12 < 64u; k_t12++) {
      let k_x13 = k[kStart0 + k_t12];
      let k_x14 = k[kStart1 + k_t12];
      let k_x15 = k[kStart2 + k_t12];
      let k_x16 = k[kStart3 + k_t12];
      k_sum11_0 += power_2_f32(k_x13);
      k_sum11_1 += power_2_f32(k_x14);
      k_sum11_2 += power_2_f32(k_x15);
      k_sum11_3 += power_2_f32(k_x16);
    }
    let k_value17 = 1.442695 * (0.41833 * k_sum1_0 - 0.1 * k_sum8 - 0.0625 * k_sum11_0) + 3.7668293;
    let k_value18 = 1.442695 * (0.41833 * k_sum1_1 - 0.1 * k_sum8 - 0.0625 * k_sum11_1) + 3.7668293;
    let k_value19 = 1.442695 * (0.41833 * k_sum1_2 - 0.1 * k_sum8 - 0.0625 * k_sum11_2) + 3.7668293;
    let k_value20 = 1.442695 * (0.41833 * k_sum1_3 - 0.1 * k_sum8 - 0.0625 * k_sum11_3) + 3.7668293;
    // each component is scaled by its largest exponent so far
    phi[fillRow * 8u + fillComponents] = k_value17;
    phi[(fillRow + 8u) * 8u + fillComponents] = k_value18;
    phi[(fillRow + 16u) * 8u + fillComponents] = k_value19;
    phi[(fillRow + 24u) * 8u + fillComponents] = k_value20;
    workgroupBarrier();
    let before0 = largest_0;
    for (var j = 0u; j < here; j++) {
      largest_0 = max(largest_0, phi[j * 8u + rowGroup]);
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
      scales[rowGroup] = largest_0;
    }
    workgroupBarrier();
    let scale = scales[fillComponents];
    phi[fillRow * 8u + fillComponents] = exp2(k_value17 - scale);
    phi[(fillRow + 8u) * 8u + fillComponents] = exp2(k_value18 - scale);
    phi[(fillRow + 16u) * 8u + fillComponents] = exp2(k_value19 - scale);
    phi[(fillRow + 24u) * 8u + fillComponents] = exp2(k_value20 - scale);
    workgroupBarrier();
    for (var j = 0u; j < here; j++) {
      let feature0 = phi[j * 8u + rowGroup];
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
    }
  }
  let stateStart = (slice * shape.chunks + chunk) * 17152u;
  let component0 = components + rowGroup * 4u;
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
  let component1 = components + rowGroup * 4u + 1u;
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
  let component2 = components + rowGroup * 4u + 2u;
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
  let component3 = components + rowGroup * 4u + 3u;
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
}
