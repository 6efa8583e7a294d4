/** `short_conv`: N [function], a causal depthwise convolution of q, k and v. */
import { messages } from '../../diagnostics/messages.ts'
import { scalarOperator } from '../../symbolic/operators.ts'
import { isFunction } from '../functions.ts'
import type { ShortConvModel } from '../model.ts'
import { integerOf } from '../numbers.ts'
import { isCount } from './invariants.ts'
import type { Context, Rule, SettingRecord } from './setting.ts'
import { readable, spanOf, spanOfAll } from './value.ts'
import { describe } from './words.ts'

const counted = { what: 'the width of `short_conv`', setting: 'short_conv', least: 2, most: 64 }

function read(context: Context): ShortConvModel | undefined {
  const { sizes, report } = context
  const [number, word, ...more] = readable(context, 'short_conv')?.value.items ?? []
  if (number === undefined) return undefined
  const width = integerOf(number, counted, sizes, report)
  if (more.length > 0) {
    report(messages.shortConvForm(spanOfAll(more), `${describe(more[0])} after it`))
    return undefined
  }
  if (word === undefined) return width === undefined ? undefined : { width }
  const activation = word.kind === 'reference' ? word.name : undefined
  if (activation === undefined || !isFunction(activation) || !isOfOneNumber(activation)) {
    report(messages.shortConvForm(word.span, describe(word)))
    return undefined
  }
  return width === undefined ? undefined : { width, activation }
}

const isOfOneNumber = (name: string): boolean => {
  const type = scalarOperator(name)?.type([{ kind: 'scalar' }])
  return typeof type === 'object' && type.kind === 'scalar'
}

const needsCausal: Rule = (context) => {
  const { settings, draft, report, declaration } = context
  if (!settings.has('short_conv') || declaration.incomplete === true) return
  const { mask } = draft
  const causal = mask === undefined || (mask.kind === 'causal' && mask.fromEnd !== true)
  if (!causal && mask.kind !== 'condition') report(messages.shortConvCausal(spanOf(context, 'short_conv')))
}

/** Width and activation. */
export const shortConv: SettingRecord<'short_conv'> = {
  name: 'short_conv',
  read(context) {
    const shortConv = read(context)
    return shortConv ? { shortConv } : {}
  },
  rules: [needsCausal],
  verify({ shortConv }, promise) {
    if (shortConv) promise(isCount(shortConv.width), 'so many rows are a positive integer')
  },
  print: ({ shortConv }) => shortConv && `${shortConv.width} ${shortConv.activation ?? ''}`.trim(),
}
