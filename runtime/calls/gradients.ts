/** The gradients of an attention: of q, k and v alone, and with those of parameters. Each is loaded when it is asked for. */
import { checkBackward, checkKeeping, checkWrt, parametersOf, statesApart } from '../arguments/gradients.ts'
import type { Parameters } from '../arguments/gradients.ts'
import type { CheckedCall } from '../arguments/call.ts'
import type { CallSizes } from '../arguments/sizes.ts'
import type { Gradients, Tensor, Wrt } from '../attention.ts'
import type { Drawn, PrepareBackward } from '../base-attention.ts'
import { AttentionError } from '../errors.ts'
import type { Form, GradientProgram, Program } from '../program.ts'
import type { OfCall } from './kept.ts'
import { Loaded } from './loaded.ts'
import { withOwn } from './own-call.ts'

/** A call, and what runs it. */
export interface Ready<Opened> {
  readonly opened: Opened
  readonly checked: CheckedCall
  readonly wrt: Wrt
  /** By what the call is known, to what is kept for it. */
  readonly of: OfCall
}

type Promised<T> = T | Promise<T>

export class GradientPrograms<Opened> {
  readonly parameters: Parameters
  readonly #program: Program
  readonly #open: (program: GradientProgram) => Promise<Opened>
  readonly #plain = new Loaded<Opened>()
  readonly #whole = new Loaded<Opened>()
  readonly #behind = new Loaded<Opened>()

  /**
   * @param weights how many numbers those have that were given, by name
   * @param open makes a program run, with kernels of its own
   */
  constructor(
    program: Program,
    weights: Parameters['weights'],
    open: (program: GradientProgram) => Promise<Opened>,
  ) {
    this.#program = program
    this.#open = open
    this.parameters = parametersOf(program, weights)
  }

  /** Those of rows behind a state, which are loaded once. @throws AttentionError `form` where there are none */
  behind(): Opened | Promise<Opened> {
    return this.#behind.now ?? this.#behind.load(async () => this.#open(await stateProgramOf(this.#program)))
  }

