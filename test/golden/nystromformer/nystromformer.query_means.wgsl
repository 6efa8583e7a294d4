// query_means: The mean of each of 64 segments of the rows of q.
// 64 threads a workgroup
// reads queryLengths, q; writes queryMeans

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
@group(0) @binding(1) var<storage, read> queryLengths: array<u32>;
@group(0) @binding(2) var<storage, read> q: array<f32>;
@group(0) @binding(3) var<storage, read_write> queryMeans: array<f32>;

@compute @workgroup_size(64, 1, 1)
fn query_means(
  @builtin(local_invocation_index) thread: u32,
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(num_workgroups) workgroup_counts: vec3u,
) {
  let workgroup = workgroup_id.x + workgroup_id.y * workgroup_counts.x;
  if (workgroup >= (4096u * (shape.sliceCount * ((shape.heads + shape.kvHeads - 1u) / shape.kvHeads)) + 63u) / 64u) {
    return;
  }
  let number = workgroup * 64u + thread;
  if (number < 4096u * (shape.sliceCount * ((shape.heads + shape.kvHeads - 1u) / shape.kvHeads))) {
    let x = number % 64u;
    let y = number / 64u % 64u;
    let z = number / 4096u;
    let queryHead = shape.sliceStart * shape.heads / shape.kvHeads + z;
    let batchItem = queryHead / shape.heads;
    let queryRows = max(min(queryLengths[batchItem], shape.length), 1u);
    let short = queryRows / 64u;
    let shorter = (short + 1u) * 64u - queryRows;
    let longerUpTo = max(y + 1u, shorter) - shorter;
    let longerBefore = max(y, shorter) - shorter;
    let size = short + (longerUpTo - longerBefore);
    let first = y * short + longerBefore;
    var sum = 0.0;
    for (var r2 = 0u; r2 < size; r2++) {
      sum += q[(queryHead * shape.headStride + batchItem * shape.itemGap + (first + r2) * shape.rowStride) * 64u + x];
    }
    queryMeans[number] = sum / max(f32(size), 1.0);
  }
}
