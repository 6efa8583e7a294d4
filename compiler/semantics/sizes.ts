/**
 * Sizes in messages. Where `dim` is not known a stand-in takes its place, and a
 * person should read `dim` rather than the stand-in.
 */

/** Prime and unusual, so that a chance equality of sizes is not taken for a rule. */
export const standInSize = 1009

/** A size as a polynomial of `dim`, such as `1 + dim + dim^2`. */
function polynomial(size: number): string {
  const terms: string[] = []
  for (let rest = size, power = 0; rest > 0; rest = Math.floor(rest / standInSize), power++) {
    const coefficient = rest % standInSize
    const base = power === 0 ? '' : power === 1 ? 'dim' : `dim^${power}`
    if (coefficient === 0) continue
    if (base === '') terms.push(String(coefficient))
    else terms.push(coefficient === 1 ? base : `${coefficient}*${base}`)
  }
  return terms.join(' + ')
}

/** A sentence about sizes with every stand-in told as what it stands for. */
export const inTermsOfDim = (sentence: string, standIn: boolean): string =>
  standIn ? sentence.replaceAll(/\d{4,}/g, (digits) => polynomial(Number(digits))) : sentence
