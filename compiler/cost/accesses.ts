/**
 * What an instruction of a warp touches: sectors and lines of global memory, banks of workgroup memory.
 *
 * Global memory moves in sectors of 32 bytes, which lie in lines of 128. Workgroup memory has 32 banks of 4 bytes:
 * lanes that want different words of one bank take turns, lanes that want the same word do not. Four numbers a lane are
 * served a quarter of 32 lanes at a time.
 */

/** Bytes that move at once between memory and caches. */
export const sectorBytes = 32
const wordBytes = 4
/** Words of a sector. */
export const sectorWords = sectorBytes / wordBytes
/** Words of a line of a cache, for which a load unit looks once. */
export const lineWords = 128 / wordBytes
const bankCount = 32

/** What one instruction touches. */
export interface Touched {
  readonly sectors: number
  readonly lines: number
  /** As few sectors as would hold the words that the lanes want. */
  readonly least: number
}

/** A set of numbers that is emptied at once. */
class Distinct {
  readonly #values = new Float64Array(4096)
  readonly #rounds = new Int32Array(4096)
  #round = 0

  clear(): void {
    this.#round++
  }

  /** Whether the number was not in it before. */
  add(value: number): boolean {
    let place = Math.imul(value | 0, 0x9e3779b1) >>> 20
    while (this.#rounds[place] === this.#round) {
      if (this.#values[place] === value) return false
      place = (place + 1) & 4095
    }
    this.#rounds[place] = this.#round
    this.#values[place] = value
    return true
  }
}

const distinctWords = new Distinct()
const distinctSectors = new Distinct()
const distinctLines = new Distinct()

/**
 * @param indexes in numbers of 4 bytes, of which `count` lanes are active
 * @param words that each lane wants, one after another
 */
export function touch(indexes: Float64Array, count: number, words: number): Touched {
  distinctWords.clear()
  distinctSectors.clear()
  distinctLines.clear()
  let [wanted, sectors, lines] = [0, 0, 0]
  for (let lane = 0; lane < count; lane++) {
    const first = indexes[lane] ?? 0
    for (let word = first; word < first + words; word++) {
      if (!distinctWords.add(word)) continue
      wanted++
      if (!distinctSectors.add(Math.floor(word / sectorWords))) continue
      sectors++
      if (distinctLines.add(Math.floor(word / lineWords))) lines++
    }
  }
  return { sectors, lines, least: Math.ceil(wanted / sectorWords) }
}

const taken = new Int32Array(bankCount)

/** Turns of the banks. */
export interface Turns {
  readonly turns: number
  /** One for each group of lanes that are served at once and of which some are active. */
  readonly least: number
}

/**
 * The turns that the banks take.
 *
 * @param indexes of the elements, by lane; those of idle lanes are negative
 * @param words of an element: 1, or 4 where it is a vec4f
 */
export function takeTurns(indexes: Float64Array, width: number, words: number): Turns {
  const lanesAtOnce = bankCount / words
  let [sum, least] = [0, 0]
  for (let from = 0; from < width; from += lanesAtOnce) {
    distinctWords.clear()
    taken.fill(0)
    let most = 0
    for (let lane = from; lane < Math.min(from + lanesAtOnce, width); lane++) {
      const element = indexes[lane] ?? -1
      if (element < 0 || !distinctWords.add(element)) continue
      const bank = element % lanesAtOnce
      taken[bank] = (taken[bank] ?? 0) + 1
      most = Math.max(most, taken[bank] ?? 0)
    }
    sum += most
    if (most > 0) least++
  }
  return { turns: sum, least }
}
