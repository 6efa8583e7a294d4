/**
 * The meaning of a schedule: its passes evaluated one after the other in
 * float64, on whole rows and in plain loops, without tiles and threads. What
 * kernels compute is held to this, and this to the algebra.
 *
 * Buffers are matrices of the heads that own them; how they lie in memory is the
 * kernels' matter.
 */
import { invariant } from '../diagnostics/invariant.ts'
import { type Call, Memory } from './interpret/memory.ts'
import { finish, headMaximum, project, reduce, rowMaxima, scan } from './interpret/factorised.ts'
import { means, merge, online, product, start } from './interpret/row-passes.ts'
import { dispatchesOf, type Pass, type Rows, type Schedule } from './schedule.ts'

export type { Call } from './interpret/memory.ts'

/**
 * The output [batch, heads, length, valueDim] of a schedule's forward form;
 * nothing where it has a pass that only decoding has.
 */
export function interpret(schedule: Schedule, call: Call): Float64Array | undefined {
  if (!schedule.passes.every(({ kind }) => kind in passes)) return undefined
  const memory = new Memory(schedule, call)
  for (const { pass, buffers } of dispatchesOf(schedule)) passOn(schedule, renamed(pass, buffers), memory)
  return memory.output()
}

const passes = {
  online,
  merge,
  means,
  start,
  product,
  // What is gathered is known by its name all the same.
  gather: () => {},
  // Two ways to one result.
  transform: project,
  project,
  'row-maxima': rowMaxima,
  'head-maximum': headMaximum,
  reduce,
  scan,
  finish,
} satisfies { readonly [Kind in Pass['kind']]?: Evaluate<Kind> }

type Evaluate<Kind extends Pass['kind']> = (
  schedule: Schedule,
  pass: Extract<Pass, { readonly kind: Kind }>,
  memory: Memory,
) => void

function passOn(schedule: Schedule, pass: Pass, memory: Memory): void {
  const evaluate = passes[pass.kind as keyof typeof passes] as Evaluate<Pass['kind']> | undefined
  invariant(evaluate !== undefined, `a pass of the kind ${pass.kind} can be interpreted`)
  evaluate(schedule, pass, memory)
}

/** The pass with its matrices under the names that this round has for them. */
function renamed(pass: Pass, names: readonly string[]): Pass {
  const other = new Map(pass.buffers.map((name, place) => [name, names[place] ?? name]))
  const now = <Of extends Rows>(rows: Of): Of => ({ ...rows, buffer: other.get(rows.buffer) ?? rows.buffer })
  switch (pass.kind) {
    case 'product':
      return { ...pass, left: now(pass.left), right: now(pass.right), out: now(pass.out) }
    case 'start':
      return { ...pass, matrix: now(pass.matrix), out: now(pass.out) }
    default:
      return pass
  }
}
