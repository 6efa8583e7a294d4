// step: One more token: its key and value into the state, its query out of it.
// 64 threads a workgroup, 5120 bytes of workgroup memory
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

var<workgroup> kept: array<vec4f, 64>;
var<workgroup> added: array<vec4f, 64>;
var<workgroup> weights: array<vec4f, 64>;
var<workgroup> totals: array<vec4f, 64>;
var<workgroup> exponents: array<vec4f, 64>;

// x^2
fn power_2_f32(x: f32) -> f32 {
  let x2 = x * x;
  return x2;
}

@compute @workgroup_size(64, 1, 1)
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
  let stateStart = group * 16896u;
  for (var components = 0u; components < 256u; components += 256u) {
    let kRow0 = 0u;
    let kStart0 = (keyGroup + kRow0) * 64u;
    let kComponent0 = min(components + thread * 4u, 127u);
    let kComponent1 = min(components + thread * 4u + 1u, 127u);
    let kComponent2 = min(components + thread * 4u + 2u, 127u);
    let kComponent3 = min(components + thread * 4u + 3u, 127u);
    let kProjection0 = kComponent0 * 64u;
    let kProjection1 = kComponent1 * 64u;
    let kProjection2 = kComponent2 * 64u;
    let kProjection3 = kComponent3 * 64u;
    var k_sum1 = vec4f(0.0);
    for (var k_t2 = 0u; k_t2 < 64u; k_t2++) {
      let k_w3 = vec4f(
        w[kProjection0 + k_t2],
        w[kProjection1 + k_t2],
        w[kProjection2 + k_t2],
        w[kProjection3 + k_t2],
      );
      let k_x4 = k[kStart0 + k_t2];
      k_sum1 += k_w3 * k_x4;
    }
    var k_sum5 = 0.0;
    for (var k_t6 = 0u; k_t6 < 64u; k_t6++) {
      let k_x7 = k[kStart0 + k_t6];
      k_sum5 += power_2_f32(k_x7);
    }
    let k_value8 = 1.442695 * (0.35355338 * k_sum1 - 0.0625 * k_sum5) - 4.0;
    let oldScale = vec4f(
      carried[stateStart + 16640u + min(components + thread * 4u, 127u)],
      carried[stateStart + 16640u + min(components + thread * 4u + 1u, 127u)],
      carried[stateStart + 16640u + min(components + thread * 4u + 2u, 127u)],
      carried[stateStart + 16640u + min(components + thread * 4u + 3u, 127u)],
    );
    let newScale = max(oldScale, k_value8);
    let keep = exp2(oldScale - newScale);
    let add = exp2(k_value8 - newScale);
    let z = vec4f(
      carried[stateStart + 16384u + min(components + thread * 4u, 127u)],
      carried[stateStart + 16384u + min(components + thread * 4u + 1u, 127u)],
      carried[stateStart + 16384u + min(components + thread * 4u + 2u, 127u)],
      carried[stateStart + 16384u + min(components + thread * 4u + 3u, 127u)],
    ) * keep + add;
    if (components + thread * 4u < 128u) {
      carried[stateStart + 16384u + (components + thread * 4u)] = z.x;
      carried[stateStart + 16640u + (components + thread * 4u)] = newScale.x;
    }
    if (components + thread * 4u + 1u < 128u) {
      carried[stateStart + 16384u + (components + thread * 4u + 1u)] = z.y;
      carried[stateStart + 16640u + (components + thread * 4u + 1u)] = newScale.y;
    }
    if (components + thread * 4u + 2u < 128u) {
      carried[stateStart + 16384u + (components + thread * 4u + 2u)] = z.z;
      carried[stateStart + 16640u + (components + thread * 4u + 2u)] = newScale.z;
    }
    if (components + thread * 4u + 3u < 128u) {
      carried[stateStart + 16384u + (components + thread * 4u + 3u)] = z.w;
      carried[stateStart + 16640u + (components + thread * 4u + 3u)] = newScale.w;
    }
    kept[thread] = keep;
    added[thread] = add;
    workgroupBarrier();
    for (var four = 0u; four < (min(max(128u, components) - components, 256u) + 3u) / 4u; four++) {
      let kept4 = kept[four];
      let added4 = added[four];
      let feature0 = components + four * 4u;
      carried[stateStart + feature0 * 64u + thread] = carried[stateStart + feature0 * 64u + thread] * kept4.x + added4.x * v[keyGroup * 64u + thread];
      let feature1 = components + four * 4u + 1u;
      carried[stateStart + feature1 * 64u + thread] = carried[stateStart + feature1 * 64u + thread] * kept4.y + added4.y * v[keyGroup * 64u + thread];
      let feature2 = components + four * 4u + 2u;
      carried[stateStart + feature2 * 64u + thread] = carried[stateStart + feature2 * 64u + thread] * kept4.z + added4.z * v[keyGroup * 64u + thread];
      let feature3 = components + four * 4u + 3u;
      carried[stateStart + feature3 * 64u + thread] = carried[stateStart + feature3 * 64u + thread] * kept4.w + added4.w * v[keyGroup * 64u + thread];
    }
    workgroupBarrier();
  }
  for (var components = 0u; components < 256u; components += 256u) {
    let kRow0 = 0u;
    let kStart0 = (keyGroup + kRow0) * 64u;
    let kComponent0 = min(components + thread * 4u, 127u);
    let kComponent1 = min(components + thread * 4u + 1u, 127u);
    let kComponent2 = min(components + thread * 4u + 2u, 127u);
    let kComponent3 = min(components + thread * 4u + 3u, 127u);
    let kProjection0 = kComponent0 * 64u;
    let kProjection1 = kComponent1 * 64u;
    let kProjection2 = kComponent2 * 64u;
    let kProjection3 = kComponent3 * 64u;
    var k_sum1 = vec4f(0.0);
    for (var k_t2 = 0u; k_t2 < 64u; k_t2++) {
      let k_w3 = vec4f(
        w[kProjection0 + k_t2],
        w[kProjection1 + k_t2],
        w[kProjection2 + k_t2],
        w[kProjection3 + k_t2],
      );
      let k_x4 = k[kStart0 + k_t2];
      k_sum1 += k_w3 * k_x4;
    }
    var k_sum5 = 0.0;
    for (var k_t6 = 0u; k_t6 < 64u; k_t6++) {
      let k_x7 = k[kStart0 + k_t6];
      k_sum5 += power_2_f32(k_x7);
    }
    let k_value8 = 1.442695 * (-0.35355338 * k_sum1 - 0.0625 * k_sum5) - 4.0;
    let oldScale = vec4f(
      carried[stateStart + 16640u + (min(components + thread * 4u, 127u) + 128u)],
      carried[stateStart + 16640u + (min(components + thread * 4u + 1u, 127u) + 128u)],
      carried[stateStart + 16640u + (min(components + thread * 4u + 2u, 127u) + 128u)],
      carried[stateStart + 16640u + (min(components + thread * 4u + 3u, 127u) + 128u)],
    );
    let newScale = max(oldScale, k_value8);
    let keep = exp2(oldScale - newScale);
    let add = exp2(k_value8 - newScale);
    let z = vec4f(
      carried[stateStart + 16384u + (min(components + thread * 4u, 127u) + 128u)],
      carried[stateStart + 16384u + (min(components + thread * 4u + 1u, 127u) + 128u)],
      carried[stateStart + 16384u + (min(components + thread * 4u + 2u, 127u) + 128u)],
      carried[stateStart + 16384u + (min(components + thread * 4u + 3u, 127u) + 128u)],
    ) * keep + add;
    if (components + thread * 4u < 128u) {
      carried[stateStart + 16384u + (components + thread * 4u + 128u)] = z.x;
      carried[stateStart + 16640u + (components + thread * 4u + 128u)] = newScale.x;
    }
    if (components + thread * 4u + 1u < 128u) {
      carried[stateStart + 16384u + (components + thread * 4u + 129u)] = z.y;
      carried[stateStart + 16640u + (components + thread * 4u + 129u)] = newScale.y;
    }
    if (components + thread * 4u + 2u < 128u) {
      carried[stateStart + 16384u + (components + thread * 4u + 130u)] = z.z;
      carried[stateStart + 16640u + (components + thread * 4u + 130u)] = newScale.z;
    }
    if (components + thread * 4u + 3u < 128u) {
      carried[stateStart + 16384u + (components + thread * 4u + 131u)] = z.w;
      carried[stateStart + 16640u + (components + thread * 4u + 131u)] = newScale.w;
    }
    kept[thread] = keep;
    added[thread] = add;
    workgroupBarrier();
    for (var four = 0u; four < (min(max(128u, components) - components, 256u) + 3u) / 4u; four++) {
      let kept4 = kept[four];
      let added4 = added[four];
      let feature0 = components + four * 4u;
      carried[stateStart + (feature0 + 128u) * 64u + thread] = carried[stateStart + (feature0 + 128u) * 64u + thread] * kept4.x + added4.x * v[keyGroup * 64u + thread];
      let feature1 = components + four * 4u + 1u;
      carried[stateStart + (feature1 + 128u) * 64u + thread] = carried[stateStart + (feature1 + 128u) * 64u + thread] * kept4.y + added4.y * v[keyGroup * 64u + thread];
      let feature2 = components + four * 4u + 2u;
      carried[stateStart + (feature2 + 128u) * 64u + thread] = carried[stateStart + (feature2 + 128u) * 64u + thread] * kept4.z + added4.z * v[keyGroup * 64u + thread];
      let feature3 = components + four * 4u + 3u;
      carried[stateStart + (feature3 + 128u) * 64u + thread] = carried[stateStart + (feature3 + 128u) * 64u + thread] * kept4.w + added4.w * v[keyGroup * 64u + thread];
    }
    workgroupBarrier();
  }
  for (var headInGroup = 0u; headInGroup < shape.heads / shape.kvHeads; headInGroup++) {
    let queryHead = group * (shape.heads / shape.kvHeads) + headInGroup;
    var sums_0 = 0.0;
    var total = 0.0;
    var rowScale = -1e30;
    for (var components = 0u; components < 256u; components += 256u) {
      let qRow0 = 0u;
      let qStart0 = (queryHead + qRow0) * 64u;
      let qComponent0 = min(components + thread * 4u, 127u);
      let qComponent1 = min(components + thread * 4u + 1u, 127u);
      let qComponent2 = min(components + thread * 4u + 2u, 127u);
      let qComponent3 = min(components + thread * 4u + 3u, 127u);
      let qProjection0 = qComponent0 * 64u;
      let qProjection1 = qComponent1 * 64u;
      let qProjection2 = qComponent2 * 64u;
      let qProjection3 = qComponent3 * 64u;
      var q_sum1 = vec4f(0.0);
      for (var q_t2 = 0u; q_t2 < 64u; q_t2++) {
        let q_w3 = vec4f(
          w[qProjection0 + q_t2],
          w[qProjection1 + q_t2],
          w[qProjection2 + q_t2],
          w[qProjection3 + q_t2],
        );
        let q_x4 = q[qStart0 + q_t2];
        q_sum1 += q_w3 * q_x4;
      }
      var q_sum5 = 0.0;
      for (var q_t6 = 0u; q_t6 < 64u; q_t6++) {
        let q_x7 = q[qStart0 + q_t6];
        q_sum5 += power_2_f32(q_x7);
      }
      let q_value8 = 1.442695 * (0.35355338 * q_sum1 - 0.0625 * q_sum5) - 4.0;
      let part1 = components + thread * 4u;
      let part2 = stateStart + 16640u;
      let part3 = part1 + 1u;
      let part4 = part1 + 2u;
      let part5 = part1 + 3u;
      let part6 = q_value8 + vec4f(
        carried[part2 + min(part1, 127u)],
        carried[part2 + min(part3, 127u)],
        carried[part2 + min(part4, 127u)],
        carried[part2 + min(part5, 127u)],
      );
      let exponent = vec4f(
        select(-1e30, part6.x, part1 < 128u),
        select(-1e30, part6.y, part3 < 128u),
        select(-1e30, part6.z, part4 < 128u),
        select(-1e30, part6.w, part5 < 128u),
      );
      exponents[thread] = exponent;
      workgroupBarrier();
      let scaleSoFar = rowScale;
      for (var other = 0u; other < 64u; other++) {
        let exponents4 = exponents[other];
        rowScale = max(rowScale, exponents4.x);
        rowScale = max(rowScale, exponents4.y);
        rowScale = max(rowScale, exponents4.z);
        rowScale = max(rowScale, exponents4.w);
      }
      let shrink = exp2(scaleSoFar - rowScale);
      total *= shrink;
      sums_0 *= shrink;
      let weight = vec4f(
        select(0.0, exp2(exponent - rowScale).x, components + thread * 4u < 128u),
        select(0.0, exp2(exponent - rowScale).y, components + thread * 4u + 1u < 128u),
        select(0.0, exp2(exponent - rowScale).z, components + thread * 4u + 2u < 128u),
        select(0.0, exp2(exponent - rowScale).w, components + thread * 4u + 3u < 128u),
      );
      weights[thread] = weight;
      totals[thread] = weight * vec4f(
        carried[stateStart + 16384u + min(components + thread * 4u, 127u)],
        carried[stateStart + 16384u + min(components + thread * 4u + 1u, 127u)],
        carried[stateStart + 16384u + min(components + thread * 4u + 2u, 127u)],
        carried[stateStart + 16384u + min(components + thread * 4u + 3u, 127u)],
      );
      workgroupBarrier();
      for (var four = 0u; four < (min(max(128u, components) - components, 256u) + 3u) / 4u; four++) {
        let weight4 = weights[four];
        let total4 = totals[four];
        let feature0 = components + four * 4u;
        total += total4.x;
        sums_0 += weight4.x * carried[stateStart + feature0 * 64u + thread];
        let feature1 = components + four * 4u + 1u;
        total += total4.y;
        sums_0 += weight4.y * carried[stateStart + feature1 * 64u + thread];
        let feature2 = components + four * 4u + 2u;
        total += total4.z;
        sums_0 += weight4.z * carried[stateStart + feature2 * 64u + thread];
        let feature3 = components + four * 4u + 3u;
        total += total4.w;
        sums_0 += weight4.w * carried[stateStart + feature3 * 64u + thread];
      }
      workgroupBarrier();
    }
    for (var components = 0u; components < 256u; components += 256u) {
      let qRow0 = 0u;
      let qStart0 = (queryHead + qRow0) * 64u;
      let qComponent0 = min(components + thread * 4u, 127u);
      let qComponent1 = min(components + thread * 4u + 1u, 127u);
      let qComponent2 = min(components + thread * 4u + 2u, 127u);
      let qComponent3 = min(components + thread * 4u + 3u, 127u);
      let qProjection0 = qComponent0 * 64u;
      let qProjection1 = qComponent1 * 64u;
      let qProjection2 = qComponent2 * 64u;
      let qProjection3 = qComponent3 * 64u;
      var q_sum1 = vec4f(0.0);
      for (var q_t2 = 0u; q_t2 < 64u; q_t2++) {
        let q_w3 = vec4f(
          w[qProjection0 + q_t2],
          w[qProjection1 + q_t2],
          w[qProjection2 + q_t2],
          w[qProjection3 + q_t2],
        );
        let q_x4 = q[qStart0 + q_t2];
        q_sum1 += q_w3 * q_x4;
      }
      var q_sum5 = 0.0;
      for (var q_t6 = 0u; q_t6 < 64u; q_t6++) {
        let q_x7 = q[qStart0 + q_t6];
        q_sum5 += power_2_f32(q_x7);
      }
      let q_value8 = 1.442695 * (-0.35355338 * q_sum1 - 0.0625 * q_sum5) - 4.0;
      let part7 = components + thread * 4u;
      let part8 = stateStart + 16640u;
      let part9 = part7 + 1u;
      let part10 = part7 + 2u;
      let part11 = part7 + 3u;
      let part12 = q_value8 + vec4f(
        carried[part8 + (min(part7, 127u) + 128u)],
        carried[part8 + (min(part9, 127u) + 128u)],
        carried[part8 + (min(part10, 127u) + 128u)],
        carried[part8 + (min(part11, 127u) + 128u)],
      );
      let exponent = vec4f(
        select(-1e30, part12.x, part7 < 128u),
        select(-1e30, part12.y, part9 < 128u),
        select(-1e30, part12.z, part10 < 128u),
        select(-1e30, part12.w, part11 < 128u),
      );
      exponents[thread] = exponent;
      workgroupBarrier();
      let scaleSoFar = rowScale;
      for (var other = 0u; other < 64u; other++) {
        let exponents4 = exponents[other];
        rowScale = max(rowScale, exponents4.x);
        rowScale = max(rowScale, exponents4.y);
        rowScale = max(rowScale, exponents4.z);
        rowScale = max(rowScale, exponents4.w);
      }
      let shrink = exp2(scaleSoFar - rowScale);
      total *= shrink;
      sums_0 *= shrink;
      let weight = vec4f(
        select(0.0, exp2(exponent - rowScale).x, components + thread * 4u < 128u),
        select(0.0, exp2(exponent - rowScale).y, components + thread * 4u + 1u < 128u),
        select(0.0, exp2(exponent - rowScale).z, components + thread * 4u + 2u < 128u),
        select(0.0, exp2(exponent - rowScale).w, components + thread * 4u + 3u < 128u),
      );
      weights[thread] = weight;
      totals[thread] = weight * vec4f(
        carried[stateStart + 16384u + (min(components + thread * 4u, 127u) + 128u)],
        carried[stateStart + 16384u + (min(components + thread * 4u + 1u, 127u) + 128u)],
        carried[stateStart + 16384u + (min(components + thread * 4u + 2u, 127u) + 128u)],
        carried[stateStart + 16384u + (min(components + thread * 4u + 3u, 127u) + 128u)],
      );
      workgroupBarrier();
      for (var four = 0u; four < (min(max(128u, components) - components, 256u) + 3u) / 4u; four++) {
        let weight4 = weights[four];
        let total4 = totals[four];
        let feature0 = components + four * 4u;
        total += total4.x;
        sums_0 += weight4.x * carried[stateStart + (feature0 + 128u) * 64u + thread];
        let feature1 = components + four * 4u + 1u;
        total += total4.y;
        sums_0 += weight4.y * carried[stateStart + (feature1 + 128u) * 64u + thread];
        let feature2 = components + four * 4u + 2u;
        total += total4.z;
        sums_0 += weight4.z * carried[stateStart + (feature2 + 128u) * 64u + thread];
        let feature3 = components + four * 4u + 3u;
        total += total4.w;
        sums_0 += weight4.w * carried[stateStart + (feature3 + 128u) * 64u + thread];
      }
      workgroupBarrier();
    }
    let factor = select(1.0 / select(total, 1.0, total == 0.0), 0.0, total == 0.0);
    out[queryHead * 64u + thread] = sums_0 * factor;
  }
}
