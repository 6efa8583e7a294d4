// transform: Query and key rows through projections that are signs and Walsh–Hadamard matrices.
// 64 threads a workgroup, 2304 bytes of workgroup memory
// reads q, k, factors; writes projected

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
@group(0) @binding(1) var<storage, read> q: array<f32>;
@group(0) @binding(2) var<storage, read> k: array<f32>;
@group(0) @binding(3) var<storage, read> factors: array<f32>;
@group(0) @binding(4) var<storage, read_write> projected: array<f32>;

var<workgroup> exchange: array<f32, 576>;

@compute @workgroup_size(64, 1, 1)
fn transform(
  @builtin(local_invocation_index) thread: u32,
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(num_workgroups) workgroup_counts: vec3u,
) {
  let workgroup = workgroup_id.x + workgroup_id.y * workgroup_counts.x;
  if (workgroup >= (shape.sliceCount * ((shape.heads + shape.kvHeads - 1u) / shape.kvHeads * shape.length + shape.keyLength) * 4u + 7u) / 8u) {
    return;
  }
  let transformOfGroup = thread / 8u;
  let member = thread % 8u;
  let wanted = workgroup * 8u + transformOfGroup;
  let transforms = shape.sliceCount * (shape.heads / shape.kvHeads * shape.length + shape.keyLength) * 4u;
  let transform = min(wanted, transforms - 1u);
  let row = transform / 4u;
  let block = transform % 4u;
  let queriesOfGroup = shape.heads / shape.kvHeads * shape.length;
  let rowsOfGroup = queriesOfGroup + shape.keyLength;
  let rowOfGroup = row % rowsOfGroup;
  let groupOfRow = shape.sliceStart + row / rowsOfGroup;
  let start0 = member * 8u;
  let start1 = member / 8u * 64u + member % 8u;
  var numbers_0 = 0.0;
  var numbers_1 = 0.0;
  var numbers_2 = 0.0;
  var numbers_3 = 0.0;
  var numbers_4 = 0.0;
  var numbers_5 = 0.0;
  var numbers_6 = 0.0;
  var numbers_7 = 0.0;
  if (rowOfGroup < queriesOfGroup) {
    let query = ((groupOfRow * (shape.heads / shape.kvHeads) + rowOfGroup / shape.length) * shape.headStride + groupOfRow / shape.kvHeads * shape.itemGap) * 64u + (rowOfGroup - rowOfGroup / shape.length * shape.length) * (shape.rowStride * 64u);
    numbers_0 = q[query + start0];
    numbers_1 = q[query + (start0 + 1u)];
    numbers_2 = q[query + (start0 + 2u)];
    numbers_3 = q[query + (start0 + 3u)];
    numbers_4 = q[query + (start0 + 4u)];
    numbers_5 = q[query + (start0 + 5u)];
    numbers_6 = q[query + (start0 + 6u)];
    numbers_7 = q[query + (start0 + 7u)];
  } else {
    let key = (groupOfRow * shape.keyHeadStride + groupOfRow / shape.kvHeads * shape.keyItemGap) * 64u + (rowOfGroup - queriesOfGroup) * (shape.keyRowStride * 64u);
    numbers_0 = k[key + start0];
    numbers_1 = k[key + (start0 + 1u)];
    numbers_2 = k[key + (start0 + 2u)];
    numbers_3 = k[key + (start0 + 3u)];
    numbers_4 = k[key + (start0 + 4u)];
    numbers_5 = k[key + (start0 + 5u)];
    numbers_6 = k[key + (start0 + 6u)];
    numbers_7 = k[key + (start0 + 7u)];
  }
  // H D1
  numbers_0 *= factors[block * 192u + start0];
  numbers_1 *= factors[block * 192u + (start0 + 1u)];
  numbers_2 *= factors[block * 192u + (start0 + 2u)];
  numbers_3 *= factors[block * 192u + (start0 + 3u)];
  numbers_4 *= factors[block * 192u + (start0 + 4u)];
  numbers_5 *= factors[block * 192u + (start0 + 5u)];
  numbers_6 *= factors[block * 192u + (start0 + 6u)];
  numbers_7 *= factors[block * 192u + (start0 + 7u)];
  let factor0Bit0_0 = numbers_0 - numbers_1;
  numbers_0 += numbers_1;
  numbers_1 = factor0Bit0_0;
  let factor0Bit0_2 = numbers_2 - numbers_3;
  numbers_2 += numbers_3;
  numbers_3 = factor0Bit0_2;
  let factor0Bit0_4 = numbers_4 - numbers_5;
  numbers_4 += numbers_5;
  numbers_5 = factor0Bit0_4;
  let factor0Bit0_6 = numbers_6 - numbers_7;
  numbers_6 += numbers_7;
  numbers_7 = factor0Bit0_6;
  let factor0Bit1_0 = numbers_0 - numbers_2;
  numbers_0 += numbers_2;
  numbers_2 = factor0Bit1_0;
  let factor0Bit1_1 = numbers_1 - numbers_3;
  numbers_1 += numbers_3;
  numbers_3 = factor0Bit1_1;
  let factor0Bit1_4 = numbers_4 - numbers_6;
  numbers_4 += numbers_6;
  numbers_6 = factor0Bit1_4;
  let factor0Bit1_5 = numbers_5 - numbers_7;
  numbers_5 += numbers_7;
  numbers_7 = factor0Bit1_5;
  let factor0Bit2_0 = numbers_0 - numbers_4;
  numbers_0 += numbers_4;
  numbers_4 = factor0Bit2_0;
  let factor0Bit2_1 = numbers_1 - numbers_5;
  numbers_1 += numbers_5;
  numbers_5 = factor0Bit2_1;
  let factor0Bit2_2 = numbers_2 - numbers_6;
  numbers_2 += numbers_6;
  numbers_6 = factor0Bit2_2;
  let factor0Bit2_3 = numbers_3 - numbers_7;
  numbers_3 += numbers_7;
  numbers_7 = factor0Bit2_3;
  workgroupBarrier();
  exchange[transformOfGroup * 72u + start0 + start0 / 8u] = numbers_0;
  exchange[transformOfGroup * 72u + (start0 + 1u) + (start0 + 1u) / 8u] = numbers_1;
  exchange[transformOfGroup * 72u + (start0 + 2u) + (start0 + 2u) / 8u] = numbers_2;
  exchange[transformOfGroup * 72u + (start0 + 3u) + (start0 + 3u) / 8u] = numbers_3;
  exchange[transformOfGroup * 72u + (start0 + 4u) + (start0 + 4u) / 8u] = numbers_4;
  exchange[transformOfGroup * 72u + (start0 + 5u) + (start0 + 5u) / 8u] = numbers_5;
  exchange[transformOfGroup * 72u + (start0 + 6u) + (start0 + 6u) / 8u] = numbers_6;
  exchange[transformOfGroup * 72u + (start0 + 7u) + (start0 + 7u) / 8u] = numbers_7;
  workgroupBarrier();
  numbers_0 = exchange[transformOfGroup * 72u + start1 + start1 / 8u];
  numbers_1 = exchange[transformOfGroup * 72u + (start1 + 8u) + (start1 + 8u) / 8u];
  numbers_2 = exchange[transformOfGroup * 72u + (start1 + 16u) + (start1 + 16u) / 8u];
  numbers_3 = exchange[transformOfGroup * 72u + (start1 + 24u) + (start1 + 24u) / 8u];
  numbers_4 = exchange[transformOfGroup * 72u + (start1 + 32u) + (start1 + 32u) / 8u];
  numbers_5 = exchange[transformOfGroup * 72u + (start1 + 40u) + (start1 + 40u) / 8u];
  numbers_6 = exchange[transformOfGroup * 72u + (start1 + 48u) + (start1 + 48u) / 8u];
  numbers_7 = exchange[transformOfGroup * 72u + (start1 + 56u) + (start1 + 56u) / 8u];
  let factor0Bit3_0 = numbers_0 - numbers_1;
  numbers_0 += numbers_1;
  numbers_1 = factor0Bit3_0;
  let factor0Bit3_2 = numbers_2 - numbers_3;
  numbers_2 += numbers_3;
  numbers_3 = factor0Bit3_2;
  let factor0Bit3_4 = numbers_4 - numbers_5;
  numbers_4 += numbers_5;
  numbers_5 = factor0Bit3_4;
  let factor0Bit3_6 = numbers_6 - numbers_7;
  numbers_6 += numbers_7;
  numbers_7 = factor0Bit3_6;
  let factor0Bit4_0 = numbers_0 - numbers_2;
  numbers_0 += numbers_2;
  numbers_2 = factor0Bit4_0;
  let factor0Bit4_1 = numbers_1 - numbers_3;
  numbers_1 += numbers_3;
  numbers_3 = factor0Bit4_1;
  let factor0Bit4_4 = numbers_4 - numbers_6;
  numbers_4 += numbers_6;
  numbers_6 = factor0Bit4_4;
  let factor0Bit4_5 = numbers_5 - numbers_7;
  numbers_5 += numbers_7;
  numbers_7 = factor0Bit4_5;
  let factor0Bit5_0 = numbers_0 - numbers_4;
  numbers_0 += numbers_4;
  numbers_4 = factor0Bit5_0;
  let factor0Bit5_1 = numbers_1 - numbers_5;
  numbers_1 += numbers_5;
  numbers_5 = factor0Bit5_1;
  let factor0Bit5_2 = numbers_2 - numbers_6;
  numbers_2 += numbers_6;
  numbers_6 = factor0Bit5_2;
  let factor0Bit5_3 = numbers_3 - numbers_7;
  numbers_3 += numbers_7;
  numbers_7 = factor0Bit5_3;
  // H D2
  numbers_0 *= factors[block * 192u + 64u + start1];
  numbers_1 *= factors[block * 192u + 64u + (start1 + 8u)];
  numbers_2 *= factors[block * 192u + 64u + (start1 + 16u)];
  numbers_3 *= factors[block * 192u + 64u + (start1 + 24u)];
  numbers_4 *= factors[block * 192u + 64u + (start1 + 32u)];
  numbers_5 *= factors[block * 192u + 64u + (start1 + 40u)];
  numbers_6 *= factors[block * 192u + 64u + (start1 + 48u)];
  numbers_7 *= factors[block * 192u + 64u + (start1 + 56u)];
  let factor1Bit3_0 = numbers_0 - numbers_1;
  numbers_0 += numbers_1;
  numbers_1 = factor1Bit3_0;
  let factor1Bit3_2 = numbers_2 - numbers_3;
  numbers_2 += numbers_3;
  numbers_3 = factor1Bit3_2;
  let factor1Bit3_4 = numbers_4 - numbers_5;
  numbers_4 += numbers_5;
  numbers_5 = factor1Bit3_4;
  let factor1Bit3_6 = numbers_6 - numbers_7;
  numbers_6 += numbers_7;
  numbers_7 = factor1Bit3_6;
  let factor1Bit4_0 = numbers_0 - numbers_2;
  numbers_0 += numbers_2;
  numbers_2 = factor1Bit4_0;
  let factor1Bit4_1 = numbers_1 - numbers_3;
  numbers_1 += numbers_3;
  numbers_3 = factor1Bit4_1;
  let factor1Bit4_4 = numbers_4 - numbers_6;
  numbers_4 += numbers_6;
  numbers_6 = factor1Bit4_4;
  let factor1Bit4_5 = numbers_5 - numbers_7;
  numbers_5 += numbers_7;
  numbers_7 = factor1Bit4_5;
  let factor1Bit5_0 = numbers_0 - numbers_4;
  numbers_0 += numbers_4;
  numbers_4 = factor1Bit5_0;
  let factor1Bit5_1 = numbers_1 - numbers_5;
  numbers_1 += numbers_5;
  numbers_5 = factor1Bit5_1;
  let factor1Bit5_2 = numbers_2 - numbers_6;
  numbers_2 += numbers_6;
  numbers_6 = factor1Bit5_2;
  let factor1Bit5_3 = numbers_3 - numbers_7;
  numbers_3 += numbers_7;
  numbers_7 = factor1Bit5_3;
  workgroupBarrier();
  exchange[transformOfGroup * 72u + start1 + start1 / 8u] = numbers_0;
  exchange[transformOfGroup * 72u + (start1 + 8u) + (start1 + 8u) / 8u] = numbers_1;
  exchange[transformOfGroup * 72u + (start1 + 16u) + (start1 + 16u) / 8u] = numbers_2;
  exchange[transformOfGroup * 72u + (start1 + 24u) + (start1 + 24u) / 8u] = numbers_3;
  exchange[transformOfGroup * 72u + (start1 + 32u) + (start1 + 32u) / 8u] = numbers_4;
  exchange[transformOfGroup * 72u + (start1 + 40u) + (start1 + 40u) / 8u] = numbers_5;
  exchange[transformOfGroup * 72u + (start1 + 48u) + (start1 + 48u) / 8u] = numbers_6;
  exchange[transformOfGroup * 72u + (start1 + 56u) + (start1 + 56u) / 8u] = numbers_7;
  workgroupBarrier();
  numbers_0 = exchange[transformOfGroup * 72u + start0 + start0 / 8u];
  numbers_1 = exchange[transformOfGroup * 72u + (start0 + 1u) + (start0 + 1u) / 8u];
  numbers_2 = exchange[transformOfGroup * 72u + (start0 + 2u) + (start0 + 2u) / 8u];
  numbers_3 = exchange[transformOfGroup * 72u + (start0 + 3u) + (start0 + 3u) / 8u];
  numbers_4 = exchange[transformOfGroup * 72u + (start0 + 4u) + (start0 + 4u) / 8u];
  numbers_5 = exchange[transformOfGroup * 72u + (start0 + 5u) + (start0 + 5u) / 8u];
  numbers_6 = exchange[transformOfGroup * 72u + (start0 + 6u) + (start0 + 6u) / 8u];
  numbers_7 = exchange[transformOfGroup * 72u + (start0 + 7u) + (start0 + 7u) / 8u];
  let factor1Bit0_0 = numbers_0 - numbers_1;
  numbers_0 += numbers_1;
  numbers_1 = factor1Bit0_0;
  let factor1Bit0_2 = numbers_2 - numbers_3;
  numbers_2 += numbers_3;
  numbers_3 = factor1Bit0_2;
  let factor1Bit0_4 = numbers_4 - numbers_5;
  numbers_4 += numbers_5;
  numbers_5 = factor1Bit0_4;
  let factor1Bit0_6 = numbers_6 - numbers_7;
  numbers_6 += numbers_7;
  numbers_7 = factor1Bit0_6;
  let factor1Bit1_0 = numbers_0 - numbers_2;
  numbers_0 += numbers_2;
  numbers_2 = factor1Bit1_0;
  let factor1Bit1_1 = numbers_1 - numbers_3;
  numbers_1 += numbers_3;
  numbers_3 = factor1Bit1_1;
  let factor1Bit1_4 = numbers_4 - numbers_6;
  numbers_4 += numbers_6;
  numbers_6 = factor1Bit1_4;
  let factor1Bit1_5 = numbers_5 - numbers_7;
  numbers_5 += numbers_7;
  numbers_7 = factor1Bit1_5;
  let factor1Bit2_0 = numbers_0 - numbers_4;
  numbers_0 += numbers_4;
  numbers_4 = factor1Bit2_0;
  let factor1Bit2_1 = numbers_1 - numbers_5;
  numbers_1 += numbers_5;
  numbers_5 = factor1Bit2_1;
  let factor1Bit2_2 = numbers_2 - numbers_6;
  numbers_2 += numbers_6;
  numbers_6 = factor1Bit2_2;
  let factor1Bit2_3 = numbers_3 - numbers_7;
  numbers_3 += numbers_7;
  numbers_7 = factor1Bit2_3;
  // H D3
  numbers_0 *= factors[block * 192u + 128u + start0];
  numbers_1 *= factors[block * 192u + 128u + (start0 + 1u)];
  numbers_2 *= factors[block * 192u + 128u + (start0 + 2u)];
  numbers_3 *= factors[block * 192u + 128u + (start0 + 3u)];
  numbers_4 *= factors[block * 192u + 128u + (start0 + 4u)];
  numbers_5 *= factors[block * 192u + 128u + (start0 + 5u)];
  numbers_6 *= factors[block * 192u + 128u + (start0 + 6u)];
  numbers_7 *= factors[block * 192u + 128u + (start0 + 7u)];
  let factor2Bit0_0 = numbers_0 - numbers_1;
  numbers_0 += numbers_1;
  numbers_1 = factor2Bit0_0;
  let factor2Bit0_2 = numbers_2 - numbers_3;
  numbers_2 += numbers_3;
  numbers_3 = factor2Bit0_2;
  let factor2Bit0_4 = numbers_4 - numbers_5;
  numbers_4 += numbers_5;
  numbers_5 = factor2Bit0_4;
  let factor2Bit0_6 = numbers_6 - numbers_7;
  numbers_6 += numbers_7;
  numbers_7 = factor2Bit0_6;
  let factor2Bit1_0 = numbers_0 - numbers_2;
  numbers_0 += numbers_2;
  numbers_2 = factor2Bit1_0;
  let factor2Bit1_1 = numbers_1 - numbers_3;
  numbers_1 += numbers_3;
  numbers_3 = factor2Bit1_1;
  let factor2Bit1_4 = numbers_4 - numbers_6;
  numbers_4 += numbers_6;
  numbers_6 = factor2Bit1_4;
  let factor2Bit1_5 = numbers_5 - numbers_7;
  numbers_5 += numbers_7;
  numbers_7 = factor2Bit1_5;
  let factor2Bit2_0 = numbers_0 - numbers_4;
  numbers_0 += numbers_4;
  numbers_4 = factor2Bit2_0;
  let factor2Bit2_1 = numbers_1 - numbers_5;
  numbers_1 += numbers_5;
  numbers_5 = factor2Bit2_1;
  let factor2Bit2_2 = numbers_2 - numbers_6;
  numbers_2 += numbers_6;
  numbers_6 = factor2Bit2_2;
  let factor2Bit2_3 = numbers_3 - numbers_7;
  numbers_3 += numbers_7;
  numbers_7 = factor2Bit2_3;
  workgroupBarrier();
  exchange[transformOfGroup * 72u + start0 + start0 / 8u] = numbers_0;
  exchange[transformOfGroup * 72u + (start0 + 1u) + (start0 + 1u) / 8u] = numbers_1;
  exchange[transformOfGroup * 72u + (start0 + 2u) + (start0 + 2u) / 8u] = numbers_2;
  exchange[transformOfGroup * 72u + (start0 + 3u) + (start0 + 3u) / 8u] = numbers_3;
  exchange[transformOfGroup * 72u + (start0 + 4u) + (start0 + 4u) / 8u] = numbers_4;
  exchange[transformOfGroup * 72u + (start0 + 5u) + (start0 + 5u) / 8u] = numbers_5;
  exchange[transformOfGroup * 72u + (start0 + 6u) + (start0 + 6u) / 8u] = numbers_6;
  exchange[transformOfGroup * 72u + (start0 + 7u) + (start0 + 7u) / 8u] = numbers_7;
  workgroupBarrier();
  numbers_0 = exchange[transformOfGroup * 72u + start1 + start1 / 8u];
  numbers_1 = exchange[transformOfGroup * 72u + (start1 + 8u) + (start1 + 8u) / 8u];
  numbers_2 = exchange[transformOfGroup * 72u + (start1 + 16u) + (start1 + 16u) / 8u];
  numbers_3 = exchange[transformOfGroup * 72u + (start1 + 24u) + (start1 + 24u) / 8u];
  numbers_4 = exchange[transformOfGroup * 72u + (start1 + 32u) + (start1 + 32u) / 8u];
  numbers_5 = exchange[transformOfGroup * 72u + (start1 + 40u) + (start1 + 40u) / 8u];
  numbers_6 = exchange[transformOfGroup * 72u + (start1 + 48u) + (start1 + 48u) / 8u];
  numbers_7 = exchange[transformOfGroup * 72u + (start1 + 56u) + (start1 + 56u) / 8u];
  let factor2Bit3_0 = numbers_0 - numbers_1;
  numbers_0 += numbers_1;
  numbers_1 = factor2Bit3_0;
  let factor2Bit3_2 = numbers_2 - numbers_3;
  numbers_2 += numbers_3;
  numbers_3 = factor2Bit3_2;
  let factor2Bit3_4 = numbers_4 - numbers_5;
  numbers_4 += numbers_5;
  numbers_5 = factor2Bit3_4;
  let factor2Bit3_6 = numbers_6 - numbers_7;
  numbers_6 += numbers_7;
  numbers_7 = factor2Bit3_6;
  let factor2Bit4_0 = numbers_0 - numbers_2;
  numbers_0 += numbers_2;
  numbers_2 = factor2Bit4_0;
  let factor2Bit4_1 = numbers_1 - numbers_3;
  numbers_1 += numbers_3;
  numbers_3 = factor2Bit4_1;
  let factor2Bit4_4 = numbers_4 - numbers_6;
  numbers_4 += numbers_6;
  numbers_6 = factor2Bit4_4;
  let factor2Bit4_5 = numbers_5 - numbers_7;
  numbers_5 += numbers_7;
  numbers_7 = factor2Bit4_5;
  let factor2Bit5_0 = numbers_0 - numbers_4;
  numbers_0 += numbers_4;
  numbers_4 = factor2Bit5_0;
  let factor2Bit5_1 = numbers_1 - numbers_5;
  numbers_1 += numbers_5;
  numbers_5 = factor2Bit5_1;
  let factor2Bit5_2 = numbers_2 - numbers_6;
  numbers_2 += numbers_6;
  numbers_6 = factor2Bit5_2;
  let factor2Bit5_3 = numbers_3 - numbers_7;
  numbers_3 += numbers_7;
  numbers_7 = factor2Bit5_3;
  if (wanted < transforms) {
    let component0 = block * 64u + start1;
    projected[row * 256u + component0] = numbers_0 * factors[component0 + 768u];
    let component1 = block * 64u + (start1 + 8u);
    projected[row * 256u + component1] = numbers_1 * factors[component1 + 768u];
    let component2 = block * 64u + (start1 + 16u);
    projected[row * 256u + component2] = numbers_2 * factors[component2 + 768u];
    let component3 = block * 64u + (start1 + 24u);
    projected[row * 256u + component3] = numbers_3 * factors[component3 + 768u];
    let component4 = block * 64u + (start1 + 32u);
    projected[row * 256u + component4] = numbers_4 * factors[component4 + 768u];
    let component5 = block * 64u + (start1 + 40u);
    projected[row * 256u + component5] = numbers_5 * factors[component5 + 768u];
    let component6 = block * 64u + (start1 + 48u);
    projected[row * 256u + component6] = numbers_6 * factors[component6 + 768u];
    let component7 = block * 64u + (start1 + 56u);
    projected[row * 256u + component7] = numbers_7 * factors[component7 + 768u];
  }
}
