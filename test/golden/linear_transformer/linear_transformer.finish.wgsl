// finish: Each row: φ(q)·S of the chunks before, plus the pairs of its own chunk, over φ(q)·z likewise.
// 64 threads a workgroup, 12288 bytes of workgroup memory
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

// e^x = 2^n·e^r where x = n·ln 2 + r, and e^r − 1 is a polynomial; 0 below −87
fn exp_vec4f(x: vec4f) -> vec4f {
  let bounded = clamp(x, vec4f(-87.3), vec4f(89.0));
  let n = round(bounded * 1.442695);
  let r = (bounded - n * 0.693359375) + n * 2.1219444e-4;
  let tail = r + r * r * (0.5 + r * (0.16666538 + r * (0.041666266 + r * (0.008367247 + r * 0.0013947599))));
  let half = bitcast<vec4f>((vec4i(n - 1.0) + 127) * 8388608);
  return 2.0 * (half + half * tail);
}

@compute @workgroup_size(64, 1, 1)
fn finish(
  @builtin(local_invocation_index) thread: u32,
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(num_workgroups) workgroup_counts: vec3u,
) {
  let workgroup = workgroup_id.x + workgroup_id.y * workgroup_counts.x;
  if (workgroup >= shape.sliceCount * ((shape.heads + shape.kvHeads - 1u) / shape.kvHeads) * ((shape.length + 32u - 1u) / 32u)) {
    return;
  }
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
  let firstColumn = valueTile * 64u + columnGroup * 4u;
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
  var total = vec4f(0.0);
  var scores_0 = vec4f(0.0);
  var scores_1 = vec4f(0.0);
  var scores_2 = vec4f(0.0);
  var scores_3 = vec4f(0.0);
  let qRow0 = min(firstRow + rowGroup * 4u, max(shape.length, 1u) - 1u);
  let qRow1 = min(firstRow + rowGroup * 4u + 1u, max(shape.length, 1u) - 1u);
  let qRow2 = min(firstRow + rowGroup * 4u + 2u, max(shape.length, 1u) - 1u);
  let qRow3 = min(firstRow + rowGroup * 4u + 3u, max(shape.length, 1u) - 1u);
  let qStart0 = (queryHead * shape.length + qRow0) * 64u;
  let qStart1 = (queryHead * shape.length + qRow1) * 64u;
  let qStart2 = (queryHead * shape.length + qRow2) * 64u;
  let qStart3 = (queryHead * shape.length + qRow3) * 64u;
  let kRow0 = min(firstRow + rowGroup * 4u, max(visible, 1u) - 1u);
  let kRow1 = min(firstRow + rowGroup * 4u + 1u, max(visible, 1u) - 1u);
  let kRow2 = min(firstRow + rowGroup * 4u + 2u, max(visible, 1u) - 1u);
  let kRow3 = min(firstRow + rowGroup * 4u + 3u, max(visible, 1u) - 1u);
  let kStart0 = (keyGroup * shape.keyLength + kRow0) * 64u;
  let kStart1 = (keyGroup * shape.keyLength + kRow1) * 64u;
  let kStart2 = (keyGroup * shape.keyLength + kRow2) * 64u;
  let kStart3 = (keyGroup * shape.keyLength + kRow3) * 64u;
  for (var components0 = 0u; components0 < 64u; components0 += 32u) {
    let count = min(max(64u, components0) - components0, 32u);
    let firstFeature = components0;
    for (var queryItem = 0u; queryItem < 4u; queryItem++) {
      let at = columnGroup * 4u + queryItem;
      let qComponent0 = components0 + at;
      let q_x1 = vec4f(
        q[qStart0 + qComponent0],
        q[qStart1 + qComponent0],
        q[qStart2 + qComponent0],
        q[qStart3 + qComponent0],
      );
      let q_value2 = exp_vec4f(min(q_x1, vec4f(0.0))) + max(q_x1, vec4f(0.0));
      query[at * 8u + rowGroup] = q_value2;
    }
    for (var keyItem = 0u; keyItem < 4u; keyItem++) {
      let at = columnGroup * 4u + keyItem;
      let kComponent0 = components0 + at;
      let k_x1 = vec4f(
        k[kStart0 + kComponent0],
        k[kStart1 + kComponent0],
        k[kStart2 + kComponent0],
        k[kStart3 + kComponent0],
      );
      let k_value2 = exp_vec4f(min(k_x1, vec4f(0.0))) + max(k_x1, vec4f(0.0));
      key[at * 8u + rowGroup] = k_value2;
    }
    workgroupBarrier();
    for (var f = 0u; f < count; f++) {
      let weight = query[f * 8u + rowGroup];
      let feature = firstFeature + f;
      sums_0 = sums_0 + weight * state[stateStart + feature * 64u + firstColumn];
      sums_1 = sums_1 + weight * state[stateStart + feature * 64u + (firstColumn + 1u)];
      sums_2 = sums_2 + weight * state[stateStart + feature * 64u + (firstColumn + 2u)];
      sums_3 = sums_3 + weight * state[stateStart + feature * 64u + (firstColumn + 3u)];
      sums_4 = sums_4 + weight * state[stateStart + feature * 64u + (firstColumn + 32u)];
      sums_5 = sums_5 + weight * state[stateStart + feature * 64u + (firstColumn + 33u)];
      sums_6 = sums_6 + weight * state[stateStart + feature * 64u + (firstColumn + 34u)];
      sums_7 = sums_7 + weight * state[stateStart + feature * 64u + (firstColumn + 35u)];
      total = total + weight * state[stateStart + 4096u + feature];
      let ofKey = key[f * 8u + columnGroup];
      scores_0 = scores_0 + weight * ofKey.x;
      scores_1 = scores_1 + weight * ofKey.y;
      scores_2 = scores_2 + weight * ofKey.z;
      scores_3 = scores_3 + weight * ofKey.w;
    }
    workgroupBarrier();
  }
  // pairs inside the chunk: key j for rows i ≥ j
  let key0 = columnGroup * 4u;
  let score0 = scores_0;
  pairs[key0 * 8u + rowGroup] = vec4f(
    select(0.0, score0.x, key0 <= rowGroup * 4u),
    select(0.0, score0.y, key0 <= rowGroup * 4u + 1u),
    select(0.0, score0.z, key0 <= rowGroup * 4u + 2u),
    select(0.0, score0.w, key0 <= rowGroup * 4u + 3u),
  );
  let key1 = columnGroup * 4u + 1u;
  let score1 = scores_1;
  pairs[key1 * 8u + rowGroup] = vec4f(
    select(0.0, score1.x, key1 <= rowGroup * 4u),
    select(0.0, score1.y, key1 <= rowGroup * 4u + 1u),
    select(0.0, score1.z, key1 <= rowGroup * 4u + 2u),
    select(0.0, score1.w, key1 <= rowGroup * 4u + 3u),
  );
  let key2 = columnGroup * 4u + 2u;
  let score2 = scores_2;
  pairs[key2 * 8u + rowGroup] = vec4f(
    select(0.0, score2.x, key2 <= rowGroup * 4u),
    select(0.0, score2.y, key2 <= rowGroup * 4u + 1u),
    select(0.0, score2.z, key2 <= rowGroup * 4u + 2u),
    select(0.0, score2.w, key2 <= rowGroup * 4u + 3u),
  );
  let key3 = columnGroup * 4u + 3u;
  let score3 = scores_3;
  pairs[key3 * 8u + rowGroup] = vec4f(
    select(0.0, score3.x, key3 <= rowGroup * 4u),
    select(0.0, score3.y, key3 <= rowGroup * 4u + 1u),
    select(0.0, score3.z, key3 <= rowGroup * 4u + 2u),
    select(0.0, score3.w, key3 <= rowGroup * 4u + 3u),
  );
  workgroupBarrier();
  for (var j = 0u; j < min(keys, (rowGroup + 1u) * 4u); j++) {
    let pair = pairs[j * 8u + rowGroup];
    let valueRow = (keyGroup * shape.keyLength + firstRow + j) * 64u;
    total = total + pair;
    sums_0 = sums_0 + pair * v[valueRow + firstColumn];
    sums_1 = sums_1 + pair * v[valueRow + (firstColumn + 1u)];
    sums_2 = sums_2 + pair * v[valueRow + (firstColumn + 2u)];
    sums_3 = sums_3 + pair * v[valueRow + (firstColumn + 3u)];
    sums_4 = sums_4 + pair * v[valueRow + (firstColumn + 32u)];
    sums_5 = sums_5 + pair * v[valueRow + (firstColumn + 33u)];
    sums_6 = sums_6 + pair * v[valueRow + (firstColumn + 34u)];
    sums_7 = sums_7 + pair * v[valueRow + (firstColumn + 35u)];
  }
  let factor = vec4f(
    select(1.0 / select(total.x, 1.0, total.x == 0.0), 0.0, total.x == 0.0),
    select(1.0 / select(total.y, 1.0, total.y == 0.0), 0.0, total.y == 0.0),
    select(1.0 / select(total.z, 1.0, total.z == 0.0), 0.0, total.z == 0.0),
    select(1.0 / select(total.w, 1.0, total.w == 0.0), 0.0, total.w == 0.0),
  );
  let row0 = firstRow + rowGroup * 4u;
  if (row0 < shape.length) {
    let out0 = (queryHead * shape.length + row0) * 64u;
    out[out0 + firstColumn] = (sums_0 * factor).x;
    out[out0 + (firstColumn + 1u)] = (sums_1 * factor).x;
    out[out0 + (firstColumn + 2u)] = (sums_2 * factor).x;
    out[out0 + (firstColumn + 3u)] = (sums_3 * factor).x;
    out[out0 + (firstColumn + 32u)] = (sums_4 * factor).x;
    out[out0 + (firstColumn + 33u)] = (sums_5 * factor).x;
    out[out0 + (firstColumn + 34u)] = (sums_6 * factor).x;
    out[out0 + (firstColumn + 35u)] = (sums_7 * factor).x;
  }
  let row1 = firstRow + rowGroup * 4u + 1u;
  if (row1 < shape.length) {
    let out1 = (queryHead * shape.length + row1) * 64u;
    out[out1 + firstColumn] = (sums_0 * factor).y;
    out[out1 + (firstColumn + 1u)] = (sums_1 * factor).y;
    out[out1 + (firstColumn + 2u)] = (sums_2 * factor).y;
    out[out1 + (firstColumn + 3u)] = (sums_3 * factor).y;
    out[out1 + (firstColumn + 32u)] = (sums_4 * factor).y;
    out[out1 + (firstColumn + 33u)] = (sums_5 * factor).y;
    out[out1 + (firstColumn + 34u)] = (sums_6 * factor).y;
    out[out1 + (firstColumn + 35u)] = (sums_7 * factor).y;
  }
  let row2 = firstRow + rowGroup * 4u + 2u;
  if (row2 < shape.length) {
    let out2 = (queryHead * shape.length + row2) * 64u;
    out[out2 + firstColumn] = (sums_0 * factor).z;
    out[out2 + (firstColumn + 1u)] = (sums_1 * factor).z;
    out[out2 + (firstColumn + 2u)] = (sums_2 * factor).z;
    out[out2 + (firstColumn + 3u)] = (sums_3 * factor).z;
    out[out2 + (firstColumn + 32u)] = (sums_4 * factor).z;
    out[out2 + (firstColumn + 33u)] = (sums_5 * factor).z;
    out[out2 + (firstColumn + 34u)] = (sums_6 * factor).z;
    out[out2 + (firstColumn + 35u)] = (sums_7 * factor).z;
  }
  let row3 = firstRow + rowGroup * 4u + 3u;
  if (row3 < shape.length) {
    let out3 = (queryHead * shape.length + row3) * 64u;
    out[out3 + firstColumn] = (sums_0 * factor).w;
    out[out3 + (firstColumn + 1u)] = (sums_1 * factor).w;
    out[out3 + (firstColumn + 2u)] = (sums_2 * factor).w;
    out[out3 + (firstColumn + 3u)] = (sums_3 * factor).w;
    out[out3 + (firstColumn + 32u)] = (sums_4 * factor).w;
    out[out3 + (firstColumn + 33u)] = (sums_5 * factor).w;
    out[out3 + (firstColumn + 34u)] = (sums_6 * factor).w;
    out[out3 + (firstColumn + 35u)] = (sums_7 * factor).w;
  }
}
