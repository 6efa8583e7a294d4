// finish_behind: Each row: φ(q)·S of the chunks before, plus the pairs of its own chunk, over φ(q)·z likewise.
// 128 threads a workgroup, 5728 bytes of workgroup memory
// reads q, k, v, lengths, state; writes out

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
@group(0) @binding(4) var<storage, read> lengths: array<u32>;
@group(0) @binding(5) var<storage, read> state: array<vec4f>;
@group(0) @binding(6) var<storage, read_write> out: array<vec4f>;

var<workgroup> tile: array<vec4f, 340>;
var<workgroup> scales: array<f32, 36>;
var<workgroup> ofState: array<f32, 36>;

// yes where a is at most b, else no
fn atMost_vec4f(a: vec4f, b: vec4f, yes: vec4f, no: vec4f) -> vec4f {
  return select(no, yes, a <= b);
}

@compute @workgroup_size(128, 1, 1)
fn finish_behind(
  @builtin(local_invocation_index) thread: u32,
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(num_workgroups) workgroup_counts: vec3u,
) {
  let workgroup = workgroup_id.x + workgroup_id.y * workgroup_counts.x;
  if (workgroup >= shape.sliceCount * ((shape.heads + shape.kvHeads - 1u) / shape.kvHeads) * ((shape.length + 63u) / 64u)) {
    return;
  }
  // 1, which no compiler knows: loops up to a multiple of it are not written out
  let unknownOne = min(shape.sliceCount, 1u);
  let valueTile = 0u;
  let rowTile = workgroup % ((shape.length + 63u) / 64u);
  let rest2 = workgroup / ((shape.length + 63u) / 64u);
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
  let firstRow = rowTile * 64u;
  let keys = min(max(visible, firstRow) - firstRow, 64u);
  let stateStart = (slice * shape.chunks + rowTile) * 4288u;
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
  let farOfFirst = farPair * 4u;
  let farGroup = select(7u - farPair, farPair, farBlock < farOfFirst);
  let blockOfGroup = select(farBlock - farOfFirst, farBlock, farBlock < farOfFirst);
  let farKeys = min(blockOfGroup / 2u, 15u);
  let farRows = farGroup * 2u + blockOfGroup % 2u;
  var far_0 = vec4f(0.0);
  var far_1 = vec4f(0.0);
  var far_2 = vec4f(0.0);
  var far_3 = vec4f(0.0);
  var farScale_0 = vec4f(-1e30);
  let nearPair = thread % 32u;
  let nearRows = nearPair / 2u;
  let nearKeysOfGroup = nearRows / 2u * 2u + nearPair % 2u;
  let nearSet = thread / 32u;
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
  let q1Row0 = min(firstRow + (rowGroup * 2u + 1u) * 4u, max(shape.length, 1u) - 1u);
  let q1Row1 = min(firstRow + (rowGroup * 2u + 1u) * 4u + 1u, max(shape.length, 1u) - 1u);
  let q1Row2 = min(firstRow + (rowGroup * 2u + 1u) * 4u + 2u, max(shape.length, 1u) - 1u);
  let q1Row3 = min(firstRow + (rowGroup * 2u + 1u) * 4u + 3u, max(shape.length, 1u) - 1u);
  let q1Start0 = (queryHead * shape.headStride + batchItem * shape.itemGap) * 64u + q1Row0 * (shape.rowStride * 64u);
  let q1Start1 = (queryHead * shape.headStride + batchItem * shape.itemGap) * 64u + q1Row1 * (shape.rowStride * 64u);
  let q1Start2 = (queryHead * shape.headStride + batchItem * shape.itemGap) * 64u + q1Row2 * (shape.rowStride * 64u);
  let q1Start3 = (queryHead * shape.headStride + batchItem * shape.itemGap) * 64u + q1Row3 * (shape.rowStride * 64u);
  let k0Row0 = min(firstRow + rowGroup * 8u, max(visible, 1u) - 1u);
  let k0Row1 = min(firstRow + rowGroup * 8u + 1u, max(visible, 1u) - 1u);
  let k0Row2 = min(firstRow + rowGroup * 8u + 2u, max(visible, 1u) - 1u);
  let k0Row3 = min(firstRow + rowGroup * 8u + 3u, max(visible, 1u) - 1u);
  let k0Start0 = (keyGroup * shape.keyHeadStride + batchItem * shape.keyItemGap) * 64u + k0Row0 * (shape.keyRowStride * 64u);
  let k0Start1 = (keyGroup * shape.keyHeadStride + batchItem * shape.keyItemGap) * 64u + k0Row1 * (shape.keyRowStride * 64u);
  let k0Start2 = (keyGroup * shape.keyHeadStride + batchItem * shape.keyItemGap) * 64u + k0Row2 * (shape.keyRowStride * 64u);
  let k0Start3 = (keyGroup * shape.keyHeadStride + batchItem * shape.keyItemGap) * 64u + k0Row3 * (shape.keyRowStride * 64u);
  let k1Row0 = min(firstRow + (rowGroup * 2u + 1u) * 4u, max(visible, 1u) - 1u);
  let k1Row1 = min(firstRow + (rowGroup * 2u + 1u) * 4u + 1u, max(visible, 1u) - 1u);
  let k1Row2 = min(firstRow + (rowGroup * 2u + 1u) * 4u + 2u, max(visible, 1u) - 1u);
  let k1Row3 = min(firstRow + (rowGroup * 2u + 1u) * 4u + 3u, max(visible, 1u) - 1u);
  let k1Start0 = (keyGroup * shape.keyHeadStride + batchItem * shape.keyItemGap) * 64u + k1Row0 * (shape.keyRowStride * 64u);
  let k1Start1 = (keyGroup * shape.keyHeadStride + batchItem * shape.keyItemGap) * 64u + k1Row1 * (shape.keyRowStride * 64u);
  let k1Start2 = (keyGroup * shape.keyHeadStride + batchItem * shape.keyItemGap) * 64u + k1Row2 * (shape.keyRowStride * 64u);
  let k1Start3 = (keyGroup * shape.keyHeadStride + batchItem * shape.keyItemGap) * 64u + k1Row3 * (shape.keyRowStride * 64u);
  for (var components0 = 0u; components0 < 64u; components0 += 64u) {
    let count = min(max(64u, components0) - components0, 64u);
    let firstFeature = components0;
    var ofQuery_0 = vec4f(0.0);
    var ofQuery_1 = vec4f(0.0);
    var ofQuery_2 = vec4f(0.0);
    var ofQuery_3 = vec4f(0.0);
    var ofQuery_4 = vec4f(0.0);
    var ofQuery_5 = vec4f(0.0);
    var ofQuery_6 = vec4f(0.0);
    var ofQuery_7 = vec4f(0.0);
    var ofQueryCoefficient_0 = vec4f(0.0);
    var ofQueryCoefficient_1 = vec4f(0.0);
    var ofQueryCoefficient_2 = vec4f(0.0);
    var ofQueryCoefficient_3 = vec4f(0.0);
    var ofQueryCoefficient_4 = vec4f(0.0);
    var ofQueryCoefficient_5 = vec4f(0.0);
    var ofQueryCoefficient_6 = vec4f(0.0);
    var ofQueryCoefficient_7 = vec4f(0.0);
    {
      let q0Component0 = components0 + columnGroup;
      let q0Component1 = components0 + (columnGroup + 16u);
      let q0Component2 = components0 + (columnGroup + 32u);
      let q0Component3 = components0 + (columnGroup + 48u);
      let q0_x1 = vec4f(
        q[q0Start0 + q0Component0],
        q[q0Start1 + q0Component0],
        q[q0Start2 + q0Component0],
        q[q0Start3 + q0Component0],
      );
      let q0_value2 = 1.442695 * min(q0_x1, vec4f(0.0));
      let q0_x3 = vec4f(
        q[q0Start0 + q0Component1],
        q[q0Start1 + q0Component1],
        q[q0Start2 + q0Component1],
        q[q0Start3 + q0Component1],
      );
      let q0_value4 = 1.442695 * min(q0_x3, vec4f(0.0));
      let q0_x5 = vec4f(
        q[q0Start0 + q0Component2],
        q[q0Start1 + q0Component2],
        q[q0Start2 + q0Component2],
        q[q0Start3 + q0Component2],
      );
      let q0_value6 = 1.442695 * min(q0_x5, vec4f(0.0));
      let q0_x7 = vec4f(
        q[q0Start0 + q0Component3],
        q[q0Start1 + q0Component3],
        q[q0Start2 + q0Component3],
        q[q0Start3 + q0Component3],
      );
      let q0_value8 = 1.442695 * min(q0_x7, vec4f(0.0));
      let q0_value9 = max(q0_x1, vec4f(0.0)) + 1.0;
      let q0_value10 = max(q0_x3, vec4f(0.0)) + 1.0;
      let q0_value11 = max(q0_x5, vec4f(0.0)) + 1.0;
      let q0_value12 = max(q0_x7, vec4f(0.0)) + 1.0;
      let q1Component0 = components0 + columnGroup;
      let q1Component1 = components0 + (columnGroup + 16u);
      let q1Component2 = components0 + (columnGroup + 32u);
      let q1Component3 = components0 + (columnGroup + 48u);
      let q1_x1 = vec4f(
        q[q1Start0 + q1Component0],
        q[q1Start1 + q1Component0],
        q[q1Start2 + q1Component0],
        q[q1Start3 + q1Component0],
      );
      let q1_value2 = 1.442695 * min(q1_x1, vec4f(0.0));
      let q1_x3 = vec4f(
        q[q1Start0 + q1Component1],
        q[q1Start1 + q1Component1],
        q[q1Start2 + q1Component1],
        q[q1Start3 + q1Component1],
      );
      let q1_value4 = 1.442695 * min(q1_x3, vec4f(0.0));
      let q1_x5 = vec4f(
        q[q1Start0 + q1Component2],
        q[q1Start1 + q1Component2],
        q[q1Start2 + q1Component2],
        q[q1Start3 + q1Component2],
      );
      let q1_value6 = 1.442695 * min(q1_x5, vec4f(0.0));
      let q1_x7 = vec4f(
        q[q1Start0 + q1Component3],
        q[q1Start1 + q1Component3],
        q[q1Start2 + q1Component3],
        q[q1Start3 + q1Component3],
      );
      let q1_value8 = 1.442695 * min(q1_x7, vec4f(0.0));
      let q1_value9 = max(q1_x1, vec4f(0.0)) + 1.0;
      let q1_value10 = max(q1_x3, vec4f(0.0)) + 1.0;
      let q1_value11 = max(q1_x5, vec4f(0.0)) + 1.0;
      let q1_value12 = max(q1_x7, vec4f(0.0)) + 1.0;
      ofQuery_0 = vec4f(
        select(q0_value2.x, -1e30, q0_value9.x == 0.0),
        select(q0_value2.y, -1e30, q0_value9.y == 0.0),
        select(q0_value2.z, -1e30, q0_value9.z == 0.0),
        select(q0_value2.w, -1e30, q0_value9.w == 0.0),
      );
      ofQuery_1 = vec4f(
        select(q0_value4.x, -1e30, q0_value10.x == 0.0),
        select(q0_value4.y, -1e30, q0_value10.y == 0.0),
        select(q0_value4.z, -1e30, q0_value10.z == 0.0),
        select(q0_value4.w, -1e30, q0_value10.w == 0.0),
      );
      ofQuery_2 = vec4f(
        select(q0_value6.x, -1e30, q0_value11.x == 0.0),
        select(q0_value6.y, -1e30, q0_value11.y == 0.0),
        select(q0_value6.z, -1e30, q0_value11.z == 0.0),
        select(q0_value6.w, -1e30, q0_value11.w == 0.0),
      );
      ofQuery_3 = vec4f(
        select(q0_value8.x, -1e30, q0_value12.x == 0.0),
        select(q0_value8.y, -1e30, q0_value12.y == 0.0),
        select(q0_value8.z, -1e30, q0_value12.z == 0.0),
        select(q0_value8.w, -1e30, q0_value12.w == 0.0),
      );
      ofQuery_4 = vec4f(
        select(q1_value2.x, -1e30, q1_value9.x == 0.0),
        select(q1_value2.y, -1e30, q1_value9.y == 0.0),
        select(q1_value2.z, -1e30, q1_value9.z == 0.0),
        select(q1_value2.w, -1e30, q1_value9.w == 0.0),
      );
      ofQuery_5 = vec4f(
        select(q1_value4.x, -1e30, q1_value10.x == 0.0),
        select(q1_value4.y, -1e30, q1_value10.y == 0.0),
        select(q1_value4.z, -1e30, q1_value10.z == 0.0),
        select(q1_value4.w, -1e30, q1_value10.w == 0.0),
      );
      ofQuery_6 = vec4f(
        select(q1_value6.x, -1e30, q1_value11.x == 0.0),
        select(q1_value6.y, -1e30, q1_value11.y == 0.0),
        select(q1_value6.z, -1e30, q1_value11.z == 0.0),
        select(q1_value6.w, -1e30, q1_value11.w == 0.0),
      );
      ofQuery_7 = vec4f(
        select(q1_value8.x, -1e30, q1_value12.x == 0.0),
        select(q1_value8.y, -1e30, q1_value12.y == 0.0),
        select(q1_value8.z, -1e30, q1_value12.z == 0.0),
        select(q1_value8.w, -1e30, q1_value12.w == 0.0),
      );
      ofQueryCoefficient_0 = q0_value9;
      ofQueryCoefficient_1 = q0_value10;
      ofQueryCoefficient_2 = q0_value11;
      ofQueryCoefficient_3 = q0_value12;
      ofQueryCoefficient_4 = q1_value9;
      ofQueryCoefficient_5 = q1_value10;
      ofQueryCoefficient_6 = q1_value11;
      ofQueryCoefficient_7 = q1_value12;
    }
    var ofKey_0 = vec4f(0.0);
    var ofKey_1 = vec4f(0.0);
    var ofKey_2 = vec4f(0.0);
    var ofKey_3 = vec4f(0.0);
    var ofKey_4 = vec4f(0.0);
    var ofKey_5 = vec4f(0.0);
    var ofKey_6 = vec4f(0.0);
    var ofKey_7 = vec4f(0.0);
    var ofKeyCoefficient_0 = vec4f(0.0);
    var ofKeyCoefficient_1 = vec4f(0.0);
    var ofKeyCoefficient_2 = vec4f(0.0);
    var ofKeyCoefficient_3 = vec4f(0.0);
    var ofKeyCoefficient_4 = vec4f(0.0);
    var ofKeyCoefficient_5 = vec4f(0.0);
    var ofKeyCoefficient_6 = vec4f(0.0);
    var ofKeyCoefficient_7 = vec4f(0.0);
    {
      let k0Component0 = components0 + columnGroup;
      let k0Component1 = components0 + (columnGroup + 16u);
      let k0Component2 = components0 + (columnGroup + 32u);
      let k0Component3 = components0 + (columnGroup + 48u);
      let k0_x1 = vec4f(
        k[k0Start0 + k0Component0],
        k[k0Start1 + k0Component0],
        k[k0Start2 + k0Component0],
        k[k0Start3 + k0Component0],
      );
      let k0_value2 = 1.442695 * min(k0_x1, vec4f(0.0));
      let k0_x3 = vec4f(
        k[k0Start0 + k0Component1],
        k[k0Start1 + k0Component1],
        k[k0Start2 + k0Component1],
        k[k0Start3 + k0Component1],
      );
      let k0_value4 = 1.442695 * min(k0_x3, vec4f(0.0));
      let k0_x5 = vec4f(
        k[k0Start0 + k0Component2],
        k[k0Start1 + k0Component2],
        k[k0Start2 + k0Component2],
        k[k0Start3 + k0Component2],
      );
      let k0_value6 = 1.442695 * min(k0_x5, vec4f(0.0));
      let k0_x7 = vec4f(
        k[k0Start0 + k0Component3],
        k[k0Start1 + k0Component3],
        k[k0Start2 + k0Component3],
        k[k0Start3 + k0Component3],
      );
      let k0_value8 = 1.442695 * min(k0_x7, vec4f(0.0));
      let k0_value9 = max(k0_x1, vec4f(0.0)) + 1.0;
      let k0_value10 = max(k0_x3, vec4f(0.0)) + 1.0;
      let k0_value11 = max(k0_x5, vec4f(0.0)) + 1.0;
      let k0_value12 = max(k0_x7, vec4f(0.0)) + 1.0;
      let k1Component0 = components0 + columnGroup;
      let k1Component1 = components0 + (columnGroup + 16u);
      let k1Component2 = components0 + (columnGroup + 32u);
      let k1Component3 = components0 + (columnGroup + 48u);
      let k1_x1 = vec4f(
        k[k1Start0 + k1Component0],
        k[k1Start1 + k1Component0],
        k[k1Start2 + k1Component0],
        k[k1Start3 + k1Component0],
      );
      let k1_value2 = 1.442695 * min(k1_x1, vec4f(0.0));
      let k1_x3 = vec4f(
        k[k1Start0 + k1Component1],
        k[k1Start1 + k1Component1],
        k[k1Start2 + k1Component1],
        k[k1Start3 + k1Component1],
      );
      let k1_value4 = 1.442695 * min(k1_x3, vec4f(0.0));
      let k1_x5 = vec4f(
        k[k1Start0 + k1Component2],
        k[k1Start1 + k1Component2],
        k[k1Start2 + k1Component2],
        k[k1Start3 + k1Component2],
      );
      let k1_value6 = 1.442695 * min(k1_x5, vec4f(0.0));
      let k1_x7 = vec4f(
        k[k1Start0 + k1Component3],
        k[k1Start1 + k1Component3],
        k[k1Start2 + k1Component3],
        k[k1Start3 + k1Component3],
      );
      let k1_value8 = 1.442695 * min(k1_x7, vec4f(0.0));
      let k1_value9 = max(k1_x1, vec4f(0.0)) + 1.0;
      let k1_value10 = max(k1_x3, vec4f(0.0)) + 1.0;
      let k1_value11 = max(k1_x5, vec4f(0.0)) + 1.0;
      let k1_value12 = max(k1_x7, vec4f(0.0)) + 1.0;
      ofKey_0 = atMost_vec4f(
        firstNumber + vec4f(1.0, 2.0, 3.0, 4.0),
        vec4f(keyCount),
        vec4f(
          select(k0_value2.x, -1e30, k0_value9.x == 0.0),
          select(k0_value2.y, -1e30, k0_value9.y == 0.0),
          select(k0_value2.z, -1e30, k0_value9.z == 0.0),
          select(k0_value2.w, -1e30, k0_value9.w == 0.0),
        ),
        vec4f(-1e30),
      );
      ofKey_1 = atMost_vec4f(
        firstNumber + vec4f(1.0, 2.0, 3.0, 4.0),
        vec4f(keyCount),
        vec4f(
          select(k0_value4.x, -1e30, k0_value10.x == 0.0),
          select(k0_value4.y, -1e30, k0_value10.y == 0.0),
          select(k0_value4.z, -1e30, k0_value10.z == 0.0),
          select(k0_value4.w, -1e30, k0_value10.w == 0.0),
        ),
        vec4f(-1e30),
      );
      ofKey_2 = atMost_vec4f(
        firstNumber + vec4f(1.0, 2.0, 3.0, 4.0),
        vec4f(keyCount),
        vec4f(
          select(k0_value6.x, -1e30, k0_value11.x == 0.0),
          select(k0_value6.y, -1e30, k0_value11.y == 0.0),
          select(k0_value6.z, -1e30, k0_value11.z == 0.0),
          select(k0_value6.w, -1e30, k0_value11.w == 0.0),
        ),
        vec4f(-1e30),
      );
      ofKey_3 = atMost_vec4f(
        firstNumber + vec4f(1.0, 2.0, 3.0, 4.0),
        vec4f(keyCount),
        vec4f(
          select(k0_value8.x, -1e30, k0_value12.x == 0.0),
          select(k0_value8.y, -1e30, k0_value12.y == 0.0),
          select(k0_value8.z, -1e30, k0_value12.z == 0.0),
          select(k0_value8.w, -1e30, k0_value12.w == 0.0),
        ),
        vec4f(-1e30),
      );
      ofKey_4 = atMost_vec4f(
        firstNumber + vec4f(5.0, 6.0, 7.0, 8.0),
        vec4f(keyCount),
        vec4f(
          select(k1_value2.x, -1e30, k1_value9.x == 0.0),
          select(k1_value2.y, -1e30, k1_value9.y == 0.0),
          select(k1_value2.z, -1e30, k1_value9.z == 0.0),
          select(k1_value2.w, -1e30, k1_value9.w == 0.0),
        ),
        vec4f(-1e30),
      );
      ofKey_5 = atMost_vec4f(
        firstNumber + vec4f(5.0, 6.0, 7.0, 8.0),
        vec4f(keyCount),
        vec4f(
          select(k1_value4.x, -1e30, k1_value10.x == 0.0),
          select(k1_value4.y, -1e30, k1_value10.y == 0.0),
          select(k1_value4.z, -1e30, k1_value10.z == 0.0),
          select(k1_value4.w, -1e30, k1_value10.w == 0.0),
        ),
        vec4f(-1e30),
      );
      ofKey_6 = atMost_vec4f(
        firstNumber + vec4f(5.0, 6.0, 7.0, 8.0),
        vec4f(keyCount),
        vec4f(
          select(k1_value6.x, -1e30, k1_value11.x == 0.0),
          select(k1_value6.y, -1e30, k1_value11.y == 0.0),
          select(k1_value6.z, -1e30, k1_value11.z == 0.0),
          select(k1_value6.w, -1e30, k1_value11.w == 0.0),
        ),
        vec4f(-1e30),
      );
      ofKey_7 = atMost_vec4f(
        firstNumber + vec4f(5.0, 6.0, 7.0, 8.0),
        vec4f(keyCount),
        vec4f(
          select(k1_value8.x, -1e30, k1_value12.x == 0.0),
          select(k1_value8.y, -1e30, k1_value12.y == 0.0),
          select(k1_value8.z, -1e30, k1_value12.z == 0.0),
          select(k1_value8.w, -1e30, k1_value12.w == 0.0),
        ),
        vec4f(-1e30),
      );
      ofKeyCoefficient_0 = k0_value9;
      ofKeyCoefficient_1 = k0_value10;
      ofKeyCoefficient_2 = k0_value11;
      ofKeyCoefficient_3 = k0_value12;
      ofKeyCoefficient_4 = k1_value9;
      ofKeyCoefficient_5 = k1_value10;
      ofKeyCoefficient_6 = k1_value11;
      ofKeyCoefficient_7 = k1_value12;
    }
    // scales of the features down the rows, then of the rows
    let stateScale = vec4f(
      state[(stateStart + 4224u + (firstFeature + min(
        columnGroup,
        count - 1u,
      ))) / 4u][(stateStart + 4224u + (firstFeature + min(columnGroup, count - 1u))) % 4u],
      state[(stateStart + 4224u + (firstFeature + min(
        columnGroup + 16u,
        count - 1u,
      ))) / 4u][(stateStart + 4224u + (firstFeature + min(columnGroup + 16u, count - 1u))) % 4u],
      state[(stateStart + 4224u + (firstFeature + min(
        columnGroup + 32u,
        count - 1u,
      ))) / 4u][(stateStart + 4224u + (firstFeature + min(columnGroup + 32u, count - 1u))) % 4u],
      state[(stateStart + 4224u + (firstFeature + min(
        columnGroup + 48u,
        count - 1u,
      ))) / 4u][(stateStart + 4224u + (firstFeature + min(columnGroup + 48u, count - 1u))) % 4u],
    );
    let keyOfRow0 = vec4f(ofKey_0.x, ofKey_1.x, ofKey_2.x, ofKey_3.x);
    let keyOfRow1 = vec4f(ofKey_0.y, ofKey_1.y, ofKey_2.y, ofKey_3.y);
    let keyOfRow2 = vec4f(ofKey_0.z, ofKey_1.z, ofKey_2.z, ofKey_3.z);
    let keyOfRow3 = vec4f(ofKey_0.w, ofKey_1.w, ofKey_2.w, ofKey_3.w);
    let keyOfRow4 = vec4f(ofKey_4.x, ofKey_5.x, ofKey_6.x, ofKey_7.x);
    let keyOfRow5 = vec4f(ofKey_4.y, ofKey_5.y, ofKey_6.y, ofKey_7.y);
    let keyOfRow6 = vec4f(ofKey_4.z, ofKey_5.z, ofKey_6.z, ofKey_7.z);
    let keyOfRow7 = vec4f(ofKey_4.w, ofKey_5.w, ofKey_6.w, ofKey_7.w);
    tile[columnGroup * 9u + rowGroup] = max(
      max(
        max(max(max(max(max(keyOfRow0, keyOfRow1), keyOfRow2), keyOfRow3), keyOfRow4), keyOfRow5),
        keyOfRow6,
      ),
      keyOfRow7,
    );
    workgroupBarrier();
    var groupScale = stateScale;
    for (var earlier = 0u; earlier < rowGroup; earlier++) {
      groupScale = max(groupScale, tile[columnGroup * 9u + earlier]);
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
    tile[columnGroup * 17u + rowGroup * 2u] = vec4f(
      max(max(sumOfRow0.x, sumOfRow0.y), max(sumOfRow0.z, sumOfRow0.w)),
      max(max(sumOfRow1.x, sumOfRow1.y), max(sumOfRow1.z, sumOfRow1.w)),
      max(max(sumOfRow2.x, sumOfRow2.y), max(sumOfRow2.z, sumOfRow2.w)),
      max(max(sumOfRow3.x, sumOfRow3.y), max(sumOfRow3.z, sumOfRow3.w)),
    );
    tile[columnGroup * 17u + rowGroup * 2u + 1u] = vec4f(
      max(max(sumOfRow4.x, sumOfRow4.y), max(sumOfRow4.z, sumOfRow4.w)),
      max(max(sumOfRow5.x, sumOfRow5.y), max(sumOfRow5.z, sumOfRow5.w)),
      max(max(sumOfRow6.x, sumOfRow6.y), max(sumOfRow6.z, sumOfRow6.w)),
      max(max(sumOfRow7.x, sumOfRow7.y), max(sumOfRow7.z, sumOfRow7.w)),
    );
    workgroupBarrier();
    let scaleSoFar0 = rowScale_0;
    let scaleSoFar1 = rowScale_1;
    let scaleSoFar2 = farScale_0;
    let scaleSoFar3 = nearScale;
    for (var other = 0u; other < 16u * unknownOne; other++) {
      rowScale_0 = max(rowScale_0, tile[other * 17u + rowGroup * 2u]);
      rowScale_1 = max(rowScale_1, tile[other * 17u + rowGroup * 2u + 1u]);
      farScale_0 = max(farScale_0, tile[other * 17u + farRows]);
      nearScale = max(nearScale, tile[other * 17u + nearRows]);
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
    let shrink3 = exp2(scaleSoFar3 - nearScale);
    near_0 *= shrink3;
    near_1 *= shrink3;
    near_2 *= shrink3;
    near_3 *= shrink3;
    workgroupBarrier();
    for (var panel = 0u; panel < (count + 3u) / 4u; panel++) {
      let firstOfPanel = panel * 4u;
      let itemOfPanel = panel / 4u;
      if (columnGroup / 4u == panel % 4u) {
        let componentOfPanel = columnGroup % 4u;
        var query0 = ofQuery_0;
        var query1 = ofQuery_4;
        var key0 = ofKey_0;
        var key1 = ofKey_4;
        var queryCoefficient0 = ofQueryCoefficient_0;
        var queryCoefficient1 = ofQueryCoefficient_4;
        var keyCoefficient0 = ofKeyCoefficient_0;
        var keyCoefficient1 = ofKeyCoefficient_4;
        var scaleOfGroup = groupScale.x;
        var scaleOfState = stateScale.x;
        if (itemOfPanel == 1u) {
          query0 = ofQuery_1;
          query1 = ofQuery_5;
          key0 = ofKey_1;
          key1 = ofKey_5;
          queryCoefficient0 = ofQueryCoefficient_1;
          queryCoefficient1 = ofQueryCoefficient_5;
          keyCoefficient0 = ofKeyCoefficient_1;
          keyCoefficient1 = ofKeyCoefficient_5;
          scaleOfGroup = groupScale.y;
          scaleOfState = stateScale.y;
        }
        if (itemOfPanel == 2u) {
          query0 = ofQuery_2;
          query1 = ofQuery_6;
          key0 = ofKey_2;
          key1 = ofKey_6;
          queryCoefficient0 = ofQueryCoefficient_2;
          queryCoefficient1 = ofQueryCoefficient_6;
          keyCoefficient0 = ofKeyCoefficient_2;
          keyCoefficient1 = ofKeyCoefficient_6;
          scaleOfGroup = groupScale.z;
          scaleOfState = stateScale.z;
        }
        if (itemOfPanel == 3u) {
          query0 = ofQuery_3;
          query1 = ofQuery_7;
          key0 = ofKey_3;
          key1 = ofKey_7;
          queryCoefficient0 = ofQueryCoefficient_3;
          queryCoefficient1 = ofQueryCoefficient_7;
          keyCoefficient0 = ofKeyCoefficient_3;
          keyCoefficient1 = ofKeyCoefficient_7;
          scaleOfGroup = groupScale.w;
          scaleOfState = stateScale.w;
        }
        let relative0 = query0 - rowScale_0;
        let relative1 = query1 - rowScale_1;
        let powers0 = queryCoefficient0 * exp2(relative0 + scaleOfGroup);
        let powers1 = queryCoefficient1 * exp2(relative1 + scaleOfGroup);
        let stateWeight = exp2(scaleOfState - scaleOfGroup);
        scales[componentOfPanel * 9u + rowGroup] = scaleOfGroup;
        ofState[componentOfPanel * 9u + rowGroup] = stateWeight;
        tile[componentOfPanel * 17u + rowGroup * 2u + 136u] = relative0;
        tile[componentOfPanel * 17u + rowGroup * 2u + 137u] = relative1;
        tile[componentOfPanel * 17u + rowGroup * 2u + 272u] = queryCoefficient0;
        tile[componentOfPanel * 17u + rowGroup * 2u + 273u] = queryCoefficient1;
        tile[componentOfPanel * 17u + rowGroup * 2u] = powers0;
        tile[componentOfPanel * 17u + rowGroup * 2u + 1u] = powers1;
        let z = state[(stateStart + 4096u + (firstFeature + firstOfPanel + componentOfPanel)) / 4u][(stateStart + 4096u + (firstFeature + firstOfPanel + componentOfPanel)) % 4u] * stateWeight;
        totals_0 += powers0 * z;
        totals_1 += powers1 * z;
        tile[componentOfPanel * 17u + rowGroup * 2u + 68u] = key0;
        tile[componentOfPanel * 17u + rowGroup * 2u + 69u] = key1;
        tile[componentOfPanel * 17u + rowGroup * 2u + 204u] = keyCoefficient0;
        tile[componentOfPanel * 17u + rowGroup * 2u + 205u] = keyCoefficient1;
      }
      workgroupBarrier();
      for (var f = 0u; f < 4u; f++) {
        let weight0 = tile[f * 17u + rowGroup * 2u];
        let weight1 = tile[f * 17u + rowGroup * 2u + 1u];
        let weightOfState = ofState[f * 9u + rowGroup];
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
        let farWeight0 = tile[f * 17u + farRows];
        let farKeysLoaded = tile[f * 17u + farKeys + 68u];
        let ofKeys = tile[f * 17u + farKeys + 204u] * exp2(farKeysLoaded - scales[f * 9u + farGroup]);
        far_0 += farWeight0 * ofKeys.x;
        far_1 += farWeight0 * ofKeys.y;
        far_2 += farWeight0 * ofKeys.z;
        far_3 += farWeight0 * ofKeys.w;
      }
      // pairs inside row groups
      for (var own = nearSet; own < 4u; own += 4u) {
        let nearQueries = tile[own * 17u + nearRows + 136u];
        let nearKeys = tile[own * 17u + nearKeysOfGroup + 68u];
        let nearOfQuery = tile[own * 17u + nearRows + 272u];
        let nearOfKey = tile[own * 17u + nearKeysOfGroup + 204u];
        near_0 += nearOfQuery * exp2(nearQueries + nearKeys.x) * nearOfKey.x;
        near_1 += nearOfQuery * exp2(nearQueries + nearKeys.y) * nearOfKey.y;
        near_2 += nearOfQuery * exp2(nearQueries + nearKeys.z) * nearOfKey.z;
        near_3 += nearOfQuery * exp2(nearQueries + nearKeys.w) * nearOfKey.w;
      }
      workgroupBarrier();
    }
  }
  // denominators, of which a thread has what its components give
  tile[columnGroup * 17u + rowGroup * 2u] = totals_0;
  tile[columnGroup * 17u + rowGroup * 2u + 1u] = totals_1;
  workgroupBarrier();
  totals_0 = vec4f(0.0);
  totals_1 = vec4f(0.0);
  for (var other = 0u; other < 16u * unknownOne; other += 2u) {
    totals_0 += tile[other * 17u + rowGroup * 2u];
    totals_1 += tile[other * 17u + rowGroup * 2u + 1u];
    totals_0 += tile[other * 17u + rowGroup * 2u + 17u];
    totals_1 += tile[other * 17u + rowGroup * 2u + 18u];
  }
  workgroupBarrier();
  // pairs inside the chunk: key j for rows i ≥ j
  let ownPairs = thread % 32u;
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
    if ((blockOfGroup < farGroup * 4u) & (farKeys / 4u == keySlice)) {
      let rowsOf0 = f32(farRows * 4u) + vec4f(0.0, 1.0, 2.0, 3.0);
      let lastSeenOf0 = min(rowsOf0, vec4f(keyCount - 1.0));
      let firstKeyOf0 = f32(farKeys * 4u);
      let placeOf0 = farKeys % 4u;
      tile[placeOf0 * 17u + farRows] = atMost_vec4f(vec4f(firstKeyOf0 + 0.0), lastSeenOf0, far_0, vec4f(0.0));
      tile[placeOf0 * 17u + farRows + 68u] = atMost_vec4f(
        vec4f(firstKeyOf0 + 1.0),
        lastSeenOf0,
        far_1,
        vec4f(0.0),
      );
      tile[placeOf0 * 17u + farRows + 136u] = atMost_vec4f(
        vec4f(firstKeyOf0 + 2.0),
        lastSeenOf0,
        far_2,
        vec4f(0.0),
      );
      tile[placeOf0 * 17u + farRows + 204u] = atMost_vec4f(
        vec4f(firstKeyOf0 + 3.0),
        lastSeenOf0,
        far_3,
        vec4f(0.0),
      );
    }
    let nearFour = nearKeysOfGroup;
    if ((nearSet == 0u) & (nearFour / 4u == firstOfSlice / 16u)) {
      let rowsOfNear = f32(nearRows * 4u) + vec4f(0.0, 1.0, 2.0, 3.0);
      let lastSeenOfNear = min(rowsOfNear, vec4f(keyCount - 1.0));
      let firstKeyOfNear = f32(nearFour * 4u);
      let placeOfNear = nearFour % 4u;
      tile[placeOfNear * 17u + nearRows] = atMost_vec4f(
        vec4f(firstKeyOfNear + 0.0),
        lastSeenOfNear,
        near_0,
        vec4f(0.0),
      );
      tile[placeOfNear * 17u + nearRows + 68u] = atMost_vec4f(
        vec4f(firstKeyOfNear + 1.0),
        lastSeenOfNear,
        near_1,
        vec4f(0.0),
      );
      tile[placeOfNear * 17u + nearRows + 136u] = atMost_vec4f(
        vec4f(firstKeyOfNear + 2.0),
        lastSeenOfNear,
        near_2,
        vec4f(0.0),
      );
      tile[placeOfNear * 17u + nearRows + 204u] = atMost_vec4f(
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
          let pair0 = tile[(step * 4u + four) * 17u + rowGroup * 2u];
          let pair1 = tile[(step * 4u + four) * 17u + rowGroup * 2u + 1u];
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
