// scan_on: Replaces the state of each chunk by the sum of those before it.
// 64 threads a workgroup
// reads lengths, decay, before; writes state, carried

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
@group(0) @binding(1) var<storage, read> lengths: array<u32>;
@group(0) @binding(2) var<storage, read> decay: array<f32>;
@group(0) @binding(3) var<storage, read_write> state: array<f32>;
@group(0) @binding(4) var<storage, read> before: array<f32>;
@group(0) @binding(5) var<storage, read_write> carried: array<f32>;

@compute @workgroup_size(64, 1, 1)
fn scan_on(
  @builtin(local_invocation_index) thread: u32,
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(num_workgroups) workgroup_counts: vec3u,
) {
  let workgroup = workgroup_id.x + workgroup_id.y * workgroup_counts.x;
  if (workgroup >= shape.sliceCount * 129u) {
    return;
  }
  let part = workgroup % 129u;
  let slice = workgroup / 129u;
  let group = shape.sliceStart + slice;
  let batchItem = group / shape.heads;
  let keyGroup = group / (shape.heads / shape.kvHeads);
  let visible = min(lengths[batchItem], shape.keyLength);
  let logDecay = decay[group % shape.heads];
  let index = part * 64u + thread;
  if (index < 8256u) {
    let isTotal = index >= 8192u;
    let feature = select(index / 128u, index - 8192u, isTotal);
    var carry = 0.0;
    carry = before[group * 8256u + index];
    for (var chunk = 0u; chunk < shape.chunks; chunk++) {
      let stateStart = (slice * shape.chunks + chunk) * 8256u;
      let sum = state[stateStart + index];
      state[stateStart + index] = carry;
      let rows = min(max(visible, chunk * 128u) - chunk * 128u, 128u);
      carry *= exp2(logDecay * f32(rows));
      carry += sum;
    }
    carried[group * 8256u + index] = carry;
  }
}
