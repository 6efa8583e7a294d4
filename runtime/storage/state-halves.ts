/**
 * Numbers of a state in 16 bits each: f16 times a power of two that 32 of them share, so that none is too large.
 *
 * A number that f16 holds keeps its value, as long as the block holds no other: so do rows of keys and values that came
 * as f16. Others are rounded by less than 2^-10 of themselves, up or down by chance that is as likely as either is near:
 * a sum that rounded to the nearest would stand still once it is 2,048 times as large as what each token adds. The chance
 * is a function of place and turn, so that the same calls give the same bits. Where a block has numbers too different for
 * one power of two, or numbers that are none, its words are kept as they are.
 */
import { halfOf, widen } from './half.ts'

/**
 * Where a tensor of a state has logarithms, of which f32 has just enough digits: of every `each` numbers those from `from`
 * on. The others are rows, or sums, whose digits count relatively.
 */
export interface StateScales {
  readonly each: number
  readonly from: number
}

/** Numbers that share a power of two. */
const BLOCK = 32
/** 2⁻¹⁴ and infinity as the bits of an f32: between them numbers of f16 have 11 significant bits. */
const [SMALLEST_NORMAL, INFINITE] = [0x3880_0000, 0x7f80_0000]
/** Bits that an f32 has and an f16 has not. */
const LOST = 0x1fff

/** The numbers of one tensor, in their order. */
export interface StoredNumbers {
  readonly halves: Uint16Array
  /** Of each block: its numbers are those of f16, times two to this. */
  readonly exponents: Int16Array
  /** Blocks that are kept as f32. */
  readonly whole: ReadonlyMap<number, Float32Array>
  /** Logarithms, as f32. */
  readonly scales: Float32Array
}

/** @param turn another one each time that the same numbers are stored anew */
export function store(numbers: Float32Array, scales: StateScales | undefined, turn: number): StoredNumbers {
  const { sums, logarithms } = parted(numbers, scales)
  const halves = new Uint16Array(sums.length)
  const exponents = new Int16Array(Math.ceil(sums.length / BLOCK))
  const whole = new Map<number, Float32Array>()
  for (let block = 0; block < exponents.length; block++) {
    const first = block * BLOCK
    const numbers = sums.subarray(first, first + BLOCK)
    const exponent = exponentOf(numbers)
    exponents[block] = exponent
    if (!storeBlock(numbers, 2 ** -exponent, halves.subarray(first, first + BLOCK), turn ^ first))
      whole.set(block, numbers.slice())
  }
  return { halves, exponents, whole, scales: logarithms }
}

export function restore(
  { halves, exponents, whole, scales }: StoredNumbers,
  where: StateScales | undefined,
): Float32Array {
  const sums = widen(halves)
  for (const [block, exponent] of exponents.entries()) {
    const [first, end] = [block * BLOCK, Math.min(sums.length, (block + 1) * BLOCK)]
    const kept = whole.get(block)
    if (kept !== undefined) sums.set(kept, first)
    else if (exponent !== 0)
      for (let index = first; index < end; index++) sums[index] = (sums[index] ?? 0) * 2 ** exponent
  }
  return where === undefined ? sums : joined(sums, scales, where)
}

/** Bytes that it takes. */
export const bytesOf = ({ halves, exponents, whole, scales }: StoredNumbers): number =>
  2 * (halves.length + exponents.length) + 4 * (scales.length + BLOCK * whole.size)

/** The power of two that brings the largest of them near the largest of f16; those that it holds are brought up alone. */
function exponentOf(numbers: Float32Array): number {
  let largest = 0
  for (const word of wordsOf(numbers)) largest = Math.max(largest, word & 0x7fff_ffff)
  if (largest === 0 || largest >= INFINITE) return 0
  // The exponents of f32 begin at 2⁻¹²⁶, those that f16 has end at 2¹⁵, with digits up to 65,504.
  const exponent = Math.max(1, largest >>> 23) - 127 - 15
  return (largest & 0x7f_ffff) > 0x7f_e000 ? exponent + 1 : exponent
}

/** Whether all of them could be stored. */
function storeBlock(numbers: Float32Array, factor: number, halves: Uint16Array, seed: number): boolean {
  const words = wordsOf(numbers.map((number) => number * factor))
  for (const [index, word] of words.entries()) {
    const size = word & 0x7fff_ffff
    if (size >= INFINITE) return false
    if (size >= SMALLEST_NORMAL) {
      halves[index] = halfOf((word + (mixed(seed, index) & LOST)) & ~LOST)
      continue
    }
    const half = halfOf(word)
    // With fewer digits, unless it needs no more.
    if ((widen(Uint16Array.of(half))[0] ?? 0) !== (numbers[index] ?? 0) * factor) return false
    halves[index] = half
  }
  return true
}

const wordsOf = ({ buffer, byteOffset, length }: Float32Array): Uint32Array =>
  new Uint32Array(buffer, byteOffset, length)

/** Bits that look random. */
function mixed(seed: number, index: number): number {
  let state = Math.imul(seed ^ 0x9e37_79b9, 0x85eb_ca6b) ^ Math.imul(index + 1, 0xc2b2_ae35)
  state = Math.imul(state ^ (state >>> 15), 0x2c1b_3c6d)
  state = Math.imul(state ^ (state >>> 12), 0x297a_2d39)
  return state ^ (state >>> 15)
}

/** Without the logarithms, and these. */
function parted(
  numbers: Float32Array,
  scales: StateScales | undefined,
): { readonly sums: Float32Array; readonly logarithms: Float32Array } {
  if (scales === undefined) return { sums: numbers, logarithms: new Float32Array() }
  const { each, from } = scales
  const groups = numbers.length / each
  const [sums, logarithms] = [new Float32Array(groups * from), new Float32Array(groups * (each - from))]
  for (let group = 0; group < groups; group++) {
    const start = group * each
    sums.set(numbers.subarray(start, start + from), group * from)
    logarithms.set(numbers.subarray(start + from, start + each), group * (each - from))
  }
  return { sums, logarithms }
}

/** What `parted` parts. */
function joined(sums: Float32Array, logarithms: Float32Array, { each, from }: StateScales): Float32Array {
  const groups = logarithms.length / (each - from)
  const numbers = new Float32Array(groups * each)
  for (let group = 0; group < groups; group++) {
    const start = group * each
    numbers.set(sums.subarray(group * from, (group + 1) * from), start)
    numbers.set(logarithms.subarray(group * (each - from), (group + 1) * (each - from)), start + from)
  }
  return numbers
}
