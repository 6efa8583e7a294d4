// tiled_product: left · right, 16 rows and 16 columns a workgroup, over tiles of 8
// 16 threads a workgroup, 1024 bytes of workgroup memory
// reads left, right; writes product

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
@group(0) @binding(1) var<storage, read> left: array<f32>;
@group(0) @binding(2) var<storage, read> right: array<f32>;
@group(0) @binding(3) var<storage, read_write> product: array<f32>;

var<workgroup> left_tile: array<f32, 128>;
var<workgroup> right_tile: array<vec4f, 32>;

@compute @workgroup_size(16, 1, 1)
fn tiled_product(
  @builtin(local_invocation_index) thread: u32,
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(num_workgroups) workgroup_counts: vec3u,
) {
  let workgroup = workgroup_id.x + workgroup_id.y * workgroup_counts.x;
  if (workgroup >= (shape.length + 15u) / 16u) {
    return;
  }
  let group = thread % 4u;
  let first_row = thread / 4u * 4u;
  let top = workgroup * 16u;
  var sum_0 = vec4f(0.0);
  var sum_1 = vec4f(0.0);
  var sum_2 = vec4f(0.0);
  var sum_3 = vec4f(0.0);
  for (var start = 0u; start < shape.keyLength; start += 8u) {
    // both tiles, zero where they reach beyond the matrices
    for (var item = thread; item < 128u; item += 16u) {
      let row = top + item / 8u;
      let column = start + item % 8u;
      if ((row < shape.length) & (column < shape.keyLength)) {
        left_tile[item] = left[row * shape.keyLength + column];
      } else {
        left_tile[item] = 0.0;
      }
    }
    for (var item = thread; item < 32u; item += 16u) {
      let row = start + item / 4u;
      right_tile[item] = select(
        vec4f(0.0),
        vec4f(
          right[min(row, shape.keyLength - 1u) * 16u + item % 4u * 4u],
          right[min(row, shape.keyLength - 1u) * 16u + item % 4u * 4u + 1u],
          right[min(row, shape.keyLength - 1u) * 16u + item % 4u * 4u + 2u],
          right[min(row, shape.keyLength - 1u) * 16u + item % 4u * 4u + 3u],
        ),
        row < shape.keyLength,
      );
    }
    workgroupBarrier();
    for (var k = 0u; k < 8u; k++) {
      let columns = right_tile[k * 4u + group];
      sum_0 = fma(vec4f(left_tile[first_row * 8u + k]), columns, sum_0);
      sum_1 = fma(vec4f(left_tile[(first_row + 1u) * 8u + k]), columns, sum_1);
      sum_2 = fma(vec4f(left_tile[(first_row + 2u) * 8u + k]), columns, sum_2);
      sum_3 = fma(vec4f(left_tile[(first_row + 3u) * 8u + k]), columns, sum_3);
    }
    workgroupBarrier();
  }
  let target_0 = top + first_row;
  if (target_0 < shape.length) {
    product[target_0 * 16u + group * 4u] = sum_0.x;
    product[target_0 * 16u + group * 4u + 1u] = sum_0.y;
    product[target_0 * 16u + group * 4u + 2u] = sum_0.z;
    product[target_0 * 16u + group * 4u + 3u] = sum_0.w;
  }
  let target_1 = top + first_row + 1u;
  if (target_1 < shape.length) {
    product[target_1 * 16u + group * 4u] = sum_1.x;
    product[target_1 * 16u + group * 4u + 1u] = sum_1.y;
    product[target_1 * 16u + group * 4u + 2u] = sum_1.z;
    product[target_1 * 16u + group * 4u + 3u] = sum_1.w;
  }
  let target_2 = top + first_row + 2u;
  if (target_2 < shape.length) {
    product[target_2 * 16u + group * 4u] = sum_2.x;
    product[target_2 * 16u + group * 4u + 1u] = sum_2.y;
    product[target_2 * 16u + group * 4u + 2u] = sum_2.z;
    product[target_2 * 16u + group * 4u + 3u] = sum_2.w;
  }
  let target_3 = top + first_row + 3u;
  if (target_3 < shape.length) {
    product[target_3 * 16u + group * 4u] = sum_3.x;
    product[target_3 * 16u + group * 4u + 1u] = sum_3.y;
    product[target_3 * 16u + group * 4u + 2u] = sum_3.z;
    product[target_3 * 16u + group * 4u + 3u] = sum_3.w;
  }
}
