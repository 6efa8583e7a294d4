/**
 * AST to checked spec. All rules run over all declarations; what is sound is
 * returned as a model, and what is not is among the diagnostics.
 */
import type { Diagnostic } from '../diagnostics/diagnostic.ts'
import { messages } from '../diagnostics/messages.ts'
import type {
  AttentionDeclaration,
  Blocks,
  FeatureDeclaration,
  File,
  FunctionDeclaration,
  Name,
} from '../syntax/ast.ts'
import { checkAttention } from './attention.ts'
import { collectDefinitions } from './definitions.ts'
import { checkFeature } from './feature.ts'
import type { Feature } from './feature.ts'
import type { CheckedFile } from './model.ts'
import { Findings } from './report.ts'
import type { Report } from './report.ts'
import { verify } from './verify.ts'

/** The checked spec of a file, and its diagnostics. */
export interface Analysis {
  /** The attentions in which no error was found. */
  readonly checked: CheckedFile
  readonly diagnostics: readonly Diagnostic[]
}

/** `prelude` is the parsed file of standard features, which `file` may shadow. */
export function analyze(file: File, prelude: File): Analysis {
  const findings = new Findings()
  const { report } = findings
  const declared = file.declarations.filter(isFeature)
  const definitions = collectDefinitions(
    prelude.declarations.filter(isDefinition),
    file.declarations.filter(isDefinition),
    report,
  )
  const features = new Map<string, Feature>()
  const standard = prelude.declarations.filter(isFeature)
  const known = new Set([...standard, ...declared].map(({ name }) => name.text))
  for (const declaration of standard)
    features.set(declaration.name.text, checkFeature(declaration, true, known, definitions, ignore))
  const own = new Set<string>()
  for (const declaration of declared) {
    const { text, span } = declaration.name
    const feature = checkFeature(declaration, false, known, definitions, report)
    if (own.has(text)) report(messages.duplicateFeature(span, text))
    else features.set(text, feature)
    own.add(text)
  }
  for (const name of file.hidden ?? [])
    if (!features.has(name.text))
      features.set(name.text, checkFeature(unread(name), false, known, definitions, ignore))
  const attentions = file.declarations.filter(isAttention)
  const names = new Map<string, string>()
  const models = attentions.flatMap((declaration) => {
    const { text, span } = declaration.name
    const other = names.get(text.toLowerCase())
    if (other === text) report(messages.duplicateAttention(span, text))
    else if (other !== undefined) report(messages.attentionsByCase(span, text, other))
    else if (isDevice(text)) report(messages.deviceName(span, text))
    if (other === undefined) names.set(text.toLowerCase(), text)
    return checkAttention(declaration, { features, definitions }, report) ?? []
  })
  if (file.incomplete !== true) checkPresence(file, attentions, report)
  const checked = { attentions: models }
  verify(checked)
  return { checked, diagnostics: findings.diagnostics }
}

function checkPresence(file: File, attentions: readonly AttentionDeclaration[], report: Report): void {
  const [first] = file.declarations
  if (first === undefined) report(messages.nothingDeclared({ start: 0, end: 0 }))
  else if (attentions.length === 0) report(messages.noAttention(first.name.span))
}

/** A declaration that could not be read; that has been said. */
function unread(name: Name): FeatureDeclaration {
  const { span } = name
  const body: Blocks = { kind: 'blocks', bracketed: false, items: [], span }
  return {
    kind: 'feature',
    name,
    parameters: [],
    body: { kind: 'shared', body, span },
    span,
    incomplete: true,
  }
}

/** Windows has no file of such a name, whatever its extension. */
const isDevice = (name: string): boolean => /^(con|prn|aux|nul|com[1-9]|lpt[1-9])$/i.test(name)

const isFeature = (declaration: File['declarations'][number]): declaration is FeatureDeclaration =>
  declaration.kind === 'feature'

const isDefinition = (declaration: File['declarations'][number]): declaration is FunctionDeclaration =>
  declaration.kind === 'function'

const isAttention = (declaration: File['declarations'][number]): declaration is AttentionDeclaration =>
  declaration.kind === 'attention'

const ignore: Report = () => undefined
