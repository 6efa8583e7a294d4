// RAdam (Liu et al. 2020): Adam, whose adaptive rate is left out while its variance is unknown, then rectified.

const [beta1, beta2, epsilon] = [0.9, 0.999, 1e-8]
const longest = 2 / (1 - beta2) - 1

/** @returns a function that takes a step; parameters, gradient and moments are used up */
export function radam({ numpy: np, jit, tree }) {
  const moment = (beta) => (old, of) => old.mul(beta).add(of.mul(1 - beta))
  const plain = (params, first, rate) => tree.map((of, m) => of.sub(m.mul(rate.ref)), params, first)
  const adaptive = (params, first, second, rate, correction) =>
    tree.map(
      (of, m, v) => of.sub(m.mul(rate.ref).div(np.sqrt(v.mul(correction.ref)).add(epsilon))),
      params,
      first,
      second,
    )
  const update = jit((params, gradient, moments, rate, correction) => {
    const first = tree.map(moment(beta1), moments.first, tree.ref(gradient))
    const second = tree.map(moment(beta2), moments.second, tree.map(np.square, gradient))
    const kept = { first: tree.ref(first), second: tree.ref(second) }
    return [adaptive(params, first, second, rate, correction), kept]
  })
  const warm = jit((params, gradient, moments, rate) => {
    const first = tree.map(moment(beta1), moments.first, tree.ref(gradient))
    const second = tree.map(moment(beta2), moments.second, tree.map(np.square, gradient))
    return [plain(params, tree.ref(first), rate), { first, second }]
  })
  return {
    momentsOf: (params) => {
      const zeros = () => tree.map((of) => np.zeros(of.shape), params)
      return { first: zeros(), second: zeros() }
    },
    /** @param step from 1 */
    take: (step, rate, params, gradient, moments) => {
      const seen = 1 - beta2 ** step
      const length = longest - (2 * step * beta2 ** step) / seen
      const own = rate / (1 - beta1 ** step)
      if (length <= 4) return warm(params, gradient, moments, np.array(own))
      const rectified = Math.sqrt(
        ((length - 4) * (length - 2) * longest) / ((longest - 4) * (longest - 2) * length),
      )
      return update(params, gradient, moments, np.array(own * rectified), np.array(1 / seen))
    },
  }
}
