/** A program for WebGPU whose tensors are f16, in the place of one whose tensors are f32. */
import { AttentionError } from '../errors.ts'
import type { Shape } from '../contract/shape.ts'
import type { Form, KernelSource, Program } from '../program.ts'
import { onHalves } from './half-kernels.ts'

/** Forms whose tensors may be f16. */
const formNames = ['forward', 'prefill', 'resume', 'step'] as const
export type HalfForm = (typeof formNames)[number]

export interface HalfProgram {
  /** Its sizes count words of two numbers. */
  readonly program: Program
  /** Forms that leave `out` as f32, since their kernels store it number by number, or may go beyond f16. */
  readonly wideOut: ReadonlySet<HalfForm>
}

/** What a kernel reads and writes as f16: places among its bindings. */
interface Variant {
  readonly kernel: string
  readonly places: readonly number[]
}

/**
 * @param program with all of its forms
 * @param native whether the device has the feature shader-f16
 */
export function halfProgram(program: Program, native: boolean): HalfProgram {
  const variants = new Map<string, Variant>()
  const wideOut = new Set<HalfForm>()
  const forms: Record<string, Form> = {}
  for (const name of formNames) {
    const form = program.forms[name]
    if (form === undefined) continue
    if (!storesHalves(program, form, native)) wideOut.add(name)
    forms[name] = onWords(form, wideOut.has(name) ? ['input'] : ['input', 'output'], variants)
  }
  return {
    program: {
      ...program,
      kernels: specialised(program, variants, native),
      ...inWords(program, forms),
      singles: program,
    },
    wideOut,
  }
}

const inWords = ({ dim, valueDim }: Program, forms: Record<string, Form>) => ({
  dim: dim / 2,
  valueDim: valueDim / 2,
  forms: forms as unknown as Program['forms'],
})

/** Whether all kernels that write `out` can write f16. */
function storesHalves({ convex, kernels }: Program, { buffers, dispatches }: Form, native: boolean): boolean {
  const outputs = new Set(buffers.filter(({ role }) => role === 'output').map(({ name }) => name))
  return (
    convex === true &&
    dispatches.every(({ kernel, buffers: bound }) => {
      const places = placesOf(bound, outputs)
      const source = kernels[kernel]
      return places.length === 0 || (source !== undefined && onHalves(source, places, native) !== undefined)
    })
  )
}

const placesOf = (bound: readonly string[], halves: ReadonlySet<string>): readonly number[] =>
  bound.flatMap((name, place) => (halves.has(name) ? [place] : []))

/** The form on buffers whose sizes count words, and on kernels of which `variants` says what they are. */
function onWords(
  { buffers, dispatches, ...form }: Form,
  roles: readonly string[],
  variants: Map<string, Variant>,
): Form {
  const halves = new Set(buffers.filter(({ role }) => roles.includes(role)).map(({ name }) => name))
  return {
    ...form,
    buffers: buffers.map((plan) => {
      const size = (shape: Shape): number => Math.ceil(plan.size(shape) / 2)
      return halves.has(plan.name) ? { ...plan, size } : plan
    }),
    dispatches: dispatches.map((dispatch) => {
      const places = placesOf(dispatch.buffers, halves)
      // A kernel may run on other buffers as well.
      const { kernel } = dispatch
      const known = variants.get(kernel)
      const isOther = known !== undefined && known.places.join() !== places.join()
      const name = isOther ? [kernel, ...places].join('_') : kernel
      variants.set(name, { kernel, places })
      return { ...dispatch, kernel: name }
    }),
  }
}

/** The kernels of the variants. */
function specialised(
  { name, kernels }: Program,
  variants: ReadonlyMap<string, Variant>,
  native: boolean,
): Readonly<Record<string, KernelSource>> {
  return Object.fromEntries(
    [...variants].flatMap(([variant, { kernel, places }]) => {
      const source = kernels[kernel]
      if (source === undefined) return []
      const found = places.length === 0 ? source : onHalves(source, places, native)
      if (found !== undefined) return [[variant, found] as const]
      throw new AttentionError(
        'program',
        `The kernel ${kernel} of ${name} has another form than this runtime reads. Compile the module anew.`,
      )
    }),
  )
}
