// append_mappedKeys: The new rows of mappedKeys, behind those in keyCache.
// 64 threads a workgroup
// reads mappedKeys, positions; writes keyCache

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
@group(0) @binding(1) var<storage, read> mappedKeys: array<f32>;
@group(0) @binding(2) var<storage, read> positions: array<u32>;
@group(0) @binding(3) var<storage, read_write> keyCache: array<f32>;

@compute @workgroup_size(64, 1, 1)
fn append_mappedKeys(
  @builtin(local_invocation_index) thread: u32,
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(num_workgroups) workgroup_counts: vec3u,
) {
  let workgroup = workgroup_id.x + workgroup_id.y * workgroup_counts.x;
  if (workgroup >= (68u * shape.length * shape.sliceCount + 63u) / 64u) {
    return;
  }
  let number = workgroup * 64u + thread;
  if (number < 68u * shape.length * shape.sliceCount) {
    let x = number % 68u;
    let y = number / 68u % shape.length;
    let z = number / (68u * shape.length);
    let keyGroup = shape.sliceStart + z;
    let batchItem = keyGroup / shape.kvHeads;
    let firstPosition = positions[batchItem];
    keyCache[(keyGroup * shape.capacity + (firstPosition + y)) * 68u + x] = mappedKeys[(z * shape.keyLength + y) * 68u + x];
  }
}
