// project: Query and key rows through a matrix of projections.
// 64 threads a workgroup, 4096 bytes of workgroup memory
// reads q, k, w; writes projected

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
@group(0) @binding(2) var<storage, read> k: array<f32>;
@group(0) @binding(3) var<storage, read> w: array<f32>;
@group(0) @binding(4) var<storage, read_write> projected: array<f32>;

var<workgroup> rowTileEntries: array<vec4f, 256>;

@compute @workgroup_size(64, 1, 1)
fn project(
  @builtin(local_invocation_index) thread: u32,
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(num_workgroups) workgroup_counts: vec3u,
) {
  let workgroup = workgroup_id.x + workgroup_id.y * workgroup_counts.x;
  if (workgroup >= (shape.sliceCount * ((shape.heads + shape.kvHeads - 1u) / shape.kvHeads * shape.length + shape.keyLength) + 31u) / 32u * 8u) {
    return;
  }
  // 1, which no compiler knows: loops up to a multiple of it are not written out
  let unknownOne = min(shape.sliceCount, 1u);
  let componentTile = workgroup % 8u;
  let rowTile = workgroup / 8u;
  let rowGroup = thread / 8u;
  let columnGroup = thread % 8u;
  let rows = shape.sliceCount * (shape.heads / shape.kvHeads * shape.length + shape.keyLength);
  let queriesOfGroup = shape.heads / shape.kvHeads * shape.length;
  let rowsOfGroup = queriesOfGroup + shape.keyLength;
  let rowOfGroup0 = min(rowTile * 32u + rowGroup * 4u, max(rows, 1u) - 1u) % rowsOfGroup;
  let groupOfRow0 = shape.sliceStart + min(rowTile * 32u + rowGroup * 4u, max(rows, 1u) - 1u) / rowsOfGroup;
  let rowOfGroup1 = min(rowTile * 32u + rowGroup * 4u + 1u, max(rows, 1u) - 1u) % rowsOfGroup;
  let groupOfRow1 = shape.sliceStart + min(
    rowTile * 32u + rowGroup * 4u + 1u,
    max(rows, 1u) - 1u,
  ) / rowsOfGroup;
  let rowOfGroup2 = min(rowTile * 32u + rowGroup * 4u + 2u, max(rows, 1u) - 1u) % rowsOfGroup;
  let groupOfRow2 = shape.sliceStart + min(
    rowTile * 32u + rowGroup * 4u + 2u,
    max(rows, 1u) - 1u,
  ) / rowsOfGroup;
  let rowOfGroup3 = min(rowTile * 32u + rowGroup * 4u + 3u, max(rows, 1u) - 1u) % rowsOfGroup;
  let groupOfRow3 = shape.sliceStart + min(
    rowTile * 32u + rowGroup * 4u + 3u,
    max(rows, 1u) - 1u,
  ) / rowsOfGroup;
  let projection0 = min(componentTile * 32u + columnGroup * 4u, 255u) * 64u;
  let projection1 = min(componentTile * 32u + columnGroup * 4u + 1u, 255u) * 64u;
  let projection2 = min(componentTile * 32u + columnGroup * 4u + 2u, 255u) * 64u;
  let projection3 = min(componentTile * 32u + columnGroup * 4u + 3u, 255u) * 64u;
  var sums_0 = vec4f(0.0);
  var sums_1 = vec4f(0.0);
  var sums_2 = vec4f(0.0);
  var sums_3 = vec4f(0.0);
  for (var from_ = 0u; from_ < 64u * unknownOne; from_ += 32u) {
    let here = min(max(64u, from_) - from_, 32u);
    for (var step = columnGroup; step < here; step += 8u) {
      var entry0 = 0.0;
      var entry1 = 0.0;
      var entry2 = 0.0;
      var entry3 = 0.0;
      if (rowOfGroup0 < queriesOfGroup) {
        let query0 = ((groupOfRow0 * (shape.heads / shape.kvHeads) + rowOfGroup0 / shape.length) * shape.headStride + groupOfRow0 / shape.kvHeads * shape.itemGap) * 64u + (rowOfGroup0 - rowOfGroup0 / shape.length * shape.length) * (shape.rowStride * 64u);
        entry0 = q[query0 + (from_ + step)];
      } else {
        let key0 = (groupOfRow0 * shape.keyHeadStride + groupOfRow0 / shape.kvHeads * shape.keyItemGap) * 64u + (rowOfGroup0 - queriesOfGroup) * (shape.keyRowStride * 64u);
        entry0 = k[key0 + (from_ + step)];
      }
      if (rowOfGroup1 < queriesOfGroup) {
        let query1 = ((groupOfRow1 * (shape.heads / shape.kvHeads) + rowOfGroup1 / shape.length) * shape.headStride + groupOfRow1 / shape.kvHeads * shape.itemGap) * 64u + (rowOfGroup1 - rowOfGroup1 / shape.length * shape.length) * (shape.rowStride * 64u);
        entry1 = q[query1 + (from_ + step)];
      } else {
        let key1 = (groupOfRow1 * shape.keyHeadStride + groupOfRow1 / shape.kvHeads * shape.keyItemGap) * 64u + (rowOfGroup1 - queriesOfGroup) * (shape.keyRowStride * 64u);
        entry1 = k[key1 + (from_ + step)];
      }
      if (rowOfGroup2 < queriesOfGroup) {
        let query2 = ((groupOfRow2 * (shape.heads / shape.kvHeads) + rowOfGroup2 / shape.length) * shape.headStride + groupOfRow2 / shape.kvHeads * shape.itemGap) * 64u + (rowOfGroup2 - rowOfGroup2 / shape.length * shape.length) * (shape.rowStride * 64u);
        entry2 = q[query2 + (from_ + step)];
      } else {
        let key2 = (groupOfRow2 * shape.keyHeadStride + groupOfRow2 / shape.kvHeads * shape.keyItemGap) * 64u + (rowOfGroup2 - queriesOfGroup) * (shape.keyRowStride * 64u);
        entry2 = k[key2 + (from_ + step)];
      }
      if (rowOfGroup3 < queriesOfGroup) {
        let query3 = ((groupOfRow3 * (shape.heads / shape.kvHeads) + rowOfGroup3 / shape.length) * shape.headStride + groupOfRow3 / shape.kvHeads * shape.itemGap) * 64u + (rowOfGroup3 - rowOfGroup3 / shape.length * shape.length) * (shape.rowStride * 64u);
        entry3 = q[query3 + (from_ + step)];
      } else {
        let key3 = (groupOfRow3 * shape.keyHeadStride + groupOfRow3 / shape.kvHeads * shape.keyItemGap) * 64u + (rowOfGroup3 - queriesOfGroup) * (shape.keyRowStride * 64u);
        entry3 = k[key3 + (from_ + step)];
      }
      rowTileEntries[step * 8u + rowGroup] = vec4f(entry0, entry1, entry2, entry3);
    }
    workgroupBarrier();
    for (var t = 0u; t < here; t++) {
      let entries = rowTileEntries[t * 8u + rowGroup];
      sums_0 += entries * w[projection0 + from_ + t];
      sums_1 += entries * w[projection1 + from_ + t];
      sums_2 += entries * w[projection2 + from_ + t];
      sums_3 += entries * w[projection3 + from_ + t];
    }
    workgroupBarrier();
  }
  let row0 = rowTile * 32u + rowGroup * 4u;
  if (row0 < rows) {
    projected[row0 * 256u + (componentTile * 32u + columnGroup * 4u)] = sums_0.x;
    projected[row0 * 256u + (componentTile * 32u + columnGroup * 4u + 1u)] = sums_1.x;
    projected[row0 * 256u + (componentTile * 32u + columnGroup * 4u + 2u)] = sums_2.x;
    projected[row0 * 256u + (componentTile * 32u + columnGroup * 4u + 3u)] = sums_3.x;
  }
  let row1 = rowTile * 32u + rowGroup * 4u + 1u;
  if (row1 < rows) {
    projected[row1 * 256u + (componentTile * 32u + columnGroup * 4u)] = sums_0.y;
    projected[row1 * 256u + (componentTile * 32u + columnGroup * 4u + 1u)] = sums_1.y;
    projected[row1 * 256u + (componentTile * 32u + columnGroup * 4u + 2u)] = sums_2.y;
    projected[row1 * 256u + (componentTile * 32u + columnGroup * 4u + 3u)] = sums_3.y;
  }
  let row2 = rowTile * 32u + rowGroup * 4u + 2u;
  if (row2 < rows) {
    projected[row2 * 256u + (componentTile * 32u + columnGroup * 4u)] = sums_0.z;
    projected[row2 * 256u + (componentTile * 32u + columnGroup * 4u + 1u)] = sums_1.z;
    projected[row2 * 256u + (componentTile * 32u + columnGroup * 4u + 2u)] = sums_2.z;
    projected[row2 * 256u + (componentTile * 32u + columnGroup * 4u + 3u)] = sums_3.z;
  }
  let row3 = rowTile * 32u + rowGroup * 4u + 3u;
  if (row3 < rows) {
    projected[row3 * 256u + (componentTile * 32u + columnGroup * 4u)] = sums_0.w;
    projected[row3 * 256u + (componentTile * 32u + columnGroup * 4u + 1u)] = sums_1.w;
    projected[row3 * 256u + (componentTile * 32u + columnGroup * 4u + 2u)] = sums_2.w;
    projected[row3 * 256u + (componentTile * 32u + columnGroup * 4u + 3u)] = sums_3.w;
  }
}
