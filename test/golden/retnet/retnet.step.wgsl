// step: One more token: its key and value into the state, its query out of it.
// 256 threads a workgroup, 1856 bytes of workgroup memory
// reads q, k, v, decay; writes carried, out

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
@group(0) @binding(4) var<storage, read> decay: array<f32>;
@group(0) @binding(5) var<storage, read_write> carried: array<f32>;
@group(0) @binding(6) var<storage, read_write> out: array<f32>;

var<workgroup> kept: array<f32, 64>;
var<workgroup> added: array<f32, 64>;
var<workgroup> weights: array<f32, 64>;
var<workgroup> totals: array<f32, 16>;
var<workgroup> partialSums: array<f32, 256>;

@compute @workgroup_size(256, 1, 1)
fn step(
  @builtin(local_invocation_index) thread: u32,
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(num_workgroups) workgroup_counts: vec3u,
) {
  let workgroup = workgroup_id.x + workgroup_id.y * workgroup_counts.x;
  if (workgroup >= shape.sliceCount) {
    return;
  }
  let slice = workgroup;
  let group = shape.sliceStart + slice;
  let batchItem = group / shape.heads;
  let keyGroup = group / (shape.heads / shape.kvHeads);
  let logDecay = decay[group % shape.heads];
  let stateStart = group * 8256u;
  let value0 = v[keyGroup * 128u + thread % 128u];
  let queryHead = group;
  var sums_0 = 0.0;
  var total = 0.0;
  for (var components = 0u; components < 64u; components += 64u) {
    var z = vec4f(0.0);
    if (thread < 16u) {
      z = vec4f(
        carried[stateStart + 8192u + (components + thread * 4u)],
        carried[stateStart + 8192u + (components + thread * 4u + 1u)],
        carried[stateStart + 8192u + (components + thread * 4u + 2u)],
        carried[stateStart + 8192u + (components + thread * 4u + 3u)],
      );
      let kRow0 = 0u;
      let kStart0 = keyGroup * 64u + kRow0 * 64u;
      let kComponent0 = components + thread * 4u;
      let kComponent1 = components + thread * 4u + 1u;
      let kComponent2 = components + thread * 4u + 2u;
      let kComponent3 = components + thread * 4u + 3u;
      let k_x1 = vec4f(
        k[kStart0 + kComponent0],
        k[kStart0 + kComponent1],
        k[kStart0 + kComponent2],
        k[kStart0 + kComponent3],
      );
      let k_value2 = 0.35355338 * k_x1;
      z = z * exp2(logDecay) + k_value2;
      carried[stateStart + 8192u + (components + thread * 4u)] = z.x;
      carried[stateStart + 8192u + (components + thread * 4u + 1u)] = z.y;
      carried[stateStart + 8192u + (components + thread * 4u + 2u)] = z.z;
      carried[stateStart + 8192u + (components + thread * 4u + 3u)] = z.w;
      let kept4 = vec4f(exp2(logDecay));
      kept[thread * 4u] = kept4.x;
      kept[thread * 4u + 1u] = kept4.y;
      kept[thread * 4u + 2u] = kept4.z;
      kept[thread * 4u + 3u] = kept4.w;
      let added4 = k_value2;
      added[thread * 4u] = added4.x;
      added[thread * 4u + 1u] = added4.y;
      added[thread * 4u + 2u] = added4.z;
      added[thread * 4u + 3u] = added4.w;
      let qRow0 = 0u;
      let qStart0 = queryHead * 64u + qRow0 * 64u;
      let qComponent0 = components + thread * 4u;
      let qComponent1 = components + thread * 4u + 1u;
      let qComponent2 = components + thread * 4u + 2u;
      let qComponent3 = components + thread * 4u + 3u;
      let q_x1 = vec4f(
        q[qStart0 + qComponent0],
        q[qStart0 + qComponent1],
        q[qStart0 + qComponent2],
        q[qStart0 + qComponent3],
      );
      let q_value2 = 0.35355338 * q_x1;
      let weight = q_value2;
      let weights4 = weight;
      weights[thread * 4u] = weights4.x;
      weights[thread * 4u + 1u] = weights4.y;
      weights[thread * 4u + 2u] = weights4.z;
      weights[thread * 4u + 3u] = weights4.w;
      let weighed = weight * z;
      total += weighed.x + weighed.y + (weighed.z + weighed.w);
    }
    workgroupBarrier();
    let firstFeature = thread / 128u;
    for (var feature = firstFeature; feature < 64u; feature += 16u) {
      let s0_0 = carried[stateStart + (components + feature) * 128u + thread % 128u];
      let s1_0 = carried[stateStart + (components + (feature + 2u)) * 128u + thread % 128u];
      let s2_0 = carried[stateStart + (components + (feature + 4u)) * 128u + thread % 128u];
      let s3_0 = carried[stateStart + (components + (feature + 6u)) * 128u + thread % 128u];
      let s4_0 = carried[stateStart + (components + (feature + 8u)) * 128u + thread % 128u];
      let s5_0 = carried[stateStart + (components + (feature + 10u)) * 128u + thread % 128u];
      let s6_0 = carried[stateStart + (components + (feature + 12u)) * 128u + thread % 128u];
      let s7_0 = carried[stateStart + (components + (feature + 14u)) * 128u + thread % 128u];
      let weight0 = weights[feature];
      var now0_0 = s0_0 * kept[feature] + added[feature] * value0;
      carried[stateStart + (components + feature) * 128u + thread % 128u] = now0_0;
      sums_0 += weight0 * now0_0;
      let weight1 = weights[feature + 2u];
      var now1_0 = s1_0 * kept[feature + 2u] + added[feature + 2u] * value0;
      carried[stateStart + (components + (feature + 2u)) * 128u + thread % 128u] = now1_0;
      sums_0 += weight1 * now1_0;
      let weight2 = weights[feature + 4u];
      var now2_0 = s2_0 * kept[feature + 4u] + added[feature + 4u] * value0;
      carried[stateStart + (components + (feature + 4u)) * 128u + thread % 128u] = now2_0;
      sums_0 += weight2 * now2_0;
      let weight3 = weights[feature + 6u];
      var now3_0 = s3_0 * kept[feature + 6u] + added[feature + 6u] * value0;
      carried[stateStart + (components + (feature + 6u)) * 128u + thread % 128u] = now3_0;
      sums_0 += weight3 * now3_0;
      let weight4 = weights[feature + 8u];
      var now4_0 = s4_0 * kept[feature + 8u] + added[feature + 8u] * value0;
      carried[stateStart + (components + (feature + 8u)) * 128u + thread % 128u] = now4_0;
      sums_0 += weight4 * now4_0;
      let weight5 = weights[feature + 10u];
      var now5_0 = s5_0 * kept[feature + 10u] + added[feature + 10u] * value0;
      carried[stateStart + (components + (feature + 10u)) * 128u + thread % 128u] = now5_0;
      sums_0 += weight5 * now5_0;
      let weight6 = weights[feature + 12u];
      var now6_0 = s6_0 * kept[feature + 12u] + added[feature + 12u] * value0;
      carried[stateStart + (components + (feature + 12u)) * 128u + thread % 128u] = now6_0;
      sums_0 += weight6 * now6_0;
      let weight7 = weights[feature + 14u];
      var now7_0 = s7_0 * kept[feature + 14u] + added[feature + 14u] * value0;
      carried[stateStart + (components + (feature + 14u)) * 128u + thread % 128u] = now7_0;
      sums_0 += weight7 * now7_0;
    }
    workgroupBarrier();
  }
  if (thread < 16u) {
    totals[thread] = total;
  }
  partialSums[thread] = sums_0;
  workgroupBarrier();
  if (thread < 128u) {
    total = 0.0;
    for (var four = 0u; four < 16u; four += 8u) {
      total += totals[four];
      total += totals[four + 1u];
      total += totals[four + 2u];
      total += totals[four + 3u];
      total += totals[four + 4u];
      total += totals[four + 5u];
      total += totals[four + 6u];
      total += totals[four + 7u];
    }
    sums_0 += partialSums[thread + 128u];
    out[queryHead * 128u + thread % 128u] = sums_0;
  }
}
