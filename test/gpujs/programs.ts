// Programs of cells written by hand, so that the runtime is tested on its own.
import type {
  BufferDescription,
  DispatchDescription,
  FormDescription,
  ProgramDescription,
} from '../../compiler/codegen/description.ts'
import type { Size } from '../../runtime/contract/size.ts'
import { negate, variable } from '../../compiler/symbolic/build.ts'
import type { CellInteger, KernelSource } from '../../runtime/index.ts'

const times = (...sizes: readonly [Size, ...Size[]]): Size => {
  const [first, ...rest] = sizes
  return rest.reduce((product, size) => ['*', product, size], first)
}

const f32 = (name: string, role: BufferDescription['role'], size: Size): BufferDescription => ({
  name,
  role,
  element: 'f32',
  size,
})

const base = {
  features: 0,
  causal: false,
  target: 'gpujs',
  weights: [],
  source: '# by hand\n',
} as const

/** A kernel `name(…inputs, …integers)` that writes cells. */
function kernel(
  name: string,
  inputs: readonly string[],
  integers: readonly CellInteger[],
  body: string,
): KernelSource {
  const parameters = [...inputs, ...integers.map((integer) => integer.replace('.l', 'L'))]
  return {
    code: `function ${name}(${parameters.join(', ')}) {\n${body}\n}`,
    workgroupSize: 1,
    workgroupBytes: 0,
    bindings: [
      ...inputs.map((input) => ({ name: input, access: 'read' as const })),
      { name: 'cells', access: 'read_write' },
    ],
    integers,
  }
}

const dispatch = (
  kernel: string,
  extent: readonly [Size, Size, Size],
  ...buffers: readonly string[]
): DispatchDescription => ({ kernel, extent, buffers })

const heads = times('batch', 'heads')

/**
 * Softmax attention by brute force: the scores, then the weighted means.
 * `weighted` adds to the output what a weight, a projection and a decay hold
 * first, and how many numbers the weight has.
 */
export function softmaxCells(dim: number, valueDim: number, weighted = false): ProgramDescription {
  const extra = weighted ? ['conv', 'projection', 'decay'] : []
  const integers = [
    'heads',
    'kvHeads',
    'keyLength',
    'sliceStart',
    ...(weighted ? ['conv.length'] : []),
  ] as CellInteger[]
  return {
    ...base,
    name: weighted ? 'weightedCells' : 'softmaxCells',
    dim,
    valueDim,
    ...(weighted && {
      projection: { rows: 3, dim, coupling: 'orthogonal', fixedNorm: false, seed: 7 },
      weights: [{ name: 'conv', perHead: 3 }],
    }),
    forms: {
      forward: {
        chunks: 1,
        groups: 'heads',
        buffers: [
          f32('q', 'input', times(heads, 'length', dim)),
          f32('k', 'input', times('batch', 'kvHeads', 'keyLength', dim)),
          f32('v', 'input', times('batch', 'kvHeads', 'keyLength', valueDim)),
          f32('out', 'output', times(heads, 'length', valueDim)),
          { name: 'lengths', role: 'lengths', element: 'u32', size: 'batch' },
          f32('scores', 'scratch', times('sliceCount', 'length', 'keyLength')),
          ...(weighted
            ? [
                f32('conv', 'weight', times('heads', 3)),
                f32('projection', 'projection', 3 * dim),
                { ...f32('decay', 'heads', 'heads'), value: negate(variable('head')) },
              ]
            : []),
        ],
        dispatches: [
          dispatch('scores', ['keyLength', 'length', 'sliceCount'], 'q', 'k', 'scores'),
          dispatch('means', [valueDim, 'length', 'sliceCount'], 'scores', 'v', 'lengths', ...extra, 'out'),
        ],
      },
    },
    kernels: {
      scores: kernel(
        'scores',
        ['q', 'k'],
        ['heads', 'kvHeads', 'length', 'keyLength', 'sliceStart'],
        `  const head = this.thread.z + sliceStart;
  const group = Math.floor((head * kvHeads + 0.5) / heads);
  const query = (head * length + this.thread.y) * ${dim};
  const key = (group * keyLength + this.thread.x) * ${dim};
  let sum = 0.0;
  for (let d = 0; d < ${dim}; d++) { sum += q[query + d] * k[key + d]; }
  return sum;`,
      ),
      means: kernel(
        'means',
        ['scores', 'v', 'lengths', ...extra],
        [...integers.slice(0, 2), 'length', ...integers.slice(2)],
        `  const head = this.thread.z + sliceStart;
  const group = Math.floor((head * kvHeads + 0.5) / heads);
  const item = Math.floor((head + 0.5) / heads);
  const keys = lengths[item];
  let numerator = 0.0;
  let denominator = 0.0;
  for (let j = 0; j < keyLength; j++) {
    if (j < keys) {
      const weight = Math.exp(scores[(this.thread.z * length + this.thread.y) * keyLength + j]);
      numerator += weight * v[(group * keyLength + j) * ${valueDim} + this.thread.x];
      denominator += weight;
    }
  }
  let mean = 0.0;
  if (denominator > 0.0) { mean = numerator / denominator; }
${weighted ? '  mean += conv[0] + projection[0] + decay[head - item * heads] + convLength;\n' : ''}  return mean;`,
      ),
    },
  }
}

