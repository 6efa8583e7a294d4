/** The JavaScript of a formula while it is written. */
import { evaluateSize } from '../../../runtime/contract/size.ts'
import type { Size } from '../../../runtime/contract/size.ts'
import type { Shape } from '../../../runtime/contract/shape.ts'
import { invariant } from '../../diagnostics/invariant.ts'

/** The numbers of buffers, by name. */
export type Buffers = (name: string) => Float64Array

/** The value in the cell (x, y, z); a bool is 0 or 1. */
type OfCell = (x: number, y: number, z: number) => number

/** A formula whose sizes and buffers are still to be given. */
export type Script = (shape: Shape, buffers: Buffers) => OfCell

/** A number as JavaScript, in brackets where it has a sign. */
export const numberText = (value: number): string =>
  value < 0 || Object.is(value, -0) ? `(${Object.is(value, -0) ? '-0' : value})` : String(value)

/** A variable of the script, and the one that says when it was last set. */
export interface Bound {
  readonly text: string
  readonly set: string
}

/**
 * Where a value is kept that several places ask for: it is computed anew where an index that it depends on has been set
 * since. Each setting has a number of its own and inner loops are set later than outer ones, so the latest of them tells.
 */
export class Lines {
  readonly #declared: string[] = []
  readonly #functions: string[] = []
  readonly #constants: unknown[] = []
  readonly #places = new Map<unknown, string>()
  #names = 0

  fresh(letter: string): string {
    return `${letter}${this.#names++}`
  }

  /** A variable of the whole script. */
  variable(letter: string, value = '0'): string {
    const name = this.fresh(letter)
    this.#declared.push(`let ${name} = ${value};`)
    return name
  }

  /** What is given from outside, under a name. */
  constant(value: unknown): string {
    const known = this.#places.get(value)
    if (known !== undefined) return known
    const name = this.fresh('g')
    this.#declared.push(`const ${name} = given[${this.#constants.push(value) - 1}];`)
    this.#places.set(value, name)
    return name
  }

  /** What follows from the shape or is one of its buffers, under a name. */
  derived(key: string, text: () => string): string {
    const known = this.#places.get(key)
    if (known !== undefined) return known
    const name = this.fresh('d')
    this.#declared.push(`const ${name} = ${text()};`)
    this.#places.set(key, name)
    return name
  }

  /**
   * Values that are kept while what they depend on is not set again.
   *
   * @param compute writes how `into` are computed
   * @returns for each value how it is asked for
   */
  kept(sets: readonly string[], count: number, compute: (into: readonly string[]) => string[]): string[] {
    const values = Array.from({ length: count }, () => this.variable('v', 'NaN'))
    const [at, find] = [this.variable('k', '-1'), this.fresh('f')]
    const latest = sets.length === 0 ? '0' : `Math.max(${sets.join(', ')})`
    const body = compute(values)
    this.#functions.push(
      `function ${find}() {`,
      `const latest = ${latest};`,
      `if (${at} === latest) return;`,
      ...body,
      `${at} = latest;`,
      '}',
    )
    return values.map((value) => `(${find}(), ${value})`)
  }

  /** What the lines compute, as a function. */
  made(result: string): Script {
    const text = [
      "'use strict';",
      'let clock = 0, x = NaN, y = NaN, z = NaN, setX = 0, setY = 0, setZ = 0;',
      ...this.#declared,
      ...this.#functions,
      'return (atX, atY, atZ) => {',
      'if (atZ !== z) { z = atZ; y = NaN; setZ = ++clock; }',
      'if (atY !== y) { y = atY; setY = ++clock; }',
      'x = atX; setX = ++clock;',
      `return ${result};`,
      '};',
    ].join('\n')
    // The text is made of numbers and of names that are counted here, and of nothing that anyone else wrote.
    // oxlint-disable-next-line typescript/no-implied-eval
    const make = new Function('given', 'size', 'buffers', 'load', 'select', text) as (
      ...of: unknown[]
    ) => OfCell
    return (shape, buffers) =>
      make(this.#constants, (size: Size) => evaluateSize(size, shape), buffers, loaded, selected)
  }
}

function loaded(buffer: Float64Array, index: number, name: string): number {
  const value = buffer[index]
  invariant(value !== undefined, `entry ${index} of ${name} lies inside its ${buffer.length} numbers`)
  return value
}

/** Both branches are evaluated. */
const selected = (condition: number, yes: number, no: number): number => (condition === 0 ? no : yes)
