// attend_nearby: Each row of a round: Σ κ(q, k) v and Σ κ(q, k) over the rows sorted near it.
// 64 threads a workgroup, 8192 bytes of workgroup memory
// reads q, v, order, inverseNorms, lengths, queryLengths; writes parts

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
@group(0) @binding(2) var<storage, read> v: array<f32>;
@group(0) @binding(3) var<storage, read> order: array<u32>;
@group(0) @binding(4) var<storage, read> inverseNorms: array<f32>;
@group(0) @binding(5) var<storage, read> lengths: array<u32>;
@group(0) @binding(6) var<storage, read> queryLengths: array<u32>;
@group(0) @binding(7) var<storage, read_write> parts: array<f32>;

var<workgroup> exponents: array<vec4f, 256>;
var<workgroup> pairs: array<vec4f, 256>;

@compute @workgroup_size(64, 1, 1)
fn attend_nearby(
  @builtin(local_invocation_index) thread: u32,
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(num_workgroups) workgroup_counts: vec3u,
) {
  let workgroup = workgroup_id.x + workgroup_id.y * workgroup_counts.x;
  if (workgroup >= shape.sliceCount * ((shape.heads + shape.kvHeads - 1u) / shape.kvHeads) * 2u * ((shape.length + 63u) / 64u) * 2u) {
    return;
  }
  let valueTile = 0u;
  let rowTile = workgroup % 2u;
  let rest2 = workgroup / 2u;
  let part = rest2 % ((shape.length + 63u) / 64u);
  let rest3 = rest2 / ((shape.length + 63u) / 64u);
  let round_ = rest3 % 2u;
  let rest4 = rest3 / 2u;
  let headInGroup = rest4 % (shape.heads / shape.kvHeads);
  let slice = rest4 / (shape.heads / shape.kvHeads);
  let group = shape.sliceStart + slice;
  let batchItem = group / shape.kvHeads;
  let keyGroup = group;
  let queryRows = max(min(queryLengths[batchItem], shape.length), 1u);
  let visible = min(lengths[batchItem], queryRows);
  let queryHead = group * (shape.heads / shape.kvHeads) + headInGroup;
  let rowGroup = thread / 8u;
  let columnGroup = thread % 8u;
  let firstColumn = valueTile * 64u + columnGroup;
  let chunkStart = part * 64u;
  let firstRow = chunkStart + rowTile * 32u;
  let end = min(chunkStart + 64u, visible);
  if (firstRow < end) {
    let firstPlace = chunkStart - min(chunkStart, 64u);
    let order0 = ((slice * (shape.heads / shape.kvHeads) + headInGroup) * 2u + round_) * shape.length;
    let query0 = order[order0 + min(firstRow + rowGroup * 4u, max(end, 1u) - 1u)];
    let query1 = order[order0 + min(firstRow + rowGroup * 4u + 1u, max(end, 1u) - 1u)];
    let query2 = order[order0 + min(firstRow + rowGroup * 4u + 2u, max(end, 1u) - 1u)];
    let query3 = order[order0 + min(firstRow + rowGroup * 4u + 3u, max(end, 1u) - 1u)];
    let queryRow0 = (queryHead * shape.headStride + batchItem * shape.itemGap) * 64u + query0 * (shape.rowStride * 64u);
    let queryRow1 = (queryHead * shape.headStride + batchItem * shape.itemGap) * 64u + query1 * (shape.rowStride * 64u);
    let queryRow2 = (queryHead * shape.headStride + batchItem * shape.itemGap) * 64u + query2 * (shape.rowStride * 64u);
    let queryRow3 = (queryHead * shape.headStride + batchItem * shape.itemGap) * 64u + query3 * (shape.rowStride * 64u);
    var sums_0 = vec4f(0.0);
    var sums_1 = vec4f(0.0);
    var sums_2 = vec4f(0.0);
    var sums_3 = vec4f(0.0);
    var sums_4 = vec4f(0.0);
    var sums_5 = vec4f(0.0);
    var sums_6 = vec4f(0.0);
    var sums_7 = vec4f(0.0);
    var total = vec4f(0.0);
    var rowScale = vec4f(-1e30);
    for (var from_ = firstPlace; from_ < end; from_ += 32u) {
      let here = min(max(end, from_) - from_, 32u);
      let key0 = order[order0 + min(from_ + columnGroup * 4u, max(end, 1u) - 1u)];
      let key1 = order[order0 + min(from_ + columnGroup * 4u + 1u, max(end, 1u) - 1u)];
      let key2 = order[order0 + min(from_ + columnGroup * 4u + 2u, max(end, 1u) - 1u)];
      let key3 = order[order0 + min(from_ + columnGroup * 4u + 3u, max(end, 1u) - 1u)];
      let keyRow0 = (queryHead * shape.headStride + batchItem * shape.itemGap) * 64u + key0 * (shape.rowStride * 64u);
      let keyRow1 = (queryHead * shape.headStride + batchItem * shape.itemGap) * 64u + key1 * (shape.rowStride * 64u);
      let keyRow2 = (queryHead * shape.headStride + batchItem * shape.itemGap) * 64u + key2 * (shape.rowStride * 64u);
      let keyRow3 = (queryHead * shape.headStride + batchItem * shape.itemGap) * 64u + key3 * (shape.rowStride * 64u);
      let inverseNorm0 = inverseNorms[(slice * (shape.heads / shape.kvHeads) + headInGroup) * shape.length + key0];
      let inverseNorm1 = inverseNorms[(slice * (shape.heads / shape.kvHeads) + headInGroup) * shape.length + key1];
      let inverseNorm2 = inverseNorms[(slice * (shape.heads / shape.kvHeads) + headInGroup) * shape.length + key2];
      let inverseNorm3 = inverseNorms[(slice * (shape.heads / shape.kvHeads) + headInGroup) * shape.length + key3];
      var pair_sum1_0 = vec4f(0.0);
      var pair_sum1_1 = vec4f(0.0);
      var pair_sum1_2 = vec4f(0.0);
      var pair_sum1_3 = vec4f(0.0);
      for (var pair_t2 = 0u; pair_t2 < 64u; pair_t2++) {
        let pair_k3 = q[keyRow0 + pair_t2] * inverseNorm0;
        let pair_q4 = vec4f(
          q[queryRow0 + pair_t2],
          q[queryRow1 + pair_t2],
          q[queryRow2 + pair_t2],
          q[queryRow3 + pair_t2],
        );
        let pair_k5 = q[keyRow1 + pair_t2] * inverseNorm1;
        let pair_k6 = q[keyRow2 + pair_t2] * inverseNorm2;
        let pair_k7 = q[keyRow3 + pair_t2] * inverseNorm3;
        pair_sum1_0 += pair_k3 * pair_q4;
        pair_sum1_1 += pair_k5 * pair_q4;
        pair_sum1_2 += pair_k6 * pair_q4;
        pair_sum1_3 += pair_k7 * pair_q4;
      }
      let pair_value8 = 0.18033688 * pair_sum1_0;
      let pair_value9 = 0.18033688 * pair_sum1_1;
      let pair_value10 = 0.18033688 * pair_sum1_2;
      let pair_value11 = 0.18033688 * pair_sum1_3;
      let exponent0 = vec4f(
        select(-1e30, select(pair_value8.x, -144269.5, key0 == query0), from_ + columnGroup * 4u < end),
        select(-1e30, select(pair_value8.y, -144269.5, key0 == query1), from_ + columnGroup * 4u < end),
        select(-1e30, select(pair_value8.z, -144269.5, key0 == query2), from_ + columnGroup * 4u < end),
        select(-1e30, select(pair_value8.w, -144269.5, key0 == query3), from_ + columnGroup * 4u < end),
      );
      let exponent1 = vec4f(
        select(-1e30, select(pair_value9.x, -144269.5, key1 == query0), from_ + columnGroup * 4u + 1u < end),
        select(-1e30, select(pair_value9.y, -144269.5, key1 == query1), from_ + columnGroup * 4u + 1u < end),
        select(-1e30, select(pair_value9.z, -144269.5, key1 == query2), from_ + columnGroup * 4u + 1u < end),
        select(-1e30, select(pair_value9.w, -144269.5, key1 == query3), from_ + columnGroup * 4u + 1u < end),
      );
      let exponent2 = vec4f(
        select(-1e30, select(pair_value10.x, -144269.5, key2 == query0), from_ + columnGroup * 4u + 2u < end),
        select(-1e30, select(pair_value10.y, -144269.5, key2 == query1), from_ + columnGroup * 4u + 2u < end),
        select(-1e30, select(pair_value10.z, -144269.5, key2 == query2), from_ + columnGroup * 4u + 2u < end),
        select(-1e30, select(pair_value10.w, -144269.5, key2 == query3), from_ + columnGroup * 4u + 2u < end),
      );
      let exponent3 = vec4f(
        select(-1e30, select(pair_value11.x, -144269.5, key3 == query0), from_ + columnGroup * 4u + 3u < end),
        select(-1e30, select(pair_value11.y, -144269.5, key3 == query1), from_ + columnGroup * 4u + 3u < end),
        select(-1e30, select(pair_value11.z, -144269.5, key3 == query2), from_ + columnGroup * 4u + 3u < end),
        select(-1e30, select(pair_value11.w, -144269.5, key3 == query3), from_ + columnGroup * 4u + 3u < end),
      );
      exponents[columnGroup * 32u + rowGroup] = exponent0;
      exponents[(columnGroup * 4u + 1u) * 8u + rowGroup] = exponent1;
      exponents[(columnGroup * 4u + 2u) * 8u + rowGroup] = exponent2;
      exponents[(columnGroup * 4u + 3u) * 8u + rowGroup] = exponent3;
      workgroupBarrier();
      let scaleSoFar = rowScale;
      for (var j = 0u; j < here; j++) {
        rowScale = max(rowScale, exponents[j * 8u + rowGroup]);
      }
      let shrink = exp2(scaleSoFar - rowScale);
      total *= shrink;
      sums_0 *= shrink;
      sums_1 *= shrink;
      sums_2 *= shrink;
      sums_3 *= shrink;
      sums_4 *= shrink;
      sums_5 *= shrink;
      sums_6 *= shrink;
      sums_7 *= shrink;
      pairs[columnGroup * 32u + rowGroup] = vec4f(
        select(0.0, exp2(exponent0 - rowScale).x, exponent0.x > -1e30),
        select(0.0, exp2(exponent0 - rowScale).y, exponent0.y > -1e30),
        select(0.0, exp2(exponent0 - rowScale).z, exponent0.z > -1e30),
        select(0.0, exp2(exponent0 - rowScale).w, exponent0.w > -1e30),
      );
      pairs[(columnGroup * 4u + 1u) * 8u + rowGroup] = vec4f(
        select(0.0, exp2(exponent1 - rowScale).x, exponent1.x > -1e30),
        select(0.0, exp2(exponent1 - rowScale).y, exponent1.y > -1e30),
        select(0.0, exp2(exponent1 - rowScale).z, exponent1.z > -1e30),
        select(0.0, exp2(exponent1 - rowScale).w, exponent1.w > -1e30),
      );
      pairs[(columnGroup * 4u + 2u) * 8u + rowGroup] = vec4f(
        select(0.0, exp2(exponent2 - rowScale).x, exponent2.x > -1e30),
        select(0.0, exp2(exponent2 - rowScale).y, exponent2.y > -1e30),
        select(0.0, exp2(exponent2 - rowScale).z, exponent2.z > -1e30),
        select(0.0, exp2(exponent2 - rowScale).w, exponent2.w > -1e30),
      );
      pairs[(columnGroup * 4u + 3u) * 8u + rowGroup] = vec4f(
        select(0.0, exp2(exponent3 - rowScale).x, exponent3.x > -1e30),
        select(0.0, exp2(exponent3 - rowScale).y, exponent3.y > -1e30),
        select(0.0, exp2(exponent3 - rowScale).z, exponent3.z > -1e30),
        select(0.0, exp2(exponent3 - rowScale).w, exponent3.w > -1e30),
      );
      workgroupBarrier();
      for (var j = 0u; j < here; j++) {
        let pair = pairs[j * 8u + rowGroup];
        let valueRow = (keyGroup * shape.keyHeadStride + batchItem * shape.keyItemGap) * 64u + order[order0 + (from_ + j)] * (shape.keyRowStride * 64u);
        total += pair;
        sums_0 += pair * v[valueRow + firstColumn];
        sums_1 += pair * v[valueRow + (firstColumn + 8u)];
        sums_2 += pair * v[valueRow + (firstColumn + 16u)];
        sums_3 += pair * v[valueRow + (firstColumn + 24u)];
        sums_4 += pair * v[valueRow + (firstColumn + 32u)];
        sums_5 += pair * v[valueRow + (firstColumn + 40u)];
        sums_6 += pair * v[valueRow + (firstColumn + 48u)];
        sums_7 += pair * v[valueRow + (firstColumn + 56u)];
      }
    }
    let row0 = firstRow + rowGroup * 4u;
    if (row0 < end) {
      let out0 = (((slice * (shape.heads / shape.kvHeads) + headInGroup) * 2u + round_) * shape.length + order[order0 + row0]) * 66u;
      parts[out0 + firstColumn] = sums_0.x;
      parts[out0 + (firstColumn + 8u)] = sums_1.x;
      parts[out0 + (firstColumn + 16u)] = sums_2.x;
      parts[out0 + (firstColumn + 24u)] = sums_3.x;
      parts[out0 + (firstColumn + 32u)] = sums_4.x;
      parts[out0 + (firstColumn + 40u)] = sums_5.x;
      parts[out0 + (firstColumn + 48u)] = sums_6.x;
      parts[out0 + (firstColumn + 56u)] = sums_7.x;
      if (columnGroup + valueTile == 0u) {
        parts[out0 + 64u] = total.x;
        parts[out0 + 65u] = rowScale.x;
      }
    }
    let row1 = firstRow + rowGroup * 4u + 1u;
    if (row1 < end) {
      let out1 = (((slice * (shape.heads / shape.kvHeads) + headInGroup) * 2u + round_) * shape.length + order[order0 + row1]) * 66u;
      parts[out1 + firstColumn] = sums_0.y;
      parts[out1 + (firstColumn + 8u)] = sums_1.y;
      parts[out1 + (firstColumn + 16u)] = sums_2.y;
      parts[out1 + (firstColumn + 24u)] = sums_3.y;
      parts[out1 + (firstColumn + 32u)] = sums_4.y;
      parts[out1 + (firstColumn + 40u)] = sums_5.y;
      parts[out1 + (firstColumn + 48u)] = sums_6.y;
      parts[out1 + (firstColumn + 56u)] = sums_7.y;
      if (columnGroup + valueTile == 0u) {
        parts[out1 + 64u] = total.y;
        parts[out1 + 65u] = rowScale.y;
      }
    }
    let row2 = firstRow + rowGroup * 4u + 2u;
    if (row2 < end) {
      let out2 = (((slice * (shape.heads / shape.kvHeads) + headInGroup) * 2u + round_) * shape.length + order[order0 + row2]) * 66u;
      parts[out2 + firstColumn] = sums_0.z;
      parts[out2 + (firstColumn + 8u)] = sums_1.z;
      parts[out2 + (firstColumn + 16u)] = sums_2.z;
      parts[out2 + (firstColumn + 24u)] = sums_3.z;
      parts[out2 + (firstColumn + 32u)] = sums_4.z;
      parts[out2 + (firstColumn + 40u)] = sums_5.z;
      parts[out2 + (firstColumn + 48u)] = sums_6.z;
      parts[out2 + (firstColumn + 56u)] = sums_7.z;
      if (columnGroup + valueTile == 0u) {
        parts[out2 + 64u] = total.z;
        parts[out2 + 65u] = rowScale.z;
      }
    }
    let row3 = firstRow + rowGroup * 4u + 3u;
    if (row3 < end) {
      let out3 = (((slice * (shape.heads / shape.kvHeads) + headInGroup) * 2u + round_) * shape.length + order[order0 + row3]) * 66u;
      parts[out3 + firstColumn] = sums_0.w;
      parts[out3 + (firstColumn + 8u)] = sums_1.w;
      parts[out3 + (firstColumn + 16u)] = sums_2.w;
      parts[out3 + (firstColumn + 24u)] = sums_3.w;
      parts[out3 + (firstColumn + 32u)] = sums_4.w;
      parts[out3 + (firstColumn + 40u)] = sums_5.w;
      parts[out3 + (firstColumn + 48u)] = sums_6.w;
      parts[out3 + (firstColumn + 56u)] = sums_7.w;
      if (columnGroup + valueTile == 0u) {
        parts[out3 + 64u] = total.w;
        parts[out3 + 65u] = rowScale.w;
      }
    }
  }
}
