// finish: Each row: φ(q)·S of the chunks before, plus the pairs of its own chunk, over φ(q)·z likewise.
// 256 threads a workgroup, 13312 bytes of workgroup memory
// reads q, k, v, w, lengths; writes state, out

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
@group(0) @binding(1) var<storage, read> q: array<vec4f>;
@group(0) @binding(2) var<storage, read> k: array<vec4f>;
@group(0) @binding(3) var<storage, read> v: array<vec4f>;
@group(0) @binding(4) var<storage, read> w: array<vec4f>;
@group(0) @binding(5) var<storage, read> lengths: array<u32>;
@group(0) @binding(6) var<storage, read_write> state: array<vec4f>;
@group(0) @binding(7) var<storage, read_write> out: array<vec4f>;

var<workgroup> tile: array<vec4f, 832>;

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
  let once = min(shape.sliceCount, 1u);
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
  var scores_0 = vec4f(0.0);
  var scores_1 = vec4f(0.0);
  var scores_2 = vec4f(0.0);
  var scores_3 = vec4f(0.0);
  var scores_4 = vec4f(0.0);
  var scores_5 = vec4f(0.0);
  var scores_6 = vec4f(0.0);
  var scores_7 = vec4f(0.0);
  var scores_8 = vec4f(0.0);
  var scores_9 = vec4f(0.0);
  var scores_10 = vec4f(0.0);
  var scores_11 = vec4f(0.0);
  var scores_12 = vec4f(0.0);
  var scores_13 = vec4f(0.0);
  var scores_14 = vec4f(0.0);
  var scores_15 = vec4f(0.0);
  for (var components0 = 0u; components0 < 256u * once; components0 += 64u) {
    let count = min(max(256u, components0) - components0, 64u);
    let firstFeature = components0;
    let queryLast = max(shape.length, 1u) - 1u;
    var qdot_0 = vec4f(0.0);
    var qdot_1 = vec4f(0.0);
    var qdot_2 = vec4f(0.0);
    var qdot_3 = vec4f(0.0);
    var qdot_4 = vec4f(0.0);
    var qdot_5 = vec4f(0.0);
    var qdot_6 = vec4f(0.0);
    var qdot_7 = vec4f(0.0);
    for (var first = 0u; first < 64u * once; first += 16u) {
      let place = thread % 4u;
      let entries = first / 4u + place;
      let firstFour = thread / 4u;
      if (firstFour < 32u) {
        let row0_0 = q[min(
          firstRow + firstFour * 4u,
          queryLast,
        ) * 16u + (queryHead * shape.length * 16u + entries)];
        let row1_0 = q[min(
          firstRow + firstFour * 4u + 1u,
          queryLast,
        ) * 16u + (queryHead * shape.length * 16u + entries)];
        let row2_0 = q[min(
          firstRow + firstFour * 4u + 2u,
          queryLast,
        ) * 16u + (queryHead * shape.length * 16u + entries)];
        let row3_0 = q[min(
          firstRow + firstFour * 4u + 3u,
          queryLast,
        ) * 16u + (queryHead * shape.length * 16u + entries)];
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
      for (var t = 0u; t < 16u; t += 4u) {
        let rows0 = tile[t * 34u + rowGroup * 2u];
        let rows1 = tile[t * 34u + rowGroup * 2u + 1u];
        let keys0 = tile[t * 18u + columnGroup + 544u];
        qdot_0 += keys0.x * rows0;
        qdot_4 += keys0.x * rows1;
        qdot_1 += keys0.y * rows0;
        qdot_5 += keys0.y * rows1;
        qdot_2 += keys0.z * rows0;
        qdot_6 += keys0.z * rows1;
        qdot_3 += keys0.w * rows0;
        qdot_7 += keys0.w * rows1;
        let rows0_1 = tile[t * 34u + rowGroup * 2u + 34u];
        let rows1_1 = tile[t * 34u + rowGroup * 2u + 35u];
        let keys0_1 = tile[t * 18u + columnGroup + 562u];
        qdot_0 += keys0_1.x * rows0_1;
        qdot_4 += keys0_1.x * rows1_1;
        qdot_1 += keys0_1.y * rows0_1;
        qdot_5 += keys0_1.y * rows1_1;
        qdot_2 += keys0_1.z * rows0_1;
        qdot_6 += keys0_1.z * rows1_1;
        qdot_3 += keys0_1.w * rows0_1;
        qdot_7 += keys0_1.w * rows1_1;
        let rows0_2 = tile[t * 34u + rowGroup * 2u + 68u];
        let rows1_2 = tile[t * 34u + rowGroup * 2u + 69u];
        let keys0_2 = tile[t * 18u + columnGroup + 580u];
        qdot_0 += keys0_2.x * rows0_2;
        qdot_4 += keys0_2.x * rows1_2;
        qdot_1 += keys0_2.y * rows0_2;
        qdot_5 += keys0_2.y * rows1_2;
        qdot_2 += keys0_2.z * rows0_2;
        qdot_6 += keys0_2.z * rows1_2;
        qdot_3 += keys0_2.w * rows0_2;
        qdot_7 += keys0_2.w * rows1_2;
        let rows0_3 = tile[t * 34u + rowGroup * 2u + 102u];
        let rows1_3 = tile[t * 34u + rowGroup * 2u + 103u];
        let keys0_3 = tile[t * 18u + columnGroup + 598u];
        qdot_0 += keys0_3.x * rows0_3;
        qdot_4 += keys0_3.x * rows1_3;
        qdot_1 += keys0_3.y * rows0_3;
        qdot_5 += keys0_3.y * rows1_3;
        qdot_2 += keys0_3.z * rows0_3;
        qdot_6 += keys0_3.z * rows1_3;
        qdot_3 += keys0_3.w * rows0_3;
        qdot_7 += keys0_3.w * rows1_3;
      }
      workgroupBarrier();
    }
    let q0_value1 = 0.0625 * (max(0.35355338 * qdot_0, vec4f(0.0)) + 0.001);
    let q0_value2 = 0.0625 * (max(0.35355338 * qdot_1, vec4f(0.0)) + 0.001);
    let q0_value3 = 0.0625 * (max(0.35355338 * qdot_2, vec4f(0.0)) + 0.001);
    let q0_value4 = 0.0625 * (max(0.35355338 * qdot_3, vec4f(0.0)) + 0.001);
    let q1_value1 = 0.0625 * (max(0.35355338 * qdot_4, vec4f(0.0)) + 0.001);
    let q1_value2 = 0.0625 * (max(0.35355338 * qdot_5, vec4f(0.0)) + 0.001);
    let q1_value3 = 0.0625 * (max(0.35355338 * qdot_6, vec4f(0.0)) + 0.001);
    let q1_value4 = 0.0625 * (max(0.35355338 * qdot_7, vec4f(0.0)) + 0.001);
    let ofQuery0_0 = q0_value1;
    let ofQuery0_1 = q0_value2;
    let ofQuery0_2 = q0_value3;
    let ofQuery0_3 = q0_value4;
    let ofQuery1_0 = q1_value1;
    let ofQuery1_1 = q1_value2;
    let ofQuery1_2 = q1_value3;
    let ofQuery1_3 = q1_value4;
    let keyLast = max(visible, 1u) - 1u;
    var kdot_0 = vec4f(0.0);
    var kdot_1 = vec4f(0.0);
    var kdot_2 = vec4f(0.0);
    var kdot_3 = vec4f(0.0);
    var kdot_4 = vec4f(0.0);
    var kdot_5 = vec4f(0.0);
    var kdot_6 = vec4f(0.0);
    var kdot_7 = vec4f(0.0);
    for (var first = 0u; first < 64u * once; first += 16u) {
      let place = thread % 4u;
      let entries = first / 4u + place;
      let firstFour = thread / 4u;
      if (firstFour < 32u) {
        let row0_0 = k[min(
          firstRow + firstFour * 4u,
          keyLast,
        ) * 16u + (keyGroup * shape.keyLength * 16u + entries)];
        let row1_0 = k[min(
          firstRow + firstFour * 4u + 1u,
          keyLast,
        ) * 16u + (keyGroup * shape.keyLength * 16u + entries)];
        let row2_0 = k[min(
          firstRow + firstFour * 4u + 2u,
          keyLast,
        ) * 16u + (keyGroup * shape.keyLength * 16u + entries)];
        let row3_0 = k[min(
          firstRow + firstFour * 4u + 3u,
          keyLast,
        ) * 16u + (keyGroup * shape.keyLength * 16u + entries)];
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
      for (var t = 0u; t < 16u; t += 4u) {
        let rows0 = tile[t * 34u + rowGroup * 2u];
        let rows1 = tile[t * 34u + rowGroup * 2u + 1u];
        let keys0 = tile[t * 18u + columnGroup + 544u];
        kdot_0 += keys0.x * rows0;
        kdot_4 += keys0.x * rows1;
        kdot_1 += keys0.y * rows0;
        kdot_5 += keys0.y * rows1;
        kdot_2 += keys0.z * rows0;
        kdot_6 += keys0.z * rows1;
        kdot_3 += keys0.w * rows0;
        kdot_7 += keys0.w * rows1;
        let rows0_1 = tile[t * 34u + rowGroup * 2u + 34u];
        let rows1_1 = tile[t * 34u + rowGroup * 2u + 35u];
        let keys0_1 = tile[t * 18u + columnGroup + 562u];
        kdot_0 += keys0_1.x * rows0_1;
        kdot_4 += keys0_1.x * rows1_1;
        kdot_1 += keys0_1.y * rows0_1;
        kdot_5 += keys0_1.y * rows1_1;
        kdot_2 += keys0_1.z * rows0_1;
        kdot_6 += keys0_1.z * rows1_1;
        kdot_3 += keys0_1.w * rows0_1;
        kdot_7 += keys0_1.w * rows1_1;
        let rows0_2 = tile[t * 34u + rowGroup * 2u + 68u];
        let rows1_2 = tile[t * 34u + rowGroup * 2u + 69u];
        let keys0_2 = tile[t * 18u + columnGroup + 580u];
        kdot_0 += keys0_2.x * rows0_2;
        kdot_4 += keys0_2.x * rows1_2;
        kdot_1 += keys0_2.y * rows0_2;
        kdot_5 += keys0_2.y * rows1_2;
        kdot_2 += keys0_2.z * rows0_2;
        kdot_6 += keys0_2.z * rows1_2;
        kdot_3 += keys0_2.w * rows0_2;
        kdot_7 += keys0_2.w * rows1_2;
        let rows0_3 = tile[t * 34u + rowGroup * 2u + 102u];
        let rows1_3 = tile[t * 34u + rowGroup * 2u + 103u];
        let keys0_3 = tile[t * 18u + columnGroup + 598u];
        kdot_0 += keys0_3.x * rows0_3;
        kdot_4 += keys0_3.x * rows1_3;
        kdot_1 += keys0_3.y * rows0_3;
        kdot_5 += keys0_3.y * rows1_3;
        kdot_2 += keys0_3.z * rows0_3;
        kdot_6 += keys0_3.z * rows1_3;
        kdot_3 += keys0_3.w * rows0_3;
        kdot_7 += keys0_3.w * rows1_3;
      }
      workgroupBarrier();
    }
    let k0_value1 = 0.0625 * (max(0.35355338 * kdot_0, vec4f(0.0)) + 0.001);
    let k0_value2 = 0.0625 * (max(0.35355338 * kdot_1, vec4f(0.0)) + 0.001);
    let k0_value3 = 0.0625 * (max(0.35355338 * kdot_2, vec4f(0.0)) + 0.001);
    let k0_value4 = 0.0625 * (max(0.35355338 * kdot_3, vec4f(0.0)) + 0.001);
    let k1_value1 = 0.0625 * (max(0.35355338 * kdot_4, vec4f(0.0)) + 0.001);
    let k1_value2 = 0.0625 * (max(0.35355338 * kdot_5, vec4f(0.0)) + 0.001);
    let k1_value3 = 0.0625 * (max(0.35355338 * kdot_6, vec4f(0.0)) + 0.001);
    let k1_value4 = 0.0625 * (max(0.35355338 * kdot_7, vec4f(0.0)) + 0.001);
    let ofKey0_0 = k0_value1;
    let ofKey0_1 = k0_value2;
    let ofKey0_2 = k0_value3;
    let ofKey0_3 = k0_value4;
    let ofKey1_0 = k1_value1;
    let ofKey1_1 = k1_value2;
    let ofKey1_2 = k1_value3;
    let ofKey1_3 = k1_value4;
    for (var panel = 0u; panel < (count + 7u) / 8u; panel++) {
      let itemOfPanel = panel / 2u;
      if (columnGroup / 8u == panel % 2u) {
        let componentOfPanel = columnGroup % 8u;
        var query0 = ofQuery0_0;
        if (itemOfPanel == 1u) {
          query0 = ofQuery0_1;
        }
        if (itemOfPanel == 2u) {
          query0 = ofQuery0_2;
        }
        if (itemOfPanel == 3u) {
          query0 = ofQuery0_3;
        }
        var query1 = ofQuery1_0;
        if (itemOfPanel == 1u) {
          query1 = ofQuery1_1;
        }
        if (itemOfPanel == 2u) {
          query1 = ofQuery1_2;
        }
        if (itemOfPanel == 3u) {
          query1 = ofQuery1_3;
        }
        var key0 = ofKey0_0;
        if (itemOfPanel == 1u) {
          key0 = ofKey0_1;
        }
        if (itemOfPanel == 2u) {
          key0 = ofKey0_2;
        }
        if (itemOfPanel == 3u) {
          key0 = ofKey0_3;
        }
        var key1 = ofKey1_0;
        if (itemOfPanel == 1u) {
          key1 = ofKey1_1;
        }
        if (itemOfPanel == 2u) {
          key1 = ofKey1_2;
        }
        if (itemOfPanel == 3u) {
          key1 = ofKey1_3;
        }
        tile[componentOfPanel * 33u + rowGroup * 2u] = query0;
        tile[componentOfPanel * 33u + rowGroup * 2u + 1u] = query1;
        tile[componentOfPanel * 33u + rowGroup * 2u + 264u] = key0;
        tile[componentOfPanel * 33u + rowGroup * 2u + 265u] = key1;
      }
      workgroupBarrier();
      let firstOfPanel = panel * 8u;
      let componentsHere = min(max(count, firstOfPanel) - firstOfPanel, 8u);
      for (var f = 0u; f < 8u; f += 4u) {
        let weight0_0 = tile[f * 33u + rowGroup * 2u];
        let weight1_0 = tile[f * 33u + rowGroup * 2u + 1u];
        let feature0 = firstFeature + firstOfPanel + f;
        let rowStart_0 = stateFours + feature0 * 16u + firstColumns;
        let columns0_0 = state[rowStart_0];
        let z0 = state[(stateStart + 16384u + feature0) / 4u][(stateStart + 16384u + feature0) % 4u];
        totals_0 += weight0_0 * z0;
        sums_0 += weight0_0 * columns0_0.x;
        sums_1 += weight0_0 * columns0_0.y;
        sums_2 += weight0_0 * columns0_0.z;
        sums_3 += weight0_0 * columns0_0.w;
        totals_1 += weight1_0 * z0;
        sums_4 += weight1_0 * columns0_0.x;
        sums_5 += weight1_0 * columns0_0.y;
        sums_6 += weight1_0 * columns0_0.z;
        sums_7 += weight1_0 * columns0_0.w;
        let keys0_0 = tile[f * 33u + columnGroup + 264u];
        let ofKeys0_0 = keys0_0;
        scores_0 += weight0_0 * ofKeys0_0.x;
        scores_8 += weight1_0 * ofKeys0_0.x;
        scores_1 += weight0_0 * ofKeys0_0.y;
        scores_9 += weight1_0 * ofKeys0_0.y;
        scores_2 += weight0_0 * ofKeys0_0.z;
        scores_10 += weight1_0 * ofKeys0_0.z;
        scores_3 += weight0_0 * ofKeys0_0.w;
        scores_11 += weight1_0 * ofKeys0_0.w;
        if (rowGroup >= 8u) {
          let keys1_0 = tile[f * 33u + columnGroup + 280u];
          let ofKeys1_0 = keys1_0;
          scores_4 += weight0_0 * ofKeys1_0.x;
          scores_12 += weight1_0 * ofKeys1_0.x;
          scores_5 += weight0_0 * ofKeys1_0.y;
          scores_13 += weight1_0 * ofKeys1_0.y;
          scores_6 += weight0_0 * ofKeys1_0.z;
          scores_14 += weight1_0 * ofKeys1_0.z;
          scores_7 += weight0_0 * ofKeys1_0.w;
          scores_15 += weight1_0 * ofKeys1_0.w;
        }
        let weight0_1 = tile[f * 33u + rowGroup * 2u + 33u];
        let weight1_1 = tile[f * 33u + rowGroup * 2u + 34u];
        let feature1 = firstFeature + firstOfPanel + f + 1u;
        let rowStart_1 = stateFours + feature1 * 16u + firstColumns;
        let columns0_1 = state[rowStart_1];
        let z1 = state[(stateStart + 16384u + feature1) / 4u][(stateStart + 16384u + feature1) % 4u];
        totals_0 += weight0_1 * z1;
        sums_0 += weight0_1 * columns0_1.x;
        sums_1 += weight0_1 * columns0_1.y;
        sums_2 += weight0_1 * columns0_1.z;
        sums_3 += weight0_1 * columns0_1.w;
        totals_1 += weight1_1 * z1;
        sums_4 += weight1_1 * columns0_1.x;
        sums_5 += weight1_1 * columns0_1.y;
        sums_6 += weight1_1 * columns0_1.z;
        sums_7 += weight1_1 * columns0_1.w;
        let keys0_1 = tile[f * 33u + columnGroup + 297u];
        let ofKeys0_1 = keys0_1;
        scores_0 += weight0_1 * ofKeys0_1.x;
        scores_8 += weight1_1 * ofKeys0_1.x;
        scores_1 += weight0_1 * ofKeys0_1.y;
        scores_9 += weight1_1 * ofKeys0_1.y;
        scores_2 += weight0_1 * ofKeys0_1.z;
        scores_10 += weight1_1 * ofKeys0_1.z;
        scores_3 += weight0_1 * ofKeys0_1.w;
        scores_11 += weight1_1 * ofKeys0_1.w;
        if (rowGroup >= 8u) {
          let keys1_1 = tile[f * 33u + columnGroup + 313u];
          let ofKeys1_1 = keys1_1;
          scores_4 += weight0_1 * ofKeys1_1.x;
          scores_12 += weight1_1 * ofKeys1_1.x;
          scores_5 += weight0_1 * ofKeys1_1.y;
          scores_13 += weight1_1 * ofKeys1_1.y;
          scores_6 += weight0_1 * ofKeys1_1.z;
          scores_14 += weight1_1 * ofKeys1_1.z;
          scores_7 += weight0_1 * ofKeys1_1.w;
          scores_15 += weight1_1 * ofKeys1_1.w;
        }
        let weight0_2 = tile[f * 33u + rowGroup * 2u + 66u];
        let weight1_2 = tile[f * 33u + rowGroup * 2u + 67u];
        let feature2 = firstFeature + firstOfPanel + f + 2u;
        let rowStart_2 = stateFours + feature2 * 16u + firstColumns;
        let columns0_2 = state[rowStart_2];
        let z2 = state[(stateStart + 16384u + feature2) / 4u][(stateStart + 16384u + feature2) % 4u];
        totals_0 += weight0_2 * z2;
        sums_0 += weight0_2 * columns0_2.x;
        sums_1 += weight0_2 * columns0_2.y;
        sums_2 += weight0_2 * columns0_2.z;
        sums_3 += weight0_2 * columns0_2.w;
        totals_1 += weight1_2 * z2;
        sums_4 += weight1_2 * columns0_2.x;
        sums_5 += weight1_2 * columns0_2.y;
        sums_6 += weight1_2 * columns0_2.z;
        sums_7 += weight1_2 * columns0_2.w;
        let keys0_2 = tile[f * 33u + columnGroup + 330u];
        let ofKeys0_2 = keys0_2;
        scores_0 += weight0_2 * ofKeys0_2.x;
        scores_8 += weight1_2 * ofKeys0_2.x;
        scores_1 += weight0_2 * ofKeys0_2.y;
        scores_9 += weight1_2 * ofKeys0_2.y;
        scores_2 += weight0_2 * ofKeys0_2.z;
        scores_10 += weight1_2 * ofKeys0_2.z;
        scores_3 += weight0_2 * ofKeys0_2.w;
        scores_11 += weight1_2 * ofKeys0_2.w;
        if (rowGroup >= 8u) {
          let keys1_2 = tile[f * 33u + columnGroup + 346u];
          let ofKeys1_2 = keys1_2;
          scores_4 += weight0_2 * ofKeys1_2.x;
          scores_12 += weight1_2 * ofKeys1_2.x;
          scores_5 += weight0_2 * ofKeys1_2.y;
          scores_13 += weight1_2 * ofKeys1_2.y;
          scores_6 += weight0_2 * ofKeys1_2.z;
          scores_14 += weight1_2 * ofKeys1_2.z;
          scores_7 += weight0_2 * ofKeys1_2.w;
          scores_15 += weight1_2 * ofKeys1_2.w;
        }
        let weight0_3 = tile[f * 33u + rowGroup * 2u + 99u];
        let weight1_3 = tile[f * 33u + rowGroup * 2u + 100u];
        let feature3 = firstFeature + firstOfPanel + f + 3u;
        let rowStart_3 = stateFours + feature3 * 16u + firstColumns;
        let columns0_3 = state[rowStart_3];
        let z3 = state[(stateStart + 16384u + feature3) / 4u][(stateStart + 16384u + feature3) % 4u];
        totals_0 += weight0_3 * z3;
        sums_0 += weight0_3 * columns0_3.x;
        sums_1 += weight0_3 * columns0_3.y;
        sums_2 += weight0_3 * columns0_3.z;
        sums_3 += weight0_3 * columns0_3.w;
        totals_1 += weight1_3 * z3;
        sums_4 += weight1_3 * columns0_3.x;
        sums_5 += weight1_3 * columns0_3.y;
        sums_6 += weight1_3 * columns0_3.z;
        sums_7 += weight1_3 * columns0_3.w;
        let keys0_3 = tile[f * 33u + columnGroup + 363u];
        let ofKeys0_3 = keys0_3;
        scores_0 += weight0_3 * ofKeys0_3.x;
        scores_8 += weight1_3 * ofKeys0_3.x;
        scores_1 += weight0_3 * ofKeys0_3.y;
        scores_9 += weight1_3 * ofKeys0_3.y;
        scores_2 += weight0_3 * ofKeys0_3.z;
        scores_10 += weight1_3 * ofKeys0_3.z;
        scores_3 += weight0_3 * ofKeys0_3.w;
        scores_11 += weight1_3 * ofKeys0_3.w;
        if (rowGroup >= 8u) {
          let keys1_3 = tile[f * 33u + columnGroup + 379u];
          let ofKeys1_3 = keys1_3;
          scores_4 += weight0_3 * ofKeys1_3.x;
          scores_12 += weight1_3 * ofKeys1_3.x;
          scores_5 += weight0_3 * ofKeys1_3.y;
          scores_13 += weight1_3 * ofKeys1_3.y;
          scores_6 += weight0_3 * ofKeys1_3.z;
          scores_14 += weight1_3 * ofKeys1_3.z;
          scores_7 += weight0_3 * ofKeys1_3.w;
          scores_15 += weight1_3 * ofKeys1_3.w;
        }
      }
      workgroupBarrier();
    }
  }
  // pairs inside the chunk: key j for rows i ≥ j
  for (var keySlice = 0u; keySlice < min((max(keys, 0u) + 15u) / 16u, 4u); keySlice++) {
    let firstOfSlice = keySlice * 16u;
    if (columnGroup / 4u == keySlice) {
      let key0 = columnGroup * 4u;
      let score0_0 = scores_0;
      tile[(key0 % 4u * 4u + key0 / 4u % 4u) * 33u + rowGroup * 2u] = vec4f(
        select(0.0, score0_0.x, (key0 < keys) & (key0 <= rowGroup * 8u)),
        select(0.0, score0_0.y, (key0 < keys) & (key0 <= rowGroup * 8u + 1u)),
        select(0.0, score0_0.z, (key0 < keys) & (key0 <= rowGroup * 8u + 2u)),
        select(0.0, score0_0.w, (key0 < keys) & (key0 <= rowGroup * 8u + 3u)),
      );
      let score1_0 = scores_8;
      tile[(key0 % 4u * 4u + key0 / 4u % 4u) * 33u + (rowGroup * 2u + 1u)] = vec4f(
        select(0.0, score1_0.x, (key0 < keys) & (key0 <= (rowGroup * 2u + 1u) * 4u)),
        select(0.0, score1_0.y, (key0 < keys) & (key0 <= (rowGroup * 2u + 1u) * 4u + 1u)),
        select(0.0, score1_0.z, (key0 < keys) & (key0 <= (rowGroup * 2u + 1u) * 4u + 2u)),
        select(0.0, score1_0.w, (key0 < keys) & (key0 <= (rowGroup * 2u + 1u) * 4u + 3u)),
      );
      let key1 = columnGroup * 4u + 1u;
      let score0_1 = scores_1;
      tile[(key1 % 4u * 4u + key1 / 4u % 4u) * 33u + rowGroup * 2u] = vec4f(
        select(0.0, score0_1.x, (key1 < keys) & (key1 <= rowGroup * 8u)),
        select(0.0, score0_1.y, (key1 < keys) & (key1 <= rowGroup * 8u + 1u)),
        select(0.0, score0_1.z, (key1 < keys) & (key1 <= rowGroup * 8u + 2u)),
        select(0.0, score0_1.w, (key1 < keys) & (key1 <= rowGroup * 8u + 3u)),
      );
      let score1_1 = scores_9;
      tile[(key1 % 4u * 4u + key1 / 4u % 4u) * 33u + (rowGroup * 2u + 1u)] = vec4f(
        select(0.0, score1_1.x, (key1 < keys) & (key1 <= (rowGroup * 2u + 1u) * 4u)),
        select(0.0, score1_1.y, (key1 < keys) & (key1 <= (rowGroup * 2u + 1u) * 4u + 1u)),
        select(0.0, score1_1.z, (key1 < keys) & (key1 <= (rowGroup * 2u + 1u) * 4u + 2u)),
        select(0.0, score1_1.w, (key1 < keys) & (key1 <= (rowGroup * 2u + 1u) * 4u + 3u)),
      );
      let key2 = columnGroup * 4u + 2u;
      let score0_2 = scores_2;
      tile[(key2 % 4u * 4u + key2 / 4u % 4u) * 33u + rowGroup * 2u] = vec4f(
        select(0.0, score0_2.x, (key2 < keys) & (key2 <= rowGroup * 8u)),
        select(0.0, score0_2.y, (key2 < keys) & (key2 <= rowGroup * 8u + 1u)),
        select(0.0, score0_2.z, (key2 < keys) & (key2 <= rowGroup * 8u + 2u)),
        select(0.0, score0_2.w, (key2 < keys) & (key2 <= rowGroup * 8u + 3u)),
      );
      let score1_2 = scores_10;
      tile[(key2 % 4u * 4u + key2 / 4u % 4u) * 33u + (rowGroup * 2u + 1u)] = vec4f(
        select(0.0, score1_2.x, (key2 < keys) & (key2 <= (rowGroup * 2u + 1u) * 4u)),
        select(0.0, score1_2.y, (key2 < keys) & (key2 <= (rowGroup * 2u + 1u) * 4u + 1u)),
        select(0.0, score1_2.z, (key2 < keys) & (key2 <= (rowGroup * 2u + 1u) * 4u + 2u)),
        select(0.0, score1_2.w, (key2 < keys) & (key2 <= (rowGroup * 2u + 1u) * 4u + 3u)),
      );
      let key3 = columnGroup * 4u + 3u;
      let score0_3 = scores_3;
      tile[(key3 % 4u * 4u + key3 / 4u % 4u) * 33u + rowGroup * 2u] = vec4f(
        select(0.0, score0_3.x, (key3 < keys) & (key3 <= rowGroup * 8u)),
        select(0.0, score0_3.y, (key3 < keys) & (key3 <= rowGroup * 8u + 1u)),
        select(0.0, score0_3.z, (key3 < keys) & (key3 <= rowGroup * 8u + 2u)),
        select(0.0, score0_3.w, (key3 < keys) & (key3 <= rowGroup * 8u + 3u)),
      );
      let score1_3 = scores_11;
      tile[(key3 % 4u * 4u + key3 / 4u % 4u) * 33u + (rowGroup * 2u + 1u)] = vec4f(
        select(0.0, score1_3.x, (key3 < keys) & (key3 <= (rowGroup * 2u + 1u) * 4u)),
        select(0.0, score1_3.y, (key3 < keys) & (key3 <= (rowGroup * 2u + 1u) * 4u + 1u)),
        select(0.0, score1_3.z, (key3 < keys) & (key3 <= (rowGroup * 2u + 1u) * 4u + 2u)),
        select(0.0, score1_3.w, (key3 < keys) & (key3 <= (rowGroup * 2u + 1u) * 4u + 3u)),
      );
    }
    workgroupBarrier();
    if ((rowGroup + 1u) * 8u > firstOfSlice) {
      for (var four = 0u; four < min(((rowGroup + 1u) * 8u - firstOfSlice) / 4u, 4u); four++) {
        let firstKey = firstRow + firstOfSlice + four * 4u;
        let pair0_0 = tile[four * 33u + rowGroup * 2u];
        let pair1_0 = tile[four * 33u + rowGroup * 2u + 1u];
        let rowStart_0 = keyGroup * shape.keyLength * 16u + min(
          firstKey,
          max(visible, 1u) - 1u,
        ) * 16u + firstColumns;
        let columns0_0 = v[rowStart_0];
        totals_0 += pair0_0;
        sums_0 += pair0_0 * columns0_0.x;
        sums_1 += pair0_0 * columns0_0.y;
        sums_2 += pair0_0 * columns0_0.z;
        sums_3 += pair0_0 * columns0_0.w;
        totals_1 += pair1_0;
        sums_4 += pair1_0 * columns0_0.x;
        sums_5 += pair1_0 * columns0_0.y;
        sums_6 += pair1_0 * columns0_0.z;
        sums_7 += pair1_0 * columns0_0.w;
        let pair0_1 = tile[four * 33u + rowGroup * 2u + 132u];
        let pair1_1 = tile[four * 33u + rowGroup * 2u + 133u];
        let rowStart_1 = keyGroup * shape.keyLength * 16u + min(
          firstKey + 1u,
          max(visible, 1u) - 1u,
        ) * 16u + firstColumns;
        let columns0_1 = v[rowStart_1];
        totals_0 += pair0_1;
        sums_0 += pair0_1 * columns0_1.x;
        sums_1 += pair0_1 * columns0_1.y;
        sums_2 += pair0_1 * columns0_1.z;
        sums_3 += pair0_1 * columns0_1.w;
        totals_1 += pair1_1;
        sums_4 += pair1_1 * columns0_1.x;
        sums_5 += pair1_1 * columns0_1.y;
        sums_6 += pair1_1 * columns0_1.z;
        sums_7 += pair1_1 * columns0_1.w;
        let pair0_2 = tile[four * 33u + rowGroup * 2u + 264u];
        let pair1_2 = tile[four * 33u + rowGroup * 2u + 265u];
        let rowStart_2 = keyGroup * shape.keyLength * 16u + min(
          firstKey + 2u,
          max(visible, 1u) - 1u,
        ) * 16u + firstColumns;
        let columns0_2 = v[rowStart_2];
        totals_0 += pair0_2;
        sums_0 += pair0_2 * columns0_2.x;
        sums_1 += pair0_2 * columns0_2.y;
        sums_2 += pair0_2 * columns0_2.z;
        sums_3 += pair0_2 * columns0_2.w;
        totals_1 += pair1_2;
        sums_4 += pair1_2 * columns0_2.x;
        sums_5 += pair1_2 * columns0_2.y;
        sums_6 += pair1_2 * columns0_2.z;
        sums_7 += pair1_2 * columns0_2.w;
        let pair0_3 = tile[four * 33u + rowGroup * 2u + 396u];
        let pair1_3 = tile[four * 33u + rowGroup * 2u + 397u];
        let rowStart_3 = keyGroup * shape.keyLength * 16u + min(
          firstKey + 3u,
          max(visible, 1u) - 1u,
        ) * 16u + firstColumns;
        let columns0_3 = v[rowStart_3];
        totals_0 += pair0_3;
        sums_0 += pair0_3 * columns0_3.x;
        sums_1 += pair0_3 * columns0_3.y;
        sums_2 += pair0_3 * columns0_3.z;
        sums_3 += pair0_3 * columns0_3.w;
        totals_1 += pair1_3;
        sums_4 += pair1_3 * columns0_3.x;
        sums_5 += pair1_3 * columns0_3.y;
        sums_6 += pair1_3 * columns0_3.z;
        sums_7 += pair1_3 * columns0_3.w;
      }
    }
    workgroupBarrier();
  }
  for (var keySlice = 0u; keySlice < min((max(keys, 64u) - 64u + 15u) / 16u, 4u); keySlice++) {
    let firstOfSlice = keySlice * 16u + 64u;
    if (columnGroup / 4u == keySlice) {
      let key0 = (columnGroup + 16u) * 4u;
      let score0_0 = scores_4;
      tile[(key0 % 4u * 4u + key0 / 4u % 4u) * 33u + rowGroup * 2u] = vec4f(
        select(0.0, score0_0.x, (key0 < keys) & (key0 <= rowGroup * 8u)),
        select(0.0, score0_0.y, (key0 < keys) & (key0 <= rowGroup * 8u + 1u)),
        select(0.0, score0_0.z, (key0 < keys) & (key0 <= rowGroup * 8u + 2u)),
        select(0.0, score0_0.w, (key0 < keys) & (key0 <= rowGroup * 8u + 3u)),
      );
      let score1_0 = scores_12;
      tile[(key0 % 4u * 4u + key0 / 4u % 4u) * 33u + (rowGroup * 2u + 1u)] = vec4f(
        select(0.0, score1_0.x, (key0 < keys) & (key0 <= (rowGroup * 2u + 1u) * 4u)),
        select(0.0, score1_0.y, (key0 < keys) & (key0 <= (rowGroup * 2u + 1u) * 4u + 1u)),
        select(0.0, score1_0.z, (key0 < keys) & (key0 <= (rowGroup * 2u + 1u) * 4u + 2u)),
        select(0.0, score1_0.w, (key0 < keys) & (key0 <= (rowGroup * 2u + 1u) * 4u + 3u)),
      );
      let key1 = (columnGroup + 16u) * 4u + 1u;
      let score0_1 = scores_5;
      tile[(key1 % 4u * 4u + key1 / 4u % 4u) * 33u + rowGroup * 2u] = vec4f(
        select(0.0, score0_1.x, (key1 < keys) & (key1 <= rowGroup * 8u)),
        select(0.0, score0_1.y, (key1 < keys) & (key1 <= rowGroup * 8u + 1u)),
        select(0.0, score0_1.z, (key1 < keys) & (key1 <= rowGroup * 8u + 2u)),
        select(0.0, score0_1.w, (key1 < keys) & (key1 <= rowGroup * 8u + 3u)),
      );
      let score1_1 = scores_13;
      tile[(key1 % 4u * 4u + key1 / 4u % 4u) * 33u + (rowGroup * 2u + 1u)] = vec4f(
        select(0.0, score1_1.x, (key1 < keys) & (key1 <= (rowGroup * 2u + 1u) * 4u)),
        select(0.0, score1_1.y, (key1 < keys) & (key1 <= (rowGroup * 2u + 1u) * 4u + 1u)),
        select(0.0, score1_1.z, (key1 < keys) & (key1 <= (rowGroup * 2u + 1u) * 4u + 2u)),
        select(0.0, score1_1.w, (key1 < keys) & (key1 <= (rowGroup * 2u + 1u) * 4u + 3u)),
      );
      let key2 = (columnGroup + 16u) * 4u + 2u;
      let score0_2 = scores_6;
      tile[(key2 % 4u * 4u + key2 / 4u % 4u) * 33u + rowGroup * 2u] = vec4f(
        select(0.0, score0_2.x, (key2 < keys) & (key2 <= rowGroup * 8u)),
        select(0.0, score0_2.y, (key2 < keys) & (key2 <= rowGroup * 8u + 1u)),
        select(0.0, score0_2.z, (key2 < keys) & (key2 <= rowGroup * 8u + 2u)),
        select(0.0, score0_2.w, (key2 < keys) & (key2 <= rowGroup * 8u + 3u)),
      );
      let score1_2 = scores_14;
      tile[(key2 % 4u * 4u + key2 / 4u % 4u) * 33u + (rowGroup * 2u + 1u)] = vec4f(
        select(0.0, score1_2.x, (key2 < keys) & (key2 <= (rowGroup * 2u + 1u) * 4u)),
        select(0.0, score1_2.y, (key2 < keys) & (key2 <= (rowGroup * 2u + 1u) * 4u + 1u)),
        select(0.0, score1_2.z, (key2 < keys) & (key2 <= (rowGroup * 2u + 1u) * 4u + 2u)),
        select(0.0, score1_2.w, (key2 < keys) & (key2 <= (rowGroup * 2u + 1u) * 4u + 3u)),
      );
      let key3 = (columnGroup + 16u) * 4u + 3u;
      let score0_3 = scores_7;
      tile[(key3 % 4u * 4u + key3 / 4u % 4u) * 33u + rowGroup * 2u] = vec4f(
        select(0.0, score0_3.x, (key3 < keys) & (key3 <= rowGroup * 8u)),
        select(0.0, score0_3.y, (key3 < keys) & (key3 <= rowGroup * 8u + 1u)),
        select(0.0, score0_3.z, (key3 < keys) & (key3 <= rowGroup * 8u + 2u)),
        select(0.0, score0_3.w, (key3 < keys) & (key3 <= rowGroup * 8u + 3u)),
      );
      let score1_3 = scores_15;
      tile[(key3 % 4u * 4u + key3 / 4u % 4u) * 33u + (rowGroup * 2u + 1u)] = vec4f(
        select(0.0, score1_3.x, (key3 < keys) & (key3 <= (rowGroup * 2u + 1u) * 4u)),
        select(0.0, score1_3.y, (key3 < keys) & (key3 <= (rowGroup * 2u + 1u) * 4u + 1u)),
        select(0.0, score1_3.z, (key3 < keys) & (key3 <= (rowGroup * 2u + 1u) * 4u + 2u)),
        select(0.0, score1_3.w, (key3 < keys) & (key3 <= (rowGroup * 2u + 1u) * 4u + 3u)),
      );
    }
    workgroupBarrier();
    if ((rowGroup + 1u) * 8u > firstOfSlice) {
      for (var four = 0u; four < min(((rowGroup + 1u) * 8u - firstOfSlice) / 4u, 4u); four++) {
        let firstKey = firstRow + firstOfSlice + four * 4u;
        let pair0_0 = tile[four * 33u + rowGroup * 2u];
        let pair1_0 = tile[four * 33u + rowGroup * 2u + 1u];
        let rowStart_0 = keyGroup * shape.keyLength * 16u + min(
          firstKey,
          max(visible, 1u) - 1u,
        ) * 16u + firstColumns;
        let columns0_0 = v[rowStart_0];
        totals_0 += pair0_0;
        sums_0 += pair0_0 * columns0_0.x;
        sums_1 += pair0_0 * columns0_0.y;
        sums_2 += pair0_0 * columns0_0.z;
        sums_3 += pair0_0 * columns0_0.w;
        totals_1 += pair1_0;
        sums_4 += pair1_0 * columns0_0.x;
        sums_5 += pair1_0 * columns0_0.y;
        sums_6 += pair1_0 * columns0_0.z;
        sums_7 += pair1_0 * columns0_0.w;
        let pair0_1 = tile[four * 33u + rowGroup * 2u + 132u];
        let pair1_1 = tile[four * 33u + rowGroup * 2u + 133u];
        let rowStart_1 = keyGroup * shape.keyLength * 16u + min(
          firstKey + 1u,
          max(visible, 1u) - 1u,
        ) * 16u + firstColumns;
        let columns0_1 = v[rowStart_1];
        totals_0 += pair0_1;
        sums_0 += pair0_1 * columns0_1.x;
        sums_1 += pair0_1 * columns0_1.y;
        sums_2 += pair0_1 * columns0_1.z;
        sums_3 += pair0_1 * columns0_1.w;
        totals_1 += pair1_1;
        sums_4 += pair1_1 * columns0_1.x;
        sums_5 += pair1_1 * columns0_1.y;
        sums_6 += pair1_1 * columns0_1.z;
        sums_7 += pair1_1 * columns0_1.w;
        let pair0_2 = tile[four * 33u + rowGroup * 2u + 264u];
        let pair1_2 = tile[four * 33u + rowGroup * 2u + 265u];
        let rowStart_2 = keyGroup * shape.keyLength * 16u + min(
          firstKey + 2u,
          max(visible, 1u) - 1u,
        ) * 16u + firstColumns;
        let columns0_2 = v[rowStart_2];
        totals_0 += pair0_2;
        sums_0 += pair0_2 * columns0_2.x;
        sums_1 += pair0_2 * columns0_2.y;
        sums_2 += pair0_2 * columns0_2.z;
        sums_3 += pair0_2 * columns0_2.w;
        totals_1 += pair1_2;
        sums_4 += pair1_2 * columns0_2.x;
        sums_5 += pair1_2 * columns0_2.y;
        sums_6 += pair1_2 * columns0_2.z;
        sums_7 += pair1_2 * columns0_2.w;
        let pair0_3 = tile[four * 33u + rowGroup * 2u + 396u];
        let pair1_3 = tile[four * 33u + rowGroup * 2u + 397u];
        let rowStart_3 = keyGroup * shape.keyLength * 16u + min(
          firstKey + 3u,
          max(visible, 1u) - 1u,
        ) * 16u + firstColumns;
        let columns0_3 = v[rowStart_3];
        totals_0 += pair0_3;
        sums_0 += pair0_3 * columns0_3.x;
        sums_1 += pair0_3 * columns0_3.y;
        sums_2 += pair0_3 * columns0_3.z;
        sums_3 += pair0_3 * columns0_3.w;
        totals_1 += pair1_3;
        sums_4 += pair1_3 * columns0_3.x;
        sums_5 += pair1_3 * columns0_3.y;
        sums_6 += pair1_3 * columns0_3.z;
        sums_7 += pair1_3 * columns0_3.w;
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
    let out0 = queryHead * shape.length * 16u + row0 * 16u;
    out[out0 + firstColumns] = vec4f(
      (sums_0 * factor0).x,
      (sums_1 * factor0).x,
      (sums_2 * factor0).x,
      (sums_3 * factor0).x,
    );
  }
  let row1 = firstRow + rowGroup * 8u + 1u;
  if (row1 < shape.length) {
    let out1 = queryHead * shape.length * 16u + row1 * 16u;
    out[out1 + firstColumns] = vec4f(
      (sums_0 * factor0).y,
      (sums_1 * factor0).y,
      (sums_2 * factor0).y,
      (sums_3 * factor0).y,
    );
  }
  let row2 = firstRow + rowGroup * 8u + 2u;
  if (row2 < shape.length) {
    let out2 = queryHead * shape.length * 16u + row2 * 16u;
    out[out2 + firstColumns] = vec4f(
      (sums_0 * factor0).z,
      (sums_1 * factor0).z,
      (sums_2 * factor0).z,
      (sums_3 * factor0).z,
    );
  }
  let row3 = firstRow + rowGroup * 8u + 3u;
  if (row3 < shape.length) {
    let out3 = queryHead * shape.length * 16u + row3 * 16u;
    out[out3 + firstColumns] = vec4f(
      (sums_0 * factor0).w,
      (sums_1 * factor0).w,
      (sums_2 * factor0).w,
      (sums_3 * factor0).w,
    );
  }
  let row4 = firstRow + (rowGroup * 2u + 1u) * 4u;
  if (row4 < shape.length) {
    let out4 = queryHead * shape.length * 16u + row4 * 16u;
    out[out4 + firstColumns] = vec4f(
      (sums_4 * factor1).x,
      (sums_5 * factor1).x,
      (sums_6 * factor1).x,
      (sums_7 * factor1).x,
    );
  }
  let row5 = firstRow + (rowGroup * 2u + 1u) * 4u + 1u;
  if (row5 < shape.length) {
    let out5 = queryHead * shape.length * 16u + row5 * 16u;
    out[out5 + firstColumns] = vec4f(
      (sums_4 * factor1).y,
      (sums_5 * factor1).y,
      (sums_6 * factor1).y,
      (sums_7 * factor1).y,
    );
  }
  let row6 = firstRow + (rowGroup * 2u + 1u) * 4u + 2u;
  if (row6 < shape.length) {
    let out6 = queryHead * shape.length * 16u + row6 * 16u;
    out[out6 + firstColumns] = vec4f(
      (sums_4 * factor1).z,
      (sums_5 * factor1).z,
      (sums_6 * factor1).z,
      (sums_7 * factor1).z,
    );
  }
  let row7 = firstRow + (rowGroup * 2u + 1u) * 4u + 3u;
  if (row7 < shape.length) {
    let out7 = queryHead * shape.length * 16u + row7 * 16u;
    out[out7 + firstColumns] = vec4f(
      (sums_4 * factor1).w,
      (sums_5 * factor1).w,
      (sums_6 * factor1).w,
      (sums_7 * factor1).w,
    );
  }
}
