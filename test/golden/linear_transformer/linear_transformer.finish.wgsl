// finish: Each row: φ(q)·S of the chunks before, plus the pairs of its own chunk, over φ(q)·z likewise.
// 32 threads a workgroup, 12416 bytes of workgroup memory
// reads q, k, v, lengths; writes state, out

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
@group(0) @binding(3) var<storage, read> v: array<f32>;
@group(0) @binding(4) var<storage, read> lengths: array<u32>;
@group(0) @binding(5) var<storage, read_write> state: array<f32>;
@group(0) @binding(6) var<storage, read_write> out: array<f32>;

var<workgroup> query: array<vec4f, 256>;
var<workgroup> key: array<vec4f, 256>;
var<workgroup> pairs: array<vec4f, 256>;
var<workgroup> denominators: array<f32, 32>;

// e^x = 2^n·e^r where x = n·ln 2 + r, and e^r − 1 is a polynomial; 0 below −87
fn exp_vec4f(x: vec4f) -> vec4f {
  let bounded = clamp(x, vec4f(-87.3), vec4f(89.0));
  let n = round(bounded * 1.442695);
  let r = (bounded - n * 0.693359375) + n * 2.1219444e-4;
  let tail = r + r * r * (0.5 + r * (0.16666538 + r * (0.041666266 + r * (0.008367247 + r * 0.0013947599))));
  let half = bitcast<vec4f>((vec4i(n - 1.0) + 127) * 8388608);
  return 2.0 * (half + half * tail);
}

