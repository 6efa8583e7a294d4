/**
 * What a call of an intrinsic costs: the instructions of the function that the target spells it out as, counted in
 * its text. A multiplication and an addition count as one multiply-add, since compilers of shaders fuse them.
 */
import { invariant } from '../diagnostics/invariant.ts'
import type { Value, ValueType } from '../kernel/kernel.ts'
import { isIntrinsic } from '../kernel/target.ts'
import { wgslOperators } from '../targets/webgpu/operators.ts'
import { type Instructions, noInstructions, plus } from './instructions.ts'

/** A function that the target defines, as its table of spellings has it. */
type Helper = Extract<
  ReturnType<(typeof wgslOperators)[keyof typeof wgslOperators]>,
  { readonly helper: unknown }
>['helper']

/** What WGSL's own functions take; what is not named here takes one instruction on floats. */
const builtins: Readonly<Record<string, Partial<Instructions>>> = {
  // A sign is a modifier of an operand, and bits need no change to be read as another type.
  abs: {},
  bitcast: {},
  vec3: {},
  vec3u: {},
  exp2: { specials: 1 },
  log2: { specials: 1 },
  // √x = x · (1 / √x)
  sqrt: { specials: 1, floats: 1 },
  inverseSqrt: { specials: 1 },
  fma: { multiplyAdds: 1 },
  clamp: { floats: 2 },
  sign: { floats: 2 },
  u32: { integers: 1 },
  i32: { integers: 1 },
}

/** An integer division by what is no constant, as compilers of shaders write it out. */
export const integerDivision: Partial<Instructions> = { integers: 16, specials: 1 }
/** A quotient of floats: a reciprocal and its correction. */
export const floatDivision: Partial<Instructions> = { specials: 1, floats: 1 }

const costs = new Map<string, Instructions>()

/** The instructions of one lane of a call, whose arguments are counted apart. */
export function costOfCall(name: string, args: readonly Value[], type: ValueType): Instructions {
  invariant(isIntrinsic(name), `${name} is an intrinsic`)
  const spelling = wgslOperators[name](args, type === 'vec4f' ? 'f32' : type)
  if ('helper' in spelling) return costOfHelper(spelling.helper)
  const integers = type === 'i32' || type === 'u32'
  return plus(noInstructions, builtins[spelling.instruction] ?? (integers ? { integers: 1 } : { floats: 1 }))
}

function costOfHelper(helper: Helper): Instructions {
  const known = costs.get(helper.name)
  if (known !== undefined) return known
  const inner = new Map(helper.uses.map((used) => [used.name, costOfHelper(used)]))
  const cost = costOfText(helper.source, inner)
  costs.set(helper.name, cost)
  return cost
}

/** Counts the operators and calls in the body of a function of WGSL. */
function costOfText(source: string, helpers: ReadonlyMap<string, Instructions>): Instructions {
  const text = source.replaceAll(/\/\/.*$/gm, '')
  const integers = /^fn \w+_[iu]32\(/m.test(text)
  const body = text.slice(text.indexOf('{') + 1)
  const count = (pattern: RegExp): number => [...body.matchAll(pattern)].length
  const [products, sums] = [count(/ \*=? /g), count(/ [+-]=? /g)]
  const fused = Math.min(products, sums)
  const rest = products + sums - 2 * fused + count(/ (?:[<>=!]=|<|>) /g)
  const words = count(/ (?:<<|>>|&|\||\^)=? /g)
  const quotients = count(/ [/%]=? /g)
  let cost = integers
    ? plus(noInstructions, { integers: fused + rest + words }, integerDivision, quotients)
    : plus(noInstructions, { multiplyAdds: fused, floats: rest, integers: words }, floatDivision, quotients)
  for (const [, name = ''] of body.matchAll(/(\w+)(?:<\w+>)?\(/g))
    cost = plus(cost, helpers.get(name) ?? builtins[name] ?? { floats: 1 })
  return cost
}
