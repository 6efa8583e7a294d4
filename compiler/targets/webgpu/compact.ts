/** WGSL as a module carries it. */
import { compact } from '../compact.ts'

/** Without comments and needless spaces, and with short names for what functions declare. */
export function compactWgsl(code: string): string {
  const words = new Set(code.match(/\b\w+\b/g))
  // What stands in front of a colon, such as a binding or a parameter, keeps its name, wherever else it is declared.
  const kept = new Set(code.replaceAll(/\/\/.*/g, '').match(/\b\w+(?=:)/g))
  const declared = new Set(
    [...code.matchAll(/\b(?:let|var) (\w+)/g)].flatMap(([, name = '']) => (kept.has(name) ? [] : [name])),
  )
  const short = new Map<string, string>()
  let next = 0
  for (const name of declared) {
    let candidate = shortName(next++)
    while (words.has(candidate)) candidate = shortName(next++)
    short.set(name, candidate)
  }
  // Behind a dot stands a field, behind @ an attribute; in front of a colon is a declared field or a parameter.
  return compact(code.replaceAll(/(?<![.@\w]|var<)[A-Za-z_]\w*(?!\w|:)/g, (word) => short.get(word) ?? word))
}

const letters = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ'

/** a, b, …, Z, then a0, b0, …: WGSL has no word like them. */
const shortName = (n: number): string => {
  const [letter = '', round] = [letters[n % letters.length], Math.floor(n / letters.length)]
  return round === 0 ? letter : `${letter}${round - 1}`
}
