// solve: left · right of each head.
// 64 threads a workgroup, 4096 bytes of workgroup memory
// reads inverse, summary; writes solution

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
@group(0) @binding(1) var<storage, read> inverse: array<f32>;
@group(0) @binding(2) var<storage, read> summary: array<f32>;
@group(0) @binding(3) var<storage, read_write> solution: array<f32>;

var<workgroup> leftTile: array<vec4f, 256>;

@compute @workgroup_size(64, 1, 1)
fn solve(
  @builtin(local_invocation_index) thread: u32,
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(num_workgroups) workgroup_counts: vec3u,
) {
  let workgroup = workgroup_id.x + workgroup_id.y * workgroup_counts.x;
  if (workgroup >= shape.sliceCount * ((shape.heads + shape.kvHeads - 1u) / shape.kvHeads) * 4u) {
    return;
  }
  // 1, which no compiler knows: loops up to a multiple of it are not written out
  let unknownOne = min(shape.sliceCount, 1u);
  let valueTile = 0u;
  let rowTile = workgroup % 4u;
  let rest2 = workgroup / 4u;
  let headInGroup = rest2 % (shape.heads / shape.kvHeads);
  let slice = rest2 / (shape.heads / shape.kvHeads);
  let group = shape.sliceStart + slice;
  let batchItem = group / shape.kvHeads;
  let keyGroup = group;
  let queryHead = group * (shape.heads / shape.kvHeads) + headInGroup;
  let rowGroup = thread / 8u;
  let columnGroup = thread % 8u;
  let firstColumn = valueTile * 32u + columnGroup;
  let firstRow = rowTile * 32u;
  let firstRight = (slice * (shape.heads / shape.kvHeads) + headInGroup) * 4096u;
  let rowLength = 128u;
  let firstLeft = queryHead % shape.heads * 128u * rowLength;
  let leftRow0 = firstLeft + min(firstRow + rowGroup * 4u, 127u) * rowLength;
  let leftRow1 = firstLeft + min(firstRow + rowGroup * 4u + 1u, 127u) * rowLength;
  let leftRow2 = firstLeft + min(firstRow + rowGroup * 4u + 2u, 127u) * rowLength;
  let leftRow3 = firstLeft + min(firstRow + rowGroup * 4u + 3u, 127u) * rowLength;
  var sums_0 = vec4f(0.0);
  var sums_1 = vec4f(0.0);
  var sums_2 = vec4f(0.0);
  var sums_3 = vec4f(0.0);
  for (var from_ = 0u; from_ < 128u * unknownOne; from_ += 32u) {
    let here = min(max(128u, from_) - from_, 32u);
    let step0 = columnGroup * 4u;
    leftTile[step0 * 8u + rowGroup] = vec4f(
      inverse[leftRow0 + min(from_ + step0, max(128u, 1u) - 1u)],
      inverse[leftRow1 + min(from_ + step0, max(128u, 1u) - 1u)],
      inverse[leftRow2 + min(from_ + step0, max(128u, 1u) - 1u)],
      inverse[leftRow3 + min(from_ + step0, max(128u, 1u) - 1u)],
    );
    let step1 = columnGroup * 4u + 1u;
    leftTile[step1 * 8u + rowGroup] = vec4f(
      inverse[leftRow0 + min(from_ + step1, max(128u, 1u) - 1u)],
      inverse[leftRow1 + min(from_ + step1, max(128u, 1u) - 1u)],
      inverse[leftRow2 + min(from_ + step1, max(128u, 1u) - 1u)],
      inverse[leftRow3 + min(from_ + step1, max(128u, 1u) - 1u)],
    );
    let step2 = columnGroup * 4u + 2u;
    leftTile[step2 * 8u + rowGroup] = vec4f(
      inverse[leftRow0 + min(from_ + step2, max(128u, 1u) - 1u)],
      inverse[leftRow1 + min(from_ + step2, max(128u, 1u) - 1u)],
      inverse[leftRow2 + min(from_ + step2, max(128u, 1u) - 1u)],
      inverse[leftRow3 + min(from_ + step2, max(128u, 1u) - 1u)],
    );
    let step3 = columnGroup * 4u + 3u;
    leftTile[step3 * 8u + rowGroup] = vec4f(
      inverse[leftRow0 + min(from_ + step3, max(128u, 1u) - 1u)],
      inverse[leftRow1 + min(from_ + step3, max(128u, 1u) - 1u)],
      inverse[leftRow2 + min(from_ + step3, max(128u, 1u) - 1u)],
      inverse[leftRow3 + min(from_ + step3, max(128u, 1u) - 1u)],
    );
    workgroupBarrier();
    for (var j = 0u; j < here; j++) {
      let entry = leftTile[j * 8u + rowGroup];
      let rightRow = from_ + j;
      let rightStart = firstRight + rightRow * 32u;
      sums_0 += entry * summary[rightStart + firstColumn];
      sums_1 += entry * summary[rightStart + (firstColumn + 8u)];
      sums_2 += entry * summary[rightStart + (firstColumn + 16u)];
      sums_3 += entry * summary[rightStart + (firstColumn + 24u)];
    }
    workgroupBarrier();
  }
  let row0 = firstRow + rowGroup * 4u;
  if (row0 < 128u) {
    let out0 = (slice * (shape.heads / shape.kvHeads) + headInGroup) * 4096u + row0 * 32u;
    solution[out0 + firstColumn] = sums_0.x;
    solution[out0 + (firstColumn + 8u)] = sums_1.x;
    solution[out0 + (firstColumn + 16u)] = sums_2.x;
    solution[out0 + (firstColumn + 24u)] = sums_3.x;
  }
  let row1 = firstRow + rowGroup * 4u + 1u;
  if (row1 < 128u) {
    let out1 = (slice * (shape.heads / shape.kvHeads) + headInGroup) * 4096u + row1 * 32u;
    solution[out1 + firstColumn] = sums_0.y;
    solution[out1 + (firstColumn + 8u)] = sums_1.y;
    solution[out1 + (firstColumn + 16u)] = sums_2.y;
    solution[out1 + (firstColumn + 24u)] = sums_3.y;
  }
  let row2 = firstRow + rowGroup * 4u + 2u;
  if (row2 < 128u) {
    let out2 = (slice * (shape.heads / shape.kvHeads) + headInGroup) * 4096u + row2 * 32u;
    solution[out2 + firstColumn] = sums_0.z;
    solution[out2 + (firstColumn + 8u)] = sums_1.z;
    solution[out2 + (firstColumn + 16u)] = sums_2.z;
    solution[out2 + (firstColumn + 24u)] = sums_3.z;
  }
  let row3 = firstRow + rowGroup * 4u + 3u;
  if (row3 < 128u) {
    let out3 = (slice * (shape.heads / shape.kvHeads) + headInGroup) * 4096u + row3 * 32u;
    solution[out3 + firstColumn] = sums_0.w;
    solution[out3 + (firstColumn + 8u)] = sums_1.w;
    solution[out3 + (firstColumn + 16u)] = sums_2.w;
    solution[out3 + (firstColumn + 24u)] = sums_3.w;
  }
}
