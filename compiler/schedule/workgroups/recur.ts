/** Passes of a state that rows change one after another: row by row, or in chunks. */
import { distinct, product } from '../buffers.ts'
import type { Plan, Recur } from '../planner.ts'
import { scratch } from '../equation/plan.ts'
import { chunkRow, rowsOfRecurrence } from '../schedule.ts'
import type { BufferPlan, RecurPass } from '../schedule.ts'

type Operand = RecurPass['scale']

const buffersOf = (operands: readonly Operand[]): readonly string[] =>
  operands.flatMap((one) => (typeof one === 'number' ? [] : [one.buffer]))

const ofTerms = ({ terms }: Recur): readonly Operand[] =>
  terms.flatMap(({ x, writes, reads }) => [x, ...writes, ...reads.flatMap(({ a, by }) => [a, by])])

/** The pass with so many columns of S in a workgroup, row by row. */
export function recurPass(from: Recur, threads: number, columns: number): RecurPass {
  const { valueDim, counts, token: _, ...facts } = from
  const { queries, scale, out, carries } = from
  return {
    kind: 'recur',
    ...facts,
    threads,
    columns,
    workgroups: product('sliceCount', Math.ceil(valueDim / columns)),
    buffers: distinct([
      ...buffersOf([queries, scale, ...ofTerms(from)]),
      ...counts,
      ...(carries ? ['carried'] : []),
      out.buffer,
    ]),
  }
}

/** Numbers of S that workgroup memory has room for, and columns that a workgroup has at most. */
const numbersOfState = 4096
const mostColumns = 32

/** Row by row: a thread has a column. */
export function recurByRows(from: Recur): Plan {
  const { features, valueDim } = from
  const fits = Math.floor(numbersOfState / (4 * Math.ceil(features / 4)) / 4) * 4
  const columns = Math.min(mostColumns, fits, 4 * Math.ceil(valueDim / 4))
  return { passes: [recurPass(from, columns, columns)], buffers: [] }
}

/** Threads that take the pairs of a chunk, four rows by four keys each. */
const threadsOfPairs = (rowsOfRecurrence / 4) ** 2
/** Columns of S of a workgroup, as its memory has room for S and for what a chunk changes; threads have four of them. */
const columnsOfChunk = ({ features }: Recur): number =>
  [16, 8, 4].find(
    (columns) => columns * (4 * Math.ceil(features / 32) * 8 + rowsOfRecurrence) <= numbersOfState,
  ) ?? 0

/** Whether pairs of rows are numbers, which U and W can be solved by for all columns alike. */
export const isChunked = ({ scale, terms }: Recur): boolean => {
  const [first] = terms
  if (first === undefined || terms.length > 1 || first.reads.length > 1) return false
  const isNumber = (of: Operand): boolean => typeof of === 'number' || of.width === 1
  return isNumber(scale) && first.reads.every(({ by }) => isNumber(by))
}

/** Rows of whole chunks. */
function chunkRows(from: Recur): BufferPlan {
  const { solved, width } = chunkRow(from, from.valueDim)
  const ofState = solved ? `U [${from.valueDim}], W [${from.features}], ` : ''
  return scratch(
    'chunkRows',
    ['sliceCount', product('chunks', rowsOfRecurrence), width],
    `per query head and row of a chunk: ${ofState}weights of pairs [${rowsOfRecurrence}], two factors`,
  )
}

/** In chunks: what their pairs are to each other, then from one to the next. */
export function recurInChunks(from: Recur): Plan {
  const columns = columnsOfChunk(from)
  if (columns === 0) return recurByRows(from)
  const plan = chunkRows(from)
  const ofChunks = recurPass(from, (columns / 4) * (rowsOfRecurrence / 4), columns)
  const [term] = from.terms
  const lengths = from.counts.filter((name) => name === 'lengths')
  const reads = term !== undefined && term.reads.length > 0
  const inPairs = reads ? ofTerms(from) : term === undefined ? [] : [term.x]
  const inChunks = term === undefined ? [] : [term.x, ...(reads ? [] : term.writes)]
  return {
    passes: [
      {
        ...ofChunks,
        of: 'pairs',
        name: `${from.name}_pairs`,
        threads: threadsOfPairs,
        carries: false,
        workgroups: product('sliceCount', 'chunks'),
        buffers: distinct([...buffersOf([from.queries, from.scale, ...inPairs]), ...lengths, plan.name]),
      },
      {
        ...ofChunks,
        of: 'chunks',
        buffers: distinct([
          ...buffersOf([from.queries, ...inChunks]),
          ...from.counts,
          plan.name,
          ...(from.carries ? ['carried'] : []),
          from.out.buffer,
        ]),
      },
    ],
    buffers: [plan],
    chunks: {
      chunk: rowsOfRecurrence,
      chunks: ['max', 1, ['ceildiv', ['max', 'length', 'keyLength'], rowsOfRecurrence]],
    },
  }
}
