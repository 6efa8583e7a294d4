// keep_q_token: The last rows of q, for those to come.
// 64 threads a workgroup
// reads positions, q; writes qBefore

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
@group(0) @binding(1) var<storage, read> positions: array<u32>;
@group(0) @binding(2) var<storage, read> q: array<f32>;
@group(0) @binding(3) var<storage, read_write> qBefore: array<f32>;

@compute @workgroup_size(64, 1, 1)
fn keep_q_token(
  @builtin(local_invocation_index) thread: u32,
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(num_workgroups) workgroup_counts: vec3u,
) {
  let workgroup = workgroup_id.x + workgroup_id.y * workgroup_counts.x;
  if (workgroup >= (384u * shape.sliceCount + 63u) / 64u) {
    return;
  }
  let number = workgroup * 64u + thread;
  if (number < 384u * shape.sliceCount) {
    let x = number % 128u;
    let y = number / 128u % 3u;
    let z = number / 384u;
    let queryHead = shape.sliceStart + z;
    let batchItem = queryHead / shape.heads;
    let firstPosition = positions[batchItem];
    let back = (firstPosition + shape.keyLength + 2u - y) % 3u;
    var value = 0.0;
    if (back < shape.keyLength) {
      value = q[(queryHead * shape.headStride + batchItem * shape.itemGap + (shape.keyLength - 1u - back) * shape.rowStride) * 128u + x];
    } else {
      value = qBefore[((shape.sliceStart + z) * 3u + y % 3u) * 128u + x];
    }
    qBefore[((shape.sliceStart + z) * 3u + y % 3u) * 128u + x] = value;
  }
}