  /** What runs gradients, if it is loaded. */
  now(parameters: boolean): Opened | undefined {
    return (parameters ? this.#whole : this.#plain).now
  }

  /** All that are loaded. */
  get opened(): readonly Opened[] {
    return [this.#plain, this.#whole, this.#behind].flatMap(({ now }) => now ?? [])
  }

  /** @throws TypeError, AttentionError `form` where there are none */
  async prepare({ wrt }: PrepareBackward = {}): Promise<void> {
    const { states, others } = statesApart(this.#program, 'prepareBackward', wrt)
    const parameters = checkWrt(`${this.#program.name}.prepareBackward`, others, this.parameters)
    // Behind rows that are kept, gradients are those of whole sequences.
    const ofSums = states && this.#program.features > 0
    await Promise.all([
      ofSums ? this.behind() : undefined,
      ofSums && !parameters ? undefined : (this.now(parameters) ?? this.#load(parameters)),
    ])
  }

  /** A call with what runs it: at once where that is loaded. @throws TypeError, RangeError, AttentionError `form` */
  ready(drawn: Drawn, call: { readonly wrt?: unknown } | undefined): Promised<Ready<Opened>> {
    return this.#ready(drawn, 'backward', call, (given) =>
      checkBackward(this.#program, given, this.parameters),
    )
  }

  /** Likewise, a forward pass that keeps. */
  readyToKeep(drawn: Drawn, call: { readonly wrt?: unknown }): Promised<Ready<Opened>> {
    return this.#ready(drawn, 'forward', call, (given) => checkKeeping(this.#program, given))
  }

  #ready(
    drawn: Drawn,
    member: string,
    call: { readonly wrt?: unknown } | undefined,
    check: (call: unknown) => CheckedCall,
  ): Promised<Ready<Opened>> {
    const parameters = checkWrt(`${this.#program.name}.${member}`, call?.wrt, this.parameters)
    const now = this.now(parameters)
    const readyOf = (opened: Opened, given: typeof call): Ready<Opened> => {
      const checked = check(given)
      return {
        opened,
        checked: parameters ? this.withRoom(checked) : checked,
        wrt: (given?.wrt ?? []) as Wrt,
        of: this.of(drawn, parameters, checked),
      }
    }
    if (now) return readyOf(now, call)
    return withOwn(call, async (own) => readyOf(await this.#load(parameters), own))
  }

  /** By what a call is known. */
  of(drawn: Drawn, parameters: boolean, call: OfCall['call']): OfCall {
    return { owner: this, drawn, parameters, call }
  }

  #load(parameters: boolean): Promise<Opened> {
    return (parameters ? this.#whole : this.#plain).load(async () =>
      this.#open(await programOf(this.#program, parameters ? this.parameters : undefined)),
    )
  }

  /**
   * A call with room for the gradients of all rows that there are weights for.
   *
   * @throws RangeError where weights are for different numbers of rows
   */
  withRoom<Call extends { readonly sizes: CallSizes }>(call: Call): Call {
    const { name, weights: plans } = this.#program
    const { weights } = this.parameters
    const rows = plans.flatMap(({ name, perHead, perKeyRow }) =>
      perKeyRow && weights[name] !== undefined ? [weights[name] / (perHead * call.sizes.heads)] : [],
    )
    if (new Set(rows).size > 1)
      throw new RangeError(
        `${name}.backward: wrt: ['weights'] needs weights for as many key rows each; they are for ${rows.join(' and ')}.`,
      )
    const [capacity] = rows
    return capacity === undefined ? call : { ...call, sizes: { ...call.sizes, capacity } }
  }
}

/** Loads gradients of a program. @throws AttentionError `form` where it has none */
async function programOf(
  { name, gradients, parameterGradients }: Program,
  parameters: Parameters | undefined,
): Promise<GradientProgram> {
  const { program, underivable } = (await (parameters ? parameterGradients : gradients)?.()) ?? {}
  if (program) return parameters ? shared(program, parameters) : program
  throw new AttentionError('form', `${name} has no gradients${because(underivable)}.`)
}

async function stateProgramOf({ name, stateGradients, undecodable }: Program): Promise<GradientProgram> {
  const { program, underivable = undecodable } = (await stateGradients?.()) ?? {}
  if (program) return program
  throw new AttentionError('form', `${name} has no gradients behind a state${because(underivable)}.`)
}

const because = (reason: string | undefined): string => (reason === undefined ? '' : `, since ${reason}`)

/** Where one weight serves as another, what the other would get is added to its own. */
function shared(program: GradientProgram, { weights }: Parameters): GradientProgram {
  const names = new Map(
    program.weights.flatMap(({ name, otherwise }) =>
      otherwise === undefined || weights[name] !== undefined ? [] : [[`d${name}`, `d${otherwise}`]],
    ),
  )
  const named = (name: string): string => names.get(name) ?? name
  const formOf = ({ buffers, dispatches, ...facts }: Form): Form => ({
    ...facts,
    buffers: buffers.filter(({ name }) => !names.has(name)),
    dispatches: dispatches.map((dispatch) => ({ ...dispatch, buffers: dispatch.buffers.map(named) })),
  })
  const forms = Object.entries(program.forms).map(([name, form]: [string, Form]) => [name, formOf(form)])
  return { ...program, forms: Object.fromEntries(forms) as GradientProgram['forms'] }
}

/** Gradients by the names of the interface. */
export function namedGradients<T extends Tensor>(outputs: ReadonlyMap<string, T>, wrt: Wrt): Gradients<T> {
  const plain = ['dq', 'dk', 'dv', ...(wrt.includes('projection') ? ['dprojection'] : [])]
  const others = [...outputs].filter(([name]) => !plain.includes(name))
  return {
    ...Object.fromEntries([...outputs].filter(([name]) => plain.includes(name))),
    ...(wrt.includes('weights') && {
      dweights: Object.fromEntries(others.map(([name, of]) => [name.slice(1), of])),
    }),
  } as unknown as Gradients<T>
}
