// step: One more token: its key and value into the state, its query out of it.
// 256 threads a workgroup, 4352 bytes of workgroup memory
// reads q, k, v; writes carried, out

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
@group(0) @binding(4) var<storage, read_write> carried: array<f32>;
@group(0) @binding(5) var<storage, read_write> out: array<f32>;

var<workgroup> kept: array<f32, 256>;
var<workgroup> added: array<f32, 256>;
var<workgroup> weights: array<f32, 256>;
var<workgroup> totals: array<f32, 64>;
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
  let batchItem = group / shape.kvHeads;
  let keyGroup = group;
  let stateStart = group * 17745u;
  let value0 = v[keyGroup * 64u + thread % 64u];
  for (var headInGroup = 0u; headInGroup < shape.heads / shape.kvHeads; headInGroup++) {
    let queryHead = group * (shape.heads / shape.kvHeads) + headInGroup;
    let isFirst = headInGroup == 0u;
    var sums_0 = 0.0;
    var total = 0.0;
    for (var components = 0u; components < 1u; components += 4u) {
      var z = vec4f(0.0);
      if (thread < 1u) {
        z = vec4f(
          carried[stateStart + 17472u + min(components + thread * 4u, 0u)],
          carried[stateStart + 17472u + min(components + thread * 4u + 1u, 0u)],
          carried[stateStart + 17472u + min(components + thread * 4u + 2u, 0u)],
          carried[stateStart + 17472u + min(components + thread * 4u + 3u, 0u)],
        );
        if (isFirst) {
          let kRow0 = 0u;
          let kStart0 = keyGroup * 16u + kRow0 * 16u;
          let kComponent0 = min(components + thread * 4u, 0u);
          let kComponent1 = min(components + thread * 4u + 1u, 0u);
          let kComponent2 = min(components + thread * 4u + 2u, 0u);
          let kComponent3 = min(components + thread * 4u + 3u, 0u);
          z += vec4f(1.0);
          if (components + thread * 4u < 1u) {
            carried[stateStart + 17472u + (components + thread * 4u)] = z.x;
          }
          if (components + thread * 4u + 1u < 1u) {
            carried[stateStart + 17472u + (components + thread * 4u + 1u)] = z.y;
          }
          if (components + thread * 4u + 2u < 1u) {
            carried[stateStart + 17472u + (components + thread * 4u + 2u)] = z.z;
          }
          if (components + thread * 4u + 3u < 1u) {
            carried[stateStart + 17472u + (components + thread * 4u + 3u)] = z.w;
          }
          let kept4 = vec4f(1.0);
          kept[thread * 4u] = kept4.x;
          kept[thread * 4u + 1u] = kept4.y;
          kept[thread * 4u + 2u] = kept4.z;
          kept[thread * 4u + 3u] = kept4.w;
          let added4 = vec4f(1.0);
          added[thread * 4u] = added4.x;
          added[thread * 4u + 1u] = added4.y;
          added[thread * 4u + 2u] = added4.z;
          added[thread * 4u + 3u] = added4.w;
        }
        let qRow0 = 0u;
        let qStart0 = queryHead * 16u + qRow0 * 16u;
        let qComponent0 = min(components + thread * 4u, 0u);
        let qComponent1 = min(components + thread * 4u + 1u, 0u);
        let qComponent2 = min(components + thread * 4u + 2u, 0u);
        let qComponent3 = min(components + thread * 4u + 3u, 0u);
        let weight = vec4f(
          select(0.0, 1.0, components + thread * 4u < 1u),
          select(0.0, 1.0, components + thread * 4u + 1u < 1u),
          select(0.0, 1.0, components + thread * 4u + 2u < 1u),
          select(0.0, 1.0, components + thread * 4u + 3u < 1u),
        );
        let weights4 = weight;
        weights[thread * 4u] = weights4.x;
        weights[thread * 4u + 1u] = weights4.y;
        weights[thread * 4u + 2u] = weights4.z;
        weights[thread * 4u + 3u] = weights4.w;
        let weighed = weight * z;
        total += weighed.x + weighed.y + (weighed.z + weighed.w);
      }
      workgroupBarrier();
      let here = min(max(1u, components) - components, 4u);
      let firstFeature = thread / 64u;
      for (var feature = firstFeature; feature < here; feature += 4u) {
        let feature0 = min(feature, here - 1u);
        let s0_0 = carried[stateStart + (components + feature0) * 64u + thread % 64u];
        if (feature < here) {
          let weight0 = weights[feature0];
          var now0_0 = s0_0;
          if (isFirst) {
            now0_0 = s0_0 * kept[feature0] + added[feature0] * value0;
            carried[stateStart + (components + feature0) * 64u + thread % 64u] = now0_0;
          }
          sums_0 += weight0 * now0_0;
        }
      }
      workgroupBarrier();
    }
    for (var components = 0u; components < 16u; components += 16u) {
      var z = vec4f(0.0);
      if (thread < 4u) {
        z = vec4f(
          carried[stateStart + 17472u + (components + thread * 4u + 1u)],
          carried[stateStart + 17472u + (components + thread * 4u + 2u)],
          carried[stateStart + 17472u + (components + thread * 4u + 3u)],
          carried[stateStart + 17472u + (components + thread * 4u + 4u)],
        );
        if (isFirst) {
          let kRow0 = 0u;
          let kStart0 = keyGroup * 16u + kRow0 * 16u;
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
          let k_value2 = 0.5 * k_x1;
          z += k_value2;
          carried[stateStart + 17472u + (components + thread * 4u + 1u)] = z.x;
          carried[stateStart + 17472u + (components + thread * 4u + 2u)] = z.y;
          carried[stateStart + 17472u + (components + thread * 4u + 3u)] = z.z;
          carried[stateStart + 17472u + (components + thread * 4u + 4u)] = z.w;
          let kept4 = vec4f(1.0);
          kept[thread * 4u] = kept4.x;
          kept[thread * 4u + 1u] = kept4.y;
          kept[thread * 4u + 2u] = kept4.z;
          kept[thread * 4u + 3u] = kept4.w;
          let added4 = k_value2;
          added[thread * 4u] = added4.x;
          added[thread * 4u + 1u] = added4.y;
          added[thread * 4u + 2u] = added4.z;
          added[thread * 4u + 3u] = added4.w;
        }
        let qRow0 = 0u;
        let qStart0 = queryHead * 16u + qRow0 * 16u;
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
        let q_value2 = 0.5 * q_x1;
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
      let firstFeature = thread / 64u;
      for (var feature = firstFeature; feature < 16u; feature += 16u) {
        let s0_0 = carried[stateStart + (components + feature + 1u) * 64u + thread % 64u];
        let s1_0 = carried[stateStart + (components + (feature + 4u) + 1u) * 64u + thread % 64u];
        let s2_0 = carried[stateStart + (components + (feature + 8u) + 1u) * 64u + thread % 64u];
        let s3_0 = carried[stateStart + (components + (feature + 12u) + 1u) * 64u + thread % 64u];
        let weight0 = weights[feature];
        var now0_0 = s0_0;
        if (isFirst) {
          now0_0 = s0_0 * kept[feature] + added[feature] * value0;
          carried[stateStart + (components + feature + 1u) * 64u + thread % 64u] = now0_0;
        }
        sums_0 += weight0 * now0_0;
        let weight1 = weights[feature + 4u];
        var now1_0 = s1_0;
        if (isFirst) {
          now1_0 = s1_0 * kept[feature + 4u] + added[feature + 4u] * value0;
          carried[stateStart + (components + (feature + 4u) + 1u) * 64u + thread % 64u] = now1_0;
        }
        sums_0 += weight1 * now1_0;
        let weight2 = weights[feature + 8u];
        var now2_0 = s2_0;
        if (isFirst) {
          now2_0 = s2_0 * kept[feature + 8u] + added[feature + 8u] * value0;
          carried[stateStart + (components + (feature + 8u) + 1u) * 64u + thread % 64u] = now2_0;
        }
        sums_0 += weight2 * now2_0;
        let weight3 = weights[feature + 12u];
        var now3_0 = s3_0;
        if (isFirst) {
          now3_0 = s3_0 * kept[feature + 12u] + added[feature + 12u] * value0;
          carried[stateStart + (components + (feature + 12u) + 1u) * 64u + thread % 64u] = now3_0;
        }
        sums_0 += weight3 * now3_0;
      }
      workgroupBarrier();
    }
    for (var components = 0u; components < 256u; components += 256u) {
      var z = vec4f(0.0);
      if (thread < 64u) {
        z = vec4f(
          carried[stateStart + 17472u + (components + thread * 4u + 17u)],
          carried[stateStart + 17472u + (components + thread * 4u + 18u)],
          carried[stateStart + 17472u + (components + thread * 4u + 19u)],
          carried[stateStart + 17472u + (components + thread * 4u + 20u)],
        );
        if (isFirst) {
          let kRow0 = 0u;
          let kStart0 = keyGroup * 16u + kRow0 * 16u;
          let kComponent0 = components + thread * 4u;
          let kComponent1 = components + thread * 4u + 1u;
          let kComponent2 = components + thread * 4u + 2u;
          let kComponent3 = components + thread * 4u + 3u;
          let k_x1 = vec4f(
            k[kStart0 + kComponent0 / 16u],
            k[kStart0 + kComponent1 / 16u],
            k[kStart0 + kComponent2 / 16u],
            k[kStart0 + kComponent3 / 16u],
          );
          let k_x2 = vec4f(
            k[kStart0 + kComponent0 % 16u],
            k[kStart0 + kComponent1 % 16u],
            k[kStart0 + kComponent2 % 16u],
            k[kStart0 + kComponent3 % 16u],
          );
          let k_value3 = 0.17677669 * k_x1 * k_x2;
          z += k_value3;
          carried[stateStart + 17472u + (components + thread * 4u + 17u)] = z.x;
          carried[stateStart + 17472u + (components + thread * 4u + 18u)] = z.y;
          carried[stateStart + 17472u + (components + thread * 4u + 19u)] = z.z;
          carried[stateStart + 17472u + (components + thread * 4u + 20u)] = z.w;
          let kept4 = vec4f(1.0);
          kept[thread * 4u] = kept4.x;
          kept[thread * 4u + 1u] = kept4.y;
          kept[thread * 4u + 2u] = kept4.z;
          kept[thread * 4u + 3u] = kept4.w;
          let added4 = k_value3;
          added[thread * 4u] = added4.x;
          added[thread * 4u + 1u] = added4.y;
          added[thread * 4u + 2u] = added4.z;
          added[thread * 4u + 3u] = added4.w;
        }
        let qRow0 = 0u;
        let qStart0 = queryHead * 16u + qRow0 * 16u;
        let qComponent0 = components + thread * 4u;
        let qComponent1 = components + thread * 4u + 1u;
        let qComponent2 = components + thread * 4u + 2u;
        let qComponent3 = components + thread * 4u + 3u;
        let q_x1 = vec4f(
          q[qStart0 + qComponent0 / 16u],
          q[qStart0 + qComponent1 / 16u],
          q[qStart0 + qComponent2 / 16u],
          q[qStart0 + qComponent3 / 16u],
        );
        let q_x2 = vec4f(
          q[qStart0 + qComponent0 % 16u],
          q[qStart0 + qComponent1 % 16u],
          q[qStart0 + qComponent2 % 16u],
          q[qStart0 + qComponent3 % 16u],
        );
        let q_value3 = 0.17677669 * q_x1 * q_x2;
        let weight = q_value3;
        let weights4 = weight;
        weights[thread * 4u] = weights4.x;
        weights[thread * 4u + 1u] = weights4.y;
        weights[thread * 4u + 2u] = weights4.z;
        weights[thread * 4u + 3u] = weights4.w;
        let weighed = weight * z;
        total += weighed.x + weighed.y + (weighed.z + weighed.w);
      }
      workgroupBarrier();
      let firstFeature = thread / 64u;
      for (var feature = firstFeature; feature < 256u; feature += 32u) {
        let s0_0 = carried[stateStart + (components + feature + 17u) * 64u + thread % 64u];
        let s1_0 = carried[stateStart + (components + (feature + 4u) + 17u) * 64u + thread % 64u];
        let s2_0 = carried[stateStart + (components + (feature + 8u) + 17u) * 64u + thread % 64u];
        let s3_0 = carried[stateStart + (components + (feature + 12u) + 17u) * 64u + thread % 64u];
        let s4_0 = carried[stateStart + (components + (feature + 16u) + 17u) * 64u + thread % 64u];
        let s5_0 = carried[stateStart + (components + (feature + 20u) + 17u) * 64u + thread % 64u];
        let s6_0 = carried[stateStart + (components + (feature + 24u) + 17u) * 64u + thread % 64u];
        let s7_0 = carried[stateStart + (components + (feature + 28u) + 17u) * 64u + thread % 64u];
        let weight0 = weights[feature];
        var now0_0 = s0_0;
        if (isFirst) {
          now0_0 = s0_0 * kept[feature] + added[feature] * value0;
          carried[stateStart + (components + feature + 17u) * 64u + thread % 64u] = now0_0;
        }
        sums_0 += weight0 * now0_0;
        let weight1 = weights[feature + 4u];
        var now1_0 = s1_0;
        if (isFirst) {
          now1_0 = s1_0 * kept[feature + 4u] + added[feature + 4u] * value0;
          carried[stateStart + (components + (feature + 4u) + 17u) * 64u + thread % 64u] = now1_0;
        }
        sums_0 += weight1 * now1_0;
        let weight2 = weights[feature + 8u];
        var now2_0 = s2_0;
        if (isFirst) {
          now2_0 = s2_0 * kept[feature + 8u] + added[feature + 8u] * value0;
          carried[stateStart + (components + (feature + 8u) + 17u) * 64u + thread % 64u] = now2_0;
        }
        sums_0 += weight2 * now2_0;
        let weight3 = weights[feature + 12u];
        var now3_0 = s3_0;
        if (isFirst) {
          now3_0 = s3_0 * kept[feature + 12u] + added[feature + 12u] * value0;
          carried[stateStart + (components + (feature + 12u) + 17u) * 64u + thread % 64u] = now3_0;
        }
        sums_0 += weight3 * now3_0;
        let weight4 = weights[feature + 16u];
        var now4_0 = s4_0;
        if (isFirst) {
          now4_0 = s4_0 * kept[feature + 16u] + added[feature + 16u] * value0;
          carried[stateStart + (components + (feature + 16u) + 17u) * 64u + thread % 64u] = now4_0;
        }
        sums_0 += weight4 * now4_0;
        let weight5 = weights[feature + 20u];
        var now5_0 = s5_0;
        if (isFirst) {
          now5_0 = s5_0 * kept[feature + 20u] + added[feature + 20u] * value0;
          carried[stateStart + (components + (feature + 20u) + 17u) * 64u + thread % 64u] = now5_0;
        }
        sums_0 += weight5 * now5_0;
        let weight6 = weights[feature + 24u];
        var now6_0 = s6_0;
        if (isFirst) {
          now6_0 = s6_0 * kept[feature + 24u] + added[feature + 24u] * value0;
          carried[stateStart + (components + (feature + 24u) + 17u) * 64u + thread % 64u] = now6_0;
        }
        sums_0 += weight6 * now6_0;
        let weight7 = weights[feature + 28u];
        var now7_0 = s7_0;
        if (isFirst) {
          now7_0 = s7_0 * kept[feature + 28u] + added[feature + 28u] * value0;
          carried[stateStart + (components + (feature + 28u) + 17u) * 64u + thread % 64u] = now7_0;
        }
        sums_0 += weight7 * now7_0;
      }
      workgroupBarrier();
    }
    if (thread < 64u) {
      totals[thread] = total;
    }
    partialSums[thread] = sums_0;
    workgroupBarrier();
    if (thread < 64u) {
      total = 0.0;
      for (var four = 0u; four < 64u; four += 8u) {
        total += totals[four];
        total += totals[four + 1u];
        total += totals[four + 2u];
        total += totals[four + 3u];
        total += totals[four + 4u];
        total += totals[four + 5u];
        total += totals[four + 6u];
        total += totals[four + 7u];
      }
      sums_0 += partialSums[thread + 64u];
      sums_0 += partialSums[thread + 128u];
      sums_0 += partialSums[thread + 192u];
      out[queryHead * 64u + thread % 64u] = sums_0 * select(
        1.0 / select(total, 1.0, total == 0.0),
        0.0,
        total == 0.0,
      );
    }
  }
}
