/** The float64 reference in the place of a device; what it gives is rounded to f32. */
import { drawProjection } from '../../../runtime/projection/index.ts'
import { drawnLaw } from '../../semantics/model.ts'
import { reference } from '../../reference/reference.ts'
import type { AttentionModel } from '../../semantics/model.ts'
import { asReference } from '../cases/weights.ts'
import type { Executor, Platform, Weights } from './executor.ts'

export const referencePlatform: Platform = {
  backend: 'reference',
  device: 'this processor, float64',
  draw: drawProjection,
  open: async (model, weights) => open(model, weights),
}

function open(model: AttentionModel, weights: Weights | undefined): Executor {
  const law = drawnLaw(model)
  const draw = (seed: number): Float32Array | undefined => law && drawProjection({ ...law, seed })
  let projection = draw(law?.seed ?? 0)
  return {
    get projection() {
      return projection
    },
    redraw: (seed) => {
      projection = draw(seed)
    },
    forward: async (call) =>
      Float32Array.from(
        reference(model, {
          ...call,
          ...asReference(model, weights ?? {}),
          ...(projection && { projection }),
        }),
      ),
    destroy: () => {},
  }
}
