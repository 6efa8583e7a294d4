// The verifier accepts the sample kernels, and rejects each way of breaking one with a sentence that says which.
import { describe, expect, test } from 'vitest'
import { InvariantError } from '../../compiler/diagnostics/invariant.ts'
import * as ir from '../../compiler/kernel/build.ts'
import type { Binding, Kernel, SharedArray, Statement, Value } from '../../compiler/kernel/kernel.ts'
import { verify } from '../../compiler/kernel/verify.ts'
import { logSumExp, matmul, scan } from './samples.ts'

const input: Binding = { name: 'input', element: 'f32', access: 'read' }
const numbers: Binding = { name: 'numbers', element: 'u32', access: 'read' }
const out: Binding = { name: 'out', element: 'f32', access: 'read_write' }
const tile: SharedArray = { name: 'tile', element: 'f32', length: 64 }

const kernelOf = (body: readonly ir.Body[], change: Partial<Kernel> = {}): Kernel => ({
  name: 'sample',
  summary: 'a test',
  workgroupSize: 64,
  count: ir.shape('batch'),
  bindings: [input, numbers, out],
  shared: [tile],
  body: ir.block(...body),
  ...change,
})

test.each([matmul, logSumExp, scan])('$name is a kernel', (kernel) => {
  expect(() => verify(kernel)).not.toThrow()
})

const one = ir.f32(1)
const raw = (value: object): Value => value as Value
const storeOne = (index: Value): Statement => ({ kind: 'store', buffer: 'out', index, value: one })

describe('ill-typed', () => {
  const bad: readonly [string, readonly ir.Body[], RegExp][] = [
    ['a float as an index', [storeOne(one)], /an index of out is u32, not f32/],
    [
      'operands of two types',
      [storeOne(raw({ kind: 'binary', operator: '+', left: ir.thread, right: one }))],
      /the right of \+, as its left, is u32, not f32/,
    ],
    [
      'a remainder of floats',
      [
        ir.store(
          out,
          0,
          raw({ kind: 'binary', operator: '%', left: ir.convert('f32', ir.thread), right: one }),
        ),
      ],
      /% has a meaning on f32/,
    ],
    [
      'a negative u32',
      [storeOne(raw({ kind: 'number', type: 'u32', value: -1 }))],
      /number -1 is a value of u32/,
    ],
    [
      'infinity',
      [ir.store(out, 0, raw({ kind: 'number', type: 'f32', value: Infinity }))],
      /Infinity is no number of f32/,
    ],
    [
      'a double that is no f32',
      [ir.store(out, 0, raw({ kind: 'number', type: 'f32', value: 0.1 }))],
      /number 0.1 is a value of f32/,
    ],
    ['a scalar condition', [{ kind: 'if', condition: one, then: [] }], /a condition is bool, not f32/],
    [
      'a choice between two types',
      [ir.let_('x', raw({ kind: 'select', condition: ir.lt(ir.thread, 1), yes: one, no: ir.thread }))],
      /second case of a select, as its first, is f32, not u32/,
    ],
    [
      'an exponent that is computed',
      [
        ir.store(
          out,
          0,
          raw({ kind: 'call', intrinsic: 'power', args: [one, ir.convert('f32', ir.thread)] }),
        ),
      ],
      /exponent of power is a constant/,
    ],
    [
      'sin of an integer',
      [ir.store(out, 0, ir.convert('f32', raw({ kind: 'call', intrinsic: 'sin', args: [ir.thread] })))],
      /sin takes f32 or vec4f, not u32/,
    ],
    [
      'another type than the buffer has',
      [ir.store(out, 0, raw({ kind: 'load', type: 'f32', buffer: 'numbers', index: ir.thread }))],
      /numbers holds u32, not f32/,
    ],
    [
      'the length of a buffer that is not bound',
      [storeOne(ir.convert('f32', raw({ kind: 'bufferLength', buffer: 'others' })))],
      /the buffer others is bound/,
    ],
    [
      'an unknown field of the shape',
      [storeOne(raw({ kind: 'shape', field: 'depth' }))],
      /depth is a field of the shape/,
    ],
  ]
  test.each(bad)('%s', (_, body, message) => {
    expect(() => verify(kernelOf(body))).toThrow(InvariantError)
    expect(() => verify(kernelOf(body))).toThrow(message)
  })
})

