// key_entries: Rows made of key rows, each of its own.
// 64 threads a workgroup
// reads gInput; writes keyEntries

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
@group(0) @binding(1) var<storage, read> gInput: array<f32>;
@group(0) @binding(2) var<storage, read_write> keyEntries: array<f32>;

// 2·atanh s for |s| ≤ 1/3, odd in s; log((1 + s) / (1 − s))
fn twice_atanh_f32(x: f32) -> f32 {
  let z = x * x;
  return 2.0 * (x + x * z * (0.33333206 + z * (0.20010886 + z * (0.13998932 + z * 0.14015637))));
}

// log2 x = e + log2 m, where x = 2^e·m; -1e30 stands for log2 0
fn log2_f32(x: f32) -> f32 {
  let bits = bitcast<u32>(max(x, 1.1754944e-38));
  let exponent = bitcast<i32>(bits - 0x3f3504f3u) >> 23u;
  let mantissa = bitcast<f32>(bits - (bitcast<u32>(exponent) << 23u));
  let e = f32(exponent);
  let s = (mantissa - 1.0) / (mantissa + 1.0);
  let value = e + twice_atanh_f32(s) * 1.442695;
  return select(value, -1e30, x <= 0.0);
}

// x^0.0625
fn power_0_point_0625_f32(x: f32) -> f32 {
  return exp2(0.0625 * log2_f32(x));
}

// e^x = 2^n·e^r where x = n·ln 2 + r, and e^r − 1 is a polynomial; 0 below −87
fn exp_f32(x: f32) -> f32 {
  let bounded = clamp(x, -87.3, 89.0);
  let n = round(bounded * 1.442695);
  let r = (bounded - n * 0.693359375) + n * 2.1219444e-4;
  let tail = r + r * r * (0.5 + r * (0.16666538 + r * (0.041666266 + r * (0.008367247 + r * 0.0013947599))));
  let half = bitcast<f32>((i32(n - 1.0) + 127) * 8388608);
  return 2.0 * (half + half * tail);
}

// 1 / (1 + e^−x), with e^−|x| so that nothing overflows
fn sigmoid_f32(x: f32) -> f32 {
  let fall = exp_f32(-abs(x));
  return select(fall, 1.0, x >= 0.0) / (1.0 + fall);
}

@compute @workgroup_size(64, 1, 1)
fn key_entries(
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
    keyEntries[number] = power_0_point_0625_f32(sigmoid_f32(gInput[(keyGroup * shape.keyHeadStride + batchItem * shape.keyItemGap + y * shape.keyRowStride) * 64u + x]));
  }
}
