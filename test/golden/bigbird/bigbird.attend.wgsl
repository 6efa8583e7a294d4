// attend: Each row: Σ κ(q, k) v over Σ κ(q, k), in one pass over the keys.
// 64 threads a workgroup, 8192 bytes of workgroup memory
// reads q, k, v, lengths; writes out

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
@group(0) @binding(5) var<storage, read_write> out: array<f32>;

var<workgroup> exponents: array<vec4f, 256>;
var<workgroup> pairs: array<vec4f, 256>;

// ⌊a / b⌋: division cuts towards 0, which is one too many where a remainder's sign is not b's
fn floor_divide_i32(a: i32, b: i32) -> i32 {
  let remainder = a % b;
  return a / b - select(0i, 1i, (remainder != 0) & ((remainder < 0) != (b < 0)));
}

// in [0, 1), from three integers: the first word of pcg3d (Jarzynski and Olano, 2020), 24 bits of it
fn random_i32(a: i32, b: i32, seed: i32) -> f32 {
  var v = bitcast<vec3u>(vec3<i32>(a, b, seed)) * 1664525u + 1013904223u;
  v.x += v.y * v.z;
  v.y += v.z * v.x;
  v.z += v.x * v.y;
  v ^= v >> vec3u(16u);
  v.x += v.y * v.z;
  return f32(v.x >> 8u) / 16777216.0;
}

