// recur_pairs: Computes what rows of a chunk are to each other and to the state before it.
// 64 threads a workgroup, 12416 bytes of workgroup memory
// reads q, keyEntries, k, lengths; writes chunkRows

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
  headStride: u32,
  itemGap: u32,
  rowStride: u32,
  keyHeadStride: u32,
  keyItemGap: u32,
  keyRowStride: u32,
}

@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read> q: array<vec4f>;
@group(0) @binding(2) var<storage, read> keyEntries: array<f32>;
@group(0) @binding(3) var<storage, read> k: array<vec4f>;
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
  let rows0 = (queryHead * shape.headStride + batchItem * shape.itemGap) * 128u;
  let rows1 = slice * shape.keyLength * 68u;
  let rows2 = (keyGroup * shape.keyHeadStride + batchItem * shape.keyItemGap) * 128u;
  if (thread < 32u) {
    var after = 1.0;
    work[thread * 33u] = 1.0;
    for (var later = thread + 1u; later < 32u; later++) {
      after *= select(
        1.0,
        keyEntries[rows1 + min(first + later, max(keyRows, 1u) - 1u) * 68u + 64u],
        later < here,
      );
      work[later * 32u + thread] = after;
    }
    chunkRows[((slice * shape.chunks + chunk) * 32u + thread) * 36u + 33u] = after;
  }
  if (thread == 32u) {
    var all = 1.0;
    for (var row = 0u; row < 32u * unknownOne; row++) {
      before[row] = all;
      all *= select(1.0, keyEntries[rows1 + min(first + row, max(keyRows, 1u) - 1u) * 68u + 64u], row < here);
      chunkRows[((slice * shape.chunks + chunk) * 32u + row) * 36u + 32u] = all;
    }
  }
  workgroupBarrier();
  let rowFour = thread / 8u;
  let keyFour = thread % 8u;
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
    let weightRow0 = rows0 + min(first + rowFour * 4u, shape.length - 1u) * (shape.rowStride * 128u);
    let weightRow1 = rows0 + min(first + (rowFour * 4u + 1u), shape.length - 1u) * (shape.rowStride * 128u);
    let weightRow2 = rows0 + min(first + (rowFour * 4u + 2u), shape.length - 1u) * (shape.rowStride * 128u);
    let weightRow3 = rows0 + min(first + (rowFour * 4u + 3u), shape.length - 1u) * (shape.rowStride * 128u);
    let weightKey0 = rows2 + min(first + keyFour * 4u, max(keyRows, 1u) - 1u) * (shape.keyRowStride * 128u);
    let weightKey1 = rows2 + min(
      first + (keyFour * 4u + 1u),
      max(keyRows, 1u) - 1u,
    ) * (shape.keyRowStride * 128u);
    let weightKey2 = rows2 + min(
      first + (keyFour * 4u + 2u),
      max(keyRows, 1u) - 1u,
    ) * (shape.keyRowStride * 128u);
    let weightKey3 = rows2 + min(
      first + (keyFour * 4u + 3u),
      max(keyRows, 1u) - 1u,
    ) * (shape.keyRowStride * 128u);
    for (var weightFeature = 0u; weightFeature < 128u * unknownOne; weightFeature += 4u) {
      let weightRight0 = k[(weightKey0 + weightFeature) / 4u];
      let weightRight1 = k[(weightKey1 + weightFeature) / 4u];
      let weightRight2 = k[(weightKey2 + weightFeature) / 4u];
      let weightRight3 = k[(weightKey3 + weightFeature) / 4u];
      let weightLeft0 = q[(weightRow0 + weightFeature) / 4u];
      weight_0_0 = fma(weightLeft0, weightRight0, weight_0_0);
      weight_0_1 = fma(weightLeft0, weightRight1, weight_0_1);
      weight_0_2 = fma(weightLeft0, weightRight2, weight_0_2);
      weight_0_3 = fma(weightLeft0, weightRight3, weight_0_3);
      let weightLeft1 = q[(weightRow1 + weightFeature) / 4u];
      weight_1_0 = fma(weightLeft1, weightRight0, weight_1_0);
      weight_1_1 = fma(weightLeft1, weightRight1, weight_1_1);
      weight_1_2 = fma(weightLeft1, weightRight2, weight_1_2);
      weight_1_3 = fma(weightLeft1, weightRight3, weight_1_3);
      let weightLeft2 = q[(weightRow2 + weightFeature) / 4u];
      weight_2_0 = fma(weightLeft2, weightRight0, weight_2_0);
      weight_2_1 = fma(weightLeft2, weightRight1, weight_2_1);
      weight_2_2 = fma(weightLeft2, weightRight2, weight_2_2);
      weight_2_3 = fma(weightLeft2, weightRight3, weight_2_3);
      let weightLeft3 = q[(weightRow3 + weightFeature) / 4u];
      weight_3_0 = fma(weightLeft3, weightRight0, weight_3_0);
      weight_3_1 = fma(weightLeft3, weightRight1, weight_3_1);
      weight_3_2 = fma(weightLeft3, weightRight2, weight_3_2);
      weight_3_3 = fma(weightLeft3, weightRight3, weight_3_3);
    }
    chunkRows[((slice * shape.chunks + chunk) * 32u + rowFour * 4u) * 36u + keyFour * 4u] = select(
      0.0,
      (weight_0_0.x + weight_0_0.y + (weight_0_0.z + weight_0_0.w)) * work[rowFour * 128u + min(
        keyFour * 4u,
        rowFour * 4u,
      )],
      (keyFour * 4u <= rowFour * 4u) & (keyFour * 4u < here),
    );
    chunkRows[((slice * shape.chunks + chunk) * 32u + rowFour * 4u) * 36u + (keyFour * 4u + 1u)] = select(
      0.0,
      (weight_0_1.x + weight_0_1.y + (weight_0_1.z + weight_0_1.w)) * work[rowFour * 128u + min(
        keyFour * 4u + 1u,
        rowFour * 4u,
      )],
      (keyFour * 4u + 1u <= rowFour * 4u) & (keyFour * 4u + 1u < here),
    );
    chunkRows[((slice * shape.chunks + chunk) * 32u + rowFour * 4u) * 36u + (keyFour * 4u + 2u)] = select(
      0.0,
      (weight_0_2.x + weight_0_2.y + (weight_0_2.z + weight_0_2.w)) * work[rowFour * 128u + min(
        keyFour * 4u + 2u,
        rowFour * 4u,
      )],
      (keyFour * 4u + 2u <= rowFour * 4u) & (keyFour * 4u + 2u < here),
    );
    chunkRows[((slice * shape.chunks + chunk) * 32u + rowFour * 4u) * 36u + (keyFour * 4u + 3u)] = select(
      0.0,
      (weight_0_3.x + weight_0_3.y + (weight_0_3.z + weight_0_3.w)) * work[rowFour * 128u + min(
        keyFour * 4u + 3u,
        rowFour * 4u,
      )],
      (keyFour * 4u + 3u <= rowFour * 4u) & (keyFour * 4u + 3u < here),
    );
    chunkRows[((slice * shape.chunks + chunk) * 32u + (rowFour * 4u + 1u)) * 36u + keyFour * 4u] = select(
      0.0,
      (weight_1_0.x + weight_1_0.y + (weight_1_0.z + weight_1_0.w)) * work[(rowFour * 4u + 1u) * 32u + min(
        keyFour * 4u,
        rowFour * 4u + 1u,
      )],
      (keyFour * 4u <= rowFour * 4u + 1u) & (keyFour * 4u < here),
    );
    chunkRows[((slice * shape.chunks + chunk) * 32u + (rowFour * 4u + 1u)) * 36u + (keyFour * 4u + 1u)] = select(
      0.0,
      (weight_1_1.x + weight_1_1.y + (weight_1_1.z + weight_1_1.w)) * work[(rowFour * 4u + 1u) * 32u + min(
        keyFour * 4u + 1u,
        rowFour * 4u + 1u,
      )],
      (keyFour * 4u + 1u <= rowFour * 4u + 1u) & (keyFour * 4u + 1u < here),
    );
    chunkRows[((slice * shape.chunks + chunk) * 32u + (rowFour * 4u + 1u)) * 36u + (keyFour * 4u + 2u)] = select(
      0.0,
      (weight_1_2.x + weight_1_2.y + (weight_1_2.z + weight_1_2.w)) * work[(rowFour * 4u + 1u) * 32u + min(
        keyFour * 4u + 2u,
        rowFour * 4u + 1u,
      )],
      (keyFour * 4u + 2u <= rowFour * 4u + 1u) & (keyFour * 4u + 2u < here),
    );
    chunkRows[((slice * shape.chunks + chunk) * 32u + (rowFour * 4u + 1u)) * 36u + (keyFour * 4u + 3u)] = select(
      0.0,
      (weight_1_3.x + weight_1_3.y + (weight_1_3.z + weight_1_3.w)) * work[(rowFour * 4u + 1u) * 32u + min(
        keyFour * 4u + 3u,
        rowFour * 4u + 1u,
      )],
      (keyFour * 4u + 3u <= rowFour * 4u + 1u) & (keyFour * 4u + 3u < here),
    );
    chunkRows[((slice * shape.chunks + chunk) * 32u + (rowFour * 4u + 2u)) * 36u + keyFour * 4u] = select(
      0.0,
      (weight_2_0.x + weight_2_0.y + (weight_2_0.z + weight_2_0.w)) * work[(rowFour * 4u + 2u) * 32u + min(
        keyFour * 4u,
        rowFour * 4u + 2u,
      )],
      (keyFour * 4u <= rowFour * 4u + 2u) & (keyFour * 4u < here),
    );
    chunkRows[((slice * shape.chunks + chunk) * 32u + (rowFour * 4u + 2u)) * 36u + (keyFour * 4u + 1u)] = select(
      0.0,
      (weight_2_1.x + weight_2_1.y + (weight_2_1.z + weight_2_1.w)) * work[(rowFour * 4u + 2u) * 32u + min(
        keyFour * 4u + 1u,
        rowFour * 4u + 2u,
      )],
      (keyFour * 4u + 1u <= rowFour * 4u + 2u) & (keyFour * 4u + 1u < here),
    );
    chunkRows[((slice * shape.chunks + chunk) * 32u + (rowFour * 4u + 2u)) * 36u + (keyFour * 4u + 2u)] = select(
      0.0,
      (weight_2_2.x + weight_2_2.y + (weight_2_2.z + weight_2_2.w)) * work[(rowFour * 4u + 2u) * 32u + min(
        keyFour * 4u + 2u,
        rowFour * 4u + 2u,
      )],
      (keyFour * 4u + 2u <= rowFour * 4u + 2u) & (keyFour * 4u + 2u < here),
    );
    chunkRows[((slice * shape.chunks + chunk) * 32u + (rowFour * 4u + 2u)) * 36u + (keyFour * 4u + 3u)] = select(
      0.0,
      (weight_2_3.x + weight_2_3.y + (weight_2_3.z + weight_2_3.w)) * work[(rowFour * 4u + 2u) * 32u + min(
        keyFour * 4u + 3u,
        rowFour * 4u + 2u,
      )],
      (keyFour * 4u + 3u <= rowFour * 4u + 2u) & (keyFour * 4u + 3u < here),
    );
    chunkRows[((slice * shape.chunks + chunk) * 32u + (rowFour * 4u + 3u)) * 36u + keyFour * 4u] = select(
      0.0,
      (weight_3_0.x + weight_3_0.y + (weight_3_0.z + weight_3_0.w)) * work[(rowFour * 4u + 3u) * 32u + min(
        keyFour * 4u,
        rowFour * 4u + 3u,
      )],
      (keyFour * 4u <= rowFour * 4u + 3u) & (keyFour * 4u < here),
    );
    chunkRows[((slice * shape.chunks + chunk) * 32u + (rowFour * 4u + 3u)) * 36u + (keyFour * 4u + 1u)] = select(
      0.0,
      (weight_3_1.x + weight_3_1.y + (weight_3_1.z + weight_3_1.w)) * work[(rowFour * 4u + 3u) * 32u + min(
        keyFour * 4u + 1u,
        rowFour * 4u + 3u,
      )],
      (keyFour * 4u + 1u <= rowFour * 4u + 3u) & (keyFour * 4u + 1u < here),
    );
    chunkRows[((slice * shape.chunks + chunk) * 32u + (rowFour * 4u + 3u)) * 36u + (keyFour * 4u + 2u)] = select(
      0.0,
      (weight_3_2.x + weight_3_2.y + (weight_3_2.z + weight_3_2.w)) * work[(rowFour * 4u + 3u) * 32u + min(
        keyFour * 4u + 2u,
        rowFour * 4u + 3u,
      )],
      (keyFour * 4u + 2u <= rowFour * 4u + 3u) & (keyFour * 4u + 2u < here),
    );
    chunkRows[((slice * shape.chunks + chunk) * 32u + (rowFour * 4u + 3u)) * 36u + (keyFour * 4u + 3u)] = select(
      0.0,
      (weight_3_3.x + weight_3_3.y + (weight_3_3.z + weight_3_3.w)) * work[(rowFour * 4u + 3u) * 32u + min(
        keyFour * 4u + 3u,
        rowFour * 4u + 3u,
      )],
      (keyFour * 4u + 3u <= rowFour * 4u + 3u) & (keyFour * 4u + 3u < here),
    );
  }
}
