// append: New key and value rows, behind those in the cache.
// 64 threads a workgroup
// reads k, v, positions; writes keyCache, valueCache

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
@group(0) @binding(3) var<storage, read> positions: array<u32>;
@group(0) @binding(4) var<storage, read_write> keyCache: array<f32>;
@group(0) @binding(5) var<storage, read_write> valueCache: array<f32>;

@compute @workgroup_size(64, 1, 1)
fn append(
  @builtin(local_invocation_index) thread: u32,
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(num_workgroups) workgroup_counts: vec3u,
) {
  let workgroup = workgroup_id.x + workgroup_id.y * workgroup_counts.x;
  if (workgroup >= shape.sliceCount * ((shape.length * 64u + 64u - 1u) / 64u)) {
    return;
  }
  let part = workgroup % ((shape.length * 64u + 63u) / 64u);
  let slice = workgroup / ((shape.length * 64u + 63u) / 64u);
  let group = shape.sliceStart + slice;
  let batchItem = group / shape.kvHeads;
  let keyGroup = group;
  let firstPosition = positions[batchItem];
  let index = part * 64u + thread;
  let firstCached = keyGroup * shape.capacity + firstPosition;
  if (index < shape.length * 64u) {
    keyCache[firstCached * 64u + index] = k[keyGroup * shape.keyLength * 64u + index];
  }
  if (index < shape.length * 64u) {
    valueCache[firstCached * 64u + index] = v[keyGroup * shape.keyLength * 64u + index];
  }
}
