// start_inverse: Aᵀ / (‖A‖₁ ‖A‖∞) of each head.
// 256 threads a workgroup, 2048 bytes of workgroup memory
// reads lengths, queryLengths; writes core, inverse

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
@group(0) @binding(1) var<storage, read_write> core: array<f32>;
@group(0) @binding(2) var<storage, read> lengths: array<u32>;
@group(0) @binding(3) var<storage, read> queryLengths: array<u32>;
@group(0) @binding(4) var<storage, read_write> inverse: array<f32>;

var<workgroup> largestSums: array<f32, 512>;

@compute @workgroup_size(256, 1, 1)
fn start_inverse(
  @builtin(local_invocation_index) thread: u32,
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(num_workgroups) workgroup_counts: vec3u,
) {
  let workgroup = workgroup_id.x + workgroup_id.y * workgroup_counts.x;
  if (workgroup >= shape.sliceCount * ((shape.heads + shape.kvHeads - 1u) / shape.kvHeads)) {
    return;
  }
  let headInGroup = workgroup % (shape.heads / shape.kvHeads);
  let slice = workgroup / (shape.heads / shape.kvHeads);
  let group = shape.sliceStart + slice;
  let batchItem = group / shape.kvHeads;
  let keyGroup = group;
  let queryRows = max(min(queryLengths[batchItem], shape.length), 1u);
  let visible = min(lengths[batchItem], shape.keyLength);
  let queryHead = group * (shape.heads / shape.kvHeads) + headInGroup;
  let fewer = min(queryRows, visible);
  if (fewer > 64u) {
    let from_ = (slice * (shape.heads / shape.kvHeads) + headInGroup) * 4096u;
    let to = (slice * (shape.heads / shape.kvHeads) + headInGroup) * 4096u;
    var largestColumn = 0.0;
    var largestRow = 0.0;
    for (var line = thread; line < 64u; line += 256u) {
      var columnSum = 0.0;
      var rowSum = 0.0;
      for (var along = 0u; along < 64u; along++) {
        columnSum += abs(core[from_ + along * 64u + line]);
        rowSum += abs(core[from_ + line * 64u + along]);
      }
      largestColumn = max(largestColumn, columnSum);
      largestRow = max(largestRow, rowSum);
    }
    largestSums[thread] = largestColumn;
    largestSums[thread + 256u] = largestRow;
    workgroupBarrier();
    for (var other = 0u; other < 64u; other++) {
      largestColumn = max(largestColumn, largestSums[other]);
      largestRow = max(largestRow, largestSums[other + 256u]);
    }
    let norms = largestColumn * largestRow;
    let nothing = norms == 0.0;
    let factor = select(1.0 / select(norms, 1.0, nothing), 0.0, nothing);
    for (var place = thread; place < 4096u; place += 256u) {
      inverse[to + place] = factor * core[from_ + place % 64u * 64u + place / 64u];
    }
  }
}
