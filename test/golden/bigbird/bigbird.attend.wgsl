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
  let x = bitcast<u32>(a) * 1664525u + 1013904223u;
  let y = bitcast<u32>(b) * 1664525u + 1013904223u;
  let z = bitcast<u32>(seed) * 1664525u + 1013904223u;
  let x1 = x + y * z;
  let y1 = y + z * x1;
  let z1 = z + x1 * y1;
  let x2 = x1 ^ (x1 >> 16u);
  let y2 = y1 ^ (y1 >> 16u);
  let z2 = z1 ^ (z1 >> 16u);
  let word = x2 + y2 * z2;
  return f32(word >> 8u) / 16777216.0;
}

@compute @workgroup_size(64, 1, 1)
fn attend(
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
  let visible = min(lengths[batchItem], shape.keyLength);
  let queryHead = group * (shape.heads / shape.kvHeads) + headInGroup;
  let rowGroup = thread / 8u;
  let columnGroup = thread % 8u;
  let firstColumn = valueTile * 64u + columnGroup;
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
    if ((i32(firstRow) < 64i) | (i32(from_) < 64i) | ((floor_divide_i32(i32(firstRow), 64i) <= floor_divide_i32(i32(visible) - 1i, 64i)) & (floor_divide_i32(i32(visible) - 1i, 64i) <= floor_divide_i32(i32(firstRow + 31u), 64i))) | ((floor_divide_i32(i32(from_), 64i) <= floor_divide_i32(i32(visible) - 1i, 64i)) & (floor_divide_i32(i32(visible) - 1i, 64i) <= floor_divide_i32(i32(from_ + 31u), 64i))) | (select(min(abs(floor_divide_i32(i32(firstRow), 64i) - floor_divide_i32(i32(from_ + 31u), 64i)), abs(floor_divide_i32(i32(firstRow + 31u), 64i) - floor_divide_i32(i32(from_), 64i))), 0i, (floor_divide_i32(i32(firstRow), 64i) - floor_divide_i32(i32(from_ + 31u), 64i) <= 0i) & (floor_divide_i32(i32(firstRow + 31u), 64i) - floor_divide_i32(i32(from_), 64i) >= 0i)) <= 1i) | (min(
      select(
        0.0,
        random_i32(floor_divide_i32(i32(firstRow), 64i), floor_divide_i32(i32(from_), 64i), 0i),
        (floor_divide_i32(i32(firstRow), 64i) == floor_divide_i32(
          i32(firstRow + 31u),
          64i,
        )) & (floor_divide_i32(i32(from_), 64i) == floor_divide_i32(i32(from_ + 31u), 64i)),
      ) * f32(floor_divide_i32(i32(visible) + 63i, 64i) - 5i),
      select(
        1.0,
        random_i32(floor_divide_i32(i32(firstRow), 64i), floor_divide_i32(i32(from_), 64i), 0i),
        (floor_divide_i32(i32(firstRow), 64i) == floor_divide_i32(
          i32(firstRow + 31u),
          64i,
        )) & (floor_divide_i32(i32(from_), 64i) == floor_divide_i32(i32(from_ + 31u), 64i)),
      ) * f32(floor_divide_i32(i32(visible) + 63i, 64i) - 5i),
    ) < 3.0)) {
      let here = min(max(end, from_) - from_, 32u);
      let allSeen = ((i32(firstRow + 31u) < 64i) | (i32(from_ + 31u) < 64i) | ((floor_divide_i32(i32(firstRow), 64i) == floor_divide_i32(i32(firstRow + 31u), 64i)) & (floor_divide_i32(i32(visible) - 1i, 64i) == floor_divide_i32(i32(visible) - 1i, 64i)) & (floor_divide_i32(i32(firstRow), 64i) == floor_divide_i32(i32(visible) - 1i, 64i))) | ((floor_divide_i32(i32(from_), 64i) == floor_divide_i32(i32(from_ + 31u), 64i)) & (floor_divide_i32(i32(visible) - 1i, 64i) == floor_divide_i32(i32(visible) - 1i, 64i)) & (floor_divide_i32(i32(from_), 64i) == floor_divide_i32(i32(visible) - 1i, 64i))) | (max(abs(floor_divide_i32(i32(firstRow), 64i) - floor_divide_i32(i32(from_ + 31u), 64i)), abs(floor_divide_i32(i32(firstRow + 31u), 64i) - floor_divide_i32(i32(from_), 64i))) <= 1i) | (max(
        select(
          0.0,
          random_i32(floor_divide_i32(i32(firstRow), 64i), floor_divide_i32(i32(from_), 64i), 0i),
          (floor_divide_i32(i32(firstRow), 64i) == floor_divide_i32(
            i32(firstRow + 31u),
            64i,
          )) & (floor_divide_i32(i32(from_), 64i) == floor_divide_i32(i32(from_ + 31u), 64i)),
        ) * f32(floor_divide_i32(i32(visible) + 63i, 64i) - 5i),
        select(
          1.0,
          random_i32(floor_divide_i32(i32(firstRow), 64i), floor_divide_i32(i32(from_), 64i), 0i),
          (floor_divide_i32(i32(firstRow), 64i) == floor_divide_i32(
            i32(firstRow + 31u),
            64i,
          )) & (floor_divide_i32(i32(from_), 64i) == floor_divide_i32(i32(from_ + 31u), 64i)),
        ) * f32(floor_divide_i32(i32(visible) + 63i, 64i) - 5i),
      ) < 3.0)) & (from_ + 32u <= end);
      let keyRow0 = (firstKey + min(from_ + columnGroup * 4u, max(end, 1u) - 1u)) * 64u;
      let keyRow1 = (firstKey + min(from_ + columnGroup * 4u + 1u, max(end, 1u) - 1u)) * 64u;
      let keyRow2 = (firstKey + min(from_ + columnGroup * 4u + 2u, max(end, 1u) - 1u)) * 64u;
      let keyRow3 = (firstKey + min(from_ + columnGroup * 4u + 3u, max(end, 1u) - 1u)) * 64u;
      var pair_sum1_0 = vec4f(0.0);
      var pair_sum1_1 = vec4f(0.0);
      var pair_sum1_2 = vec4f(0.0);
      var pair_sum1_3 = vec4f(0.0);
      for (var pair_t2 = 0u; pair_t2 < 64u; pair_t2++) {
        let pair_k3 = k[keyRow0 + pair_t2];
        let pair_q4 = vec4f(
          q[queryRow0 + pair_t2],
          q[queryRow1 + pair_t2],
          q[queryRow2 + pair_t2],
          q[queryRow3 + pair_t2],
        );
        let pair_k5 = k[keyRow1 + pair_t2];
        let pair_k6 = k[keyRow2 + pair_t2];
        let pair_k7 = k[keyRow3 + pair_t2];
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
      var exponent0 = pair_value8;
      var exponent1 = pair_value9;
      var exponent2 = pair_value10;
      var exponent3 = pair_value11;
      if (!allSeen) {
        let part1 = key0 < end;
        let part2 = firstRow + rowGroup * 4u;
        let part3 = i32(part2);
        let part4 = i32(key0);
        let part5 = part4 < 64i;
        let part6 = floor_divide_i32(part3, 64i);
        let part7 = i32(visible);
        let part8 = floor_divide_i32(part7 - 1i, 64i);
        let part9 = floor_divide_i32(part4, 64i);
        let part10 = part9 == part8;
        let part11 = f32(floor_divide_i32(part7 + 63i, 64i) - 5i);
        let part12 = i32(part2 + 1u);
        let part13 = floor_divide_i32(part12, 64i);
        let part14 = i32(part2 + 2u);
        let part15 = floor_divide_i32(part14, 64i);
        let part16 = i32(part2 + 3u);
        let part17 = floor_divide_i32(part16, 64i);
        exponent0 = vec4f(
          select(
            -1e30,
            exponent0.x,
            part1 & ((part3 < 64i) | part5 | (part6 == part8) | part10 | (abs(part6 - part9) <= 1i) | (random_i32(
              part6,
              part9,
              0i,
            ) * part11 < 3.0)),
          ),
          select(
            -1e30,
            exponent0.y,
            part1 & ((part12 < 64i) | part5 | (part13 == part8) | part10 | (abs(part13 - part9) <= 1i) | (random_i32(
              part13,
              part9,
              0i,
            ) * part11 < 3.0)),
          ),
          select(
            -1e30,
            exponent0.z,
            part1 & ((part14 < 64i) | part5 | (part15 == part8) | part10 | (abs(part15 - part9) <= 1i) | (random_i32(
              part15,
              part9,
              0i,
            ) * part11 < 3.0)),
          ),
          select(
            -1e30,
            exponent0.w,
            part1 & ((part16 < 64i) | part5 | (part17 == part8) | part10 | (abs(part17 - part9) <= 1i) | (random_i32(
              part17,
              part9,
              0i,
            ) * part11 < 3.0)),
          ),
        );
        let part18 = key1 < end;
        let part19 = firstRow + rowGroup * 4u;
        let part20 = i32(part19);
        let part21 = i32(key1);
        let part22 = part21 < 64i;
        let part23 = floor_divide_i32(part20, 64i);
        let part24 = i32(visible);
        let part25 = floor_divide_i32(part24 - 1i, 64i);
        let part26 = floor_divide_i32(part21, 64i);
        let part27 = part26 == part25;
        let part28 = f32(floor_divide_i32(part24 + 63i, 64i) - 5i);
        let part29 = i32(part19 + 1u);
        let part30 = floor_divide_i32(part29, 64i);
        let part31 = i32(part19 + 2u);
        let part32 = floor_divide_i32(part31, 64i);
        let part33 = i32(part19 + 3u);
        let part34 = floor_divide_i32(part33, 64i);
        exponent1 = vec4f(
          select(
            -1e30,
            exponent1.x,
            part18 & ((part20 < 64i) | part22 | (part23 == part25) | part27 | (abs(part23 - part26) <= 1i) | (random_i32(
              part23,
              part26,
              0i,
            ) * part28 < 3.0)),
          ),
          select(
            -1e30,
            exponent1.y,
            part18 & ((part29 < 64i) | part22 | (part30 == part25) | part27 | (abs(part30 - part26) <= 1i) | (random_i32(
              part30,
              part26,
              0i,
            ) * part28 < 3.0)),
          ),
          select(
            -1e30,
            exponent1.z,
            part18 & ((part31 < 64i) | part22 | (part32 == part25) | part27 | (abs(part32 - part26) <= 1i) | (random_i32(
              part32,
              part26,
              0i,
            ) * part28 < 3.0)),
          ),
          select(
            -1e30,
            exponent1.w,
            part18 & ((part33 < 64i) | part22 | (part34 == part25) | part27 | (abs(part34 - part26) <= 1i) | (random_i32(
              part34,
              part26,
              0i,
            ) * part28 < 3.0)),
          ),
        );
        let part35 = key2 < end;
        let part36 = firstRow + rowGroup * 4u;
        let part37 = i32(part36);
        let part38 = i32(key2);
        let part39 = part38 < 64i;
        let part40 = floor_divide_i32(part37, 64i);
        let part41 = i32(visible);
        let part42 = floor_divide_i32(part41 - 1i, 64i);
        let part43 = floor_divide_i32(part38, 64i);
        let part44 = part43 == part42;
        let part45 = f32(floor_divide_i32(part41 + 63i, 64i) - 5i);
        let part46 = i32(part36 + 1u);
        let part47 = floor_divide_i32(part46, 64i);
        let part48 = i32(part36 + 2u);
        let part49 = floor_divide_i32(part48, 64i);
        let part50 = i32(part36 + 3u);
        let part51 = floor_divide_i32(part50, 64i);
        exponent2 = vec4f(
          select(
            -1e30,
            exponent2.x,
            part35 & ((part37 < 64i) | part39 | (part40 == part42) | part44 | (abs(part40 - part43) <= 1i) | (random_i32(
              part40,
              part43,
              0i,
            ) * part45 < 3.0)),
          ),
          select(
            -1e30,
            exponent2.y,
            part35 & ((part46 < 64i) | part39 | (part47 == part42) | part44 | (abs(part47 - part43) <= 1i) | (random_i32(
              part47,
              part43,
              0i,
            ) * part45 < 3.0)),
          ),
          select(
            -1e30,
            exponent2.z,
            part35 & ((part48 < 64i) | part39 | (part49 == part42) | part44 | (abs(part49 - part43) <= 1i) | (random_i32(
              part49,
              part43,
              0i,
            ) * part45 < 3.0)),
          ),
          select(
            -1e30,
            exponent2.w,
            part35 & ((part50 < 64i) | part39 | (part51 == part42) | part44 | (abs(part51 - part43) <= 1i) | (random_i32(
              part51,
              part43,
              0i,
            ) * part45 < 3.0)),
          ),
        );
        let part52 = key3 < end;
        let part53 = firstRow + rowGroup * 4u;
        let part54 = i32(part53);
        let part55 = i32(key3);
        let part56 = part55 < 64i;
        let part57 = floor_divide_i32(part54, 64i);
        let part58 = i32(visible);
        let part59 = floor_divide_i32(part58 - 1i, 64i);
        let part60 = floor_divide_i32(part55, 64i);
        let part61 = part60 == part59;
        let part62 = f32(floor_divide_i32(part58 + 63i, 64i) - 5i);
        let part63 = i32(part53 + 1u);
        let part64 = floor_divide_i32(part63, 64i);
        let part65 = i32(part53 + 2u);
        let part66 = floor_divide_i32(part65, 64i);
        let part67 = i32(part53 + 3u);
        let part68 = floor_divide_i32(part67, 64i);
        exponent3 = vec4f(
          select(
            -1e30,
            exponent3.x,
            part52 & ((part54 < 64i) | part56 | (part57 == part59) | part61 | (abs(part57 - part60) <= 1i) | (random_i32(
              part57,
              part60,
              0i,
            ) * part62 < 3.0)),
          ),
          select(
            -1e30,
            exponent3.y,
            part52 & ((part63 < 64i) | part56 | (part64 == part59) | part61 | (abs(part64 - part60) <= 1i) | (random_i32(
              part64,
              part60,
              0i,
            ) * part62 < 3.0)),
          ),
          select(
            -1e30,
            exponent3.z,
            part52 & ((part65 < 64i) | part56 | (part66 == part59) | part61 | (abs(part66 - part60) <= 1i) | (random_i32(
              part66,
              part60,
              0i,
            ) * part62 < 3.0)),
          ),
          select(
            -1e30,
            exponent3.w,
            part52 & ((part67 < 64i) | part56 | (part68 == part59) | part61 | (abs(part68 - part60) <= 1i) | (random_i32(
              part68,
              part60,
              0i,
            ) * part62 < 3.0)),
          ),
        );
      }
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
        sums_0 += pair * v[valueRow + firstColumn];
        sums_1 += pair * v[valueRow + (firstColumn + 8u)];
        sums_2 += pair * v[valueRow + (firstColumn + 16u)];
        sums_3 += pair * v[valueRow + (firstColumn + 24u)];
        sums_4 += pair * v[valueRow + (firstColumn + 32u)];
        sums_5 += pair * v[valueRow + (firstColumn + 40u)];
        sums_6 += pair * v[valueRow + (firstColumn + 48u)];
        sums_7 += pair * v[valueRow + (firstColumn + 56u)];
      }
    }
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
    out[out0 + (firstColumn + 8u)] = (sums_1 * factor).x;
    out[out0 + (firstColumn + 16u)] = (sums_2 * factor).x;
    out[out0 + (firstColumn + 24u)] = (sums_3 * factor).x;
    out[out0 + (firstColumn + 32u)] = (sums_4 * factor).x;
    out[out0 + (firstColumn + 40u)] = (sums_5 * factor).x;
    out[out0 + (firstColumn + 48u)] = (sums_6 * factor).x;
    out[out0 + (firstColumn + 56u)] = (sums_7 * factor).x;
  }
  let row1 = firstRow + rowGroup * 4u + 1u;
  if (row1 < shape.length) {
    let out1 = (queryHead * shape.length + row1) * 64u;
    out[out1 + firstColumn] = (sums_0 * factor).y;
    out[out1 + (firstColumn + 8u)] = (sums_1 * factor).y;
    out[out1 + (firstColumn + 16u)] = (sums_2 * factor).y;
    out[out1 + (firstColumn + 24u)] = (sums_3 * factor).y;
    out[out1 + (firstColumn + 32u)] = (sums_4 * factor).y;
    out[out1 + (firstColumn + 40u)] = (sums_5 * factor).y;
    out[out1 + (firstColumn + 48u)] = (sums_6 * factor).y;
    out[out1 + (firstColumn + 56u)] = (sums_7 * factor).y;
  }
  let row2 = firstRow + rowGroup * 4u + 2u;
  if (row2 < shape.length) {
    let out2 = (queryHead * shape.length + row2) * 64u;
    out[out2 + firstColumn] = (sums_0 * factor).z;
    out[out2 + (firstColumn + 8u)] = (sums_1 * factor).z;
    out[out2 + (firstColumn + 16u)] = (sums_2 * factor).z;
    out[out2 + (firstColumn + 24u)] = (sums_3 * factor).z;
    out[out2 + (firstColumn + 32u)] = (sums_4 * factor).z;
    out[out2 + (firstColumn + 40u)] = (sums_5 * factor).z;
    out[out2 + (firstColumn + 48u)] = (sums_6 * factor).z;
    out[out2 + (firstColumn + 56u)] = (sums_7 * factor).z;
  }
  let row3 = firstRow + rowGroup * 4u + 3u;
  if (row3 < shape.length) {
    let out3 = (queryHead * shape.length + row3) * 64u;
    out[out3 + firstColumn] = (sums_0 * factor).w;
    out[out3 + (firstColumn + 8u)] = (sums_1 * factor).w;
    out[out3 + (firstColumn + 16u)] = (sums_2 * factor).w;
    out[out3 + (firstColumn + 24u)] = (sums_3 * factor).w;
    out[out3 + (firstColumn + 32u)] = (sums_4 * factor).w;
    out[out3 + (firstColumn + 40u)] = (sums_5 * factor).w;
    out[out3 + (firstColumn + 48u)] = (sums_6 * factor).w;
    out[out3 + (firstColumn + 56u)] = (sums_7 * factor).w;
  }
}
