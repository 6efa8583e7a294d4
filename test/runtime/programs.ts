// Programs written by hand, so that the runtime is tested on its own.
import type {
  FormDescription,
  GradientDescription,
  ProgramDescription,
} from '../../compiler/codegen/description.ts'
import type { Size } from '../../runtime/contract/size.ts'

const times = (...sizes: readonly [Size, ...Size[]]): Size => {
  const [first, ...rest] = sizes
  return rest.reduce((product, size) => ['*', product, size], first)
}

const header = (bindings: readonly string[]): string => `struct Shape {
  batch: u32, heads: u32, kvHeads: u32, length: u32, keyLength: u32,
  chunks: u32, offset: u32, capacity: u32, sliceStart: u32, sliceCount: u32,
}
@group(0) @binding(0) var<uniform> shape: Shape;
${bindings.map((binding, index) => `@group(0) @binding(${index + 1}) var<storage, ${binding}`).join('\n')}
`

const main = (workgroupSize: number, body: string): string => `
@compute @workgroup_size(${workgroupSize})
fn main(
  @builtin(workgroup_id) id: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let workgroup = id.y * groups.x + id.x;
  let index = workgroup * ${workgroupSize}u + thread;
${body}
}
`

const base = {
  features: 0,
  causal: false,
  target: 'webgpu',
  weights: [],
  source: '# by hand: `no` ${file} \\ has this\n',
} as const

const tensors = (dim: number, valueDim: number): FormDescription['buffers'] => [
  { name: 'q', role: 'input', element: 'f32', size: times('batch', 'heads', 'length', dim) },
  { name: 'k', role: 'input', element: 'f32', size: times('batch', 'kvHeads', 'keyLength', dim) },
  { name: 'v', role: 'input', element: 'f32', size: times('batch', 'kvHeads', 'keyLength', valueDim) },
  { name: 'out', role: 'output', element: 'f32', size: times('batch', 'heads', 'length', valueDim) },
]

/** out = v, one workgroup of one thread per number: many workgroups. Takes no lengths. */
export const copy: ProgramDescription = {
  ...base,
  name: 'copy',
  dim: 1,
  valueDim: 1,
  forms: {
    forward: {
      chunks: ['ceildiv', 'keyLength', 16],
      groups: 'kvHeads',
      buffers: tensors(1, 1),
      dispatches: [
        { kernel: 'copy_rows', workgroups: times('batch', 'heads', 'length'), buffers: ['v', 'out'] },
      ],
    },
  },
  kernels: {
    copy_rows: {
      code:
        header(['read> v: array<f32>;', 'read_write> out: array<f32>;']) +
        main(1, '  if (index < shape.batch * shape.heads * shape.length) { out[index] = v[index]; }'),
      workgroupSize: 1,
      workgroupBytes: 0,
      bindings: [
        { name: 'v', access: 'read' },
        { name: 'out', access: 'read_write' },
      ],
    },
  },
}

/**
 * Softmax attention by brute force in two dispatches: the scores of a slice's
 * groups into scratch, then the weighted means. `weighted` adds run-time
 * weights and a projection, which add to the output what they hold first.
 */
export function softmax(dim: number, valueDim: number, weighted = false): ProgramDescription {
  const extra = weighted ? ['conv', 'projection'] : []
  const pairs = times('sliceCount', ['ceildiv', 'heads', 'kvHeads'], 'length')
  return {
    ...base,
    name: weighted ? 'weighted' : 'softmax',
    dim,
    valueDim,
    ...(weighted && {
      projection: { rows: 3, dim, coupling: 'orthogonal', fixedNorm: false, seed: 7 },
      weights: [{ name: 'conv', perHead: 3 }],
    }),
    forms: {
      forward: {
        chunks: ['ceildiv', 'keyLength', 16],
        groups: 'kvHeads',
        buffers: [
          ...tensors(dim, valueDim),
          { name: 'lengths', role: 'lengths', element: 'u32', size: 'batch' },
          { name: 'scores', role: 'scratch', element: 'f32', size: times(pairs, 'keyLength') },
          ...(weighted
            ? ([
                { name: 'conv', role: 'weight', element: 'f32', size: times('heads', 3) },
                { name: 'projection', role: 'projection', element: 'f32', size: 3 * dim },
              ] as const)
            : []),
        ],
        dispatches: [
          {
            kernel: 'scores',
            workgroups: ['ceildiv', times(pairs, 'keyLength'), 64],
            buffers: ['q', 'k', 'scores'],
          },
          {
            kernel: 'means',
            workgroups: ['ceildiv', pairs, 64],
            buffers: ['scores', 'v', 'lengths', 'out', ...extra],
          },
        ],
      },
    },
    kernels: {
      scores: {
        code:
          header(['read> q: array<f32>;', 'read> k: array<f32>;', 'read_write> scores: array<f32>;']) +
          main(
            64,
            `  let column = index % shape.keyLength;
  let row = index / shape.keyLength % shape.length;
  let perGroup = shape.heads / shape.kvHeads;
  let head = index / shape.keyLength / shape.length + shape.sliceStart * perGroup;
  if (head >= (shape.sliceStart + shape.sliceCount) * perGroup) { return; }
  var sum = 0.0;
  for (var d = 0u; d < ${dim}u; d++) {
    sum += q[(head * shape.length + row) * ${dim}u + d] * k[(head / perGroup * shape.keyLength + column) * ${dim}u + d];
  }
  scores[index] = sum;`,
          ),
        workgroupSize: 64,
        workgroupBytes: 0,
        bindings: [
          { name: 'q', access: 'read' },
          { name: 'k', access: 'read' },
          { name: 'scores', access: 'read_write' },
        ],
      },
      means: {
        code:
          header([
            'read> scores: array<f32>;',
            'read> v: array<f32>;',
            'read> lengths: array<u32>;',
            'read_write> out: array<f32>;',
            ...extra.map((name) => `read> ${name}: array<f32>;`),
          ]) +
          main(
            64,
            `  let row = index % shape.length;
  let perGroup = shape.heads / shape.kvHeads;
  let head = index / shape.length + shape.sliceStart * perGroup;
  if (head >= (shape.sliceStart + shape.sliceCount) * perGroup) { return; }
  let keys = lengths[head / shape.heads];
  var most = -1e30;
  for (var j = 0u; j < keys; j++) { most = max(most, scores[index * shape.keyLength + j]); }
  for (var e = 0u; e < ${valueDim}u; e++) {
    var sum = 0.0;
    var weight = 0.0;
    for (var j = 0u; j < keys; j++) {
      let p = exp(scores[index * shape.keyLength + j] - most);
      weight += p;
      sum += p * v[(head / perGroup * shape.keyLength + j) * ${valueDim}u + e];
    }
    let mean = select(0.0, sum / weight, keys > 0u);
    out[(head * shape.length + row) * ${valueDim}u + e] = mean${weighted ? ' + conv[head % shape.heads * 3u] + projection[0]' : ''};
  }`,
          ),
        workgroupSize: 64,
        workgroupBytes: 0,
        bindings: [
          { name: 'scores', access: 'read' },
          { name: 'v', access: 'read' },
          { name: 'lengths', access: 'read' },
          { name: 'out', access: 'read_write' },
          ...extra.map((name) => ({ name, access: 'read' as const })),
        ],
      },
    },
  }
}

