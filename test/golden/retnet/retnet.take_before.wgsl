// take_before: The state before the call.
// 64 threads a workgroup
// reads carried; writes before

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
@group(0) @binding(1) var<storage, read> carried: array<f32>;
@group(0) @binding(2) var<storage, read_write> before: array<f32>;

@compute @workgroup_size(64, 1, 1)
fn take_before(
  @builtin(local_invocation_index) thread: u32,
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(num_workgroups) workgroup_counts: vec3u,
) {
  let workgroup = workgroup_id.x + workgroup_id.y * workgroup_counts.x;
  if (workgroup >= (8256u * shape.sliceCount + 63u) / 64u) {
    return;
  }
  let number = workgroup * 64u + thread;
  if (number < 8256u * shape.sliceCount) {
    let x = number % 8256u;
    let y = 0u;
    let z = number / 8256u;
    before[(shape.sliceStart + z) * 8256u + x] = carried[(shape.sliceStart + z) * 8256u + x];
  }
}
