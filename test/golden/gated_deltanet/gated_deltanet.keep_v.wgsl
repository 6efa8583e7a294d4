// keep_v: The last rows of v, for those to come.
// 64 threads a workgroup
// reads positions, lengths, v; writes vBefore

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
@group(0) @binding(2) var<storage, read> lengths: array<u32>;
@group(0) @binding(3) var<storage, read> v: array<f32>;
@group(0) @binding(4) var<storage, read_write> vBefore: array<f32>;

@compute @workgroup_size(64, 1, 1)
fn keep_v(
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
    let visible = min(lengths[batchItem], shape.keyLength);
    let back = (firstPosition + visible + 2u - y) % 3u;
    let keyGroup = queryHead * shape.kvHeads / shape.heads;
    var value = 0.0;
    if (back < visible) {
      value = v[(keyGroup * shape.keyHeadStride + batchItem * shape.keyItemGap + (visible - 1u - back) * shape.keyRowStride) * 128u + x];
    } else {
      value = vBefore[((shape.sliceStart + z) * 3u + y % 3u) * 128u + x];
    }
    vBefore[((shape.sliceStart + z) * 3u + y % 3u) * 128u + x] = value;
  }
}
