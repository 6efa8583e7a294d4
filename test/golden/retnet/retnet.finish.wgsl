// finish: Each row: φ(q)·S of the chunks before, plus the pairs of its own chunk, over φ(q)·z likewise.
// 64 threads a workgroup, 12288 bytes of workgroup memory
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
@group(0) @binding(3) var<storage, read> v: array<f32>;
@group(0) @binding(4) var<storage, read> lengths: array<u32>;
@group(0) @binding(5) var<storage, read> decay: array<f32>;
@group(0) @binding(6) var<storage, read_write> state: array<f32>;
@group(0) @binding(7) var<storage, read_write> out: array<f32>;

var<workgroup> query: array<vec4f, 256>;
var<workgroup> key: array<vec4f, 256>;
var<workgroup> pairs: array<vec4f, 256>;

@compute @workgroup_size(64, 1, 1)
fn finish(
  @builtin(local_invocation_index) thread: u32,
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(num_workgroups) workgroup_counts: vec3u,
) {
  let workgroup = workgroup_id.x + workgroup_id.y * workgroup_counts.x;
  if (workgroup >= shape.sliceCount * ((shape.length + 31u) / 32u)) {
    return;
  }
  // 1, which no compiler knows: loops up to a multiple of it are not written out
  let once = min(shape.sliceCount, 1u);
  let valueTile = 0u;
  let rowTile = workgroup % ((shape.length + 31u) / 32u);
  let rest2 = workgroup / ((shape.length + 31u) / 32u);
  let headInGroup = 0u;
  let slice = rest2;
  let group = shape.sliceStart + slice;
  let batchItem = group / shape.heads;
  let keyGroup = group / (shape.heads / shape.kvHeads);
  let visible = min(lengths[batchItem], shape.keyLength);
  let queryHead = group + headInGroup;
  let logDecay = decay[group % shape.heads];
  let rowGroup = thread / 8u;
  let columnGroup = thread % 8u;
  let firstColumn = valueTile * 128u + columnGroup;
  let firstRow = rowTile * 32u;
  let faded = logDecay * f32(firstRow - min(firstRow, visible));
  let keys = min(max(visible, firstRow) - firstRow, 32u);
  let stateStart = (slice * shape.chunks + rowTile) * 8256u;
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
  var scores_0 = vec4f(0.0);
  var scores_1 = vec4f(0.0);
  var scores_2 = vec4f(0.0);
  var scores_3 = vec4f(0.0);
  for (var components0 = 0u; components0 < 64u * once; components0 += 32u) {
    let count = min(max(64u, components0) - components0, 32u);
    let firstFeature = components0;
    for (var queryItem = thread; queryItem < 256u; queryItem += 64u) {
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
      let q_value2 = 0.35355338 * q_x1;
      query[queryComponent * 8u + queryFour] = q_value2;
    }
    for (var keyItem = thread; keyItem < 256u; keyItem += 64u) {
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
      let k_value2 = 0.35355338 * k_x1;
      key[keyComponent * 8u + keyFour] = k_value2;
    }
    workgroupBarrier();
    for (var f = 0u; f < count; f++) {
      let weight0 = query[f * 8u + rowGroup];
      let feature = firstFeature + f;
      let rowStart = stateStart + feature * 128u + firstColumn;
      let column0 = state[rowStart];
      let column1 = state[rowStart + 8u];
      let column2 = state[rowStart + 16u];
      let column3 = state[rowStart + 24u];
      let column4 = state[rowStart + 32u];
      let column5 = state[rowStart + 40u];
      let column6 = state[rowStart + 48u];
      let column7 = state[rowStart + 56u];
      let column8 = state[rowStart + 64u];
      let column9 = state[rowStart + 72u];
      let column10 = state[rowStart + 80u];
      let column11 = state[rowStart + 88u];
      let column12 = state[rowStart + 96u];
      let column13 = state[rowStart + 104u];
      let column14 = state[rowStart + 112u];
      let column15 = state[rowStart + 120u];
      let z = state[stateStart + 8192u + feature];
      totals_0 += weight0 * z;
      sums_0 += weight0 * column0;
      sums_1 += weight0 * column1;
      sums_2 += weight0 * column2;
      sums_3 += weight0 * column3;
      sums_4 += weight0 * column4;
      sums_5 += weight0 * column5;
      sums_6 += weight0 * column6;
      sums_7 += weight0 * column7;
      sums_8 += weight0 * column8;
      sums_9 += weight0 * column9;
      sums_10 += weight0 * column10;
      sums_11 += weight0 * column11;
      sums_12 += weight0 * column12;
      sums_13 += weight0 * column13;
      sums_14 += weight0 * column14;
      sums_15 += weight0 * column15;
      let ofKey = key[f * 8u + columnGroup];
      scores_0 += weight0 * ofKey.x;
      scores_1 += weight0 * ofKey.y;
      scores_2 += weight0 * ofKey.z;
      scores_3 += weight0 * ofKey.w;
    }
    workgroupBarrier();
  }
  let faded0 = exp2(logDecay * vec4f(
    f32(rowGroup * 4u + 1u),
    f32(rowGroup * 4u + 2u),
    f32(rowGroup * 4u + 3u),
    f32(rowGroup * 4u + 4u),
  ) + faded);
  totals_0 *= faded0;
  sums_0 *= faded0;
  sums_1 *= faded0;
  sums_2 *= faded0;
  sums_3 *= faded0;
  sums_4 *= faded0;
  sums_5 *= faded0;
  sums_6 *= faded0;
  sums_7 *= faded0;
  sums_8 *= faded0;
  sums_9 *= faded0;
  sums_10 *= faded0;
  sums_11 *= faded0;
  sums_12 *= faded0;
  sums_13 *= faded0;
  sums_14 *= faded0;
  sums_15 *= faded0;
  // pairs inside the chunk: key j for rows i ≥ j
  let key0 = columnGroup * 4u;
  let score0 = scores_0 * exp2(logDecay * (vec4f(
    f32(rowGroup * 4u),
    f32(rowGroup * 4u + 1u),
    f32(rowGroup * 4u + 2u),
    f32(rowGroup * 4u + 3u),
  ) - f32(key0)));
  pairs[key0 * 8u + rowGroup] = vec4f(
    select(0.0, score0.x, key0 <= rowGroup * 4u),
    select(0.0, score0.y, key0 <= rowGroup * 4u + 1u),
    select(0.0, score0.z, key0 <= rowGroup * 4u + 2u),
    select(0.0, score0.w, key0 <= rowGroup * 4u + 3u),
  );
  let key1 = columnGroup * 4u + 1u;
  let score1 = scores_1 * exp2(logDecay * (vec4f(
    f32(rowGroup * 4u),
    f32(rowGroup * 4u + 1u),
    f32(rowGroup * 4u + 2u),
    f32(rowGroup * 4u + 3u),
  ) - f32(key1)));
  pairs[key1 * 8u + rowGroup] = vec4f(
    select(0.0, score1.x, key1 <= rowGroup * 4u),
    select(0.0, score1.y, key1 <= rowGroup * 4u + 1u),
    select(0.0, score1.z, key1 <= rowGroup * 4u + 2u),
    select(0.0, score1.w, key1 <= rowGroup * 4u + 3u),
  );
  let key2 = columnGroup * 4u + 2u;
  let score2 = scores_2 * exp2(logDecay * (vec4f(
    f32(rowGroup * 4u),
    f32(rowGroup * 4u + 1u),
    f32(rowGroup * 4u + 2u),
    f32(rowGroup * 4u + 3u),
  ) - f32(key2)));
  pairs[key2 * 8u + rowGroup] = vec4f(
    select(0.0, score2.x, key2 <= rowGroup * 4u),
    select(0.0, score2.y, key2 <= rowGroup * 4u + 1u),
    select(0.0, score2.z, key2 <= rowGroup * 4u + 2u),
    select(0.0, score2.w, key2 <= rowGroup * 4u + 3u),
  );
  let key3 = columnGroup * 4u + 3u;
  let score3 = scores_3 * exp2(logDecay * (vec4f(
    f32(rowGroup * 4u),
    f32(rowGroup * 4u + 1u),
    f32(rowGroup * 4u + 2u),
    f32(rowGroup * 4u + 3u),
  ) - f32(key3)));
  pairs[key3 * 8u + rowGroup] = vec4f(
    select(0.0, score3.x, key3 <= rowGroup * 4u),
    select(0.0, score3.y, key3 <= rowGroup * 4u + 1u),
    select(0.0, score3.z, key3 <= rowGroup * 4u + 2u),
    select(0.0, score3.w, key3 <= rowGroup * 4u + 3u),
  );
  workgroupBarrier();
  for (var j = 0u; j < min(keys, (rowGroup + 1u) * 4u); j++) {
    let pair0 = pairs[j * 8u + rowGroup];
    let rowStart = keyGroup * shape.keyLength * 128u + firstRow * 128u + j * 128u + firstColumn;
    let column0 = v[rowStart];
    let column1 = v[rowStart + 8u];
    let column2 = v[rowStart + 16u];
    let column3 = v[rowStart + 24u];
    let column4 = v[rowStart + 32u];
    let column5 = v[rowStart + 40u];
    let column6 = v[rowStart + 48u];
    let column7 = v[rowStart + 56u];
    let column8 = v[rowStart + 64u];
    let column9 = v[rowStart + 72u];
    let column10 = v[rowStart + 80u];
    let column11 = v[rowStart + 88u];
    let column12 = v[rowStart + 96u];
    let column13 = v[rowStart + 104u];
    let column14 = v[rowStart + 112u];
    let column15 = v[rowStart + 120u];
    totals_0 += pair0;
    sums_0 += pair0 * column0;
    sums_1 += pair0 * column1;
    sums_2 += pair0 * column2;
    sums_3 += pair0 * column3;
    sums_4 += pair0 * column4;
    sums_5 += pair0 * column5;
    sums_6 += pair0 * column6;
    sums_7 += pair0 * column7;
    sums_8 += pair0 * column8;
    sums_9 += pair0 * column9;
    sums_10 += pair0 * column10;
    sums_11 += pair0 * column11;
    sums_12 += pair0 * column12;
    sums_13 += pair0 * column13;
    sums_14 += pair0 * column14;
    sums_15 += pair0 * column15;
  }
  let row0 = firstRow + rowGroup * 4u;
  if (row0 < shape.length) {
    let out0 = queryHead * shape.length * 128u + row0 * 128u;
    out[out0 + firstColumn] = sums_0.x;
    out[out0 + (firstColumn + 8u)] = sums_1.x;
    out[out0 + (firstColumn + 16u)] = sums_2.x;
    out[out0 + (firstColumn + 24u)] = sums_3.x;
    out[out0 + (firstColumn + 32u)] = sums_4.x;
    out[out0 + (firstColumn + 40u)] = sums_5.x;
    out[out0 + (firstColumn + 48u)] = sums_6.x;
    out[out0 + (firstColumn + 56u)] = sums_7.x;
    out[out0 + (firstColumn + 64u)] = sums_8.x;
    out[out0 + (firstColumn + 72u)] = sums_9.x;
    out[out0 + (firstColumn + 80u)] = sums_10.x;
    out[out0 + (firstColumn + 88u)] = sums_11.x;
    out[out0 + (firstColumn + 96u)] = sums_12.x;
    out[out0 + (firstColumn + 104u)] = sums_13.x;
    out[out0 + (firstColumn + 112u)] = sums_14.x;
    out[out0 + (firstColumn + 120u)] = sums_15.x;
  }
  let row1 = firstRow + rowGroup * 4u + 1u;
  if (row1 < shape.length) {
    let out1 = queryHead * shape.length * 128u + row1 * 128u;
    out[out1 + firstColumn] = sums_0.y;
    out[out1 + (firstColumn + 8u)] = sums_1.y;
    out[out1 + (firstColumn + 16u)] = sums_2.y;
    out[out1 + (firstColumn + 24u)] = sums_3.y;
    out[out1 + (firstColumn + 32u)] = sums_4.y;
    out[out1 + (firstColumn + 40u)] = sums_5.y;
    out[out1 + (firstColumn + 48u)] = sums_6.y;
    out[out1 + (firstColumn + 56u)] = sums_7.y;
    out[out1 + (firstColumn + 64u)] = sums_8.y;
    out[out1 + (firstColumn + 72u)] = sums_9.y;
    out[out1 + (firstColumn + 80u)] = sums_10.y;
    out[out1 + (firstColumn + 88u)] = sums_11.y;
    out[out1 + (firstColumn + 96u)] = sums_12.y;
    out[out1 + (firstColumn + 104u)] = sums_13.y;
    out[out1 + (firstColumn + 112u)] = sums_14.y;
    out[out1 + (firstColumn + 120u)] = sums_15.y;
  }
  let row2 = firstRow + rowGroup * 4u + 2u;
  if (row2 < shape.length) {
    let out2 = queryHead * shape.length * 128u + row2 * 128u;
    out[out2 + firstColumn] = sums_0.z;
    out[out2 + (firstColumn + 8u)] = sums_1.z;
    out[out2 + (firstColumn + 16u)] = sums_2.z;
    out[out2 + (firstColumn + 24u)] = sums_3.z;
    out[out2 + (firstColumn + 32u)] = sums_4.z;
    out[out2 + (firstColumn + 40u)] = sums_5.z;
    out[out2 + (firstColumn + 48u)] = sums_6.z;
    out[out2 + (firstColumn + 56u)] = sums_7.z;
    out[out2 + (firstColumn + 64u)] = sums_8.z;
    out[out2 + (firstColumn + 72u)] = sums_9.z;
    out[out2 + (firstColumn + 80u)] = sums_10.z;
    out[out2 + (firstColumn + 88u)] = sums_11.z;
    out[out2 + (firstColumn + 96u)] = sums_12.z;
    out[out2 + (firstColumn + 104u)] = sums_13.z;
    out[out2 + (firstColumn + 112u)] = sums_14.z;
    out[out2 + (firstColumn + 120u)] = sums_15.z;
  }
  let row3 = firstRow + rowGroup * 4u + 3u;
  if (row3 < shape.length) {
    let out3 = queryHead * shape.length * 128u + row3 * 128u;
    out[out3 + firstColumn] = sums_0.w;
    out[out3 + (firstColumn + 8u)] = sums_1.w;
    out[out3 + (firstColumn + 16u)] = sums_2.w;
    out[out3 + (firstColumn + 24u)] = sums_3.w;
    out[out3 + (firstColumn + 32u)] = sums_4.w;
    out[out3 + (firstColumn + 40u)] = sums_5.w;
    out[out3 + (firstColumn + 48u)] = sums_6.w;
    out[out3 + (firstColumn + 56u)] = sums_7.w;
    out[out3 + (firstColumn + 64u)] = sums_8.w;
    out[out3 + (firstColumn + 72u)] = sums_9.w;
    out[out3 + (firstColumn + 80u)] = sums_10.w;
    out[out3 + (firstColumn + 88u)] = sums_11.w;
    out[out3 + (firstColumn + 96u)] = sums_12.w;
    out[out3 + (firstColumn + 104u)] = sums_13.w;
    out[out3 + (firstColumn + 112u)] = sums_14.w;
    out[out3 + (firstColumn + 120u)] = sums_15.w;
  }
}
