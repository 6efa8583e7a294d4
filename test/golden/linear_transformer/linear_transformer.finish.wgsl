// finish: Each row: φ(q)·S of the chunks before, plus the pairs of its own chunk, over φ(q)·z likewise.
// 256 threads a workgroup, 8960 bytes of workgroup memory
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
@group(0) @binding(3) var<storage, read> v: array<f32>;
@group(0) @binding(4) var<storage, read> lengths: array<u32>;
@group(0) @binding(5) var<storage, read> state: array<f32>;
@group(0) @binding(6) var<storage, read_write> out: array<f32>;

var<workgroup> tile: array<vec4f, 528>;
var<workgroup> denominators: array<f32, 128>;

// e^x = 2^n·e^r where x = n·ln 2 + r, and e^r − 1 is a polynomial; 0 below −87
fn exp_vec4f(x: vec4f) -> vec4f {
  let bounded = clamp(x, vec4f(-87.3), vec4f(89.0));
  let n = round(bounded * 1.442695);
  let r = (bounded - n * 0.693359375) + n * 2.1219444e-4;
  let tail = r + r * r * (0.5 + r * (0.16666538 + r * (0.041666266 + r * (0.008367247 + r * 0.0013947599))));
  let half = bitcast<vec4f>((vec4i(n - 1.0) + 127) * 8388608);
  return 2.0 * (half + half * tail);
}

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
  let firstColumn = valueTile * 64u + columnGroup;
  let firstRow = rowTile * 128u;
  let keys = min(max(visible, firstRow) - firstRow, 128u);
  let stateStart = (slice * shape.chunks + rowTile) * 4160u;
  let keyCount = f32(keys);
  let firstNumber = f32(rowGroup * 8u);
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
  let nearPair = thread % 64u;
  let nearRows = nearPair / 2u;
  let nearKeysOfGroup = nearRows / 2u * 2u + nearPair % 2u;
  let nearSet = thread / 64u;
  var near_0 = vec4f(0.0);
  var near_1 = vec4f(0.0);
  var near_2 = vec4f(0.0);
  var near_3 = vec4f(0.0);
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
      let q0_value2 = exp_vec4f(min(q0_x1, vec4f(0.0))) + max(q0_x1, vec4f(0.0));
      let q0_x3 = vec4f(
        q[q0Start0 + q0Component1],
        q[q0Start1 + q0Component1],
        q[q0Start2 + q0Component1],
        q[q0Start3 + q0Component1],
      );
      let q0_value4 = exp_vec4f(min(q0_x3, vec4f(0.0))) + max(q0_x3, vec4f(0.0));
      let q0_x5 = vec4f(
        q[q0Start0 + q0Component2],
        q[q0Start1 + q0Component2],
        q[q0Start2 + q0Component2],
        q[q0Start3 + q0Component2],
      );
      let q0_value6 = exp_vec4f(min(q0_x5, vec4f(0.0))) + max(q0_x5, vec4f(0.0));
      let q0_x7 = vec4f(
        q[q0Start0 + q0Component3],
        q[q0Start1 + q0Component3],
        q[q0Start2 + q0Component3],
        q[q0Start3 + q0Component3],
      );
      let q0_value8 = exp_vec4f(min(q0_x7, vec4f(0.0))) + max(q0_x7, vec4f(0.0));
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
      let q1_value2 = exp_vec4f(min(q1_x1, vec4f(0.0))) + max(q1_x1, vec4f(0.0));
      let q1_x3 = vec4f(
        q[q1Start0 + q1Component1],
        q[q1Start1 + q1Component1],
        q[q1Start2 + q1Component1],
        q[q1Start3 + q1Component1],
      );
      let q1_value4 = exp_vec4f(min(q1_x3, vec4f(0.0))) + max(q1_x3, vec4f(0.0));
      let q1_x5 = vec4f(
        q[q1Start0 + q1Component2],
        q[q1Start1 + q1Component2],
        q[q1Start2 + q1Component2],
        q[q1Start3 + q1Component2],
      );
      let q1_value6 = exp_vec4f(min(q1_x5, vec4f(0.0))) + max(q1_x5, vec4f(0.0));
      let q1_x7 = vec4f(
        q[q1Start0 + q1Component3],
        q[q1Start1 + q1Component3],
        q[q1Start2 + q1Component3],
        q[q1Start3 + q1Component3],
      );
      let q1_value8 = exp_vec4f(min(q1_x7, vec4f(0.0))) + max(q1_x7, vec4f(0.0));
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
      let k0_x1 = vec4f(
        k[k0Start0 + k0Component0],
        k[k0Start1 + k0Component0],
        k[k0Start2 + k0Component0],
        k[k0Start3 + k0Component0],
      );
      let k0_value2 = exp_vec4f(min(k0_x1, vec4f(0.0))) + max(k0_x1, vec4f(0.0));
      let k0_x3 = vec4f(
        k[k0Start0 + k0Component1],
        k[k0Start1 + k0Component1],
        k[k0Start2 + k0Component1],
        k[k0Start3 + k0Component1],
      );
      let k0_value4 = exp_vec4f(min(k0_x3, vec4f(0.0))) + max(k0_x3, vec4f(0.0));
      let k0_x5 = vec4f(
        k[k0Start0 + k0Component2],
        k[k0Start1 + k0Component2],
        k[k0Start2 + k0Component2],
        k[k0Start3 + k0Component2],
      );
      let k0_value6 = exp_vec4f(min(k0_x5, vec4f(0.0))) + max(k0_x5, vec4f(0.0));
      let k0_x7 = vec4f(
        k[k0Start0 + k0Component3],
        k[k0Start1 + k0Component3],
        k[k0Start2 + k0Component3],
        k[k0Start3 + k0Component3],
      );
      let k0_value8 = exp_vec4f(min(k0_x7, vec4f(0.0))) + max(k0_x7, vec4f(0.0));
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
      let k1_value2 = exp_vec4f(min(k1_x1, vec4f(0.0))) + max(k1_x1, vec4f(0.0));
      let k1_x3 = vec4f(
        k[k1Start0 + k1Component1],
        k[k1Start1 + k1Component1],
        k[k1Start2 + k1Component1],
        k[k1Start3 + k1Component1],
      );
      let k1_value4 = exp_vec4f(min(k1_x3, vec4f(0.0))) + max(k1_x3, vec4f(0.0));
      let k1_x5 = vec4f(
        k[k1Start0 + k1Component2],
        k[k1Start1 + k1Component2],
        k[k1Start2 + k1Component2],
        k[k1Start3 + k1Component2],
      );
      let k1_value6 = exp_vec4f(min(k1_x5, vec4f(0.0))) + max(k1_x5, vec4f(0.0));
      let k1_x7 = vec4f(
        k[k1Start0 + k1Component3],
        k[k1Start1 + k1Component3],
        k[k1Start2 + k1Component3],
        k[k1Start3 + k1Component3],
      );
      let k1_value8 = exp_vec4f(min(k1_x7, vec4f(0.0))) + max(k1_x7, vec4f(0.0));
      ofKey_0 = k0_value2;
      ofKey_1 = k0_value4;
      ofKey_2 = k0_value6;
      ofKey_3 = k0_value8;
      ofKey_4 = k1_value2;
      ofKey_5 = k1_value4;
      ofKey_6 = k1_value6;
      ofKey_7 = k1_value8;
    }
    for (var panel = 0u; panel < (count + 7u) / 8u; panel++) {
      let firstOfPanel = panel * 8u;
      let itemOfPanel = panel / 2u;
      if (columnGroup / 8u == panel % 2u) {
        let componentOfPanel = columnGroup % 8u;
        var query0 = ofQuery_0;
        var query1 = ofQuery_4;
        var key0 = ofKey_0;
        var key1 = ofKey_4;
        if (itemOfPanel == 1u) {
          query0 = ofQuery_1;
          query1 = ofQuery_5;
          key0 = ofKey_1;
          key1 = ofKey_5;
        }
        if (itemOfPanel == 2u) {
          query0 = ofQuery_2;
          query1 = ofQuery_6;
          key0 = ofKey_2;
          key1 = ofKey_6;
        }
        if (itemOfPanel == 3u) {
          query0 = ofQuery_3;
          query1 = ofQuery_7;
          key0 = ofKey_3;
          key1 = ofKey_7;
        }
        tile[componentOfPanel * 33u + rowGroup * 2u] = query0;
        tile[componentOfPanel * 33u + rowGroup * 2u + 1u] = query1;
        let z = state[stateStart + 4096u + (firstFeature + firstOfPanel + componentOfPanel)];
        totals_0 += query0 * z;
        totals_1 += query1 * z;
        tile[componentOfPanel * 33u + rowGroup * 2u + 264u] = key0;
        tile[componentOfPanel * 33u + rowGroup * 2u + 265u] = key1;
      }
      workgroupBarrier();
      for (var f = 0u; f < 8u; f++) {
        let weight0 = tile[f * 33u + rowGroup * 2u];
        let weight1 = tile[f * 33u + rowGroup * 2u + 1u];
        let rowStart = stateStart + (firstFeature + firstOfPanel + f) * 64u + firstColumn;
        let column0 = state[rowStart];
        let column1 = state[rowStart + 16u];
        let column2 = state[rowStart + 32u];
        let column3 = state[rowStart + 48u];
        sums_0 += weight0 * column0;
        sums_1 += weight0 * column1;
        sums_2 += weight0 * column2;
        sums_3 += weight0 * column3;
        sums_4 += weight1 * column0;
        sums_5 += weight1 * column1;
        sums_6 += weight1 * column2;
        sums_7 += weight1 * column3;
        let farWeight0 = tile[f * 33u + farRows];
        let farWeight1 = tile[f * 33u + farRows + 1u];
        let farKeysLoaded = tile[f * 33u + farKeys + 264u];
        let ofKeys = farKeysLoaded;
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
        let nearQueries = tile[own * 33u + nearRows];
        let nearKeys = tile[own * 33u + nearKeysOfGroup + 264u];
        near_0 += nearQueries * nearKeys.x;
        near_1 += nearQueries * nearKeys.y;
        near_2 += nearQueries * nearKeys.z;
        near_3 += nearQueries * nearKeys.w;
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
          let rowStart = (keyGroup * shape.keyHeadStride + batchItem * shape.keyItemGap) * 64u + min(
            firstKey + step,
            max(visible, 1u) - 1u,
          ) * (shape.keyRowStride * 64u) + firstColumn;
          let column0 = v[rowStart];
          let column1 = v[rowStart + 16u];
          let column2 = v[rowStart + 32u];
          let column3 = v[rowStart + 48u];
          totals_0 += pair0;
          sums_0 += pair0 * column0;
          sums_1 += pair0 * column1;
          sums_2 += pair0 * column2;
          sums_3 += pair0 * column3;
          totals_1 += pair1;
          sums_4 += pair1 * column0;
          sums_5 += pair1 * column1;
          sums_6 += pair1 * column2;
          sums_7 += pair1 * column3;
        }
      }
    }
    workgroupBarrier();
  }
  let factor0 = 1.0 / max(totals_0, vec4f(8.6736174e-19));
  let factor1 = 1.0 / max(totals_1, vec4f(8.6736174e-19));
  let row0 = firstRow + rowGroup * 8u;
  if ((row0 < shape.length) & (totals_0.x >= 8.6736174e-19)) {
    let out0 = (queryHead * shape.headStride + batchItem * shape.itemGap) * 64u + row0 * (shape.rowStride * 64u);
    out[out0 + firstColumn] = (sums_0 * factor0).x;
    out[out0 + (firstColumn + 16u)] = (sums_1 * factor0).x;
    out[out0 + (firstColumn + 32u)] = (sums_2 * factor0).x;
    out[out0 + (firstColumn + 48u)] = (sums_3 * factor0).x;
  }
  let row1 = firstRow + rowGroup * 8u + 1u;
  if ((row1 < shape.length) & (totals_0.y >= 8.6736174e-19)) {
    let out1 = (queryHead * shape.headStride + batchItem * shape.itemGap) * 64u + row1 * (shape.rowStride * 64u);
    out[out1 + firstColumn] = (sums_0 * factor0).y;
    out[out1 + (firstColumn + 16u)] = (sums_1 * factor0).y;
    out[out1 + (firstColumn + 32u)] = (sums_2 * factor0).y;
    out[out1 + (firstColumn + 48u)] = (sums_3 * factor0).y;
  }
  let row2 = firstRow + rowGroup * 8u + 2u;
  if ((row2 < shape.length) & (totals_0.z >= 8.6736174e-19)) {
    let out2 = (queryHead * shape.headStride + batchItem * shape.itemGap) * 64u + row2 * (shape.rowStride * 64u);
    out[out2 + firstColumn] = (sums_0 * factor0).z;
    out[out2 + (firstColumn + 16u)] = (sums_1 * factor0).z;
    out[out2 + (firstColumn + 32u)] = (sums_2 * factor0).z;
    out[out2 + (firstColumn + 48u)] = (sums_3 * factor0).z;
  }
  let row3 = firstRow + rowGroup * 8u + 3u;
  if ((row3 < shape.length) & (totals_0.w >= 8.6736174e-19)) {
    let out3 = (queryHead * shape.headStride + batchItem * shape.itemGap) * 64u + row3 * (shape.rowStride * 64u);
    out[out3 + firstColumn] = (sums_0 * factor0).w;
    out[out3 + (firstColumn + 16u)] = (sums_1 * factor0).w;
    out[out3 + (firstColumn + 32u)] = (sums_2 * factor0).w;
    out[out3 + (firstColumn + 48u)] = (sums_3 * factor0).w;
  }
  let row4 = firstRow + (rowGroup * 2u + 1u) * 4u;
  if ((row4 < shape.length) & (totals_1.x >= 8.6736174e-19)) {
    let out4 = (queryHead * shape.headStride + batchItem * shape.itemGap) * 64u + row4 * (shape.rowStride * 64u);
    out[out4 + firstColumn] = (sums_4 * factor1).x;
    out[out4 + (firstColumn + 16u)] = (sums_5 * factor1).x;
    out[out4 + (firstColumn + 32u)] = (sums_6 * factor1).x;
    out[out4 + (firstColumn + 48u)] = (sums_7 * factor1).x;
  }
  let row5 = firstRow + (rowGroup * 2u + 1u) * 4u + 1u;
  if ((row5 < shape.length) & (totals_1.y >= 8.6736174e-19)) {
    let out5 = (queryHead * shape.headStride + batchItem * shape.itemGap) * 64u + row5 * (shape.rowStride * 64u);
    out[out5 + firstColumn] = (sums_4 * factor1).y;
    out[out5 + (firstColumn + 16u)] = (sums_5 * factor1).y;
    out[out5 + (firstColumn + 32u)] = (sums_6 * factor1).y;
    out[out5 + (firstColumn + 48u)] = (sums_7 * factor1).y;
  }
  let row6 = firstRow + (rowGroup * 2u + 1u) * 4u + 2u;
  if ((row6 < shape.length) & (totals_1.z >= 8.6736174e-19)) {
    let out6 = (queryHead * shape.headStride + batchItem * shape.itemGap) * 64u + row6 * (shape.rowStride * 64u);
    out[out6 + firstColumn] = (sums_4 * factor1).z;
    out[out6 + (firstColumn + 16u)] = (sums_5 * factor1).z;
    out[out6 + (firstColumn + 32u)] = (sums_6 * factor1).z;
    out[out6 + (firstColumn + 48u)] = (sums_7 * factor1).z;
  }
  let row7 = firstRow + (rowGroup * 2u + 1u) * 4u + 3u;
  if ((row7 < shape.length) & (totals_1.w >= 8.6736174e-19)) {
    let out7 = (queryHead * shape.headStride + batchItem * shape.itemGap) * 64u + row7 * (shape.rowStride * 64u);
    out[out7 + firstColumn] = (sums_4 * factor1).w;
    out[out7 + (firstColumn + 16u)] = (sums_5 * factor1).w;
    out[out7 + (firstColumn + 32u)] = (sums_6 * factor1).w;
    out[out7 + (firstColumn + 48u)] = (sums_7 * factor1).w;
  }
  // rows whose sums may have lost digits
  if (columnGroup == 0u) {
    denominators[rowGroup * 8u] = totals_0.x;
    denominators[rowGroup * 8u + 1u] = totals_0.y;
    denominators[rowGroup * 8u + 2u] = totals_0.z;
    denominators[rowGroup * 8u + 3u] = totals_0.w;
    denominators[(rowGroup * 2u + 1u) * 4u] = totals_1.x;
    denominators[(rowGroup * 2u + 1u) * 4u + 1u] = totals_1.y;
    denominators[(rowGroup * 2u + 1u) * 4u + 2u] = totals_1.z;
    denominators[(rowGroup * 2u + 1u) * 4u + 3u] = totals_1.w;
  }
  workgroupBarrier();
  let ownRow = firstRow + thread;
  if ((thread < 128u) & (ownRow < shape.length)) {
    if (!(denominators[thread] >= 8.6736174e-19)) {
      let firstOfTile = valueTile * 64u;
      let start = (queryHead * shape.headStride + batchItem * shape.itemGap) * 64u + ownRow * (shape.rowStride * 64u) + firstOfTile;
      let ownKeys = min(visible, ownRow + 1u);
      var scale = -1e30;
      var total = 0.0;
      var weight = 0.0;
      for (var column = 0u; column < 64u; column++) {
        let at = start + column;
        out[at] = 0.0;
      }
      for (var seenKey = 0u; seenKey < ownKeys; seenKey++) {
        let before = scale;
        weight = 0.0;
        for (var component = 0u; component < 64u; component++) {
          let q_x1 = q[(queryHead * shape.headStride + batchItem * shape.itemGap) * 64u + ownRow * (shape.rowStride * 64u) + component];
          let q_value2 = 1.442695 * min(q_x1, 0.0);
          let q_value3 = max(q_x1, 0.0) + 1.0;
          let k_x1 = k[(keyGroup * shape.keyHeadStride + batchItem * shape.keyItemGap) * 64u + seenKey * (shape.keyRowStride * 64u) + component];
          let k_value2 = 1.442695 * min(k_x1, 0.0);
          let k_value3 = max(k_x1, 0.0) + 1.0;
          let coefficient = q_value3 * k_value3;
          let exponent = select(q_value2 + k_value2, -1e30, coefficient == 0.0);
          let soFar = scale;
          scale = max(scale, exponent);
          weight = weight * exp2(soFar - scale) + coefficient * exp2(exponent - scale);
        }
        total = total * exp2(before - scale) + weight;
        let share = weight / max(total, 1e-37);
        let value = (keyGroup * shape.keyHeadStride + batchItem * shape.keyItemGap) * 64u + seenKey * (shape.keyRowStride * 64u) + firstOfTile;
        for (var column = 0u; column < 64u; column++) {
          let at = start + column;
          out[at] = out[at] + (v[value + column] - out[at]) * share;
        }
      }
    }
  }
}
