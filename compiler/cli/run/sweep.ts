/** One attention at several values of a setting, on the same tensors: how near its estimate comes, and what it costs. */
import { InvalidArgumentError } from 'commander'
import { parse } from '../../syntax/parse.ts'
import type { Setting } from '../../syntax/ast.ts'
import type { Source } from '../../diagnostics/diagnostic.ts'
import { usage } from '../failure.ts'
import type { Io } from '../io.ts'
import type { Measurement } from './measure.ts'
import { chosenIn, measureAll, type RunOptions } from './prepare.ts'

export interface Sweep {
  /** As the person wrote it: `m`, or the name of a setting. */
  readonly name: string
  readonly setting: string
  readonly values: readonly number[]
}

export interface Swept {
  readonly value: number
  readonly measurement: Measurement
}

/** `m` is what the papers call the number of projections. */
const aliases: Readonly<Record<string, string>> = { m: 'projections' }

const example = 'for example --sweep m=64,128,256, where m is projections'

/**
 * @param text `m=64,128,256`
 * @throws InvalidArgumentError where it is none
 */
export function sweepOf(text: string): Sweep {
  const [, name = '', list = ''] = /^(\w+)=([\d,]+)$/.exec(text) ?? []
  if (name === '')
    throw new InvalidArgumentError(`Expected a setting that counts and its values, ${example}.`)
  const values = list.split(',').map(Number)
  if (!values.every((value) => Number.isSafeInteger(value) && value > 0))
    throw new InvalidArgumentError(`Expected whole numbers from 1, ${example}.`)
  return {
    name,
    setting: aliases[name] ?? name,
    values: [...new Set(values)].toSorted((one, other) => one - other),
  }
}

/** The counts of this setting in a file, from the last to the first, each with whose it is. */
function countsIn(source: Source, setting: string): { readonly owner: string; readonly at: Setting }[] {
  return parse(source)
    .file.declarations.flatMap((declaration) =>
      declaration.kind === 'attention'
        ? declaration.settings
            .filter(({ key, value }) => key.text === setting && value.items[0]?.kind === 'number')
            .map((at) => ({ owner: declaration.name.text, at }))
        : [],
    )
    .toReversed()
}

/** The file with another count in all its attentions that have one. */
function withCount(source: Source, { setting }: Sweep, value: number): Source {
  let { text } = source
  for (const { at } of countsIn(source, setting)) {
    const span = at.value.items[0]?.span ?? at.span
    text = `${text.slice(0, span.start)}${value}${text.slice(span.end)}`
  }
  return { ...source, text }
}

/**
 * The attentions of a file that count this, at each value.
 *
 * @throws CommandFailure where there is none
 */
export async function swept(
  io: Io,
  source: Source,
  sweep: Sweep,
  options: RunOptions,
): Promise<readonly Swept[]> {
  const owners = countsIn(source, sweep.setting).map(({ owner }) => owner)
  const points: Swept[] = []
  for (const value of sweep.values) {
    const { backend, runnable } = await chosenIn(io, withCount(source, sweep, value), options)
    const those = runnable.filter(({ name }) => owners.includes(name))
    if (those.length === 0)
      throw usage(`nothing that was chosen of ${source.file} has a number of ${sweep.setting}`, example)
    for (const measurement of await measureAll(io, those, options, backend))
      points.push({ value, measurement })
  }
  return points
}
