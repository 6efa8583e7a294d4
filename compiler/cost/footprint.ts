/** Which sectors of a buffer a workgroup touches. */
import { sectorWords } from './accesses.ts'

/** Sectors whose marks lie in one array. */
const pageSize = 4096

/** The sectors of a buffer that the workgroup now running has touched. */
export class Footprint {
  readonly #pages = new Map<number, Int32Array>()
  #lastNumber = -1
  #lastPage: Int32Array = new Int32Array(0)
  #round = 1
  #sectors = 0

  /** How many there are. */
  get sectors(): number {
    return this.#sectors
  }

  reset(): void {
    this.#round++
    this.#sectors = 0
  }

  /**
   * Adds what `words` numbers are in from each of `count` indexes on, and again `times` over, `stride` numbers further
   * each time.
   */
  add(indexes: Float64Array, count: number, words: number, stride = 0, times = 1): void {
    const dense = stride >= 0 && stride <= sectorWords
    for (let lane = 0; lane < count; lane++) {
      const first = indexes[lane] ?? 0
      if (dense) this.#addRange(first, first + stride * (times - 1) + words)
      else
        for (let time = 0; time < times; time++)
          this.#addRange(first + stride * time, first + stride * time + words)
    }
  }

  #addRange(from: number, to: number): void {
    const last = Math.floor((to - 1) / sectorWords)
    for (let sector = Math.floor(from / sectorWords); sector <= last; sector++) {
      const page = this.#page(Math.floor(sector / pageSize))
      const place = sector % pageSize
      if (page[place] === this.#round) continue
      page[place] = this.#round
      this.#sectors++
    }
  }

  #page(number: number): Int32Array {
    if (number === this.#lastNumber) return this.#lastPage
    const page = this.#pages.get(number) ?? new Int32Array(pageSize)
    this.#pages.set(number, page)
    this.#lastNumber = number
    this.#lastPage = page
    return page
  }
}
