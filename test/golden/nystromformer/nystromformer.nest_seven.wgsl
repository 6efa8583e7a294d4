// nest_seven: left · (7·I − right) of each head.
// 64 threads a workgroup, 4096 bytes of workgroup memory
// reads applied, lengths, queryLengths; writes inner

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
@group(0) @binding(1) var<storage, read> applied: array<f32>;
@group(0) @binding(2) var<storage, read> lengths: array<u32>;
@group(0) @binding(3) var<storage, read> queryLengths: array<u32>;
@group(0) @binding(4) var<storage, read_write> inner: array<f32>;

var<workgroup> leftTile: array<vec4f, 256>;

@compute @workgroup_size(64, 1, 1)
fn nest_seven(
  @builtin(local_invocation_index) thread: u32,
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(num_workgroups) workgroup_counts: vec3u,
) {
  let workgroup = workgroup_id.x + workgroup_id.y * workgroup_counts.x;
  if (workgroup >= shape.sliceCount * ((shape.heads + shape.kvHeads - 1u) / shape.kvHeads) * 2u) {
    return;
  }
  // 1, which no compiler knows: loops up to a multiple of it are not written out
  let unknownOne = min(shape.sliceCount, 1u);
  let valueTile = 0u;
  let rowTile = workgroup % 2u;
  let rest2 = workgroup / 2u;
  let headInGroup = rest2 % (shape.heads / shape.kvHeads);
  let slice = rest2 / (shape.heads / shape.kvHeads);
  let group = shape.sliceStart + slice;
  let batchItem = group / shape.kvHeads;
  let keyGroup = group;
  let queryRows = max(min(queryLengths[batchItem], shape.length), 1u);
  let visible = min(lengths[batchItem], shape.keyLength);
  let queryHead = group * (shape.heads / shape.kvHeads) + headInGroup;
  let rowGroup = thread / 8u;
  let columnGroup = thread % 8u;
  let firstColumn = valueTile * 64u + columnGroup;
  let firstRow = rowTile * 32u;
  let fewer = min(queryRows, visible);
  if (fewer > 64u) {
    let firstRight = (slice * (shape.heads / shape.kvHeads) + headInGroup) * 4096u;
    let rowLength = 64u;
    let firstLeft = (slice * (shape.heads / shape.kvHeads) + headInGroup) * 64u * rowLength;
    let leftRow0 = firstLeft + min(firstRow + rowGroup * 4u, 63u) * rowLength;
    let leftRow1 = firstLeft + min(firstRow + rowGroup * 4u + 1u, 63u) * rowLength;
    let leftRow2 = firstLeft + min(firstRow + rowGroup * 4u + 2u, 63u) * rowLength;
    let leftRow3 = firstLeft + min(firstRow + rowGroup * 4u + 3u, 63u) * rowLength;
    var sums_0 = vec4f(0.0);
    var sums_1 = vec4f(0.0);
    var sums_2 = vec4f(0.0);
    var sums_3 = vec4f(0.0);
    var sums_4 = vec4f(0.0);
    var sums_5 = vec4f(0.0);
    var sums_6 = vec4f(0.0);
    var sums_7 = vec4f(0.0);
    for (var from_ = 0u; from_ < 64u * unknownOne; from_ += 32u) {
      let here = min(max(64u, from_) - from_, 32u);
      let step0 = columnGroup * 4u;
      leftTile[step0 * 8u + rowGroup] = vec4f(
        applied[leftRow0 + min(from_ + step0, max(64u, 1u) - 1u)],
        applied[leftRow1 + min(from_ + step0, max(64u, 1u) - 1u)],
        applied[leftRow2 + min(from_ + step0, max(64u, 1u) - 1u)],
        applied[leftRow3 + min(from_ + step0, max(64u, 1u) - 1u)],
      );
      let step1 = columnGroup * 4u + 1u;
      leftTile[step1 * 8u + rowGroup] = vec4f(
        applied[leftRow0 + min(from_ + step1, max(64u, 1u) - 1u)],
        applied[leftRow1 + min(from_ + step1, max(64u, 1u) - 1u)],
        applied[leftRow2 + min(from_ + step1, max(64u, 1u) - 1u)],
        applied[leftRow3 + min(from_ + step1, max(64u, 1u) - 1u)],
      );
      let step2 = columnGroup * 4u + 2u;
      leftTile[step2 * 8u + rowGroup] = vec4f(
        applied[leftRow0 + min(from_ + step2, max(64u, 1u) - 1u)],
        applied[leftRow1 + min(from_ + step2, max(64u, 1u) - 1u)],
        applied[leftRow2 + min(from_ + step2, max(64u, 1u) - 1u)],
        applied[leftRow3 + min(from_ + step2, max(64u, 1u) - 1u)],
      );
      let step3 = columnGroup * 4u + 3u;
      leftTile[step3 * 8u + rowGroup] = vec4f(
        applied[leftRow0 + min(from_ + step3, max(64u, 1u) - 1u)],
        applied[leftRow1 + min(from_ + step3, max(64u, 1u) - 1u)],
        applied[leftRow2 + min(from_ + step3, max(64u, 1u) - 1u)],
        applied[leftRow3 + min(from_ + step3, max(64u, 1u) - 1u)],
      );
      workgroupBarrier();
      for (var j = 0u; j < here; j++) {
        let entry = leftTile[j * 8u + rowGroup];
        let rightRow = from_ + j;
        let rightStart = firstRight + rightRow * 64u;
        sums_0 += entry * (select(0.0, 7.0, rightRow == firstColumn) - applied[rightStart + firstColumn]);
        sums_1 += entry * (select(
          0.0,
          7.0,
          rightRow == firstColumn + 8u,
        ) - applied[rightStart + (firstColumn + 8u)]);
        sums_2 += entry * (select(
          0.0,
          7.0,
          rightRow == firstColumn + 16u,
        ) - applied[rightStart + (firstColumn + 16u)]);
        sums_3 += entry * (select(
          0.0,
          7.0,
          rightRow == firstColumn + 24u,
        ) - applied[rightStart + (firstColumn + 24u)]);
        sums_4 += entry * (select(
          0.0,
          7.0,
          rightRow == firstColumn + 32u,
        ) - applied[rightStart + (firstColumn + 32u)]);
        sums_5 += entry * (select(
          0.0,
          7.0,
          rightRow == firstColumn + 40u,
        ) - applied[rightStart + (firstColumn + 40u)]);
        sums_6 += entry * (select(
          0.0,
          7.0,
          rightRow == firstColumn + 48u,
        ) - applied[rightStart + (firstColumn + 48u)]);
        sums_7 += entry * (select(
          0.0,
          7.0,
          rightRow == firstColumn + 56u,
        ) - applied[rightStart + (firstColumn + 56u)]);
      }
      workgroupBarrier();
    }
    let row0 = firstRow + rowGroup * 4u;
    if (row0 < 64u) {
      let out0 = (slice * (shape.heads / shape.kvHeads) + headInGroup) * 4096u + row0 * 64u;
      inner[out0 + firstColumn] = sums_0.x;
      inner[out0 + (firstColumn + 8u)] = sums_1.x;
      inner[out0 + (firstColumn + 16u)] = sums_2.x;
      inner[out0 + (firstColumn + 24u)] = sums_3.x;
      inner[out0 + (firstColumn + 32u)] = sums_4.x;
      inner[out0 + (firstColumn + 40u)] = sums_5.x;
      inner[out0 + (firstColumn + 48u)] = sums_6.x;
      inner[out0 + (firstColumn + 56u)] = sums_7.x;
    }
    let row1 = firstRow + rowGroup * 4u + 1u;
    if (row1 < 64u) {
      let out1 = (slice * (shape.heads / shape.kvHeads) + headInGroup) * 4096u + row1 * 64u;
      inner[out1 + firstColumn] = sums_0.y;
      inner[out1 + (firstColumn + 8u)] = sums_1.y;
      inner[out1 + (firstColumn + 16u)] = sums_2.y;
      inner[out1 + (firstColumn + 24u)] = sums_3.y;
      inner[out1 + (firstColumn + 32u)] = sums_4.y;
      inner[out1 + (firstColumn + 40u)] = sums_5.y;
      inner[out1 + (firstColumn + 48u)] = sums_6.y;
      inner[out1 + (firstColumn + 56u)] = sums_7.y;
    }
    let row2 = firstRow + rowGroup * 4u + 2u;
    if (row2 < 64u) {
      let out2 = (slice * (shape.heads / shape.kvHeads) + headInGroup) * 4096u + row2 * 64u;
      inner[out2 + firstColumn] = sums_0.z;
      inner[out2 + (firstColumn + 8u)] = sums_1.z;
      inner[out2 + (firstColumn + 16u)] = sums_2.z;
      inner[out2 + (firstColumn + 24u)] = sums_3.z;
      inner[out2 + (firstColumn + 32u)] = sums_4.z;
      inner[out2 + (firstColumn + 40u)] = sums_5.z;
      inner[out2 + (firstColumn + 48u)] = sums_6.z;
      inner[out2 + (firstColumn + 56u)] = sums_7.z;
    }
    let row3 = firstRow + rowGroup * 4u + 3u;
    if (row3 < 64u) {
      let out3 = (slice * (shape.heads / shape.kvHeads) + headInGroup) * 4096u + row3 * 64u;
      inner[out3 + firstColumn] = sums_0.w;
      inner[out3 + (firstColumn + 8u)] = sums_1.w;
      inner[out3 + (firstColumn + 16u)] = sums_2.w;
      inner[out3 + (firstColumn + 24u)] = sums_3.w;
      inner[out3 + (firstColumn + 32u)] = sums_4.w;
      inner[out3 + (firstColumn + 40u)] = sums_5.w;
      inner[out3 + (firstColumn + 48u)] = sums_6.w;
      inner[out3 + (firstColumn + 56u)] = sums_7.w;
    }
  }
}