describe('names and memory', () => {
  const x = ir.let_('x', one)
  const bad: readonly [string, readonly ir.Body[], RegExp][] = [
    [
      'a name used before it is declared',
      [ir.store(out, 0, ir.name('x', 'f32')), x],
      /name x is declared where/,
    ],
    [
      'a name used after its block',
      [ir.if_(ir.lt(ir.thread, 1), x), ir.store(out, 0, ir.ref(x))],
      /name x is declared/,
    ],
    ['a name declared twice', [x, ir.if_(ir.lt(ir.thread, 1), x)], /name x is declared once/],
    ['a name of a buffer', [ir.let_('out', one)], /name out is declared once/],
    ['an assignment to a let', [x, ir.assign(ir.ref(x), one)], /x is a variable/],
    [
      'a store to what is only read',
      [{ kind: 'store', buffer: 'input', index: ir.thread, value: one }],
      /input is bound for writing/,
    ],
    ['an unknown buffer', [ir.store({ ...out, name: 'elsewhere' }, 0, one)], /buffer elsewhere is bound/],
    [
      'an unknown shared array',
      [ir.sharedStore({ ...tile, name: 'other' }, 0, one)],
      /array other is declared/,
    ],
    ['a name that is none', [ir.let_('two words', one)], /two words is an identifier/],
  ]
  test.each(bad)('%s', (_, body, message) => {
    expect(() => verify(kernelOf(body))).toThrow(message)
  })
})

describe('barriers', () => {
  const count = ir.let_('count', ir.load(numbers, ir.workgroup))
  const flag = ir.var_('flag', ir.f32(0))
  const good: readonly [string, readonly ir.Body[]][] = [
    ['in a loop over the shape', [ir.for_('i', 0, ir.shape('length'), 4, () => ir.barrier)]],
    ['under a condition on the workgroup', [ir.if_(ir.lt(ir.workgroup, 3), ir.barrier)]],
    [
      'in a loop whose end is read, alike for all',
      [count, ir.for_('i', 0, ir.ref(count), 1, () => ir.barrier)],
    ],
    [
      'under a variable that is assigned uniformly',
      [
        flag,
        ir.for_('i', 0, 4, 1, () => [
          ir.if_(ir.gt(ir.ref(flag), 1), ir.barrier),
          ir.assign(ir.ref(flag), one),
        ]),
      ],
    ],
    [
      'beside a name that a sibling block declares otherwise',
      [
        ir.if_(ir.lt(ir.workgroup, 2), ir.let_('row', ir.thread)),
        ir.if_(ir.lt(ir.workgroup, 2), [
          ir.let_('row', ir.workgroup),
          ir.if_(ir.lt(ir.name('row', 'u32'), 1), ir.barrier),
        ]),
      ],
    ],
  ]
  test.each(good)('stand %s', (_, body) => {
    expect(() => verify(kernelOf(body))).not.toThrow()
  })

  const read = ir.let_('read', ir.sharedLoad(tile, 0))
  const bad: readonly [string, readonly ir.Body[]][] = [
    ['under a condition on the thread', [ir.if_(ir.lt(ir.thread, 3), ir.barrier)]],
    ['in a loop from the thread', [ir.for_('i', ir.thread, 64, 4, () => ir.barrier)]],
    ['under a plain shared cell', [read, ir.if_(ir.gt(ir.ref(read), 0), ir.barrier)]],
    ['under what the kernel itself writes', [ir.if_(ir.gt(ir.load(out, 0), 0), ir.barrier)]],
    [
      'under a variable that some threads assign',
      [
        flag,
        ir.if_(ir.lt(ir.thread, 3), ir.assign(ir.ref(flag), one)),
        ir.if_(ir.gt(ir.ref(flag), 0), ir.barrier),
      ],
    ],
    [
      'under a variable that a later turn of the loop makes differ',
      [
        flag,
        ir.for_('i', 0, 4, 1, () => [
          ir.if_(ir.gt(ir.ref(flag), 1), ir.barrier),
          ir.assign(ir.ref(flag), ir.convert('f32', ir.thread)),
        ]),
      ],
    ],
  ]
  test.each(bad)('do not stand %s', (_, body) => {
    expect(() => verify(kernelOf(body))).toThrow(/control may differ/)
  })
})

describe('limits', () => {
  const limits = { workgroupSize: 256, workgroupBytes: 16384, storageBuffers: 8 }
  const large = (length: number): SharedArray => ({ name: 'large', element: 'vec4f', length })
  test.each<[string, Partial<Kernel>, RegExp]>([
    ['threads', { workgroupSize: 257 }, /at most 256 threads, not 257/],
    ['shared memory', { shared: [large(1025)] }, /at most 16384 bytes, not 16400/],
    [
      'shared memory, with what aligning adds',
      { shared: [{ ...tile, length: 1 }, large(1024)] },
      /not 16400/,
    ],
    [
      'buffers',
      { bindings: Array.from({ length: 9 }, (_, index) => ({ ...input, name: `input_${index}` })) },
      /at most 8 buffers, not 9/,
    ],
    ['a count that only threads know', { count: ir.thread }, /built from constants and the shape/],
  ])('%s', (_, change, message) => {
    expect(() => verify(kernelOf([], change), limits)).toThrow(message)
  })
  test('may be larger ones', () => {
    expect(() =>
      verify(kernelOf([], { workgroupSize: 512 }), { ...limits, workgroupSize: 1024 }),
    ).not.toThrow()
  })
})
