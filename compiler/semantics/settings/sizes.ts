/** `dim`, `value_dim` and `scale`: the numbers that everything else may refer to. */
import { messages } from '../../diagnostics/messages.ts'
import { integerOf, realOf } from '../numbers.ts'
import { standInSize } from '../sizes.ts'
import { isCount } from './invariants.ts'
import type { SettingRecord } from './setting.ts'
import { expressionOf } from './value.ts'

const width = { least: 1, most: 4096 }

/** Width of a query row and a key row; required. */
export const dim: SettingRecord<'dim'> = {
  name: 'dim',
  read(context) {
    const { declaration, settings, report } = context
    if (!settings.has('dim') && declaration.incomplete !== true)
      report(messages.dimMissing(declaration.name.span, declaration.name.text))
    const item = expressionOf(context, 'dim')
    const range = { what: '`dim`', setting: 'dim', ...width }
    const dim = item && integerOf(item, range, undefined, report)
    return dim === undefined ? undefined : { dim }
  },
  constants: ({ sizes: { definitions }, draft: { dim } }) => ({
    dim: dim ?? standInSize,
    definitions,
    standIn: dim === undefined,
  }),
  verify({ dim }, promise) {
    promise(isCount(dim), 'the width of a query row is a positive integer')
  },
  print: ({ dim }) => String(dim),
}

/** Width of a value row, `dim` by default. */
export const valueDim: SettingRecord<'value_dim'> = {
  name: 'value_dim',
  read(context) {
    const { sizes, report } = context
    const item = expressionOf(context, 'value_dim')
    if (item === undefined) return { valueDim: sizes.dim }
    const range = { what: '`value_dim`', setting: 'value_dim', ...width }
    const valueDim = integerOf(item, range, sizes, report)
    return valueDim === undefined ? undefined : { valueDim }
  },
  constants: ({ sizes, draft: { valueDim } }) => ({
    ...sizes,
    valueDim: valueDim ?? standInSize,
    standIn: sizes.standIn || valueDim === undefined,
  }),
  verify({ valueDim }, promise) {
    promise(isCount(valueDim), 'the width of a value row is a positive integer')
  },
  print: ({ valueDim }) => String(valueDim),
}

/** The factor of q·k: each of the two rows is multiplied by its square root. */
export const scale: SettingRecord<'scale'> = {
  name: 'scale',
  read(context) {
    const item = expressionOf(context, 'scale')
    if (item === undefined) return { scale: 1 }
    const range = { setting: 'scale', range: 'a number above 0', holds: (value: number) => value > 0 }
    const scale = realOf(item, range, context.sizes, context.report)
    return scale === undefined ? undefined : { scale }
  },
  verify({ scale }, promise) {
    promise(Number.isFinite(scale) && scale > 0, 'scale is positive and finite')
  },
  print: ({ scale }) => String(scale),
}
