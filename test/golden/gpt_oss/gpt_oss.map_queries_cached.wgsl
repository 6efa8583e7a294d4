// map_queries_cached: Rows made of query rows, each of its own.
// 64 threads a workgroup
// reads q, positions; writes mappedQueries

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
@group(0) @binding(1) var<storage, read> q: array<f32>;
@group(0) @binding(2) var<storage, read> positions: array<u32>;
@group(0) @binding(3) var<storage, read_write> mappedQueries: array<f32>;

// e^x = 2^n·e^r where x = n·ln 2 + r, and e^r − 1 is a polynomial; 0 below −87
fn exp_f32(x: f32) -> f32 {
  let bounded = clamp(x, -87.3, 89.0);
  let n = round(bounded * 1.442695);
  let r = (bounded - n * 0.693359375) + n * 2.1219444e-4;
  let tail = r + r * r * (0.5 + r * (0.16666538 + r * (0.041666266 + r * (0.008367247 + r * 0.0013947599))));
  let half = bitcast<f32>((i32(n - 1.0) + 127) * 8388608);
  return 2.0 * (half + half * tail);
}

// a − b·⌊a / b⌋, which has the sign of b: a quotient that was rounded across a whole number is one off
fn floor_modulo_f32(a: f32, b: f32) -> f32 {
  let remainder = a - b * floor(a / b);
  let under = remainder * sign(b) < 0.0;
  let over = abs(remainder) >= abs(b);
  return remainder + select(select(0.0, -b, over), b, under);
}

// sin(x + ahead·π/2): x is brought within π/4 of a quarter turn, where sin and cos are polynomials
fn sine_ahead_f32(x: f32, ahead: i32) -> f32 {
  let quarters = round(x * 0.63661975);
  let rest = (((x - quarters * 1.5703125) - quarters * 4.8446655e-4) - quarters * -6.4074993e-7) - quarters * 9.920936e-10;
  let square = rest * rest;
  let sine = rest + rest * square * (-0.1666665 + square * (0.008331868 + square * -1.9481791e-4));
  let fall = square * (0.041666646 + square * (-0.0013887243 + square * 2.4423889e-5));
  let cosine = 1.0 - square * (0.5 - fall);
  let quadrant = i32(quarters) + ahead;
  let value = select(sine, cosine, (quadrant & 1) == 1);
  let turned = select(value, -value, (quadrant & 2) == 2);
  return clamp(turned, -1.0, 1.0);
}

// cos x
fn cos_f32(x: f32) -> f32 {
  return sine_ahead_f32(x, 1);
}

// sin x
fn sin_f32(x: f32) -> f32 {
  return sine_ahead_f32(x, 0);
}

@compute @workgroup_size(64, 1, 1)
fn map_queries_cached(
  @builtin(local_invocation_index) thread: u32,
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(num_workgroups) workgroup_counts: vec3u,
) {
  let workgroup = workgroup_id.x + workgroup_id.y * workgroup_counts.x;
  if (workgroup >= (64u * shape.length * (shape.sliceCount * ((shape.heads + shape.kvHeads - 1u) / shape.kvHeads)) + 63u) / 64u) {
    return;
  }
  let number = workgroup * 64u + thread;
  if (number < 64u * shape.length * (shape.sliceCount * ((shape.heads + shape.kvHeads - 1u) / shape.kvHeads))) {
    let x = number % 64u;
    let y = number / 64u % shape.length;
    let z = number / (64u * shape.length);
    let queryHead = shape.sliceStart * shape.heads / shape.kvHeads + z;
    let batchItem = queryHead / shape.heads;
    let firstPosition = positions[batchItem];
    let position = firstPosition + y;
    let part1 = (queryHead * shape.headStride + batchItem * shape.itemGap + y * shape.rowStride) * 64u;
    let part2 = f32(x);
    let part3 = f32(position) * exp_f32(-0.3724497 * floor_modulo_f32(part2, 32.0));
    let part4 = x + 32u;
    mappedQueries[number] = 0.35355338 * q[part1 + x] * cos_f32(part3) + 0.35355338 * q[part1 + min(
      part4 % 64u,
      63u,
    )] * sin_f32(part3) * (2.0 * (1.0 - min(max(32.0 - part2, 0.0), 1.0)) - 1.0);
  }
}
