// scan: Replaces the state of the first chunk by the sum of all.
// 64 threads a workgroup
// reads nothing; writes state

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

@compute @workgroup_size(64, 1, 1)
fn scan(
  @builtin(local_invocation_index) thread: u32,
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(num_workgroups) workgroup_counts: vec3u,
) {
  let workgroup = workgroup_id.x + workgroup_id.y * workgroup_counts.x;
  if (workgroup >= shape.sliceCount * 130u) {
    return;
  }
  let part = workgroup % 130u;
  let slice = workgroup / 130u;
  let index = part * 64u + thread;
  if (index < 8320u) {
    let isTotal = index >= 8192u;
    let feature = select(index / 64u, index - 8192u, isTotal);
    var carry = 0.0;
    for (var chunk = 0u; chunk < shape.chunks; chunk++) {
      let stateStart = (slice * shape.chunks + chunk) * 8320u;
      let sum = state[stateStart + index];
      carry += sum;
    }
    let firstState = slice * shape.chunks * 8320u;
    state[firstState + index] = carry;
  }
}
