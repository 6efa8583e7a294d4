// Programs for WebAssembly whose kernels are written out here, so that what they do is plain to see.
import compile from 'watr/compile'
import { layout } from '../../runtime/backends/wasm/layout.ts'
import { scratchWord, shapeWord } from '../../runtime/contract/kernel-table.ts'
import type { AttentionError } from '../../runtime/errors.ts'
import type { BufferPlan, Program } from '../../runtime/program.ts'

/** A kernel that does something for each row of four numbers; `$at` is the row's byte offset in q and out. */
const rows = (name: string, body: string): string => `
  (func (export "${name}") (param $first i32) (param $end i32) (param $table i32)
    (local $at i32) (local $q i32) (local $out i32) (local $scratch i32) (local $left i32)
    (local.set $q (i32.load (local.get $table)))
    (local.set $out (i32.load offset=8 (local.get $table)))
    (local.set $scratch (i32.load offset=${4 * scratchWord(3)} (local.get $table)))
    (block $done (loop $rows
      (br_if $done (i32.ge_u (local.get $first) (local.get $end)))
      ;; sliceStart · length + workgroup
      (local.set $at (i32.shl (i32.add (local.get $first)
        (i32.mul (i32.load offset=${4 * shapeWord(3, 'sliceStart')} (local.get $table)) (i32.load offset=${4 * shapeWord(3, 'length')} (local.get $table)))) (i32.const 4)))
      ${body}
      (local.set $first (i32.add (local.get $first) (i32.const 1)))
      (br $rows))))`

/** Takes a while. */
const pause = `(local.set $left (i32.const 20000))
  (loop $wait (br_if $wait (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))`

/** The byte address of the table as numbers of the row, which tells the threads apart. */
const telling = `(v128.store (i32.add (local.get $out) (local.get $at))
  (f32x4.convert_i32x4_u (i32x4.splat (local.get $table))))`

/** The table of the main thread. */
const first = `(i32.const ${4 * layout.tables})`

const text = `(module
  (import "attnc" "memory" (memory 1 65536))
  ;; 2·q, by way of the thread's scratch.
  ${rows(
    'twice',
    `(v128.store (local.get $scratch)
        (f32x4.mul (f32x4.splat (f32.const 2)) (v128.load (i32.add (local.get $q) (local.get $at)))))
      (v128.store (i32.add (local.get $out) (local.get $at)) (v128.load (local.get $scratch)))`,
  )}
  ${rows('slowly', `${pause} ${telling}`)}
  ;; On the main thread as slowly; never ends beside it.
  ${rows('forever', `(loop $wait (br_if $wait (i32.ne (local.get $table) ${first}))) ${pause}`)}
  ;; Stop on one of the threads.
  ${rows('stopAlone', `(if (i32.eq (local.get $table) ${first}) (then unreachable)) ${pause}`)}
  ${rows('stopBeside', `(if (i32.ne (local.get $table) ${first}) (then unreachable)) ${pause}`)}
  ${rows('stop', 'unreachable')})`

type KernelName = 'twice' | 'slowly' | 'forever' | 'stopAlone' | 'stopBeside' | 'stop'

let bytes: string | undefined

/** The module that engines read, in hexadecimal. */
const assembled = (): string => (bytes ??= Buffer.from(compile(text)).toString('hex'))

const kernel = {
  code: '',
  workgroupSize: 1,
  bindings: [
    { name: 'q', access: 'read' },
    { name: 'out', access: 'read_write' },
    { name: 'scratch', access: 'read_write' },
  ],
  workgroupBytes: 16,
} as const

const buffer = (name: string, role: BufferPlan['role']): BufferPlan => ({
  name,
  role,
  element: 'f32',
  size: ({ batch, heads, length }) => batch * heads * length * 4,
})

/**
 * A program of one kernel, a workgroup for each row of four numbers.
 *
 * @param scratch numbers of scratch for each head
 */
export const programOf = (name: KernelName, scratch = 0): Program => ({
  format: 1,
  name,
  dim: 4,
  valueDim: 4,
  features: 0,
  causal: false,
  target: 'wasm',
  weights: [],
  source: '',
  forms: {
    forward: {
      chunks: () => 1,
      groups: 'heads',
      buffers: [
        buffer('q', 'input'),
        buffer('k', 'input'),
        buffer('v', 'input'),
        buffer('out', 'output'),
        { ...buffer('scratch', 'scratch'), size: ({ sliceCount }) => sliceCount * scratch },
      ],
      dispatches: [
        {
          kernel: name,
          workgroups: ({ sliceCount, length }) => sliceCount * length,
          buffers: ['q', 'out', 'scratch'],
        },
      ],
    },
  },
  kernels: { [name]: kernel },
  assembled: {
    plain: async () => ({ bytes: assembled() }),
    relaxed: async () => ({ bytes: assembled() }),
  },
})

/**
 * Its forward doubles q; its prefill, which has a kernel in a module of its own, doubles it once more, and leaves a
 * state of zeros.
 */
export function decodingProgram(): Program {
  const program = programOf('twice')
  const { forward } = program.forms
  const again = compile(text.replace('"twice"', '"again"')) as Uint8Array
  const bytes = Buffer.from(again).toString('hex')
  const dispatches = [
    ...forward.dispatches,
    ...forward.dispatches.map((one) => ({ ...one, kernel: 'again', buffers: ['out', 'out', 'scratch'] })),
  ] as Program['forms']['forward']['dispatches']
  const buffers = [...forward.buffers, buffer('kept', 'state')]
  return {
    ...program,
    causal: true,
    forms: {
      forward,
      prefill: { ...forward, buffers, dispatches },
      step: { ...forward, buffers },
    },
    kernels: { ...program.kernels, again: kernel },
    assembledLater: { plain: async () => ({ bytes }), relaxed: async () => ({ bytes }) },
  }
}

/** A call of one head: q counts up from `first`. */
export function callOf(
  length: number,
  first = 0,
): {
  readonly q: Float32Array
  readonly k: Float32Array
  readonly v: Float32Array
  readonly length: number
} {
  const q = Float32Array.from({ length: length * 4 }, (_, index) => first + index)
  return { q, k: q, v: q, length }
}

/** Where two arrays differ first, or -1; `toEqual` takes seconds for long ones. */
export const firstDifference = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Array.from({ length: Math.max(a.length, b.length) }).findIndex((_, index) => a[index] !== b[index])

/** The code of the error that a promise is rejected with, and its message behind it. */
export const refusal = async (pending: Promise<unknown>): Promise<string> =>
  pending.then(
    () => 'none',
    (thrown: unknown) => {
      const { code, message } = thrown as AttentionError
      return `${code}: ${message}`
    },
  )
