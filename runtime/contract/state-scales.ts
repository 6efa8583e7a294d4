/**
 * Where a buffer of a state has logarithms, of which f32 has just enough digits: of every `each` numbers those from `from`
 * on. The others are rows, or sums, whose digits count relatively.
 */
export interface StateScales {
  readonly each: number
  readonly from: number
}
