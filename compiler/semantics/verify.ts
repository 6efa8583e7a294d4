/** The invariants of `model.ts`. What fails here is the compiler's defect, never the file's. */
import { invariant } from '../diagnostics/invariant.ts'
import type { AttentionModel, CheckedFile } from './model.ts'
import { settingRecords } from './settings/index.ts'
import type { Invariant } from './settings/setting.ts'

/** Throws where a model breaks an invariant. */
export function verify({ attentions }: CheckedFile): void {
  attentions.forEach(verifyAttention)
}

function verifyAttention(model: AttentionModel): void {
  const { name, evaluation } = model
  const promise: Invariant = (condition, what) => {
    invariant(condition, `${name}: ${what}`)
  }
  const ways = settingRecords.flatMap(({ evaluation, print }) =>
    evaluation !== undefined && print(model) !== undefined ? [evaluation] : [],
  )
  promise(ways.length <= 1, `evaluation is ${ways.join(' or ')}, of which it can be one`)
  const expected = ways[0] ?? 'exact'
  promise(evaluation === expected, `what is declared is evaluated as ${expected}, not as ${evaluation}`)
  for (const { verify } of settingRecords) verify?.(model, promise)
}
