// reduce: For each chunk of key rows, S = Σ φ(k) vᵀ and z = Σ φ(k).
// 64 threads a workgroup, 4096 bytes of workgroup memory
// reads k, v, lengths, decay; writes state

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
@group(0) @binding(4) var<storage, read> decay: array<f32>;
@group(0) @binding(5) var<storage, read_write> state: array<f32>;

var<workgroup> phi: array<vec4f, 256>;

@compute @workgroup_size(64, 1, 1)
fn reduce(
  @builtin(local_invocation_index) thread: u32,
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(num_workgroups) workgroup_counts: vec3u,
) {
  let workgroup = workgroup_id.x + workgroup_id.y * workgroup_counts.x;
  if (workgroup >= shape.sliceCount * shape.chunks * 2u) {
    return;
  }
  let valueTile = 0u;
  let featureTile = workgroup % 2u;
  let rest2 = workgroup / 2u;
  let chunk = rest2 % shape.chunks;
  let slice = rest2 / shape.chunks;
  let group = shape.sliceStart + slice;
  let batchItem = group / shape.heads;
  let keyGroup = group / (shape.heads / shape.kvHeads);
  let visible = min(lengths[batchItem], shape.keyLength);
  let logDecay = decay[group % shape.heads];
  let rowGroup = thread / 8u;
  let columnGroup = thread % 8u;
  let firstColumn = valueTile * 128u + columnGroup * 4u;
  let firstRow = chunk * 32u;
  let lastRow = min(firstRow + 32u, shape.length) - 1u;
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
  var sums_8 = vec4f(0.0);
  var sums_9 = vec4f(0.0);
  var sums_10 = vec4f(0.0);
  var sums_11 = vec4f(0.0);
  var sums_12 = vec4f(0.0);
  var sums_13 = vec4f(0.0);
  var sums_14 = vec4f(0.0);
  var sums_15 = vec4f(0.0);
  var total = vec4f(0.0);
  for (var from_ = 0u; from_ < rows; from_ += 32u) {
    let here = min(max(rows, from_) - from_, 32u);
    let kRow0 = firstRow + from_ + min(columnGroup * 4u, max(here, 1u) - 1u);
    let kRow1 = firstRow + from_ + min(columnGroup * 4u + 1u, max(here, 1u) - 1u);
    let kRow2 = firstRow + from_ + min(columnGroup * 4u + 2u, max(here, 1u) - 1u);
    let kRow3 = firstRow + from_ + min(columnGroup * 4u + 3u, max(here, 1u) - 1u);
    let kStart0 = (keyGroup * shape.keyLength + kRow0) * 64u;
    let kStart1 = (keyGroup * shape.keyLength + kRow1) * 64u;
    let kStart2 = (keyGroup * shape.keyLength + kRow2) * 64u;
    let kStart3 = (keyGroup * shape.keyLength + kRow3) * 64u;
    let kComponent0 = components + rowGroup * 4u;
    let kComponent1 = components + rowGroup * 4u + 1u;
    let kComponent2 = components + rowGroup * 4u + 2u;
    let kComponent3 = components + rowGroup * 4u + 3u;
    let k_x1 = vec4f(
      k[kStart0 + kComponent0],
      k[kStart0 + kComponent1],
      k[kStart0 + kComponent2],
      k[kStart0 + kComponent3],
    );
    let k_value2 = 0.35355338 * k_x1;
    let k_x3 = vec4f(
      k[kStart1 + kComponent0],
      k[kStart1 + kComponent1],
      k[kStart1 + kComponent2],
      k[kStart1 + kComponent3],
    );
    let k_value4 = 0.35355338 * k_x3;
    let k_x5 = vec4f(
      k[kStart2 + kComponent0],
      k[kStart2 + kComponent1],
      k[kStart2 + kComponent2],
      k[kStart2 + kComponent3],
    );
    let k_value6 = 0.35355338 * k_x5;
    let k_x7 = vec4f(
      k[kStart3 + kComponent0],
      k[kStart3 + kComponent1],
      k[kStart3 + kComponent2],
      k[kStart3 + kComponent3],
    );
    let k_value8 = 0.35355338 * k_x7;
    phi[columnGroup * 32u + rowGroup] = k_value2 * exp2(logDecay * f32(lastRow - (firstRow + from_ + min(
      columnGroup * 4u,
      max(here, 1u) - 1u,
    ))));
    phi[(columnGroup * 4u + 1u) * 8u + rowGroup] = k_value4 * exp2(logDecay * f32(lastRow - (firstRow + from_ + min(
      columnGroup * 4u + 1u,
      max(here, 1u) - 1u,
    ))));
    phi[(columnGroup * 4u + 2u) * 8u + rowGroup] = k_value6 * exp2(logDecay * f32(lastRow - (firstRow + from_ + min(
      columnGroup * 4u + 2u,
      max(here, 1u) - 1u,
    ))));
    phi[(columnGroup * 4u + 3u) * 8u + rowGroup] = k_value8 * exp2(logDecay * f32(lastRow - (firstRow + from_ + min(
      columnGroup * 4u + 3u,
      max(here, 1u) - 1u,
    ))));
    workgroupBarrier();
    for (var j = 0u; j < here; j++) {
      let feature = phi[j * 8u + rowGroup];
      let valueRow = (keyGroup * shape.keyLength + firstRow + from_ + j) * 128u;
      total = total + feature;
      sums_0 = sums_0 + feature * v[valueRow + firstColumn];
      sums_1 = sums_1 + feature * v[valueRow + (firstColumn + 1u)];
      sums_2 = sums_2 + feature * v[valueRow + (firstColumn + 2u)];
      sums_3 = sums_3 + feature * v[valueRow + (firstColumn + 3u)];
      sums_4 = sums_4 + feature * v[valueRow + (firstColumn + 32u)];
      sums_5 = sums_5 + feature * v[valueRow + (firstColumn + 33u)];
      sums_6 = sums_6 + feature * v[valueRow + (firstColumn + 34u)];
      sums_7 = sums_7 + feature * v[valueRow + (firstColumn + 35u)];
      sums_8 = sums_8 + feature * v[valueRow + (firstColumn + 64u)];
      sums_9 = sums_9 + feature * v[valueRow + (firstColumn + 65u)];
      sums_10 = sums_10 + feature * v[valueRow + (firstColumn + 66u)];
      sums_11 = sums_11 + feature * v[valueRow + (firstColumn + 67u)];
      sums_12 = sums_12 + feature * v[valueRow + (firstColumn + 96u)];
      sums_13 = sums_13 + feature * v[valueRow + (firstColumn + 97u)];
      sums_14 = sums_14 + feature * v[valueRow + (firstColumn + 98u)];
      sums_15 = sums_15 + feature * v[valueRow + (firstColumn + 99u)];
    }
    workgroupBarrier();
  }
  let stateStart = (slice * shape.chunks + chunk) * 8256u;
  let component0 = components + rowGroup * 4u;
  if (component0 < 64u) {
    state[stateStart + component0 * 128u + firstColumn] = sums_0.x;
    state[stateStart + component0 * 128u + (firstColumn + 1u)] = sums_1.x;
    state[stateStart + component0 * 128u + (firstColumn + 2u)] = sums_2.x;
    state[stateStart + component0 * 128u + (firstColumn + 3u)] = sums_3.x;
    state[stateStart + component0 * 128u + (firstColumn + 32u)] = sums_4.x;
    state[stateStart + component0 * 128u + (firstColumn + 33u)] = sums_5.x;
    state[stateStart + component0 * 128u + (firstColumn + 34u)] = sums_6.x;
    state[stateStart + component0 * 128u + (firstColumn + 35u)] = sums_7.x;
    state[stateStart + component0 * 128u + (firstColumn + 64u)] = sums_8.x;
    state[stateStart + component0 * 128u + (firstColumn + 65u)] = sums_9.x;
    state[stateStart + component0 * 128u + (firstColumn + 66u)] = sums_10.x;
    state[stateStart + component0 * 128u + (firstColumn + 67u)] = sums_11.x;
    state[stateStart + component0 * 128u + (firstColumn + 96u)] = sums_12.x;
    state[stateStart + component0 * 128u + (firstColumn + 97u)] = sums_13.x;
    state[stateStart + component0 * 128u + (firstColumn + 98u)] = sums_14.x;
    state[stateStart + component0 * 128u + (firstColumn + 99u)] = sums_15.x;
    if (columnGroup + valueTile == 0u) {
      state[stateStart + 8192u + component0] = total.x;
    }
  }
  let component1 = components + rowGroup * 4u + 1u;
  if (component1 < 64u) {
    state[stateStart + component1 * 128u + firstColumn] = sums_0.y;
    state[stateStart + component1 * 128u + (firstColumn + 1u)] = sums_1.y;
    state[stateStart + component1 * 128u + (firstColumn + 2u)] = sums_2.y;
    state[stateStart + component1 * 128u + (firstColumn + 3u)] = sums_3.y;
    state[stateStart + component1 * 128u + (firstColumn + 32u)] = sums_4.y;
    state[stateStart + component1 * 128u + (firstColumn + 33u)] = sums_5.y;
    state[stateStart + component1 * 128u + (firstColumn + 34u)] = sums_6.y;
    state[stateStart + component1 * 128u + (firstColumn + 35u)] = sums_7.y;
    state[stateStart + component1 * 128u + (firstColumn + 64u)] = sums_8.y;
    state[stateStart + component1 * 128u + (firstColumn + 65u)] = sums_9.y;
    state[stateStart + component1 * 128u + (firstColumn + 66u)] = sums_10.y;
    state[stateStart + component1 * 128u + (firstColumn + 67u)] = sums_11.y;
    state[stateStart + component1 * 128u + (firstColumn + 96u)] = sums_12.y;
    state[stateStart + component1 * 128u + (firstColumn + 97u)] = sums_13.y;
    state[stateStart + component1 * 128u + (firstColumn + 98u)] = sums_14.y;
    state[stateStart + component1 * 128u + (firstColumn + 99u)] = sums_15.y;
    if (columnGroup + valueTile == 0u) {
      state[stateStart + 8192u + component1] = total.y;
    }
  }
  let component2 = components + rowGroup * 4u + 2u;
  if (component2 < 64u) {
    state[stateStart + component2 * 128u + firstColumn] = sums_0.z;
    state[stateStart + component2 * 128u + (firstColumn + 1u)] = sums_1.z;
    state[stateStart + component2 * 128u + (firstColumn + 2u)] = sums_2.z;
    state[stateStart + component2 * 128u + (firstColumn + 3u)] = sums_3.z;
    state[stateStart + component2 * 128u + (firstColumn + 32u)] = sums_4.z;
    state[stateStart + component2 * 128u + (firstColumn + 33u)] = sums_5.z;
    state[stateStart + component2 * 128u + (firstColumn + 34u)] = sums_6.z;
    state[stateStart + component2 * 128u + (firstColumn + 35u)] = sums_7.z;
    state[stateStart + component2 * 128u + (firstColumn + 64u)] = sums_8.z;
    state[stateStart + component2 * 128u + (firstColumn + 65u)] = sums_9.z;
    state[stateStart + component2 * 128u + (firstColumn + 66u)] = sums_10.z;
    state[stateStart + component2 * 128u + (firstColumn + 67u)] = sums_11.z;
    state[stateStart + component2 * 128u + (firstColumn + 96u)] = sums_12.z;
    state[stateStart + component2 * 128u + (firstColumn + 97u)] = sums_13.z;
    state[stateStart + component2 * 128u + (firstColumn + 98u)] = sums_14.z;
    state[stateStart + component2 * 128u + (firstColumn + 99u)] = sums_15.z;
    if (columnGroup + valueTile == 0u) {
      state[stateStart + 8192u + component2] = total.z;
    }
  }
  let component3 = components + rowGroup * 4u + 3u;
  if (component3 < 64u) {
    state[stateStart + component3 * 128u + firstColumn] = sums_0.w;
    state[stateStart + component3 * 128u + (firstColumn + 1u)] = sums_1.w;
    state[stateStart + component3 * 128u + (firstColumn + 2u)] = sums_2.w;
    state[stateStart + component3 * 128u + (firstColumn + 3u)] = sums_3.w;
    state[stateStart + component3 * 128u + (firstColumn + 32u)] = sums_4.w;
    state[stateStart + component3 * 128u + (firstColumn + 33u)] = sums_5.w;
    state[stateStart + component3 * 128u + (firstColumn + 34u)] = sums_6.w;
    state[stateStart + component3 * 128u + (firstColumn + 35u)] = sums_7.w;
    state[stateStart + component3 * 128u + (firstColumn + 64u)] = sums_8.w;
    state[stateStart + component3 * 128u + (firstColumn + 65u)] = sums_9.w;
    state[stateStart + component3 * 128u + (firstColumn + 66u)] = sums_10.w;
    state[stateStart + component3 * 128u + (firstColumn + 67u)] = sums_11.w;
    state[stateStart + component3 * 128u + (firstColumn + 96u)] = sums_12.w;
    state[stateStart + component3 * 128u + (firstColumn + 97u)] = sums_13.w;
    state[stateStart + component3 * 128u + (firstColumn + 98u)] = sums_14.w;
    state[stateStart + component3 * 128u + (firstColumn + 99u)] = sums_15.w;
    if (columnGroup + valueTile == 0u) {
      state[stateStart + 8192u + component3] = total.w;
    }
  }
}
