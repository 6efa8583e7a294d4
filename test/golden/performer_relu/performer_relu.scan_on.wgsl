// scan_on: Replaces the state of each chunk by the sum of those before it.
// 64 threads a workgroup
// reads before; writes state, carried

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
@group(0) @binding(1) var<storage, read_write> state: array<f32>;
@group(0) @binding(2) var<storage, read> before: array<f32>;
@group(0) @binding(3) var<storage, read_write> carried: array<f32>;

@compute @workgroup_size(64, 1, 1)
fn scan_on(
  @builtin(local_invocation_index) thread: u32,
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(num_workgroups) workgroup_counts: vec3u,
) {
  let workgroup = workgroup_id.x + workgroup_id.y * workgroup_counts.x;
  if (workgroup >= shape.sliceCount * 260u) {
    return;
  }
  let part = workgroup % 260u;
  let slice = workgroup / 260u;
  let group = shape.sliceStart + slice;
  let batchItem = group / shape.kvHeads;
  let keyGroup = group;
  let index = part * 64u + thread;
  if (index < 16640u) {
    let isTotal = index >= 16384u;
    let feature = select(index / 64u, index - 16384u, isTotal);
    var carry = 0.0;
    carry = before[group * 16640u + index];
    for (var chunk = 0u; chunk < shape.chunks; chunk++) {
      let stateStart = (slice * shape.chunks + chunk) * 16640u;
      let sum = state[stateStart + index];
      state[stateStart + index] = carry;
      carry += sum;
    }
    carried[group * 16640u + index] = carry;
  }
}
