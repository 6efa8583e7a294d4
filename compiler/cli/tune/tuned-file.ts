/** What `attnc tune` leaves beside a module, and `attnc compile` takes up: the choices for an attention on a device. */
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { areChoices, type Choices } from '../../schedule/choices.ts'
import { usage } from '../failure.ts'
import { displayPath, readSource } from '../files.ts'
import type { Io } from '../io.ts'
import { version } from '../package.ts'

/** The content of such a file. It holds no times: measuring again gives the same bytes where it gives the same choices. */
export interface Tuned {
  readonly attention: string
  /** Version of attnc, whose options they are. */
  readonly attnc: string
  /** Of the attention's canonical text. */
  readonly spec: string
  /** What was measured, as devices name themselves. */
  readonly device: string
  readonly length: number
  readonly heads: number
  readonly choices: Choices
}

/** The name of an attention's file. */
export const tunedPath = (name: string): string => `${name}.tuned.json`

/** What tells a text from another. */
export const fingerprint = (source: string): string =>
  createHash('sha256').update(source).digest('hex').slice(0, 16)

/** The text of the file. */
export const tunedText = (tuned: Tuned): string => `${JSON.stringify(tuned, undefined, 2)}\n`

/**
 * The choices that lie in a directory for an attention with this canonical text, if any do. A file that was measured for
 * another text or by another version counts as none.
 *
 * @param say is told that there is such a file, and what to do about it
 * @throws CommandFailure for a file that is none of `attnc tune`, or that is for another attention
 */
export function readTuned(
  io: Io,
  directory: string,
  name: string,
  source: string,
  say: (message: string) => void,
): Tuned | undefined {
  const path = join(directory, tunedPath(name))
  if (!existsSync(resolve(io.directory, path))) return undefined
  const shown = displayPath(io, path)
  const tuned = parsed(readSource(io, path).text)
  const advice = 'remove it, or move it elsewhere'
  if (tuned === undefined) throw usage(`${shown} is not a file that attnc tune wrote`, advice)
  if (tuned.attention !== name) throw usage(`${shown} is for ${tuned.attention}, and not for ${name}`, advice)
  const stale =
    tuned.attnc !== version()
      ? `was measured by attnc ${tuned.attnc}, and this is ${version()}`
      : tuned.spec !== fingerprint(source)
        ? `was measured for another text of ${name}`
        : areChoices(tuned.choices)
          ? undefined
          : 'names tiles that there are not'
  if (stale === undefined) return tuned
  say(`${shown} ${stale}; the model’s choice stands until attnc tune is run again`)
  return undefined
}

const texts = ['attention', 'attnc', 'spec', 'device'] as const
const numbers = ['length', 'heads'] as const

function parsed(text: string): Tuned | undefined {
  try {
    const value = JSON.parse(text) as Partial<Tuned> | null
    const isTuned =
      typeof value === 'object' &&
      value !== null &&
      texts.every((name) => typeof value[name] === 'string') &&
      numbers.every((name) => typeof value[name] === 'number') &&
      typeof value.choices === 'object'
    return isTuned ? (value as Tuned) : undefined
  } catch {
    return undefined
  }
}

/** In words, what was chosen otherwise than the model chooses. */
export function inWords(choices: Choices, model: Choices): string {
  const other = Object.entries(choices).filter(([name, value]) => value !== model[name as keyof Choices])
  return other.length === 0
    ? 'the model’s choice'
    : other.map(([name, value]) => `${name} ${value}`).join(', ')
}
