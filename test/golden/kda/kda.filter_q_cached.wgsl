// filter_q_cached: Rows of q, each with those before it.
// 64 threads a workgroup
// reads short_conv_q_biasWeight, short_conv_qWeight, q, positions, qBefore; writes qFiltered

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
@group(0) @binding(1) var<storage, read> short_conv_q_biasWeight: array<f32>;
@group(0) @binding(2) var<storage, read> short_conv_qWeight: array<f32>;
@group(0) @binding(3) var<storage, read> q: array<f32>;
@group(0) @binding(4) var<storage, read> positions: array<u32>;
@group(0) @binding(5) var<storage, read> qBefore: array<f32>;
@group(0) @binding(6) var<storage, read_write> qFiltered: array<f32>;

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

// x·sigmoid x
fn silu_f32(x: f32) -> f32 {
  return x * sigmoid_f32(x);
}

@compute @workgroup_size(64, 1, 1)
fn filter_q_cached(
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
    let queryHead = shape.sliceStart + z;
    var value = 0.0;
    if (queryHead % shape.heads * 128u + x < arrayLength(&short_conv_q_biasWeight)) {
      value = short_conv_q_biasWeight[queryHead % shape.heads * 128u + x];
    }
    let batchItem = queryHead / shape.heads;
    let firstPosition = positions[batchItem];
    var value2 = 0.0;
    if (y >= 3u) {
      value2 = q[(queryHead * shape.headStride + batchItem * shape.itemGap + (y - 3u) * shape.rowStride) * 128u + x];
    } else {
      var value3 = 0.0;
      if (firstPosition + y >= 3u) {
        value3 = qBefore[((shape.sliceStart + z) * 3u + (firstPosition + y - 3u) % 3u) * 128u + x];
      }
      value2 = value3;
    }
    var value4 = 0.0;
    if (y >= 2u) {
      value4 = q[(queryHead * shape.headStride + batchItem * shape.itemGap + (y - 2u) * shape.rowStride) * 128u + x];
    } else {
      var value5 = 0.0;
      if (firstPosition + y >= 2u) {
        value5 = qBefore[((shape.sliceStart + z) * 3u + (firstPosition + y - 2u) % 3u) * 128u + x];
      }
      value4 = value5;
    }
    var value6 = 0.0;
    if (y >= 1u) {
      value6 = q[(queryHead * shape.headStride + batchItem * shape.itemGap + (y - 1u) * shape.rowStride) * 128u + x];
    } else {
      var value7 = 0.0;
      if (firstPosition + y >= 1u) {
        value7 = qBefore[((shape.sliceStart + z) * 3u + (firstPosition + y - 1u) % 3u) * 128u + x];
      }
      value6 = value7;
    }
    let part1 = queryHead % shape.heads * 512u;
    let part2 = x * 4u;
    let sum = value + short_conv_qWeight[part1 + part2] * value2 + short_conv_qWeight[part1 + (part2 + 1u)] * value4 + short_conv_qWeight[part1 + (part2 + 2u)] * value6 + short_conv_qWeight[part1 + (part2 + 3u)] * q[(queryHead * shape.headStride + batchItem * shape.itemGap + y * shape.rowStride) * 128u + x];
    qFiltered[number] = silu_f32(sum);
  }
}
