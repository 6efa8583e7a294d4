// recur: Takes the rows of a head in order: each changes a state, which its query reads.
// 32 threads a workgroup, 10240 bytes of workgroup memory
// reads queryFeatures, keyFeatures, lengths, chunkRows; writes met

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
@group(0) @binding(2) var<storage, read> keyFeatures: array<vec4f>;
@group(0) @binding(3) var<storage, read> lengths: array<u32>;
@group(0) @binding(4) var<storage, read> chunkRows: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> met: array<f32>;

var<workgroup> state: array<vec4f, 512>;
var<workgroup> changes: array<vec4f, 128>;

@compute @workgroup_size(32, 1, 1)
fn recur(
  @builtin(local_invocation_index) thread: u32,
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(num_workgroups) workgroup_counts: vec3u,
) {
  let workgroup = workgroup_id.x + workgroup_id.y * workgroup_counts.x;
  if (workgroup >= shape.sliceCount * 8u) {
    return;
  }
  // 1, which no compiler knows: loops up to a multiple of it are not written out
  let unknownOne = min(shape.sliceCount, 1u);
  let columnTile = workgroup % 8u;
  let rest1 = workgroup / 8u;
  let headInGroup = 0u;
  let slice = rest1;
  let group = shape.sliceStart + slice;
  let batchItem = group / shape.heads;
  let keyGroup = group / (shape.heads / shape.kvHeads);
  let visible = min(lengths[batchItem], shape.keyLength);
  let queryHead = group + headInGroup;
  let rowFour = thread / 4u;
  let columnFour = thread % 4u;
  let column = columnTile * 16u + columnFour * 4u;
  let keyRows = visible;
  let rows0 = slice * shape.length * 128u;
  let rows1 = slice * shape.keyLength * 128u;
  var state_0 = vec4f(0.0);
  var state_1 = vec4f(0.0);
  var state_2 = vec4f(0.0);
  var state_3 = vec4f(0.0);
  var state_4 = vec4f(0.0);
  var state_5 = vec4f(0.0);
  var state_6 = vec4f(0.0);
  var state_7 = vec4f(0.0);
  var state_8 = vec4f(0.0);
  var state_9 = vec4f(0.0);
  var state_10 = vec4f(0.0);
  var state_11 = vec4f(0.0);
  var state_12 = vec4f(0.0);
  var state_13 = vec4f(0.0);
  var state_14 = vec4f(0.0);
  var state_15 = vec4f(0.0);
  let outRows = slice * shape.length * 128u;
  for (var chunk = 0u; chunk < shape.chunks; chunk++) {
    let first = chunk * 32u;
    let here = min(max(keyRows, first) - first, 32u);
    state[rowFour * 16u + columnFour] = state_0;
    state[(rowFour * 4u + 1u) * 4u + columnFour] = state_1;
    state[(rowFour * 4u + 2u) * 4u + columnFour] = state_2;
    state[(rowFour * 4u + 3u) * 4u + columnFour] = state_3;
    state[(rowFour + 8u) * 16u + columnFour] = state_4;
    state[((rowFour + 8u) * 4u + 1u) * 4u + columnFour] = state_5;
    state[((rowFour + 8u) * 4u + 2u) * 4u + columnFour] = state_6;
    state[((rowFour + 8u) * 4u + 3u) * 4u + columnFour] = state_7;
    state[(rowFour + 16u) * 16u + columnFour] = state_8;
    state[((rowFour + 16u) * 4u + 1u) * 4u + columnFour] = state_9;
    state[((rowFour + 16u) * 4u + 2u) * 4u + columnFour] = state_10;
    state[((rowFour + 16u) * 4u + 3u) * 4u + columnFour] = state_11;
    state[(rowFour + 24u) * 16u + columnFour] = state_12;
    state[((rowFour + 24u) * 4u + 1u) * 4u + columnFour] = state_13;
    state[((rowFour + 24u) * 4u + 2u) * 4u + columnFour] = state_14;
    state[((rowFour + 24u) * 4u + 3u) * 4u + columnFour] = state_15;
    workgroupBarrier();
    let rowStart0 = ((slice * shape.chunks + chunk) * 32u + rowFour * 4u) * 292u;
    let queryStart0 = rows0 + min(first + rowFour * 4u, shape.length - 1u) * 128u;
    var result0 = vec4f(0.0);
    let rowStart1 = ((slice * shape.chunks + chunk) * 32u + (rowFour * 4u + 1u)) * 292u;
    let queryStart1 = rows0 + min(first + (rowFour * 4u + 1u), shape.length - 1u) * 128u;
    var result1 = vec4f(0.0);
    let rowStart2 = ((slice * shape.chunks + chunk) * 32u + (rowFour * 4u + 2u)) * 292u;
    let queryStart2 = rows0 + min(first + (rowFour * 4u + 2u), shape.length - 1u) * 128u;
    var result2 = vec4f(0.0);
    let rowStart3 = ((slice * shape.chunks + chunk) * 32u + (rowFour * 4u + 3u)) * 292u;
    let queryStart3 = rows0 + min(first + (rowFour * 4u + 3u), shape.length - 1u) * 128u;
    var result3 = vec4f(0.0);
    var change0 = chunkRows[(rowStart0 + min(column, 124u)) / 4u];
    var change1 = chunkRows[(rowStart1 + min(column, 124u)) / 4u];
    var change2 = chunkRows[(rowStart2 + min(column, 124u)) / 4u];
    var change3 = chunkRows[(rowStart3 + min(column, 124u)) / 4u];
    for (var feature = 0u; feature < 128u * unknownOne; feature += 4u) {
      let before0 = state[feature * 4u + columnFour];
      let before1 = state[(feature + 1u) * 4u + columnFour];
      let before2 = state[(feature + 2u) * 4u + columnFour];
      let before3 = state[(feature + 3u) * 4u + columnFour];
      let queryFour0 = queryFeatures[(queryStart0 + feature) / 4u];
      result0 = fma(vec4f(queryFour0.x), before0, result0);
      result0 = fma(vec4f(queryFour0.y), before1, result0);
      result0 = fma(vec4f(queryFour0.z), before2, result0);
      result0 = fma(vec4f(queryFour0.w), before3, result0);
      let readFour0 = chunkRows[(rowStart0 + 128u + feature) / 4u];
      change0 = fma(vec4f(readFour0.x), before0, change0);
      change0 = fma(vec4f(readFour0.y), before1, change0);
      change0 = fma(vec4f(readFour0.z), before2, change0);
      change0 = fma(vec4f(readFour0.w), before3, change0);
      let queryFour1 = queryFeatures[(queryStart1 + feature) / 4u];
      result1 = fma(vec4f(queryFour1.x), before0, result1);
      result1 = fma(vec4f(queryFour1.y), before1, result1);
      result1 = fma(vec4f(queryFour1.z), before2, result1);
      result1 = fma(vec4f(queryFour1.w), before3, result1);
      let readFour1 = chunkRows[(rowStart1 + 128u + feature) / 4u];
      change1 = fma(vec4f(readFour1.x), before0, change1);
      change1 = fma(vec4f(readFour1.y), before1, change1);
      change1 = fma(vec4f(readFour1.z), before2, change1);
      change1 = fma(vec4f(readFour1.w), before3, change1);
      let queryFour2 = queryFeatures[(queryStart2 + feature) / 4u];
      result2 = fma(vec4f(queryFour2.x), before0, result2);
      result2 = fma(vec4f(queryFour2.y), before1, result2);
      result2 = fma(vec4f(queryFour2.z), before2, result2);
      result2 = fma(vec4f(queryFour2.w), before3, result2);
      let readFour2 = chunkRows[(rowStart2 + 128u + feature) / 4u];
      change2 = fma(vec4f(readFour2.x), before0, change2);
      change2 = fma(vec4f(readFour2.y), before1, change2);
      change2 = fma(vec4f(readFour2.z), before2, change2);
      change2 = fma(vec4f(readFour2.w), before3, change2);
      let queryFour3 = queryFeatures[(queryStart3 + feature) / 4u];
      result3 = fma(vec4f(queryFour3.x), before0, result3);
      result3 = fma(vec4f(queryFour3.y), before1, result3);
      result3 = fma(vec4f(queryFour3.z), before2, result3);
      result3 = fma(vec4f(queryFour3.w), before3, result3);
      let readFour3 = chunkRows[(rowStart3 + 128u + feature) / 4u];
      change3 = fma(vec4f(readFour3.x), before0, change3);
      change3 = fma(vec4f(readFour3.y), before1, change3);
      change3 = fma(vec4f(readFour3.z), before2, change3);
      change3 = fma(vec4f(readFour3.w), before3, change3);
    }
    result0 *= vec4f(chunkRows[(rowStart0 + 288u) / 4u][(rowStart0 + 288u) % 4u]);
    result1 *= vec4f(chunkRows[(rowStart1 + 288u) / 4u][(rowStart1 + 288u) % 4u]);
    result2 *= vec4f(chunkRows[(rowStart2 + 288u) / 4u][(rowStart2 + 288u) % 4u]);
    result3 *= vec4f(chunkRows[(rowStart3 + 288u) / 4u][(rowStart3 + 288u) % 4u]);
    changes[rowFour * 16u + columnFour] = change0;
    changes[(rowFour * 4u + 1u) * 4u + columnFour] = change1;
    changes[(rowFour * 4u + 2u) * 4u + columnFour] = change2;
    changes[(rowFour * 4u + 3u) * 4u + columnFour] = change3;
    workgroupBarrier();
    for (var keyFour = 0u; keyFour < rowFour + 1u; keyFour++) {
      let written0 = changes[keyFour * 16u + columnFour];
      let written1 = changes[(keyFour * 4u + 1u) * 4u + columnFour];
      let written2 = changes[(keyFour * 4u + 2u) * 4u + columnFour];
      let written3 = changes[(keyFour * 4u + 3u) * 4u + columnFour];
      let weights0 = chunkRows[(((slice * shape.chunks + chunk) * 32u + rowFour * 4u) * 292u + 256u + keyFour * 4u) / 4u];
      result0 = fma(vec4f(weights0.x), written0, result0);
      result0 = fma(vec4f(weights0.y), written1, result0);
      result0 = fma(vec4f(weights0.z), written2, result0);
      result0 = fma(vec4f(weights0.w), written3, result0);
      let weights1 = chunkRows[(((slice * shape.chunks + chunk) * 32u + (rowFour * 4u + 1u)) * 292u + 256u + keyFour * 4u) / 4u];
      result1 = fma(vec4f(weights1.x), written0, result1);
      result1 = fma(vec4f(weights1.y), written1, result1);
      result1 = fma(vec4f(weights1.z), written2, result1);
      result1 = fma(vec4f(weights1.w), written3, result1);
      let weights2 = chunkRows[(((slice * shape.chunks + chunk) * 32u + (rowFour * 4u + 2u)) * 292u + 256u + keyFour * 4u) / 4u];
      result2 = fma(vec4f(weights2.x), written0, result2);
      result2 = fma(vec4f(weights2.y), written1, result2);
      result2 = fma(vec4f(weights2.z), written2, result2);
      result2 = fma(vec4f(weights2.w), written3, result2);
      let weights3 = chunkRows[(((slice * shape.chunks + chunk) * 32u + (rowFour * 4u + 3u)) * 292u + 256u + keyFour * 4u) / 4u];
      result3 = fma(vec4f(weights3.x), written0, result3);
      result3 = fma(vec4f(weights3.y), written1, result3);
      result3 = fma(vec4f(weights3.z), written2, result3);
      result3 = fma(vec4f(weights3.w), written3, result3);
    }
    let outRow0 = first + rowFour * 4u;
    if (outRow0 < shape.length) {
      let out0Four = result0;
      met[outRows + outRow0 * 128u + column] = out0Four.x;
      met[outRows + outRow0 * 128u + (column + 1u)] = out0Four.y;
      met[outRows + outRow0 * 128u + (column + 2u)] = out0Four.z;
      met[outRows + outRow0 * 128u + (column + 3u)] = out0Four.w;
    }
    let outRow1 = first + (rowFour * 4u + 1u);
    if (outRow1 < shape.length) {
      let out1Four = result1;
      met[outRows + outRow1 * 128u + column] = out1Four.x;
      met[outRows + outRow1 * 128u + (column + 1u)] = out1Four.y;
      met[outRows + outRow1 * 128u + (column + 2u)] = out1Four.z;
      met[outRows + outRow1 * 128u + (column + 3u)] = out1Four.w;
    }
    let outRow2 = first + (rowFour * 4u + 2u);
    if (outRow2 < shape.length) {
      let out2Four = result2;
      met[outRows + outRow2 * 128u + column] = out2Four.x;
      met[outRows + outRow2 * 128u + (column + 1u)] = out2Four.y;
      met[outRows + outRow2 * 128u + (column + 2u)] = out2Four.z;
      met[outRows + outRow2 * 128u + (column + 3u)] = out2Four.w;
    }
    let outRow3 = first + (rowFour * 4u + 3u);
    if (outRow3 < shape.length) {
      let out3Four = result3;
      met[outRows + outRow3 * 128u + column] = out3Four.x;
      met[outRows + outRow3 * 128u + (column + 1u)] = out3Four.y;
      met[outRows + outRow3 * 128u + (column + 2u)] = out3Four.z;
      met[outRows + outRow3 * 128u + (column + 3u)] = out3Four.w;
    }
    let all = chunkRows[(((slice * shape.chunks + chunk) * 32u + 31u) * 292u + 288u) / 4u][(((slice * shape.chunks + chunk) * 32u + 31u) * 292u + 288u) % 4u];
    state_0 *= vec4f(all);
    state_1 *= vec4f(all);
    state_2 *= vec4f(all);
    state_3 *= vec4f(all);
    state_4 *= vec4f(all);
    state_5 *= vec4f(all);
    state_6 *= vec4f(all);
    state_7 *= vec4f(all);
    state_8 *= vec4f(all);
    state_9 *= vec4f(all);
    state_10 *= vec4f(all);
    state_11 *= vec4f(all);
    state_12 *= vec4f(all);
    state_13 *= vec4f(all);
    state_14 *= vec4f(all);
    state_15 *= vec4f(all);
    for (var key = 0u; key < here; key++) {
      let keptChange = chunkRows[(((slice * shape.chunks + chunk) * 32u + key) * 292u + 289u) / 4u][(((slice * shape.chunks + chunk) * 32u + key) * 292u + 289u) % 4u] * changes[key * 4u + columnFour];
      let keyStart = rows1 + (first + key) * 128u;
      let keyFour0 = keyFeatures[(keyStart + min(rowFour * 4u, 124u)) / 4u];
      state_0 = fma(vec4f(keyFour0.x), keptChange, state_0);
      state_1 = fma(vec4f(keyFour0.y), keptChange, state_1);
      state_2 = fma(vec4f(keyFour0.z), keptChange, state_2);
      state_3 = fma(vec4f(keyFour0.w), keptChange, state_3);
      let keyFour1 = keyFeatures[(keyStart + min((rowFour + 8u) * 4u, 124u)) / 4u];
      state_4 = fma(vec4f(keyFour1.x), keptChange, state_4);
      state_5 = fma(vec4f(keyFour1.y), keptChange, state_5);
      state_6 = fma(vec4f(keyFour1.z), keptChange, state_6);
      state_7 = fma(vec4f(keyFour1.w), keptChange, state_7);
      let keyFour2 = keyFeatures[(keyStart + min((rowFour + 16u) * 4u, 124u)) / 4u];
      state_8 = fma(vec4f(keyFour2.x), keptChange, state_8);
      state_9 = fma(vec4f(keyFour2.y), keptChange, state_9);
      state_10 = fma(vec4f(keyFour2.z), keptChange, state_10);
      state_11 = fma(vec4f(keyFour2.w), keptChange, state_11);
      let keyFour3 = keyFeatures[(keyStart + min((rowFour + 24u) * 4u, 124u)) / 4u];
      state_12 = fma(vec4f(keyFour3.x), keptChange, state_12);
      state_13 = fma(vec4f(keyFour3.y), keptChange, state_13);
      state_14 = fma(vec4f(keyFour3.z), keptChange, state_14);
      state_15 = fma(vec4f(keyFour3.w), keptChange, state_15);
    }
  }
}
