/**
 * What callers of the library pass, held to what its functions take: a value of
 * another type, or a member that nobody reads, is a TypeError; a value of the right
 * type that is none of those taken is a RangeError. Each says what was expected and
 * what came.
 */
import { describe } from '../runtime/arguments/describe.ts'
import { nearest } from './diagnostics/nearest.ts'

/** Throws where a value is not what the member called `name` may be. */
export type Member = (value: unknown, name: string) => void

/** Of an object of options: members are optional, and one that is undefined counts as absent. */
export function checkOptions(options: unknown, of: string, members: Readonly<Record<string, Member>>): void {
  const names = Object.keys(members)
  if (typeof options !== 'object' || options === null || Array.isArray(options))
    throw new TypeError(
      `${of}: expected an object of options (${names.join(', ')}), found ${describe(options)}`,
    )
  for (const [name, value] of Object.entries(options)) {
    const member = Object.hasOwn(members, name) ? members[name] : undefined
    if (member === undefined)
      throw new TypeError(
        `${of}: expected no option but ${names.join(', ')}, found '${name}'${suggestion(name, names)}`,
      )
    if (value !== undefined) member(value, name)
  }
}

export const text: Member = ofType('string', 'a string')
export const flag: Member = ofType('boolean', 'true or false')
export const callback: Member = ofType('function', 'a function')

/** An interface of the browser, by what it has, so that a wrapped one counts. */
export const having =
  (member: string, expected: string): Member =>
  (value, name) => {
    if (typeof value !== 'object' || value === null || !(member in value))
      throw wrongType(name, expected, value)
  }

export const wholeNumber =
  (least: number, most = Number.MAX_SAFE_INTEGER): Member =>
  (value, name) => {
    const range = most === Number.MAX_SAFE_INTEGER ? `from ${least}` : `from ${least} to ${most}`
    const expected = `a whole number ${range}`
    if (typeof value !== 'number') throw wrongType(name, expected, value)
    if (!Number.isSafeInteger(value) || value < least || value > most)
      throw new RangeError(`${name}: expected ${expected}, found ${value}`)
  }

export const oneOf =
  (known: readonly string[]): Member =>
  (value, name) => {
    const expected = known.map((each) => `'${each}'`).join(' or ')
    if (typeof value !== 'string') throw wrongType(name, expected, value)
    if (!known.includes(value))
      throw new RangeError(`${name}: expected ${expected}, found '${value}'${suggestion(value, known)}`)
  }

/** The RangeError of a name that no attention of a file has. */
export const noAttention = (name: string, wanted: string, attentions: readonly string[]): RangeError =>
  new RangeError(
    `${name}: expected one of the attentions (${attentions.join(', ') || 'none'}), found '${wanted}'${suggestion(wanted, attentions)}`,
  )

function ofType(type: 'string' | 'boolean' | 'function', expected: string): Member {
  return (value, name) => {
    if (typeof value !== type) throw wrongType(name, expected, value)
  }
}

const wrongType = (name: string, expected: string, value: unknown): TypeError =>
  new TypeError(`${name}: expected ${expected}, found ${describe(value)}`)

function suggestion(wanted: string, known: readonly string[]): string {
  const near = nearest(wanted, known)
  return near === undefined ? '' : `; did you mean '${near}'?`
}
