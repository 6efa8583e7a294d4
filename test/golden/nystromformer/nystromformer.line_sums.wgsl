// line_sums: Sums of magnitudes down the columns and along the rows of core.
// 64 threads a workgroup
// reads core; writes lineSums

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
@group(0) @binding(1) var<storage, read> core: array<f32>;
@group(0) @binding(2) var<storage, read_write> lineSums: array<f32>;

@compute @workgroup_size(64, 1, 1)
fn line_sums(
  @builtin(local_invocation_index) thread: u32,
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(num_workgroups) workgroup_counts: vec3u,
) {
  let workgroup = workgroup_id.x + workgroup_id.y * workgroup_counts.x;
  if (workgroup >= (128u * (shape.sliceCount * ((shape.heads + shape.kvHeads - 1u) / shape.kvHeads)) + 63u) / 64u) {
    return;
  }
  let number = workgroup * 64u + thread;
  if (number < 128u * (shape.sliceCount * ((shape.heads + shape.kvHeads - 1u) / shape.kvHeads))) {
    let x = number % 64u;
    let y = number / 64u % 2u;
    let z = number / 128u;
    var value = 0.0;
    if (y == 0u) {
      var sum = 0.0;
      for (var t2 = 0u; t2 < 64u; t2++) {
        sum += abs(core[(z * 64u + t2) * 64u + x]);
      }
      value = sum;
    } else {
      var sum2 = 0.0;
      for (var t3 = 0u; t3 < 64u; t3++) {
        sum2 += abs(core[(z * 64u + x) * 64u + t3]);
      }
      value = sum2;
    }
    lineSums[number] = value;
  }
}