const sumFacts = { ...base, name: 'running_sum', dim: 1, valueDim: 1, causal: true } as const

/** Causal running sums of v: a form for the whole, one that keeps the sum, and one more token. dim = valueDim = 1. */
export const runningSum: ProgramDescription = {
  ...sumFacts,
  forms: {
    forward: sums('whole', 'forward'),
    prefill: sums('carry', 'prefill'),
    step: sums('carry', 'step'),
  },
  kernels: {
    whole: sumKernel(false),
    carry: sumKernel(true),
  },
  gradients: () => ({ ...sumFacts, ...sumGradients }),
}

const sumGradients: Pick<GradientDescription, 'forms' | 'kernels'> = {
  forms: {
    backward: {
      chunks: ['ceildiv', 'keyLength', 16],
      groups: 'kvHeads',
      buffers: [
        ...tensors(1, 1).filter(({ role }) => role === 'input'),
        { name: 'dout', role: 'input', element: 'f32', size: times('batch', 'heads', 'length') },
        { name: 'dq', role: 'output', element: 'f32', size: times('batch', 'heads', 'length') },
        { name: 'dk', role: 'output', element: 'f32', size: times('batch', 'kvHeads', 'keyLength') },
        { name: 'dv', role: 'output', element: 'f32', size: times('batch', 'kvHeads', 'keyLength') },
      ],
      dispatches: [
        { kernel: 'gradient', workgroups: times('batch', 'heads'), buffers: ['dout', 'dq', 'dk', 'dv'] },
      ],
    },
  },
  kernels: {
    gradient: {
      code:
        header([
          'read> dout: array<f32>;',
          'read_write> dq: array<f32>;',
          'read_write> dk: array<f32>;',
          'read_write> dv: array<f32>;',
        ]) +
        main(
          1,
          `  if (index >= shape.batch * shape.heads) { return; }
  var sum = 0.0;
  for (var step = 0u; step < shape.length; step++) {
    let row = index * shape.length + shape.length - 1u - step;
    sum += dout[row];
    dq[row] = 0.0;
    dk[row] = 0.0;
    dv[row] = sum;
  }`,
        ),
      workgroupSize: 1,
      workgroupBytes: 0,
      bindings: [
        { name: 'dout', access: 'read' },
        { name: 'dq', access: 'read_write' },
        { name: 'dk', access: 'read_write' },
        { name: 'dv', access: 'read_write' },
      ],
    },
  },
}

function sums(kernel: string, form: 'forward' | 'prefill' | 'step'): FormDescription {
  const carries = form !== 'forward'
  return {
    chunks: ['ceildiv', 'keyLength', 16],
    groups: 'kvHeads',
    buffers: [
      ...tensors(1, 1),
      ...(carries
        ? [{ name: 'state', role: 'state', element: 'f32', size: times('batch', 'heads') } as const]
        : []),
    ],
    dispatches: [
      { kernel, workgroups: times('batch', 'heads'), buffers: ['v', 'out', ...(carries ? ['state'] : [])] },
    ],
  }
}

/** A new buffer holds zeros, and so does a new state. */
function sumKernel(carries: boolean): ProgramDescription['kernels'][string] {
  return {
    code:
      header([
        'read> v: array<f32>;',
        'read_write> out: array<f32>;',
        ...(carries ? ['read_write> state: array<f32>;'] : []),
      ]) +
      main(
        1,
        `  if (index >= shape.batch * shape.heads) { return; }
  var sum = ${carries ? 'state[index]' : '0.0'};
  for (var row = index * shape.length; row < (index + 1u) * shape.length; row++) {
    sum += v[row];
    out[row] = sum;
  }
  ${carries ? 'state[index] = sum;' : ''}`,
      ),
    workgroupSize: 1,
    workgroupBytes: 0,
    bindings: [
      { name: 'v', access: 'read' },
      { name: 'out', access: 'read_write' },
      ...(carries ? [{ name: 'state', access: 'read_write' } as const] : []),
    ],
  }
}
