// attend_landmarks: Each row: Σ κ(q, k) v over Σ κ(q, k), in one pass over the keys, and the rows of v convolved with conv, 33 wide.
// 64 threads a workgroup, 8192 bytes of workgroup memory
// reads q, v, conv, lengths, queryLengths; writes keyMeans, solution, out

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
@group(0) @binding(2) var<storage, read_write> keyMeans: array<f32>;
@group(0) @binding(3) var<storage, read_write> solution: array<f32>;
@group(0) @binding(4) var<storage, read> v: array<f32>;
@group(0) @binding(5) var<storage, read> conv: array<f32>;
@group(0) @binding(6) var<storage, read> lengths: array<u32>;
@group(0) @binding(7) var<storage, read> queryLengths: array<u32>;
@group(0) @binding(8) var<storage, read_write> out: array<f32>;

var<workgroup> exponents: array<vec4f, 256>;
var<workgroup> pairs: array<vec4f, 256>;

@compute @workgroup_size(64, 1, 1)
fn attend_landmarks(
  @builtin(local_invocation_index) thread: u32,
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(num_workgroups) workgroup_counts: vec3u,
) {
  let workgroup = workgroup_id.x + workgroup_id.y * workgroup_counts.x;
  if (workgroup >= shape.sliceCount * ((shape.heads + shape.kvHeads - 1u) / shape.kvHeads) * ((shape.length + 31u) / 32u)) {
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
  let queryRows = max(min(queryLengths[batchItem], shape.length), 1u);
  let visible = min(lengths[batchItem], shape.keyLength);
  let queryHead = group * (shape.heads / shape.kvHeads) + headInGroup;
  let rowGroup = thread / 8u;
  let columnGroup = thread % 8u;
  let firstColumn = valueTile * 64u + columnGroup;
  let firstRow = rowTile * 32u;
  let fewer = min(queryRows, visible);
  if (fewer > 64u) {
    let firstQuery = queryHead * shape.length;
    let firstKey = slice * 64u;
    let firstValue = (slice * (shape.heads / shape.kvHeads) + headInGroup) * 64u;
    let end = 64u;
    let queryRow0 = (firstQuery + min(firstRow + rowGroup * 4u, max(shape.length, 1u) - 1u)) * 64u;
    let queryRow1 = (firstQuery + min(firstRow + rowGroup * 4u + 1u, max(shape.length, 1u) - 1u)) * 64u;
    let queryRow2 = (firstQuery + min(firstRow + rowGroup * 4u + 2u, max(shape.length, 1u) - 1u)) * 64u;
    let queryRow3 = (firstQuery + min(firstRow + rowGroup * 4u + 3u, max(shape.length, 1u) - 1u)) * 64u;
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
    for (var from_ = 0u; from_ < end; from_ += 32u) {
      let here = min(max(end, from_) - from_, 32u);
      let keyRow0 = (firstKey + min(from_ + columnGroup * 4u, max(end, 1u) - 1u)) * 64u;
      let keyRow1 = (firstKey + min(from_ + columnGroup * 4u + 1u, max(end, 1u) - 1u)) * 64u;
      let keyRow2 = (firstKey + min(from_ + columnGroup * 4u + 2u, max(end, 1u) - 1u)) * 64u;
      let keyRow3 = (firstKey + min(from_ + columnGroup * 4u + 3u, max(end, 1u) - 1u)) * 64u;
      var pair_sum1_0 = vec4f(0.0);
      var pair_sum1_1 = vec4f(0.0);
      var pair_sum1_2 = vec4f(0.0);
      var pair_sum1_3 = vec4f(0.0);
      for (var pair_t2 = 0u; pair_t2 < 64u; pair_t2++) {
        let pair_k3 = keyMeans[keyRow0 + pair_t2];
        let pair_q4 = vec4f(
          q[queryRow0 + pair_t2],
          q[queryRow1 + pair_t2],
          q[queryRow2 + pair_t2],
          q[queryRow3 + pair_t2],
        );
        let pair_k5 = keyMeans[keyRow1 + pair_t2];
        let pair_k6 = keyMeans[keyRow2 + pair_t2];
        let pair_k7 = keyMeans[keyRow3 + pair_t2];
        pair_sum1_0 += pair_k3 * pair_q4;
        pair_sum1_1 += pair_k5 * pair_q4;
        pair_sum1_2 += pair_k6 * pair_q4;
        pair_sum1_3 += pair_k7 * pair_q4;
      }
      let pair_value8 = 0.18033688 * pair_sum1_0;
      let pair_value9 = 0.18033688 * pair_sum1_1;
      let pair_value10 = 0.18033688 * pair_sum1_2;
      let pair_value11 = 0.18033688 * pair_sum1_3;
      let key0 = from_ + columnGroup * 4u;
      let key1 = from_ + columnGroup * 4u + 1u;
      let key2 = from_ + columnGroup * 4u + 2u;
      let key3 = from_ + columnGroup * 4u + 3u;
      let exponent0 = vec4f(
        select(-1e30, pair_value8.x, key0 < end),
        select(-1e30, pair_value8.y, key0 < end),
        select(-1e30, pair_value8.z, key0 < end),
        select(-1e30, pair_value8.w, key0 < end),
      );
      let exponent1 = vec4f(
        select(-1e30, pair_value9.x, key1 < end),
        select(-1e30, pair_value9.y, key1 < end),
        select(-1e30, pair_value9.z, key1 < end),
        select(-1e30, pair_value9.w, key1 < end),
      );
      let exponent2 = vec4f(
        select(-1e30, pair_value10.x, key2 < end),
        select(-1e30, pair_value10.y, key2 < end),
        select(-1e30, pair_value10.z, key2 < end),
        select(-1e30, pair_value10.w, key2 < end),
      );
      let exponent3 = vec4f(
        select(-1e30, pair_value11.x, key3 < end),
        select(-1e30, pair_value11.y, key3 < end),
        select(-1e30, pair_value11.z, key3 < end),
        select(-1e30, pair_value11.w, key3 < end),
      );
      exponents[columnGroup * 32u + rowGroup] = exponent0;
      exponents[(columnGroup * 4u + 1u) * 8u + rowGroup] = exponent1;
      exponents[(columnGroup * 4u + 2u) * 8u + rowGroup] = exponent2;
      exponents[(columnGroup * 4u + 3u) * 8u + rowGroup] = exponent3;
      workgroupBarrier();
      // the rows’ scale so far, and what it does to the sums
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
        let valueKey = from_ + j;
        let valueRow = (firstValue + valueKey) * 64u;
        total += pair;
        sums_0 += pair * solution[valueRow + firstColumn];
        sums_1 += pair * solution[valueRow + (firstColumn + 8u)];
        sums_2 += pair * solution[valueRow + (firstColumn + 16u)];
        sums_3 += pair * solution[valueRow + (firstColumn + 24u)];
        sums_4 += pair * solution[valueRow + (firstColumn + 32u)];
        sums_5 += pair * solution[valueRow + (firstColumn + 40u)];
        sums_6 += pair * solution[valueRow + (firstColumn + 48u)];
        sums_7 += pair * solution[valueRow + (firstColumn + 56u)];
      }
    }
    let factor = vec4f(
      select(1.0 / select(total.x, 1.0, total.x == 0.0), 0.0, total.x == 0.0),
      select(1.0 / select(total.y, 1.0, total.y == 0.0), 0.0, total.y == 0.0),
      select(1.0 / select(total.z, 1.0, total.z == 0.0), 0.0, total.z == 0.0),
      select(1.0 / select(total.w, 1.0, total.w == 0.0), 0.0, total.w == 0.0),
    );
    sums_0 *= factor;
    sums_1 *= factor;
    sums_2 *= factor;
    sums_3 *= factor;
    sums_4 *= factor;
    sums_5 *= factor;
    sums_6 *= factor;
    sums_7 *= factor;
    // the convolution over the values: entry t of the filter for the row t − half below
    let filterStart = queryHead % shape.heads * 33u;
    let firstConvolved = keyGroup * shape.keyLength;
    for (var t = 0u; t < 36u; t++) {
      let weights = vec4f(
        select(0.0, conv[filterStart + min(max(t, 0u), 32u)], (t >= 0u) & (max(t, 0u) < 33u)),
        select(0.0, conv[filterStart + min(max(t, 1u) - 1u, 32u)], (t >= 1u) & (max(t, 1u) - 1u < 33u)),
        select(0.0, conv[filterStart + min(max(t, 2u) - 2u, 32u)], (t >= 2u) & (max(t, 2u) - 2u < 33u)),
        select(0.0, conv[filterStart + min(max(t, 3u) - 3u, 32u)], (t >= 3u) & (max(t, 3u) - 3u < 33u)),
      );
      let ahead = firstRow + rowGroup * 4u + t;
      let convolvedRow = max(ahead, 16u) - 16u;
      let there = (ahead >= 16u) & (convolvedRow < visible);
      let convolvedStart = (firstConvolved + min(convolvedRow, max(visible, 1u) - 1u)) * 64u;
      sums_0 += weights * select(0.0, v[convolvedStart + firstColumn], there);
      sums_1 += weights * select(0.0, v[convolvedStart + (firstColumn + 8u)], there);
      sums_2 += weights * select(0.0, v[convolvedStart + (firstColumn + 16u)], there);
      sums_3 += weights * select(0.0, v[convolvedStart + (firstColumn + 24u)], there);
      sums_4 += weights * select(0.0, v[convolvedStart + (firstColumn + 32u)], there);
      sums_5 += weights * select(0.0, v[convolvedStart + (firstColumn + 40u)], there);
      sums_6 += weights * select(0.0, v[convolvedStart + (firstColumn + 48u)], there);
      sums_7 += weights * select(0.0, v[convolvedStart + (firstColumn + 56u)], there);
    }
    let row0 = firstRow + rowGroup * 4u;
    if (row0 < shape.length) {
      let out0 = (queryHead * shape.length + row0) * 64u;
      out[out0 + firstColumn] = sums_0.x;
      out[out0 + (firstColumn + 8u)] = sums_1.x;
      out[out0 + (firstColumn + 16u)] = sums_2.x;
      out[out0 + (firstColumn + 24u)] = sums_3.x;
      out[out0 + (firstColumn + 32u)] = sums_4.x;
      out[out0 + (firstColumn + 40u)] = sums_5.x;
      out[out0 + (firstColumn + 48u)] = sums_6.x;
      out[out0 + (firstColumn + 56u)] = sums_7.x;
    }
    let row1 = firstRow + rowGroup * 4u + 1u;
    if (row1 < shape.length) {
      let out1 = (queryHead * shape.length + row1) * 64u;
      out[out1 + firstColumn] = sums_0.y;
      out[out1 + (firstColumn + 8u)] = sums_1.y;
      out[out1 + (firstColumn + 16u)] = sums_2.y;
      out[out1 + (firstColumn + 24u)] = sums_3.y;
      out[out1 + (firstColumn + 32u)] = sums_4.y;
      out[out1 + (firstColumn + 40u)] = sums_5.y;
      out[out1 + (firstColumn + 48u)] = sums_6.y;
      out[out1 + (firstColumn + 56u)] = sums_7.y;
    }
    let row2 = firstRow + rowGroup * 4u + 2u;
    if (row2 < shape.length) {
      let out2 = (queryHead * shape.length + row2) * 64u;
      out[out2 + firstColumn] = sums_0.z;
      out[out2 + (firstColumn + 8u)] = sums_1.z;
      out[out2 + (firstColumn + 16u)] = sums_2.z;
      out[out2 + (firstColumn + 24u)] = sums_3.z;
      out[out2 + (firstColumn + 32u)] = sums_4.z;
      out[out2 + (firstColumn + 40u)] = sums_5.z;
      out[out2 + (firstColumn + 48u)] = sums_6.z;
      out[out2 + (firstColumn + 56u)] = sums_7.z;
    }
    let row3 = firstRow + rowGroup * 4u + 3u;
    if (row3 < shape.length) {
      let out3 = (queryHead * shape.length + row3) * 64u;
      out[out3 + firstColumn] = sums_0.w;
      out[out3 + (firstColumn + 8u)] = sums_1.w;
      out[out3 + (firstColumn + 16u)] = sums_2.w;
      out[out3 + (firstColumn + 24u)] = sums_3.w;
      out[out3 + (firstColumn + 32u)] = sums_4.w;
      out[out3 + (firstColumn + 40u)] = sums_5.w;
      out[out3 + (firstColumn + 48u)] = sums_6.w;
      out[out3 + (firstColumn + 56u)] = sums_7.w;
    }
  }
}
