// The published implementations' tensors on lavapipe, whose compiler takes up to half a minute for a spec: some of exact and of
// factorised attention, which it compiles soonest.
import { holdToRecordings } from './golden/on-device.ts'

holdToRecordings('lavapipe', [
  'exact_softmax/causal_B_keylen',
  'linear_elu/full_B_keylen',
  'google_jax_generalized/relu_deterministic_causal_B',
  'performer_softmax/full_B_m64',
  'retention/a',
])
