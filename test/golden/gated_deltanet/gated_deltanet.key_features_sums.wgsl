// key_features_sums: Rows made of key rows, each of its own.
// 64 threads a workgroup
// reads kFiltered; writes keyFeaturesSums

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
@group(0) @binding(2) var<storage, read_write> keyFeaturesSums: array<f32>;

// x^2
fn power_2_f32(x: f32) -> f32 {
  let x2 = x * x;
  return x2;
}

@compute @workgroup_size(64, 1, 1)
fn key_features_sums(
  @builtin(local_invocation_index) thread: u32,
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(num_workgroups) workgroup_counts: vec3u,
) {
  let workgroup = workgroup_id.x + workgroup_id.y * workgroup_counts.x;
  if (workgroup >= (shape.keyLength * shape.sliceCount + 63u) / 64u) {
    return;
  }
  let number = workgroup * 64u + thread;
  if (number < shape.keyLength * shape.sliceCount) {
    let x = 0u;
    let y = number % shape.keyLength;
    let z = number / shape.keyLength;
    var dotXX = 0.0;
    for (var t = 0u; t < 128u; t++) {
      dotXX += power_2_f32(kFiltered[(z * shape.keyLength + y) * 128u + t]);
    }
    keyFeaturesSums[number] = dotXX;
  }
}
