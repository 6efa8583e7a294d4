// sum_tokens_token: Sums of mappedTokens up to each row: whole numbers, and what is left.
// 64 threads a workgroup
// reads positions, keyCache, mappedTokens; writes summedTokens

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
@group(0) @binding(1) var<storage, read> positions: array<u32>;
@group(0) @binding(2) var<storage, read> keyCache: array<f32>;
@group(0) @binding(3) var<storage, read> mappedTokens: array<f32>;
@group(0) @binding(4) var<storage, read_write> summedTokens: array<f32>;

@compute @workgroup_size(64, 1, 1)
fn sum_tokens_token(
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
    let keyGroup = shape.sliceStart + z;
    let batchItem = keyGroup / shape.kvHeads;
    let firstPosition = positions[batchItem];
    let entry = 0u;
    var value = 0.0;
    if (x < 1u) {
      var value2 = 0.0;
      if (firstPosition > 0u) {
        value2 = keyCache[(keyGroup * shape.capacity + (firstPosition - 1u)) * 68u + 64u];
      }
      var wholes = 0.0;
      var rests = 0.0;
      for (var t2 = 0u; t2 < y + 1u; t2++) {
        wholes += floor(mappedTokens[z * shape.keyLength + t2 + entry] + 0.5);
        rests += mappedTokens[z * shape.keyLength + t2 + entry] - floor(mappedTokens[z * shape.keyLength + t2 + entry] + 0.5);
      }
      var value3 = 0.0;
      if (firstPosition > 0u) {
        value3 = keyCache[(keyGroup * shape.capacity + (firstPosition - 1u)) * 68u + 65u];
      }
      let rest = value3 + rests;
      let carried = floor(rest + 0.5);
      value = value2 + wholes + carried;
    } else {
      var value4 = 0.0;
      if (firstPosition > 0u) {
        value4 = keyCache[(keyGroup * shape.capacity + (firstPosition - 1u)) * 68u + 65u];
      }
      var wholes2 = 0.0;
      var rests2 = 0.0;
      for (var t3 = 0u; t3 < y + 1u; t3++) {
        wholes2 += floor(mappedTokens[z * shape.keyLength + t3 + entry] + 0.5);
        rests2 += mappedTokens[z * shape.keyLength + t3 + entry] - floor(mappedTokens[z * shape.keyLength + t3 + entry] + 0.5);
      }
      let rest2 = value4 + rests2;
      let carried2 = floor(rest2 + 0.5);
      value = rest2 - carried2;
    }
    summedTokens[number] = value;
  }
}