/** Means of the values so far, which are kept: a state that needs more room as it goes on. */
export function cachedMeans(valueDim: number): ProgramDescription {
  const groups = times('batch', 'kvHeads')
  const buffers: FormDescription['buffers'] = [
    f32('q', 'input', times(heads, 'length', 1)),
    f32('k', 'input', times(groups, 'keyLength', 1)),
    f32('v', 'input', times(groups, 'keyLength', valueDim)),
    f32('out', 'output', times(heads, 'length', valueDim)),
    f32('cache', 'state', times(groups, 'capacity', valueDim)),
    f32('count', 'state', groups),
  ]
  const form: FormDescription = {
    chunks: 1,
    groups: 'kvHeads',
    buffers,
    dispatches: [
      dispatch('append', [valueDim, 'capacity', groups], 'v', 'cache', 'cache'),
      dispatch('counted', [1, 1, groups], 'count', 'count'),
      dispatch('means', [valueDim, 'length', heads], 'cache', 'out'),
    ],
  }
  return {
    ...base,
    name: 'cachedMeans',
    dim: 1,
    valueDim,
    causal: true,
    forms: { forward: form, prefill: form, step: form },
    kernels: {
      append: kernel(
        'append',
        ['v', 'cache'],
        ['offset', 'length', 'capacity'],
        `  const row = this.thread.y - offset;
  if (row >= 0 && row < length) { return v[(this.thread.z * length + row) * ${valueDim} + this.thread.x]; }
  return cache[(this.thread.z * capacity + this.thread.y) * ${valueDim} + this.thread.x];`,
      ),
      counted: kernel('counted', ['count'], ['length'], '  return count[this.thread.z] + length;'),
      means: kernel(
        'means',
        ['cache'],
        ['heads', 'kvHeads', 'capacity', 'offset'],
        `  const group = Math.floor((this.thread.z * kvHeads + 0.5) / heads);
  const rows = offset + this.thread.y + 1;
  let sum = 0.0;
  for (let j = 0; j < rows; j++) { sum += cache[(group * capacity + j) * ${valueDim} + this.thread.x]; }
  return sum / rows;`,
      ),
    },
  }
}

/** out = a kernel that gpu.js cannot compile. */
export const impossible: ProgramDescription = {
  ...softmaxCells(1, 1),
  name: 'impossible',
  kernels: {
    ...softmaxCells(1, 1).kernels,
    scores: kernel('scores', ['q', 'k'], ['length'], '  return nothing(q[0]);'),
  },
}
