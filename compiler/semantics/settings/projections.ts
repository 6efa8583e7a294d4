/** `projections`: N [iid | orthogonal | hadamard | simplex] [fixed_norm] [seed S] */
import { couplings } from '../../../runtime/contract/projections.ts'
import { messages } from '../../diagnostics/messages.ts'
import { limits } from '../limits.ts'
import type { ProjectionsModel } from '../model.ts'
import { integerOf } from '../numbers.ts'
import type { Report } from '../report.ts'
import { spanOfAll } from '../settings.ts'
import type { Settings } from '../settings.ts'
import type { Sizes } from '../scope.ts'
import { readable } from './context.ts'
import { describe, isWord, nearWord } from './words.ts'

export function readProjections(
  settings: Settings,
  sizes: Sizes,
  report: Report,
): ProjectionsModel | undefined {
  const setting = readable({ settings }, 'projections')
  if (setting === undefined) return undefined
  const items = [...setting.value.items]
  const number = items.shift()
  if (number === undefined) return undefined
  if (number.kind === 'reference' && couplings.some((known) => known === number.name)) {
    report(messages.projectionsForm(number.span, describe(number)))
    return undefined
  }
  const range = {
    what: 'the number of projections',
    setting: 'projections',
    least: 1,
    most: limits.projections,
  }
  const count = integerOf(number, range, sizes, report)
  const coupling = couplings.find((known) => isWord(items[0], known))
  const couplingItem = coupling === undefined ? undefined : items.shift()
  const fixedNorm = isWord(items[0], 'fixed_norm')
  if (fixedNorm) items.shift()
  let seed: number | undefined = 0
  if (isWord(items[0], 'seed')) {
    const word = items.shift()
    const value = items.shift()
    if (value === undefined)
      report(messages.projectionsForm(word?.span ?? number.span, '`seed` without a number'))
    seed =
      value &&
      integerOf(value, { what: '`seed`', setting: 'projections', least: 0, most: limits.seed }, sizes, report)
  }
  const [rest] = items
  if (rest !== undefined) {
    const near = nearWord(rest, [...couplings, 'fixed_norm', 'seed'])
    report(messages.projectionsForm(near === undefined ? spanOfAll(items) : rest.span, describe(rest), near))
  }
  if (coupling === 'simplex' && sizes.dim < 2) report(messages.simplexDim(couplingItem?.span ?? number.span))
  if (count === undefined || seed === undefined) return undefined
  return { count, coupling: coupling ?? 'iid', fixedNorm, seed }
}
