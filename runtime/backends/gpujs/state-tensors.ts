/** What a program carries from call to call, by the sizes of a state: to the host, from it, and into more room. */
import type { SavedState } from '../../attention.ts'
import { checkStateTensors, stateTensors } from '../../calls/state-tensors.ts'
import type { StateSizes } from '../../calls/buffer-state.ts'
import type { Program } from '../../program.ts'
import type { Session } from './session.ts'
import { cellsByName } from './state.ts'
import type { NamedCells } from './state.ts'
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

  upload(saved: SavedState): NamedCells {
    checkStateTensors(this.#program, saved)
    const { transfers } = this.#session
    return cellsByName(this.#lengths(saved), (_, name) =>
      transfers.upload(Float32Array.from(saved.tensors[name] ?? [])),
    )
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

  #lengths(sizes: StateSizes): ReadonlyMap<string, number> {
    return new Map(stateTensors(this.#program, sizes).map(({ name, size }) => [name, size]))
  }
}
