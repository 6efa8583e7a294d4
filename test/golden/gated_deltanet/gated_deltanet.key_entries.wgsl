// key_entries: Rows made of key rows, each of its own.
// 64 threads a workgroup
// reads vFiltered, bInput, aInput, AWeight, dtWeight; writes keyEntries

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
@group(0) @binding(1) var<storage, read> vFiltered: array<f32>;
@group(0) @binding(2) var<storage, read> bInput: array<f32>;
@group(0) @binding(3) var<storage, read> aInput: array<f32>;
@group(0) @binding(4) var<storage, read> AWeight: array<f32>;
@group(0) @binding(5) var<storage, read> dtWeight: array<f32>;
@group(0) @binding(6) var<storage, read_write> keyEntries: array<f32>;

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

// 2·atanh s for |s| ≤ 1/3, odd in s; log((1 + s) / (1 − s))
fn twice_atanh_f32(x: f32) -> f32 {
  let z = x * x;
  return 2.0 * (x + x * z * (0.33333206 + z * (0.20010886 + z * (0.13998932 + z * 0.14015637))));
}

// log(1 + e^x) = max(x, 0) + log(1 + t), t = e^−|x|, and log(1 + t) = 2·atanh(t / (2 + t))
fn softplus_f32(x: f32) -> f32 {
  let t = exp_f32(-abs(x));
  return max(x, 0.0) + twice_atanh_f32(t / (2.0 + t));
}

@compute @workgroup_size(64, 1, 1)
fn key_entries(
  @builtin(local_invocation_index) thread: u32,
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(num_workgroups) workgroup_counts: vec3u,
) {
  let workgroup = workgroup_id.x + workgroup_id.y * workgroup_counts.x;
  if (workgroup >= (132u * shape.keyLength * shape.sliceCount + 63u) / 64u) {
    return;
  }
  let number = workgroup * 64u + thread;
  if (number < 132u * shape.keyLength * shape.sliceCount) {
    let x = number % 132u;
    let y = number / 132u % shape.keyLength;
    let z = number / (132u * shape.keyLength);
    let queryHead = shape.sliceStart + z;
    let keyGroup = queryHead * shape.kvHeads / shape.heads;
    let batchItem = queryHead / shape.heads;
    var value = 0.0;
    if (x < 128u) {
      value = vFiltered[(z * shape.keyLength + y) * 128u + x] * sigmoid_f32(bInput[keyGroup * shape.keyHeadStride + batchItem * shape.keyItemGap + y * shape.keyRowStride]);
    } else {
      var value2 = 0.0;
      if (x < 129u) {
        value2 = exp_f32(-(softplus_f32(aInput[keyGroup * shape.keyHeadStride + batchItem * shape.keyItemGap + y * shape.keyRowStride] + dtWeight[queryHead % shape.heads]) * exp_f32(AWeight[queryHead % shape.heads])));
      } else {
        var value3 = 0.0;
        if (x < 130u) {
          value3 = -(sigmoid_f32(bInput[keyGroup * shape.keyHeadStride + batchItem * shape.keyItemGap + y * shape.keyRowStride]) * exp_f32(-(softplus_f32(aInput[keyGroup * shape.keyHeadStride + batchItem * shape.keyItemGap + y * shape.keyRowStride] + dtWeight[queryHead % shape.heads]) * exp_f32(AWeight[queryHead % shape.heads]))));
        }
        value2 = value3;
      }
      value = value2;
    }
    keyEntries[number] = value;
  }
}
