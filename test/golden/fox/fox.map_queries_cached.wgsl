// map_queries_cached: Rows made of query rows, each of its own.
// 64 threads a workgroup
// reads q, summedTokens; writes mappedQueries

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
@group(0) @binding(1) var<storage, read> q: array<f32>;
@group(0) @binding(2) var<storage, read> summedTokens: array<f32>;
@group(0) @binding(3) var<storage, read_write> mappedQueries: array<f32>;

@compute @workgroup_size(64, 1, 1)
fn map_queries_cached(
  @builtin(local_invocation_index) thread: u32,
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(num_workgroups) workgroup_counts: vec3u,
) {
  let workgroup = workgroup_id.x + workgroup_id.y * workgroup_counts.x;
  if (workgroup >= (68u * shape.length * (shape.sliceCount * ((shape.heads + shape.kvHeads - 1u) / shape.kvHeads)) + 63u) / 64u) {
    return;
  }
  let number = workgroup * 64u + thread;
  if (number < 68u * shape.length * (shape.sliceCount * ((shape.heads + shape.kvHeads - 1u) / shape.kvHeads))) {
    let x = number % 68u;
    let y = number / 68u % shape.length;
    let z = number / (68u * shape.length);
    let queryHead = shape.sliceStart * shape.heads / shape.kvHeads + z;
    let batchItem = queryHead / shape.heads;
    let sliceGroup = z * shape.kvHeads / shape.heads;
    var value = 0.0;
    if (x < 64u) {
      value = 0.35355338 * q[(queryHead * shape.headStride + batchItem * shape.itemGap + y * shape.rowStride) * 64u + x];
    } else {
      var value2 = 0.0;
      if (x < 65u) {
        value2 = summedTokens[(sliceGroup * shape.keyLength + y) * 2u];
      } else {
        var value3 = 0.0;
        if (x < 66u) {
          value3 = summedTokens[(sliceGroup * shape.keyLength + y) * 2u + 1u];
        }
        value2 = value3;
      }
      value = value2;
    }
    mappedQueries[number] = value;
  }
}
