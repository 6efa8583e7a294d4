// find_offsets: The place of the first row of each bucket, in each segment.
// 64 threads a workgroup, 256 bytes of workgroup memory
// reads nothing; writes offsets

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
@group(0) @binding(1) var<storage, read_write> offsets: array<u32>;

var<workgroup> totals: array<u32, 64>;

@compute @workgroup_size(64, 1, 1)
fn find_offsets(
  @builtin(local_invocation_index) thread: u32,
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(num_workgroups) workgroup_counts: vec3u,
) {
  let workgroup = workgroup_id.x + workgroup_id.y * workgroup_counts.x;
  if (workgroup >= shape.sliceCount * ((shape.heads + shape.kvHeads - 1u) / shape.kvHeads) * 2u) {
    return;
  }
  let round_ = workgroup % 2u;
  let rest1 = workgroup / 2u;
  let headInGroup = rest1 % (shape.heads / shape.kvHeads);
  let slice = rest1 / (shape.heads / shape.kvHeads);
  let group = shape.sliceStart + slice;
  let batchItem = group / shape.kvHeads;
  let keyGroup = group;
  let queryHead = group * (shape.heads / shape.kvHeads) + headInGroup;
  for (var bucket = thread; bucket < 64u; bucket += 64u) {
    var total = 0u;
    for (var segment = 0u; segment < shape.chunks; segment++) {
      let at = (((slice * (shape.heads / shape.kvHeads) + headInGroup) * 2u + round_) * shape.chunks + segment) * 64u + bucket;
      total += offsets[at];
    }
    totals[bucket] = total;
  }
  workgroupBarrier();
  for (var bucket = thread; bucket < 64u; bucket += 64u) {
    var place = 0u;
    for (var before = 0u; before < bucket; before++) {
      place += totals[before];
    }
    for (var segment = 0u; segment < shape.chunks; segment++) {
      let at = (((slice * (shape.heads / shape.kvHeads) + headInGroup) * 2u + round_) * shape.chunks + segment) * 64u + bucket;
      let here = offsets[at];
      offsets[at] = place;
      place += here;
    }
  }
}
