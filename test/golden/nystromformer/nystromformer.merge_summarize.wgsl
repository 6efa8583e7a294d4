// merge_summarize: The quotients of each row’s parts.
// 64 threads a workgroup
// reads queryLengths, lengths, summarizeParts; writes summary

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
@group(0) @binding(1) var<storage, read> queryLengths: array<u32>;
@group(0) @binding(2) var<storage, read> lengths: array<u32>;
@group(0) @binding(3) var<storage, read> summarizeParts: array<f32>;
@group(0) @binding(4) var<storage, read_write> summary: array<f32>;

@compute @workgroup_size(64, 1, 1)
fn merge_summarize(
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
    let visible = min(lengths[batchItem], shape.keyLength);
    var value = 0.0;
    if (min(queryRows, visible) > 64u) {
      var largest = -1e30;
      for (var part2 = 0u; part2 < shape.chunks; part2++) {
        largest = max(largest, summarizeParts[((z * shape.chunks + part2) * 64u + y) * 66u + 65u]);
      }
      var sum = 0.0;
      var total = 0.0;
      for (var part = 0u; part < shape.chunks; part++) {
        let weight = exp2(summarizeParts[((z * shape.chunks + part) * 64u + y) * 66u + 65u] - largest);
        sum += summarizeParts[((z * shape.chunks + part) * 64u + y) * 66u + x] * weight;
        total += summarizeParts[((z * shape.chunks + part) * 64u + y) * 66u + 64u] * weight;
      }
      let denominator = total;
      value = sum * select(1.0 / select(denominator, 1.0, denominator == 0.0), 0.0, denominator == 0.0);
    }
    summary[(z * 64u + y) * 64u + x] = value;
  }
}
