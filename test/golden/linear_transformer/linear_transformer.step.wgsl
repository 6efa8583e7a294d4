// step: One more token: its key and value into the state, its query out of it.
// 64 threads a workgroup, 5120 bytes of workgroup memory
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
var<workgroup> exponents: array<vec4f, 64>;

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
  let stateStart = group * 4224u;
  for (var components = 0u; components < 256u; components += 256u) {
    let kRow0 = 0u;
    let kStart0 = (keyGroup + kRow0) * 64u;
    let kComponent0 = min(components + thread * 4u, 63u);
    let kComponent1 = min(components + thread * 4u + 1u, 63u);
    let kComponent2 = min(components + thread * 4u + 2u, 63u);
    let kComponent3 = min(components + thread * 4u + 3u, 63u);
    let k_x1 = vec4f(
      k[kStart0 + kComponent0],
      k[kStart0 + kComponent1],
      k[kStart0 + kComponent2],
      k[kStart0 + kComponent3],
    );
    let k_value2 = 1.442695 * min(k_x1, vec4f(0.0));
    let k_value3 = max(k_x1, vec4f(0.0)) + 1.0;
    let oldScale = vec4f(
      carried[stateStart + 4160u + min(components + thread * 4u, 63u)],
      carried[stateStart + 4160u + min(components + thread * 4u + 1u, 63u)],
      carried[stateStart + 4160u + min(components + thread * 4u + 2u, 63u)],
      carried[stateStart + 4160u + min(components + thread * 4u + 3u, 63u)],
    );
    let newScale = max(
      oldScale,
      vec4f(
        select(k_value2.x, -1e30, k_value3.x == 0.0),
        select(k_value2.y, -1e30, k_value3.y == 0.0),
        select(k_value2.z, -1e30, k_value3.z == 0.0),
        select(k_value2.w, -1e30, k_value3.w == 0.0),
      ),
    );
    let keep = exp2(oldScale - newScale);
    let add = k_value3 * exp2(vec4f(
      select(k_value2.x, -1e30, k_value3.x == 0.0),
      select(k_value2.y, -1e30, k_value3.y == 0.0),
      select(k_value2.z, -1e30, k_value3.z == 0.0),
      select(k_value2.w, -1e30, k_value3.w == 0.0),
    ) - newScale);
    let z = vec4f(
      carried[stateStart + 4096u + min(components + thread * 4u, 63u)],
      carried[stateStart + 4096u + min(components + thread * 4u + 1u, 63u)],
      carried[stateStart + 4096u + min(components + thread * 4u + 2u, 63u)],
      carried[stateStart + 4096u + min(components + thread * 4u + 3u, 63u)],
    ) * keep + add;
    if (components + thread * 4u < 64u) {
      carried[stateStart + 4096u + (components + thread * 4u)] = z.x;
      carried[stateStart + 4160u + (components + thread * 4u)] = newScale.x;
    }
    if (components + thread * 4u + 1u < 64u) {
      carried[stateStart + 4096u + (components + thread * 4u + 1u)] = z.y;
      carried[stateStart + 4160u + (components + thread * 4u + 1u)] = newScale.y;
    }
    if (components + thread * 4u + 2u < 64u) {
      carried[stateStart + 4096u + (components + thread * 4u + 2u)] = z.z;
      carried[stateStart + 4160u + (components + thread * 4u + 2u)] = newScale.z;
    }
    if (components + thread * 4u + 3u < 64u) {
      carried[stateStart + 4096u + (components + thread * 4u + 3u)] = z.w;
      carried[stateStart + 4160u + (components + thread * 4u + 3u)] = newScale.w;
    }
    kept[thread] = keep;
    added[thread] = add;
    workgroupBarrier();
    for (var four = 0u; four < (min(max(64u, components) - components, 256u) + 3u) / 4u; four++) {
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
  for (var headInGroup = 0u; headInGroup < shape.heads / shape.kvHeads; headInGroup++) {
    let queryHead = group * (shape.heads / shape.kvHeads) + headInGroup;
    var sums_0 = 0.0;
    var total = 0.0;
    var rowScale = -1e30;
    for (var components = 0u; components < 256u; components += 256u) {
      let qRow0 = 0u;
      let qStart0 = (queryHead + qRow0) * 64u;
      let qComponent0 = min(components + thread * 4u, 63u);
      let qComponent1 = min(components + thread * 4u + 1u, 63u);
      let qComponent2 = min(components + thread * 4u + 2u, 63u);
      let qComponent3 = min(components + thread * 4u + 3u, 63u);
      let q_x1 = vec4f(
        q[qStart0 + qComponent0],
        q[qStart0 + qComponent1],
        q[qStart0 + qComponent2],
        q[qStart0 + qComponent3],
      );
      let q_value2 = 1.442695 * min(q_x1, vec4f(0.0));
      let q_value3 = max(q_x1, vec4f(0.0)) + 1.0;
      let part1 = components + thread * 4u;
      let part2 = stateStart + 4160u;
      let part3 = part1 + 1u;
      let part4 = part1 + 2u;
      let part5 = part1 + 3u;
      let part6 = vec4f(
        select(q_value2.x, -1e30, q_value3.x == 0.0),
        select(q_value2.y, -1e30, q_value3.y == 0.0),
        select(q_value2.z, -1e30, q_value3.z == 0.0),
        select(q_value2.w, -1e30, q_value3.w == 0.0),
      ) + vec4f(carried[part2 + min(part1, 63u)], carried[part2 + min(part3, 63u)], carried[part2 + min(part4, 63u)], carried[part2 + min(part5, 63u)]);
      let exponent = vec4f(
        select(-1e30, part6.x, part1 < 64u),
        select(-1e30, part6.y, part3 < 64u),
        select(-1e30, part6.z, part4 < 64u),
        select(-1e30, part6.w, part5 < 64u),
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
        select(0.0, (q_value3 * exp2(exponent - rowScale)).x, components + thread * 4u < 64u),
        select(0.0, (q_value3 * exp2(exponent - rowScale)).y, components + thread * 4u + 1u < 64u),
        select(0.0, (q_value3 * exp2(exponent - rowScale)).z, components + thread * 4u + 2u < 64u),
        select(0.0, (q_value3 * exp2(exponent - rowScale)).w, components + thread * 4u + 3u < 64u),
      );
      weights[thread] = weight;
      totals[thread] = weight * vec4f(
        carried[stateStart + 4096u + min(components + thread * 4u, 63u)],
        carried[stateStart + 4096u + min(components + thread * 4u + 1u, 63u)],
        carried[stateStart + 4096u + min(components + thread * 4u + 2u, 63u)],
        carried[stateStart + 4096u + min(components + thread * 4u + 3u, 63u)],
      );
      workgroupBarrier();
      for (var four = 0u; four < (min(max(64u, components) - components, 256u) + 3u) / 4u; four++) {
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
    let factor = select(1.0 / select(total, 1.0, total == 0.0), 0.0, total == 0.0);
    out[queryHead * 64u + thread] = sums_0 * factor;
  }
}
