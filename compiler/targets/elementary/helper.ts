/**
 * Elementary functions as formulas, for f32 and, lane by lane, for vec4f. They are
 * written in WGSL, which takes them as they are; other targets translate them. WGSL
 * has no overloading, so that a function is written once here, in terms of `Lanes`,
 * and printed for each type that is called for.
 */

import type { ValueType } from '../../kernel/kernel.ts'

/** A function that printed text defines, with a line of description above it. */
export interface Helper {
  readonly name: string
  readonly source: string
  /** The helpers that it calls. */
  readonly uses: readonly Helper[]
}

/** How the types and constants of one width are spelt. */
export interface Lanes {
  /** `f32` or `vec4f` */
  readonly float: 'f32' | 'vec4f'
  readonly signed: 'i32' | 'vec4i'
  readonly unsigned: 'u32' | 'vec4u'
  /** Constants, where WGSL does not widen them by itself. */
  readonly f: (constant: string) => string
  readonly i: (constant: string) => string
  readonly u: (constant: string) => string
}

const scalar: Lanes = {
  float: 'f32',
  signed: 'i32',
  unsigned: 'u32',
  f: (constant) => constant,
  i: (constant) => constant,
  u: (constant) => constant,
}

const vector: Lanes = {
  float: 'vec4f',
  signed: 'vec4i',
  unsigned: 'vec4u',
  f: (constant) => `vec4f(${constant})`,
  i: (constant) => `vec4i(${constant})`,
  u: (constant) => `vec4u(${constant})`,
}

/** The spelling of a value's width: one lane, or four. */
export const lanesOf = (type: ValueType): Lanes => (type === 'vec4f' ? vector : scalar)

/** A function of floats, `NAME_f32` or `NAME_vec4f`, with a line of description. */
export function helper(
  name: string,
  { float }: Lanes,
  comment: string,
  body: readonly string[],
  { uses = [], parameters = ['x'] }: { uses?: readonly Helper[]; parameters?: readonly string[] } = {},
): Helper {
  const typed = parameters.map((parameter) =>
    parameter.includes(':') ? parameter : `${parameter}: ${float}`,
  )
  return {
    name: `${name}_${float}`,
    source: [
      `// ${comment}`,
      `fn ${name}_${float}(${typed.join(', ')}) -> ${float} {`,
      ...body.map((line) => `  ${line}`),
      '}',
    ].join('\n'),
    uses,
  }
}
