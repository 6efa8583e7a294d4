// finish: Each row: φ(q)·S of the chunks before, plus the pairs of its own chunk, over φ(q)·z likewise.
// 256 threads a workgroup, 13760 bytes of workgroup memory
// reads q, k, v, projected, lengths, state; writes out

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
@group(0) @binding(3) var<storage, read> v: array<vec4f>;
@group(0) @binding(4) var<storage, read> projected: array<f32>;
@group(0) @binding(5) var<storage, read> lengths: array<u32>;
@group(0) @binding(6) var<storage, read> state: array<vec4f>;
@group(0) @binding(7) var<storage, read_write> out: array<vec4f>;

var<workgroup> tile: array<vec4f, 792>;
var<workgroup> scales: array<f32, 136>;
var<workgroup> ofState: array<f32, 136>;

// yes where a is at most b, else no
fn atMost_vec4f(a: vec4f, b: vec4f, yes: vec4f, no: vec4f) -> vec4f {
  return select(no, yes, a <= b);
}

@compute @workgroup_size(256, 1, 1)
fn finish(
  @builtin(local_invocation_index) thread: u32,
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(num_workgroups) workgroup_counts: vec3u,
) {
  let workgroup = workgroup_id.x + workgroup_id.y * workgroup_counts.x;
  if (workgroup >= shape.sliceCount * ((shape.heads + shape.kvHeads - 1u) / shape.kvHeads) * ((shape.length + 127u) / 128u)) {
    return;
  }
  // 1, which no compiler knows: loops up to a multiple of it are not written out
  let unknownOne = min(shape.sliceCount, 1u);
  let valueTile = 0u;
  let rowTile = workgroup % ((shape.length + 127u) / 128u);
  let rest2 = workgroup / ((shape.length + 127u) / 128u);
  let headInGroup = rest2 % (shape.heads / shape.kvHeads);
  let slice = rest2 / (shape.heads / shape.kvHeads);
  let group = shape.sliceStart + slice;
  let batchItem = group / shape.kvHeads;
  let keyGroup = group;
  let visible = min(lengths[batchItem], shape.keyLength);
  let queryHead = group * (shape.heads / shape.kvHeads) + headInGroup;
  let rowGroup = thread / 16u;
  let columnGroup = thread % 16u;
  let firstColumns = valueTile * 16u + columnGroup;
  let firstRow = rowTile * 128u;
  let keys = min(max(visible, firstRow) - firstRow, 128u);
  let stateStart = (slice * shape.chunks + rowTile) * 17152u;
  let keyCount = f32(keys);
  let firstNumber = f32(rowGroup * 8u);
  let stateFours = stateStart / 4u;
  var sums_0 = vec4f(0.0);
  var sums_1 = vec4f(0.0);
  var sums_2 = vec4f(0.0);
  var sums_3 = vec4f(0.0);
  var sums_4 = vec4f(0.0);
  var sums_5 = vec4f(0.0);
  var sums_6 = vec4f(0.0);
  var sums_7 = vec4f(0.0);
  var totals_0 = vec4f(0.0);
  var totals_1 = vec4f(0.0);
  var rowScale_0 = vec4f(-1e30);
  var rowScale_1 = vec4f(-1e30);
  let farPair = thread / 32u;
  let farBlock = thread % 32u;
  let farOfFirst = farPair * 2u;
  let farGroup = select(15u - farPair, farPair, farBlock < farOfFirst);
  let blockOfGroup = select(farBlock - farOfFirst, farBlock, farBlock < farOfFirst);
  let farKeys = min(blockOfGroup, 31u);
  let farRows = farGroup * 2u;
  var far_0 = vec4f(0.0);
  var far_1 = vec4f(0.0);
  var far_2 = vec4f(0.0);
  var far_3 = vec4f(0.0);
  var far_4 = vec4f(0.0);
  var far_5 = vec4f(0.0);
  var far_6 = vec4f(0.0);
  var far_7 = vec4f(0.0);
  var farScale_0 = vec4f(-1e30);
  var farScale_1 = vec4f(-1e30);
  let nearPair = thread % 64u;
  let nearRows = nearPair / 2u;
  let nearKeysOfGroup = nearRows / 2u * 2u + nearPair % 2u;
  let nearSet = thread / 64u;
  var near_0 = vec4f(0.0);
  var near_1 = vec4f(0.0);
  var near_2 = vec4f(0.0);
  var near_3 = vec4f(0.0);
  var nearScale = vec4f(-1e30);
  let q0Row0 = min(firstRow + rowGroup * 8u, max(shape.length, 1u) - 1u);
  let q0Row1 = min(firstRow + rowGroup * 8u + 1u, max(shape.length, 1u) - 1u);
  let q0Row2 = min(firstRow + rowGroup * 8u + 2u, max(shape.length, 1u) - 1u);
  let q0Row3 = min(firstRow + rowGroup * 8u + 3u, max(shape.length, 1u) - 1u);
  let q0Start0 = (queryHead * shape.headStride + batchItem * shape.itemGap) * 64u + q0Row0 * (shape.rowStride * 64u);
  let q0Start1 = (queryHead * shape.headStride + batchItem * shape.itemGap) * 64u + q0Row1 * (shape.rowStride * 64u);
  let q0Start2 = (queryHead * shape.headStride + batchItem * shape.itemGap) * 64u + q0Row2 * (shape.rowStride * 64u);
  let q0Start3 = (queryHead * shape.headStride + batchItem * shape.itemGap) * 64u + q0Row3 * (shape.rowStride * 64u);
  let q0Projected0 = (slice * (shape.heads / shape.kvHeads * shape.length + shape.keyLength) + headInGroup * shape.length + q0Row0) * 256u;
  let q0Projected1 = (slice * (shape.heads / shape.kvHeads * shape.length + shape.keyLength) + headInGroup * shape.length + q0Row1) * 256u;
  let q0Projected2 = (slice * (shape.heads / shape.kvHeads * shape.length + shape.keyLength) + headInGroup * shape.length + q0Row2) * 256u;
  let q0Projected3 = (slice * (shape.heads / shape.kvHeads * shape.length + shape.keyLength) + headInGroup * shape.length + q0Row3) * 256u;
  var q0Rows_sum1 = vec4f(0.0);
  for (var q0Rows_t2 = 0u; q0Rows_t2 < 64u; q0Rows_t2++) {
    let q0Rows_x3 = vec4f(
      q[q0Start0 + q0Rows_t2],
      q[q0Start1 + q0Rows_t2],
      q[q0Start2 + q0Rows_t2],
      q[q0Start3 + q0Rows_t2],
    );
    q0Rows_sum1 += q0Rows_x3 * q0Rows_x3;
  }
  let q1Row0 = min(firstRow + (rowGroup * 2u + 1u) * 4u, max(shape.length, 1u) - 1u);
  let q1Row1 = min(firstRow + (rowGroup * 2u + 1u) * 4u + 1u, max(shape.length, 1u) - 1u);
  let q1Row2 = min(firstRow + (rowGroup * 2u + 1u) * 4u + 2u, max(shape.length, 1u) - 1u);
  let q1Row3 = min(firstRow + (rowGroup * 2u + 1u) * 4u + 3u, max(shape.length, 1u) - 1u);
  let q1Start0 = (queryHead * shape.headStride + batchItem * shape.itemGap) * 64u + q1Row0 * (shape.rowStride * 64u);
  let q1Start1 = (queryHead * shape.headStride + batchItem * shape.itemGap) * 64u + q1Row1 * (shape.rowStride * 64u);
  let q1Start2 = (queryHead * shape.headStride + batchItem * shape.itemGap) * 64u + q1Row2 * (shape.rowStride * 64u);
  let q1Start3 = (queryHead * shape.headStride + batchItem * shape.itemGap) * 64u + q1Row3 * (shape.rowStride * 64u);
  let q1Projected0 = (slice * (shape.heads / shape.kvHeads * shape.length + shape.keyLength) + headInGroup * shape.length + q1Row0) * 256u;
  let q1Projected1 = (slice * (shape.heads / shape.kvHeads * shape.length + shape.keyLength) + headInGroup * shape.length + q1Row1) * 256u;
  let q1Projected2 = (slice * (shape.heads / shape.kvHeads * shape.length + shape.keyLength) + headInGroup * shape.length + q1Row2) * 256u;
  let q1Projected3 = (slice * (shape.heads / shape.kvHeads * shape.length + shape.keyLength) + headInGroup * shape.length + q1Row3) * 256u;
  var q1Rows_sum1 = vec4f(0.0);
  for (var q1Rows_t2 = 0u; q1Rows_t2 < 64u; q1Rows_t2++) {
    let q1Rows_x3 = vec4f(
      q[q1Start0 + q1Rows_t2],
      q[q1Start1 + q1Rows_t2],
      q[q1Start2 + q1Rows_t2],
      q[q1Start3 + q1Rows_t2],
    );
    q1Rows_sum1 += q1Rows_x3 * q1Rows_x3;
  }
  let k0Row0 = min(firstRow + rowGroup * 8u, max(visible, 1u) - 1u);
  let k0Row1 = min(firstRow + rowGroup * 8u + 1u, max(visible, 1u) - 1u);
  let k0Row2 = min(firstRow + rowGroup * 8u + 2u, max(visible, 1u) - 1u);
  let k0Row3 = min(firstRow + rowGroup * 8u + 3u, max(visible, 1u) - 1u);
  let k0Start0 = (keyGroup * shape.keyHeadStride + batchItem * shape.keyItemGap) * 64u + k0Row0 * (shape.keyRowStride * 64u);
  let k0Start1 = (keyGroup * shape.keyHeadStride + batchItem * shape.keyItemGap) * 64u + k0Row1 * (shape.keyRowStride * 64u);
  let k0Start2 = (keyGroup * shape.keyHeadStride + batchItem * shape.keyItemGap) * 64u + k0Row2 * (shape.keyRowStride * 64u);
  let k0Start3 = (keyGroup * shape.keyHeadStride + batchItem * shape.keyItemGap) * 64u + k0Row3 * (shape.keyRowStride * 64u);
  let k0Projected0 = (slice * (shape.heads / shape.kvHeads * shape.length + shape.keyLength) + shape.heads / shape.kvHeads * shape.length + k0Row0) * 256u;
  let k0Projected1 = (slice * (shape.heads / shape.kvHeads * shape.length + shape.keyLength) + shape.heads / shape.kvHeads * shape.length + k0Row1) * 256u;
  let k0Projected2 = (slice * (shape.heads / shape.kvHeads * shape.length + shape.keyLength) + shape.heads / shape.kvHeads * shape.length + k0Row2) * 256u;
  let k0Projected3 = (slice * (shape.heads / shape.kvHeads * shape.length + shape.keyLength) + shape.heads / shape.kvHeads * shape.length + k0Row3) * 256u;
  var k0Rows_sum1 = vec4f(0.0);
  for (var k0Rows_t2 = 0u; k0Rows_t2 < 64u; k0Rows_t2++) {
    let k0Rows_x3 = vec4f(
      k[k0Start0 + k0Rows_t2],
      k[k0Start1 + k0Rows_t2],
      k[k0Start2 + k0Rows_t2],
      k[k0Start3 + k0Rows_t2],
    );
    k0Rows_sum1 += k0Rows_x3 * k0Rows_x3;
  }
  let k1Row0 = min(firstRow + (rowGroup * 2u + 1u) * 4u, max(visible, 1u) - 1u);
  let k1Row1 = min(firstRow + (rowGroup * 2u + 1u) * 4u + 1u, max(visible, 1u) - 1u);
  let k1Row2 = min(firstRow + (rowGroup * 2u + 1u) * 4u + 2u, max(visible, 1u) - 1u);
  let k1Row3 = min(firstRow + (rowGroup * 2u + 1u) * 4u + 3u, max(visible, 1u) - 1u);
  let k1Start0 = (keyGroup * shape.keyHeadStride + batchItem * shape.keyItemGap) * 64u + k1Row0 * (shape.keyRowStride * 64u);
  let k1Start1 = (keyGroup * shape.keyHeadStride + batchItem * shape.keyItemGap) * 64u + k1Row1 * (shape.keyRowStride * 64u);
  let k1Start2 = (keyGroup * shape.keyHeadStride + batchItem * shape.keyItemGap) * 64u + k1Row2 * (shape.keyRowStride * 64u);
  let k1Start3 = (keyGroup * shape.keyHeadStride + batchItem * shape.keyItemGap) * 64u + k1Row3 * (shape.keyRowStride * 64u);
  let k1Projected0 = (slice * (shape.heads / shape.kvHeads * shape.length + shape.keyLength) + shape.heads / shape.kvHeads * shape.length + k1Row0) * 256u;
  let k1Projected1 = (slice * (shape.heads / shape.kvHeads * shape.length + shape.keyLength) + shape.heads / shape.kvHeads * shape.length + k1Row1) * 256u;
  let k1Projected2 = (slice * (shape.heads / shape.kvHeads * shape.length + shape.keyLength) + shape.heads / shape.kvHeads * shape.length + k1Row2) * 256u;
  let k1Projected3 = (slice * (shape.heads / shape.kvHeads * shape.length + shape.keyLength) + shape.heads / shape.kvHeads * shape.length + k1Row3) * 256u;
  var k1Rows_sum1 = vec4f(0.0);
  for (var k1Rows_t2 = 0u; k1Rows_t2 < 64u; k1Rows_t2++) {
    let k1Rows_x3 = vec4f(
      k[k1Start0 + k1Rows_t2],
      k[k1Start1 + k1Rows_t2],
      k[k1Start2 + k1Rows_t2],
      k[k1Start3 + k1Rows_t2],
    );
    k1Rows_sum1 += k1Rows_x3 * k1Rows_x3;
  }
  for (var components0 = 0u; components0 < 256u * unknownOne; components0 += 64u) {
    let count = min(max(256u, components0) - components0, 64u);
    let firstFeature = components0;
    var ofQuery_0 = vec4f(0.0);
    var ofQuery_1 = vec4f(0.0);
    var ofQuery_2 = vec4f(0.0);
    var ofQuery_3 = vec4f(0.0);
    var ofQuery_4 = vec4f(0.0);
    var ofQuery_5 = vec4f(0.0);
    var ofQuery_6 = vec4f(0.0);
    var ofQuery_7 = vec4f(0.0);
    {
      let q0Component0 = components0 + columnGroup;
      let q0Component1 = components0 + (columnGroup + 16u);
      let q0Component2 = components0 + (columnGroup + 32u);
      let q0Component3 = components0 + (columnGroup + 48u);
      let q0_projected1 = vec4f(
        projected[q0Projected0 + q0Component0],
        projected[q0Projected1 + q0Component0],
        projected[q0Projected2 + q0Component0],
        projected[q0Projected3 + q0Component0],
      );
      let q0_value2 = 1.442695 * (0.35355338 * q0_projected1 - 0.0625 * q0Rows_sum1) - 4.0;
      let q0_projected3 = vec4f(
        projected[q0Projected0 + q0Component1],
        projected[q0Projected1 + q0Component1],
        projected[q0Projected2 + q0Component1],
        projected[q0Projected3 + q0Component1],
      );
      let q0_value4 = 1.442695 * (0.35355338 * q0_projected3 - 0.0625 * q0Rows_sum1) - 4.0;
      let q0_projected5 = vec4f(
        projected[q0Projected0 + q0Component2],
        projected[q0Projected1 + q0Component2],
        projected[q0Projected2 + q0Component2],
        projected[q0Projected3 + q0Component2],
      );
      let q0_value6 = 1.442695 * (0.35355338 * q0_projected5 - 0.0625 * q0Rows_sum1) - 4.0;
      let q0_projected7 = vec4f(
        projected[q0Projected0 + q0Component3],
        projected[q0Projected1 + q0Component3],
        projected[q0Projected2 + q0Component3],
        projected[q0Projected3 + q0Component3],
      );
      let q0_value8 = 1.442695 * (0.35355338 * q0_projected7 - 0.0625 * q0Rows_sum1) - 4.0;
      let q1Component0 = components0 + columnGroup;
      let q1Component1 = components0 + (columnGroup + 16u);
      let q1Component2 = components0 + (columnGroup + 32u);
      let q1Component3 = components0 + (columnGroup + 48u);
      let q1_projected1 = vec4f(
        projected[q1Projected0 + q1Component0],
        projected[q1Projected1 + q1Component0],
        projected[q1Projected2 + q1Component0],
        projected[q1Projected3 + q1Component0],
      );
      let q1_value2 = 1.442695 * (0.35355338 * q1_projected1 - 0.0625 * q1Rows_sum1) - 4.0;
      let q1_projected3 = vec4f(
        projected[q1Projected0 + q1Component1],
        projected[q1Projected1 + q1Component1],
        projected[q1Projected2 + q1Component1],
        projected[q1Projected3 + q1Component1],
      );
      let q1_value4 = 1.442695 * (0.35355338 * q1_projected3 - 0.0625 * q1Rows_sum1) - 4.0;
      let q1_projected5 = vec4f(
        projected[q1Projected0 + q1Component2],
        projected[q1Projected1 + q1Component2],
        projected[q1Projected2 + q1Component2],
        projected[q1Projected3 + q1Component2],
      );
      let q1_value6 = 1.442695 * (0.35355338 * q1_projected5 - 0.0625 * q1Rows_sum1) - 4.0;
      let q1_projected7 = vec4f(
        projected[q1Projected0 + q1Component3],
        projected[q1Projected1 + q1Component3],
        projected[q1Projected2 + q1Component3],
        projected[q1Projected3 + q1Component3],
      );
      let q1_value8 = 1.442695 * (0.35355338 * q1_projected7 - 0.0625 * q1Rows_sum1) - 4.0;
      ofQuery_0 = q0_value2;
      ofQuery_1 = q0_value4;
      ofQuery_2 = q0_value6;
      ofQuery_3 = q0_value8;
      ofQuery_4 = q1_value2;
      ofQuery_5 = q1_value4;
      ofQuery_6 = q1_value6;
      ofQuery_7 = q1_value8;
    }
    var ofKey_0 = vec4f(0.0);
    var ofKey_1 = vec4f(0.0);
    var ofKey_2 = vec4f(0.0);
    var ofKey_3 = vec4f(0.0);
    var ofKey_4 = vec4f(0.0);
    var ofKey_5 = vec4f(0.0);
    var ofKey_6 = vec4f(0.0);
    var ofKey_7 = vec4f(0.0);
    {
      let k0Component0 = components0 + columnGroup;
      let k0Component1 = components0 + (columnGroup + 16u);
      let k0Component2 = components0 + (columnGroup + 32u);
      let k0Component3 = components0 + (columnGroup + 48u);
      let k0_projected1 = vec4f(
        projected[k0Projected0 + k0Component0],
        projected[k0Projected1 + k0Component0],
        projected[k0Projected2 + k0Component0],
        projected[k0Projected3 + k0Component0],
      );
      let k0_value2 = 1.442695 * (0.35355338 * k0_projected1 - 0.0625 * k0Rows_sum1) - 4.0;
      let k0_projected3 = vec4f(
        projected[k0Projected0 + k0Component1],
        projected[k0Projected1 + k0Component1],
        projected[k0Projected2 + k0Component1],
        projected[k0Projected3 + k0Component1],
      );
      let k0_value4 = 1.442695 * (0.35355338 * k0_projected3 - 0.0625 * k0Rows_sum1) - 4.0;
      let k0_projected5 = vec4f(
        projected[k0Projected0 + k0Component2],
        projected[k0Projected1 + k0Component2],
        projected[k0Projected2 + k0Component2],
        projected[k0Projected3 + k0Component2],
      );
      let k0_value6 = 1.442695 * (0.35355338 * k0_projected5 - 0.0625 * k0Rows_sum1) - 4.0;
      let k0_projected7 = vec4f(
        projected[k0Projected0 + k0Component3],
        projected[k0Projected1 + k0Component3],
        projected[k0Projected2 + k0Component3],
        projected[k0Projected3 + k0Component3],
      );
      let k0_value8 = 1.442695 * (0.35355338 * k0_projected7 - 0.0625 * k0Rows_sum1) - 4.0;
      let k1Component0 = components0 + columnGroup;
      let k1Component1 = components0 + (columnGroup + 16u);
      let k1Component2 = components0 + (columnGroup + 32u);
      let k1Component3 = components0 + (columnGroup + 48u);
      let k1_projected1 = vec4f(
        projected[k1Projected0 + k1Component0],
        projected[k1Projected1 + k1Component0],
        projected[k1Projected2 + k1Component0],
        projected[k1Projected3 + k1Component0],
      );
      let k1_value2 = 1.442695 * (0.35355338 * k1_projected1 - 0.0625 * k1Rows_sum1) - 4.0;
      let k1_projected3 = vec4f(
        projected[k1Projected0 + k1Component1],
        projected[k1Projected1 + k1Component1],
        projected[k1Projected2 + k1Component1],
        projected[k1Projected3 + k1Component1],
      );
      let k1_value4 = 1.442695 * (0.35355338 * k1_projected3 - 0.0625 * k1Rows_sum1) - 4.0;
      let k1_projected5 = vec4f(
        projected[k1Projected0 + k1Component2],
        projected[k1Projected1 + k1Component2],
        projected[k1Projected2 + k1Component2],
        projected[k1Projected3 + k1Component2],
      );
      let k1_value6 = 1.442695 * (0.35355338 * k1_projected5 - 0.0625 * k1Rows_sum1) - 4.0;
      let k1_projected7 = vec4f(
        projected[k1Projected0 + k1Component3],
        projected[k1Projected1 + k1Component3],
        projected[k1Projected2 + k1Component3],
        projected[k1Projected3 + k1Component3],
      );
      let k1_value8 = 1.442695 * (0.35355338 * k1_projected7 - 0.0625 * k1Rows_sum1) - 4.0;
      ofKey_0 = atMost_vec4f(
        firstNumber + vec4f(1.0, 2.0, 3.0, 4.0),
        vec4f(keyCount),
        k0_value2,
        vec4f(-1e30),
      );
      ofKey_1 = atMost_vec4f(
        firstNumber + vec4f(1.0, 2.0, 3.0, 4.0),
        vec4f(keyCount),
        k0_value4,
        vec4f(-1e30),
      );
      ofKey_2 = atMost_vec4f(
        firstNumber + vec4f(1.0, 2.0, 3.0, 4.0),
        vec4f(keyCount),
        k0_value6,
        vec4f(-1e30),
      );
      ofKey_3 = atMost_vec4f(
        firstNumber + vec4f(1.0, 2.0, 3.0, 4.0),
        vec4f(keyCount),
        k0_value8,
        vec4f(-1e30),
      );
      ofKey_4 = atMost_vec4f(
        firstNumber + vec4f(5.0, 6.0, 7.0, 8.0),
        vec4f(keyCount),
        k1_value2,
        vec4f(-1e30),
      );
      ofKey_5 = atMost_vec4f(
        firstNumber + vec4f(5.0, 6.0, 7.0, 8.0),
        vec4f(keyCount),
        k1_value4,
        vec4f(-1e30),
      );
      ofKey_6 = atMost_vec4f(
        firstNumber + vec4f(5.0, 6.0, 7.0, 8.0),
        vec4f(keyCount),
        k1_value6,
        vec4f(-1e30),
      );
      ofKey_7 = atMost_vec4f(
        firstNumber + vec4f(5.0, 6.0, 7.0, 8.0),
        vec4f(keyCount),
        k1_value8,
        vec4f(-1e30),
      );
    }
    // scales of the features down the rows, then of the rows
    let stateScale = vec4f(
      state[(stateStart + 16896u + (firstFeature + min(
        columnGroup,
        count - 1u,
      ))) / 4u][(stateStart + 16896u + (firstFeature + min(columnGroup, count - 1u))) % 4u],
      state[(stateStart + 16896u + (firstFeature + min(
        columnGroup + 16u,
        count - 1u,
      ))) / 4u][(stateStart + 16896u + (firstFeature + min(columnGroup + 16u, count - 1u))) % 4u],
      state[(stateStart + 16896u + (firstFeature + min(
        columnGroup + 32u,
        count - 1u,
      ))) / 4u][(stateStart + 16896u + (firstFeature + min(columnGroup + 32u, count - 1u))) % 4u],
      state[(stateStart + 16896u + (firstFeature + min(
        columnGroup + 48u,
        count - 1u,
      ))) / 4u][(stateStart + 16896u + (firstFeature + min(columnGroup + 48u, count - 1u))) % 4u],
    );
    let keyOfRow0 = vec4f(ofKey_0.x, ofKey_1.x, ofKey_2.x, ofKey_3.x);
    let keyOfRow1 = vec4f(ofKey_0.y, ofKey_1.y, ofKey_2.y, ofKey_3.y);
    let keyOfRow2 = vec4f(ofKey_0.z, ofKey_1.z, ofKey_2.z, ofKey_3.z);
    let keyOfRow3 = vec4f(ofKey_0.w, ofKey_1.w, ofKey_2.w, ofKey_3.w);
    let keyOfRow4 = vec4f(ofKey_4.x, ofKey_5.x, ofKey_6.x, ofKey_7.x);
    let keyOfRow5 = vec4f(ofKey_4.y, ofKey_5.y, ofKey_6.y, ofKey_7.y);
    let keyOfRow6 = vec4f(ofKey_4.z, ofKey_5.z, ofKey_6.z, ofKey_7.z);
    let keyOfRow7 = vec4f(ofKey_4.w, ofKey_5.w, ofKey_6.w, ofKey_7.w);
    tile[columnGroup * 17u + rowGroup] = max(
      max(
        max(max(max(max(max(keyOfRow0, keyOfRow1), keyOfRow2), keyOfRow3), keyOfRow4), keyOfRow5),
        keyOfRow6,
      ),
      keyOfRow7,
    );
    workgroupBarrier();
    var groupScale = stateScale;
    for (var earlier = 0u; earlier < rowGroup; earlier++) {
      groupScale = max(groupScale, tile[columnGroup * 17u + earlier]);
    }
    workgroupBarrier();
    let upTo0 = max(groupScale, keyOfRow0);
    let sumOfRow0 = vec4f(ofQuery_0.x, ofQuery_1.x, ofQuery_2.x, ofQuery_3.x) + upTo0;
    let upTo1 = max(upTo0, keyOfRow1);
    let sumOfRow1 = vec4f(ofQuery_0.y, ofQuery_1.y, ofQuery_2.y, ofQuery_3.y) + upTo1;
    let upTo2 = max(upTo1, keyOfRow2);
    let sumOfRow2 = vec4f(ofQuery_0.z, ofQuery_1.z, ofQuery_2.z, ofQuery_3.z) + upTo2;
    let upTo3 = max(upTo2, keyOfRow3);
    let sumOfRow3 = vec4f(ofQuery_0.w, ofQuery_1.w, ofQuery_2.w, ofQuery_3.w) + upTo3;
    let upTo4 = max(upTo3, keyOfRow4);
    let sumOfRow4 = vec4f(ofQuery_4.x, ofQuery_5.x, ofQuery_6.x, ofQuery_7.x) + upTo4;
    let upTo5 = max(upTo4, keyOfRow5);
    let sumOfRow5 = vec4f(ofQuery_4.y, ofQuery_5.y, ofQuery_6.y, ofQuery_7.y) + upTo5;
    let upTo6 = max(upTo5, keyOfRow6);
    let sumOfRow6 = vec4f(ofQuery_4.z, ofQuery_5.z, ofQuery_6.z, ofQuery_7.z) + upTo6;
    let upTo7 = max(upTo6, keyOfRow7);
    let sumOfRow7 = vec4f(ofQuery_4.w, ofQuery_5.w, ofQuery_6.w, ofQuery_7.w) + upTo7;
    tile[columnGroup * 33u + rowGroup * 2u] = vec4f(
      max(max(sumOfRow0.x, sumOfRow0.y), max(sumOfRow0.z, sumOfRow0.w)),
      max(max(sumOfRow1.x, sumOfRow1.y), max(sumOfRow1.z, sumOfRow1.w)),
      max(max(sumOfRow2.x, sumOfRow2.y), max(sumOfRow2.z, sumOfRow2.w)),
      max(max(sumOfRow3.x, sumOfRow3.y), max(sumOfRow3.z, sumOfRow3.w)),
    );
    tile[columnGroup * 33u + rowGroup * 2u + 1u] = vec4f(
      max(max(sumOfRow4.x, sumOfRow4.y), max(sumOfRow4.z, sumOfRow4.w)),
      max(max(sumOfRow5.x, sumOfRow5.y), max(sumOfRow5.z, sumOfRow5.w)),
      max(max(sumOfRow6.x, sumOfRow6.y), max(sumOfRow6.z, sumOfRow6.w)),
      max(max(sumOfRow7.x, sumOfRow7.y), max(sumOfRow7.z, sumOfRow7.w)),
    );
    workgroupBarrier();
    let scaleSoFar0 = rowScale_0;
    let scaleSoFar1 = rowScale_1;
    let scaleSoFar2 = farScale_0;
    let scaleSoFar3 = farScale_1;
    let scaleSoFar4 = nearScale;
    for (var other = 0u; other < 16u * unknownOne; other++) {
      rowScale_0 = max(rowScale_0, tile[other * 33u + rowGroup * 2u]);
      rowScale_1 = max(rowScale_1, tile[other * 33u + rowGroup * 2u + 1u]);
      farScale_0 = max(farScale_0, tile[other * 33u + farRows]);
      farScale_1 = max(farScale_1, tile[other * 33u + farRows + 1u]);
      nearScale = max(nearScale, tile[other * 33u + nearRows]);
    }
    let shrink0 = exp2(scaleSoFar0 - rowScale_0);
    sums_0 *= shrink0;
    sums_1 *= shrink0;
    sums_2 *= shrink0;
    sums_3 *= shrink0;
    totals_0 *= shrink0;
    let shrink1 = exp2(scaleSoFar1 - rowScale_1);
    sums_4 *= shrink1;
    sums_5 *= shrink1;
    sums_6 *= shrink1;
    sums_7 *= shrink1;
    totals_1 *= shrink1;
    let shrink2 = exp2(scaleSoFar2 - farScale_0);
    far_0 *= shrink2;
    far_1 *= shrink2;
    far_2 *= shrink2;
    far_3 *= shrink2;
    let shrink3 = exp2(scaleSoFar3 - farScale_1);
    far_4 *= shrink3;
    far_5 *= shrink3;
    far_6 *= shrink3;
    far_7 *= shrink3;
    let shrink4 = exp2(scaleSoFar4 - nearScale);
    near_0 *= shrink4;
    near_1 *= shrink4;
    near_2 *= shrink4;
    near_3 *= shrink4;
    workgroupBarrier();
    for (var panel = 0u; panel < (count + 7u) / 8u; panel++) {
      let firstOfPanel = panel * 8u;
      let itemOfPanel = panel / 2u;
      if (columnGroup / 8u == panel % 2u) {
        let componentOfPanel = columnGroup % 8u;
        var query0 = ofQuery_0;
        var query1 = ofQuery_4;
        var key0 = ofKey_0;
        var key1 = ofKey_4;
        var scaleOfGroup = groupScale.x;
        var scaleOfState = stateScale.x;
        if (itemOfPanel == 1u) {
          query0 = ofQuery_1;
          query1 = ofQuery_5;
          key0 = ofKey_1;
          key1 = ofKey_5;
          scaleOfGroup = groupScale.y;
          scaleOfState = stateScale.y;
        }
        if (itemOfPanel == 2u) {
          query0 = ofQuery_2;
          query1 = ofQuery_6;
          key0 = ofKey_2;
          key1 = ofKey_6;
          scaleOfGroup = groupScale.z;
          scaleOfState = stateScale.z;
        }
        if (itemOfPanel == 3u) {
          query0 = ofQuery_3;
          query1 = ofQuery_7;
          key0 = ofKey_3;
          key1 = ofKey_7;
          scaleOfGroup = groupScale.w;
          scaleOfState = stateScale.w;
        }
        let relative0 = query0 - rowScale_0;
        let relative1 = query1 - rowScale_1;
        let powers0 = exp2(relative0 + scaleOfGroup);
        let powers1 = exp2(relative1 + scaleOfGroup);
        let stateWeight = exp2(scaleOfState - scaleOfGroup);
        scales[componentOfPanel * 17u + rowGroup] = scaleOfGroup;
        ofState[componentOfPanel * 17u + rowGroup] = stateWeight;
        tile[componentOfPanel * 33u + rowGroup * 2u + 528u] = relative0;
        tile[componentOfPanel * 33u + rowGroup * 2u + 529u] = relative1;
        tile[componentOfPanel * 33u + rowGroup * 2u] = powers0;
        tile[componentOfPanel * 33u + rowGroup * 2u + 1u] = powers1;
        let z = state[(stateStart + 16384u + (firstFeature + firstOfPanel + componentOfPanel)) / 4u][(stateStart + 16384u + (firstFeature + firstOfPanel + componentOfPanel)) % 4u] * stateWeight;
        totals_0 += powers0 * z;
        totals_1 += powers1 * z;
        tile[componentOfPanel * 33u + rowGroup * 2u + 264u] = key0;
        tile[componentOfPanel * 33u + rowGroup * 2u + 265u] = key1;
      }
      workgroupBarrier();
      for (var f = 0u; f < 8u; f++) {
        let weight0 = tile[f * 33u + rowGroup * 2u];
        let weight1 = tile[f * 33u + rowGroup * 2u + 1u];
        let weightOfState = ofState[f * 17u + rowGroup];
        let rowStart = stateFours + (firstFeature + firstOfPanel + f) * 16u + firstColumns;
        let columns0 = state[rowStart];
        let entry0 = columns0.x * weightOfState;
        let entry1 = columns0.y * weightOfState;
        let entry2 = columns0.z * weightOfState;
        let entry3 = columns0.w * weightOfState;
        sums_0 += weight0 * entry0;
        sums_1 += weight0 * entry1;
        sums_2 += weight0 * entry2;
        sums_3 += weight0 * entry3;
        sums_4 += weight1 * entry0;
        sums_5 += weight1 * entry1;
        sums_6 += weight1 * entry2;
        sums_7 += weight1 * entry3;
        let farWeight0 = tile[f * 33u + farRows];
        let farWeight1 = tile[f * 33u + farRows + 1u];
        let farKeysLoaded = tile[f * 33u + farKeys + 264u];
        let ofKeys = exp2(farKeysLoaded - scales[f * 17u + farGroup]);
        far_0 += farWeight0 * ofKeys.x;
        far_4 += farWeight1 * ofKeys.x;
        far_1 += farWeight0 * ofKeys.y;
        far_5 += farWeight1 * ofKeys.y;
        far_2 += farWeight0 * ofKeys.z;
        far_6 += farWeight1 * ofKeys.z;
        far_3 += farWeight0 * ofKeys.w;
        far_7 += farWeight1 * ofKeys.w;
      }
      // pairs inside row groups
      for (var own = nearSet; own < 8u; own += 4u) {
        let nearQueries = tile[own * 33u + nearRows + 528u];
        let nearKeys = tile[own * 33u + nearKeysOfGroup + 264u];
        near_0 += exp2(nearQueries + nearKeys.x);
        near_1 += exp2(nearQueries + nearKeys.y);
        near_2 += exp2(nearQueries + nearKeys.z);
        near_3 += exp2(nearQueries + nearKeys.w);
      }
      workgroupBarrier();
    }
  }
  // denominators, of which a thread has what its components give
  tile[columnGroup * 33u + rowGroup * 2u] = totals_0;
  tile[columnGroup * 33u + rowGroup * 2u + 1u] = totals_1;
  workgroupBarrier();
  totals_0 = vec4f(0.0);
  totals_1 = vec4f(0.0);
  for (var other = 0u; other < 16u * unknownOne; other += 2u) {
    totals_0 += tile[other * 33u + rowGroup * 2u];
    totals_1 += tile[other * 33u + rowGroup * 2u + 1u];
    totals_0 += tile[other * 33u + rowGroup * 2u + 33u];
    totals_1 += tile[other * 33u + rowGroup * 2u + 34u];
  }
  workgroupBarrier();
  // pairs inside the chunk: key j for rows i ≥ j
  let ownPairs = thread % 64u;
  for (var otherSet = 1u; otherSet < 4u * unknownOne; otherSet++) {
    if (nearSet == otherSet) {
      tile[ownPairs * 5u] = near_0;
      tile[ownPairs * 5u + 1u] = near_1;
      tile[ownPairs * 5u + 2u] = near_2;
      tile[ownPairs * 5u + 3u] = near_3;
    }
    workgroupBarrier();
    if (nearSet == 0u) {
      near_0 += tile[ownPairs * 5u];
      near_1 += tile[ownPairs * 5u + 1u];
      near_2 += tile[ownPairs * 5u + 2u];
      near_3 += tile[ownPairs * 5u + 3u];
    }
    workgroupBarrier();
  }
  for (var keySlice = 0u; keySlice < (keys + 15u) / 16u; keySlice++) {
    let firstOfSlice = keySlice * 16u;
    if ((blockOfGroup < farGroup * 2u) & (farKeys / 4u == keySlice)) {
      let rowsOf0 = f32(farRows * 4u) + vec4f(0.0, 1.0, 2.0, 3.0);
      let lastSeenOf0 = min(rowsOf0, vec4f(keyCount - 1.0));
      let firstKeyOf0 = f32(farKeys * 4u);
      let placeOf0 = farKeys % 4u;
      tile[placeOf0 * 33u + farRows] = atMost_vec4f(vec4f(firstKeyOf0 + 0.0), lastSeenOf0, far_0, vec4f(0.0));
      tile[placeOf0 * 33u + farRows + 132u] = atMost_vec4f(
        vec4f(firstKeyOf0 + 1.0),
        lastSeenOf0,
        far_1,
        vec4f(0.0),
      );
      tile[placeOf0 * 33u + farRows + 264u] = atMost_vec4f(
        vec4f(firstKeyOf0 + 2.0),
        lastSeenOf0,
        far_2,
        vec4f(0.0),
      );
      tile[placeOf0 * 33u + farRows + 396u] = atMost_vec4f(
        vec4f(firstKeyOf0 + 3.0),
        lastSeenOf0,
        far_3,
        vec4f(0.0),
      );
      let rowsOf1 = f32((farRows + 1u) * 4u) + vec4f(0.0, 1.0, 2.0, 3.0);
      let lastSeenOf1 = min(rowsOf1, vec4f(keyCount - 1.0));
      let firstKeyOf1 = f32(farKeys * 4u);
      let placeOf1 = farKeys % 4u;
      tile[placeOf1 * 33u + farRows + 1u] = atMost_vec4f(
        vec4f(firstKeyOf1 + 0.0),
        lastSeenOf1,
        far_4,
        vec4f(0.0),
      );
      tile[placeOf1 * 33u + farRows + 133u] = atMost_vec4f(
        vec4f(firstKeyOf1 + 1.0),
        lastSeenOf1,
        far_5,
        vec4f(0.0),
      );
      tile[placeOf1 * 33u + farRows + 265u] = atMost_vec4f(
        vec4f(firstKeyOf1 + 2.0),
        lastSeenOf1,
        far_6,
        vec4f(0.0),
      );
      tile[placeOf1 * 33u + farRows + 397u] = atMost_vec4f(
        vec4f(firstKeyOf1 + 3.0),
        lastSeenOf1,
        far_7,
        vec4f(0.0),
      );
    }
    let nearFour = nearKeysOfGroup;
    if ((nearSet == 0u) & (nearFour / 4u == firstOfSlice / 16u)) {
      let rowsOfNear = f32(nearRows * 4u) + vec4f(0.0, 1.0, 2.0, 3.0);
      let lastSeenOfNear = min(rowsOfNear, vec4f(keyCount - 1.0));
      let firstKeyOfNear = f32(nearFour * 4u);
      let placeOfNear = nearFour % 4u;
      tile[placeOfNear * 33u + nearRows] = atMost_vec4f(
        vec4f(firstKeyOfNear + 0.0),
        lastSeenOfNear,
        near_0,
        vec4f(0.0),
      );
      tile[placeOfNear * 33u + nearRows + 132u] = atMost_vec4f(
        vec4f(firstKeyOfNear + 1.0),
        lastSeenOfNear,
        near_1,
        vec4f(0.0),
      );
      tile[placeOfNear * 33u + nearRows + 264u] = atMost_vec4f(
        vec4f(firstKeyOfNear + 2.0),
        lastSeenOfNear,
        near_2,
        vec4f(0.0),
      );
      tile[placeOfNear * 33u + nearRows + 396u] = atMost_vec4f(
        vec4f(firstKeyOfNear + 3.0),
        lastSeenOfNear,
        near_3,
        vec4f(0.0),
      );
    }
    workgroupBarrier();
    if ((rowGroup + 1u) * 8u > firstOfSlice) {
      for (var four = 0u; four < min(((rowGroup + 1u) * 8u - firstOfSlice) / 4u, 4u); four++) {
        let firstKey = firstRow + firstOfSlice + four * 4u;
        for (var step = 0u; step < 4u; step++) {
          let pair0 = tile[(step * 4u + four) * 33u + rowGroup * 2u];
          let pair1 = tile[(step * 4u + four) * 33u + rowGroup * 2u + 1u];
          let rowStart = (keyGroup * shape.keyHeadStride + batchItem * shape.keyItemGap) * 16u + min(
            firstKey + step,
            max(visible, 1u) - 1u,
          ) * (shape.keyRowStride * 16u) + firstColumns;
          let columns0 = v[rowStart];
          totals_0 += pair0;
          sums_0 += pair0 * columns0.x;
          sums_1 += pair0 * columns0.y;
          sums_2 += pair0 * columns0.z;
          sums_3 += pair0 * columns0.w;
          totals_1 += pair1;
          sums_4 += pair1 * columns0.x;
          sums_5 += pair1 * columns0.y;
          sums_6 += pair1 * columns0.z;
          sums_7 += pair1 * columns0.w;
        }
      }
    }
    workgroupBarrier();
  }
  let factor0 = vec4f(
    select(1.0 / select(totals_0.x, 1.0, totals_0.x == 0.0), 0.0, totals_0.x == 0.0),
    select(1.0 / select(totals_0.y, 1.0, totals_0.y == 0.0), 0.0, totals_0.y == 0.0),
    select(1.0 / select(totals_0.z, 1.0, totals_0.z == 0.0), 0.0, totals_0.z == 0.0),
    select(1.0 / select(totals_0.w, 1.0, totals_0.w == 0.0), 0.0, totals_0.w == 0.0),
  );
  let factor1 = vec4f(
    select(1.0 / select(totals_1.x, 1.0, totals_1.x == 0.0), 0.0, totals_1.x == 0.0),
    select(1.0 / select(totals_1.y, 1.0, totals_1.y == 0.0), 0.0, totals_1.y == 0.0),
    select(1.0 / select(totals_1.z, 1.0, totals_1.z == 0.0), 0.0, totals_1.z == 0.0),
    select(1.0 / select(totals_1.w, 1.0, totals_1.w == 0.0), 0.0, totals_1.w == 0.0),
  );
  let row0 = firstRow + rowGroup * 8u;
  if (row0 < shape.length) {
    let out0 = (queryHead * shape.headStride + batchItem * shape.itemGap) * 16u + row0 * (shape.rowStride * 16u);
    out[out0 + firstColumns] = vec4f(
      (sums_0 * factor0).x,
      (sums_1 * factor0).x,
      (sums_2 * factor0).x,
      (sums_3 * factor0).x,
    );
  }
  let row1 = firstRow + rowGroup * 8u + 1u;
  if (row1 < shape.length) {
    let out1 = (queryHead * shape.headStride + batchItem * shape.itemGap) * 16u + row1 * (shape.rowStride * 16u);
    out[out1 + firstColumns] = vec4f(
      (sums_0 * factor0).y,
      (sums_1 * factor0).y,
      (sums_2 * factor0).y,
      (sums_3 * factor0).y,
    );
  }
  let row2 = firstRow + rowGroup * 8u + 2u;
  if (row2 < shape.length) {
    let out2 = (queryHead * shape.headStride + batchItem * shape.itemGap) * 16u + row2 * (shape.rowStride * 16u);
    out[out2 + firstColumns] = vec4f(
      (sums_0 * factor0).z,
      (sums_1 * factor0).z,
      (sums_2 * factor0).z,
      (sums_3 * factor0).z,
    );
  }
  let row3 = firstRow + rowGroup * 8u + 3u;
  if (row3 < shape.length) {
    let out3 = (queryHead * shape.headStride + batchItem * shape.itemGap) * 16u + row3 * (shape.rowStride * 16u);
    out[out3 + firstColumns] = vec4f(
      (sums_0 * factor0).w,
      (sums_1 * factor0).w,
      (sums_2 * factor0).w,
      (sums_3 * factor0).w,
    );
  }
  let row4 = firstRow + (rowGroup * 2u + 1u) * 4u;
  if (row4 < shape.length) {
    let out4 = (queryHead * shape.headStride + batchItem * shape.itemGap) * 16u + row4 * (shape.rowStride * 16u);
    out[out4 + firstColumns] = vec4f(
      (sums_4 * factor1).x,
      (sums_5 * factor1).x,
      (sums_6 * factor1).x,
      (sums_7 * factor1).x,
    );
  }
  let row5 = firstRow + (rowGroup * 2u + 1u) * 4u + 1u;
  if (row5 < shape.length) {
    let out5 = (queryHead * shape.headStride + batchItem * shape.itemGap) * 16u + row5 * (shape.rowStride * 16u);
    out[out5 + firstColumns] = vec4f(
      (sums_4 * factor1).y,
      (sums_5 * factor1).y,
      (sums_6 * factor1).y,
      (sums_7 * factor1).y,
    );
  }
  let row6 = firstRow + (rowGroup * 2u + 1u) * 4u + 2u;
  if (row6 < shape.length) {
    let out6 = (queryHead * shape.headStride + batchItem * shape.itemGap) * 16u + row6 * (shape.rowStride * 16u);
    out[out6 + firstColumns] = vec4f(
      (sums_4 * factor1).z,
      (sums_5 * factor1).z,
      (sums_6 * factor1).z,
      (sums_7 * factor1).z,
    );
  }
  let row7 = firstRow + (rowGroup * 2u + 1u) * 4u + 3u;
  if (row7 < shape.length) {
    let out7 = (queryHead * shape.headStride + batchItem * shape.itemGap) * 16u + row7 * (shape.rowStride * 16u);
    out[out7 + firstColumns] = vec4f(
      (sums_4 * factor1).w,
      (sums_5 * factor1).w,
      (sums_6 * factor1).w,
      (sums_7 * factor1).w,
    );
  }
}
