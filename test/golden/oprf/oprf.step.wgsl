// step: One more token: its key and value into the state, its query out of it.
// 256 threads a workgroup, 12288 bytes of workgroup memory
// reads q, k, v, w; writes carried, out

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
@group(0) @binding(4) var<storage, read> w: array<f32>;
@group(0) @binding(5) var<storage, read_write> carried: array<f32>;
@group(0) @binding(6) var<storage, read_write> out: array<f32>;

var<workgroup> products: array<vec4f, 576>;
var<workgroup> rowProducts: array<f32, 64>;
var<workgroup> kept: array<f32, 128>;
var<workgroup> added: array<f32, 128>;
var<workgroup> weights: array<f32, 128>;
var<workgroup> largest: array<f32, 32>;
var<workgroup> totals: array<f32, 32>;
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
  // 1, which no compiler knows: loops up to a multiple of it are not written out
  let unknownOne = min(shape.sliceCount, 1u);
  let slice = workgroup;
  let group = shape.sliceStart + slice;
  let batchItem = group / shape.kvHeads;
  let keyGroup = group;
  let stateStart = group * 16896u;
  let value0 = v[keyGroup * 64u + thread % 64u];
  for (var headInGroup = 0u; headInGroup < shape.heads / shape.kvHeads; headInGroup++) {
    let queryHead = group * (shape.heads / shape.kvHeads) + headInGroup;
    let isFirst = headInGroup == 0u;
    var sums_0 = 0.0;
    var total = 0.0;
    var rowScale = -1e30;
    for (var components = 0u; components < 256u * unknownOne; components += 128u) {
      var keySum0 = vec4f(0.0);
      var keySum1 = vec4f(0.0);
      var keySum2 = 0.0;
      var querySum0 = vec4f(0.0);
      var querySum1 = vec4f(0.0);
      var querySum2 = 0.0;
      let part = thread % 8u;
      let four = thread / 8u;
      let w0 = (components + four * 4u) * 64u;
      let w1 = (components + four * 4u + 1u) * 64u;
      let w2 = (components + four * 4u + 2u) * 64u;
      let w3 = (components + four * 4u + 3u) * 64u;
      let keyEntries = keyGroup * 64u;
      let queryEntries = queryHead * 64u;
      for (var entry = part; entry < 64u; entry += 64u) {
        let projections0 = vec4f(w[w0 + entry], w[w1 + entry], w[w2 + entry], w[w3 + entry]);
        let key0 = k[keyEntries + entry];
        let query0 = q[queryEntries + entry];
        let projections1 = vec4f(
          w[w0 + (entry + 8u)],
          w[w1 + (entry + 8u)],
          w[w2 + (entry + 8u)],
          w[w3 + (entry + 8u)],
        );
        let key1 = k[keyEntries + (entry + 8u)];
        let query1 = q[queryEntries + (entry + 8u)];
        let projections2 = vec4f(
          w[w0 + (entry + 16u)],
          w[w1 + (entry + 16u)],
          w[w2 + (entry + 16u)],
          w[w3 + (entry + 16u)],
        );
        let key2 = k[keyEntries + (entry + 16u)];
        let query2 = q[queryEntries + (entry + 16u)];
        let projections3 = vec4f(
          w[w0 + (entry + 24u)],
          w[w1 + (entry + 24u)],
          w[w2 + (entry + 24u)],
          w[w3 + (entry + 24u)],
        );
        let key3 = k[keyEntries + (entry + 24u)];
        let query3 = q[queryEntries + (entry + 24u)];
        let projections4 = vec4f(
          w[w0 + (entry + 32u)],
          w[w1 + (entry + 32u)],
          w[w2 + (entry + 32u)],
          w[w3 + (entry + 32u)],
        );
        let key4 = k[keyEntries + (entry + 32u)];
        let query4 = q[queryEntries + (entry + 32u)];
        let projections5 = vec4f(
          w[w0 + (entry + 40u)],
          w[w1 + (entry + 40u)],
          w[w2 + (entry + 40u)],
          w[w3 + (entry + 40u)],
        );
        let key5 = k[keyEntries + (entry + 40u)];
        let query5 = q[queryEntries + (entry + 40u)];
        let projections6 = vec4f(
          w[w0 + (entry + 48u)],
          w[w1 + (entry + 48u)],
          w[w2 + (entry + 48u)],
          w[w3 + (entry + 48u)],
        );
        let key6 = k[keyEntries + (entry + 48u)];
        let query6 = q[queryEntries + (entry + 48u)];
        let projections7 = vec4f(
          w[w0 + (entry + 56u)],
          w[w1 + (entry + 56u)],
          w[w2 + (entry + 56u)],
          w[w3 + (entry + 56u)],
        );
        let key7 = k[keyEntries + (entry + 56u)];
        let query7 = q[queryEntries + (entry + 56u)];
        keySum0 += projections0 * key0;
        keySum1 += projections0 * projections0;
        keySum2 += key0 * key0;
        querySum0 += projections0 * query0;
        querySum1 += projections0 * projections0;
        querySum2 += query0 * query0;
        keySum0 += projections1 * key1;
        keySum1 += projections1 * projections1;
        keySum2 += key1 * key1;
        querySum0 += projections1 * query1;
        querySum1 += projections1 * projections1;
        querySum2 += query1 * query1;
        keySum0 += projections2 * key2;
        keySum1 += projections2 * projections2;
        keySum2 += key2 * key2;
        querySum0 += projections2 * query2;
        querySum1 += projections2 * projections2;
        querySum2 += query2 * query2;
        keySum0 += projections3 * key3;
        keySum1 += projections3 * projections3;
        keySum2 += key3 * key3;
        querySum0 += projections3 * query3;
        querySum1 += projections3 * projections3;
        querySum2 += query3 * query3;
        keySum0 += projections4 * key4;
        keySum1 += projections4 * projections4;
        keySum2 += key4 * key4;
        querySum0 += projections4 * query4;
        querySum1 += projections4 * projections4;
        querySum2 += query4 * query4;
        keySum0 += projections5 * key5;
        keySum1 += projections5 * projections5;
        keySum2 += key5 * key5;
        querySum0 += projections5 * query5;
        querySum1 += projections5 * projections5;
        querySum2 += query5 * query5;
        keySum0 += projections6 * key6;
        keySum1 += projections6 * projections6;
        keySum2 += key6 * key6;
        querySum0 += projections6 * query6;
        querySum1 += projections6 * projections6;
        querySum2 += query6 * query6;
        keySum0 += projections7 * key7;
        keySum1 += projections7 * projections7;
        keySum2 += key7 * key7;
        querySum0 += projections7 * query7;
        querySum1 += projections7 * projections7;
        querySum2 += query7 * query7;
      }
      products[thread / 8u * 9u + thread % 8u] = keySum0;
      products[thread / 8u * 9u + thread % 8u + 288u] = keySum1;
      if (thread / 8u == 0u) {
        rowProducts[thread % 8u] = keySum2;
        rowProducts[8u + thread % 8u] = querySum2;
      }
      workgroupBarrier();
      if (thread < 32u) {
        keySum0 = products[thread * 9u];
        keySum0 += products[thread * 9u + 1u];
        keySum0 += products[thread * 9u + 2u];
        keySum0 += products[thread * 9u + 3u];
        keySum0 += products[thread * 9u + 4u];
        keySum0 += products[thread * 9u + 5u];
        keySum0 += products[thread * 9u + 6u];
        keySum0 += products[thread * 9u + 7u];
        keySum1 = products[thread * 9u + 288u];
        keySum1 += products[thread * 9u + 289u];
        keySum1 += products[thread * 9u + 290u];
        keySum1 += products[thread * 9u + 291u];
        keySum1 += products[thread * 9u + 292u];
        keySum1 += products[thread * 9u + 293u];
        keySum1 += products[thread * 9u + 294u];
        keySum1 += products[thread * 9u + 295u];
        keySum2 = rowProducts[0u];
        keySum2 += rowProducts[1u];
        keySum2 += rowProducts[2u];
        keySum2 += rowProducts[3u];
        keySum2 += rowProducts[4u];
        keySum2 += rowProducts[5u];
        keySum2 += rowProducts[6u];
        keySum2 += rowProducts[7u];
        querySum2 = rowProducts[8u];
        querySum2 += rowProducts[9u];
        querySum2 += rowProducts[10u];
        querySum2 += rowProducts[11u];
        querySum2 += rowProducts[12u];
        querySum2 += rowProducts[13u];
        querySum2 += rowProducts[14u];
        querySum2 += rowProducts[15u];
      }
      workgroupBarrier();
      products[thread / 8u * 9u + thread % 8u] = querySum0;
      products[thread / 8u * 9u + thread % 8u + 288u] = querySum1;
      workgroupBarrier();
      if (thread < 32u) {
        querySum0 = products[thread * 9u];
        querySum0 += products[thread * 9u + 1u];
        querySum0 += products[thread * 9u + 2u];
        querySum0 += products[thread * 9u + 3u];
        querySum0 += products[thread * 9u + 4u];
        querySum0 += products[thread * 9u + 5u];
        querySum0 += products[thread * 9u + 6u];
        querySum0 += products[thread * 9u + 7u];
        querySum1 = products[thread * 9u + 288u];
        querySum1 += products[thread * 9u + 289u];
        querySum1 += products[thread * 9u + 290u];
        querySum1 += products[thread * 9u + 291u];
        querySum1 += products[thread * 9u + 292u];
        querySum1 += products[thread * 9u + 293u];
        querySum1 += products[thread * 9u + 294u];
        querySum1 += products[thread * 9u + 295u];
      }
      var z = vec4f(0.0);
      var scale = vec4f(-1e30);
      var exponent = vec4f(-1e30);
      if (thread < 32u) {
        z = vec4f(
          carried[stateStart + 16384u + (components + thread * 4u)],
          carried[stateStart + 16384u + (components + thread * 4u + 1u)],
          carried[stateStart + 16384u + (components + thread * 4u + 2u)],
          carried[stateStart + 16384u + (components + thread * 4u + 3u)],
        );
        scale = vec4f(
          carried[stateStart + 16640u + (components + thread * 4u)],
          carried[stateStart + 16640u + (components + thread * 4u + 1u)],
          carried[stateStart + 16640u + (components + thread * 4u + 2u)],
          carried[stateStart + 16640u + (components + thread * 4u + 3u)],
        );
        if (isFirst) {
          let kRow0 = 0u;
          let kStart0 = keyGroup * 64u + kRow0 * 64u;
          let kComponent0 = components + thread * 4u;
          let kComponent1 = components + thread * 4u + 1u;
          let kComponent2 = components + thread * 4u + 2u;
          let kComponent3 = components + thread * 4u + 3u;
          let kProjection0 = kComponent0 * 64u;
          let kProjection1 = kComponent1 * 64u;
          let kProjection2 = kComponent2 * 64u;
          let kProjection3 = kComponent3 * 64u;
          let k_value1 = 1.442695 * (0.41833 * keySum0 - 0.1 * keySum1 - 0.0625 * keySum2) + 3.7668293;
          let keyExponent = k_value1;
          let oldScale = scale;
          scale = max(oldScale, keyExponent);
          let keep = exp2(oldScale - scale);
          let add = exp2(keyExponent - scale);
          z = z * keep + add;
          carried[stateStart + 16384u + (components + thread * 4u)] = z.x;
          carried[stateStart + 16640u + (components + thread * 4u)] = scale.x;
          carried[stateStart + 16384u + (components + thread * 4u + 1u)] = z.y;
          carried[stateStart + 16640u + (components + thread * 4u + 1u)] = scale.y;
          carried[stateStart + 16384u + (components + thread * 4u + 2u)] = z.z;
          carried[stateStart + 16640u + (components + thread * 4u + 2u)] = scale.z;
          carried[stateStart + 16384u + (components + thread * 4u + 3u)] = z.w;
          carried[stateStart + 16640u + (components + thread * 4u + 3u)] = scale.w;
          let kept4 = keep;
          kept[thread * 4u] = kept4.x;
          kept[thread * 4u + 1u] = kept4.y;
          kept[thread * 4u + 2u] = kept4.z;
          kept[thread * 4u + 3u] = kept4.w;
          let added4 = add;
          added[thread * 4u] = added4.x;
          added[thread * 4u + 1u] = added4.y;
          added[thread * 4u + 2u] = added4.z;
          added[thread * 4u + 3u] = added4.w;
        }
        let qRow0 = 0u;
        let qStart0 = queryHead * 64u + qRow0 * 64u;
        let qComponent0 = components + thread * 4u;
        let qComponent1 = components + thread * 4u + 1u;
        let qComponent2 = components + thread * 4u + 2u;
        let qComponent3 = components + thread * 4u + 3u;
        let qProjection0 = qComponent0 * 64u;
        let qProjection1 = qComponent1 * 64u;
        let qProjection2 = qComponent2 * 64u;
        let qProjection3 = qComponent3 * 64u;
        let q_value1 = 1.442695 * (0.41833 * querySum0 - 0.1 * querySum1 - 0.0625 * querySum2) + 3.7668293;
        exponent = q_value1 + scale;
        largest[thread] = max(max(exponent.x, exponent.y), max(exponent.z, exponent.w));
      }
      workgroupBarrier();
      let scaleSoFar = rowScale;
      for (var exponents = 0u; exponents < 32u; exponents += 8u) {
        rowScale = max(rowScale, largest[exponents]);
        rowScale = max(rowScale, largest[exponents + 1u]);
        rowScale = max(rowScale, largest[exponents + 2u]);
        rowScale = max(rowScale, largest[exponents + 3u]);
        rowScale = max(rowScale, largest[exponents + 4u]);
        rowScale = max(rowScale, largest[exponents + 5u]);
        rowScale = max(rowScale, largest[exponents + 6u]);
        rowScale = max(rowScale, largest[exponents + 7u]);
      }
      let shrink = exp2(scaleSoFar - rowScale);
      total *= shrink;
      sums_0 *= shrink;
      if (thread < 32u) {
        let weight = exp2(exponent - rowScale);
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
      for (var feature = firstFeature; feature < 128u; feature += 32u) {
        let s0_0 = carried[stateStart + (components + feature) * 64u + thread % 64u];
        let s1_0 = carried[stateStart + (components + (feature + 4u)) * 64u + thread % 64u];
        let s2_0 = carried[stateStart + (components + (feature + 8u)) * 64u + thread % 64u];
        let s3_0 = carried[stateStart + (components + (feature + 12u)) * 64u + thread % 64u];
        let s4_0 = carried[stateStart + (components + (feature + 16u)) * 64u + thread % 64u];
        let s5_0 = carried[stateStart + (components + (feature + 20u)) * 64u + thread % 64u];
        let s6_0 = carried[stateStart + (components + (feature + 24u)) * 64u + thread % 64u];
        let s7_0 = carried[stateStart + (components + (feature + 28u)) * 64u + thread % 64u];
        let weight0 = weights[feature];
        var now0_0 = s0_0;
        if (isFirst) {
          now0_0 = s0_0 * kept[feature] + added[feature] * value0;
          carried[stateStart + (components + feature) * 64u + thread % 64u] = now0_0;
        }
        sums_0 += weight0 * now0_0;
        let weight1 = weights[feature + 4u];
        var now1_0 = s1_0;
        if (isFirst) {
          now1_0 = s1_0 * kept[feature + 4u] + added[feature + 4u] * value0;
          carried[stateStart + (components + (feature + 4u)) * 64u + thread % 64u] = now1_0;
        }
        sums_0 += weight1 * now1_0;
        let weight2 = weights[feature + 8u];
        var now2_0 = s2_0;
        if (isFirst) {
          now2_0 = s2_0 * kept[feature + 8u] + added[feature + 8u] * value0;
          carried[stateStart + (components + (feature + 8u)) * 64u + thread % 64u] = now2_0;
        }
        sums_0 += weight2 * now2_0;
        let weight3 = weights[feature + 12u];
        var now3_0 = s3_0;
        if (isFirst) {
          now3_0 = s3_0 * kept[feature + 12u] + added[feature + 12u] * value0;
          carried[stateStart + (components + (feature + 12u)) * 64u + thread % 64u] = now3_0;
        }
        sums_0 += weight3 * now3_0;
        let weight4 = weights[feature + 16u];
        var now4_0 = s4_0;
        if (isFirst) {
          now4_0 = s4_0 * kept[feature + 16u] + added[feature + 16u] * value0;
          carried[stateStart + (components + (feature + 16u)) * 64u + thread % 64u] = now4_0;
        }
        sums_0 += weight4 * now4_0;
        let weight5 = weights[feature + 20u];
        var now5_0 = s5_0;
        if (isFirst) {
          now5_0 = s5_0 * kept[feature + 20u] + added[feature + 20u] * value0;
          carried[stateStart + (components + (feature + 20u)) * 64u + thread % 64u] = now5_0;
        }
        sums_0 += weight5 * now5_0;
        let weight6 = weights[feature + 24u];
        var now6_0 = s6_0;
        if (isFirst) {
          now6_0 = s6_0 * kept[feature + 24u] + added[feature + 24u] * value0;
          carried[stateStart + (components + (feature + 24u)) * 64u + thread % 64u] = now6_0;
        }
        sums_0 += weight6 * now6_0;
        let weight7 = weights[feature + 28u];
        var now7_0 = s7_0;
        if (isFirst) {
          now7_0 = s7_0 * kept[feature + 28u] + added[feature + 28u] * value0;
          carried[stateStart + (components + (feature + 28u)) * 64u + thread % 64u] = now7_0;
        }
        sums_0 += weight7 * now7_0;
      }
      workgroupBarrier();
    }
    if (thread < 32u) {
      totals[thread] = total;
    }
    partialSums[thread] = sums_0;
    workgroupBarrier();
    if (thread < 64u) {
      total = 0.0;
      for (var four = 0u; four < 32u; four += 8u) {
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
