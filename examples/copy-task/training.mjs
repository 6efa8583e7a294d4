// Trains one model: with a compiled attention between jax's parts, or with one of jax's own inside.
import { valueAndGradOfParts } from 'attnc/jax'
import { parametersOf, partsOf } from './model.mjs'
import { radam } from './radam.mjs'
import { sequences, uniforms } from './task.mjs'

/**
 * Sizes of a model and of its training: ones that a processor finishes in minutes, and those of the paper. The rate of
 * learning is lower from this part of the steps on, `turn`; in the paper after 3,000 steps.
 */
export const settings = {
  small: {
    layers: 2,
    heads: 2,
    width: 64,
    batch: 32,
    length: 24,
    steps: 3000,
    rate: 2e-3,
    later: 5e-4,
    turn: 0.6,
  },
  paper: {
    layers: 4,
    heads: 8,
    width: 256,
    batch: 64,
    length: 128,
    steps: 10_000,
    rate: 1e-3,
    later: 1e-4,
    turn: 0.3,
  },
}

/**
 * @param gradient (params, data) → [loss, gradient], as `compiledGradient` and `ownGradient` give
 * @param told of every step: its number from 1, and its loss
 */
export async function train(jax, gradient, setting, seed, told) {
  const { numpy: np, tree } = jax
  const { batch, length, steps, rate, later, turn } = setting
  const uniform = uniforms(seed)
  const optimizer = radam(jax)
  let params = parametersOf(jax, setting, seed + 1)
  let moments = optimizer.momentsOf(tree.ref(params))
  for (let step = 1; step <= steps; step++) {
    const { tokens, next, counts } = sequences(uniform, setting)
    const shape = [batch, length, tokens.length / (batch * length)]
    const data = {
      tokens: np.array(tokens, { shape }),
      next: np.array(next, { shape }),
      counts: np.array(counts, { shape: [batch, length] }),
    }
    const [loss, found] = await gradient(tree.ref(params), data)
    const now = step > turn * steps ? later : rate
    ;[params, moments] = optimizer.take(step, now, params, found, moments)
    const [value] = await loss.data()
    await told(step, value)
  }
  tree.dispose([params, moments])
}

/** @param attend of `attentionInJax` */
export const compiledGradient = (jax, attend, setting) =>
  valueAndGradOfParts(jax, attend, partsOf(jax, setting))

/** @param attend a function of jax arrays, which jax differentiates */
export function ownGradient(jax, attend, setting) {
  const parts = partsOf(jax, setting)
  const loss = (params, data) => {
    let carried = {}
    for (const part of parts.slice(0, -1)) {
      const { q, k, v, rest } = part(jax.tree.ref(params), carried, jax.tree.ref(data))
      carried = { out: attend(q, k, v), rest }
    }
    return parts.at(-1)(params, carried, data)
  }
  return jax.jit((params, data) => jax.valueAndGrad(loss)(params, data))
}
