// The same attentions of jax-js's own operations, all pairs at once.

export function ownAttentions({ numpy: np, nn }, { length, width, heads }, projection) {
  const dim = width / heads
  const seen = Float32Array.from({ length: length ** 2 }, (_, pair) =>
    pair % length > Math.floor(pair / length) ? 0 : 1,
  )
  const mask = np.array(seen, { shape: [length, length] })
  const transposed = (rows) => rows.transpose([0, 1, 3, 2])
  const mean = (weights, v) => np.matmul(weights.ref, v).div(weights.sum(-1, { keepdims: true }))
  const factorised = (feature) => (q, k, v) =>
    mean(np.matmul(feature(q), transposed(feature(k))).mul(mask.ref), v)
  const rows = np.array(projection, { shape: [projection.length / dim, dim] })
  // Of rows that already have their share of the scale: exp(w·x − |x|² / 2), whose constant factor divides out.
  const favor = (x) => {
    const scaled = x.mul(dim ** -0.25)
    const lengths = np.square(scaled.ref).sum(-1, { keepdims: true }).mul(0.5)
    return np.exp(np.matmul(scaled, rows.ref.transpose()).sub(lengths))
  }
  return {
    softmax: (q, k, v) => {
      const scores = np.matmul(q, transposed(k)).mul(dim ** -0.5)
      const hidden = mask.ref.sub(1).mul(1e9)
      return np.matmul(nn.softmax(scores.add(hidden)), v)
    },
    linear: factorised((x) => nn.elu(x).add(1)),
    performer: factorised(favor),
  }
}
