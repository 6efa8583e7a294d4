// sum_tokens_of_blocks: Sums of mappedTokens over blocks of 64 rows.
// 64 threads a workgroup
// reads mappedTokens; writes summedTokensOfBlocks

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
@group(0) @binding(1) var<storage, read> mappedTokens: array<f32>;
@group(0) @binding(2) var<storage, read_write> summedTokensOfBlocks: array<f32>;

@compute @workgroup_size(64, 1, 1)
fn sum_tokens_of_blocks(
  @builtin(local_invocation_index) thread: u32,
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(num_workgroups) workgroup_counts: vec3u,
) {
  let workgroup = workgroup_id.x + workgroup_id.y * workgroup_counts.x;
  if (workgroup >= ((shape.keyLength + 63u) / 64u * shape.sliceCount + 63u) / 64u) {
    return;
  }
  let number = workgroup * 64u + thread;
  if (number < (shape.keyLength + 63u) / 64u * shape.sliceCount) {
    let x = 0u;
    let y = number % ((shape.keyLength + 63u) / 64u);
    let z = number / ((shape.keyLength + 63u) / 64u);
    var sum = 0.0;
    for (var t2 = 0u; t2 < min(max(shape.keyLength, y * 64u) - y * 64u, 64u); t2++) {
      sum += mappedTokens[z * shape.keyLength + (y * 64u + t2) + x];
    }
    summedTokensOfBlocks[number] = sum;
  }
}
