/** One attention: its settings read, held against each other, and put together as a model. */
import type { AttentionDeclaration } from '../syntax/ast.ts'
import { collectSettings } from './collect.ts'
import type { Definitions } from './definitions.ts'
import { appliesToWay, seesRowsAlone, evaluationOf, hasScore, oneWay } from './evaluation.ts'
import type { Feature } from './feature.ts'
import type { AttentionModel } from './model.ts'
import { soundly } from './report.ts'
import type { Report } from './report.ts'
import { settingNames, settingRecords } from './settings/index.ts'
import type { Context } from './settings/setting.ts'
import { standInSize } from './sizes.ts'

/** What else the file declares, by name. */
interface Declared {
  readonly features: ReadonlyMap<string, Feature>
  readonly definitions: Definitions
}

/** The model, if nothing is wrong with the declaration. */
export function checkAttention(
  declaration: AttentionDeclaration,
  file: Declared,
  report: Report,
): AttentionModel | undefined {
  let model: AttentionModel | undefined
  const sound = soundly(report, (report) => {
    model = read(declaration, file, report)
  })
  return sound && declaration.incomplete !== true ? model : undefined
}

const readingOrder = settingRecords.toSorted(
  (a, b) => Number(a.constants === undefined) - Number(b.constants === undefined),
)

function read(
  declaration: AttentionDeclaration,
  { features, definitions }: Declared,
  report: Report,
): AttentionModel | undefined {
  const settings = collectSettings(declaration, report)
  const sizes = { dim: standInSize, definitions, standIn: true }
  let context: Context = { declaration, settings, known: settingNames, features, sizes, draft: {}, report }
  let complete = true
  for (const { read, constants } of readingOrder) {
    const fields = read(context)
    complete &&= fields !== undefined
    context = { ...context, draft: { ...context.draft, ...fields } }
    if (constants) context = { ...context, sizes: constants(context) }
  }
  for (const rule of [
    oneWay,
    hasScore,
    appliesToWay,
    seesRowsAlone,
    ...settingRecords.flatMap(({ rules = [] }) => rules),
  ])
    rule(context)
  if (!complete) return undefined
  const { name, span } = declaration
  // Each record gives its field of the model, or nothing; `verify.ts` holds them to it.
  return { name: name.text, span, evaluation: evaluationOf(settings), ...context.draft } as AttentionModel
}
