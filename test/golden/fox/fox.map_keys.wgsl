// map_keys: Rows made of key rows, each of its own.
// 64 threads a workgroup
// reads k, summedTokens; writes mappedKeys

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
@group(0) @binding(1) var<storage, read> k: array<f32>;
@group(0) @binding(2) var<storage, read> summedTokens: array<f32>;
@group(0) @binding(3) var<storage, read_write> mappedKeys: array<f32>;

@compute @workgroup_size(64, 1, 1)
fn map_keys(
  @builtin(local_invocation_index) thread: u32,
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(num_workgroups) workgroup_counts: vec3u,
) {
  let workgroup = workgroup_id.x + workgroup_id.y * workgroup_counts.x;
  if (workgroup >= (68u * shape.keyLength * shape.sliceCount + 63u) / 64u) {
    return;
  }
  let number = workgroup * 64u + thread;
  if (number < 68u * shape.keyLength * shape.sliceCount) {
    let x = number % 68u;
    let y = number / 68u % shape.keyLength;
    let z = number / (68u * shape.keyLength);
    let keyGroup = shape.sliceStart + z;
    let batchItem = keyGroup / shape.kvHeads;
    var value = 0.0;
    if (x < 64u) {
      value = 0.35355338 * k[(keyGroup * shape.keyHeadStride + batchItem * shape.keyItemGap + y * shape.keyRowStride) * 64u + x];
    } else {
      var value2 = 0.0;
      if (x < 65u) {
        value2 = summedTokens[(z * shape.keyLength + y) * 2u];
      } else {
        var value3 = 0.0;
        if (x < 66u) {
          value3 = summedTokens[(z * shape.keyLength + y) * 2u + 1u];
        }
        value2 = value3;
      }
      value = value2;
    }
    mappedKeys[number] = value;
  }
}
