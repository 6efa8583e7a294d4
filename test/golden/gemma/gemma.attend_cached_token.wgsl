// attend_cached_token: Each row: Σ κ(q, k) v and Σ κ(q, k) over a part of the keys.
// 64 threads a workgroup, 9216 bytes of workgroup memory
// reads mappedQueries, keyCache, valueCache, lengths, positions; writes attend_cached_tokenParts

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
@group(0) @binding(1) var<storage, read> mappedQueries: array<vec4f>;
@group(0) @binding(2) var<storage, read> keyCache: array<vec4f>;
@group(0) @binding(3) var<storage, read> valueCache: array<vec4f>;
@group(0) @binding(4) var<storage, read> lengths: array<u32>;
@group(0) @binding(5) var<storage, read> positions: array<u32>;
@group(0) @binding(6) var<storage, read_write> attend_cached_tokenParts: array<f32>;

var<workgroup> tile: array<vec4f, 576>;

// e^x − 1 for x ≤ 1, accurate near 0: 2^n·(e^r − 1) + (2^n − 1)
fn expm1_vec4f(x: vec4f) -> vec4f {
  let bounded = clamp(x, vec4f(-30.0), vec4f(1.0));
  let n = round(bounded * 1.442695);
  let r = (bounded - n * 0.693359375) + n * 2.1219444e-4;
  let tail = r + r * r * (0.5 + r * (0.16666538 + r * (0.041666266 + r * (0.008367247 + r * 0.0013947599))));
  let scale = bitcast<vec4f>((vec4i(n) + 127) * 8388608);
  return scale * tail + (scale - 1.0);
}

// tanh |x| = −t / (t + 2), t = e^−2|x| − 1
fn tanh_vec4f(x: vec4f) -> vec4f {
  let t = expm1_vec4f(-2.0 * abs(x));
  return sign(x) * (-t / (t + 2.0));
}

