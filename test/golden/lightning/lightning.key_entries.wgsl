// key_entries: Rows made of key rows, each of its own.
// 64 threads a workgroup
// reads nothing; writes keyEntries

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
@group(0) @binding(1) var<storage, read_write> keyEntries: array<f32>;

// e^x = 2^n·e^r where x = n·ln 2 + r, and e^r − 1 is a polynomial; 0 below −87
fn exp_f32(x: f32) -> f32 {
  let bounded = clamp(x, -87.3, 89.0);
  let n = round(bounded * 1.442695);
  let r = (bounded - n * 0.693359375) + n * 2.1219444e-4;
  let tail = r + r * r * (0.5 + r * (0.16666538 + r * (0.041666266 + r * (0.008367247 + r * 0.0013947599))));
  let half = bitcast<f32>((i32(n - 1.0) + 127) * 8388608);
  return 2.0 * (half + half * tail);
}

@compute @workgroup_size(64, 1, 1)
fn key_entries(
  @builtin(local_invocation_index) thread: u32,
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(num_workgroups) workgroup_counts: vec3u,
) {
  let workgroup = workgroup_id.x + workgroup_id.y * workgroup_counts.x;
  if (workgroup >= (4u * shape.keyLength * shape.sliceCount + 63u) / 64u) {
    return;
  }
  let number = workgroup * 64u + thread;
  if (number < 4u * shape.keyLength * shape.sliceCount) {
    let x = number % 4u;
    let y = number / 4u % shape.keyLength;
    let z = number / (4u * shape.keyLength);
    let queryHead = shape.sliceStart + z;
    let head = queryHead % shape.heads;
    var value = 0.0;
    if (x < 1u) {
      value = exp_f32(-exp_f32(-5.5451775 * (f32(head) + 1.0) / f32(shape.heads)));
    }
    keyEntries[number] = value;
  }
}
