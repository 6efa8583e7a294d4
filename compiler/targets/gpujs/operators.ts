/** How gpu.js spells each intrinsic: one row per name, and a missing row does not compile. */
import { invariant } from '../../diagnostics/invariant.ts'
import type { Value } from '../../kernel/kernel.ts'
import { floatText } from '../../kernel/target.ts'
import type { IntrinsicName } from '../../kernel/target.ts'
import {
  cosh,
  elu,
  erf,
  gelu,
  logarithm,
  logarithm2,
  sigmoid,
  silu,
  sinh,
  softplus,
  tanh,
} from './javascript/functions.ts'
import { helper } from './javascript/helpers.ts'
import type { Helper } from './javascript/helpers.ts'
import { power } from './javascript/power.ts'
import { random } from './javascript/random.ts'
import { cosine, sine } from './javascript/trigonometry.ts'

/** A call as it is written; what is text already stays as it is. */
export interface Spelling {
  readonly callee: string
  readonly args: readonly (Value | string)[]
  readonly helpers?: readonly Helper[]
}

type Row = (args: readonly Value[]) => Spelling

const builtin =
  (name: string): Row =>
  (args) => ({ callee: `Math.${name}`, args })

const defined =
  (by: Helper): Row =>
  (args) => ({ callee: by.name, args, helpers: [by] })

/** Integers have no calls: the printer writes them out. */
const ofIntegers: Row = () => {
  invariant(false, 'integer functions are written out where they stand')
  return { callee: '', args: [] }
}

const step = helper('step', '1 where x is positive, else 0', [
  'if (x > 0) {',
  '  return 1;',
  '}',
  'return 0;',
])
const atMost = helper(
  'atMost',
  'yes where a is at most b, else no',
  ['if (a <= b) {', '  return yes;', '}', 'return no;'],
  {
    parameters: ['a', 'b', 'yes', 'no'],
  },
)
const fma = helper('multiplyAdd', 'a times b, and c', ['return a * b + c;'], { parameters: ['a', 'b', 'c'] })

const floorModulo = helper(
  'floorModulo',
  'a - b * floor(a / b), with the sign of b: a quotient rounded across a whole number is one off',
  [
    'const remainder = -Math.floor(a / b) * b + a;',
    'if (remainder * Math.sign(b) < 0) {',
    '  return remainder + b;',
    '}',
    'if (Math.abs(remainder) >= Math.abs(b)) {',
    '  return remainder - b;',
    '}',
    'return remainder;',
  ],
  { parameters: ['a', 'b'] },
)

/** The spelling of each intrinsic. */
export const gpujsOperators: Record<IntrinsicName, Row> = {
  exp: builtin('exp'),
  log: defined(logarithm),
  exp2: (args) => ({ callee: 'Math.pow', args: ['2', ...args] }),
  log2: defined(logarithm2),
  sqrt: builtin('sqrt'),
  abs: builtin('abs'),
  sign: builtin('sign'),
  step: defined(step),
  atMost: defined(atMost),
  floor: builtin('floor'),
  min: builtin('min'),
  max: builtin('max'),
  sin: defined(sine),
  cos: defined(cosine),
  tanh: defined(tanh),
  sinh: defined(sinh),
  cosh: defined(cosh),
  erf: defined(erf),
  relu: (args) => ({ callee: 'Math.max', args: [...args, '0'] }),
  elu: defined(elu),
  gelu: defined(gelu),
  sigmoid: defined(sigmoid),
  silu: defined(silu),
  softplus: defined(softplus),
  power: ([base, exponent]) => {
    invariant(base !== undefined && exponent?.kind === 'number', 'the exponent of power is a constant')
    const spelt = power(exponent.value, floatText(exponent.value).replace(/\.0$/, ''))
    return { callee: spelt.name, args: [base], helpers: [spelt] }
  },
  fma: defined(fma),
  floorDivide: ofIntegers,
  /** Of floats; that of integers is written out. */
  floorModulo: defined(floorModulo),
  random: (args) => ({
    callee: random.name,
    // A literal would be taken for a float.
    args: args.map((argument) => (argument.kind === 'number' ? `~~(${argument.value})` : argument)),
    helpers: [random],
  }),
}
