/** What a program carries from call to call, by the sizes of a state: to the host, from it, and into more room. */
import { requireForm } from '../../arguments/required-form.ts'
import type { SavedState } from '../../attention.ts'
import type { Program } from '../../program.ts'
import type { Session } from './session.ts'
import { shapeOf } from './slices.ts'
import { cellsByName } from './state.ts'
import type { NamedCells, StateSizes } from './state.ts'
import { share } from './transfers.ts'

export class StateTensors {
  readonly #program: Program
  readonly #session: Session

  constructor(program: Program, session: Session) {
    this.#program = program
    this.#session = session
  }

  async read(cells: NamedCells, sizes: StateSizes): Promise<Record<string, Float32Array>> {
    this.#session.assertUsable()
    const { transfers } = this.#session
    const lengths = this.#lengths(sizes)
    const pending = [...cells].map(async ([name, one]) => {
      const numbers = await transfers.read(one, lengths.get(name) ?? 0)
      // Under WebAssembly what was read is the state itself.
      return [name, numbers.slice()] as const
    })
    return this.#session.until(Promise.all(pending).then((entries) => Object.fromEntries(entries)))
  }

  upload({ tensors, ...sizes }: SavedState): NamedCells {
    const lengths = this.#lengths(sizes)
    for (const [name, length] of lengths) {
      const have = tensors[name]?.length
      if (have !== length)
        throw new RangeError(
          `${this.#program.name}.restore: the tensor ${name} is expected to have ${length} numbers; ` +
            `the saved state has ${have ?? 'none'}.`,
        )
    }
    const { transfers } = this.#session
    return cellsByName(lengths, (_, name) => transfers.upload(Float32Array.from(tensors[name] ?? [])))
  }

  /** Each head's rows stay where they are, with room for `capacity` of them. */
  stretch(cells: NamedCells, from: StateSizes, capacity: number): NamedCells {
    const heads = from.batch * from.kvHeads
    const before = this.#lengths(from)
    const after = this.#lengths({ ...from, capacity })
    return cellsByName(cells, (one, name) => {
      const [length, wanted] = [before.get(name) ?? 0, after.get(name) ?? 0]
      if (length === wanted) return share(one)
      return this.#session.transfers.stretch(one, heads, length / heads, wanted / heads)
    })
  }

  #lengths({ batch, heads, kvHeads, capacity }: StateSizes): ReadonlyMap<string, number> {
    const form = requireForm(this.#program, 'step')
    const shape = shapeOf(form, { batch, heads, kvHeads, capacity, length: 1, keyLength: 1, offset: 0 })
    return new Map(
      form.buffers.filter(({ role }) => role === 'state').map(({ name, size }) => [name, size(shape)]),
    )
  }
}
