// merge_summarize: The quotients of each row’s parts.
// 64 threads a workgroup
// reads summarizeParts; writes summary

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
@group(0) @binding(1) var<storage, read> summarizeParts: array<f32>;
@group(0) @binding(2) var<storage, read_write> summary: array<f32>;

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
    let x = number % 32u;
    let y = number / 32u % 128u;
    let z = number / 4096u;
    var largest = -1e30;
    for (var part2 = 0u; part2 < shape.chunks; part2++) {
      largest = max(largest, summarizeParts[((z * shape.chunks + part2) * 128u + y) * 34u + 33u]);
    }
    var sum = 0.0;
    var total = 0.0;
    for (var part = 0u; part < shape.chunks; part++) {
      let weight = exp2(summarizeParts[((z * shape.chunks + part) * 128u + y) * 34u + 33u] - largest);
      sum += summarizeParts[((z * shape.chunks + part) * 128u + y) * 34u + x] * weight;
      total += summarizeParts[((z * shape.chunks + part) * 128u + y) * 34u + 32u] * weight;
    }
    let denominator = total;
    summary[(z * 128u + y) * 32u + x] = sum * select(
      1.0 / select(denominator, 1.0, denominator == 0.0),
      0.0,
      denominator == 0.0,
    );
  }
}
