// recur_pairs: Computes what rows of a chunk are to each other and to the state before it.
// 64 threads a workgroup, 12416 bytes of workgroup memory
// reads queryFeatures, keyEntries, keyFeatures, lengths; writes chunkRows

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
@group(0) @binding(1) var<storage, read> queryFeatures: array<vec4f>;
@group(0) @binding(2) var<storage, read> keyEntries: array<f32>;
@group(0) @binding(3) var<storage, read> keyFeatures: array<vec4f>;
@group(0) @binding(4) var<storage, read> lengths: array<u32>;
@group(0) @binding(5) var<storage, read_write> chunkRows: array<f32>;

var<workgroup> work: array<f32, 2048>;
var<workgroup> before: array<f32, 32>;
var<workgroup> coefficients: array<vec4f, 256>;

@compute @workgroup_size(64, 1, 1)
fn recur_pairs(
  @builtin(local_invocation_index) thread: u32,
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(num_workgroups) workgroup_counts: vec3u,
) {
  let workgroup = workgroup_id.x + workgroup_id.y * workgroup_counts.x;
  if (workgroup >= shape.sliceCount * shape.chunks) {
    return;
  }
  // 1, which no compiler knows: loops up to a multiple of it are not written out
  let unknownOne = min(shape.sliceCount, 1u);
  let chunk = workgroup % shape.chunks;
  let rest1 = workgroup / shape.chunks;
  let headInGroup = 0u;
  let slice = rest1;
  let group = shape.sliceStart + slice;
  let batchItem = group / shape.heads;
  let keyGroup = group / (shape.heads / shape.kvHeads);
  let visible = min(lengths[batchItem], shape.keyLength);
  let queryHead = group + headInGroup;
  let keyRows = visible;
  let first = chunk * 32u;
  let here = min(max(keyRows, first) - first, 32u);
  let rows0 = slice * shape.length * 128u;
  let rows1 = slice * shape.keyLength * 132u;
  let rows2 = slice * shape.keyLength * 128u;
  if (thread < 32u) {
    var after = 1.0;
    work[thread * 33u] = 1.0;
    for (var later = thread + 1u; later < 32u; later++) {
      after *= select(
        1.0,
        keyEntries[rows1 + min(first + later, max(keyRows, 1u) - 1u) * 132u + 128u],
        later < here,
      );
      work[later * 32u + thread] = after;
    }
    chunkRows[((slice * shape.chunks + chunk) * 32u + thread) * 292u + 289u] = after;
  }
  if (thread == 32u) {
    var all = 1.0;
    for (var row = 0u; row < 32u * unknownOne; row++) {
      before[row] = all;
      all *= select(
        1.0,
        keyEntries[rows1 + min(first + row, max(keyRows, 1u) - 1u) * 132u + 128u],
        row < here,
      );
      chunkRows[((slice * shape.chunks + chunk) * 32u + row) * 292u + 288u] = all;
    }
  }
  workgroupBarrier();
  let rowFour = thread / 8u;
  let keyFour = thread % 8u;
  if (keyFour > rowFour) {
    coefficients[keyFour * 32u + rowFour] = vec4f(0.0);
    coefficients[(keyFour * 4u + 1u) * 8u + rowFour] = vec4f(0.0);
    coefficients[(keyFour * 4u + 2u) * 8u + rowFour] = vec4f(0.0);
    coefficients[(keyFour * 4u + 3u) * 8u + rowFour] = vec4f(0.0);
  }
  if (keyFour <= rowFour) {
    var weight_0_0 = vec4f(0.0);
    var weight_0_1 = vec4f(0.0);
    var weight_0_2 = vec4f(0.0);
    var weight_0_3 = vec4f(0.0);
    var weight_1_0 = vec4f(0.0);
    var weight_1_1 = vec4f(0.0);
    var weight_1_2 = vec4f(0.0);
    var weight_1_3 = vec4f(0.0);
    var weight_2_0 = vec4f(0.0);
    var weight_2_1 = vec4f(0.0);
    var weight_2_2 = vec4f(0.0);
    var weight_2_3 = vec4f(0.0);
    var weight_3_0 = vec4f(0.0);
    var weight_3_1 = vec4f(0.0);
    var weight_3_2 = vec4f(0.0);
    var weight_3_3 = vec4f(0.0);
    let weightRow0 = rows0 + min(first + rowFour * 4u, shape.length - 1u) * 128u;
    let weightRow1 = rows0 + min(first + (rowFour * 4u + 1u), shape.length - 1u) * 128u;
    let weightRow2 = rows0 + min(first + (rowFour * 4u + 2u), shape.length - 1u) * 128u;
    let weightRow3 = rows0 + min(first + (rowFour * 4u + 3u), shape.length - 1u) * 128u;
    let weightKey0 = rows2 + min(first + keyFour * 4u, max(keyRows, 1u) - 1u) * 128u;
    let weightKey1 = rows2 + min(first + (keyFour * 4u + 1u), max(keyRows, 1u) - 1u) * 128u;
    let weightKey2 = rows2 + min(first + (keyFour * 4u + 2u), max(keyRows, 1u) - 1u) * 128u;
    let weightKey3 = rows2 + min(first + (keyFour * 4u + 3u), max(keyRows, 1u) - 1u) * 128u;
    for (var weightFeature = 0u; weightFeature < 128u * unknownOne; weightFeature += 4u) {
      let weightRight0 = keyFeatures[(weightKey0 + weightFeature) / 4u];
      let weightRight1 = keyFeatures[(weightKey1 + weightFeature) / 4u];
      let weightRight2 = keyFeatures[(weightKey2 + weightFeature) / 4u];
      let weightRight3 = keyFeatures[(weightKey3 + weightFeature) / 4u];
      let weightLeft0 = queryFeatures[(weightRow0 + weightFeature) / 4u];
      weight_0_0 = fma(weightLeft0, weightRight0, weight_0_0);
      weight_0_1 = fma(weightLeft0, weightRight1, weight_0_1);
      weight_0_2 = fma(weightLeft0, weightRight2, weight_0_2);
      weight_0_3 = fma(weightLeft0, weightRight3, weight_0_3);
      let weightLeft1 = queryFeatures[(weightRow1 + weightFeature) / 4u];
      weight_1_0 = fma(weightLeft1, weightRight0, weight_1_0);
      weight_1_1 = fma(weightLeft1, weightRight1, weight_1_1);
      weight_1_2 = fma(weightLeft1, weightRight2, weight_1_2);
      weight_1_3 = fma(weightLeft1, weightRight3, weight_1_3);
      let weightLeft2 = queryFeatures[(weightRow2 + weightFeature) / 4u];
      weight_2_0 = fma(weightLeft2, weightRight0, weight_2_0);
      weight_2_1 = fma(weightLeft2, weightRight1, weight_2_1);
      weight_2_2 = fma(weightLeft2, weightRight2, weight_2_2);
      weight_2_3 = fma(weightLeft2, weightRight3, weight_2_3);
      let weightLeft3 = queryFeatures[(weightRow3 + weightFeature) / 4u];
      weight_3_0 = fma(weightLeft3, weightRight0, weight_3_0);
      weight_3_1 = fma(weightLeft3, weightRight1, weight_3_1);
      weight_3_2 = fma(weightLeft3, weightRight2, weight_3_2);
      weight_3_3 = fma(weightLeft3, weightRight3, weight_3_3);
    }
    chunkRows[((slice * shape.chunks + chunk) * 32u + rowFour * 4u) * 292u + (keyFour * 4u + 256u)] = select(
      0.0,
      (weight_0_0.x + weight_0_0.y + (weight_0_0.z + weight_0_0.w)) * work[rowFour * 128u + min(
        keyFour * 4u,
        rowFour * 4u,
      )],
      (keyFour * 4u <= rowFour * 4u) & (keyFour * 4u < here),
    );
    chunkRows[((slice * shape.chunks + chunk) * 32u + rowFour * 4u) * 292u + (keyFour * 4u + 257u)] = select(
      0.0,
      (weight_0_1.x + weight_0_1.y + (weight_0_1.z + weight_0_1.w)) * work[rowFour * 128u + min(
        keyFour * 4u + 1u,
        rowFour * 4u,
      )],
      (keyFour * 4u + 1u <= rowFour * 4u) & (keyFour * 4u + 1u < here),
    );
    chunkRows[((slice * shape.chunks + chunk) * 32u + rowFour * 4u) * 292u + (keyFour * 4u + 258u)] = select(
      0.0,
      (weight_0_2.x + weight_0_2.y + (weight_0_2.z + weight_0_2.w)) * work[rowFour * 128u + min(
        keyFour * 4u + 2u,
        rowFour * 4u,
      )],
      (keyFour * 4u + 2u <= rowFour * 4u) & (keyFour * 4u + 2u < here),
    );
    chunkRows[((slice * shape.chunks + chunk) * 32u + rowFour * 4u) * 292u + (keyFour * 4u + 259u)] = select(
      0.0,
      (weight_0_3.x + weight_0_3.y + (weight_0_3.z + weight_0_3.w)) * work[rowFour * 128u + min(
        keyFour * 4u + 3u,
        rowFour * 4u,
      )],
      (keyFour * 4u + 3u <= rowFour * 4u) & (keyFour * 4u + 3u < here),
    );
    chunkRows[((slice * shape.chunks + chunk) * 32u + (rowFour * 4u + 1u)) * 292u + (keyFour * 4u + 256u)] = select(
      0.0,
      (weight_1_0.x + weight_1_0.y + (weight_1_0.z + weight_1_0.w)) * work[(rowFour * 4u + 1u) * 32u + min(
        keyFour * 4u,
        rowFour * 4u + 1u,
      )],
      (keyFour * 4u <= rowFour * 4u + 1u) & (keyFour * 4u < here),
    );
    chunkRows[((slice * shape.chunks + chunk) * 32u + (rowFour * 4u + 1u)) * 292u + (keyFour * 4u + 257u)] = select(
      0.0,
      (weight_1_1.x + weight_1_1.y + (weight_1_1.z + weight_1_1.w)) * work[(rowFour * 4u + 1u) * 32u + min(
        keyFour * 4u + 1u,
        rowFour * 4u + 1u,
      )],
      (keyFour * 4u + 1u <= rowFour * 4u + 1u) & (keyFour * 4u + 1u < here),
    );
    chunkRows[((slice * shape.chunks + chunk) * 32u + (rowFour * 4u + 1u)) * 292u + (keyFour * 4u + 258u)] = select(
      0.0,
      (weight_1_2.x + weight_1_2.y + (weight_1_2.z + weight_1_2.w)) * work[(rowFour * 4u + 1u) * 32u + min(
        keyFour * 4u + 2u,
        rowFour * 4u + 1u,
      )],
      (keyFour * 4u + 2u <= rowFour * 4u + 1u) & (keyFour * 4u + 2u < here),
    );
    chunkRows[((slice * shape.chunks + chunk) * 32u + (rowFour * 4u + 1u)) * 292u + (keyFour * 4u + 259u)] = select(
      0.0,
      (weight_1_3.x + weight_1_3.y + (weight_1_3.z + weight_1_3.w)) * work[(rowFour * 4u + 1u) * 32u + min(
        keyFour * 4u + 3u,
        rowFour * 4u + 1u,
      )],
      (keyFour * 4u + 3u <= rowFour * 4u + 1u) & (keyFour * 4u + 3u < here),
    );
    chunkRows[((slice * shape.chunks + chunk) * 32u + (rowFour * 4u + 2u)) * 292u + (keyFour * 4u + 256u)] = select(
      0.0,
      (weight_2_0.x + weight_2_0.y + (weight_2_0.z + weight_2_0.w)) * work[(rowFour * 4u + 2u) * 32u + min(
        keyFour * 4u,
        rowFour * 4u + 2u,
      )],
      (keyFour * 4u <= rowFour * 4u + 2u) & (keyFour * 4u < here),
    );
    chunkRows[((slice * shape.chunks + chunk) * 32u + (rowFour * 4u + 2u)) * 292u + (keyFour * 4u + 257u)] = select(
      0.0,
      (weight_2_1.x + weight_2_1.y + (weight_2_1.z + weight_2_1.w)) * work[(rowFour * 4u + 2u) * 32u + min(
        keyFour * 4u + 1u,
        rowFour * 4u + 2u,
      )],
      (keyFour * 4u + 1u <= rowFour * 4u + 2u) & (keyFour * 4u + 1u < here),
    );
    chunkRows[((slice * shape.chunks + chunk) * 32u + (rowFour * 4u + 2u)) * 292u + (keyFour * 4u + 258u)] = select(
      0.0,
      (weight_2_2.x + weight_2_2.y + (weight_2_2.z + weight_2_2.w)) * work[(rowFour * 4u + 2u) * 32u + min(
        keyFour * 4u + 2u,
        rowFour * 4u + 2u,
      )],
      (keyFour * 4u + 2u <= rowFour * 4u + 2u) & (keyFour * 4u + 2u < here),
    );
    chunkRows[((slice * shape.chunks + chunk) * 32u + (rowFour * 4u + 2u)) * 292u + (keyFour * 4u + 259u)] = select(
      0.0,
      (weight_2_3.x + weight_2_3.y + (weight_2_3.z + weight_2_3.w)) * work[(rowFour * 4u + 2u) * 32u + min(
        keyFour * 4u + 3u,
        rowFour * 4u + 2u,
      )],
      (keyFour * 4u + 3u <= rowFour * 4u + 2u) & (keyFour * 4u + 3u < here),
    );
    chunkRows[((slice * shape.chunks + chunk) * 32u + (rowFour * 4u + 3u)) * 292u + (keyFour * 4u + 256u)] = select(
      0.0,
      (weight_3_0.x + weight_3_0.y + (weight_3_0.z + weight_3_0.w)) * work[(rowFour * 4u + 3u) * 32u + min(
        keyFour * 4u,
        rowFour * 4u + 3u,
      )],
      (keyFour * 4u <= rowFour * 4u + 3u) & (keyFour * 4u < here),
    );
    chunkRows[((slice * shape.chunks + chunk) * 32u + (rowFour * 4u + 3u)) * 292u + (keyFour * 4u + 257u)] = select(
      0.0,
      (weight_3_1.x + weight_3_1.y + (weight_3_1.z + weight_3_1.w)) * work[(rowFour * 4u + 3u) * 32u + min(
        keyFour * 4u + 1u,
        rowFour * 4u + 3u,
      )],
      (keyFour * 4u + 1u <= rowFour * 4u + 3u) & (keyFour * 4u + 1u < here),
    );
    chunkRows[((slice * shape.chunks + chunk) * 32u + (rowFour * 4u + 3u)) * 292u + (keyFour * 4u + 258u)] = select(
      0.0,
      (weight_3_2.x + weight_3_2.y + (weight_3_2.z + weight_3_2.w)) * work[(rowFour * 4u + 3u) * 32u + min(
        keyFour * 4u + 2u,
        rowFour * 4u + 3u,
      )],
      (keyFour * 4u + 2u <= rowFour * 4u + 3u) & (keyFour * 4u + 2u < here),
    );
    chunkRows[((slice * shape.chunks + chunk) * 32u + (rowFour * 4u + 3u)) * 292u + (keyFour * 4u + 259u)] = select(
      0.0,
      (weight_3_3.x + weight_3_3.y + (weight_3_3.z + weight_3_3.w)) * work[(rowFour * 4u + 3u) * 32u + min(
        keyFour * 4u + 3u,
        rowFour * 4u + 3u,
      )],
      (keyFour * 4u + 3u <= rowFour * 4u + 3u) & (keyFour * 4u + 3u < here),
    );
    var read_0_0 = vec4f(0.0);
    var read_0_1 = vec4f(0.0);
    var read_0_2 = vec4f(0.0);
    var read_0_3 = vec4f(0.0);
    var read_1_0 = vec4f(0.0);
    var read_1_1 = vec4f(0.0);
    var read_1_2 = vec4f(0.0);
    var read_1_3 = vec4f(0.0);
    var read_2_0 = vec4f(0.0);
    var read_2_1 = vec4f(0.0);
    var read_2_2 = vec4f(0.0);
    var read_2_3 = vec4f(0.0);
    var read_3_0 = vec4f(0.0);
    var read_3_1 = vec4f(0.0);
    var read_3_2 = vec4f(0.0);
    var read_3_3 = vec4f(0.0);
    let readRow0 = rows2 + min(first + rowFour * 4u, max(keyRows, 1u) - 1u) * 128u;
    let readRow1 = rows2 + min(first + (rowFour * 4u + 1u), max(keyRows, 1u) - 1u) * 128u;
    let readRow2 = rows2 + min(first + (rowFour * 4u + 2u), max(keyRows, 1u) - 1u) * 128u;
    let readRow3 = rows2 + min(first + (rowFour * 4u + 3u), max(keyRows, 1u) - 1u) * 128u;
    let readKey0 = rows2 + min(first + keyFour * 4u, max(keyRows, 1u) - 1u) * 128u;
    let readKey1 = rows2 + min(first + (keyFour * 4u + 1u), max(keyRows, 1u) - 1u) * 128u;
    let readKey2 = rows2 + min(first + (keyFour * 4u + 2u), max(keyRows, 1u) - 1u) * 128u;
    let readKey3 = rows2 + min(first + (keyFour * 4u + 3u), max(keyRows, 1u) - 1u) * 128u;
    for (var readFeature = 0u; readFeature < 128u * unknownOne; readFeature += 4u) {
      let readRight0 = keyFeatures[(readKey0 + readFeature) / 4u];
      let readRight1 = keyFeatures[(readKey1 + readFeature) / 4u];
      let readRight2 = keyFeatures[(readKey2 + readFeature) / 4u];
      let readRight3 = keyFeatures[(readKey3 + readFeature) / 4u];
      let readLeft0 = keyFeatures[(readRow0 + readFeature) / 4u];
      read_0_0 = fma(readLeft0, readRight0, read_0_0);
      read_0_1 = fma(readLeft0, readRight1, read_0_1);
      read_0_2 = fma(readLeft0, readRight2, read_0_2);
      read_0_3 = fma(readLeft0, readRight3, read_0_3);
      let readLeft1 = keyFeatures[(readRow1 + readFeature) / 4u];
      read_1_0 = fma(readLeft1, readRight0, read_1_0);
      read_1_1 = fma(readLeft1, readRight1, read_1_1);
      read_1_2 = fma(readLeft1, readRight2, read_1_2);
      read_1_3 = fma(readLeft1, readRight3, read_1_3);
      let readLeft2 = keyFeatures[(readRow2 + readFeature) / 4u];
      read_2_0 = fma(readLeft2, readRight0, read_2_0);
      read_2_1 = fma(readLeft2, readRight1, read_2_1);
      read_2_2 = fma(readLeft2, readRight2, read_2_2);
      read_2_3 = fma(readLeft2, readRight3, read_2_3);
      let readLeft3 = keyFeatures[(readRow3 + readFeature) / 4u];
      read_3_0 = fma(readLeft3, readRight0, read_3_0);
      read_3_1 = fma(readLeft3, readRight1, read_3_1);
      read_3_2 = fma(readLeft3, readRight2, read_3_2);
      read_3_3 = fma(readLeft3, readRight3, read_3_3);
    }
    let part1 = keyFour * 4u;
    let part2 = rowFour * 4u;
    let part3 = max(keyRows, 1u) - 1u;
    let part4 = max(part2, 1u) - 1u;
    let part5 = part2 + 1u;
    let part6 = max(part5, 1u) - 1u;
    let part7 = part2 + 2u;
    let part8 = max(part7, 1u) - 1u;
    let part9 = part2 + 3u;
    let part10 = max(part9, 1u) - 1u;
    coefficients[keyFour * 32u + rowFour] = vec4f(
      select(
        0.0,
        (read_0_0.x + read_0_0.y + (read_0_0.z + read_0_0.w)) * (keyEntries[rows1 + min(
          first + part2,
          part3,
        ) * 132u + 129u] * work[part4 * 32u + min(part1, part4)]),
        part1 < part2,
      ),
      select(
        0.0,
        (read_1_0.x + read_1_0.y + (read_1_0.z + read_1_0.w)) * (keyEntries[rows1 + min(
          first + part5,
          part3,
        ) * 132u + 129u] * work[part6 * 32u + min(part1, part6)]),
        part1 < part5,
      ),
      select(
        0.0,
        (read_2_0.x + read_2_0.y + (read_2_0.z + read_2_0.w)) * (keyEntries[rows1 + min(
          first + part7,
          part3,
        ) * 132u + 129u] * work[part8 * 32u + min(part1, part8)]),
        part1 < part7,
      ),
      select(
        0.0,
        (read_3_0.x + read_3_0.y + (read_3_0.z + read_3_0.w)) * (keyEntries[rows1 + min(
          first + part9,
          part3,
        ) * 132u + 129u] * work[part10 * 32u + min(part1, part10)]),
        part1 < part9,
      ),
    );
    let part11 = keyFour * 4u + 1u;
    let part12 = rowFour * 4u;
    let part13 = max(keyRows, 1u) - 1u;
    let part14 = max(part12, 1u) - 1u;
    let part15 = part12 + 1u;
    let part16 = max(part15, 1u) - 1u;
    let part17 = part12 + 2u;
    let part18 = max(part17, 1u) - 1u;
    let part19 = part12 + 3u;
    let part20 = max(part19, 1u) - 1u;
    coefficients[(keyFour * 4u + 1u) * 8u + rowFour] = vec4f(
      select(
        0.0,
        (read_0_1.x + read_0_1.y + (read_0_1.z + read_0_1.w)) * (keyEntries[rows1 + min(
          first + part12,
          part13,
        ) * 132u + 129u] * work[part14 * 32u + min(part11, part14)]),
        part11 < part12,
      ),
      select(
        0.0,
        (read_1_1.x + read_1_1.y + (read_1_1.z + read_1_1.w)) * (keyEntries[rows1 + min(
          first + part15,
          part13,
        ) * 132u + 129u] * work[part16 * 32u + min(part11, part16)]),
        part11 < part15,
      ),
      select(
        0.0,
        (read_2_1.x + read_2_1.y + (read_2_1.z + read_2_1.w)) * (keyEntries[rows1 + min(
          first + part17,
          part13,
        ) * 132u + 129u] * work[part18 * 32u + min(part11, part18)]),
        part11 < part17,
      ),
      select(
        0.0,
        (read_3_1.x + read_3_1.y + (read_3_1.z + read_3_1.w)) * (keyEntries[rows1 + min(
          first + part19,
          part13,
        ) * 132u + 129u] * work[part20 * 32u + min(part11, part20)]),
        part11 < part19,
      ),
    );
    let part21 = keyFour * 4u + 2u;
    let part22 = rowFour * 4u;
    let part23 = max(keyRows, 1u) - 1u;
    let part24 = max(part22, 1u) - 1u;
    let part25 = part22 + 1u;
    let part26 = max(part25, 1u) - 1u;
    let part27 = part22 + 2u;
    let part28 = max(part27, 1u) - 1u;
    let part29 = part22 + 3u;
    let part30 = max(part29, 1u) - 1u;
    coefficients[(keyFour * 4u + 2u) * 8u + rowFour] = vec4f(
      select(
        0.0,
        (read_0_2.x + read_0_2.y + (read_0_2.z + read_0_2.w)) * (keyEntries[rows1 + min(
          first + part22,
          part23,
        ) * 132u + 129u] * work[part24 * 32u + min(part21, part24)]),
        part21 < part22,
      ),
      select(
        0.0,
        (read_1_2.x + read_1_2.y + (read_1_2.z + read_1_2.w)) * (keyEntries[rows1 + min(
          first + part25,
          part23,
        ) * 132u + 129u] * work[part26 * 32u + min(part21, part26)]),
        part21 < part25,
      ),
      select(
        0.0,
        (read_2_2.x + read_2_2.y + (read_2_2.z + read_2_2.w)) * (keyEntries[rows1 + min(
          first + part27,
          part23,
        ) * 132u + 129u] * work[part28 * 32u + min(part21, part28)]),
        part21 < part27,
      ),
      select(
        0.0,
        (read_3_2.x + read_3_2.y + (read_3_2.z + read_3_2.w)) * (keyEntries[rows1 + min(
          first + part29,
          part23,
        ) * 132u + 129u] * work[part30 * 32u + min(part21, part30)]),
        part21 < part29,
      ),
    );
    let part31 = keyFour * 4u + 3u;
    let part32 = rowFour * 4u;
    let part33 = max(keyRows, 1u) - 1u;
    let part34 = max(part32, 1u) - 1u;
    let part35 = part32 + 1u;
    let part36 = max(part35, 1u) - 1u;
    let part37 = part32 + 2u;
    let part38 = max(part37, 1u) - 1u;
    let part39 = part32 + 3u;
    let part40 = max(part39, 1u) - 1u;
    coefficients[(keyFour * 4u + 3u) * 8u + rowFour] = vec4f(
      select(
        0.0,
        (read_0_3.x + read_0_3.y + (read_0_3.z + read_0_3.w)) * (keyEntries[rows1 + min(
          first + part32,
          part33,
        ) * 132u + 129u] * work[part34 * 32u + min(part31, part34)]),
        part31 < part32,
      ),
      select(
        0.0,
        (read_1_3.x + read_1_3.y + (read_1_3.z + read_1_3.w)) * (keyEntries[rows1 + min(
          first + part35,
          part33,
        ) * 132u + 129u] * work[part36 * 32u + min(part31, part36)]),
        part31 < part35,
      ),
      select(
        0.0,
        (read_2_3.x + read_2_3.y + (read_2_3.z + read_2_3.w)) * (keyEntries[rows1 + min(
          first + part37,
          part33,
        ) * 132u + 129u] * work[part38 * 32u + min(part31, part38)]),
        part31 < part37,
      ),
      select(
        0.0,
        (read_3_3.x + read_3_3.y + (read_3_3.z + read_3_3.w)) * (keyEntries[rows1 + min(
          first + part39,
          part33,
        ) * 132u + 129u] * work[part40 * 32u + min(part31, part40)]),
        part31 < part39,
      ),
    );
  }
  workgroupBarrier();
  for (var value = thread; value < 128u; value += 64u) {
    for (var valueFour = 0u; valueFour < 8u * unknownOne; valueFour++) {
      var valueSolved = vec4f(
        select(
          0.0,
          0.0 + keyEntries[rows1 + min(first + valueFour * 4u, max(keyRows, 1u) - 1u) * 132u + value],
          valueFour * 4u < here,
        ),
        select(
          0.0,
          0.0 + keyEntries[rows1 + min(first + (valueFour * 4u + 1u), max(keyRows, 1u) - 1u) * 132u + value],
          valueFour * 4u + 1u < here,
        ),
        select(
          0.0,
          0.0 + keyEntries[rows1 + min(first + (valueFour * 4u + 2u), max(keyRows, 1u) - 1u) * 132u + value],
          valueFour * 4u + 2u < here,
        ),
        select(
          0.0,
          0.0 + keyEntries[rows1 + min(first + (valueFour * 4u + 3u), max(keyRows, 1u) - 1u) * 132u + value],
          valueFour * 4u + 3u < here,
        ),
      );
      for (var valueBefore = 0u; valueBefore < valueFour * 4u; valueBefore++) {
        valueSolved = fma(
          coefficients[valueBefore * 8u + valueFour],
          vec4f(work[valueBefore * 64u + thread]),
          valueSolved,
        );
      }
      valueSolved = fma(coefficients[valueFour * 32u + valueFour], vec4f(valueSolved.x), valueSolved);
      valueSolved = fma(
        coefficients[(valueFour * 4u + 1u) * 8u + valueFour],
        vec4f(valueSolved.y),
        valueSolved,
      );
      valueSolved = fma(
        coefficients[(valueFour * 4u + 2u) * 8u + valueFour],
        vec4f(valueSolved.z),
        valueSolved,
      );
      work[valueFour * 256u + thread] = valueSolved.x;
      chunkRows[((slice * shape.chunks + chunk) * 32u + valueFour * 4u) * 292u + value] = valueSolved.x;
      work[(valueFour * 4u + 1u) * 64u + thread] = valueSolved.y;
      chunkRows[((slice * shape.chunks + chunk) * 32u + (valueFour * 4u + 1u)) * 292u + value] = valueSolved.y;
      work[(valueFour * 4u + 2u) * 64u + thread] = valueSolved.z;
      chunkRows[((slice * shape.chunks + chunk) * 32u + (valueFour * 4u + 2u)) * 292u + value] = valueSolved.z;
      work[(valueFour * 4u + 3u) * 64u + thread] = valueSolved.w;
      chunkRows[((slice * shape.chunks + chunk) * 32u + (valueFour * 4u + 3u)) * 292u + value] = valueSolved.w;
    }
  }
  for (var feature = thread; feature < 128u; feature += 64u) {
    for (var featureFour = 0u; featureFour < 8u * unknownOne; featureFour++) {
      var featureSolved = vec4f(
        select(
          0.0,
          keyEntries[rows1 + min(
            first + featureFour * 4u,
            max(keyRows, 1u) - 1u,
          ) * 132u + 129u] * before[featureFour * 4u] * keyFeatures[(rows2 + min(first + featureFour * 4u, max(keyRows, 1u) - 1u) * 128u + feature) / 4u][(rows2 + min(first + featureFour * 4u, max(keyRows, 1u) - 1u) * 128u + feature) % 4u],
          featureFour * 4u < here,
        ),
        select(
          0.0,
          keyEntries[rows1 + min(
            first + (featureFour * 4u + 1u),
            max(keyRows, 1u) - 1u,
          ) * 132u + 129u] * before[featureFour * 4u + 1u] * keyFeatures[(rows2 + min(first + (featureFour * 4u + 1u), max(keyRows, 1u) - 1u) * 128u + feature) / 4u][(rows2 + min(first + (featureFour * 4u + 1u), max(keyRows, 1u) - 1u) * 128u + feature) % 4u],
          featureFour * 4u + 1u < here,
        ),
        select(
          0.0,
          keyEntries[rows1 + min(
            first + (featureFour * 4u + 2u),
            max(keyRows, 1u) - 1u,
          ) * 132u + 129u] * before[featureFour * 4u + 2u] * keyFeatures[(rows2 + min(first + (featureFour * 4u + 2u), max(keyRows, 1u) - 1u) * 128u + feature) / 4u][(rows2 + min(first + (featureFour * 4u + 2u), max(keyRows, 1u) - 1u) * 128u + feature) % 4u],
          featureFour * 4u + 2u < here,
        ),
        select(
          0.0,
          keyEntries[rows1 + min(
            first + (featureFour * 4u + 3u),
            max(keyRows, 1u) - 1u,
          ) * 132u + 129u] * before[featureFour * 4u + 3u] * keyFeatures[(rows2 + min(first + (featureFour * 4u + 3u), max(keyRows, 1u) - 1u) * 128u + feature) / 4u][(rows2 + min(first + (featureFour * 4u + 3u), max(keyRows, 1u) - 1u) * 128u + feature) % 4u],
          featureFour * 4u + 3u < here,
        ),
      );
      for (var featureBefore = 0u; featureBefore < featureFour * 4u; featureBefore++) {
        featureSolved = fma(
          coefficients[featureBefore * 8u + featureFour],
          vec4f(work[featureBefore * 64u + thread]),
          featureSolved,
        );
      }
      featureSolved = fma(
        coefficients[featureFour * 32u + featureFour],
        vec4f(featureSolved.x),
        featureSolved,
      );
      featureSolved = fma(
        coefficients[(featureFour * 4u + 1u) * 8u + featureFour],
        vec4f(featureSolved.y),
        featureSolved,
      );
      featureSolved = fma(
        coefficients[(featureFour * 4u + 2u) * 8u + featureFour],
        vec4f(featureSolved.z),
        featureSolved,
      );
      work[featureFour * 256u + thread] = featureSolved.x;
      chunkRows[((slice * shape.chunks + chunk) * 32u + featureFour * 4u) * 292u + (feature + 128u)] = featureSolved.x;
      work[(featureFour * 4u + 1u) * 64u + thread] = featureSolved.y;
      chunkRows[((slice * shape.chunks + chunk) * 32u + (featureFour * 4u + 1u)) * 292u + (feature + 128u)] = featureSolved.y;
      work[(featureFour * 4u + 2u) * 64u + thread] = featureSolved.z;
      chunkRows[((slice * shape.chunks + chunk) * 32u + (featureFour * 4u + 2u)) * 292u + (feature + 128u)] = featureSolved.z;
      work[(featureFour * 4u + 3u) * 64u + thread] = featureSolved.w;
      chunkRows[((slice * shape.chunks + chunk) * 32u + (featureFour * 4u + 3u)) * 292u + (feature + 128u)] = featureSolved.w;
    }
  }
}
