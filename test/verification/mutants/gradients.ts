// Schedules of gradients that compute something else.
import { choose, eq, integer, lt, mul, real, size, x } from '../../../compiler/schedule/equation/build.ts'
import type { EquationPass, Formula, Loop } from '../../../compiler/schedule/equation.ts'
import type { Schedule } from '../../../compiler/schedule/schedule.ts'

export interface WrongGradients {
  readonly what: string
  readonly spec: string
  readonly change: (plan: Schedule) => Schedule
}

const attention = (settings: string): string => `attention one { dim: 3 value_dim: 2 scale: 0.5 ${settings} }`
const carried = attention('feature: favor projections: 3 seed 3 mask: causal')
const plain = attention('feature: elu1 mask: causal')
const marks = attention('kernel: exp(dot(q, k)) landmarks: 2 learned pinv: 2 conv: 3')
const exact = attention('kernel: exp(dot(q, k))')

/** Changes the formulas of the passes that write such a buffer. */
const formulas =
  (out: string, change: (value: Formula, pass: EquationPass) => Formula) =>
  (plan: Schedule): Schedule => ({
    ...plan,
    passes: plan.passes.map((pass) =>
      pass.kind === 'equation' && pass.out === out ? { ...pass, value: change(pass.value, pass) } : pass,
    ),
  })

/** Only some turns of the loops over an index of such a name take part. */
const turns = (name: string, takesPart: (index: Formula) => Formula) => {
  const seen = new Map<Formula, Formula>()
  const loops = new Map<Loop, Loop>()
  const inLoop = (loop: Loop): Loop => {
    const known = loops.get(loop)
    if (known !== undefined) return known
    const made: Loop = {
      ...loop,
      ...(loop.index.name === name && { where: takesPart(loop.index) }),
      terms: loop.terms.map((term) => ({ ...term, value: visit(term.value) })),
    }
    loops.set(loop, made)
    return made
  }
  const inside = (one: Formula): Formula => {
    switch (one.kind) {
      case 'apply':
        return { ...one, operands: one.operands.map(visit) }
      case 'choose':
        return { ...one, yes: visit(one.yes), no: visit(one.no) }
      case 'named':
        return { ...one, value: visit(one.value) }
      case 'accumulated':
        return { ...one, loop: inLoop(one.loop) }
      default:
        return one
    }
  }
  const visit = (one: Formula): Formula => {
    const known = seen.get(one) ?? inside(one)
    seen.set(one, known)
    return known
  }
  return visit
}

/** One column is 0. */
const without = (column: number) => (value: Formula) => choose(eq(x, size(column)), real(0), value)

const afterFirst = (first: string) => turns(first, (index) => lt(integer(0), index))
const firstOnly = (first: string) => turns(first, (index) => lt(index, integer(1)))

export const wrongGradients: readonly WrongGradients[] = [
  { what: 'a half of dq', spec: plain, change: formulas('dq', (value) => mul(0.5, value)) },
  {
    what: 'no gradient of the denominator',
    spec: carried,
    change: formulas('rowCotangents', without(2)),
  },
  {
    what: 'no gradient of the denominator of pairs',
    spec: exact,
    change: formulas('attendQueryRows', without(5)),
  },
  {
    what: 'rows from the chunk after the next on',
    spec: carried,
    change: formulas('aheadSums', afterFirst('inner')),
  },
  {
    what: 'one query head of each group, within a chunk',
    spec: plain,
    change: formulas('keyCotangents', firstOnly('member')),
  },
  {
    what: 'one query head of each group, after a chunk',
    spec: plain,
    change: formulas('rowsOfChunkSums', firstOnly('member')),
  },
  {
    what: 'the first head alone in dprojection',
    spec: carried,
    change: formulas('dprojection', firstOnly('head')),
  },
  {
    what: 'a half of dprojection from keys',
    spec: carried,
    change: formulas('keyProjectionParts', (value) => mul(0.5, value)),
  },
  {
    what: 'the first batch item alone in landmarks',
    spec: marks,
    change: formulas('dlandmarks', firstOnly('item')),
  },
  {
    what: 'a filter that is a row off',
    spec: marks,
    change: formulas(
      'convColumns',
      turns('i', (index) => lt(integer(0), index)),
    ),
  },
  { what: 'one query head of each group of pairs', spec: exact, change: formulas('dk', firstOnly('member')) },
]
