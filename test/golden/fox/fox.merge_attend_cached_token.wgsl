// merge_attend_cached_token: The quotients of each row’s parts.
// 64 threads a workgroup
// reads attend_cached_tokenParts; writes out

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
@group(0) @binding(1) var<storage, read> attend_cached_tokenParts: array<f32>;
@group(0) @binding(2) var<storage, read_write> out: array<f32>;

@compute @workgroup_size(64, 1, 1)
fn merge_attend_cached_token(
  @builtin(local_invocation_index) thread: u32,
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(num_workgroups) workgroup_counts: vec3u,
) {
  let workgroup = workgroup_id.x + workgroup_id.y * workgroup_counts.x;
  if (workgroup >= (64u * ((shape.heads + shape.kvHeads - 1u) / shape.kvHeads) * shape.sliceCount + 63u) / 64u) {
    return;
  }
  let number = workgroup * 64u + thread;
  if (number < 64u * ((shape.heads + shape.kvHeads - 1u) / shape.kvHeads) * shape.sliceCount) {
    let x = number % 64u;
    let y = number / 64u % ((shape.heads + shape.kvHeads - 1u) / shape.kvHeads);
    let z = number / (64u * ((shape.heads + shape.kvHeads - 1u) / shape.kvHeads));
    var largest = -1e30;
    for (var part2 = 0u; part2 < shape.chunks; part2++) {
      largest = max(
        largest,
        attend_cached_tokenParts[((z * shape.chunks + part2) * ((shape.heads + shape.kvHeads - 1u) / shape.kvHeads) + y) * 66u + 65u],
      );
    }
    var sum = 0.0;
    var total = 0.0;
    for (var part = 0u; part < shape.chunks; part++) {
      let weight = exp2(attend_cached_tokenParts[((z * shape.chunks + part) * ((shape.heads + shape.kvHeads - 1u) / shape.kvHeads) + y) * 66u + 65u] - largest);
      sum += attend_cached_tokenParts[((z * shape.chunks + part) * ((shape.heads + shape.kvHeads - 1u) / shape.kvHeads) + y) * 66u + x] * weight;
      total += attend_cached_tokenParts[((z * shape.chunks + part) * ((shape.heads + shape.kvHeads - 1u) / shape.kvHeads) + y) * 66u + 64u] * weight;
    }
    let denominator = total;
    out[((shape.sliceStart + z) * ((shape.heads + shape.kvHeads - 1u) / shape.kvHeads) + y) * 64u + x] = sum * select(
      1.0 / select(denominator, 1.0, denominator == 0.0),
      0.0,
      denominator == 0.0,
    );
  }
}
