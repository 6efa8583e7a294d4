// apply_inverse: left · right of each head.
// 64 threads a workgroup, 4096 bytes of workgroup memory
// reads core, inverse; writes applied

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
@group(0) @binding(1) var<storage, read> core: array<f32>;
@group(0) @binding(2) var<storage, read> inverse: array<f32>;
@group(0) @binding(3) var<storage, read_write> applied: array<f32>;

var<workgroup> leftTile: array<vec4f, 256>;

@compute @workgroup_size(64, 1, 1)
fn apply_inverse(
  @builtin(local_invocation_index) thread: u32,
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(num_workgroups) workgroup_counts: vec3u,
) {
  let workgroup = workgroup_id.x + workgroup_id.y * workgroup_counts.x;
  if (workgroup >= shape.heads * 4u) {
    return;
  }
  // 1, which no compiler knows: loops up to a multiple of it are not written out
  let unknownOne = min(shape.sliceCount, 1u);
  let valueTile = 0u;
  let rowTile = workgroup % 4u;
  let head = workgroup / 4u;
  let rowGroup = thread / 8u;
  let columnGroup = thread % 8u;
  let firstColumn = valueTile * 128u + columnGroup;
  let firstRow = rowTile * 32u;
  let firstRight = head * 16384u;
  let rowLength = 128u;
  let firstLeft = head * 128u * rowLength;
  let leftRow0 = firstLeft + min(firstRow + rowGroup * 4u, 127u) * rowLength;
  let leftRow1 = firstLeft + min(firstRow + rowGroup * 4u + 1u, 127u) * rowLength;
  let leftRow2 = firstLeft + min(firstRow + rowGroup * 4u + 2u, 127u) * rowLength;
  let leftRow3 = firstLeft + min(firstRow + rowGroup * 4u + 3u, 127u) * rowLength;
  var sums_0 = vec4f(0.0);
  var sums_1 = vec4f(0.0);
  var sums_2 = vec4f(0.0);
  var sums_3 = vec4f(0.0);
  var sums_4 = vec4f(0.0);
  var sums_5 = vec4f(0.0);
  var sums_6 = vec4f(0.0);
  var sums_7 = vec4f(0.0);
  var sums_8 = vec4f(0.0);
  var sums_9 = vec4f(0.0);
  var sums_10 = vec4f(0.0);
  var sums_11 = vec4f(0.0);
  var sums_12 = vec4f(0.0);
  var sums_13 = vec4f(0.0);
  var sums_14 = vec4f(0.0);
  var sums_15 = vec4f(0.0);
  for (var from_ = 0u; from_ < 128u * unknownOne; from_ += 32u) {
    let here = min(max(128u, from_) - from_, 32u);
    let step0 = columnGroup * 4u;
    leftTile[step0 * 8u + rowGroup] = vec4f(
      core[leftRow0 + min(from_ + step0, max(128u, 1u) - 1u)],
      core[leftRow1 + min(from_ + step0, max(128u, 1u) - 1u)],
      core[leftRow2 + min(from_ + step0, max(128u, 1u) - 1u)],
      core[leftRow3 + min(from_ + step0, max(128u, 1u) - 1u)],
    );
    let step1 = columnGroup * 4u + 1u;
    leftTile[step1 * 8u + rowGroup] = vec4f(
      core[leftRow0 + min(from_ + step1, max(128u, 1u) - 1u)],
      core[leftRow1 + min(from_ + step1, max(128u, 1u) - 1u)],
      core[leftRow2 + min(from_ + step1, max(128u, 1u) - 1u)],
      core[leftRow3 + min(from_ + step1, max(128u, 1u) - 1u)],
    );
    let step2 = columnGroup * 4u + 2u;
    leftTile[step2 * 8u + rowGroup] = vec4f(
      core[leftRow0 + min(from_ + step2, max(128u, 1u) - 1u)],
      core[leftRow1 + min(from_ + step2, max(128u, 1u) - 1u)],
      core[leftRow2 + min(from_ + step2, max(128u, 1u) - 1u)],
      core[leftRow3 + min(from_ + step2, max(128u, 1u) - 1u)],
    );
    let step3 = columnGroup * 4u + 3u;
    leftTile[step3 * 8u + rowGroup] = vec4f(
      core[leftRow0 + min(from_ + step3, max(128u, 1u) - 1u)],
      core[leftRow1 + min(from_ + step3, max(128u, 1u) - 1u)],
      core[leftRow2 + min(from_ + step3, max(128u, 1u) - 1u)],
      core[leftRow3 + min(from_ + step3, max(128u, 1u) - 1u)],
    );
    workgroupBarrier();
    for (var j = 0u; j < here; j++) {
      let entry = leftTile[j * 8u + rowGroup];
      let rightRow = from_ + j;
      let rightStart = firstRight + rightRow * 128u;
      sums_0 += entry * inverse[rightStart + firstColumn];
      sums_1 += entry * inverse[rightStart + (firstColumn + 8u)];
      sums_2 += entry * inverse[rightStart + (firstColumn + 16u)];
      sums_3 += entry * inverse[rightStart + (firstColumn + 24u)];
      sums_4 += entry * inverse[rightStart + (firstColumn + 32u)];
      sums_5 += entry * inverse[rightStart + (firstColumn + 40u)];
      sums_6 += entry * inverse[rightStart + (firstColumn + 48u)];
      sums_7 += entry * inverse[rightStart + (firstColumn + 56u)];
      sums_8 += entry * inverse[rightStart + (firstColumn + 64u)];
      sums_9 += entry * inverse[rightStart + (firstColumn + 72u)];
      sums_10 += entry * inverse[rightStart + (firstColumn + 80u)];
      sums_11 += entry * inverse[rightStart + (firstColumn + 88u)];
      sums_12 += entry * inverse[rightStart + (firstColumn + 96u)];
      sums_13 += entry * inverse[rightStart + (firstColumn + 104u)];
      sums_14 += entry * inverse[rightStart + (firstColumn + 112u)];
      sums_15 += entry * inverse[rightStart + (firstColumn + 120u)];
    }
    workgroupBarrier();
  }
  let row0 = firstRow + rowGroup * 4u;
  if (row0 < 128u) {
    let out0 = head * 16384u + row0 * 128u;
    applied[out0 + firstColumn] = sums_0.x;
    applied[out0 + (firstColumn + 8u)] = sums_1.x;
    applied[out0 + (firstColumn + 16u)] = sums_2.x;
    applied[out0 + (firstColumn + 24u)] = sums_3.x;
    applied[out0 + (firstColumn + 32u)] = sums_4.x;
    applied[out0 + (firstColumn + 40u)] = sums_5.x;
    applied[out0 + (firstColumn + 48u)] = sums_6.x;
    applied[out0 + (firstColumn + 56u)] = sums_7.x;
    applied[out0 + (firstColumn + 64u)] = sums_8.x;
    applied[out0 + (firstColumn + 72u)] = sums_9.x;
    applied[out0 + (firstColumn + 80u)] = sums_10.x;
    applied[out0 + (firstColumn + 88u)] = sums_11.x;
    applied[out0 + (firstColumn + 96u)] = sums_12.x;
    applied[out0 + (firstColumn + 104u)] = sums_13.x;
    applied[out0 + (firstColumn + 112u)] = sums_14.x;
    applied[out0 + (firstColumn + 120u)] = sums_15.x;
  }
  let row1 = firstRow + rowGroup * 4u + 1u;
  if (row1 < 128u) {
    let out1 = head * 16384u + row1 * 128u;
    applied[out1 + firstColumn] = sums_0.y;
    applied[out1 + (firstColumn + 8u)] = sums_1.y;
    applied[out1 + (firstColumn + 16u)] = sums_2.y;
    applied[out1 + (firstColumn + 24u)] = sums_3.y;
    applied[out1 + (firstColumn + 32u)] = sums_4.y;
    applied[out1 + (firstColumn + 40u)] = sums_5.y;
    applied[out1 + (firstColumn + 48u)] = sums_6.y;
    applied[out1 + (firstColumn + 56u)] = sums_7.y;
    applied[out1 + (firstColumn + 64u)] = sums_8.y;
    applied[out1 + (firstColumn + 72u)] = sums_9.y;
    applied[out1 + (firstColumn + 80u)] = sums_10.y;
    applied[out1 + (firstColumn + 88u)] = sums_11.y;
    applied[out1 + (firstColumn + 96u)] = sums_12.y;
    applied[out1 + (firstColumn + 104u)] = sums_13.y;
    applied[out1 + (firstColumn + 112u)] = sums_14.y;
    applied[out1 + (firstColumn + 120u)] = sums_15.y;
  }
  let row2 = firstRow + rowGroup * 4u + 2u;
  if (row2 < 128u) {
    let out2 = head * 16384u + row2 * 128u;
    applied[out2 + firstColumn] = sums_0.z;
    applied[out2 + (firstColumn + 8u)] = sums_1.z;
    applied[out2 + (firstColumn + 16u)] = sums_2.z;
    applied[out2 + (firstColumn + 24u)] = sums_3.z;
    applied[out2 + (firstColumn + 32u)] = sums_4.z;
    applied[out2 + (firstColumn + 40u)] = sums_5.z;
    applied[out2 + (firstColumn + 48u)] = sums_6.z;
    applied[out2 + (firstColumn + 56u)] = sums_7.z;
    applied[out2 + (firstColumn + 64u)] = sums_8.z;
    applied[out2 + (firstColumn + 72u)] = sums_9.z;
    applied[out2 + (firstColumn + 80u)] = sums_10.z;
    applied[out2 + (firstColumn + 88u)] = sums_11.z;
    applied[out2 + (firstColumn + 96u)] = sums_12.z;
    applied[out2 + (firstColumn + 104u)] = sums_13.z;
    applied[out2 + (firstColumn + 112u)] = sums_14.z;
    applied[out2 + (firstColumn + 120u)] = sums_15.z;
  }
  let row3 = firstRow + rowGroup * 4u + 3u;
  if (row3 < 128u) {
    let out3 = head * 16384u + row3 * 128u;
    applied[out3 + firstColumn] = sums_0.w;
    applied[out3 + (firstColumn + 8u)] = sums_1.w;
    applied[out3 + (firstColumn + 16u)] = sums_2.w;
    applied[out3 + (firstColumn + 24u)] = sums_3.w;
    applied[out3 + (firstColumn + 32u)] = sums_4.w;
    applied[out3 + (firstColumn + 40u)] = sums_5.w;
    applied[out3 + (firstColumn + 48u)] = sums_6.w;
    applied[out3 + (firstColumn + 56u)] = sums_7.w;
    applied[out3 + (firstColumn + 64u)] = sums_8.w;
    applied[out3 + (firstColumn + 72u)] = sums_9.w;
    applied[out3 + (firstColumn + 80u)] = sums_10.w;
    applied[out3 + (firstColumn + 88u)] = sums_11.w;
    applied[out3 + (firstColumn + 96u)] = sums_12.w;
    applied[out3 + (firstColumn + 104u)] = sums_13.w;
    applied[out3 + (firstColumn + 112u)] = sums_14.w;
    applied[out3 + (firstColumn + 120u)] = sums_15.w;
  }
}
