/** Mean, spread and skewness of many numbers at once, each seen as often. */
export class Moments {
  readonly #count: number
  readonly #sums: readonly [Float64Array, Float64Array, Float64Array]
  readonly #origin: Float64Array
  #seen = 0

  /** @param origin near the means, so that powers of the distances from it lose nothing */
  constructor(origin: Float64Array) {
    this.#count = origin.length
    this.#origin = origin
    this.#sums = [new Float64Array(this.#count), new Float64Array(this.#count), new Float64Array(this.#count)]
  }

  add(values: ArrayLike<number>): void {
    const [first, second, third] = this.#sums
    for (let index = 0; index < this.#count; index++) {
      const distance = (values[index] ?? 0) - (this.#origin[index] ?? 0)
      first[index] = (first[index] ?? 0) + distance
      second[index] = (second[index] ?? 0) + distance * distance
      third[index] = (third[index] ?? 0) + distance * distance * distance
    }
    this.#seen++
  }

  get seen(): number {
    return this.#seen
  }

  mean(index: number): number {
    return (this.#origin[index] ?? 0) + (this.#sums[0][index] ?? 0) / this.#seen
  }

  /** Unbiased. */
  variance(index: number): number {
    const [first, second] = this.#sums
    const mean = (first[index] ?? 0) / this.#seen
    return Math.max(0, ((second[index] ?? 0) - this.#seen * mean * mean) / (this.#seen - 1))
  }

  standardError(index: number): number {
    return Math.sqrt(this.variance(index) / this.#seen)
  }

  skewness(index: number): number {
    const [first, second, third] = this.#sums
    const n = this.#seen
    const mean = (first[index] ?? 0) / n
    const square = (second[index] ?? 0) / n - mean * mean
    if (square <= 0) return 0
    const cube = (third[index] ?? 0) / n - (3 * mean * (second[index] ?? 0)) / n + 2 * mean ** 3
    return cube / square ** 1.5
  }
}
