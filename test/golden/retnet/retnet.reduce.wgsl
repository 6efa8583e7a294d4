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
  let firstColumn = valueTile * 128u + columnGroup;
  let firstRow = chunk * 32u;
  let lastRow = max(min(firstRow + 32u, visible), 1u) - 1u;
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
  var totals_0 = vec4f(0.0);
  for (var from_ = 0u; from_ < rows; from_ += 32u) {
    let here = min(max(rows, from_) - from_, 32u);
    for (var item = thread; item < 256u; item += 64u) {
      let fillRow = item / 8u;
      let fillComponents = item % 8u;
      let kRow0 = firstRow + from_ + min(fillRow, max(here, 1u) - 1u);
      let kStart0 = keyGroup * shape.keyLength * 64u + kRow0 * 64u;
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
      let k_value2 = 0.35355338 * k_x1;
      phi[fillRow * 8u + fillComponents] = k_value2 * exp2(logDecay * f32(lastRow - (firstRow + from_ + min(
        fillRow,
        max(here, 1u) - 1u,
      ))));
    }
    workgroupBarrier();
    for (var j = 0u; j < here; j++) {
      let feature0 = phi[j * 8u + rowGroup];
      let rowStart = keyGroup * shape.keyLength * 128u + (firstRow + from_) * 128u + j * 128u + firstColumn;
      let column0 = v[rowStart];
      let column1 = v[rowStart + 8u];
      let column2 = v[rowStart + 16u];
      let column3 = v[rowStart + 24u];
      let column4 = v[rowStart + 32u];
      let column5 = v[rowStart + 40u];
      let column6 = v[rowStart + 48u];
      let column7 = v[rowStart + 56u];
      let column8 = v[rowStart + 64u];
      let column9 = v[rowStart + 72u];
      let column10 = v[rowStart + 80u];
      let column11 = v[rowStart + 88u];
      let column12 = v[rowStart + 96u];
      let column13 = v[rowStart + 104u];
      let column14 = v[rowStart + 112u];
      let column15 = v[rowStart + 120u];
      totals_0 += feature0;
      sums_0 += feature0 * column0;
      sums_1 += feature0 * column1;
      sums_2 += feature0 * column2;
      sums_3 += feature0 * column3;
      sums_4 += feature0 * column4;
      sums_5 += feature0 * column5;
      sums_6 += feature0 * column6;
      sums_7 += feature0 * column7;
      sums_8 += feature0 * column8;
      sums_9 += feature0 * column9;
      sums_10 += feature0 * column10;
      sums_11 += feature0 * column11;
      sums_12 += feature0 * column12;
      sums_13 += feature0 * column13;
      sums_14 += feature0 * column14;
      sums_15 += feature0 * column15;
    }
  }
  let stateStart = (slice * shape.chunks + chunk) * 8256u;
  let component0 = components + rowGroup * 4u;
  state[stateStart + component0 * 128u + firstColumn] = sums_0.x;
  state[stateStart + component0 * 128u + (firstColumn + 8u)] = sums_1.x;
  state[stateStart + component0 * 128u + (firstColumn + 16u)] = sums_2.x;
  state[stateStart + component0 * 128u + (firstColumn + 24u)] = sums_3.x;
  state[stateStart + component0 * 128u + (firstColumn + 32u)] = sums_4.x;
  state[stateStart + component0 * 128u + (firstColumn + 40u)] = sums_5.x;
  state[stateStart + component0 * 128u + (firstColumn + 48u)] = sums_6.x;
  state[stateStart + component0 * 128u + (firstColumn + 56u)] = sums_7.x;
  state[stateStart + component0 * 128u + (firstColumn + 64u)] = sums_8.x;
  state[stateStart + component0 * 128u + (firstColumn + 72u)] = sums_9.x;
  state[stateStart + component0 * 128u + (firstColumn + 80u)] = sums_10.x;
  state[stateStart + component0 * 128u + (firstColumn + 88u)] = sums_11.x;
  state[stateStart + component0 * 128u + (firstColumn + 96u)] = sums_12.x;
  state[stateStart + component0 * 128u + (firstColumn + 104u)] = sums_13.x;
  state[stateStart + component0 * 128u + (firstColumn + 112u)] = sums_14.x;
  state[stateStart + component0 * 128u + (firstColumn + 120u)] = sums_15.x;
  if (columnGroup + valueTile == 0u) {
    state[stateStart + 8192u + component0] = totals_0.x;
  }
  let component1 = components + rowGroup * 4u + 1u;
  state[stateStart + component1 * 128u + firstColumn] = sums_0.y;
  state[stateStart + component1 * 128u + (firstColumn + 8u)] = sums_1.y;
  state[stateStart + component1 * 128u + (firstColumn + 16u)] = sums_2.y;
  state[stateStart + component1 * 128u + (firstColumn + 24u)] = sums_3.y;
  state[stateStart + component1 * 128u + (firstColumn + 32u)] = sums_4.y;
  state[stateStart + component1 * 128u + (firstColumn + 40u)] = sums_5.y;
  state[stateStart + component1 * 128u + (firstColumn + 48u)] = sums_6.y;
  state[stateStart + component1 * 128u + (firstColumn + 56u)] = sums_7.y;
  state[stateStart + component1 * 128u + (firstColumn + 64u)] = sums_8.y;
  state[stateStart + component1 * 128u + (firstColumn + 72u)] = sums_9.y;
  state[stateStart + component1 * 128u + (firstColumn + 80u)] = sums_10.y;
  state[stateStart + component1 * 128u + (firstColumn + 88u)] = sums_11.y;
  state[stateStart + component1 * 128u + (firstColumn + 96u)] = sums_12.y;
  state[stateStart + component1 * 128u + (firstColumn + 104u)] = sums_13.y;
  state[stateStart + component1 * 128u + (firstColumn + 112u)] = sums_14.y;
  state[stateStart + component1 * 128u + (firstColumn + 120u)] = sums_15.y;
  if (columnGroup + valueTile == 0u) {
    state[stateStart + 8192u + component1] = totals_0.y;
  }
  let component2 = components + rowGroup * 4u + 2u;
  state[stateStart + component2 * 128u + firstColumn] = sums_0.z;
  state[stateStart + component2 * 128u + (firstColumn + 8u)] = sums_1.z;
  state[stateStart + component2 * 128u + (firstColumn + 16u)] = sums_2.z;
  state[stateStart + component2 * 128u + (firstColumn + 24u)] = sums_3.z;
  state[stateStart + component2 * 128u + (firstColumn + 32u)] = sums_4.z;
  state[stateStart + component2 * 128u + (firstColumn + 40u)] = sums_5.z;
  state[stateStart + component2 * 128u + (firstColumn + 48u)] = sums_6.z;
  state[stateStart + component2 * 128u + (firstColumn + 56u)] = sums_7.z;
  state[stateStart + component2 * 128u + (firstColumn + 64u)] = sums_8.z;
  state[stateStart + component2 * 128u + (firstColumn + 72u)] = sums_9.z;
  state[stateStart + component2 * 128u + (firstColumn + 80u)] = sums_10.z;
  state[stateStart + component2 * 128u + (firstColumn + 88u)] = sums_11.z;
  state[stateStart + component2 * 128u + (firstColumn + 96u)] = sums_12.z;
  state[stateStart + component2 * 128u + (firstColumn + 104u)] = sums_13.z;
  state[stateStart + component2 * 128u + (firstColumn + 112u)] = sums_14.z;
  state[stateStart + component2 * 128u + (firstColumn + 120u)] = sums_15.z;
  if (columnGroup + valueTile == 0u) {
    state[stateStart + 8192u + component2] = totals_0.z;
  }
  let component3 = components + rowGroup * 4u + 3u;
  state[stateStart + component3 * 128u + firstColumn] = sums_0.w;
  state[stateStart + component3 * 128u + (firstColumn + 8u)] = sums_1.w;
  state[stateStart + component3 * 128u + (firstColumn + 16u)] = sums_2.w;
  state[stateStart + component3 * 128u + (firstColumn + 24u)] = sums_3.w;
  state[stateStart + component3 * 128u + (firstColumn + 32u)] = sums_4.w;
  state[stateStart + component3 * 128u + (firstColumn + 40u)] = sums_5.w;
  state[stateStart + component3 * 128u + (firstColumn + 48u)] = sums_6.w;
  state[stateStart + component3 * 128u + (firstColumn + 56u)] = sums_7.w;
  state[stateStart + component3 * 128u + (firstColumn + 64u)] = sums_8.w;
  state[stateStart + component3 * 128u + (firstColumn + 72u)] = sums_9.w;
  state[stateStart + component3 * 128u + (firstColumn + 80u)] = sums_10.w;
  state[stateStart + component3 * 128u + (firstColumn + 88u)] = sums_11.w;
  state[stateStart + component3 * 128u + (firstColumn + 96u)] = sums_12.w;
  state[stateStart + component3 * 128u + (firstColumn + 104u)] = sums_13.w;
  state[stateStart + component3 * 128u + (firstColumn + 112u)] = sums_14.w;
  state[stateStart + component3 * 128u + (firstColumn + 120u)] = sums_15.w;
  if (columnGroup + valueTile == 0u) {
    state[stateStart + 8192u + component3] = totals_0.w;
  }
}
