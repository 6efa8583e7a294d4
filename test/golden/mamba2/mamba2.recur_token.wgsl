// recur_token: Takes the rows of a head in order: each changes a state, which its query reads; the state is left.
// 32 threads a workgroup, 16384 bytes of workgroup memory
// reads q, keyEntries, k, positions; writes carried, met

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
@group(0) @binding(4) var<storage, read> positions: array<u32>;
@group(0) @binding(5) var<storage, read_write> carried: array<f32>;
@group(0) @binding(6) var<storage, read_write> met: array<f32>;

var<workgroup> state: array<vec4f, 1024>;

@compute @workgroup_size(32, 1, 1)
fn recur_token(
  @builtin(local_invocation_index) thread: u32,
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(num_workgroups) workgroup_counts: vec3u,
) {
  let workgroup = workgroup_id.x + workgroup_id.y * workgroup_counts.x;
  if (workgroup >= shape.sliceCount * 2u) {
    return;
  }
  // 1, which no compiler knows: loops up to a multiple of it are not written out
  let unknownOne = min(shape.sliceCount, 1u);
  let columnTile = workgroup % 2u;
  let rest1 = workgroup / 2u;
  let headInGroup = 0u;
  let slice = rest1;
  let group = shape.sliceStart + slice;
  let batchItem = group / shape.heads;
  let keyGroup = group / (shape.heads / shape.kvHeads);
  let firstPosition = positions[batchItem];
  let queryHead = group + headInGroup;
  let column = columnTile * 32u + thread;
  let rows0 = (queryHead * shape.headStride + batchItem * shape.itemGap) * 128u;
  let rows1 = slice * shape.keyLength * 68u;
  let rows2 = (keyGroup * shape.keyHeadStride + batchItem * shape.keyItemGap) * 128u;
  let outRows = slice * shape.length * 64u;
  let keyRows = shape.keyLength;
  let behind = firstPosition > 0u;
  for (var begun = 0u; begun < 32u * unknownOne; begun++) {
    let begunPlace = begun * 32u + thread;
    let begunFirst = begun * 4u;
    state[begunPlace] = vec4f(0.0);
    if (behind) {
      state[begunPlace] = vec4f(
        carried[(group * 128u + begunFirst) * 64u + column],
        carried[(group * 128u + (begunFirst + 1u)) * 64u + column],
        carried[(group * 128u + (begunFirst + 2u)) * 64u + column],
        carried[(group * 128u + (begunFirst + 3u)) * 64u + column],
      );
    }
  }
  for (var row = 0u; row < keyRows; row++) {
    let query0 = rows0 + min(row, shape.length - 1u) * (shape.rowStride * 128u);
    let entries0 = rows1 + row * 68u + 64u;
    let entries1 = rows2 + row * (shape.keyRowStride * 128u);
    let entries2 = rows1 + row * 68u;
    let by0 = vec4f(keyEntries[entries2 + column]);
    var sums = vec4f(0.0);
    for (var feature = 0u; feature < 32u * unknownOne; feature++) {
      let featurePlace = feature * 32u + thread;
      let featureFirst = feature * 4u;
      let changed = fma(k[(entries1 + featureFirst) / 4u], by0, keyEntries[entries0] * state[featurePlace]);
      state[featurePlace] = changed;
      sums = fma(q[(query0 + featureFirst) / 4u], changed, sums);
    }
    if (row < shape.length) {
      met[outRows + row * 64u + column] = sums.x + sums.y + (sums.z + sums.w);
    }
  }
  for (var later = keyRows; later < shape.length; later++) {
    let query0 = rows0 + later * (shape.rowStride * 128u);
    var result = vec4f(0.0);
    for (var resultFeature = 0u; resultFeature < 32u * unknownOne; resultFeature++) {
      let resultFeaturePlace = resultFeature * 32u + thread;
      let resultFeatureFirst = resultFeature * 4u;
      result = fma(q[(query0 + resultFeatureFirst) / 4u], state[resultFeaturePlace], result);
    }
    met[outRows + later * 64u + column] = result.x + result.y + (result.z + result.w);
  }
  for (var left = 0u; left < 128u; left++) {
    let leftFour = state[left / 4u * 32u + thread];
    let leftLane = left % 4u;
    carried[(group * 128u + left) * 64u + column] = select(
      select(leftFour.w, leftFour.z, leftLane == 2u),
      select(leftFour.y, leftFour.x, leftLane == 0u),
      leftLane < 2u,
    );
  }
}