@compute @workgroup_size(64, 1, 1)
fn attend_cached_token(
  @builtin(local_invocation_index) thread: u32,
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(num_workgroups) workgroup_counts: vec3u,
) {
  let workgroup = workgroup_id.x + workgroup_id.y * workgroup_counts.x;
  if (workgroup >= shape.sliceCount * shape.chunks * (((shape.heads + shape.kvHeads - 1u) / shape.kvHeads + 3u) / 4u)) {
    return;
  }
  // 1, which no compiler knows: loops up to a multiple of it are not written out
  let unknownOne = min(shape.sliceCount, 1u);
  let valueTile = 0u;
  let rowTile = workgroup % ((shape.heads / shape.kvHeads + 3u) / 4u);
  let rest2 = workgroup / ((shape.heads / shape.kvHeads + 3u) / 4u);
  let part = rest2 % shape.chunks;
  let slice = rest2 / shape.chunks;
  let group = shape.sliceStart + slice;
  let batchItem = group / shape.kvHeads;
  let keyGroup = group;
  let firstPosition = positions[batchItem];
  let visible = min(lengths[batchItem], firstPosition + shape.keyLength);
  let rowGroup = thread / 64u;
  let columnGroup = thread % 64u;
  let firstColumns = valueTile * 64u + columnGroup;
  let firstRow = rowTile * 4u;
  let firstQuery = slice * (shape.heads / shape.kvHeads) * 64u;
  let firstKey = keyGroup * shape.capacity * 64u;
  let firstValue = keyGroup * shape.capacity * 64u;
  let end = min(visible, part * 256u + 256u);
  let lastQuery = max(shape.heads / shape.kvHeads, 1u) - 1u;
  let lastKey = max(end, 1u) - 1u;
  var sums_0 = vec4f(0.0);
  var sums_1 = vec4f(0.0);
  var sums_2 = vec4f(0.0);
  var sums_3 = vec4f(0.0);
  var total0 = vec4f(0.0);
  var rowScale0 = vec4f(-1e30);
  for (var from_ = part * 256u; from_ < end; from_ += 256u) {
    if ((i32(from_) <= i32(firstPosition)) & (i32(firstPosition) - i32(from_ + 255u) < 4096i)) {
      let allSeen = (i32(from_ + 255u) <= i32(firstPosition)) & (i32(firstPosition) - i32(from_) < 4096i) & (from_ + 256u <= end);
      var dot_0 = vec4f(0.0);
      var dot_1 = vec4f(0.0);
      var dot_2 = vec4f(0.0);
      var dot_3 = vec4f(0.0);
      for (var first = 0u; first < 256u * unknownOne; first += 8u) {
        let place = thread % 2u;
        let entries = first / 4u + place;
        let firstFour = thread / 2u;
        if (firstFour < 1u) {
          let row0_0 = mappedQueries[min(
            firstRow + firstFour * 4u,
            lastQuery,
          ) * 64u + (firstQuery + entries)];
          let row1_0 = mappedQueries[min(
            firstRow + (firstFour * 4u + 1u),
            lastQuery,
          ) * 64u + (firstQuery + entries)];
          let row2_0 = mappedQueries[min(
            firstRow + (firstFour * 4u + 2u),
            lastQuery,
          ) * 64u + (firstQuery + entries)];
          let row3_0 = mappedQueries[min(
            firstRow + (firstFour * 4u + 3u),
            lastQuery,
          ) * 64u + (firstQuery + entries)];
          tile[place * 4u + firstFour] = vec4f(row0_0.x, row1_0.x, row2_0.x, row3_0.x);
          tile[place * 4u + firstFour + 8u] = vec4f(row0_0.y, row1_0.y, row2_0.y, row3_0.y);
          tile[place * 4u + firstFour + 16u] = vec4f(row0_0.z, row1_0.z, row2_0.z, row3_0.z);
          tile[place * 4u + firstFour + 24u] = vec4f(row0_0.w, row1_0.w, row2_0.w, row3_0.w);
        }
        let row0_1_0 = keyCache[min(from_ + firstFour, lastKey) * 64u + (firstKey + entries)];
        let row1_1_0 = keyCache[min(from_ + (firstFour + 64u), lastKey) * 64u + (firstKey + entries)];
        let row2_1_0 = keyCache[min(from_ + (firstFour + 128u), lastKey) * 64u + (firstKey + entries)];
        let row3_1_0 = keyCache[min(from_ + (firstFour + 192u), lastKey) * 64u + (firstKey + entries)];
        tile[place * 68u + firstFour + 32u] = vec4f(row0_1_0.x, row1_1_0.x, row2_1_0.x, row3_1_0.x);
        tile[place * 68u + firstFour + 168u] = vec4f(row0_1_0.y, row1_1_0.y, row2_1_0.y, row3_1_0.y);
        tile[place * 68u + firstFour + 304u] = vec4f(row0_1_0.z, row1_1_0.z, row2_1_0.z, row3_1_0.z);
        tile[place * 68u + firstFour + 440u] = vec4f(row0_1_0.w, row1_1_0.w, row2_1_0.w, row3_1_0.w);
        let row0_1_32 = keyCache[min(from_ + (firstFour + 32u), lastKey) * 64u + (firstKey + entries)];
        let row1_1_32 = keyCache[min(from_ + (firstFour + 96u), lastKey) * 64u + (firstKey + entries)];
        let row2_1_32 = keyCache[min(from_ + (firstFour + 160u), lastKey) * 64u + (firstKey + entries)];
        let row3_1_32 = keyCache[min(from_ + (firstFour + 224u), lastKey) * 64u + (firstKey + entries)];
        tile[place * 68u + firstFour + 64u] = vec4f(row0_1_32.x, row1_1_32.x, row2_1_32.x, row3_1_32.x);
        tile[place * 68u + firstFour + 200u] = vec4f(row0_1_32.y, row1_1_32.y, row2_1_32.y, row3_1_32.y);
        tile[place * 68u + firstFour + 336u] = vec4f(row0_1_32.z, row1_1_32.z, row2_1_32.z, row3_1_32.z);
        tile[place * 68u + firstFour + 472u] = vec4f(row0_1_32.w, row1_1_32.w, row2_1_32.w, row3_1_32.w);
        workgroupBarrier();
        for (var t = 0u; t < 8u; t++) {
          let rows0 = tile[t * 4u + rowGroup];
          let keys0 = tile[t * 68u + columnGroup + 32u];
          dot_0 += keys0.x * rows0;
          dot_1 += keys0.y * rows0;
          dot_2 += keys0.z * rows0;
          dot_3 += keys0.w * rows0;
        }
        workgroupBarrier();
      }
      let pair0_value1 = 72.13475 * tanh_vec4f(dot_0 / 50.0);
      let pair0_value2 = 72.13475 * tanh_vec4f(dot_1 / 50.0);
      let pair0_value3 = 72.13475 * tanh_vec4f(dot_2 / 50.0);
      let pair0_value4 = 72.13475 * tanh_vec4f(dot_3 / 50.0);
      var score0_0 = pair0_value1;
      var score0_1 = pair0_value2;
      var score0_2 = pair0_value3;
      var score0_3 = pair0_value4;
      let key0 = from_ + columnGroup;
      let key1 = from_ + (columnGroup + 64u);
      let key2 = from_ + (columnGroup + 128u);
      let key3 = from_ + (columnGroup + 192u);
      if (!allSeen) {
        score0_0 = vec4f(
          select(
            -1e30,
            score0_0.x,
            (key0 < end) & (i32(key0) <= i32(firstPosition)) & (i32(firstPosition) - i32(key0) < 4096i),
          ),
          select(
            -1e30,
            score0_0.y,
            (key0 < end) & (i32(key0) <= i32(firstPosition)) & (i32(firstPosition) - i32(key0) < 4096i),
          ),
          select(
            -1e30,
            score0_0.z,
            (key0 < end) & (i32(key0) <= i32(firstPosition)) & (i32(firstPosition) - i32(key0) < 4096i),
          ),
          select(
            -1e30,
            score0_0.w,
            (key0 < end) & (i32(key0) <= i32(firstPosition)) & (i32(firstPosition) - i32(key0) < 4096i),
          ),
        );
        score0_1 = vec4f(
          select(
            -1e30,
            score0_1.x,
            (key1 < end) & (i32(key1) <= i32(firstPosition)) & (i32(firstPosition) - i32(key1) < 4096i),
          ),
          select(
            -1e30,
            score0_1.y,
            (key1 < end) & (i32(key1) <= i32(firstPosition)) & (i32(firstPosition) - i32(key1) < 4096i),
          ),
          select(
            -1e30,
            score0_1.z,
            (key1 < end) & (i32(key1) <= i32(firstPosition)) & (i32(firstPosition) - i32(key1) < 4096i),
          ),
          select(
            -1e30,
            score0_1.w,
            (key1 < end) & (i32(key1) <= i32(firstPosition)) & (i32(firstPosition) - i32(key1) < 4096i),
          ),
        );
        score0_2 = vec4f(
          select(
            -1e30,
            score0_2.x,
            (key2 < end) & (i32(key2) <= i32(firstPosition)) & (i32(firstPosition) - i32(key2) < 4096i),
          ),
          select(
            -1e30,
            score0_2.y,
            (key2 < end) & (i32(key2) <= i32(firstPosition)) & (i32(firstPosition) - i32(key2) < 4096i),
          ),
          select(
            -1e30,
            score0_2.z,
            (key2 < end) & (i32(key2) <= i32(firstPosition)) & (i32(firstPosition) - i32(key2) < 4096i),
          ),
          select(
            -1e30,
            score0_2.w,
            (key2 < end) & (i32(key2) <= i32(firstPosition)) & (i32(firstPosition) - i32(key2) < 4096i),
          ),
        );
        score0_3 = vec4f(
          select(
            -1e30,
            score0_3.x,
            (key3 < end) & (i32(key3) <= i32(firstPosition)) & (i32(firstPosition) - i32(key3) < 4096i),
          ),
          select(
            -1e30,
            score0_3.y,
            (key3 < end) & (i32(key3) <= i32(firstPosition)) & (i32(firstPosition) - i32(key3) < 4096i),
          ),
          select(
            -1e30,
            score0_3.z,
            (key3 < end) & (i32(key3) <= i32(firstPosition)) & (i32(firstPosition) - i32(key3) < 4096i),
          ),
          select(
            -1e30,
            score0_3.w,
            (key3 < end) & (i32(key3) <= i32(firstPosition)) & (i32(firstPosition) - i32(key3) < 4096i),
          ),
        );
      }
      // the rows’ scales so far, and what they do to the sums
      tile[columnGroup + rowGroup] = max(max(max(max(score0_0, score0_0), score0_1), score0_2), score0_3);
      workgroupBarrier();
      let scaleSoFar0 = rowScale0;
      for (var other = 0u; other < 64u * unknownOne; other += 4u) {
        rowScale0 = max(rowScale0, tile[other + rowGroup]);
        rowScale0 = max(rowScale0, tile[other + rowGroup + 1u]);
        rowScale0 = max(rowScale0, tile[other + rowGroup + 2u]);
        rowScale0 = max(rowScale0, tile[other + rowGroup + 3u]);
      }
      let shrink0 = exp2(scaleSoFar0 - rowScale0);
      total0 *= shrink0;
      sums_0 *= shrink0;
      sums_1 *= shrink0;
      sums_2 *= shrink0;
      sums_3 *= shrink0;
      let measure0 = max(rowScale0, vec4f(-5e29));
      score0_0 = exp2(score0_0 - measure0);
      score0_1 = exp2(score0_1 - measure0);
      score0_2 = exp2(score0_2 - measure0);
      score0_3 = exp2(score0_3 - measure0);
      workgroupBarrier();
      total0 += score0_0;
      total0 += score0_1;
      total0 += score0_2;
      total0 += score0_3;
      tile[columnGroup + rowGroup] = score0_0;
      tile[columnGroup + 64u + rowGroup] = score0_1;
      tile[columnGroup + 128u + rowGroup] = score0_2;
      tile[columnGroup + 192u + rowGroup] = score0_3;
      workgroupBarrier();
      let here = min(max(end, from_) - from_, 256u);
      let firstStart = firstValue + from_ * 64u;
      let lastStart = firstValue + lastKey * 64u;
      for (var j = 0u; j < here; j += 8u) {
        let weight0_0 = tile[j + rowGroup];
        let rowStart_0 = firstStart + j * 64u + firstColumns;
        let columns0_0 = valueCache[rowStart_0];
        sums_0 += weight0_0 * columns0_0.x;
        sums_1 += weight0_0 * columns0_0.y;
        sums_2 += weight0_0 * columns0_0.z;
        sums_3 += weight0_0 * columns0_0.w;
        let weight0_1 = tile[j + rowGroup + 1u];
        let rowStart_1 = min(firstStart + j * 64u + 64u, lastStart) + firstColumns;
        let columns0_1 = valueCache[rowStart_1];
        sums_0 += weight0_1 * columns0_1.x;
        sums_1 += weight0_1 * columns0_1.y;
        sums_2 += weight0_1 * columns0_1.z;
        sums_3 += weight0_1 * columns0_1.w;
        let weight0_2 = tile[j + rowGroup + 2u];
        let rowStart_2 = min(firstStart + j * 64u + 128u, lastStart) + firstColumns;
        let columns0_2 = valueCache[rowStart_2];
        sums_0 += weight0_2 * columns0_2.x;
        sums_1 += weight0_2 * columns0_2.y;
        sums_2 += weight0_2 * columns0_2.z;
        sums_3 += weight0_2 * columns0_2.w;
        let weight0_3 = tile[j + rowGroup + 3u];
        let rowStart_3 = min(firstStart + j * 64u + 192u, lastStart) + firstColumns;
        let columns0_3 = valueCache[rowStart_3];
        sums_0 += weight0_3 * columns0_3.x;
        sums_1 += weight0_3 * columns0_3.y;
        sums_2 += weight0_3 * columns0_3.z;
        sums_3 += weight0_3 * columns0_3.w;
        let weight0_4 = tile[j + rowGroup + 4u];
        let rowStart_4 = min(firstStart + j * 64u + 256u, lastStart) + firstColumns;
        let columns0_4 = valueCache[rowStart_4];
        sums_0 += weight0_4 * columns0_4.x;
        sums_1 += weight0_4 * columns0_4.y;
        sums_2 += weight0_4 * columns0_4.z;
        sums_3 += weight0_4 * columns0_4.w;
        let weight0_5 = tile[j + rowGroup + 5u];
        let rowStart_5 = min(firstStart + j * 64u + 320u, lastStart) + firstColumns;
        let columns0_5 = valueCache[rowStart_5];
        sums_0 += weight0_5 * columns0_5.x;
        sums_1 += weight0_5 * columns0_5.y;
        sums_2 += weight0_5 * columns0_5.z;
        sums_3 += weight0_5 * columns0_5.w;
        let weight0_6 = tile[j + rowGroup + 6u];
        let rowStart_6 = min(firstStart + j * 64u + 384u, lastStart) + firstColumns;
        let columns0_6 = valueCache[rowStart_6];
        sums_0 += weight0_6 * columns0_6.x;
        sums_1 += weight0_6 * columns0_6.y;
        sums_2 += weight0_6 * columns0_6.z;
        sums_3 += weight0_6 * columns0_6.w;
        let weight0_7 = tile[j + rowGroup + 7u];
        let rowStart_7 = min(firstStart + j * 64u + 448u, lastStart) + firstColumns;
        let columns0_7 = valueCache[rowStart_7];
        sums_0 += weight0_7 * columns0_7.x;
        sums_1 += weight0_7 * columns0_7.y;
        sums_2 += weight0_7 * columns0_7.z;
        sums_3 += weight0_7 * columns0_7.w;
      }
      workgroupBarrier();
    }
  }
  tile[columnGroup + rowGroup] = total0;
  workgroupBarrier();
  var denominator0 = vec4f(0.0);
  for (var other = 0u; other < 64u * unknownOne; other += 4u) {
    denominator0 += tile[other + rowGroup];
    denominator0 += tile[other + rowGroup + 1u];
    denominator0 += tile[other + rowGroup + 2u];
    denominator0 += tile[other + rowGroup + 3u];
  }
  let row0 = firstRow + rowGroup * 4u;
  if (row0 < shape.heads / shape.kvHeads) {
    let out0 = ((slice * shape.chunks + part) * (shape.heads / shape.kvHeads) + row0) * 258u;
    attend_cached_tokenParts[out0 + firstColumns * 4u] = sums_0.x;
    attend_cached_tokenParts[out0 + (firstColumns * 4u + 1u)] = sums_1.x;
    attend_cached_tokenParts[out0 + (firstColumns * 4u + 2u)] = sums_2.x;
    attend_cached_tokenParts[out0 + (firstColumns * 4u + 3u)] = sums_3.x;
    if (columnGroup + valueTile == 0u) {
      attend_cached_tokenParts[out0 + 256u] = denominator0.x;
      attend_cached_tokenParts[out0 + 257u] = rowScale0.x;
    }
  }
  let row1 = firstRow + rowGroup * 4u + 1u;
  if (row1 < shape.heads / shape.kvHeads) {
    let out1 = ((slice * shape.chunks + part) * (shape.heads / shape.kvHeads) + row1) * 258u;
    attend_cached_tokenParts[out1 + firstColumns * 4u] = sums_0.y;
    attend_cached_tokenParts[out1 + (firstColumns * 4u + 1u)] = sums_1.y;
    attend_cached_tokenParts[out1 + (firstColumns * 4u + 2u)] = sums_2.y;
    attend_cached_tokenParts[out1 + (firstColumns * 4u + 3u)] = sums_3.y;
    if (columnGroup + valueTile == 0u) {
      attend_cached_tokenParts[out1 + 256u] = denominator0.y;
      attend_cached_tokenParts[out1 + 257u] = rowScale0.y;
    }
  }
  let row2 = firstRow + rowGroup * 4u + 2u;
  if (row2 < shape.heads / shape.kvHeads) {
    let out2 = ((slice * shape.chunks + part) * (shape.heads / shape.kvHeads) + row2) * 258u;
    attend_cached_tokenParts[out2 + firstColumns * 4u] = sums_0.z;
    attend_cached_tokenParts[out2 + (firstColumns * 4u + 1u)] = sums_1.z;
    attend_cached_tokenParts[out2 + (firstColumns * 4u + 2u)] = sums_2.z;
    attend_cached_tokenParts[out2 + (firstColumns * 4u + 3u)] = sums_3.z;
    if (columnGroup + valueTile == 0u) {
      attend_cached_tokenParts[out2 + 256u] = denominator0.z;
      attend_cached_tokenParts[out2 + 257u] = rowScale0.z;
    }
  }
  let row3 = firstRow + rowGroup * 4u + 3u;
  if (row3 < shape.heads / shape.kvHeads) {
    let out3 = ((slice * shape.chunks + part) * (shape.heads / shape.kvHeads) + row3) * 258u;
    attend_cached_tokenParts[out3 + firstColumns * 4u] = sums_0.w;
    attend_cached_tokenParts[out3 + (firstColumns * 4u + 1u)] = sums_1.w;
    attend_cached_tokenParts[out3 + (firstColumns * 4u + 2u)] = sums_2.w;
    attend_cached_tokenParts[out3 + (firstColumns * 4u + 3u)] = sums_3.w;
    if (columnGroup + valueTile == 0u) {
      attend_cached_tokenParts[out3 + 256u] = denominator0.w;
      attend_cached_tokenParts[out3 + 257u] = rowScale0.w;
    }
  }
}
