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

/** A program of gradients, and what runs it. */
export interface Opened<Engine> {
  readonly program: GradientProgram
  readonly engine: Engine
}

/** A call, and what runs it. */
export interface Ready<Engine> {
  readonly opened: Opened<Engine>
  readonly checked: CheckedCall
  readonly wrt: Wrt
  /** By what the call is known, to what is kept for it. */
  readonly of: OfCall
}

type Promised<T> = T | Promise<T>

export class GradientPrograms<Engine> {
  readonly parameters: Parameters
  /** Those of rows behind a state of sums; loading them rejects with the AttentionError `form` where there are none. */
  readonly behind: Loaded<Opened<Engine>>
  readonly #program: Program
  readonly #plain: Loaded<Opened<Engine>>
  readonly #whole: Loaded<Opened<Engine>>

  /**
   * @param weights how many numbers those have that were given, by name
   * @param open makes a program run, with kernels of its own
   */
  constructor(
    program: Program,
    weights: Parameters['weights'],
    open: (program: GradientProgram) => Promise<Engine>,
  ) {
    this.#program = program
    this.parameters = parametersOf(program, weights)
    const opened = (load: () => Promise<GradientProgram>): Loaded<Opened<Engine>> =>
      new Loaded(async () => {
        const gradients = await load()
        return { program: gradients, engine: await open(gradients) }
      })
    this.#plain = opened(() => programOf(program, undefined))
    this.#whole = opened(() => programOf(program, this.parameters))
    this.behind = opened(() => stateProgramOf(program))
  }

  #of(parameters: boolean): Loaded<Opened<Engine>> {
    return parameters ? this.#whole : this.#plain
  }

  /** What runs gradients, if it is loaded. */
  now(parameters: boolean): Opened<Engine> | undefined {
    return this.#of(parameters).now
  }

  /** @throws AttentionError `form` where there are none */
  load(parameters: boolean): Promise<Opened<Engine>> {
    return this.#of(parameters).load()
  }

  /** All that are loaded. */
  get opened(): readonly Opened<Engine>[] {
    return [this.#plain, this.#whole, this.behind].flatMap(({ now }) => now ?? [])
  }

  /** What is to be prepared: gradients of states, and of parameters. @throws TypeError, AttentionError `form` */
  asked({ wrt }: PrepareBackward = {}): { readonly states: boolean; readonly parameters: boolean } {
    const { states, others } = statesApart(this.#program, 'prepareBackward', wrt)
    const parameters = checkWrt(`${this.#program.name}.prepareBackward`, others, this.parameters)
    return { states, parameters }
  }

  /** A call with what runs it: at once where that is loaded. @throws TypeError, RangeError, AttentionError `form` */
  ready(drawn: Drawn, call: { readonly wrt?: unknown } | undefined): Promised<Ready<Engine>> {
    return this.#ready(drawn, 'backward', call, (given) =>
      checkBackward(this.#program, given, this.parameters),
    )
  }

  /** Likewise, a forward pass that keeps. */
  readyToKeep(drawn: Drawn, call: { readonly wrt?: unknown }): Promised<Ready<Engine>> {
    return this.#ready(drawn, 'forward', call, (given) => checkKeeping(this.#program, given))
  }

  #ready(
    drawn: Drawn,
    member: string,
    call: { readonly wrt?: unknown } | undefined,
    check: (call: unknown) => CheckedCall,
  ): Promised<Ready<Engine>> {
    const parameters = checkWrt(`${this.#program.name}.${member}`, call?.wrt, this.parameters)
    const programs = this.#of(parameters)
    const readyOf = (opened: Opened<Engine>, given: typeof call): Ready<Engine> => {
      const checked = check(given)
      return {
        opened,
        checked: parameters ? this.withRoom(checked) : checked,
        wrt: (given?.wrt ?? []) as Wrt,
        of: this.of(drawn, parameters, checked),
      }
    }
    if (programs.now) return readyOf(programs.now, call)
    return programs.with(call, async (opened, own) => readyOf(opened, own))
  }

  /** By what a call is known. */
  of(drawn: Drawn, parameters: boolean, call: OfCall['call']): OfCall {
    return { owner: this, drawn, parameters, call }
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
