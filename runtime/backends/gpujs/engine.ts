/** Runs the forms of one program of cells on one machine: calls at once, or slice by slice. */
import { requireForm } from '../../arguments/required-form.ts'
import type { CallSizes } from '../../arguments/sizes.ts'
import { declaredBuffer } from '../../contract/tensors.ts'
import type { Form, FormName, Runnable } from '../../program.ts'
import { within } from './environment.ts'
import type { Environment } from './environment.ts'
import { FormRunner } from './form-runner.ts'
import type { Results } from './form-runner.ts'
import type { Inputs } from './inputs.ts'
import { itemsOf, newRowsOf, queryRowsOf, stretches, together } from './parts.ts'
import type { OutputPart, Outputs } from './parts.ts'
import type { Session } from './session.ts'
import { carries, groupsOf, shapeOf, slicingOf } from './slices.ts'
import type { Slicing } from './slices.ts'
import type { NamedCells } from './state.ts'
import { free } from './transfers.ts'

export type { FormName } from '../../program.ts'

export class Engine {
  readonly #program: Runnable
  readonly #session: Session
  readonly #runner: FormRunner

  /** @param constants of whom the projection and the weights are */
  constructor(program: Runnable, session: Session, constants?: Engine) {
    this.#program = program
    this.#session = session
    this.#runner = new FormRunner(program, session, constants && constants.#runner)
  }

  /** Writes a projection or a weight, for the calls made from now on. */
  setConstant(name: string, numbers: Float32Array): void {
    this.#runner.setConstant(name, numbers)
  }

  /** All dispatches are made before it returns; only reading what they made takes time. */
  run(name: FormName, inputs: Inputs): Results {
    const form = requireForm(this.#program, name)
    const { sizes } = inputs
    const slicing = slicingOf(this.#session.machine, `${this.#program.name}.${name}`, form, sizes)
    if (carries(form)) return this.#runInTurn(form, inputs, slicing.rows)
    const parts = stretches(sizes.batch, slicing.items).flatMap(({ first, size }) =>
      this.#runItems(form, itemsOf(inputs, first, size), slicing, first * sizes.heads),
    )
    return { outputs: outputsOf(form, sizes, parts), state: new Map() }
  }

  destroy(): void {
    this.#runner.destroy()
  }

  #runItems(form: Form, inputs: Inputs, { items, groups, rows }: Slicing, firstHead: number): OutputPart[] {
    const { sizes } = inputs
    const ownRows = new Set(
      (this.#program.tensors ?? []).filter(({ rows }) => rows === 'length').map(declaredBuffer),
    )
    const ofQueries = form.buffers.filter(({ name }) => name === 'q' || ownRows.has(name))
    const others = form.buffers.filter((plan) => !ofQueries.includes(plan))
    const blocks = stretches(sizes.length, rows)
    const slices = stretches(groupsOf(form, sizes), items * groups)
    const headsPerGroup = sizes.heads / sizes[form.groups]
    // What slices have in common is uploaded once; where there is one slice, it goes after its last use.
    const shares = blocks.length * slices.length > 1
    return within(undefined, (ofItems) => {
      if (shares) this.#runner.provide(ofItems, others, shapeOf(form, sizes), inputs)
      return blocks.flatMap((rowsOfBlock) => {
        const block = blocks.length === 1 ? inputs : queryRowsOf(inputs, rowsOfBlock, this.#program.tensors)
        return within(ofItems, (ofBlock) => {
          if (shares) this.#runner.provide(ofBlock, ofQueries, shapeOf(form, block.sizes), block)
          return slices.map(({ first, size }) => {
            const shape = shapeOf(form, block.sizes, first, size)
            const { outputs } = within(ofBlock, (own) => {
              if (!shares) this.#runner.provide(own, form.buffers, shape, block)
              return this.#runner.run(own, form, shape)
            })
            const heads = { first: firstHead + first * headsPerGroup, size: size * headsPerGroup }
            return { heads, rows: rowsOfBlock, outputs }
          })
        })
      })
    })
  }

  /** Blocks of new rows, each into the state that the one before it left. */
  #runInTurn(form: Form, inputs: Inputs, rowsAtOnce: number): Results {
    const { sizes } = inputs
    const heads = { first: 0, size: sizes.batch * sizes.heads }
    const blocks = stretches(sizes.length, rowsAtOnce)
    const parts: OutputPart[] = []
    let state: NamedCells | undefined
    for (const rows of blocks) {
      const before = state
      try {
        const block = {
          ...(blocks.length === 1 ? inputs : newRowsOf(inputs, rows, this.#program.tensors)),
          ...(before && { state: before }),
        }
        const shape = shapeOf(form, block.sizes)
        const results = within(undefined, (own: Environment) => {
          this.#runner.provide(own, form.buffers, shape, block)
          return this.#runner.run(own, form, shape)
        })
        parts.push({ heads, rows, outputs: results.outputs })
        state = results.state
      } finally {
        const kept = new Set(state === before ? [] : state?.values())
        for (const cells of before?.values() ?? []) if (!kept.has(cells)) free(cells)
      }
    }
    return { outputs: outputsOf(form, sizes, parts), state: state ?? new Map() }
  }
}

function outputsOf({ buffers }: Form, sizes: CallSizes, parts: readonly OutputPart[]): Promise<Outputs> {
  const [only] = parts
  if (only !== undefined && parts.length === 1) return only.outputs
  const totals = buffers.flatMap(({ name, total }) => (total ? [name] : []))
  return together(sizes, parts, new Set(totals))
}
