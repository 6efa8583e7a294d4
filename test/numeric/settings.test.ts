// Settings that change what is computed: the denominator, its ε, the stabilisation, and the projections' law.
import { usualError } from './compare.ts'
import { someShapes } from './shapes.ts'
import { holdOnDevice } from './wide.ts'
import type { Subject } from './wide.ts'

const attention = (settings: string, more: Partial<Subject> = {}): Subject => ({
  spec: `attention a { dim: 8 scale: 1 / sqrt(dim) ${settings} }`,
  shapes: [...someShapes, { length: 33, batch: 2, lengths: [0, 32] }],
  ...more,
})
const softmax = 'kernel: exp(dot(q, k))'
const favor = 'feature: favor projections: 20 orthogonal seed 5'

holdOnDevice({
  'no denominator, exact': attention(`${softmax} normalize: none`),
  'no denominator, factorised': attention(`${favor} normalize: none mask: causal`),
  'no denominator, negative features': attention('feature: identity normalize: none mask: causal'),
  'epsilon, exact': attention(`${softmax} epsilon: 0.5 mask: causal`),
  'epsilon, factorised': attention(`${favor} epsilon: 0.5`),
  'epsilon, without exponents': attention('feature: relu1 epsilon: 0.25 mask: causal'),
  'stabilize none, factorised': attention(`${favor} stabilize: none mask: causal`),
  'stabilize none, exact': attention(`${softmax} stabilize: none mask: causal`),
  'stabilize max': attention(`${favor} stabilize: max 1e-3`),
  'stabilize max, causal and large': attention(`${favor} stabilize: max 1e-2 mask: causal`, { deviation: 3 }),
  'stabilize max, two blocks': attention(
    'feature: favor_hyperbolic projections: 9 stabilize: max 1e-4 epsilon: 1e-3',
  ),
  'independent projections': attention('feature: favor projections: 20 iid seed 9 mask: causal'),
  'Hadamard projections': attention('feature: favor projections: 20 hadamard seed 9 mask: causal'),
  'projections along a simplex': attention('feature: favor projections: 20 simplex seed 9 mask: causal'),
  'projections of one length': attention(
    'feature: favor projections: 20 orthogonal fixed_norm seed 9 mask: causal',
  ),
  'random Fourier features': attention('feature: gaussian_fourier projections: 40 orthogonal', {
    deviation: 0.5,
    rms: usualError,
  }),
})
