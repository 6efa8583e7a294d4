// finish: Each row: φ(q)·S of the chunks before, plus the pairs of its own chunk, over φ(q)·z likewise.
// 256 threads a workgroup, 8448 bytes of workgroup memory
// reads q, k, v, lengths, decay; writes state, out

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
@group(0) @binding(1) var<storage, read> q: array<f32>;
@group(0) @binding(2) var<storage, read> k: array<f32>;
@group(0) @binding(3) var<storage, read> v: array<vec4f>;
@group(0) @binding(4) var<storage, read> lengths: array<u32>;
@group(0) @binding(5) var<storage, read> decay: array<f32>;
@group(0) @binding(6) var<storage, read_write> state: array<vec4f>;
@group(0) @binding(7) var<storage, read_write> out: array<vec4f>;

var<workgroup> tile: array<vec4f, 528>;

@compute @workgroup_size(256, 1, 1)
fn finish(
  @builtin(local_invocation_index) thread: u32,
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(num_workgroups) workgroup_counts: vec3u,
) {
  let workgroup = workgroup_id.x + workgroup_id.y * workgroup_counts.x;
  if (workgroup >= shape.sliceCount * ((shape.length + 127u) / 128u) * 2u) {
    return;
  }
  let valueTile = workgroup % 2u;
  let rest1 = workgroup / 2u;
  let rowTile = rest1 % ((shape.length + 127u) / 128u);
  let rest2 = rest1 / ((shape.length + 127u) / 128u);
  let headInGroup = 0u;
  let slice = rest2;
  let group = shape.sliceStart + slice;
  let batchItem = group / shape.heads;
  let keyGroup = group / (shape.heads / shape.kvHeads);
  let visible = min(lengths[batchItem], shape.keyLength);
  let queryHead = group + headInGroup;
  let logDecay = decay[group % shape.heads];
  let rowGroup = thread / 16u;
  let columnGroup = thread % 16u;
  let firstColumns = valueTile * 16u + columnGroup;
  let firstRow = rowTile * 128u;
  let faded = logDecay * f32(firstRow - min(firstRow, visible));
  let keys = min(max(visible, firstRow) - firstRow, 128u);
  let stateStart = (slice * shape.chunks + rowTile) * 8256u;
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
  let q0Row0 = min(firstRow + rowGroup * 8u, max(shape.length, 1u) - 1u);
  let q0Row1 = min(firstRow + rowGroup * 8u + 1u, max(shape.length, 1u) - 1u);
  let q0Row2 = min(firstRow + rowGroup * 8u + 2u, max(shape.length, 1u) - 1u);
  let q0Row3 = min(firstRow + rowGroup * 8u + 3u, max(shape.length, 1u) - 1u);
  let q0Start0 = queryHead * shape.length * 64u + q0Row0 * 64u;
  let q0Start1 = queryHead * shape.length * 64u + q0Row1 * 64u;
  let q0Start2 = queryHead * shape.length * 64u + q0Row2 * 64u;
  let q0Start3 = queryHead * shape.length * 64u + q0Row3 * 64u;
  let q1Row0 = min(firstRow + (rowGroup * 2u + 1u) * 4u, max(shape.length, 1u) - 1u);
  let q1Row1 = min(firstRow + (rowGroup * 2u + 1u) * 4u + 1u, max(shape.length, 1u) - 1u);
  let q1Row2 = min(firstRow + (rowGroup * 2u + 1u) * 4u + 2u, max(shape.length, 1u) - 1u);
  let q1Row3 = min(firstRow + (rowGroup * 2u + 1u) * 4u + 3u, max(shape.length, 1u) - 1u);
  let q1Start0 = queryHead * shape.length * 64u + q1Row0 * 64u;
  let q1Start1 = queryHead * shape.length * 64u + q1Row1 * 64u;
  let q1Start2 = queryHead * shape.length * 64u + q1Row2 * 64u;
  let q1Start3 = queryHead * shape.length * 64u + q1Row3 * 64u;
  let k0Row0 = min(firstRow + rowGroup * 8u, max(visible, 1u) - 1u);
  let k0Row1 = min(firstRow + rowGroup * 8u + 1u, max(visible, 1u) - 1u);
  let k0Row2 = min(firstRow + rowGroup * 8u + 2u, max(visible, 1u) - 1u);
  let k0Row3 = min(firstRow + rowGroup * 8u + 3u, max(visible, 1u) - 1u);
  let k0Start0 = keyGroup * shape.keyLength * 64u + k0Row0 * 64u;
  let k0Start1 = keyGroup * shape.keyLength * 64u + k0Row1 * 64u;
  let k0Start2 = keyGroup * shape.keyLength * 64u + k0Row2 * 64u;
  let k0Start3 = keyGroup * shape.keyLength * 64u + k0Row3 * 64u;
  let k1Row0 = min(firstRow + (rowGroup * 2u + 1u) * 4u, max(visible, 1u) - 1u);
  let k1Row1 = min(firstRow + (rowGroup * 2u + 1u) * 4u + 1u, max(visible, 1u) - 1u);
  let k1Row2 = min(firstRow + (rowGroup * 2u + 1u) * 4u + 2u, max(visible, 1u) - 1u);
  let k1Row3 = min(firstRow + (rowGroup * 2u + 1u) * 4u + 3u, max(visible, 1u) - 1u);
  let k1Start0 = keyGroup * shape.keyLength * 64u + k1Row0 * 64u;
  let k1Start1 = keyGroup * shape.keyLength * 64u + k1Row1 * 64u;
  let k1Start2 = keyGroup * shape.keyLength * 64u + k1Row2 * 64u;
  let k1Start3 = keyGroup * shape.keyLength * 64u + k1Row3 * 64u;
  for (var components0 = 0u; components0 < 64u; components0 += 64u) {
    let count = min(max(64u, components0) - components0, 64u);
    let firstFeature = components0;
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
    let q0_value2 = 0.35355338 * q0_x1;
    let q0_x3 = vec4f(
      q[q0Start0 + q0Component1],
      q[q0Start1 + q0Component1],
      q[q0Start2 + q0Component1],
      q[q0Start3 + q0Component1],
    );
    let q0_value4 = 0.35355338 * q0_x3;
    let q0_x5 = vec4f(
      q[q0Start0 + q0Component2],
      q[q0Start1 + q0Component2],
      q[q0Start2 + q0Component2],
      q[q0Start3 + q0Component2],
    );
    let q0_value6 = 0.35355338 * q0_x5;
    let q0_x7 = vec4f(
      q[q0Start0 + q0Component3],
      q[q0Start1 + q0Component3],
      q[q0Start2 + q0Component3],
      q[q0Start3 + q0Component3],
    );
    let q0_value8 = 0.35355338 * q0_x7;
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
    let q1_value2 = 0.35355338 * q1_x1;
    let q1_x3 = vec4f(
      q[q1Start0 + q1Component1],
      q[q1Start1 + q1Component1],
      q[q1Start2 + q1Component1],
      q[q1Start3 + q1Component1],
    );
    let q1_value4 = 0.35355338 * q1_x3;
    let q1_x5 = vec4f(
      q[q1Start0 + q1Component2],
      q[q1Start1 + q1Component2],
      q[q1Start2 + q1Component2],
      q[q1Start3 + q1Component2],
    );
    let q1_value6 = 0.35355338 * q1_x5;
    let q1_x7 = vec4f(
      q[q1Start0 + q1Component3],
      q[q1Start1 + q1Component3],
      q[q1Start2 + q1Component3],
      q[q1Start3 + q1Component3],
    );
    let q1_value8 = 0.35355338 * q1_x7;
    let ofQuery0_0 = q0_value2;
    let ofQuery0_1 = q0_value4;
    let ofQuery0_2 = q0_value6;
    let ofQuery0_3 = q0_value8;
    let ofQuery1_0 = q1_value2;
    let ofQuery1_1 = q1_value4;
    let ofQuery1_2 = q1_value6;
    let ofQuery1_3 = q1_value8;
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
    let k0_value2 = 0.35355338 * k0_x1;
    let k0_x3 = vec4f(
      k[k0Start0 + k0Component1],
      k[k0Start1 + k0Component1],
      k[k0Start2 + k0Component1],
      k[k0Start3 + k0Component1],
    );
    let k0_value4 = 0.35355338 * k0_x3;
    let k0_x5 = vec4f(
      k[k0Start0 + k0Component2],
      k[k0Start1 + k0Component2],
      k[k0Start2 + k0Component2],
      k[k0Start3 + k0Component2],
    );
    let k0_value6 = 0.35355338 * k0_x5;
    let k0_x7 = vec4f(
      k[k0Start0 + k0Component3],
      k[k0Start1 + k0Component3],
      k[k0Start2 + k0Component3],
      k[k0Start3 + k0Component3],
    );
    let k0_value8 = 0.35355338 * k0_x7;
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
    let k1_value2 = 0.35355338 * k1_x1;
    let k1_x3 = vec4f(
      k[k1Start0 + k1Component1],
      k[k1Start1 + k1Component1],
      k[k1Start2 + k1Component1],
      k[k1Start3 + k1Component1],
    );
    let k1_value4 = 0.35355338 * k1_x3;
    let k1_x5 = vec4f(
      k[k1Start0 + k1Component2],
      k[k1Start1 + k1Component2],
      k[k1Start2 + k1Component2],
      k[k1Start3 + k1Component2],
    );
    let k1_value6 = 0.35355338 * k1_x5;
    let k1_x7 = vec4f(
      k[k1Start0 + k1Component3],
      k[k1Start1 + k1Component3],
      k[k1Start2 + k1Component3],
      k[k1Start3 + k1Component3],
    );
    let k1_value8 = 0.35355338 * k1_x7;
    let ofKey0_0 = k0_value2;
    let ofKey0_1 = k0_value4;
    let ofKey0_2 = k0_value6;
    let ofKey0_3 = k0_value8;
    let ofKey1_0 = k1_value2;
    let ofKey1_1 = k1_value4;
    let ofKey1_2 = k1_value6;
    let ofKey1_3 = k1_value8;
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
        let rowStart_0 = stateFours + feature0 * 32u + firstColumns;
        let columns0_0 = state[rowStart_0];
        let z0 = state[(stateStart + 8192u + feature0) / 4u][(stateStart + 8192u + feature0) % 4u];
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
        let rowStart_1 = stateFours + feature1 * 32u + firstColumns;
        let columns0_1 = state[rowStart_1];
        let z1 = state[(stateStart + 8192u + feature1) / 4u][(stateStart + 8192u + feature1) % 4u];
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
        let rowStart_2 = stateFours + feature2 * 32u + firstColumns;
        let columns0_2 = state[rowStart_2];
        let z2 = state[(stateStart + 8192u + feature2) / 4u][(stateStart + 8192u + feature2) % 4u];
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
        let rowStart_3 = stateFours + feature3 * 32u + firstColumns;
        let columns0_3 = state[rowStart_3];
        let z3 = state[(stateStart + 8192u + feature3) / 4u][(stateStart + 8192u + feature3) % 4u];
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
  let faded0 = exp2(logDecay * vec4f(
    f32(rowGroup * 8u + 1u),
    f32(rowGroup * 8u + 2u),
    f32(rowGroup * 8u + 3u),
    f32(rowGroup * 8u + 4u),
  ) + faded);
  totals_0 *= faded0;
  sums_0 *= faded0;
  sums_1 *= faded0;
  sums_2 *= faded0;
  sums_3 *= faded0;
  let faded1 = exp2(logDecay * vec4f(
    f32((rowGroup * 2u + 1u) * 4u + 1u),
    f32((rowGroup * 2u + 1u) * 4u + 2u),
    f32((rowGroup * 2u + 1u) * 4u + 3u),
    f32((rowGroup * 2u + 1u) * 4u + 4u),
  ) + faded);
  totals_1 *= faded1;
  sums_4 *= faded1;
  sums_5 *= faded1;
  sums_6 *= faded1;
  sums_7 *= faded1;
  // pairs inside the chunk: key j for rows i ≥ j
  for (var keySlice = 0u; keySlice < min((max(keys, 0u) + 15u) / 16u, 4u); keySlice++) {
    let firstOfSlice = keySlice * 16u;
    if (columnGroup / 4u == keySlice) {
      let key0 = columnGroup * 4u;
      let score0_0 = scores_0 * exp2(logDecay * (vec4f(
        f32(rowGroup * 8u),
        f32(rowGroup * 8u + 1u),
        f32(rowGroup * 8u + 2u),
        f32(rowGroup * 8u + 3u),
      ) - f32(key0)));
      tile[(key0 % 4u * 4u + key0 / 4u % 4u) * 33u + rowGroup * 2u] = vec4f(
        select(0.0, score0_0.x, (key0 < keys) & (key0 <= rowGroup * 8u)),
        select(0.0, score0_0.y, (key0 < keys) & (key0 <= rowGroup * 8u + 1u)),
        select(0.0, score0_0.z, (key0 < keys) & (key0 <= rowGroup * 8u + 2u)),
        select(0.0, score0_0.w, (key0 < keys) & (key0 <= rowGroup * 8u + 3u)),
      );
      let score1_0 = scores_8 * exp2(logDecay * (vec4f(
        f32((rowGroup * 2u + 1u) * 4u),
        f32((rowGroup * 2u + 1u) * 4u + 1u),
        f32((rowGroup * 2u + 1u) * 4u + 2u),
        f32((rowGroup * 2u + 1u) * 4u + 3u),
      ) - f32(key0)));
      tile[(key0 % 4u * 4u + key0 / 4u % 4u) * 33u + (rowGroup * 2u + 1u)] = vec4f(
        select(0.0, score1_0.x, (key0 < keys) & (key0 <= (rowGroup * 2u + 1u) * 4u)),
        select(0.0, score1_0.y, (key0 < keys) & (key0 <= (rowGroup * 2u + 1u) * 4u + 1u)),
        select(0.0, score1_0.z, (key0 < keys) & (key0 <= (rowGroup * 2u + 1u) * 4u + 2u)),
        select(0.0, score1_0.w, (key0 < keys) & (key0 <= (rowGroup * 2u + 1u) * 4u + 3u)),
      );
      let key1 = columnGroup * 4u + 1u;
      let score0_1 = scores_1 * exp2(logDecay * (vec4f(
        f32(rowGroup * 8u),
        f32(rowGroup * 8u + 1u),
        f32(rowGroup * 8u + 2u),
        f32(rowGroup * 8u + 3u),
      ) - f32(key1)));
      tile[(key1 % 4u * 4u + key1 / 4u % 4u) * 33u + rowGroup * 2u] = vec4f(
        select(0.0, score0_1.x, (key1 < keys) & (key1 <= rowGroup * 8u)),
        select(0.0, score0_1.y, (key1 < keys) & (key1 <= rowGroup * 8u + 1u)),
        select(0.0, score0_1.z, (key1 < keys) & (key1 <= rowGroup * 8u + 2u)),
        select(0.0, score0_1.w, (key1 < keys) & (key1 <= rowGroup * 8u + 3u)),
      );
      let score1_1 = scores_9 * exp2(logDecay * (vec4f(
        f32((rowGroup * 2u + 1u) * 4u),
        f32((rowGroup * 2u + 1u) * 4u + 1u),
        f32((rowGroup * 2u + 1u) * 4u + 2u),
        f32((rowGroup * 2u + 1u) * 4u + 3u),
      ) - f32(key1)));
      tile[(key1 % 4u * 4u + key1 / 4u % 4u) * 33u + (rowGroup * 2u + 1u)] = vec4f(
        select(0.0, score1_1.x, (key1 < keys) & (key1 <= (rowGroup * 2u + 1u) * 4u)),
        select(0.0, score1_1.y, (key1 < keys) & (key1 <= (rowGroup * 2u + 1u) * 4u + 1u)),
        select(0.0, score1_1.z, (key1 < keys) & (key1 <= (rowGroup * 2u + 1u) * 4u + 2u)),
        select(0.0, score1_1.w, (key1 < keys) & (key1 <= (rowGroup * 2u + 1u) * 4u + 3u)),
      );
      let key2 = columnGroup * 4u + 2u;
      let score0_2 = scores_2 * exp2(logDecay * (vec4f(
        f32(rowGroup * 8u),
        f32(rowGroup * 8u + 1u),
        f32(rowGroup * 8u + 2u),
        f32(rowGroup * 8u + 3u),
      ) - f32(key2)));
      tile[(key2 % 4u * 4u + key2 / 4u % 4u) * 33u + rowGroup * 2u] = vec4f(
        select(0.0, score0_2.x, (key2 < keys) & (key2 <= rowGroup * 8u)),
        select(0.0, score0_2.y, (key2 < keys) & (key2 <= rowGroup * 8u + 1u)),
        select(0.0, score0_2.z, (key2 < keys) & (key2 <= rowGroup * 8u + 2u)),
        select(0.0, score0_2.w, (key2 < keys) & (key2 <= rowGroup * 8u + 3u)),
      );
      let score1_2 = scores_10 * exp2(logDecay * (vec4f(
        f32((rowGroup * 2u + 1u) * 4u),
        f32((rowGroup * 2u + 1u) * 4u + 1u),
        f32((rowGroup * 2u + 1u) * 4u + 2u),
        f32((rowGroup * 2u + 1u) * 4u + 3u),
      ) - f32(key2)));
      tile[(key2 % 4u * 4u + key2 / 4u % 4u) * 33u + (rowGroup * 2u + 1u)] = vec4f(
        select(0.0, score1_2.x, (key2 < keys) & (key2 <= (rowGroup * 2u + 1u) * 4u)),
        select(0.0, score1_2.y, (key2 < keys) & (key2 <= (rowGroup * 2u + 1u) * 4u + 1u)),
        select(0.0, score1_2.z, (key2 < keys) & (key2 <= (rowGroup * 2u + 1u) * 4u + 2u)),
        select(0.0, score1_2.w, (key2 < keys) & (key2 <= (rowGroup * 2u + 1u) * 4u + 3u)),
      );
      let key3 = columnGroup * 4u + 3u;
      let score0_3 = scores_3 * exp2(logDecay * (vec4f(
        f32(rowGroup * 8u),
        f32(rowGroup * 8u + 1u),
        f32(rowGroup * 8u + 2u),
        f32(rowGroup * 8u + 3u),
      ) - f32(key3)));
      tile[(key3 % 4u * 4u + key3 / 4u % 4u) * 33u + rowGroup * 2u] = vec4f(
        select(0.0, score0_3.x, (key3 < keys) & (key3 <= rowGroup * 8u)),
        select(0.0, score0_3.y, (key3 < keys) & (key3 <= rowGroup * 8u + 1u)),
        select(0.0, score0_3.z, (key3 < keys) & (key3 <= rowGroup * 8u + 2u)),
        select(0.0, score0_3.w, (key3 < keys) & (key3 <= rowGroup * 8u + 3u)),
      );
      let score1_3 = scores_11 * exp2(logDecay * (vec4f(
        f32((rowGroup * 2u + 1u) * 4u),
        f32((rowGroup * 2u + 1u) * 4u + 1u),
        f32((rowGroup * 2u + 1u) * 4u + 2u),
        f32((rowGroup * 2u + 1u) * 4u + 3u),
      ) - f32(key3)));
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
        let rowStart_0 = keyGroup * shape.keyLength * 32u + min(
          firstKey,
          max(visible, 1u) - 1u,
        ) * 32u + firstColumns;
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
        let rowStart_1 = keyGroup * shape.keyLength * 32u + min(
          firstKey + 1u,
          max(visible, 1u) - 1u,
        ) * 32u + firstColumns;
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
        let rowStart_2 = keyGroup * shape.keyLength * 32u + min(
          firstKey + 2u,
          max(visible, 1u) - 1u,
        ) * 32u + firstColumns;
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
        let rowStart_3 = keyGroup * shape.keyLength * 32u + min(
          firstKey + 3u,
          max(visible, 1u) - 1u,
        ) * 32u + firstColumns;
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
      let score0_0 = scores_4 * exp2(logDecay * (vec4f(
        f32(rowGroup * 8u),
        f32(rowGroup * 8u + 1u),
        f32(rowGroup * 8u + 2u),
        f32(rowGroup * 8u + 3u),
      ) - f32(key0)));
      tile[(key0 % 4u * 4u + key0 / 4u % 4u) * 33u + rowGroup * 2u] = vec4f(
        select(0.0, score0_0.x, (key0 < keys) & (key0 <= rowGroup * 8u)),
        select(0.0, score0_0.y, (key0 < keys) & (key0 <= rowGroup * 8u + 1u)),
        select(0.0, score0_0.z, (key0 < keys) & (key0 <= rowGroup * 8u + 2u)),
        select(0.0, score0_0.w, (key0 < keys) & (key0 <= rowGroup * 8u + 3u)),
      );
      let score1_0 = scores_12 * exp2(logDecay * (vec4f(
        f32((rowGroup * 2u + 1u) * 4u),
        f32((rowGroup * 2u + 1u) * 4u + 1u),
        f32((rowGroup * 2u + 1u) * 4u + 2u),
        f32((rowGroup * 2u + 1u) * 4u + 3u),
      ) - f32(key0)));
      tile[(key0 % 4u * 4u + key0 / 4u % 4u) * 33u + (rowGroup * 2u + 1u)] = vec4f(
        select(0.0, score1_0.x, (key0 < keys) & (key0 <= (rowGroup * 2u + 1u) * 4u)),
        select(0.0, score1_0.y, (key0 < keys) & (key0 <= (rowGroup * 2u + 1u) * 4u + 1u)),
        select(0.0, score1_0.z, (key0 < keys) & (key0 <= (rowGroup * 2u + 1u) * 4u + 2u)),
        select(0.0, score1_0.w, (key0 < keys) & (key0 <= (rowGroup * 2u + 1u) * 4u + 3u)),
      );
      let key1 = (columnGroup + 16u) * 4u + 1u;
      let score0_1 = scores_5 * exp2(logDecay * (vec4f(
        f32(rowGroup * 8u),
        f32(rowGroup * 8u + 1u),
        f32(rowGroup * 8u + 2u),
        f32(rowGroup * 8u + 3u),
      ) - f32(key1)));
      tile[(key1 % 4u * 4u + key1 / 4u % 4u) * 33u + rowGroup * 2u] = vec4f(
        select(0.0, score0_1.x, (key1 < keys) & (key1 <= rowGroup * 8u)),
        select(0.0, score0_1.y, (key1 < keys) & (key1 <= rowGroup * 8u + 1u)),
        select(0.0, score0_1.z, (key1 < keys) & (key1 <= rowGroup * 8u + 2u)),
        select(0.0, score0_1.w, (key1 < keys) & (key1 <= rowGroup * 8u + 3u)),
      );
      let score1_1 = scores_13 * exp2(logDecay * (vec4f(
        f32((rowGroup * 2u + 1u) * 4u),
        f32((rowGroup * 2u + 1u) * 4u + 1u),
        f32((rowGroup * 2u + 1u) * 4u + 2u),
        f32((rowGroup * 2u + 1u) * 4u + 3u),
      ) - f32(key1)));
      tile[(key1 % 4u * 4u + key1 / 4u % 4u) * 33u + (rowGroup * 2u + 1u)] = vec4f(
        select(0.0, score1_1.x, (key1 < keys) & (key1 <= (rowGroup * 2u + 1u) * 4u)),
        select(0.0, score1_1.y, (key1 < keys) & (key1 <= (rowGroup * 2u + 1u) * 4u + 1u)),
        select(0.0, score1_1.z, (key1 < keys) & (key1 <= (rowGroup * 2u + 1u) * 4u + 2u)),
        select(0.0, score1_1.w, (key1 < keys) & (key1 <= (rowGroup * 2u + 1u) * 4u + 3u)),
      );
      let key2 = (columnGroup + 16u) * 4u + 2u;
      let score0_2 = scores_6 * exp2(logDecay * (vec4f(
        f32(rowGroup * 8u),
        f32(rowGroup * 8u + 1u),
        f32(rowGroup * 8u + 2u),
        f32(rowGroup * 8u + 3u),
      ) - f32(key2)));
      tile[(key2 % 4u * 4u + key2 / 4u % 4u) * 33u + rowGroup * 2u] = vec4f(
        select(0.0, score0_2.x, (key2 < keys) & (key2 <= rowGroup * 8u)),
        select(0.0, score0_2.y, (key2 < keys) & (key2 <= rowGroup * 8u + 1u)),
        select(0.0, score0_2.z, (key2 < keys) & (key2 <= rowGroup * 8u + 2u)),
        select(0.0, score0_2.w, (key2 < keys) & (key2 <= rowGroup * 8u + 3u)),
      );
      let score1_2 = scores_14 * exp2(logDecay * (vec4f(
        f32((rowGroup * 2u + 1u) * 4u),
        f32((rowGroup * 2u + 1u) * 4u + 1u),
        f32((rowGroup * 2u + 1u) * 4u + 2u),
        f32((rowGroup * 2u + 1u) * 4u + 3u),
      ) - f32(key2)));
      tile[(key2 % 4u * 4u + key2 / 4u % 4u) * 33u + (rowGroup * 2u + 1u)] = vec4f(
        select(0.0, score1_2.x, (key2 < keys) & (key2 <= (rowGroup * 2u + 1u) * 4u)),
        select(0.0, score1_2.y, (key2 < keys) & (key2 <= (rowGroup * 2u + 1u) * 4u + 1u)),
        select(0.0, score1_2.z, (key2 < keys) & (key2 <= (rowGroup * 2u + 1u) * 4u + 2u)),
        select(0.0, score1_2.w, (key2 < keys) & (key2 <= (rowGroup * 2u + 1u) * 4u + 3u)),
      );
      let key3 = (columnGroup + 16u) * 4u + 3u;
      let score0_3 = scores_7 * exp2(logDecay * (vec4f(
        f32(rowGroup * 8u),
        f32(rowGroup * 8u + 1u),
        f32(rowGroup * 8u + 2u),
        f32(rowGroup * 8u + 3u),
      ) - f32(key3)));
      tile[(key3 % 4u * 4u + key3 / 4u % 4u) * 33u + rowGroup * 2u] = vec4f(
        select(0.0, score0_3.x, (key3 < keys) & (key3 <= rowGroup * 8u)),
        select(0.0, score0_3.y, (key3 < keys) & (key3 <= rowGroup * 8u + 1u)),
        select(0.0, score0_3.z, (key3 < keys) & (key3 <= rowGroup * 8u + 2u)),
        select(0.0, score0_3.w, (key3 < keys) & (key3 <= rowGroup * 8u + 3u)),
      );
      let score1_3 = scores_15 * exp2(logDecay * (vec4f(
        f32((rowGroup * 2u + 1u) * 4u),
        f32((rowGroup * 2u + 1u) * 4u + 1u),
        f32((rowGroup * 2u + 1u) * 4u + 2u),
        f32((rowGroup * 2u + 1u) * 4u + 3u),
      ) - f32(key3)));
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
        let rowStart_0 = keyGroup * shape.keyLength * 32u + min(
          firstKey,
          max(visible, 1u) - 1u,
        ) * 32u + firstColumns;
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
        let rowStart_1 = keyGroup * shape.keyLength * 32u + min(
          firstKey + 1u,
          max(visible, 1u) - 1u,
        ) * 32u + firstColumns;
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
        let rowStart_2 = keyGroup * shape.keyLength * 32u + min(
          firstKey + 2u,
          max(visible, 1u) - 1u,
        ) * 32u + firstColumns;
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
        let rowStart_3 = keyGroup * shape.keyLength * 32u + min(
          firstKey + 3u,
          max(visible, 1u) - 1u,
        ) * 32u + firstColumns;
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
  let row0 = firstRow + rowGroup * 8u;
  if (row0 < shape.length) {
    let out0 = queryHead * shape.length * 32u + row0 * 32u;
    out[out0 + firstColumns] = vec4f(sums_0.x, sums_1.x, sums_2.x, sums_3.x);
  }
  let row1 = firstRow + rowGroup * 8u + 1u;
  if (row1 < shape.length) {
    let out1 = queryHead * shape.length * 32u + row1 * 32u;
    out[out1 + firstColumns] = vec4f(sums_0.y, sums_1.y, sums_2.y, sums_3.y);
  }
  let row2 = firstRow + rowGroup * 8u + 2u;
  if (row2 < shape.length) {
    let out2 = queryHead * shape.length * 32u + row2 * 32u;
    out[out2 + firstColumns] = vec4f(sums_0.z, sums_1.z, sums_2.z, sums_3.z);
  }
  let row3 = firstRow + rowGroup * 8u + 3u;
  if (row3 < shape.length) {
    let out3 = queryHead * shape.length * 32u + row3 * 32u;
    out[out3 + firstColumns] = vec4f(sums_0.w, sums_1.w, sums_2.w, sums_3.w);
  }
  let row4 = firstRow + (rowGroup * 2u + 1u) * 4u;
  if (row4 < shape.length) {
    let out4 = queryHead * shape.length * 32u + row4 * 32u;
    out[out4 + firstColumns] = vec4f(sums_4.x, sums_5.x, sums_6.x, sums_7.x);
  }
  let row5 = firstRow + (rowGroup * 2u + 1u) * 4u + 1u;
  if (row5 < shape.length) {
    let out5 = queryHead * shape.length * 32u + row5 * 32u;
    out[out5 + firstColumns] = vec4f(sums_4.y, sums_5.y, sums_6.y, sums_7.y);
  }
  let row6 = firstRow + (rowGroup * 2u + 1u) * 4u + 2u;
  if (row6 < shape.length) {
    let out6 = queryHead * shape.length * 32u + row6 * 32u;
    out[out6 + firstColumns] = vec4f(sums_4.z, sums_5.z, sums_6.z, sums_7.z);
  }
  let row7 = firstRow + (rowGroup * 2u + 1u) * 4u + 3u;
  if (row7 < shape.length) {
    let out7 = queryHead * shape.length * 32u + row7 * 32u;
    out[out7 + firstColumns] = vec4f(sums_4.w, sums_5.w, sums_6.w, sums_7.w);
  }
}
