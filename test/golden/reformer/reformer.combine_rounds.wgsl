// combine_rounds: The quotients of each row over all rounds.
// 64 threads a workgroup
// reads queryLengths, lengths, parts; writes out

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
@group(0) @binding(1) var<storage, read> queryLengths: array<u32>;
@group(0) @binding(2) var<storage, read> lengths: array<u32>;
@group(0) @binding(3) var<storage, read> parts: array<f32>;
@group(0) @binding(4) var<storage, read_write> out: array<f32>;

@compute @workgroup_size(64, 1, 1)
fn combine_rounds(
  @builtin(local_invocation_index) thread: u32,
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(num_workgroups) workgroup_counts: vec3u,
) {
  let workgroup = workgroup_id.x + workgroup_id.y * workgroup_counts.x;
  if (workgroup >= (64u * shape.length * (shape.sliceCount * ((shape.heads + shape.kvHeads - 1u) / shape.kvHeads)) + 63u) / 64u) {
    return;
  }
  let number = workgroup * 64u + thread;
  if (number < 64u * shape.length * (shape.sliceCount * ((shape.heads + shape.kvHeads - 1u) / shape.kvHeads))) {
    let x = number % 64u;
    let y = number / 64u % shape.length;
    let z = number / (64u * shape.length);
    let queryHead = shape.sliceStart * shape.heads / shape.kvHeads + z;
    let batchItem = queryHead / shape.heads;
    let queryRows = max(min(queryLengths[batchItem], shape.length), 1u);
    let visible = min(lengths[batchItem], shape.keyLength);
    var value = 0.0;
    if (y < min(queryRows, visible)) {
      var largest = -1e30;
      for (var part2 = 0u; part2 < 2u; part2++) {
        largest = max(largest, parts[((z * 2u + part2) * shape.length + y) * 66u + 65u]);
      }
      var sum = 0.0;
      var total = 0.0;
      for (var part = 0u; part < 2u; part++) {
        let weight = exp2(parts[((z * 2u + part) * shape.length + y) * 66u + 65u] - largest);
        sum += parts[((z * 2u + part) * shape.length + y) * 66u + x] * weight;
        total += parts[((z * 2u + part) * shape.length + y) * 66u + 64u] * weight;
      }
      let denominator = total;
      value = sum * select(1.0 / select(denominator, 1.0, denominator == 0.0), 0.0, denominator == 0.0);
    }
    out[(queryHead * shape.headStride + batchItem * shape.itemGap + y * shape.rowStride) * 64u + x] = value;
  }
}
