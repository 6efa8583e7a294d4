/** A schedule as text: for `attnc explain`, and for golden files. */
import { print as printExpression } from '../symbolic/print.ts'
import { printDivision } from './division.ts'
import { printEpilogue } from './epilogue.ts'
import { printEquation } from './equation/print.ts'
import { printSize } from './print-size.ts'
import { printFeatures, printTerm } from './print-terms.ts'
import type {
  FinishPass,
  Only,
  Over,
  Pass,
  RecurPass,
  Rows,
  Rounds,
  Schedule,
  Tile,
  WalkPass,
  WorkgroupPass,
} from './schedule.ts'

/** One text for the schedule: its buffers, its passes in order, its rounds. It leaves out the forms of decoding. */
export function print(schedule: Schedule): string {
  const { name, evaluation, dim, valueDim, features, causal, chunk } = schedule
  const head = [
    `schedule ${name}: ${evaluation}${causal ? ', causal' : ''}`,
    `  dim ${dim}, value_dim ${valueDim}${features > 0 ? `, features ${features}` : ''}`,
    ...(schedule.chunks === 1 ? [] : [`  chunks of ${chunk} rows: ${printSize(schedule.chunks)}`]),
    ...(schedule.rows === undefined ? [] : ['  rows apart: may run in blocks of query rows']),
    '',
    '  buffers',
    ...schedule.buffers.map(
      (buffer) => `    ${buffer.name}: ${buffer.role}, ${buffer.element} ${buffer.layout}`,
    ),
  ]
  const passes = schedule.passes.flatMap((pass, index) => ['', ...printPass(pass, index + 1)])
  return [...head, ...passes, ...printRounds(schedule)].join('\n')
}

const printRounds = ({ rounds = [] }: Schedule): string[] => rounds.flatMap(printRound)

function printRound({ first, last, times, swap, along = [] }: Rounds): string[] {
  const pairs = swap.map(([left, right]) => `${left} and ${right}`).join(', ')
  const changes = swap.length === 0 ? '' : `, after each of which ${pairs} change names`
  const moves = along.length === 0 ? '' : `, from ${along[0]} along to ${along.at(-1)}`
  return ['', `  ${first} to ${last}: ${times} times${moves}${changes}`]
}

function printPass(pass: Pass, number: number): string[] {
  if (pass.kind === 'equation')
    return [
      `  pass ${number} ${pass.name}: ${pass.what}`,
      `    for each x, y, z of ${pass.extent.map(printSize).join(' × ')}${pass.blocks ? ', in blocks of a thread' : ''}`,
      ...printEquation(pass.out, pass.value).map((line) => `    ${line}`),
    ]
  return [
    `  pass ${number} ${pass.name} (${pass.kind})`,
    `    workgroups ${printSize(pass.workgroups)}, ${'tile' in pass ? printTile(pass.tile) : pass.threads === 1 ? 'a thread each' : `${pass.threads} threads`}`,
    `    buffers ${pass.buffers.join(', ')}`,
    ...details(pass).map((line) => `    ${line}`),
  ]
}

