// sum_tokens: Sums of mappedTokens up to each row: whole numbers, and what is left.
// 64 threads a workgroup
// reads summedTokensOfBlocks, mappedTokens; writes summedTokens

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
@group(0) @binding(1) var<storage, read> summedTokensOfBlocks: array<f32>;
@group(0) @binding(2) var<storage, read> mappedTokens: array<f32>;
@group(0) @binding(3) var<storage, read_write> summedTokens: array<f32>;

@compute @workgroup_size(64, 1, 1)
fn sum_tokens(
  @builtin(local_invocation_index) thread: u32,
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(num_workgroups) workgroup_counts: vec3u,
) {
  let workgroup = workgroup_id.x + workgroup_id.y * workgroup_counts.x;
  if (workgroup >= (2u * shape.keyLength * shape.sliceCount + 63u) / 64u) {
    return;
  }
  let number = workgroup * 64u + thread;
  if (number < 2u * shape.keyLength * shape.sliceCount) {
    let x = number % 2u;
    let y = number / 2u % shape.keyLength;
    let z = number / (2u * shape.keyLength);
    let block = y / 64u;
    let entry = 0u;
    var value = 0.0;
    if (x < 1u) {
      var wholes = 0.0;
      var rests = 0.0;
      for (var b = 0u; b < block; b++) {
        wholes += floor(summedTokensOfBlocks[z * ((shape.keyLength + 63u) / 64u) + b + entry] + 0.5);
        rests += summedTokensOfBlocks[z * ((shape.keyLength + 63u) / 64u) + b + entry] - floor(summedTokensOfBlocks[z * ((shape.keyLength + 63u) / 64u) + b + entry] + 0.5);
      }
      var wholes2 = 0.0;
      var rests2 = 0.0;
      for (var t2 = 0u; t2 < y - block * 64u + 1u; t2++) {
        wholes2 += floor(mappedTokens[z * shape.keyLength + (block * 64u + t2) + entry] + 0.5);
        rests2 += mappedTokens[z * shape.keyLength + (block * 64u + t2) + entry] - floor(mappedTokens[z * shape.keyLength + (block * 64u + t2) + entry] + 0.5);
      }
      let rest = rests + rests2;
      let carried = floor(rest + 0.5);
      value = wholes + wholes2 + carried;
    } else {
      var wholes3 = 0.0;
      var rests3 = 0.0;
      for (var b2 = 0u; b2 < block; b2++) {
        wholes3 += floor(summedTokensOfBlocks[z * ((shape.keyLength + 63u) / 64u) + b2 + entry] + 0.5);
        rests3 += summedTokensOfBlocks[z * ((shape.keyLength + 63u) / 64u) + b2 + entry] - floor(summedTokensOfBlocks[z * ((shape.keyLength + 63u) / 64u) + b2 + entry] + 0.5);
      }
      var wholes4 = 0.0;
      var rests4 = 0.0;
      for (var t3 = 0u; t3 < y - block * 64u + 1u; t3++) {
        wholes4 += floor(mappedTokens[z * shape.keyLength + (block * 64u + t3) + entry] + 0.5);
        rests4 += mappedTokens[z * shape.keyLength + (block * 64u + t3) + entry] - floor(mappedTokens[z * shape.keyLength + (block * 64u + t3) + entry] + 0.5);
      }
      let rest2 = rests3 + rests4;
      let carried2 = floor(rest2 + 0.5);
      value = rest2 - carried2;
    }
    summedTokens[number] = value;
  }
}
