// place_rows: Each row to its place: by bucket, and in a bucket by position.
// 64 threads a workgroup, 256 bytes of workgroup memory
// reads buckets, offsets, lengths, queryLengths; writes order

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
@group(0) @binding(1) var<storage, read> buckets: array<u32>;
@group(0) @binding(2) var<storage, read> offsets: array<u32>;
@group(0) @binding(3) var<storage, read> lengths: array<u32>;
@group(0) @binding(4) var<storage, read> queryLengths: array<u32>;
@group(0) @binding(5) var<storage, read_write> order: array<u32>;

var<workgroup> bucketOf: array<u32, 64>;

@compute @workgroup_size(64, 1, 1)
fn place_rows(
  @builtin(local_invocation_index) thread: u32,
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(num_workgroups) workgroup_counts: vec3u,
) {
  let workgroup = workgroup_id.x + workgroup_id.y * workgroup_counts.x;
  if (workgroup >= shape.sliceCount * ((shape.heads + shape.kvHeads - 1u) / shape.kvHeads) * 2u * shape.chunks) {
    return;
  }
  let segment = workgroup % shape.chunks;
  let rest1 = workgroup / shape.chunks;
  let round_ = rest1 % 2u;
  let rest2 = rest1 / 2u;
  let headInGroup = rest2 % (shape.heads / shape.kvHeads);
  let slice = rest2 / (shape.heads / shape.kvHeads);
  let group = shape.sliceStart + slice;
  let batchItem = group / shape.kvHeads;
  let keyGroup = group;
  let queryRows = max(min(queryLengths[batchItem], shape.length), 1u);
  let visible = min(lengths[batchItem], queryRows);
  let queryHead = group * (shape.heads / shape.kvHeads) + headInGroup;
  let row = segment * 64u + thread;
  if (row < visible) {
    bucketOf[thread] = buckets[((slice * (shape.heads / shape.kvHeads) + headInGroup) * 2u + round_) * shape.length + row];
  }
  workgroupBarrier();
  if (row < visible) {
    let own = bucketOf[thread];
    var place = offsets[(((slice * (shape.heads / shape.kvHeads) + headInGroup) * 2u + round_) * shape.chunks + segment) * 64u + own];
    for (var other = 0u; other < thread; other++) {
      place += select(0u, 1u, bucketOf[other] == own);
    }
    order[((slice * (shape.heads / shape.kvHeads) + headInGroup) * 2u + round_) * shape.length + place] = row;
  }
}
