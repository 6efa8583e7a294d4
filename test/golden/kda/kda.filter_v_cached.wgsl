// filter_v_cached: Rows of v, each with those before it.
// 64 threads a workgroup
// reads short_conv_v_biasWeight, short_conv_vWeight, v, positions, vBefore; writes vFiltered

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
@group(0) @binding(1) var<storage, read> short_conv_v_biasWeight: array<f32>;
@group(0) @binding(2) var<storage, read> short_conv_vWeight: array<f32>;
@group(0) @binding(3) var<storage, read> v: array<f32>;
@group(0) @binding(4) var<storage, read> positions: array<u32>;
@group(0) @binding(5) var<storage, read> vBefore: array<f32>;
@group(0) @binding(6) var<storage, read_write> vFiltered: array<f32>;

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
fn filter_v_cached(
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
    let queryHead = shape.sliceStart + z;
    let keyGroup = queryHead * shape.kvHeads / shape.heads;
    var value = 0.0;
    if (keyGroup % shape.kvHeads * 128u + x < arrayLength(&short_conv_v_biasWeight)) {
      value = short_conv_v_biasWeight[keyGroup % shape.kvHeads * 128u + x];
    }
    let batchItem = queryHead / shape.heads;
    let firstPosition = positions[batchItem];
    var value2 = 0.0;
    if (y >= 3u) {
      value2 = v[(keyGroup * shape.keyHeadStride + batchItem * shape.keyItemGap + (y - 3u) * shape.keyRowStride) * 128u + x];
    } else {
      var value3 = 0.0;
      if (firstPosition + y >= 3u) {
        value3 = vBefore[((shape.sliceStart + z) * 3u + (firstPosition + y - 3u) % 3u) * 128u + x];
      }
      value2 = value3;
    }
    var value4 = 0.0;
    if (y >= 2u) {
      value4 = v[(keyGroup * shape.keyHeadStride + batchItem * shape.keyItemGap + (y - 2u) * shape.keyRowStride) * 128u + x];
    } else {
      var value5 = 0.0;
      if (firstPosition + y >= 2u) {
        value5 = vBefore[((shape.sliceStart + z) * 3u + (firstPosition + y - 2u) % 3u) * 128u + x];
      }
      value4 = value5;
    }
    var value6 = 0.0;
    if (y >= 1u) {
      value6 = v[(keyGroup * shape.keyHeadStride + batchItem * shape.keyItemGap + (y - 1u) * shape.keyRowStride) * 128u + x];
    } else {
      var value7 = 0.0;
      if (firstPosition + y >= 1u) {
        value7 = vBefore[((shape.sliceStart + z) * 3u + (firstPosition + y - 1u) % 3u) * 128u + x];
      }
      value6 = value7;
    }
    let part1 = keyGroup % shape.kvHeads * 512u;
    let part2 = x * 4u;
    let sum = value + short_conv_vWeight[part1 + part2] * value2 + short_conv_vWeight[part1 + (part2 + 1u)] * value4 + short_conv_vWeight[part1 + (part2 + 2u)] * value6 + short_conv_vWeight[part1 + (part2 + 3u)] * v[(keyGroup * shape.keyHeadStride + batchItem * shape.keyItemGap + y * shape.keyRowStride) * 128u + x];
    vFiltered[number] = silu_f32(sum);
  }
}
