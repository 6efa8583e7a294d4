/** The two parts of gradients, with buffers for what one leaves for the other. */
import type { Opened } from '../../calls/gradients.ts'
import { checkKept, keptBuffers, KeptForward } from '../../calls/kept.ts'
import type { OfCall } from '../../calls/kept.ts'
import { AttentionError } from '../../errors.ts'
import type { FormName } from '../../program.ts'
import type { Engine, Inputs } from './engine.ts'
import type { Parts } from './parts.ts'

/** A form of an engine, and a call of it. */
interface Work {
  readonly form: FormName
  readonly engine: Engine
  readonly inputs: Inputs
}

/**
 * The part that is a forward pass, with buffers for what it keeps; or forward itself, which keeps nothing.
 *
 * @throws AttentionError `form` where there is no such part and forward takes f16
 */
export function before(
  { program: whole, engine: own }: Parts,
  { program, engine }: Opened<Engine>,
  inputs: Inputs,
  of: OfCall,
): Work & { readonly kept: KeptForward<GPUBuffer> } {
  if (!program.forms.keep) {
    if (!whole.singles) return { form: 'forward', engine: own, inputs, kept: new KeptForward(of) }
    throw new AttentionError(
      'form',
      `${whole.name}.forward: backward would use nothing of what it keeps, and with the storage f16 it is another forward. Leave keep out.`,
    )
  }
  const slices = engine.slices('backward', inputs.sizes, 'forward')
  const { plans, bytes } = keptBuffers(program, slices)
  const parts = slices.map(
    (slice) => new Map(plans.map(({ name, size }) => [name, engine.createBuffer(name, size(slice) * 4)])),
  )
  const contents = { slices, parts }
  const kept = new KeptForward(of, bytes, contents, (buffer) => buffer.destroy())
  return { form: 'keep', engine, inputs: { ...inputs, kept: contents }, kept }
}

/**
 * What follows on that part, where it was run before; else all of it.
 *
 * @throws TypeError, RangeError, AttentionError `destroyed`, `projection`
 */
export function after(
  where: string,
  { engine }: Opened<Engine>,
  inputs: Inputs,
  of: OfCall,
  kept: unknown,
): Work {
  const { contents } = kept === undefined ? {} : checkKept<GPUBuffer>(where, kept, of)
  return contents
    ? { form: 'rest', engine, inputs: { ...inputs, kept: contents } }
    : { form: 'backward', engine, inputs }
}