@compute @workgroup_size(32, 1, 1)
fn finish(
  @builtin(local_invocation_index) thread: u32,
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(num_workgroups) workgroup_counts: vec3u,
) {
  let workgroup = workgroup_id.x + workgroup_id.y * workgroup_counts.x;
  if (workgroup >= shape.sliceCount * ((shape.heads + shape.kvHeads - 1u) / shape.kvHeads) * ((shape.length + 31u) / 32u)) {
    return;
  }
  // 1, which no compiler knows: loops up to a multiple of it are not written out
  let once = min(shape.sliceCount, 1u);
  let valueTile = 0u;
  let rowTile = workgroup % ((shape.length + 31u) / 32u);
  let rest2 = workgroup / ((shape.length + 31u) / 32u);
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
  let keys = min(max(visible, firstRow) - firstRow, 32u);
  let stateStart = (slice * shape.chunks + rowTile) * 4160u;
  var sums_0 = vec4f(0.0);
  var sums_1 = vec4f(0.0);
  var sums_2 = vec4f(0.0);
  var sums_3 = vec4f(0.0);
  var sums_4 = vec4f(0.0);
  var sums_5 = vec4f(0.0);
  var sums_6 = vec4f(0.0);
  var sums_7 = vec4f(0.0);
  var sums_8 = vec4f(0.0);
  var sums_9 = vec4f(0.0);
  var sums_10 = vec4f(0.0);
  var sums_11 = vec4f(0.0);
  var sums_12 = vec4f(0.0);
  var sums_13 = vec4f(0.0);
  var sums_14 = vec4f(0.0);
  var sums_15 = vec4f(0.0);
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
  for (var components0 = 0u; components0 < 64u * once; components0 += 32u) {
    let count = min(max(64u, components0) - components0, 32u);
    let firstFeature = components0;
    for (var queryItem = thread; queryItem < 256u; queryItem += 32u) {
      let queryComponent = queryItem % 32u;
      let queryFour = queryItem / 32u;
      let qRow0 = min(firstRow + queryFour * 4u, max(shape.length, 1u) - 1u);
      let qRow1 = min(firstRow + queryFour * 4u + 1u, max(shape.length, 1u) - 1u);
      let qRow2 = min(firstRow + queryFour * 4u + 2u, max(shape.length, 1u) - 1u);
      let qRow3 = min(firstRow + queryFour * 4u + 3u, max(shape.length, 1u) - 1u);
      let qStart0 = queryHead * shape.length * 64u + qRow0 * 64u;
      let qStart1 = queryHead * shape.length * 64u + qRow1 * 64u;
      let qStart2 = queryHead * shape.length * 64u + qRow2 * 64u;
      let qStart3 = queryHead * shape.length * 64u + qRow3 * 64u;
      let qComponent0 = components0 + queryComponent;
      let q_x1 = vec4f(
        q[qStart0 + qComponent0],
        q[qStart1 + qComponent0],
        q[qStart2 + qComponent0],
        q[qStart3 + qComponent0],
      );
      let q_value2 = exp_vec4f(min(q_x1, vec4f(0.0))) + max(q_x1, vec4f(0.0));
      query[queryComponent * 8u + queryFour] = q_value2;
    }
    for (var keyItem = thread; keyItem < 256u; keyItem += 32u) {
      let keyComponent = keyItem % 32u;
      let keyFour = keyItem / 32u;
      let kRow0 = min(firstRow + keyFour * 4u, max(visible, 1u) - 1u);
      let kRow1 = min(firstRow + keyFour * 4u + 1u, max(visible, 1u) - 1u);
      let kRow2 = min(firstRow + keyFour * 4u + 2u, max(visible, 1u) - 1u);
      let kRow3 = min(firstRow + keyFour * 4u + 3u, max(visible, 1u) - 1u);
      let kStart0 = keyGroup * shape.keyLength * 64u + kRow0 * 64u;
      let kStart1 = keyGroup * shape.keyLength * 64u + kRow1 * 64u;
      let kStart2 = keyGroup * shape.keyLength * 64u + kRow2 * 64u;
      let kStart3 = keyGroup * shape.keyLength * 64u + kRow3 * 64u;
      let kComponent0 = components0 + keyComponent;
      let k_x1 = vec4f(
        k[kStart0 + kComponent0],
        k[kStart1 + kComponent0],
        k[kStart2 + kComponent0],
        k[kStart3 + kComponent0],
      );
      let k_value2 = exp_vec4f(min(k_x1, vec4f(0.0))) + max(k_x1, vec4f(0.0));
      key[keyComponent * 8u + keyFour] = k_value2;
    }
    workgroupBarrier();
    for (var f = 0u; f < count; f++) {
      let weight0 = query[f * 8u + rowGroup * 2u];
      let weight1 = query[f * 8u + (rowGroup * 2u + 1u)];
      let feature = firstFeature + f;
      let rowStart = stateStart + feature * 64u + firstColumn;
      let column0 = state[rowStart];
      let column1 = state[rowStart + 8u];
      let column2 = state[rowStart + 16u];
      let column3 = state[rowStart + 24u];
      let column4 = state[rowStart + 32u];
      let column5 = state[rowStart + 40u];
      let column6 = state[rowStart + 48u];
      let column7 = state[rowStart + 56u];
      let z = state[stateStart + 4096u + feature];
      totals_0 += weight0 * z;
      sums_0 += weight0 * column0;
      sums_1 += weight0 * column1;
      sums_2 += weight0 * column2;
      sums_3 += weight0 * column3;
      sums_4 += weight0 * column4;
      sums_5 += weight0 * column5;
      sums_6 += weight0 * column6;
      sums_7 += weight0 * column7;
      totals_1 += weight1 * z;
      sums_8 += weight1 * column0;
      sums_9 += weight1 * column1;
      sums_10 += weight1 * column2;
      sums_11 += weight1 * column3;
      sums_12 += weight1 * column4;
      sums_13 += weight1 * column5;
      sums_14 += weight1 * column6;
      sums_15 += weight1 * column7;
      let ofKey = key[f * 8u + columnGroup];
      scores_0 += weight0 * ofKey.x;
      scores_1 += weight0 * ofKey.y;
      scores_2 += weight0 * ofKey.z;
      scores_3 += weight0 * ofKey.w;
      scores_4 += weight1 * ofKey.x;
      scores_5 += weight1 * ofKey.y;
      scores_6 += weight1 * ofKey.z;
      scores_7 += weight1 * ofKey.w;
    }
    workgroupBarrier();
  }
  // pairs inside the chunk: key j for rows i ≥ j
  let key0 = columnGroup * 4u;
  let score0 = scores_0;
  pairs[key0 * 8u + rowGroup * 2u] = vec4f(
    select(0.0, score0.x, key0 <= rowGroup * 8u),
    select(0.0, score0.y, key0 <= rowGroup * 8u + 1u),
    select(0.0, score0.z, key0 <= rowGroup * 8u + 2u),
    select(0.0, score0.w, key0 <= rowGroup * 8u + 3u),
  );
  let score4 = scores_4;
  pairs[key0 * 8u + (rowGroup * 2u + 1u)] = vec4f(
    select(0.0, score4.x, key0 <= (rowGroup * 2u + 1u) * 4u),
    select(0.0, score4.y, key0 <= (rowGroup * 2u + 1u) * 4u + 1u),
    select(0.0, score4.z, key0 <= (rowGroup * 2u + 1u) * 4u + 2u),
    select(0.0, score4.w, key0 <= (rowGroup * 2u + 1u) * 4u + 3u),
  );
  let key1 = columnGroup * 4u + 1u;
  let score1 = scores_1;
  pairs[key1 * 8u + rowGroup * 2u] = vec4f(
    select(0.0, score1.x, key1 <= rowGroup * 8u),
    select(0.0, score1.y, key1 <= rowGroup * 8u + 1u),
    select(0.0, score1.z, key1 <= rowGroup * 8u + 2u),
    select(0.0, score1.w, key1 <= rowGroup * 8u + 3u),
  );
  let score5 = scores_5;
  pairs[key1 * 8u + (rowGroup * 2u + 1u)] = vec4f(
    select(0.0, score5.x, key1 <= (rowGroup * 2u + 1u) * 4u),
    select(0.0, score5.y, key1 <= (rowGroup * 2u + 1u) * 4u + 1u),
    select(0.0, score5.z, key1 <= (rowGroup * 2u + 1u) * 4u + 2u),
    select(0.0, score5.w, key1 <= (rowGroup * 2u + 1u) * 4u + 3u),
  );
  let key2 = columnGroup * 4u + 2u;
  let score2 = scores_2;
  pairs[key2 * 8u + rowGroup * 2u] = vec4f(
    select(0.0, score2.x, key2 <= rowGroup * 8u),
    select(0.0, score2.y, key2 <= rowGroup * 8u + 1u),
    select(0.0, score2.z, key2 <= rowGroup * 8u + 2u),
    select(0.0, score2.w, key2 <= rowGroup * 8u + 3u),
  );
  let score6 = scores_6;
  pairs[key2 * 8u + (rowGroup * 2u + 1u)] = vec4f(
    select(0.0, score6.x, key2 <= (rowGroup * 2u + 1u) * 4u),
    select(0.0, score6.y, key2 <= (rowGroup * 2u + 1u) * 4u + 1u),
    select(0.0, score6.z, key2 <= (rowGroup * 2u + 1u) * 4u + 2u),
    select(0.0, score6.w, key2 <= (rowGroup * 2u + 1u) * 4u + 3u),
  );
  let key3 = columnGroup * 4u + 3u;
  let score3 = scores_3;
  pairs[key3 * 8u + rowGroup * 2u] = vec4f(
    select(0.0, score3.x, key3 <= rowGroup * 8u),
    select(0.0, score3.y, key3 <= rowGroup * 8u + 1u),
    select(0.0, score3.z, key3 <= rowGroup * 8u + 2u),
    select(0.0, score3.w, key3 <= rowGroup * 8u + 3u),
  );
  let score7 = scores_7;
  pairs[key3 * 8u + (rowGroup * 2u + 1u)] = vec4f(
    select(0.0, score7.x, key3 <= (rowGroup * 2u + 1u) * 4u),
    select(0.0, score7.y, key3 <= (rowGroup * 2u + 1u) * 4u + 1u),
    select(0.0, score7.z, key3 <= (rowGroup * 2u + 1u) * 4u + 2u),
    select(0.0, score7.w, key3 <= (rowGroup * 2u + 1u) * 4u + 3u),
  );
  workgroupBarrier();
  for (var j = 0u; j < min(keys, (rowGroup + 1u) * 8u); j++) {
    let pair0 = pairs[j * 8u + rowGroup * 2u];
    let pair1 = pairs[j * 8u + (rowGroup * 2u + 1u)];
    let rowStart = keyGroup * shape.keyLength * 64u + firstRow * 64u + j * 64u + firstColumn;
    let column0 = v[rowStart];
    let column1 = v[rowStart + 8u];
    let column2 = v[rowStart + 16u];
    let column3 = v[rowStart + 24u];
    let column4 = v[rowStart + 32u];
    let column5 = v[rowStart + 40u];
    let column6 = v[rowStart + 48u];
    let column7 = v[rowStart + 56u];
    totals_0 += pair0;
    sums_0 += pair0 * column0;
    sums_1 += pair0 * column1;
    sums_2 += pair0 * column2;
    sums_3 += pair0 * column3;
    sums_4 += pair0 * column4;
    sums_5 += pair0 * column5;
    sums_6 += pair0 * column6;
    sums_7 += pair0 * column7;
    totals_1 += pair1;
    sums_8 += pair1 * column0;
    sums_9 += pair1 * column1;
    sums_10 += pair1 * column2;
    sums_11 += pair1 * column3;
    sums_12 += pair1 * column4;
    sums_13 += pair1 * column5;
    sums_14 += pair1 * column6;
    sums_15 += pair1 * column7;
  }
  let factor0 = 1.0 / max(totals_0, vec4f(8.6736174e-19));
  let factor1 = 1.0 / max(totals_1, vec4f(8.6736174e-19));
  let row0 = firstRow + rowGroup * 8u;
  if ((row0 < shape.length) & (totals_0.x >= 8.6736174e-19)) {
    let out0 = queryHead * shape.length * 64u + row0 * 64u;
    out[out0 + firstColumn] = (sums_0 * factor0).x;
    out[out0 + (firstColumn + 8u)] = (sums_1 * factor0).x;
    out[out0 + (firstColumn + 16u)] = (sums_2 * factor0).x;
    out[out0 + (firstColumn + 24u)] = (sums_3 * factor0).x;
    out[out0 + (firstColumn + 32u)] = (sums_4 * factor0).x;
    out[out0 + (firstColumn + 40u)] = (sums_5 * factor0).x;
    out[out0 + (firstColumn + 48u)] = (sums_6 * factor0).x;
    out[out0 + (firstColumn + 56u)] = (sums_7 * factor0).x;
  }
  let row1 = firstRow + rowGroup * 8u + 1u;
  if ((row1 < shape.length) & (totals_0.y >= 8.6736174e-19)) {
    let out1 = queryHead * shape.length * 64u + row1 * 64u;
    out[out1 + firstColumn] = (sums_0 * factor0).y;
    out[out1 + (firstColumn + 8u)] = (sums_1 * factor0).y;
    out[out1 + (firstColumn + 16u)] = (sums_2 * factor0).y;
    out[out1 + (firstColumn + 24u)] = (sums_3 * factor0).y;
    out[out1 + (firstColumn + 32u)] = (sums_4 * factor0).y;
    out[out1 + (firstColumn + 40u)] = (sums_5 * factor0).y;
    out[out1 + (firstColumn + 48u)] = (sums_6 * factor0).y;
    out[out1 + (firstColumn + 56u)] = (sums_7 * factor0).y;
  }
  let row2 = firstRow + rowGroup * 8u + 2u;
  if ((row2 < shape.length) & (totals_0.z >= 8.6736174e-19)) {
    let out2 = queryHead * shape.length * 64u + row2 * 64u;
    out[out2 + firstColumn] = (sums_0 * factor0).z;
    out[out2 + (firstColumn + 8u)] = (sums_1 * factor0).z;
    out[out2 + (firstColumn + 16u)] = (sums_2 * factor0).z;
    out[out2 + (firstColumn + 24u)] = (sums_3 * factor0).z;
    out[out2 + (firstColumn + 32u)] = (sums_4 * factor0).z;
    out[out2 + (firstColumn + 40u)] = (sums_5 * factor0).z;
    out[out2 + (firstColumn + 48u)] = (sums_6 * factor0).z;
    out[out2 + (firstColumn + 56u)] = (sums_7 * factor0).z;
  }
  let row3 = firstRow + rowGroup * 8u + 3u;
  if ((row3 < shape.length) & (totals_0.w >= 8.6736174e-19)) {
    let out3 = queryHead * shape.length * 64u + row3 * 64u;
    out[out3 + firstColumn] = (sums_0 * factor0).w;
    out[out3 + (firstColumn + 8u)] = (sums_1 * factor0).w;
    out[out3 + (firstColumn + 16u)] = (sums_2 * factor0).w;
    out[out3 + (firstColumn + 24u)] = (sums_3 * factor0).w;
    out[out3 + (firstColumn + 32u)] = (sums_4 * factor0).w;
    out[out3 + (firstColumn + 40u)] = (sums_5 * factor0).w;
    out[out3 + (firstColumn + 48u)] = (sums_6 * factor0).w;
    out[out3 + (firstColumn + 56u)] = (sums_7 * factor0).w;
  }
  let row4 = firstRow + (rowGroup * 2u + 1u) * 4u;
  if ((row4 < shape.length) & (totals_1.x >= 8.6736174e-19)) {
    let out4 = queryHead * shape.length * 64u + row4 * 64u;
    out[out4 + firstColumn] = (sums_8 * factor1).x;
    out[out4 + (firstColumn + 8u)] = (sums_9 * factor1).x;
    out[out4 + (firstColumn + 16u)] = (sums_10 * factor1).x;
    out[out4 + (firstColumn + 24u)] = (sums_11 * factor1).x;
    out[out4 + (firstColumn + 32u)] = (sums_12 * factor1).x;
    out[out4 + (firstColumn + 40u)] = (sums_13 * factor1).x;
    out[out4 + (firstColumn + 48u)] = (sums_14 * factor1).x;
    out[out4 + (firstColumn + 56u)] = (sums_15 * factor1).x;
  }
  let row5 = firstRow + (rowGroup * 2u + 1u) * 4u + 1u;
  if ((row5 < shape.length) & (totals_1.y >= 8.6736174e-19)) {
    let out5 = queryHead * shape.length * 64u + row5 * 64u;
    out[out5 + firstColumn] = (sums_8 * factor1).y;
    out[out5 + (firstColumn + 8u)] = (sums_9 * factor1).y;
    out[out5 + (firstColumn + 16u)] = (sums_10 * factor1).y;
    out[out5 + (firstColumn + 24u)] = (sums_11 * factor1).y;
    out[out5 + (firstColumn + 32u)] = (sums_12 * factor1).y;
    out[out5 + (firstColumn + 40u)] = (sums_13 * factor1).y;
    out[out5 + (firstColumn + 48u)] = (sums_14 * factor1).y;
    out[out5 + (firstColumn + 56u)] = (sums_15 * factor1).y;
  }
  let row6 = firstRow + (rowGroup * 2u + 1u) * 4u + 2u;
  if ((row6 < shape.length) & (totals_1.z >= 8.6736174e-19)) {
    let out6 = queryHead * shape.length * 64u + row6 * 64u;
    out[out6 + firstColumn] = (sums_8 * factor1).z;
    out[out6 + (firstColumn + 8u)] = (sums_9 * factor1).z;
    out[out6 + (firstColumn + 16u)] = (sums_10 * factor1).z;
    out[out6 + (firstColumn + 24u)] = (sums_11 * factor1).z;
    out[out6 + (firstColumn + 32u)] = (sums_12 * factor1).z;
    out[out6 + (firstColumn + 40u)] = (sums_13 * factor1).z;
    out[out6 + (firstColumn + 48u)] = (sums_14 * factor1).z;
    out[out6 + (firstColumn + 56u)] = (sums_15 * factor1).z;
  }
  let row7 = firstRow + (rowGroup * 2u + 1u) * 4u + 3u;
  if ((row7 < shape.length) & (totals_1.w >= 8.6736174e-19)) {
    let out7 = queryHead * shape.length * 64u + row7 * 64u;
    out[out7 + firstColumn] = (sums_8 * factor1).w;
    out[out7 + (firstColumn + 8u)] = (sums_9 * factor1).w;
    out[out7 + (firstColumn + 16u)] = (sums_10 * factor1).w;
    out[out7 + (firstColumn + 24u)] = (sums_11 * factor1).w;
    out[out7 + (firstColumn + 32u)] = (sums_12 * factor1).w;
    out[out7 + (firstColumn + 40u)] = (sums_13 * factor1).w;
    out[out7 + (firstColumn + 48u)] = (sums_14 * factor1).w;
    out[out7 + (firstColumn + 56u)] = (sums_15 * factor1).w;
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
  if (ownRow < shape.length) {
    if (!(denominators[thread] >= 8.6736174e-19)) {
      let firstOfTile = valueTile * 64u;
      let start = queryHead * shape.length * 64u + ownRow * 64u + firstOfTile;
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
          let q_x1 = q[queryHead * shape.length * 64u + ownRow * 64u + component];
          let q_value2 = 1.442695 * min(q_x1, 0.0);
          let q_value3 = max(q_x1, 0.0) + 1.0;
          let k_x1 = k[keyGroup * shape.keyLength * 64u + seenKey * 64u + component];
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
        let value = keyGroup * shape.keyLength * 64u + seenKey * 64u + firstOfTile;
        for (var column = 0u; column < 64u; column++) {
          let at = start + column;
          out[at] = out[at] + (v[value + column] - out[at]) * share;
        }
      }
    }
  }
}
