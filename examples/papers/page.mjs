// docs/results.md, from what has been measured.
import * as copying from './copying.mjs'
import * as decoding from './decoding.mjs'
import * as errors from './errors.mjs'
import * as lengths from './lengths.mjs'
import * as mechanisms from './mechanisms.mjs'

export const results = [errors, decoding, lengths, mechanisms, copying]

/** @param dataOf what was measured, by the name of a result; undefined where it has not been yet */
export const page = (dataOf) => `# What the papers report, measured here

\`npm run papers\` measures what is here and writes this page. What depends on the machine is a ratio, and stands beside
the paper's.

${results
  .flatMap(({ name, text }) => {
    const data = dataOf(name)
    return data ? [text(data)] : []
  })
  .join('\n\n')}
`
