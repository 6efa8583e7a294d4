// log_sum_exp: log Σ exp of each row
// 32 threads a workgroup, 128 bytes of workgroup memory
// reads values; writes totals

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
@group(0) @binding(1) var<storage, read> values: array<f32>;
@group(0) @binding(2) var<storage, read_write> totals: array<f32>;

var<workgroup> partial: array<f32, 32>;

// e^x = 2^n·e^r where x = n·ln 2 + r, and e^r − 1 is a polynomial; 0 below −87
fn exp_f32(x: f32) -> f32 {
  let bounded = clamp(x, -87.3, 89.0);
  let n = round(bounded * 1.442695);
  let r = (bounded - n * 0.693359375) + n * 2.1219444e-4;
  let tail = r + r * r * (0.5 + r * (0.16666538 + r * (0.041666266 + r * (0.008367247 + r * 0.0013947599))));
  let half = bitcast<f32>((i32(n - 1.0) + 127) * 8388608);
  return 2.0 * (half + half * tail);
}

// 2·atanh s for |s| ≤ 1/3, odd in s; log((1 + s) / (1 − s))
fn twice_atanh_f32(x: f32) -> f32 {
  let z = x * x;
  return 2.0 * (x + x * z * (0.33333206 + z * (0.20010886 + z * (0.13998932 + z * 0.14015637))));
}

// log x = e·ln 2 + log m, where x = 2^e·m; -1e30 stands for log 0
fn log_f32(x: f32) -> f32 {
  let bits = bitcast<u32>(max(x, 1.1754944e-38));
  let exponent = bitcast<i32>(bits - 0x3f3504f3u) >> 23u;
  let mantissa = bitcast<f32>(bits - (bitcast<u32>(exponent) << 23u));
  let e = f32(exponent);
  let s = (mantissa - 1.0) / (mantissa + 1.0);
  let value = e * 0.693359375 + (twice_atanh_f32(s) - e * 2.1219444e-4);
  return select(value, -1e30, x <= 0.0);
}

@compute @workgroup_size(32, 1, 1)
fn log_sum_exp(
  @builtin(local_invocation_index) thread: u32,
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(num_workgroups) workgroup_counts: vec3u,
) {
  let workgroup = workgroup_id.x + workgroup_id.y * workgroup_counts.x;
  if (workgroup >= shape.heads) {
    return;
  }
  let start = workgroup * shape.length;
  var largest = -1e30;
  for (var index = thread; index < shape.length; index += 32u) {
    largest = max(largest, values[start + index]);
  }
  partial[thread] = largest;
  workgroupBarrier();
  if (thread < 16u) {
    partial[thread] = max(partial[thread], partial[thread + 16u]);
  }
  workgroupBarrier();
  if (thread < 8u) {
    partial[thread] = max(partial[thread], partial[thread + 8u]);
  }
  workgroupBarrier();
  if (thread < 4u) {
    partial[thread] = max(partial[thread], partial[thread + 4u]);
  }
  workgroupBarrier();
  if (thread < 2u) {
    partial[thread] = max(partial[thread], partial[thread + 2u]);
  }
  workgroupBarrier();
  if (thread < 1u) {
    partial[thread] = max(partial[thread], partial[thread + 1u]);
  }
  workgroupBarrier();
  let top = partial[0u];
  workgroupBarrier();
  // control depends on a size, which is the same for all threads
  if (shape.length > 0u) {
    var sum = 0.0;
    for (var index = thread; index < shape.length; index += 32u) {
      sum += exp_f32(values[start + index] - top);
    }
    partial[thread] = sum;
    workgroupBarrier();
    if (thread < 16u) {
      partial[thread] = partial[thread] + partial[thread + 16u];
    }
    workgroupBarrier();
    if (thread < 8u) {
      partial[thread] = partial[thread] + partial[thread + 8u];
    }
    workgroupBarrier();
    if (thread < 4u) {
      partial[thread] = partial[thread] + partial[thread + 4u];
    }
    workgroupBarrier();
    if (thread < 2u) {
      partial[thread] = partial[thread] + partial[thread + 2u];
    }
    workgroupBarrier();
    if (thread < 1u) {
      partial[thread] = partial[thread] + partial[thread + 1u];
    }
    if (thread == 0u) {
      totals[workgroup] = top + log_f32(partial[0u]);
    }
  } else if (thread == 0u) {
    totals[workgroup] = top;
  }
}
