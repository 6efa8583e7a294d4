// The attentions that are compared, as a file of attnc.

export const names = ['softmax', 'linear', 'performer']

/** @param {number} dim of a head */
export const specOf = (dim) => `
attention softmax {
  dim:    ${dim}
  scale:  1 / sqrt(dim)
  kernel: exp(dot(q, k))
  mask:   causal
}

attention linear {
  dim:     ${dim}
  feature: elu1
  mask:    causal
}

attention performer {
  dim:         ${dim}
  scale:       1 / sqrt(dim)
  kernel:      exp(dot(q, k))
  feature:     favor
  projections: ${4 * dim} orthogonal seed 1
  mask:        causal
}
`
