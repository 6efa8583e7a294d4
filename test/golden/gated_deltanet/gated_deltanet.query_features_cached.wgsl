// query_features_cached: Rows made of query rows, each of its own.
// 64 threads a workgroup
// reads qFiltered, queryFeaturesSums; writes queryFeatures

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
@group(0) @binding(1) var<storage, read> qFiltered: array<f32>;
@group(0) @binding(2) var<storage, read> queryFeaturesSums: array<f32>;
@group(0) @binding(3) var<storage, read_write> queryFeatures: array<f32>;

@compute @workgroup_size(64, 1, 1)
fn query_features_cached(
  @builtin(local_invocation_index) thread: u32,
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(num_workgroups) workgroup_counts: vec3u,
) {
  let workgroup = workgroup_id.x + workgroup_id.y * workgroup_counts.x;
  if (workgroup >= (128u * shape.length * shape.sliceCount + 63u) / 64u) {
    return;
  }
  let number = workgroup * 64u + thread;
  if (number < 128u * shape.length * shape.sliceCount) {
    let x = number % 128u;
    let y = number / 128u % shape.length;
    let z = number / (128u * shape.length);
    queryFeatures[number] = qFiltered[(z * shape.length + y) * 128u + x] / sqrt(queryFeaturesSums[z * shape.length + y] + 0.000001);
  }
}