@compute @workgroup_size(64, 1, 1)
fn attend(
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
  let firstQuery = queryHead * shape.length;
  let firstKey = keyGroup * shape.keyLength;
  let firstValue = keyGroup * shape.keyLength;
  let end = visible;
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
    let here_only = min(max(end, from_) - from_, 32u);
    let keyRow0_only = (firstKey + min(from_ + columnGroup * 4u, max(end, 1u) - 1u)) * 64u;
    let keyRow1_only = (firstKey + min(from_ + columnGroup * 4u + 1u, max(end, 1u) - 1u)) * 64u;
    let keyRow2_only = (firstKey + min(from_ + columnGroup * 4u + 2u, max(end, 1u) - 1u)) * 64u;
    let keyRow3_only = (firstKey + min(from_ + columnGroup * 4u + 3u, max(end, 1u) - 1u)) * 64u;
    var pair_sum1_0_only = vec4f(0.0);
    var pair_sum1_1_only = vec4f(0.0);
    var pair_sum1_2_only = vec4f(0.0);
    var pair_sum1_3_only = vec4f(0.0);
    for (var pair_t2 = 0u; pair_t2 < 64u; pair_t2++) {
      let pair_k3 = k[keyRow0_only + pair_t2];
      let pair_q4 = vec4f(
        q[queryRow0 + pair_t2],
        q[queryRow1 + pair_t2],
        q[queryRow2 + pair_t2],
        q[queryRow3 + pair_t2],
      );
      let pair_k5 = k[keyRow1_only + pair_t2];
      let pair_k6 = k[keyRow2_only + pair_t2];
      let pair_k7 = k[keyRow3_only + pair_t2];
      pair_sum1_0_only = pair_sum1_0_only + pair_k3 * pair_q4;
      pair_sum1_1_only = pair_sum1_1_only + pair_k5 * pair_q4;
      pair_sum1_2_only = pair_sum1_2_only + pair_k6 * pair_q4;
      pair_sum1_3_only = pair_sum1_3_only + pair_k7 * pair_q4;
    }
    let pair_value8_only = 0.18033688 * pair_sum1_0_only;
    let pair_value9_only = 0.18033688 * pair_sum1_1_only;
    let pair_value10_only = 0.18033688 * pair_sum1_2_only;
    let pair_value11_only = 0.18033688 * pair_sum1_3_only;
    let key0_only = from_ + columnGroup * 4u;
    let key1_only = from_ + columnGroup * 4u + 1u;
    let key2_only = from_ + columnGroup * 4u + 2u;
    let key3_only = from_ + columnGroup * 4u + 3u;
    let exponent0_only = vec4f(
      select(
        -1e30,
        pair_value8_only.x,
        (key0_only < end) & ((i32(firstRow + rowGroup * 4u) < 64i) | (i32(key0_only) < 64i) | (floor_divide_i32(i32(firstRow + rowGroup * 4u), 64i) == floor_divide_i32(i32(visible) - 1i, 64i)) | (floor_divide_i32(i32(key0_only), 64i) == floor_divide_i32(i32(visible) - 1i, 64i)) | (abs(floor_divide_i32(i32(firstRow + rowGroup * 4u), 64i) - floor_divide_i32(i32(key0_only), 64i)) <= 1i) | (random_i32(
          floor_divide_i32(i32(firstRow + rowGroup * 4u), 64i),
          floor_divide_i32(i32(key0_only), 64i),
          0i,
        ) * f32(floor_divide_i32(i32(visible) + 63i, 64i) - 5i) < 3.0)),
      ),
      select(
        -1e30,
        pair_value8_only.y,
        (key0_only < end) & ((i32(firstRow + rowGroup * 4u + 1u) < 64i) | (i32(key0_only) < 64i) | (floor_divide_i32(i32(firstRow + rowGroup * 4u + 1u), 64i) == floor_divide_i32(i32(visible) - 1i, 64i)) | (floor_divide_i32(i32(key0_only), 64i) == floor_divide_i32(i32(visible) - 1i, 64i)) | (abs(floor_divide_i32(i32(firstRow + rowGroup * 4u + 1u), 64i) - floor_divide_i32(i32(key0_only), 64i)) <= 1i) | (random_i32(
          floor_divide_i32(i32(firstRow + rowGroup * 4u + 1u), 64i),
          floor_divide_i32(i32(key0_only), 64i),
          0i,
        ) * f32(floor_divide_i32(i32(visible) + 63i, 64i) - 5i) < 3.0)),
      ),
      select(
        -1e30,
        pair_value8_only.z,
        (key0_only < end) & ((i32(firstRow + rowGroup * 4u + 2u) < 64i) | (i32(key0_only) < 64i) | (floor_divide_i32(i32(firstRow + rowGroup * 4u + 2u), 64i) == floor_divide_i32(i32(visible) - 1i, 64i)) | (floor_divide_i32(i32(key0_only), 64i) == floor_divide_i32(i32(visible) - 1i, 64i)) | (abs(floor_divide_i32(i32(firstRow + rowGroup * 4u + 2u), 64i) - floor_divide_i32(i32(key0_only), 64i)) <= 1i) | (random_i32(
          floor_divide_i32(i32(firstRow + rowGroup * 4u + 2u), 64i),
          floor_divide_i32(i32(key0_only), 64i),
          0i,
        ) * f32(floor_divide_i32(i32(visible) + 63i, 64i) - 5i) < 3.0)),
      ),
      select(
        -1e30,
        pair_value8_only.w,
        (key0_only < end) & ((i32(firstRow + rowGroup * 4u + 3u) < 64i) | (i32(key0_only) < 64i) | (floor_divide_i32(i32(firstRow + rowGroup * 4u + 3u), 64i) == floor_divide_i32(i32(visible) - 1i, 64i)) | (floor_divide_i32(i32(key0_only), 64i) == floor_divide_i32(i32(visible) - 1i, 64i)) | (abs(floor_divide_i32(i32(firstRow + rowGroup * 4u + 3u), 64i) - floor_divide_i32(i32(key0_only), 64i)) <= 1i) | (random_i32(
          floor_divide_i32(i32(firstRow + rowGroup * 4u + 3u), 64i),
          floor_divide_i32(i32(key0_only), 64i),
          0i,
        ) * f32(floor_divide_i32(i32(visible) + 63i, 64i) - 5i) < 3.0)),
      ),
    );
    let exponent1_only = vec4f(
      select(
        -1e30,
        pair_value9_only.x,
        (key1_only < end) & ((i32(firstRow + rowGroup * 4u) < 64i) | (i32(key1_only) < 64i) | (floor_divide_i32(i32(firstRow + rowGroup * 4u), 64i) == floor_divide_i32(i32(visible) - 1i, 64i)) | (floor_divide_i32(i32(key1_only), 64i) == floor_divide_i32(i32(visible) - 1i, 64i)) | (abs(floor_divide_i32(i32(firstRow + rowGroup * 4u), 64i) - floor_divide_i32(i32(key1_only), 64i)) <= 1i) | (random_i32(
          floor_divide_i32(i32(firstRow + rowGroup * 4u), 64i),
          floor_divide_i32(i32(key1_only), 64i),
          0i,
        ) * f32(floor_divide_i32(i32(visible) + 63i, 64i) - 5i) < 3.0)),
      ),
      select(
        -1e30,
        pair_value9_only.y,
        (key1_only < end) & ((i32(firstRow + rowGroup * 4u + 1u) < 64i) | (i32(key1_only) < 64i) | (floor_divide_i32(i32(firstRow + rowGroup * 4u + 1u), 64i) == floor_divide_i32(i32(visible) - 1i, 64i)) | (floor_divide_i32(i32(key1_only), 64i) == floor_divide_i32(i32(visible) - 1i, 64i)) | (abs(floor_divide_i32(i32(firstRow + rowGroup * 4u + 1u), 64i) - floor_divide_i32(i32(key1_only), 64i)) <= 1i) | (random_i32(
          floor_divide_i32(i32(firstRow + rowGroup * 4u + 1u), 64i),
          floor_divide_i32(i32(key1_only), 64i),
          0i,
        ) * f32(floor_divide_i32(i32(visible) + 63i, 64i) - 5i) < 3.0)),
      ),
      select(
        -1e30,
        pair_value9_only.z,
        (key1_only < end) & ((i32(firstRow + rowGroup * 4u + 2u) < 64i) | (i32(key1_only) < 64i) | (floor_divide_i32(i32(firstRow + rowGroup * 4u + 2u), 64i) == floor_divide_i32(i32(visible) - 1i, 64i)) | (floor_divide_i32(i32(key1_only), 64i) == floor_divide_i32(i32(visible) - 1i, 64i)) | (abs(floor_divide_i32(i32(firstRow + rowGroup * 4u + 2u), 64i) - floor_divide_i32(i32(key1_only), 64i)) <= 1i) | (random_i32(
          floor_divide_i32(i32(firstRow + rowGroup * 4u + 2u), 64i),
          floor_divide_i32(i32(key1_only), 64i),
          0i,
        ) * f32(floor_divide_i32(i32(visible) + 63i, 64i) - 5i) < 3.0)),
      ),
      select(
        -1e30,
        pair_value9_only.w,
        (key1_only < end) & ((i32(firstRow + rowGroup * 4u + 3u) < 64i) | (i32(key1_only) < 64i) | (floor_divide_i32(i32(firstRow + rowGroup * 4u + 3u), 64i) == floor_divide_i32(i32(visible) - 1i, 64i)) | (floor_divide_i32(i32(key1_only), 64i) == floor_divide_i32(i32(visible) - 1i, 64i)) | (abs(floor_divide_i32(i32(firstRow + rowGroup * 4u + 3u), 64i) - floor_divide_i32(i32(key1_only), 64i)) <= 1i) | (random_i32(
          floor_divide_i32(i32(firstRow + rowGroup * 4u + 3u), 64i),
          floor_divide_i32(i32(key1_only), 64i),
          0i,
        ) * f32(floor_divide_i32(i32(visible) + 63i, 64i) - 5i) < 3.0)),
      ),
    );
    let exponent2_only = vec4f(
      select(
        -1e30,
        pair_value10_only.x,
        (key2_only < end) & ((i32(firstRow + rowGroup * 4u) < 64i) | (i32(key2_only) < 64i) | (floor_divide_i32(i32(firstRow + rowGroup * 4u), 64i) == floor_divide_i32(i32(visible) - 1i, 64i)) | (floor_divide_i32(i32(key2_only), 64i) == floor_divide_i32(i32(visible) - 1i, 64i)) | (abs(floor_divide_i32(i32(firstRow + rowGroup * 4u), 64i) - floor_divide_i32(i32(key2_only), 64i)) <= 1i) | (random_i32(
          floor_divide_i32(i32(firstRow + rowGroup * 4u), 64i),
          floor_divide_i32(i32(key2_only), 64i),
          0i,
        ) * f32(floor_divide_i32(i32(visible) + 63i, 64i) - 5i) < 3.0)),
      ),
      select(
        -1e30,
        pair_value10_only.y,
        (key2_only < end) & ((i32(firstRow + rowGroup * 4u + 1u) < 64i) | (i32(key2_only) < 64i) | (floor_divide_i32(i32(firstRow + rowGroup * 4u + 1u), 64i) == floor_divide_i32(i32(visible) - 1i, 64i)) | (floor_divide_i32(i32(key2_only), 64i) == floor_divide_i32(i32(visible) - 1i, 64i)) | (abs(floor_divide_i32(i32(firstRow + rowGroup * 4u + 1u), 64i) - floor_divide_i32(i32(key2_only), 64i)) <= 1i) | (random_i32(
          floor_divide_i32(i32(firstRow + rowGroup * 4u + 1u), 64i),
          floor_divide_i32(i32(key2_only), 64i),
          0i,
        ) * f32(floor_divide_i32(i32(visible) + 63i, 64i) - 5i) < 3.0)),
      ),
      select(
        -1e30,
        pair_value10_only.z,
        (key2_only < end) & ((i32(firstRow + rowGroup * 4u + 2u) < 64i) | (i32(key2_only) < 64i) | (floor_divide_i32(i32(firstRow + rowGroup * 4u + 2u), 64i) == floor_divide_i32(i32(visible) - 1i, 64i)) | (floor_divide_i32(i32(key2_only), 64i) == floor_divide_i32(i32(visible) - 1i, 64i)) | (abs(floor_divide_i32(i32(firstRow + rowGroup * 4u + 2u), 64i) - floor_divide_i32(i32(key2_only), 64i)) <= 1i) | (random_i32(
          floor_divide_i32(i32(firstRow + rowGroup * 4u + 2u), 64i),
          floor_divide_i32(i32(key2_only), 64i),
          0i,
        ) * f32(floor_divide_i32(i32(visible) + 63i, 64i) - 5i) < 3.0)),
      ),
      select(
        -1e30,
        pair_value10_only.w,
        (key2_only < end) & ((i32(firstRow + rowGroup * 4u + 3u) < 64i) | (i32(key2_only) < 64i) | (floor_divide_i32(i32(firstRow + rowGroup * 4u + 3u), 64i) == floor_divide_i32(i32(visible) - 1i, 64i)) | (floor_divide_i32(i32(key2_only), 64i) == floor_divide_i32(i32(visible) - 1i, 64i)) | (abs(floor_divide_i32(i32(firstRow + rowGroup * 4u + 3u), 64i) - floor_divide_i32(i32(key2_only), 64i)) <= 1i) | (random_i32(
          floor_divide_i32(i32(firstRow + rowGroup * 4u + 3u), 64i),
          floor_divide_i32(i32(key2_only), 64i),
          0i,
        ) * f32(floor_divide_i32(i32(visible) + 63i, 64i) - 5i) < 3.0)),
      ),
    );
    let exponent3_only = vec4f(
      select(
        -1e30,
        pair_value11_only.x,
        (key3_only < end) & ((i32(firstRow + rowGroup * 4u) < 64i) | (i32(key3_only) < 64i) | (floor_divide_i32(i32(firstRow + rowGroup * 4u), 64i) == floor_divide_i32(i32(visible) - 1i, 64i)) | (floor_divide_i32(i32(key3_only), 64i) == floor_divide_i32(i32(visible) - 1i, 64i)) | (abs(floor_divide_i32(i32(firstRow + rowGroup * 4u), 64i) - floor_divide_i32(i32(key3_only), 64i)) <= 1i) | (random_i32(
          floor_divide_i32(i32(firstRow + rowGroup * 4u), 64i),
          floor_divide_i32(i32(key3_only), 64i),
          0i,
        ) * f32(floor_divide_i32(i32(visible) + 63i, 64i) - 5i) < 3.0)),
      ),
      select(
        -1e30,
        pair_value11_only.y,
        (key3_only < end) & ((i32(firstRow + rowGroup * 4u + 1u) < 64i) | (i32(key3_only) < 64i) | (floor_divide_i32(i32(firstRow + rowGroup * 4u + 1u), 64i) == floor_divide_i32(i32(visible) - 1i, 64i)) | (floor_divide_i32(i32(key3_only), 64i) == floor_divide_i32(i32(visible) - 1i, 64i)) | (abs(floor_divide_i32(i32(firstRow + rowGroup * 4u + 1u), 64i) - floor_divide_i32(i32(key3_only), 64i)) <= 1i) | (random_i32(
          floor_divide_i32(i32(firstRow + rowGroup * 4u + 1u), 64i),
          floor_divide_i32(i32(key3_only), 64i),
          0i,
        ) * f32(floor_divide_i32(i32(visible) + 63i, 64i) - 5i) < 3.0)),
      ),
      select(
        -1e30,
        pair_value11_only.z,
        (key3_only < end) & ((i32(firstRow + rowGroup * 4u + 2u) < 64i) | (i32(key3_only) < 64i) | (floor_divide_i32(i32(firstRow + rowGroup * 4u + 2u), 64i) == floor_divide_i32(i32(visible) - 1i, 64i)) | (floor_divide_i32(i32(key3_only), 64i) == floor_divide_i32(i32(visible) - 1i, 64i)) | (abs(floor_divide_i32(i32(firstRow + rowGroup * 4u + 2u), 64i) - floor_divide_i32(i32(key3_only), 64i)) <= 1i) | (random_i32(
          floor_divide_i32(i32(firstRow + rowGroup * 4u + 2u), 64i),
          floor_divide_i32(i32(key3_only), 64i),
          0i,
        ) * f32(floor_divide_i32(i32(visible) + 63i, 64i) - 5i) < 3.0)),
      ),
      select(
        -1e30,
        pair_value11_only.w,
        (key3_only < end) & ((i32(firstRow + rowGroup * 4u + 3u) < 64i) | (i32(key3_only) < 64i) | (floor_divide_i32(i32(firstRow + rowGroup * 4u + 3u), 64i) == floor_divide_i32(i32(visible) - 1i, 64i)) | (floor_divide_i32(i32(key3_only), 64i) == floor_divide_i32(i32(visible) - 1i, 64i)) | (abs(floor_divide_i32(i32(firstRow + rowGroup * 4u + 3u), 64i) - floor_divide_i32(i32(key3_only), 64i)) <= 1i) | (random_i32(
          floor_divide_i32(i32(firstRow + rowGroup * 4u + 3u), 64i),
          floor_divide_i32(i32(key3_only), 64i),
          0i,
        ) * f32(floor_divide_i32(i32(visible) + 63i, 64i) - 5i) < 3.0)),
      ),
    );
    exponents[columnGroup * 32u + rowGroup] = exponent0_only;
    exponents[(columnGroup * 4u + 1u) * 8u + rowGroup] = exponent1_only;
    exponents[(columnGroup * 4u + 2u) * 8u + rowGroup] = exponent2_only;
    exponents[(columnGroup * 4u + 3u) * 8u + rowGroup] = exponent3_only;
    workgroupBarrier();
    // the rows’ scale so far, and what it does to the sums
    let scaleSoFar_only = rowScale;
    for (var j = 0u; j < here_only; j++) {
      rowScale = max(rowScale, exponents[j * 8u + rowGroup]);
    }
    let shrink_only = exp2(scaleSoFar_only - rowScale);
    total = total * shrink_only;
    sums_0 = sums_0 * shrink_only;
    sums_1 = sums_1 * shrink_only;
    sums_2 = sums_2 * shrink_only;
    sums_3 = sums_3 * shrink_only;
    sums_4 = sums_4 * shrink_only;
    sums_5 = sums_5 * shrink_only;
    sums_6 = sums_6 * shrink_only;
    sums_7 = sums_7 * shrink_only;
    pairs[columnGroup * 32u + rowGroup] = vec4f(
      select(0.0, exp2(exponent0_only - rowScale).x, exponent0_only.x > -1e30),
      select(0.0, exp2(exponent0_only - rowScale).y, exponent0_only.y > -1e30),
      select(0.0, exp2(exponent0_only - rowScale).z, exponent0_only.z > -1e30),
      select(0.0, exp2(exponent0_only - rowScale).w, exponent0_only.w > -1e30),
    );
    pairs[(columnGroup * 4u + 1u) * 8u + rowGroup] = vec4f(
      select(0.0, exp2(exponent1_only - rowScale).x, exponent1_only.x > -1e30),
      select(0.0, exp2(exponent1_only - rowScale).y, exponent1_only.y > -1e30),
      select(0.0, exp2(exponent1_only - rowScale).z, exponent1_only.z > -1e30),
      select(0.0, exp2(exponent1_only - rowScale).w, exponent1_only.w > -1e30),
    );
    pairs[(columnGroup * 4u + 2u) * 8u + rowGroup] = vec4f(
      select(0.0, exp2(exponent2_only - rowScale).x, exponent2_only.x > -1e30),
      select(0.0, exp2(exponent2_only - rowScale).y, exponent2_only.y > -1e30),
      select(0.0, exp2(exponent2_only - rowScale).z, exponent2_only.z > -1e30),
      select(0.0, exp2(exponent2_only - rowScale).w, exponent2_only.w > -1e30),
    );
    pairs[(columnGroup * 4u + 3u) * 8u + rowGroup] = vec4f(
      select(0.0, exp2(exponent3_only - rowScale).x, exponent3_only.x > -1e30),
      select(0.0, exp2(exponent3_only - rowScale).y, exponent3_only.y > -1e30),
      select(0.0, exp2(exponent3_only - rowScale).z, exponent3_only.z > -1e30),
      select(0.0, exp2(exponent3_only - rowScale).w, exponent3_only.w > -1e30),
    );
    workgroupBarrier();
    for (var j = 0u; j < here_only; j++) {
      let pair = pairs[j * 8u + rowGroup];
      let valueKey = from_ + j;
      let valueRow = (firstValue + valueKey) * 64u;
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
    workgroupBarrier();
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
