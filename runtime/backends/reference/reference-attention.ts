/** The float64 reference on the CPU, from the attnc package: slow, and the truth. */
import { checkCall } from '../../arguments/call.ts'
import type { CheckedCall } from '../../arguments/call.ts'
import { apartFromState, checkPrefill, checkSaved, checkStep } from '../../arguments/decoding.ts'
import {
  checkBackward,
  checkKeeping,
  checkWrt,
  parametersOf,
  statesApart,
} from '../../arguments/gradients.ts'
import type { Parameters } from '../../arguments/gradients.ts'
import { checkPiece, seesState } from '../../arguments/piece.ts'
import { checkStateGradient, stateGradient } from '../../arguments/state-gradients.ts'
import {
  apartFromWhole,
  asksLse,
  inputsOnHost,
  ofQueriesAndKeys,
  withValues,
} from '../../arguments/whole-call.ts'
import { ownState } from '../../calls/carried.ts'
import { checkKept, KeptForward } from '../../calls/kept.ts'
import { present } from '../../arguments/form.ts'
import { requireForm } from '../../arguments/required-form.ts'
import type {
  AttentionState,
  BackwardCall,
  ForwardCall,
  Gradients,
  KeepingCall,
  KeptOutput,
  PrefillCall,
  SavedState,
  StepCall,
  Tensor,
} from '../../attention.ts'
import type { Drawn, PrepareBackward } from '../../base-attention.ts'
import { outputHeads } from '../../contract/tensors.ts'
import { destroyed } from '../../errors.ts'
import { PartialAttention } from '../../partial-attention.ts'
import { savedPositions } from '../../positions.ts'
import type { Program } from '../../program.ts'
import type { Opening } from '../../projection/lazy.ts'
import { part, WholeSequences, wholeSequence } from '../../calls/whole-sequences.ts'
import type { ItemRows, WideGradients } from '../../calls/whole-sequences.ts'
import { wholeProgram } from '../../calls/whole-program.ts'
import { History, rowsOf } from './history.ts'
import { loadReference } from './package.ts'
import type { Package, Reference } from './package.ts'
import { Sequences } from './sequences.ts'
import { WholeAttention } from './whole-attention.ts'

export class ReferenceAttention extends PartialAttention {
  readonly #weights: Readonly<Record<string, Float32Array>>
  readonly #package: Package
  readonly #options: Opening
  #reference: Reference | undefined
  #whole: WholeAttention | undefined

