// key_features: Rows made of key rows, each of its own.
// 64 threads a workgroup
// reads k, keyFeaturesSums; writes keyFeatures

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
@group(0) @binding(1) var<storage, read> k: array<f32>;
@group(0) @binding(2) var<storage, read> keyFeaturesSums: array<f32>;
@group(0) @binding(3) var<storage, read_write> keyFeatures: array<f32>;

@compute @workgroup_size(64, 1, 1)
fn key_features(
  @builtin(local_invocation_index) thread: u32,
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(num_workgroups) workgroup_counts: vec3u,
) {
  let workgroup = workgroup_id.x + workgroup_id.y * workgroup_counts.x;
  if (workgroup >= (64u * shape.keyLength * shape.sliceCount + 63u) / 64u) {
    return;
  }
  let number = workgroup * 64u + thread;
  if (number < 64u * shape.keyLength * shape.sliceCount) {
    let x = number % 64u;
    let y = number / 64u % shape.keyLength;
    let z = number / (64u * shape.keyLength);
    let queryHead = shape.sliceStart + z;
    let keyGroup = queryHead * shape.kvHeads / shape.heads;
    let batchItem = queryHead / shape.heads;
    keyFeatures[number] = k[(keyGroup * shape.keyHeadStride + batchItem * shape.keyItemGap + y * shape.keyRowStride) * 64u + x] / sqrt(keyFeaturesSums[z * shape.keyLength + y] + 0.000001);
  }
}
