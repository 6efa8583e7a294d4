/** The results of a verification, for people and as data. */
import type { AttentionReport, Counterexample, PropertyResult, Status } from '../../verification/report.ts'
import { defaultRuns } from '../../verification/properties/property.ts'
import type { Storage } from '../../verification/execution/executor.ts'
import type { Paint } from '../io.ts'
import { table } from '../table.ts'

type Colour = Parameters<Paint>[0]
const colours: Readonly<Record<Status, Colour>> = {
  proved: 'green',
  held: 'green',
  refuted: 'red',
  undecided: 'yellow',
  skipped: 'dim',
}

/** What attentions were run on, as words of the command. */
interface Manner {
  readonly backend: string
  readonly storage: Storage
}

export const attentionLine = (
  file: string,
  attention: string,
  { backend, storage, device }: Manner & { readonly device: string },
  paint: Paint,
): string =>
  `${paint('bold', attention)} of ${file}, ${backend} on ${device}${storage === 'f32' ? '' : `, tensors of ${storage}`}`

export function resultLine({ name, status, detail }: PropertyResult, paint: Paint): string {
  return `  ${name.padEnd(14)}${paint(colours[status], status.padEnd(10))}${status === 'skipped' ? paint('dim', detail) : detail}`
}

/** The smallest case found, as a table, and the command that shows it again. */
export function counterexampleLines(
  file: string,
  { counterexample }: PropertyResult,
  manner: Manner,
): string[] {
  if (counterexample === undefined) return []
  const { columns, rows } = counterexample.table
  const numbers = columns.map((_, column) => column).slice(1)
  return [
    `    smallest case: ${counterexample.case}`,
    ...(columns.length === 0 ? [] : [table([columns, ...rows], numbers, '      ')]),
    `    again: ${commandOf(file, counterexample, manner)}`,
  ]
}

function commandOf(file: string, { replay }: Counterexample, { backend, storage }: Manner): string {
  const { only, property, seed, path, runs } = replay
  return [
    `attnc verify ${quoted(file)} --only ${only} --property ${property} --seed ${seed}`,
    ...(runs === defaultRuns ? [] : [`--runs ${runs}`]),
    ...(path === undefined ? [] : [`--path ${path}`]),
    `--backend ${backend}`,
    ...(storage === 'f32' ? [] : [`--storage ${storage}`]),
  ].join(' ')
}

/** As a shell takes it. */
const quoted = (path: string): string =>
  /^[\w./:@-]+$/.test(path) ? path : `'${path.replaceAll("'", String.raw`'\''`)}'`

export interface Verified {
  readonly file: string
  readonly report: AttentionReport
}

/** The document of `--json`. */
export function jsonOf(verified: readonly Verified[], storage: Storage): unknown {
  return {
    attentions: verified.map(({ file, report: { name, backend, device, properties, warnings } }) => ({
      name,
      file,
      backend,
      device,
      storage,
      warnings,
      properties: properties.map(({ counterexample, ...result }) => ({
        ...result,
        ...(counterexample === undefined
          ? {}
          : {
              counterexample: {
                case: counterexample.case,
                columns: counterexample.table.columns,
                rows: counterexample.table.rows,
                command: commandOf(file, counterexample, { backend, storage }),
              },
            }),
      })),
    })),
  }
}
