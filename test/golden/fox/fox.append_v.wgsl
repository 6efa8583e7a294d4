// append_v: The new rows of v, behind those in valueCache.
// 64 threads a workgroup
// reads v, positions; writes valueCache

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
  headStride: u32,
  itemGap: u32,
  rowStride: u32,
  keyHeadStride: u32,
  keyItemGap: u32,
  keyRowStride: u32,
}

@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read> v: array<f32>;
@group(0) @binding(2) var<storage, read> positions: array<u32>;
@group(0) @binding(3) var<storage, read_write> valueCache: array<f32>;

@compute @workgroup_size(64, 1, 1)
fn append_v(
  @builtin(local_invocation_index) thread: u32,
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(num_workgroups) workgroup_counts: vec3u,
) {
  let workgroup = workgroup_id.x + workgroup_id.y * workgroup_counts.x;
  if (workgroup >= (64u * shape.length * shape.sliceCount + 63u) / 64u) {
    return;
  }
  let number = workgroup * 64u + thread;
  if (number < 64u * shape.length * shape.sliceCount) {
    let x = number % 64u;
    let y = number / 64u % shape.length;
    let z = number / (64u * shape.length);
    let keyGroup = shape.sliceStart + z;
    let batchItem = keyGroup / shape.kvHeads;
    let firstPosition = positions[batchItem];
    valueCache[(keyGroup * shape.capacity + (firstPosition + y)) * 64u + x] = v[(keyGroup * shape.keyHeadStride + batchItem * shape.keyItemGap + y * shape.keyRowStride) * 64u + x];
  }
}
