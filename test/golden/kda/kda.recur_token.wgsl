// recur_token: Takes the rows of a head in order: each changes a state, which its query reads; the state is left.
// 32 threads a workgroup, 16384 bytes of workgroup memory
// reads queryFeatures, keyEntries, keyFeatures, positions; writes carried, met

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
@group(0) @binding(2) var<storage, read> keyEntries: array<vec4f>;
@group(0) @binding(3) var<storage, read> keyFeatures: array<vec4f>;
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
  if (workgroup >= shape.sliceCount * 4u) {
    return;
  }
  // 1, which no compiler knows: loops up to a multiple of it are not written out
  let unknownOne = min(shape.sliceCount, 1u);
  let columnTile = workgroup % 4u;
  let rest1 = workgroup / 4u;
  let headInGroup = 0u;
  let slice = rest1;
  let group = shape.sliceStart + slice;
  let batchItem = group / shape.heads;
  let keyGroup = group / (shape.heads / shape.kvHeads);
  let firstPosition = positions[batchItem];
  let queryHead = group + headInGroup;
  let column = columnTile * 32u + thread;
  let rows0 = slice * shape.length * 128u;
  let rows1 = slice * shape.keyLength * 388u;
  let rows2 = slice * shape.keyLength * 128u;
  let outRows = slice * shape.length * 128u;
  let keyRows = shape.keyLength;
  let behind = firstPosition > 0u;
  for (var begun = 0u; begun < 32u * unknownOne; begun++) {
    let begunPlace = begun * 32u + thread;
    let begunFirst = begun * 4u;
    state[begunPlace] = vec4f(0.0);
    if (behind) {
      state[begunPlace] = vec4f(
        carried[(group * 128u + begunFirst) * 128u + column],
        carried[(group * 128u + (begunFirst + 1u)) * 128u + column],
        carried[(group * 128u + (begunFirst + 2u)) * 128u + column],
        carried[(group * 128u + (begunFirst + 3u)) * 128u + column],
      );
    }
  }
  for (var row = 0u; row < keyRows; row++) {
    let query0 = rows0 + min(row, shape.length - 1u) * 128u;
    let entries0 = rows1 + row * 388u;
    let entries1 = rows2 + row * 128u;
    let entries2 = rows1 + row * 388u + 128u;
    let entries3 = rows1 + row * 388u + 256u;
    let entries4 = rows1 + row * 388u + 384u;
    var sums0_0 = vec4f(0.0);
    for (var sums0_0Feature = 0u; sums0_0Feature < 32u * unknownOne; sums0_0Feature++) {
      let sums0_0FeaturePlace = sums0_0Feature * 32u + thread;
      let sums0_0FeatureFirst = sums0_0Feature * 4u;
      sums0_0 = fma(keyEntries[(entries3 + sums0_0FeatureFirst) / 4u], state[sums0_0FeaturePlace], sums0_0);
    }
    let read0_0 = sums0_0.x + sums0_0.y + (sums0_0.z + sums0_0.w);
    let by0 = vec4f(keyEntries[(entries2 + column) / 4u][(entries2 + column) % 4u] + keyEntries[entries4 / 4u][entries4 % 4u] * read0_0);
    var sums = vec4f(0.0);
    for (var feature = 0u; feature < 32u * unknownOne; feature++) {
      let featurePlace = feature * 32u + thread;
      let featureFirst = feature * 4u;
      let changed = fma(
        keyFeatures[(entries1 + featureFirst) / 4u],
        by0,
        keyEntries[(entries0 + featureFirst) / 4u] * state[featurePlace],
      );
      state[featurePlace] = changed;
      sums = fma(queryFeatures[(query0 + featureFirst) / 4u], changed, sums);
    }
    if (row < shape.length) {
      met[outRows + row * 128u + column] = sums.x + sums.y + (sums.z + sums.w);
    }
  }
  for (var later = keyRows; later < shape.length; later++) {
    let query0 = rows0 + later * 128u;
    var result = vec4f(0.0);
    for (var resultFeature = 0u; resultFeature < 32u * unknownOne; resultFeature++) {
      let resultFeaturePlace = resultFeature * 32u + thread;
      let resultFeatureFirst = resultFeature * 4u;
      result = fma(queryFeatures[(query0 + resultFeatureFirst) / 4u], state[resultFeaturePlace], result);
    }
    met[outRows + later * 128u + column] = result.x + result.y + (result.z + result.w);
  }
  for (var left = 0u; left < 128u; left++) {
    let leftFour = state[left / 4u * 32u + thread];
    let leftLane = left % 4u;
    carried[(group * 128u + left) * 128u + column] = select(
      select(leftFour.w, leftFour.z, leftLane == 2u),
      select(leftFour.y, leftFour.x, leftLane == 0u),
      leftLane < 2u,
    );
  }
}
