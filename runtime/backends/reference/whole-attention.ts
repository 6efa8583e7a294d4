/**
 * Attentions that no target has kernels for yet, in float64 from the attnc package: inputs and weights that the file
 * declares, heads of values of their own, log-sums. Decoding computes the whole sequence anew.
 */
import { checkCall } from '../../arguments/call.ts'
import type { CheckedCall } from '../../arguments/call.ts'
import { apartFromState, checkPrefill, checkSaved, checkStep } from '../../arguments/decoding.ts'
import type { StateSizes } from '../../arguments/decoding.ts'
import {
  apartFromWhole,
  asksLse,
  inputsOnHost,
  ofQueriesAndKeys,
  withValues,
} from '../../arguments/whole-call.ts'
import { checkOwnTensors } from '../../arguments/own-tensors.ts'
import { requireForm } from '../../arguments/required-form.ts'
import type {
  AttentionState,
  ForwardCall,
  Gradients,
  PrefillCall,
  SavedState,
  StepCall,
  Tensor,
} from '../../attention.ts'
import type { Drawn } from '../../base-attention.ts'
import { ownState } from '../../calls/carried.ts'
import { countOf, describeAxes, outputHeads } from '../../contract/tensors.ts'
import { AttentionError, destroyed } from '../../errors.ts'
import { PartialAttention } from '../../partial-attention.ts'
import { savedPositions } from '../../positions.ts'
import type { Program } from '../../program.ts'
import type { Opening } from '../../projection/lazy.ts'
import { loadReference } from './package.ts'
import type { Reference } from './package.ts'
import { joined, rowTensors, sequenceOf, Sequences } from './sequences.ts'
import type { Sequence } from './sequences.ts'

/** A call with its inputs, all of it in arrays. */
interface Checked extends CheckedCall {
  readonly inputs: Readonly<Record<string, Float32Array>>
}

type Prefilled<T extends Tensor> = Promise<{ out: T; state: AttentionState }>

export class WholeAttention extends PartialAttention {
  readonly #weights: Readonly<Record<string, Float32Array>>
  #reference: Reference | undefined