function details(pass: WorkgroupPass): string[] {
  switch (pass.kind) {
    case 'online': {
      const { queries, keys, values, out, epilogue, beside } = pass
      const parts = 'parts' in out
      return [
        ...printOnly(pass.only),
        `q: ${printRows(queries)}; k: ${printRows(keys)}; v: ${values === 'identity' ? 'the identity' : printRows(values)}`,
        `to ${printRows(parts ? out.parts : out)}${parts ? ', numerators and denominators of each chunk of keys' : ''}`,
        `mask ${pass.mask.kind === 'condition' ? printExpression(pass.mask.condition) : pass.mask.kind}`,
        ...printTerm('κ', pass.kernel),
        printDivision(pass.division),
        ...(beside === undefined ? [] : [`  + exp(${printExpression(beside.exponent)})`]),
        ...(epilogue === undefined ? [] : [`plus ${printEpilogue(epilogue)}`]),
      ]
    }
    case 'product': {
      const { factor, left, right, diagonal, out } = pass
      const second = diagonal === undefined ? right.buffer : `(${diagonal}·I − ${right.buffer})`
      return [
        ...printOnly(pass.only),
        `${out.buffer} = ${factor === 1 ? '' : `${factor} · `}${left.buffer} · ${second}, ${printHeads(pass.over)}`,
      ]
    }
    case 'recur':
      return printRecur(pass)
    case 'hash':
    case 'order':
      return [pass.what]
    case 'near':
      return [
        `chunks of ${pass.chunk} sorted rows, each with the one before it`,
        `mask ${pass.mask.kind === 'condition' ? printExpression(pass.mask.condition) : pass.mask.kind}`,
        ...printTerm('κ', pass.kernel),
        `κ of a row and itself = 2^${pass.self}`,
      ]
    case 'transform': {
      const { count, padded } = pass
      const times = Math.ceil(count / padded)
      return [
        `where projections are drawn: u = lengths · H D₃ H D₂ H D₁ x of query and key rows, ${count} numbers`,
        `by ${times === 1 ? '3 transforms' : `${times} times 3 transforms`} of ${padded}`,
      ]
    }
    case 'project':
      return [
        `where projections are a matrix that is given: u = W x of query and key rows, ${pass.count} numbers`,
      ]
    case 'reduce':
      return [`sums ${pass.scaling}`, ...printFeatures('φ(k)', pass.features)]
    case 'scan':
      return [`${pass.result}, sums ${pass.scaling}`]
    case 'step':
      return [
        `sums ${pass.scaling}`,
        ...printFeatures('φ(k)', pass.key),
        ...printFeatures('φ(q)', pass.query),
        printDivision(pass.division),
      ]
    case 'walk':
      return printWalk(pass)
    case 'finish':
      return [
        `sums ${pass.scaling}${pass.causal ? ', with the pairs inside each chunk' : ''}`,
        ...printFeatures('φ(q)', pass.query),
        ...(pass.causal ? printFeatures('φ(k)', pass.key) : []),
        printDivision(pass.division),
        ...printMended(pass),
      ]
  }
}

function printWalk(pass: WalkPass): string[] {
  const { cotangents, causal, rows, scaling, carries } = pass
  const reader = cotangents === 'keys' ? 'queries before the keys' : 'keys before the queries'
  return [
    ...(cotangents === undefined ? [] : [`for cotangents of φ of ${cotangents}`]),
    `chunks of ${rows} rows ${cotangents === 'keys' && causal ? 'from the last' : 'in order'}${causal ? '' : `, all ${reader}`}, sums ${scaling}${carries ? ', the state left behind' : ''}`,
    ...printFeatures('φ(k)', pass.key),
    ...printFeatures('φ(q)', pass.query),
    printDivision(pass.division),
    ...printMended(pass),
  ]
}

function printMended({ mended }: Pick<FinishPass, 'mended'>): string[] {
  if (mended === undefined) return []
  return [
    'rows whose sums may have lost digits pair by pair, scaled',
    ...printFeatures('φ(q)', mended.query),
    ...printFeatures('φ(k)', mended.key),
  ]
}

/** The update and the reading of a query, entries by the buffer that they lie in. */
function printRecur({ queries, scale, terms, out, columns, carries }: RecurPass): string[] {
  const text = (of: RecurPass['scale']): string =>
    typeof of === 'number' ? String(of) : `${of.buffer}[${of.first}:${of.first + of.width}]`
  const added = terms.map(({ x, writes, reads }) => {
    const parts = [...writes.map(text), ...reads.map(({ a, by }) => `${text(by)} · ${text(a)}ᵀS`)]
    return `${text(x)} (${parts.join(' + ')})ᵀ`
  })
  return [
    `${columns} columns of S each, ${carries ? 'behind those rows whose state is there, and left to those to come' : 'from 0'}`,
    `S = ${[scale === 1 ? 'S' : `${text(scale)} ∘ S`, ...added].join(' + ')} by each key row`,
    `${out.buffer} = ${text(queries)}ᵀS`,
  ]
}

function printRows({ buffer, of, count }: Rows): string {
  const rows =
    count === 'length'
      ? 'rows'
      : count === 'visible'
        ? 'visible rows'
        : count === 'counted'
          ? 'rows that count'
          : count === 'keyLength'
            ? 'key rows'
            : `${count} rows`
  return `${rows} of ${buffer}, ${printHeads(of)}`
}

function printHeads(of: Rows['of'] | Over): string {
  if (of === 'head') return 'a set per query head for all batch items'
  return of === 'keyHead' || of === 'sliceKeyHead' ? 'a set per key/value head' : 'a set per query head'
}

function printOnly(only: Only | undefined): string[] {
  if (only === undefined) return []
  const { fewer, rows } = only
  const [least, how] = fewer === 'atMost' ? ['or', 'at most'] : ['and', 'more than']
  return [`batch items with ${how} ${rows} query rows ${least} visible key rows`]
}

const printTile = ({ threads, rows, steps, columns }: Tile): string =>
  `${threads} threads on ${rows} rows × ${columns} columns, ${steps} at a time`
