// carry: The state of all rows, scaled: S, z and log-scales, of which features that lost no digits have 0.
// 64 threads a workgroup
// reads total, lengths, k, v; writes carried

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
@group(0) @binding(1) var<storage, read> total: array<f32>;
@group(0) @binding(2) var<storage, read> lengths: array<u32>;
@group(0) @binding(3) var<storage, read> k: array<f32>;
@group(0) @binding(4) var<storage, read> v: array<f32>;
@group(0) @binding(5) var<storage, read_write> carried: array<f32>;

@compute @workgroup_size(64, 1, 1)
fn carry(
  @builtin(local_invocation_index) thread: u32,
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(num_workgroups) workgroup_counts: vec3u,
) {
  let workgroup = workgroup_id.x + workgroup_id.y * workgroup_counts.x;
  if (workgroup >= (4224u * shape.sliceCount + 63u) / 64u) {
    return;
  }
  let number = workgroup * 64u + thread;
  if (number < 4224u * shape.sliceCount) {
    let x = number % 66u;
    let y = number / 66u % 64u;
    let z = number / 4224u;
    let place = select(x * 64u + y, y * 64u + x, x < 64u);
    let keyGroup = shape.sliceStart + z;
    let batchItem = keyGroup / shape.kvHeads;
    let visible = min(lengths[batchItem], shape.keyLength);
    var value = 0.0;
    if (total[z * 4160u + (4096u + y)] >= 8.6736174e-19) {
      var value2 = 0.0;
      if (x < 65u) {
        value2 = total[z * 4160u + place];
      }
      value = value2;
    } else {
      var largest = -1e30;
      for (var r3 = 0u; r3 < visible; r3++) {
        largest = max(
          largest,
          select(
            1.442695 * min(
              k[(keyGroup * shape.keyHeadStride + batchItem * shape.keyItemGap + r3 * shape.keyRowStride) * 64u + y],
              0.0,
            ),
            -1e30,
            max(
              k[(keyGroup * shape.keyHeadStride + batchItem * shape.keyItemGap + r3 * shape.keyRowStride) * 64u + y],
              0.0,
            ) + 1.0 == 0.0,
          ),
        );
      }
      let scale = largest;
      var sum = 0.0;
      for (var r2 = 0u; r2 < visible; r2++) {
        var value3 = 1.0;
        if (x < 64u) {
          value3 = v[(keyGroup * shape.keyHeadStride + batchItem * shape.keyItemGap + r2 * shape.keyRowStride) * 64u + x];
        }
        let part1 = k[(keyGroup * shape.keyHeadStride + batchItem * shape.keyItemGap + r2 * shape.keyRowStride) * 64u + y];
        let part2 = max(part1, 0.0) + 1.0;
        sum += part2 * exp2(select(1.442695 * min(part1, 0.0), -1e30, part2 == 0.0) - scale) * value3;
      }
      value = select(scale, sum, x < 65u);
    }
    carried[(shape.sliceStart + z) * 4224u + place] = value;
  }
}