  private constructor(program: Program, options: Opening, reference: Reference) {
    super(program, 'reference', 'CPU, float64', { ...options, takeInputs: undefined })
    // Copies: the caller may go on to change theirs.
    this.#weights = Object.fromEntries(
      Object.entries(options.weights ?? {}).map(([name, weight]) => [name, new Float32Array(weight)]),
    )
    this.#reference = reference
  }

  static async open(program: Program, options: Opening): Promise<WholeAttention> {
    checkOwnTensors(program, options)
    return new WholeAttention(
      program,
      options,
      (await loadReference()).reference(program.source, program.name),
    )
  }

  /** For calls of an attention that has kernels, with what these do not compute. */
  static over(program: Program, options: Opening, reference: Reference): WholeAttention {
    return new WholeAttention(program, options, reference)
  }

  protected async pass<T extends Tensor>(call: ForwardCall<T>, drawn: Drawn): Promise<T> {
    const turned = this.turned<T>('forward', call, drawn)
    if (turned) return turned
    const { plain, sizes: asked } = apartFromWhole(this.program, 'forward', call)
    const checked = this.#check(
      'forward',
      call,
      checkCall(this.program, 'forward', plain, ofQueriesAndKeys, asked),
    )
    const { sizes, tensors, lengths, queryLengths } = checked
    const lse = asksLse(this.program, 'forward', call, this.#reference?.logSums)
      ? new Float64Array(sizes.batch * outputHeads(sizes) * sizes.length)
      : undefined
    const out = this.#evaluate(drawn, {
      ...sizes,
      ...Object.fromEntries(tensors),
      ...(lengths && { lengths }),
      ...(queryLengths && { queryLengths }),
      inputs: checked.inputs,
      lse,
    })
    return (lse === undefined ? out : { out, lse: Float32Array.from(lse) }) as unknown as T
  }

  async prefill<T extends Tensor>(call: PrefillCall<T>, drawn = this.drawn): Prefilled<T> {
    const turned = this.turned<Awaited<Prefilled<T>>>('prefill', call, drawn)
    if (turned) return turned
    const { plain, from } = apartFromState(this.program, call)
    asksLse(this.program, 'prefill', plain)
    const before = from === undefined ? undefined : ownState(this.program, Sequences, drawn, from, 'prefill')
    const { plain: bare, sizes } = apartFromWhole(this.program, 'prefill', plain, before?.sizes)
    const checked = this.#check(
      'prefill',
      plain,
      checkPrefill(this.program, bare, before?.sizes, sizes, ofQueriesAndKeys),
    )
    const state = before?.copy() ?? this.#empty(checked.sizes, drawn)
    return { out: this.#goOn(state, checked, drawn) as Tensor as T, state }
  }

  async step<T extends Tensor>(state: AttentionState, call: StepCall<T>, drawn = this.drawn): Promise<T> {
    this.assertUsable()
    requireForm(this.program, 'step')
    const own = ownState(this.program, Sequences, drawn, state, 'step')
    asksLse(this.program, 'step', call)
    const { plain } = apartFromWhole(this.program, 'step', { length: 1, ...call }, own.sizes)
    const checked = this.#check('step', call, checkStep(this.program, own.sizes, plain, ofQueriesAndKeys))
    return this.#goOn(own, checked, drawn) as Tensor as T
  }

  /** The state before the first row. */
  #empty({ batch, heads, kvHeads, valueHeads, headOrder }: StateSizes, drawn: Drawn): Sequences {
    const sizes = { batch, heads, kvHeads, valueHeads, headOrder }
    const none = Array.from({ length: batch }, () => ({ position: 0, rows: {} }))
    return new Sequences(drawn, sizes, rowTensors(this.program, sizes), none)
  }

  async restore(saved: SavedState, drawn = this.drawn): Promise<AttentionState> {
    this.assertUsable()
    checkSaved(this.program, drawn, saved)
    const { position, batch, heads, kvHeads, valueHeads, headOrder } = saved
    const sizes: StateSizes = { batch, heads, kvHeads, valueHeads, headOrder }
    const tensors = rowTensors(this.program, sizes)
    for (const { name, heads: own, width } of tensors) {
      const [need, found] = [batch * own * position * width, saved.tensors[name]?.length ?? 0]
      if (found !== need)
        throw new TypeError(
          `${this.name}.restore: expected ${need} numbers in the saved ${name}; there are ${found}. ` +
            'States of another backend hold other tensors.',
        )
    }
    const items = savedPositions(saved).map((own, item) =>
      sequenceOf(tensors, saved.tensors, item, position, own),
    )
    return new Sequences(drawn, sizes, tensors, items)
  }

  async backward<T extends Tensor>(): Promise<Gradients<T>> {
    throw this.#noGradients()
  }

  async prepareBackward(): Promise<void> {
    throw this.#noGradients()
  }

  destroy(): void {
    this.#reference = undefined
  }

  #noGradients(): AttentionError {
    const { name, uncompiled } = this.program
    return new AttentionError(
      'form',
      `${name} has no gradients, since attention with ${uncompiled ?? 'declared inputs and weights'} has none yet.`,
    )
  }

  protected assertUsable(): void {
    if (this.#reference === undefined) throw destroyed(this.name)
  }

  #check(member: string, call: unknown, checked: CheckedCall): Checked {
    this.assertUsable()
    this.requireArrays(`${this.name}.${member}`, checked)
    for (const plan of this.program.tensors ?? []) {
      const weight = this.#weights[plan.name]
      if (plan.role !== 'weight' || weight === undefined || weight.length === countOf(plan, checked.sizes))
        continue
      throw new RangeError(
        `With these heads, weights.${plan.name} needs ${countOf(plan, checked.sizes)} numbers, ` +
          `${describeAxes(plan, checked.sizes)}; create was given ${weight.length}.`,
      )
    }
    const complete = withValues(this.program, member, call, checked)
    return { ...complete, inputs: inputsOnHost(this.program, member, call, checked.sizes) }
  }

  /** The rows of a call behind those of a state, which comes to have them. [B, H′, L, V] */
  #goOn(state: Sequences, { sizes, tensors, inputs, lengths }: Checked, drawn: Drawn): Float32Array {
    const { length } = sizes
    const values = { ...Object.fromEntries(tensors), ...inputs } as Readonly<Record<string, Float32Array>>
    const each = outputHeads(sizes) * length * this.valueDim
    const out = new Float32Array(sizes.batch * each)
    const kept = state.contents.map((before, item): Sequence => {
      const rows = (count: number): Sequence =>
        joined(state.tensors, before, sequenceOf(state.tensors, values, item, length, count))
      const count = (lengths as Uint32Array | undefined)?.[item] ?? length
      out.set(
        this.#evaluateItem(rows(length), before.position, before.position + count, state, drawn),
        item * each,
      )
      return rows(count)
    })
    state.become(kept)
    return out
  }

  /** The rows of one sequence from `first` on, of which `count` count. */
  #evaluateItem(
    { position, rows }: Sequence,
    first: number,
    count: number,
    { sizes, tensors }: Sequences,
    drawn: Drawn,
  ): Float32Array {
    const { q, k, v } = rows
    const lengths = Uint32Array.of(count)
    return this.#evaluate(drawn, {
      ...sizes,
      batch: 1,
      length: position,
      keyLength: position,
      q,
      k,
      v,
      lengths,
      queryLengths: lengths,
      rows: Array.from({ length: position - first }, (_, row) => first + row),
      inputs: Object.fromEntries(tensors.slice(3).map(({ name }) => [name, rows[name]])),
    })
  }

  #evaluate({ projection }: Drawn, call: Readonly<Record<string, unknown>>): Float32Array {
    const { weights, tensors = [] } = this.program
    const given = (names: readonly { readonly name: string }[]): Readonly<Record<string, Float32Array>> =>
      Object.fromEntries(
        names.flatMap(({ name }) => {
          const { [name]: weight } = this.#weights
          return weight === undefined ? [] : [[name, weight] as const]
        }),
      )
    const inputs = {
      ...call,
      ...(projection && { projection }),
      ...given(weights),
      weights: given(tensors.filter(({ role }) => role === 'weight')),
    }
    return Float32Array.from(this.#reference?.(inputs) ?? [])
  }
}
