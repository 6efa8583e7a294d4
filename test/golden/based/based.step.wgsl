// step: One more token: its key and value into the state, its query out of it.
// 64 threads a workgroup, 4096 bytes of workgroup memory
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

var<workgroup> kept: array<vec4f, 64>;
var<workgroup> added: array<vec4f, 64>;
var<workgroup> weights: array<vec4f, 64>;
var<workgroup> totals: array<vec4f, 64>;

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
  let stateStart = group * 17745u;
  for (var components = 0u; components < 256u; components += 256u) {
    let kRow0 = 0u;
    let kStart0 = (keyGroup + kRow0) * 16u;
    let kComponent0 = min(components + thread * 4u, 0u);
    let kComponent1 = min(components + thread * 4u + 1u, 0u);
    let kComponent2 = min(components + thread * 4u + 2u, 0u);
    let kComponent3 = min(components + thread * 4u + 3u, 0u);
    let keep = vec4f(1.0);
    let add = vec4f(1.0);
    let z = vec4f(
      carried[stateStart + 17472u + min(components + thread * 4u, 0u)],
      carried[stateStart + 17472u + min(components + thread * 4u + 1u, 0u)],
      carried[stateStart + 17472u + min(components + thread * 4u + 2u, 0u)],
      carried[stateStart + 17472u + min(components + thread * 4u + 3u, 0u)],
    ) * keep + add;
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
    kept[thread] = keep;
    added[thread] = add;
    workgroupBarrier();
    for (var four = 0u; four < (min(max(1u, components) - components, 256u) + 3u) / 4u; four++) {
      let kept4 = kept[four];
      let added4 = added[four];
      let feature0 = components + four * 4u;
      if (feature0 < 1u) {
        carried[stateStart + feature0 * 64u + thread] = carried[stateStart + feature0 * 64u + thread] * kept4.x + added4.x * v[keyGroup * 64u + thread];
      }
      let feature1 = components + four * 4u + 1u;
      if (feature1 < 1u) {
        carried[stateStart + feature1 * 64u + thread] = carried[stateStart + feature1 * 64u + thread] * kept4.y + added4.y * v[keyGroup * 64u + thread];
      }
      let feature2 = components + four * 4u + 2u;
      if (feature2 < 1u) {
        carried[stateStart + feature2 * 64u + thread] = carried[stateStart + feature2 * 64u + thread] * kept4.z + added4.z * v[keyGroup * 64u + thread];
      }
      let feature3 = components + four * 4u + 3u;
      if (feature3 < 1u) {
        carried[stateStart + feature3 * 64u + thread] = carried[stateStart + feature3 * 64u + thread] * kept4.w + added4.w * v[keyGroup * 64u + thread];
      }
    }
    workgroupBarrier();
  }
  for (var components = 0u; components < 256u; components += 256u) {
    let kRow0 = 0u;
    let kStart0 = (keyGroup + kRow0) * 16u;
    let kComponent0 = min(components + thread * 4u, 15u);
    let kComponent1 = min(components + thread * 4u + 1u, 15u);
    let kComponent2 = min(components + thread * 4u + 2u, 15u);
    let kComponent3 = min(components + thread * 4u + 3u, 15u);
    let k_x1 = vec4f(
      k[kStart0 + kComponent0],
      k[kStart0 + kComponent1],
      k[kStart0 + kComponent2],
      k[kStart0 + kComponent3],
    );
    let k_value2 = 0.5 * k_x1;
    let keep = vec4f(1.0);
    let add = k_value2;
    let z = vec4f(
      carried[stateStart + 17472u + (min(components + thread * 4u, 15u) + 1u)],
      carried[stateStart + 17472u + (min(components + thread * 4u + 1u, 15u) + 1u)],
      carried[stateStart + 17472u + (min(components + thread * 4u + 2u, 15u) + 1u)],
      carried[stateStart + 17472u + (min(components + thread * 4u + 3u, 15u) + 1u)],
    ) * keep + add;
    if (components + thread * 4u < 16u) {
      carried[stateStart + 17472u + (components + thread * 4u + 1u)] = z.x;
    }
    if (components + thread * 4u + 1u < 16u) {
      carried[stateStart + 17472u + (components + thread * 4u + 2u)] = z.y;
    }
    if (components + thread * 4u + 2u < 16u) {
      carried[stateStart + 17472u + (components + thread * 4u + 3u)] = z.z;
    }
    if (components + thread * 4u + 3u < 16u) {
      carried[stateStart + 17472u + (components + thread * 4u + 4u)] = z.w;
    }
    kept[thread] = keep;
    added[thread] = add;
    workgroupBarrier();
    for (var four = 0u; four < (min(max(16u, components) - components, 256u) + 3u) / 4u; four++) {
      let kept4 = kept[four];
      let added4 = added[four];
      let feature0 = components + four * 4u;
      carried[stateStart + (feature0 + 1u) * 64u + thread] = carried[stateStart + (feature0 + 1u) * 64u + thread] * kept4.x + added4.x * v[keyGroup * 64u + thread];
      let feature1 = components + four * 4u + 1u;
      carried[stateStart + (feature1 + 1u) * 64u + thread] = carried[stateStart + (feature1 + 1u) * 64u + thread] * kept4.y + added4.y * v[keyGroup * 64u + thread];
      let feature2 = components + four * 4u + 2u;
      carried[stateStart + (feature2 + 1u) * 64u + thread] = carried[stateStart + (feature2 + 1u) * 64u + thread] * kept4.z + added4.z * v[keyGroup * 64u + thread];
      let feature3 = components + four * 4u + 3u;
      carried[stateStart + (feature3 + 1u) * 64u + thread] = carried[stateStart + (feature3 + 1u) * 64u + thread] * kept4.w + added4.w * v[keyGroup * 64u + thread];
    }
    workgroupBarrier();
  }
  for (var components = 0u; components < 256u; components += 256u) {
    let kRow0 = 0u;
    let kStart0 = (keyGroup + kRow0) * 16u;
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
    let keep = vec4f(1.0);
    let add = k_value3;
    let z = vec4f(
      carried[stateStart + 17472u + (components + thread * 4u + 17u)],
      carried[stateStart + 17472u + (components + thread * 4u + 18u)],
      carried[stateStart + 17472u + (components + thread * 4u + 19u)],
      carried[stateStart + 17472u + (components + thread * 4u + 20u)],
    ) * keep + add;
    carried[stateStart + 17472u + (components + thread * 4u + 17u)] = z.x;
    carried[stateStart + 17472u + (components + thread * 4u + 18u)] = z.y;
    carried[stateStart + 17472u + (components + thread * 4u + 19u)] = z.z;
    carried[stateStart + 17472u + (components + thread * 4u + 20u)] = z.w;
    kept[thread] = keep;
    added[thread] = add;
    workgroupBarrier();
    for (var four = 0u; four < (min(max(256u, components) - components, 256u) + 3u) / 4u; four++) {
      let kept4 = kept[four];
      let added4 = added[four];
      let feature0 = components + four * 4u;
      carried[stateStart + (feature0 + 17u) * 64u + thread] = carried[stateStart + (feature0 + 17u) * 64u + thread] * kept4.x + added4.x * v[keyGroup * 64u + thread];
      let feature1 = components + four * 4u + 1u;
      carried[stateStart + (feature1 + 17u) * 64u + thread] = carried[stateStart + (feature1 + 17u) * 64u + thread] * kept4.y + added4.y * v[keyGroup * 64u + thread];
      let feature2 = components + four * 4u + 2u;
      carried[stateStart + (feature2 + 17u) * 64u + thread] = carried[stateStart + (feature2 + 17u) * 64u + thread] * kept4.z + added4.z * v[keyGroup * 64u + thread];
      let feature3 = components + four * 4u + 3u;
      carried[stateStart + (feature3 + 17u) * 64u + thread] = carried[stateStart + (feature3 + 17u) * 64u + thread] * kept4.w + added4.w * v[keyGroup * 64u + thread];
    }
    workgroupBarrier();
  }
  for (var headInGroup = 0u; headInGroup < shape.heads / shape.kvHeads; headInGroup++) {
    let queryHead = group * (shape.heads / shape.kvHeads) + headInGroup;
    var sums_0 = 0.0;
    var total = 0.0;
    for (var components = 0u; components < 256u; components += 256u) {
      let qRow0 = 0u;
      let qStart0 = (queryHead + qRow0) * 16u;
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
      weights[thread] = weight;
      totals[thread] = weight * vec4f(
        carried[stateStart + 17472u + min(components + thread * 4u, 0u)],
        carried[stateStart + 17472u + min(components + thread * 4u + 1u, 0u)],
        carried[stateStart + 17472u + min(components + thread * 4u + 2u, 0u)],
        carried[stateStart + 17472u + min(components + thread * 4u + 3u, 0u)],
      );
      workgroupBarrier();
      for (var four = 0u; four < (min(max(1u, components) - components, 256u) + 3u) / 4u; four++) {
        let weight4 = weights[four];
        let total4 = totals[four];
        let feature0 = components + four * 4u;
        if (feature0 < 1u) {
          total += total4.x;
          sums_0 += weight4.x * carried[stateStart + feature0 * 64u + thread];
        }
        let feature1 = components + four * 4u + 1u;
        if (feature1 < 1u) {
          total += total4.y;
          sums_0 += weight4.y * carried[stateStart + feature1 * 64u + thread];
        }
        let feature2 = components + four * 4u + 2u;
        if (feature2 < 1u) {
          total += total4.z;
          sums_0 += weight4.z * carried[stateStart + feature2 * 64u + thread];
        }
        let feature3 = components + four * 4u + 3u;
        if (feature3 < 1u) {
          total += total4.w;
          sums_0 += weight4.w * carried[stateStart + feature3 * 64u + thread];
        }
      }
      workgroupBarrier();
    }
    for (var components = 0u; components < 256u; components += 256u) {
      let qRow0 = 0u;
      let qStart0 = (queryHead + qRow0) * 16u;
      let qComponent0 = min(components + thread * 4u, 15u);
      let qComponent1 = min(components + thread * 4u + 1u, 15u);
      let qComponent2 = min(components + thread * 4u + 2u, 15u);
      let qComponent3 = min(components + thread * 4u + 3u, 15u);
      let q_x1 = vec4f(
        q[qStart0 + qComponent0],
        q[qStart0 + qComponent1],
        q[qStart0 + qComponent2],
        q[qStart0 + qComponent3],
      );
      let q_value2 = 0.5 * q_x1;
      let weight = vec4f(
        select(0.0, q_value2.x, components + thread * 4u < 16u),
        select(0.0, q_value2.y, components + thread * 4u + 1u < 16u),
        select(0.0, q_value2.z, components + thread * 4u + 2u < 16u),
        select(0.0, q_value2.w, components + thread * 4u + 3u < 16u),
      );
      weights[thread] = weight;
      totals[thread] = weight * vec4f(
        carried[stateStart + 17472u + (min(components + thread * 4u, 15u) + 1u)],
        carried[stateStart + 17472u + (min(components + thread * 4u + 1u, 15u) + 1u)],
        carried[stateStart + 17472u + (min(components + thread * 4u + 2u, 15u) + 1u)],
        carried[stateStart + 17472u + (min(components + thread * 4u + 3u, 15u) + 1u)],
      );
      workgroupBarrier();
      for (var four = 0u; four < (min(max(16u, components) - components, 256u) + 3u) / 4u; four++) {
        let weight4 = weights[four];
        let total4 = totals[four];
        let feature0 = components + four * 4u;
        total += total4.x;
        sums_0 += weight4.x * carried[stateStart + (feature0 + 1u) * 64u + thread];
        let feature1 = components + four * 4u + 1u;
        total += total4.y;
        sums_0 += weight4.y * carried[stateStart + (feature1 + 1u) * 64u + thread];
        let feature2 = components + four * 4u + 2u;
        total += total4.z;
        sums_0 += weight4.z * carried[stateStart + (feature2 + 1u) * 64u + thread];
        let feature3 = components + four * 4u + 3u;
        total += total4.w;
        sums_0 += weight4.w * carried[stateStart + (feature3 + 1u) * 64u + thread];
      }
      workgroupBarrier();
    }
    for (var components = 0u; components < 256u; components += 256u) {
      let qRow0 = 0u;
      let qStart0 = (queryHead + qRow0) * 16u;
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
      weights[thread] = weight;
      totals[thread] = weight * vec4f(
        carried[stateStart + 17472u + (components + thread * 4u + 17u)],
        carried[stateStart + 17472u + (components + thread * 4u + 18u)],
        carried[stateStart + 17472u + (components + thread * 4u + 19u)],
        carried[stateStart + 17472u + (components + thread * 4u + 20u)],
      );
      workgroupBarrier();
      for (var four = 0u; four < (min(max(256u, components) - components, 256u) + 3u) / 4u; four++) {
        let weight4 = weights[four];
        let total4 = totals[four];
        let feature0 = components + four * 4u;
        total += total4.x;
        sums_0 += weight4.x * carried[stateStart + (feature0 + 17u) * 64u + thread];
        let feature1 = components + four * 4u + 1u;
        total += total4.y;
        sums_0 += weight4.y * carried[stateStart + (feature1 + 17u) * 64u + thread];
        let feature2 = components + four * 4u + 2u;
        total += total4.z;
        sums_0 += weight4.z * carried[stateStart + (feature2 + 17u) * 64u + thread];
        let feature3 = components + four * 4u + 3u;
        total += total4.w;
        sums_0 += weight4.w * carried[stateStart + (feature3 + 17u) * 64u + thread];
      }
      workgroupBarrier();
    }
    let factor = select(1.0 / select(total, 1.0, total == 0.0), 0.0, total == 0.0);
    out[queryHead * 64u + thread] = sums_0 * factor;
  }
}
