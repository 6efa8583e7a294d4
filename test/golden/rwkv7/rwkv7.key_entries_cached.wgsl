// key_entries_cached: Rows made of key rows, each of its own.
// 64 threads a workgroup
// reads wInput, aInput, rInput; writes keyEntries

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
@group(0) @binding(1) var<storage, read> wInput: array<f32>;
@group(0) @binding(2) var<storage, read> aInput: array<f32>;
@group(0) @binding(3) var<storage, read> rInput: array<f32>;
@group(0) @binding(4) var<storage, read_write> keyEntries: array<f32>;

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
fn key_entries_cached(
  @builtin(local_invocation_index) thread: u32,
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(num_workgroups) workgroup_counts: vec3u,
) {
  let workgroup = workgroup_id.x + workgroup_id.y * workgroup_counts.x;
  if (workgroup >= (192u * shape.keyLength * shape.sliceCount + 63u) / 64u) {
    return;
  }
  let number = workgroup * 64u + thread;
  if (number < 192u * shape.keyLength * shape.sliceCount) {
    let x = number % 192u;
    let y = number / 192u % shape.keyLength;
    let z = number / (192u * shape.keyLength);
    let queryHead = shape.sliceStart + z;
    let keyGroup = queryHead * shape.kvHeads / shape.heads;
    let batchItem = queryHead / shape.heads;
    var value = 0.0;
    if (x < 64u) {
      value = exp_f32(wInput[(keyGroup * shape.keyHeadStride + batchItem * shape.keyItemGap + y * shape.keyRowStride) * 64u + x]);
    } else {
      var value2 = 0.0;
      if (x < 128u) {
        value2 = aInput[(keyGroup * shape.keyHeadStride + batchItem * shape.keyItemGap + y * shape.keyRowStride) * 64u + (x - 64u)] * rInput[(keyGroup * shape.keyHeadStride + batchItem * shape.keyItemGap + y * shape.keyRowStride) * 64u + (x - 64u)];
      } else {
        value2 = rInput[(keyGroup * shape.keyHeadStride + batchItem * shape.keyItemGap + y * shape.keyRowStride) * 64u + (x - 128u)];
      }
      value = value2;
    }
    keyEntries[number] = value;
  }
}
