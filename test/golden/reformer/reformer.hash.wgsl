// hash: The bucket of each row, and how many rows of a segment fall into each.
// 64 threads a workgroup, 256 bytes of workgroup memory
// reads q, rotations, lengths, queryLengths; writes buckets, offsets, inverseNorms

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
@group(0) @binding(2) var<storage, read> rotations: array<f32>;
@group(0) @binding(3) var<storage, read> lengths: array<u32>;
@group(0) @binding(4) var<storage, read> queryLengths: array<u32>;
@group(0) @binding(5) var<storage, read_write> buckets: array<u32>;
@group(0) @binding(6) var<storage, read_write> offsets: array<u32>;
@group(0) @binding(7) var<storage, read_write> inverseNorms: array<f32>;

var<workgroup> bucketOf: array<u32, 64>;

@compute @workgroup_size(64, 1, 1)
fn hash(
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
  var bucket = 64u;
  if (row < visible) {
    let start = (queryHead * shape.headStride + batchItem * shape.itemGap) * 64u + row * (shape.rowStride * 64u);
    var largest = -1e30;
    var toward = 0u;
    var least = 1e30;
    var away = 0u;
    for (var from_ = 0u; from_ < 32u; from_ += 8u) {
      let rotation0 = (round_ * 32u + min(from_, 31u)) * 64u;
      let rotation1 = (round_ * 32u + min(from_ + 1u, 31u)) * 64u;
      let rotation2 = (round_ * 32u + min(from_ + 2u, 31u)) * 64u;
      let rotation3 = (round_ * 32u + min(from_ + 3u, 31u)) * 64u;
      let rotation4 = (round_ * 32u + min(from_ + 4u, 31u)) * 64u;
      let rotation5 = (round_ * 32u + min(from_ + 5u, 31u)) * 64u;
      let rotation6 = (round_ * 32u + min(from_ + 6u, 31u)) * 64u;
      let rotation7 = (round_ * 32u + min(from_ + 7u, 31u)) * 64u;
      var products_0 = 0.0;
      var products_1 = 0.0;
      var products_2 = 0.0;
      var products_3 = 0.0;
      var products_4 = 0.0;
      var products_5 = 0.0;
      var products_6 = 0.0;
      var products_7 = 0.0;
      for (var t = 0u; t < 64u; t++) {
        let x = q[start + t];
        products_0 += x * rotations[rotation0 + t];
        products_1 += x * rotations[rotation1 + t];
        products_2 += x * rotations[rotation2 + t];
        products_3 += x * rotations[rotation3 + t];
        products_4 += x * rotations[rotation4 + t];
        products_5 += x * rotations[rotation5 + t];
        products_6 += x * rotations[rotation6 + t];
        products_7 += x * rotations[rotation7 + t];
      }
      if (products_0 > largest) {
        largest = products_0;
        toward = from_;
      }
      if (products_0 < least) {
        least = products_0;
        away = from_;
      }
      if (products_1 > largest) {
        largest = products_1;
        toward = from_ + 1u;
      }
      if (products_1 < least) {
        least = products_1;
        away = from_ + 1u;
      }
      if (products_2 > largest) {
        largest = products_2;
        toward = from_ + 2u;
      }
      if (products_2 < least) {
        least = products_2;
        away = from_ + 2u;
      }
      if (products_3 > largest) {
        largest = products_3;
        toward = from_ + 3u;
      }
      if (products_3 < least) {
        least = products_3;
        away = from_ + 3u;
      }
      if (products_4 > largest) {
        largest = products_4;
        toward = from_ + 4u;
      }
      if (products_4 < least) {
        least = products_4;
        away = from_ + 4u;
      }
      if (products_5 > largest) {
        largest = products_5;
        toward = from_ + 5u;
      }
      if (products_5 < least) {
        least = products_5;
        away = from_ + 5u;
      }
      if (products_6 > largest) {
        largest = products_6;
        toward = from_ + 6u;
      }
      if (products_6 < least) {
        least = products_6;
        away = from_ + 6u;
      }
      if (products_7 > largest) {
        largest = products_7;
        toward = from_ + 7u;
      }
      if (products_7 < least) {
        least = products_7;
        away = from_ + 7u;
      }
    }
    bucket = select(toward, away + 32u, -least > largest);
    buckets[((slice * (shape.heads / shape.kvHeads) + headInGroup) * 2u + round_) * shape.length + row] = bucket;
    if (round_ == 0u) {
      var squares = 0.0;
      for (var t = 0u; t < 64u; t++) {
        let x = q[start + t];
        squares += x * x;
      }
      inverseNorms[(slice * (shape.heads / shape.kvHeads) + headInGroup) * shape.length + row] = select(
        0.0,
        1.0 / sqrt(select(1.0, squares, squares > 0.0)),
        squares > 0.0,
      );
    }
  }
  bucketOf[thread] = bucket;
  workgroupBarrier();
  for (var each = thread; each < 64u; each += 64u) {
    var counted = 0u;
    for (var other = 0u; other < 64u; other++) {
      counted += select(0u, 1u, bucketOf[other] == each);
    }
    offsets[(((slice * (shape.heads / shape.kvHeads) + headInGroup) * 2u + round_) * shape.chunks + segment) * 64u + each] = counted;
  }
}