  private constructor(program: Program, options: Opening, loaded: Package) {
    super(program, 'reference', 'CPU, float64', options)
    const { weights = {} } = options
    // Copies: the caller may go on to change theirs.
    this.#weights = Object.fromEntries(
      program.weights.flatMap(({ name }) => {
        const { [name]: weight } = weights
        return weight ? [[name, new Float32Array(weight)]] : []
      }),
    )
    this.#package = loaded
    this.#options = { ...options, weights: this.#weights }
    this.#reference = loaded.reference(program.source, program.name)
  }

  static async open(program: Program, options: Opening): Promise<ReferenceAttention> {
    return new ReferenceAttention(await wholeProgram(program), options, await loadReference())
  }

  protected async pass<T extends Tensor>(call: ForwardCall<T>, drawn: Drawn): Promise<T> {
    const turned = this.turned<T>('forward', call, drawn)
    if (turned) return turned
    this.assertUsable()
    const { plain, sizes } = apartFromWhole(this.program, 'forward', call)
    const checked = withValues(
      this.program,
      'forward',
      plain,
      checkCall(this.program, 'forward', plain, ofQueriesAndKeys, sizes),
    )
    inputsOnHost(this.program, 'forward', call, sizes)
    if (!asksLse(this.program, 'forward', call, this.#reference?.logSums))
      return this.#evaluate('forward', checked, { drawn }) as T
    const lse = new Float64Array(sizes.batch * outputHeads(sizes) * sizes.length)
    const out = this.#evaluate('forward', checked, { drawn, lse })
    return { out, lse: Float32Array.from(lse) } as unknown as T
  }

  async backward<T extends Tensor>(call: BackwardCall<T>, drawn = this.drawn): Promise<Gradients<T>> {
    const turned = this.turned<Gradients<T>>('backward', call, drawn)
    if (turned) return turned
    this.assertUsable()
    if ('keep' in Object(call)) return this.#keep(call as never, drawn) as never
    if (seesState(call)) return this.#backwardBehind(call, drawn)
    const { source, name } = this.program
    const checked = checkBackward(this.program, call, this.#parameters)
    const parameters = (call.wrt ?? []).length > 0
    if (call.kept !== undefined)
      checkKept(`${name}.backward`, call.kept, { owner: this, drawn, parameters, call: checked })
    const inputs = { ...this.#inputs('backward', checked, drawn), wrt: call.wrt ?? [] }
    return named(this.#package.referenceGradients(source, name)(inputs))
  }

  /** Nothing is kept: it is there to be compared with, in float64 throughout. */
  #keep<T extends Tensor>(call: KeepingCall<T>, drawn: Drawn): KeptOutput<T> {
    const parameters = checkWrt(`${this.name}.forward`, call.wrt, this.#parameters)
    const checked = checkKeeping(this.program, call)
    const out = this.#evaluate('forward', checked, { drawn }) as T
    return { out, kept: new KeptForward({ owner: this, drawn, parameters, call: checked }) }
  }

  /** Gradients of the last rows of each item's whole sequence, and of those of the state before them. */
  #backwardBehind<T extends Tensor>(call: BackwardCall<T>, drawn: Drawn): Gradients<T> {
    const { program } = this
    const stateOf = (state: unknown): History => ownState(program, History, drawn, state, 'backward')
    const { state, dstate, wrt, ofState, ...of } = checkPiece(program, call, stateOf, this.#parameters)
    const checked = this.#onHost('backward', of.checked)
    const { source, name } = program
    const gradientsOf = this.#package.referenceGradients(source, name)
    const { sizes } = checked
    const wholes = new WholeSequences(checked, state?.contents, this)
    const { after, positions } = wholes
    const dstateOf = { drawn, call: checked, positions: after, numbers: wholes.numbers(after) }
    const later = checkStateGradient(`${name}.backward`, dstate, dstateOf)
    const ofWholes = wholes.calls.map((whole) =>
      gradientsOf({ ...this.#inputs('backward', whole, drawn), wrt }),
    )
    const found = wholes.gradients(ofWholes, later as ReadonlyMap<string, Float32Array> | undefined)
    const { k, v, ...others } = found
    return {
      ...named<T>(others),
      ...(ofState && {
        dstate: stateGradient({ drawn, sizes }, positions, { k: single(k), v: single(v) }) as never,
      }),
    }
  }

  async prepareBackward(options: PrepareBackward = {}): Promise<void> {
    this.assertUsable()
    const { states, others } = statesApart(this.program, 'prepareBackward', options.wrt)
    if (states) requireForm(this.program, 'prefill')
    checkWrt(`${this.name}.prepareBackward`, others, this.#parameters)
  }

  get #parameters(): Parameters {
    return parametersOf(this.program, this.weights)
  }

  async prefill<T extends Tensor>(
    call: PrefillCall<T>,
    drawn = this.drawn,
  ): Promise<{ out: T; state: AttentionState }> {
    const turned = this.turned<{ out: T; state: AttentionState }>('prefill', call, drawn)
    if (turned) return turned
    if (hasOwnHeads(call) || call?.state instanceof Sequences) return this.#ofWhole.prefill(call, drawn)
    this.assertUsable()
    const { plain, from } = apartFromState(this.program, call)
    const before = from === undefined ? undefined : ownState(this.program, History, drawn, from, 'prefill')
    const checked = checkPrefill(this.program, plain, before?.sizes)
    const out = before
      ? this.#evaluateBehind(before, this.#onHost('prefill', checked), drawn)
      : this.#evaluate('prefill', checked, { drawn })
    const { sizes, lengths } = checked
    const items = this.#itemsOf(hostTensors(checked), sizes, (item) =>
      upTo((lengths as Uint32Array | undefined)?.[item] ?? sizes.length),
    )
    const state = before ? before.followedBy(items) : new History(drawn, sizes, this, items)
    return { out: out as Tensor as T, state }
  }

  /** What decodes where heads of values are counted, or ordered, apart from those of keys. */
  get #ofWhole(): WholeAttention {
    this.assertUsable()
    const reference = present(this.#reference, 'the reference of an attention in use')
    this.#whole ??= WholeAttention.over(this.program, this.#options, reference)
    return this.#whole
  }

  /** The last rows of each item's whole sequence, of which the first ones are those of the state. */
  #evaluateBehind({ contents }: History, checked: CheckedCall, drawn: Drawn): Float32Array {
    const { batch, heads, length } = checked.sizes
    const each = heads * length * this.valueDim
    const out = new Float32Array(batch * each)
    for (const [item, before] of contents.entries()) {
      const call = wholeSequence(checked, item, before, this)
      const rows = upTo(length).map((row) => before.position + row)
      out.set(this.#evaluate('prefill', call, { drawn, rows }), item * each)
    }
    return out
  }

  /** Of each batch item of [B, KVH, rows, …] the rows that it has seen. */
  #itemsOf(
    { k, v }: { readonly k: Float32Array; readonly v: Float32Array },
    { batch, kvHeads }: { readonly batch: number; readonly kvHeads: number },
    rowsIn: (item: number) => readonly number[],
  ): ItemRows[] {
    return upTo(batch).map((item) => {
      const rows = rowsIn(item)
      return {
        position: rows.length,
        k: rowsOf(part(k, batch, item), kvHeads, this.dim, rows),
        v: rowsOf(part(v, batch, item), kvHeads, this.valueDim, rows),
      }
    })
  }

  /** The last row of the whole sequence, so that its cost grows with the tokens seen. */
  async step<T extends Tensor>(state: AttentionState, call: StepCall<T>, drawn = this.drawn): Promise<T> {
    if (state instanceof Sequences) return this.#ofWhole.step(state, call, drawn)
    this.assertUsable()
    requireForm(this.program, 'step')
    const own = ownState(this.program, History, drawn, state, 'step')
    const checked = checkStep(this.program, own.sizes, call)
    const { q, k, v } = hostTensors(this.#onHost('step', checked))
    own.append(k, v)
    const { batch, heads } = own.sizes
    const each = heads * this.valueDim
    const out = new Float32Array(batch * each)
    for (const [item, { position: length, ...rows }] of own.contents.entries()) {
      const queries = new Float32Array(heads * length * this.dim)
      const own = part(q, batch, item)
      for (let head = 0; head < heads; head++)
        queries.set(part(own, heads, head), ((head + 1) * length - 1) * this.dim)
      const sizes = { ...checked.sizes, batch: 1, length, keyLength: length }
      const tensors = new Map(Object.entries({ q: queries, ...rows }))
      out.set(
        this.#evaluate('step', { ...checked, sizes, tensors }, { drawn, rows: [length - 1] }),
        item * each,
      )
    }
    return out as Tensor as T
  }

  async restore(saved: SavedState, drawn = this.drawn): Promise<AttentionState> {
    if (hasOwnHeads(saved)) return this.#ofWhole.restore(saved, drawn)
    this.assertUsable()
    checkSaved(this.program, drawn, saved)
    const { position, batch, kvHeads, tensors } = saved
    const rows = (name: string, heads: number, width: number): Float32Array => {
      const tensor = tensors[name]
      const need = batch * heads * position * width
      if (tensor?.length === need) return new Float32Array(tensor)
      throw new TypeError(
        `${this.name}.restore: expected ${need} numbers in the saved ${name}; there are ${tensor?.length ?? 0}. ` +
          'States of another backend hold other tensors.',
      )
    }
    // States were once saved with the keys past the lengths of a prompt, and with which of them were none.
    const seen = tensors['seen'] === undefined ? undefined : rows('seen', 1, 1)
    const positions = savedPositions(saved)
    const items = this.#itemsOf(
      { k: rows('k', kvHeads, this.dim), v: rows('v', kvHeads, this.valueDim) },
      saved,
      (item) => upTo(positions[item] ?? position).filter((row) => seen?.[item * position + row] !== 0),
    )
    return new History(drawn, saved, this, items)
  }

  destroy(): void {
    this.#reference = undefined
  }

  protected assertUsable(): void {
    if (this.#reference === undefined) throw destroyed(this.name)
  }

  #onHost(member: string, checked: CheckedCall): CheckedCall {
    this.requireArrays(`${this.name}.${member}`, checked)
    return checked
  }

  #evaluate(
    member: string,
    checked: CheckedCall,
    {
      drawn,
      ...of
    }: { readonly drawn?: Drawn; readonly rows?: readonly number[]; readonly lse?: Float64Array } = {},
  ): Float32Array {
    const inputs = this.#inputs(member, checked, drawn)
    return Float32Array.from(this.#reference?.({ ...inputs, ...of }) ?? [])
  }

  /** What the package is given. */
  #inputs(
    member: string,
    checked: CheckedCall,
    { projection } = this.drawn,
  ): Readonly<Record<string, unknown>> {
    const { sizes, tensors, lengths, queryLengths } = this.#onHost(member, checked)
    return {
      ...sizes,
      ...Object.fromEntries(tensors),
      ...(lengths && { lengths }),
      ...(queryLengths && { queryLengths }),
      ...(projection && { projection }),
      ...this.#weights,
    }
  }
}

/** Whether a call, or a state that was saved, says how many heads values have, or in which order. */
const hasOwnHeads = (of: object): boolean => {
  const { valueHeads, headOrder } = Object(of) as {
    readonly valueHeads?: unknown
    readonly headOrder?: unknown
  }
  return valueHeads !== undefined || headOrder !== undefined
}

const single = (numbers: Float32Array | Float64Array): Float32Array => Float32Array.from(numbers)

function named<T extends Tensor>({ dq, dk, dv, dweights, dprojection }: WideGradients): Gradients<T> {
  const like = (of: Float32Array | Float64Array): T => single(of) as Tensor as T
  return {
    dq: like(dq),
    dk: like(dk),
    dv: like(dv),
    ...(dweights && {
      dweights: Object.fromEntries(Object.entries(dweights).map(([weight, of]) => [weight, like(of)])),
    }),
    ...(dprojection && { dprojection: like(dprojection) }),
  }
}

function hostTensors({ tensors }: CheckedCall): Record<'q' | 'k' | 'v', Float32Array> {
  return Object.fromEntries(tensors) as Record<'q' | 'k' | 'v', Float32Array>
}

const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index)
