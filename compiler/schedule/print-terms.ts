/** Terms and features as lines of text, for printed passes. */
import { print as printExpression } from '../symbolic/print.ts'
import type { Features, Term } from './schedule.ts'

/** How the exponent of a scaled term is raised: by powers of two, or by the exponential. */
type Power = '2^e' | 'exp(e)'

/** The lines of each block of φ, which say to which components it belongs. */
export function printFeatures(what: string, features: Features, power: Power = '2^e'): string[] {
  return features.blocks.flatMap(({ start, size, projected, term }) => {
    const places = size === 1 ? `component ${start}` : `components ${start}…${start + size - 1}`
    return printTerm(`${what}, ${places}${projected ? ', one per projection w' : ''}`, term, power)
  })
}

/** `name = value` on one line, or `name = c · 2^e` with a line each for e and c. */
export function printTerm(what: string, term: Term, power: Power = '2^e'): string[] {
  if (term.kind === 'plain') return [`${what} = ${printExpression(term.value)}`]
  return [
    `${what} = ${term.coefficient === undefined ? '' : 'c · '}${power}`,
    `  e = ${printExpression(term.exponent)}`,
    ...(term.coefficient === undefined ? [] : [`  c = ${printExpression(term.coefficient)}`]),
  ]
}
