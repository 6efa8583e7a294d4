/**
 * The shortest decimal that reads back as the same f32, always recognisable as
 * a float: `0.1` for the f32 nearest to it, `1.0`, `1e-30`.
 */
export function floatText(value: number): string {
  const single = Math.fround(value)
  for (let digits = 1; digits <= 9; digits++) {
    const text = String(Number(single.toPrecision(digits)))
    if (Math.fround(Number(text)) === single) return Object.is(single, -0) ? '-0.0' : withPoint(text)
  }
  return withPoint(String(single))
}

function withPoint(text: string): string {
  return /[.e]/.test(text) ? text.replace('e+', 'e') : `${text}.0`
}
