// key_features: Rows made of key rows, each of its own.
// 64 threads a workgroup
// reads kFiltered, keyFeaturesSums; writes keyFeatures

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
@group(0) @binding(1) var<storage, read> kFiltered: array<f32>;
@group(0) @binding(2) var<storage, read> keyFeaturesSums: array<f32>;
@group(0) @binding(3) var<storage, read_write> keyFeatures: array<f32>;

@compute @workgroup_size(64, 1, 1)
fn key_features(
  @builtin(local_invocation_index) thread: u32,
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(num_workgroups) workgroup_counts: vec3u,
) {
  let workgroup = workgroup_id.x + workgroup_id.y * workgroup_counts.x;
  if (workgroup >= (128u * shape.keyLength * shape.sliceCount + 63u) / 64u) {
    return;
  }
  let number = workgroup * 64u + thread;
  if (number < 128u * shape.keyLength * shape.sliceCount) {
    let x = number % 128u;
    let y = number / 128u % shape.keyLength;
    let z = number / (128u * shape.keyLength);
    keyFeatures[number] = kFiltered[(z * shape.keyLength + y) * 128u + x] / sqrt(keyFeaturesSums[z * shape.keyLength + y] + 0.000001);
  }
}
