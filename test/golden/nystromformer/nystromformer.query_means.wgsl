// query_means: The mean of each segment of consecutive rows.
// 64 threads a workgroup
// reads q, lengths, queryLengths; writes queryMeans

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
@group(0) @binding(1) var<storage, read> q: array<f32>;
@group(0) @binding(2) var<storage, read> lengths: array<u32>;
@group(0) @binding(3) var<storage, read> queryLengths: array<u32>;
@group(0) @binding(4) var<storage, read_write> queryMeans: array<f32>;

@compute @workgroup_size(64, 1, 1)
fn query_means(
  @builtin(local_invocation_index) thread: u32,
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(num_workgroups) workgroup_counts: vec3u,
) {
  let workgroup = workgroup_id.x + workgroup_id.y * workgroup_counts.x;
  if (workgroup >= shape.sliceCount * ((shape.heads + shape.kvHeads - 1u) / shape.kvHeads) * 64u) {
    return;
  }
  let piece = workgroup % 64u;
  let rest1 = workgroup / 64u;
  let headInGroup = rest1 % (shape.heads / shape.kvHeads);
  let slice = rest1 / (shape.heads / shape.kvHeads);
  let group = shape.sliceStart + slice;
  let batchItem = group / shape.kvHeads;
  let keyGroup = group;
  let queryRows = max(min(queryLengths[batchItem], shape.length), 1u);
  let visible = min(lengths[batchItem], shape.keyLength);
  let queryHead = group * (shape.heads / shape.kvHeads) + headInGroup;
  let number = piece * 64u + thread;
  let fewer = min(queryRows, visible);
  if (fewer > 64u) {
    if (number < 4096u) {
      let segment = number / 64u;
      let column = number % 64u;
      let short = queryRows / 64u;
      let shorter = (short + 1u) * 64u - queryRows;
      let first = segment * short + (max(segment, shorter) - shorter);
      let size = short + select(1u, 0u, segment < shorter);
      let start = (queryHead * shape.length + first) * 64u + column;
      var sum = 0.0;
      for (var row = 0u; row < size; row++) {
        sum += q[start + row * 64u];
      }
      queryMeans[(slice * (shape.heads / shape.kvHeads) + headInGroup) * 4096u + number] = sum / f32(size);
    }
  }
}
