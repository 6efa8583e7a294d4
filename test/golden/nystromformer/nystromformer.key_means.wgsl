// key_means: The mean of each of 64 segments of the rows of k.
// 64 threads a workgroup
// reads lengths, k; writes keyMeans

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
@group(0) @binding(1) var<storage, read> lengths: array<u32>;
@group(0) @binding(2) var<storage, read> k: array<f32>;
@group(0) @binding(3) var<storage, read_write> keyMeans: array<f32>;

@compute @workgroup_size(64, 1, 1)
fn key_means(
  @builtin(local_invocation_index) thread: u32,
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(num_workgroups) workgroup_counts: vec3u,
) {
  let workgroup = workgroup_id.x + workgroup_id.y * workgroup_counts.x;
  if (workgroup >= (4096u * shape.sliceCount + 63u) / 64u) {
    return;
  }
  let number = workgroup * 64u + thread;
  if (number < 4096u * shape.sliceCount) {
    let x = number % 64u;
    let y = number / 64u % 64u;
    let z = number / 4096u;
    let keyGroup = shape.sliceStart + z;
    let batchItem = keyGroup / shape.kvHeads;
    let visible = min(lengths[batchItem], shape.keyLength);
    let short = visible / 64u;
    let shorter = (short + 1u) * 64u - visible;
    let longerUpTo = max(y + 1u, shorter) - shorter;
    let longerBefore = max(y, shorter) - shorter;
    let size = short + (longerUpTo - longerBefore);
    let first = y * short + longerBefore;
    var sum = 0.0;
    for (var r2 = 0u; r2 < size; r2++) {
      sum += k[(keyGroup * shape.keyHeadStride + batchItem * shape.keyItemGap + (first + r2) * shape.keyRowStride) * 64u + x];
    }
    keyMeans[number] = sum / max(f32(size), 1.0);
  }
}
