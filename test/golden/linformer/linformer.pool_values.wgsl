// pool_values: left · right of each head.
// 64 threads a workgroup, 4096 bytes of workgroup memory
// reads compressValues, v, lengths; writes pooledValues

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
@group(0) @binding(1) var<storage, read> compressValues: array<f32>;
@group(0) @binding(2) var<storage, read> v: array<f32>;
@group(0) @binding(3) var<storage, read> lengths: array<u32>;
@group(0) @binding(4) var<storage, read_write> pooledValues: array<f32>;

var<workgroup> leftTile: array<vec4f, 256>;

@compute @workgroup_size(64, 1, 1)
fn pool_values(
  @builtin(local_invocation_index) thread: u32,
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(num_workgroups) workgroup_counts: vec3u,
) {
  let workgroup = workgroup_id.x + workgroup_id.y * workgroup_counts.x;
  if (workgroup >= shape.sliceCount * ((shape.heads + shape.kvHeads - 1u) / shape.kvHeads) * 8u) {
    return;
  }
  let valueTile = 0u;
  let rowTile = workgroup % 8u;
  let rest2 = workgroup / 8u;
  let headInGroup = rest2 % (shape.heads / shape.kvHeads);
  let slice = rest2 / (shape.heads / shape.kvHeads);
  let group = shape.sliceStart + slice;
  let batchItem = group / shape.kvHeads;
  let keyGroup = group;
  let visible = min(lengths[batchItem], shape.keyLength);
  let queryHead = group * (shape.heads / shape.kvHeads) + headInGroup;
  let rowGroup = thread / 8u;
  let columnGroup = thread % 8u;
  let firstColumn = valueTile * 64u + columnGroup;
  let firstRow = rowTile * 32u;
  let firstRight = (keyGroup * shape.keyHeadStride + batchItem * shape.keyItemGap) * 64u;
  let rowLength = arrayLength(&compressValues) / (shape.heads * 256u);
  let firstLeft = queryHead % shape.heads * 256u * rowLength;
  let leftRow0 = firstLeft + min(firstRow + rowGroup * 4u, 255u) * rowLength;
  let leftRow1 = firstLeft + min(firstRow + rowGroup * 4u + 1u, 255u) * rowLength;
  let leftRow2 = firstLeft + min(firstRow + rowGroup * 4u + 2u, 255u) * rowLength;
  let leftRow3 = firstLeft + min(firstRow + rowGroup * 4u + 3u, 255u) * rowLength;
  var sums_0 = vec4f(0.0);
  var sums_1 = vec4f(0.0);
  var sums_2 = vec4f(0.0);
  var sums_3 = vec4f(0.0);
  var sums_4 = vec4f(0.0);
  var sums_5 = vec4f(0.0);
  var sums_6 = vec4f(0.0);
  var sums_7 = vec4f(0.0);
  for (var from_ = 0u; from_ < visible; from_ += 32u) {
    let here = min(max(visible, from_) - from_, 32u);
    let step0 = columnGroup * 4u;
    leftTile[step0 * 8u + rowGroup] = vec4f(
      compressValues[leftRow0 + min(from_ + step0, max(visible, 1u) - 1u)],
      compressValues[leftRow1 + min(from_ + step0, max(visible, 1u) - 1u)],
      compressValues[leftRow2 + min(from_ + step0, max(visible, 1u) - 1u)],
      compressValues[leftRow3 + min(from_ + step0, max(visible, 1u) - 1u)],
    );
    let step1 = columnGroup * 4u + 1u;
    leftTile[step1 * 8u + rowGroup] = vec4f(
      compressValues[leftRow0 + min(from_ + step1, max(visible, 1u) - 1u)],
      compressValues[leftRow1 + min(from_ + step1, max(visible, 1u) - 1u)],
      compressValues[leftRow2 + min(from_ + step1, max(visible, 1u) - 1u)],
      compressValues[leftRow3 + min(from_ + step1, max(visible, 1u) - 1u)],
    );
    let step2 = columnGroup * 4u + 2u;
    leftTile[step2 * 8u + rowGroup] = vec4f(
      compressValues[leftRow0 + min(from_ + step2, max(visible, 1u) - 1u)],
      compressValues[leftRow1 + min(from_ + step2, max(visible, 1u) - 1u)],
      compressValues[leftRow2 + min(from_ + step2, max(visible, 1u) - 1u)],
      compressValues[leftRow3 + min(from_ + step2, max(visible, 1u) - 1u)],
    );
    let step3 = columnGroup * 4u + 3u;
    leftTile[step3 * 8u + rowGroup] = vec4f(
      compressValues[leftRow0 + min(from_ + step3, max(visible, 1u) - 1u)],
      compressValues[leftRow1 + min(from_ + step3, max(visible, 1u) - 1u)],
      compressValues[leftRow2 + min(from_ + step3, max(visible, 1u) - 1u)],
      compressValues[leftRow3 + min(from_ + step3, max(visible, 1u) - 1u)],
    );
    workgroupBarrier();
    for (var j = 0u; j < here; j++) {
      let entry = leftTile[j * 8u + rowGroup];
      let rightRow = from_ + j;
      let rightStart = firstRight + rightRow * (shape.keyRowStride * 64u);
      sums_0 += entry * v[rightStart + firstColumn];
      sums_1 += entry * v[rightStart + (firstColumn + 8u)];
      sums_2 += entry * v[rightStart + (firstColumn + 16u)];
      sums_3 += entry * v[rightStart + (firstColumn + 24u)];
      sums_4 += entry * v[rightStart + (firstColumn + 32u)];
      sums_5 += entry * v[rightStart + (firstColumn + 40u)];
      sums_6 += entry * v[rightStart + (firstColumn + 48u)];
      sums_7 += entry * v[rightStart + (firstColumn + 56u)];
    }
    workgroupBarrier();
  }
  let row0 = firstRow + rowGroup * 4u;
  if (row0 < 256u) {
    let out0 = (slice * (shape.heads / shape.kvHeads) + headInGroup) * 16384u + row0 * 64u;
    pooledValues[out0 + firstColumn] = sums_0.x;
    pooledValues[out0 + (firstColumn + 8u)] = sums_1.x;
    pooledValues[out0 + (firstColumn + 16u)] = sums_2.x;
    pooledValues[out0 + (firstColumn + 24u)] = sums_3.x;
    pooledValues[out0 + (firstColumn + 32u)] = sums_4.x;
    pooledValues[out0 + (firstColumn + 40u)] = sums_5.x;
    pooledValues[out0 + (firstColumn + 48u)] = sums_6.x;
    pooledValues[out0 + (firstColumn + 56u)] = sums_7.x;
  }
  let row1 = firstRow + rowGroup * 4u + 1u;
  if (row1 < 256u) {
    let out1 = (slice * (shape.heads / shape.kvHeads) + headInGroup) * 16384u + row1 * 64u;
    pooledValues[out1 + firstColumn] = sums_0.y;
    pooledValues[out1 + (firstColumn + 8u)] = sums_1.y;
    pooledValues[out1 + (firstColumn + 16u)] = sums_2.y;
    pooledValues[out1 + (firstColumn + 24u)] = sums_3.y;
    pooledValues[out1 + (firstColumn + 32u)] = sums_4.y;
    pooledValues[out1 + (firstColumn + 40u)] = sums_5.y;
    pooledValues[out1 + (firstColumn + 48u)] = sums_6.y;
    pooledValues[out1 + (firstColumn + 56u)] = sums_7.y;
  }
  let row2 = firstRow + rowGroup * 4u + 2u;
  if (row2 < 256u) {
    let out2 = (slice * (shape.heads / shape.kvHeads) + headInGroup) * 16384u + row2 * 64u;
    pooledValues[out2 + firstColumn] = sums_0.z;
    pooledValues[out2 + (firstColumn + 8u)] = sums_1.z;
    pooledValues[out2 + (firstColumn + 16u)] = sums_2.z;
    pooledValues[out2 + (firstColumn + 24u)] = sums_3.z;
    pooledValues[out2 + (firstColumn + 32u)] = sums_4.z;
    pooledValues[out2 + (firstColumn + 40u)] = sums_5.z;
    pooledValues[out2 + (firstColumn + 48u)] = sums_6.z;
    pooledValues[out2 + (firstColumn + 56u)] = sums_7.z;
  }
  let row3 = firstRow + rowGroup * 4u + 3u;
  if (row3 < 256u) {
    let out3 = (slice * (shape.heads / shape.kvHeads) + headInGroup) * 16384u + row3 * 64u;
    pooledValues[out3 + firstColumn] = sums_0.w;
    pooledValues[out3 + (firstColumn + 8u)] = sums_1.w;
    pooledValues[out3 + (firstColumn + 16u)] = sums_2.w;
    pooledValues[out3 + (firstColumn + 24u)] = sums_3.w;
    pooledValues[out3 + (firstColumn + 32u)] = sums_4.w;
    pooledValues[out3 + (firstColumn + 40u)] = sums_5.w;
    pooledValues[out3 + (firstColumn + 48u)] = sums_6.w;
    pooledValues[out3 + (firstColumn + 56u)] = sums_7.w;
  }
}
