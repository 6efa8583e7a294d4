/**
 * Kernels that read and write some of their buffers as f16. Their text has a fixed form, which `compiler/targets/webgpu/`
 * prints: a buffer is declared once, as `array<f32>` or `array<vec4f>`, and named by its code
 * nowhere else but in `name[index]`.
 */
import type { KernelSource } from '../program.ts'
import { rounding } from './halves.wgsl.ts'

/** The kernel on f16 in the bindings at these places; undefined where it cannot be, since it stores single numbers. */
export function onHalves(
  kernel: KernelSource,
  places: readonly number[],
  native: boolean,
): KernelSource | undefined {
  // A comment may have the name of a buffer for a word.
  let code = kernel.code.replaceAll(/\/\/.*$/gm, '')
  const helpers: string[] = []
  for (const place of places) {
    const buffer = bufferAt(code, place)
    if (buffer === undefined) return undefined
    const stores = new Set<string>()
    const { name, vector } = buffer
    const body = code.slice(buffer.end)
    const rewritten = accesses(body, name, stores)
    if (rewritten === undefined || (stores.size > 0 && !vector && !native)) return undefined
    // What is stored in fours has its digits rounded already, as bits.
    const asNumbers = native && !(vector && stores.size > 0)
    const element = elements[asNumbers ? 'native' : 'packed'][vector ? 'vector' : 'number']
    code = `${code.slice(0, buffer.start)}${buffer.head}array<${element.type}>;${rewritten}`
    helpers.push(element.load(name))
    if (stores.size > 0) helpers.push(element.store(name))
    if (stores.size > 0 && !helpers.includes(rounding)) helpers.push(rounding)
  }
  return { ...kernel, code: [...(native ? ['enable f16;'] : []), code, ...helpers].join('\n') }
}

interface Declared {
  readonly name: string
  readonly vector: boolean
  /** Of the declaration: where it begins and ends in the text, and what stands before the type. */
  readonly start: number
  readonly end: number
  readonly head: string
}

/** The declaration of a binding; the shape is binding 0. */
function bufferAt(code: string, place: number): Declared | undefined {
  const pattern = new RegExp(
    `(@group\\(0\\)\\s*@binding\\(${place + 1}\\)\\s*var<storage,\\s*\\w+>\\s*(\\w+):\\s*)array<(f32|vec4f)>;`,
  )
  const found = pattern.exec(code)
  if (found === null) return undefined
  const [whole, head = '', name = '', element] = found
  return { name, vector: element === 'vec4f', start: found.index, end: found.index + whole.length, head }
}

/** The text with `name[index]` as a call of a function, and `name[index] = value` as a call of another. */
function accesses(text: string, name: string, stores: Set<string>): string | undefined {
  const pattern = new RegExp(`(?<![.\\w])${name}\\b`)
  let [before, rest] = ['', text]
  for (let found = pattern.exec(rest); found !== null; found = pattern.exec(rest)) {
    const open = found.index + name.length
    const close = closing(rest, open)
    if (close === undefined) return undefined
    const index = rest.slice(open + 1, close)
    const assigned = /^\s*=(?!=)/.exec(rest.slice(close + 1))
    const after = rest.slice(close + 1)
    if (assigned === null) {
      before += rest.slice(0, found.index) + loadOf(name)
      // The index may name the buffer, too.
      rest = `(${index})${after}`
    } else {
      stores.add(name)
      const end = after.indexOf(';')
      before += rest.slice(0, found.index) + storeOf(name)
      rest = `(${index},${after.slice(assigned[0].length, end)})${after.slice(end)}`
    }
  }
  return before + rest
}

/** Where the bracket that opens at a place closes. */
function closing(text: string, open: number): number | undefined {
  if (text[open] !== '[') return undefined
  let depth = 0
  for (let at = open; at < text.length; at++) {
    if (text[at] === '[') depth++
    else if (text[at] === ']' && --depth === 0) return at
  }
  return undefined
}

const loadOf = (name: string): string => `${name}_load`
const storeOf = (name: string): string => `${name}_store`

/** What a buffer holds, and the functions that read and write an element of it. */
interface Element {
  readonly type: string
  readonly load: (name: string) => string
  readonly store: (name: string) => string
}

const element = (type: string, wide: string, load: string, store: string): Element => ({
  type,
  load: (name) => `fn ${loadOf(name)}(i: u32) -> ${wide} { return ${load.replaceAll('$', name)}; }`,
  store: (name) => `fn ${storeOf(name)}(i: u32, x: ${wide}) { ${name}[i] = ${store}; }`,
})

/** With the feature shader-f16 as numbers, without it as words of two numbers each. */
const elements = {
  native: {
    // Rounded before, so that the conversion is exact whichever way a device rounds.
    number: element('f16', 'f32', 'f32($[i])', 'f16(unpack2x16float(halves(vec2f(x, 0.0))).x)'),
    vector: element('vec4<f16>', 'vec4f', 'vec4f($[i])', ''),
  },
  packed: {
    number: element('u32', 'f32', 'unpack2x16float($[i / 2u])[i % 2u]', ''),
    vector: element(
      'vec2u',
      'vec4f',
      'vec4f(unpack2x16float($[i].x), unpack2x16float($[i].y))',
      'vec2u(halves(x.xy), halves(x.zw))',
    ),
  },
} satisfies Record<string, Record<string, Element>>
