// start_inverse: Coreᵀ / (‖core‖₁ ‖core‖∞).
// 64 threads a workgroup
// reads core, lineSums; writes inverse

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
@group(0) @binding(2) var<storage, read> lineSums: array<f32>;
@group(0) @binding(3) var<storage, read_write> inverse: array<f32>;

@compute @workgroup_size(64, 1, 1)
fn start_inverse(
  @builtin(local_invocation_index) thread: u32,
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(num_workgroups) workgroup_counts: vec3u,
) {
  let workgroup = workgroup_id.x + workgroup_id.y * workgroup_counts.x;
  if (workgroup >= (16384u * shape.heads + 63u) / 64u) {
    return;
  }
  let number = workgroup * 64u + thread;
  if (number < 16384u * shape.heads) {
    let x = number % 128u;
    let y = number / 128u % 128u;
    let z = number / 16384u;
    var norm = -1e30;
    for (var line = 0u; line < 128u; line++) {
      norm = max(norm, lineSums[z * 256u + line]);
    }
    var norm2 = -1e30;
    for (var line2 = 0u; line2 < 128u; line2++) {
      norm2 = max(norm2, lineSums[(z * 2u + 1u) * 128u + line2]);
    }
    let norms = norm * norm2;
    inverse[number] = core[(z * 128u + x) * 128u + y] * select(
      1.0 / select(norms, 1.0, norms == 0.0),
      0.0,
      norms == 0.0,
    );
  }
}
