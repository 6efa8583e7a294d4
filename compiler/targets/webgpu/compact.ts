/** WGSL as a module carries it. */
import { invariant } from '../../diagnostics/invariant.ts'
import { compact } from '../compact.ts'

/** Of WGSL as it is printed: a statement a line, and braces at the ends of lines. */
export function compactWgsl(code: string): string {
  const scopes = new Scopes(code)
  return compact(
    code
      .split('\n')
      .filter((line) => !line.trim().startsWith('//'))
      .map((line) => scopes.renamed(line))
      .join('\n'),
  )
    .replaceAll(needlessSuffixes, '$1')
    .replaceAll('}\n', '}')
}

/** Of a u32 behind an operator: its type is then that of what stands in front. */
const needlessSuffixes = /(?<=[\w)\]](?:[-+*/%<>]|[<>=!]=))(\d+)u\b/g

/** What begins with a declaration; that of a loop is of the block that the line opens. */
const declaration = /^\s*(for \()?(?:let|var) (\w+)/
/** Behind a dot stands a field, behind @ an attribute; in front of a colon is a declared field or a parameter. */
const word = /(?<![.@\w]|var<)[A-Za-z_]\w*(?!\w|:)/g

/**
 * Short names for what is declared in functions. Blocks side by side have the same ones, so that code which differs
 * in its names alone becomes the same text, of which a page's compression makes next to nothing.
 */
class Scopes {
  readonly #taken: ReadonlySet<string>
  /** What stands in front of a colon, such as a binding or a parameter, keeps its name, wherever else it is declared. */
  readonly #kept: ReadonlySet<string>
  /** Outermost first. */
  readonly #open: { next: number; readonly names: Map<string, string> }[] = [{ next: 0, names: new Map() }]

  constructor(code: string) {
    this.#taken = new Set(code.match(/\b\w+\b/g))
    this.#kept = new Set(code.replaceAll(/\/\/.*/g, '').match(/\b\w+(?=:)/g))
  }

  renamed(line: string): string {
    if (/^\s*\}/.test(line)) this.#open.pop()
    if (line.trimEnd().endsWith('{')) this.#open.push({ next: 0, names: new Map() })
    const [, ofLoop, name] = declaration.exec(line) ?? []
    if (name === undefined || this.#kept.has(name)) return this.#spelt(line)
    if (ofLoop !== undefined) {
      this.#declare(name)
      return this.#spelt(line)
    }
    // Its own value may be of a name outside that is spelt alike.
    const [head, ...value] = line.split(' = ')
    const before = value.map((part) => this.#spelt(part))
    this.#declare(name)
    return [this.#spelt(head ?? ''), ...before].join(' = ')
  }

  get #innermost(): { next: number; readonly names: Map<string, string> } {
    const scope = this.#open.at(-1)
    invariant(scope !== undefined, 'a block that is closed has been opened')
    return scope
  }

  #declare(name: string): void {
    const scope = this.#innermost
    const depth = this.#open.length - 1
    let short = shortName(scope.next++, depth)
    while (this.#taken.has(short)) short = shortName(scope.next++, depth)
    scope.names.set(name, short)
  }

  #spelt(text: string): string {
    return text.replaceAll(word, (name) => {
      const scope = this.#open.findLast(({ names }) => names.has(name))
      return scope?.names.get(name) ?? name
    })
  }
}

const letters = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ'

/**
 * a, b, …, Z, then a0, b0, … in a function; aC, bC, … in a block of it, and so on: a block's names do not depend on what
 * stands before it. WGSL has no word like them.
 */
const shortName = (n: number, depth: number): string => {
  const [letter = '', round] = [letters[n % letters.length], Math.floor(n / letters.length)]
  const ofBlock = depth < 2 ? '' : String.fromCodePoint(firstOfBlocks + depth)
  return `${letter}${ofBlock}${round === 0 ? '' : round - 1}`
}

/** `A`, as a code. */
const firstOfBlocks = 65
