/** A schedule as text: for `attnc explain`, and for golden files. */
import { print as printExpression } from '../symbolic/print.ts'
import type { Features, Pass, Schedule, Size, Term, Tile } from './schedule.ts'

export function print(schedule: Schedule): string {
  const { name, strategy, dim, valueDim, features, causal, chunk } = schedule
  const head = [
    `schedule ${name}: ${strategy}${causal ? ', causal' : ''}`,
    `  dim ${dim}, value_dim ${valueDim}${features > 0 ? `, features ${features}` : ''}`,
    ...(features > 0 ? [`  chunks of ${chunk} rows: ${printSize(schedule.chunks)}`] : []),
    '',
    '  buffers',
    ...schedule.buffers.map(
      (buffer) => `    ${buffer.name}: ${buffer.role}, ${buffer.element} ${buffer.layout}`,
    ),
  ]
  return [...head, ...schedule.passes.flatMap((pass, index) => ['', ...printPass(pass, index + 1)])].join(
    '\n',
  )
}

function printPass(pass: Pass, number: number): string[] {
  return [
    `  pass ${number} ${pass.name} (${pass.kind})`,
    `    workgroups ${printSize(pass.workgroups)}, ${printTile(pass.tile)}`,
    `    buffers ${pass.buffers.join(', ')}`,
    ...details(pass).map((line) => `    ${line}`),
  ]
}

function details(pass: Pass): string[] {
  switch (pass.kind) {
    case 'online':
      return [
        `mask ${pass.mask.kind === 'condition' ? printExpression(pass.mask.condition) : pass.mask.kind}`,
        ...printTerm('κ', pass.kernel),
        printDenominator(pass),
      ]
    case 'row-maxima':
      return printFeatures(`largest of`, pass.features)
    case 'head-maximum':
      return ['over the visible key rows']
    case 'reduce':
      return [`sums ${pass.scaling}`, ...printFeatures('φ(k)', pass.features)]
    case 'scan':
      return [`${pass.result}, sums ${pass.scaling}`]
    case 'step':
      return [
        `sums ${pass.scaling}`,
        ...printFeatures('φ(k)', pass.key),
        ...printFeatures('φ(q)', pass.query),
        printDenominator(pass),
      ]
    case 'finish':
      return [
        `sums ${pass.scaling}${pass.causal ? ', with the pairs inside each chunk' : ''}`,
        ...printFeatures('φ(q)', pass.query),
        ...(pass.causal ? printFeatures('φ(k)', pass.key) : []),
        printDenominator(pass),
      ]
  }
}

function printDenominator({ normalize, epsilon }: { normalize: 'sum' | 'none'; epsilon: number }): string {
  if (normalize === 'none') return 'no denominator'
  return `over the sum of weights${epsilon === 0 ? '' : ` + ${epsilon}`}`
}

function printFeatures(what: string, features: Features): string[] {
  return features.blocks.flatMap(({ start, size, projected, term }) => {
    const places = size === 1 ? `component ${start}` : `components ${start}…${start + size - 1}`
    return printTerm(`${what}, ${places}${projected ? ', one per projection w' : ''}`, term)
  })
}

function printTerm(what: string, term: Term): string[] {
  if (term.kind === 'plain') return [`${what} = ${printExpression(term.value)}`]
  const exponent = `${what} = ${term.coefficient === undefined ? '' : 'c · '}2^e`
  return [
    exponent,
    `  e = ${printExpression(term.exponent)}`,
    ...(term.coefficient === undefined ? [] : [`  c = ${printExpression(term.coefficient)}`]),
  ]
}

const printTile = ({ threads, rows, steps, columns }: Tile): string =>
  `${threads} threads on ${rows} rows × ${columns} columns, ${steps} at a time`

export function printSize(size: Size): string {
  if (!Array.isArray(size)) return String(size)
  const [operator, left, right] = size as readonly [string, Size, Size]
  switch (operator) {
    case 'ceildiv':
      return `⌈${printSize(left)} / ${printSize(right)}⌉`
    case 'max':
      return `max(${printSize(left)}, ${printSize(right)})`
    case '+':
      return `(${printSize(left)} + ${printSize(right)})`
    default:
      return `${printSize(left)} · ${printSize(right)}`
  }
}
