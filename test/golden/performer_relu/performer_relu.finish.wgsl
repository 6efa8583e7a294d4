// finish: Each row: φ(q)·S of the chunks before, plus the pairs of its own chunk, over φ(q)·z likewise.
// 256 threads a workgroup, 13312 bytes of workgroup memory
// reads q, k, v, w, lengths, state; writes out

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
@group(0) @binding(1) var<storage, read> q: array<vec4f>;
@group(0) @binding(2) var<storage, read> k: array<vec4f>;
@group(0) @binding(3) var<storage, read> v: array<vec4f>;
@group(0) @binding(4) var<storage, read> w: array<vec4f>;
@group(0) @binding(5) var<storage, read> lengths: array<u32>;
@group(0) @binding(6) var<storage, read> state: array<vec4f>;
@group(0) @binding(7) var<storage, read_write> out: array<vec4f>;

var<workgroup> tile: array<vec4f, 832>;

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
  let stateStart = (slice * shape.chunks + rowTile) * 16640u;
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
      let lastRow = max(shape.length, 1u) - 1u;
      var xdot_0 = vec4f(0.0);
      var xdot_1 = vec4f(0.0);
      var xdot_2 = vec4f(0.0);
      var xdot_3 = vec4f(0.0);
      var xdot_4 = vec4f(0.0);
      var xdot_5 = vec4f(0.0);
      var xdot_6 = vec4f(0.0);
      var xdot_7 = vec4f(0.0);
      for (var first = 0u; first < 64u * unknownOne; first += 16u) {
        let place = thread % 4u;
        let entries = first / 4u + place;
        let firstFour = thread / 4u;
        if (firstFour < 32u) {
          let row0_0 = q[min(
            firstRow + firstFour * 4u,
            lastRow,
          ) * (shape.rowStride * 16u) + ((queryHead * shape.headStride + batchItem * shape.itemGap) * 16u + entries)];
          let row1_0 = q[min(
            firstRow + firstFour * 4u + 1u,
            lastRow,
          ) * (shape.rowStride * 16u) + ((queryHead * shape.headStride + batchItem * shape.itemGap) * 16u + entries)];
          let row2_0 = q[min(
            firstRow + firstFour * 4u + 2u,
            lastRow,
          ) * (shape.rowStride * 16u) + ((queryHead * shape.headStride + batchItem * shape.itemGap) * 16u + entries)];
          let row3_0 = q[min(
            firstRow + firstFour * 4u + 3u,
            lastRow,
          ) * (shape.rowStride * 16u) + ((queryHead * shape.headStride + batchItem * shape.itemGap) * 16u + entries)];
          tile[place * 34u + firstFour] = vec4f(row0_0.x, row1_0.x, row2_0.x, row3_0.x);
          tile[place * 34u + firstFour + 136u] = vec4f(row0_0.y, row1_0.y, row2_0.y, row3_0.y);
          tile[place * 34u + firstFour + 272u] = vec4f(row0_0.z, row1_0.z, row2_0.z, row3_0.z);
          tile[place * 34u + firstFour + 408u] = vec4f(row0_0.w, row1_0.w, row2_0.w, row3_0.w);
        }
        if ((firstFour >= 32u) & (firstFour < 48u)) {
          let row0_1 = w[min(components0 + (firstFour - 32u), 255u) * 16u + entries];
          let row1_1 = w[min(components0 + (firstFour - 32u) + 16u, 255u) * 16u + entries];
          let row2_1 = w[min(components0 + (firstFour - 32u) + 32u, 255u) * 16u + entries];
          let row3_1 = w[min(components0 + (firstFour - 32u) + 48u, 255u) * 16u + entries];
          tile[place * 18u + firstFour + 512u] = vec4f(row0_1.x, row1_1.x, row2_1.x, row3_1.x);
          tile[place * 18u + firstFour + 584u] = vec4f(row0_1.y, row1_1.y, row2_1.y, row3_1.y);
          tile[place * 18u + firstFour + 656u] = vec4f(row0_1.z, row1_1.z, row2_1.z, row3_1.z);
          tile[place * 18u + firstFour + 728u] = vec4f(row0_1.w, row1_1.w, row2_1.w, row3_1.w);
        }
        workgroupBarrier();
        for (var t = 0u; t < 16u; t++) {
          let rows0 = tile[t * 34u + rowGroup * 2u];
          let rows1 = tile[t * 34u + rowGroup * 2u + 1u];
          let keys0 = tile[t * 18u + columnGroup + 544u];
          xdot_0 += keys0.x * rows0;
          xdot_4 += keys0.x * rows1;
          xdot_1 += keys0.y * rows0;
          xdot_5 += keys0.y * rows1;
          xdot_2 += keys0.z * rows0;
          xdot_6 += keys0.z * rows1;
          xdot_3 += keys0.w * rows0;
          xdot_7 += keys0.w * rows1;
        }
        workgroupBarrier();
      }
      let x0_value1 = 0.0625 * (max(0.35355338 * xdot_0, vec4f(0.0)) + 0.001);
      let x0_value2 = 0.0625 * (max(0.35355338 * xdot_1, vec4f(0.0)) + 0.001);
      let x0_value3 = 0.0625 * (max(0.35355338 * xdot_2, vec4f(0.0)) + 0.001);
      let x0_value4 = 0.0625 * (max(0.35355338 * xdot_3, vec4f(0.0)) + 0.001);
      let x1_value1 = 0.0625 * (max(0.35355338 * xdot_4, vec4f(0.0)) + 0.001);
      let x1_value2 = 0.0625 * (max(0.35355338 * xdot_5, vec4f(0.0)) + 0.001);
      let x1_value3 = 0.0625 * (max(0.35355338 * xdot_6, vec4f(0.0)) + 0.001);
      let x1_value4 = 0.0625 * (max(0.35355338 * xdot_7, vec4f(0.0)) + 0.001);
      ofQuery_0 = x0_value1;
      ofQuery_1 = x0_value2;
      ofQuery_2 = x0_value3;
      ofQuery_3 = x0_value4;
      ofQuery_4 = x1_value1;
      ofQuery_5 = x1_value2;
      ofQuery_6 = x1_value3;
      ofQuery_7 = x1_value4;
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
      let lastRow = max(visible, 1u) - 1u;
      var xdot_0 = vec4f(0.0);
      var xdot_1 = vec4f(0.0);
      var xdot_2 = vec4f(0.0);
      var xdot_3 = vec4f(0.0);
      var xdot_4 = vec4f(0.0);
      var xdot_5 = vec4f(0.0);
      var xdot_6 = vec4f(0.0);
      var xdot_7 = vec4f(0.0);
      for (var first = 0u; first < 64u * unknownOne; first += 16u) {
        let place = thread % 4u;
        let entries = first / 4u + place;
        let firstFour = thread / 4u;
        if (firstFour < 32u) {
          let row0_0 = k[min(
            firstRow + firstFour * 4u,
            lastRow,
          ) * (shape.keyRowStride * 16u) + ((keyGroup * shape.keyHeadStride + batchItem * shape.keyItemGap) * 16u + entries)];
          let row1_0 = k[min(
            firstRow + firstFour * 4u + 1u,
            lastRow,
          ) * (shape.keyRowStride * 16u) + ((keyGroup * shape.keyHeadStride + batchItem * shape.keyItemGap) * 16u + entries)];
          let row2_0 = k[min(
            firstRow + firstFour * 4u + 2u,
            lastRow,
          ) * (shape.keyRowStride * 16u) + ((keyGroup * shape.keyHeadStride + batchItem * shape.keyItemGap) * 16u + entries)];
          let row3_0 = k[min(
            firstRow + firstFour * 4u + 3u,
            lastRow,
          ) * (shape.keyRowStride * 16u) + ((keyGroup * shape.keyHeadStride + batchItem * shape.keyItemGap) * 16u + entries)];
          tile[place * 34u + firstFour] = vec4f(row0_0.x, row1_0.x, row2_0.x, row3_0.x);
          tile[place * 34u + firstFour + 136u] = vec4f(row0_0.y, row1_0.y, row2_0.y, row3_0.y);
          tile[place * 34u + firstFour + 272u] = vec4f(row0_0.z, row1_0.z, row2_0.z, row3_0.z);
          tile[place * 34u + firstFour + 408u] = vec4f(row0_0.w, row1_0.w, row2_0.w, row3_0.w);
        }
        if ((firstFour >= 32u) & (firstFour < 48u)) {
          let row0_1 = w[min(components0 + (firstFour - 32u), 255u) * 16u + entries];
          let row1_1 = w[min(components0 + (firstFour - 32u) + 16u, 255u) * 16u + entries];
          let row2_1 = w[min(components0 + (firstFour - 32u) + 32u, 255u) * 16u + entries];
          let row3_1 = w[min(components0 + (firstFour - 32u) + 48u, 255u) * 16u + entries];
          tile[place * 18u + firstFour + 512u] = vec4f(row0_1.x, row1_1.x, row2_1.x, row3_1.x);
          tile[place * 18u + firstFour + 584u] = vec4f(row0_1.y, row1_1.y, row2_1.y, row3_1.y);
          tile[place * 18u + firstFour + 656u] = vec4f(row0_1.z, row1_1.z, row2_1.z, row3_1.z);
          tile[place * 18u + firstFour + 728u] = vec4f(row0_1.w, row1_1.w, row2_1.w, row3_1.w);
        }
        workgroupBarrier();
        for (var t = 0u; t < 16u; t++) {
          let rows0 = tile[t * 34u + rowGroup * 2u];
          let rows1 = tile[t * 34u + rowGroup * 2u + 1u];
          let keys0 = tile[t * 18u + columnGroup + 544u];
          xdot_0 += keys0.x * rows0;
          xdot_4 += keys0.x * rows1;
          xdot_1 += keys0.y * rows0;
          xdot_5 += keys0.y * rows1;
          xdot_2 += keys0.z * rows0;
          xdot_6 += keys0.z * rows1;
          xdot_3 += keys0.w * rows0;
          xdot_7 += keys0.w * rows1;
        }
        workgroupBarrier();
      }
      let x0_value1 = 0.0625 * (max(0.35355338 * xdot_0, vec4f(0.0)) + 0.001);
      let x0_value2 = 0.0625 * (max(0.35355338 * xdot_1, vec4f(0.0)) + 0.001);
      let x0_value3 = 0.0625 * (max(0.35355338 * xdot_2, vec4f(0.0)) + 0.001);
      let x0_value4 = 0.0625 * (max(0.35355338 * xdot_3, vec4f(0.0)) + 0.001);
      let x1_value1 = 0.0625 * (max(0.35355338 * xdot_4, vec4f(0.0)) + 0.001);
      let x1_value2 = 0.0625 * (max(0.35355338 * xdot_5, vec4f(0.0)) + 0.001);
      let x1_value3 = 0.0625 * (max(0.35355338 * xdot_6, vec4f(0.0)) + 0.001);
      let x1_value4 = 0.0625 * (max(0.35355338 * xdot_7, vec4f(0.0)) + 0.001);
      ofKey_0 = x0_value1;
      ofKey_1 = x0_value2;
      ofKey_2 = x0_value3;
      ofKey_3 = x0_value4;
      ofKey_4 = x1_value1;
      ofKey_5 = x1_value2;
      ofKey_6 = x1_value3;
      ofKey_7 = x1_value4;
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
        let z = state[(stateStart + 16384u + (firstFeature + firstOfPanel + componentOfPanel)) / 4u][(stateStart + 16384u + (firstFeature + firstOfPanel + componentOfPanel)) % 4u];
        totals_0 += query0 * z;
        totals_1 += query1 * z;
        tile[componentOfPanel * 33u + rowGroup * 2u + 264u] = key0;
        tile[componentOfPanel * 33u + rowGroup * 2u + 265u] = key1;
      }
      workgroupBarrier();
      for (var f = 0u; f < 8u; f++) {
        let weight0 = tile[f * 33u + rowGroup * 2u];
        let weight1 = tile[f * 33u + rowGroup * 2u + 1u];
        let rowStart = stateFours + (firstFeature + firstOfPanel + f) * 16u + firstColumns;
        let columns0 = state[rowStart];
        sums_0 += weight0 * columns0.x;
        sums_1 += weight0 * columns0.y;
        sums_2 += weight0 * columns0.z;
        sums_3 += weight0 * columns0.w;
        sums_4 += weight1 * columns0.x;
        sums_5 += weight1 * columns0.y;
        sums_6 += weight1 * columns0.z;
        sums_7 += weight1 * columns0.w;
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
