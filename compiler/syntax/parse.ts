/** Text to AST. Nothing is thrown: what is wrong with the text is returned beside what was understood. */
import type { CstNode } from 'chevrotain'
import type { Diagnostic, Source } from '../diagnostics/diagnostic.ts'
import { messages } from '../diagnostics/messages.ts'
import type { File } from './ast.ts'
import { buildFile } from './build.ts'
import { errorLimit, ExpectationProvider, problem, TooManyErrors } from './errors.ts'
import { Grammar } from './grammar.ts'
import { onePerRegion, regionsOf } from './regions.ts'
import { scan } from './scan.ts'
import type { Scanned } from './scan.ts'

export interface Parsed {
  /** What was understood; where it has holes, its nodes say `incomplete`. */
  readonly file: File
  readonly diagnostics: readonly Diagnostic[]
}

const provider = new ExpectationProvider()
const grammar = new Grammar(provider)

export function parse(source: Source): Parsed {
  const { text } = source
  const scanned = scan(text)
  if (!scanned.parsable) return { file: nothing(scanned, text), diagnostics: scanned.diagnostics }

  grammar.input = scanned.tokens
  provider.restart()
  const cst = run()
  const last = scanned.tokens.at(-1)
  const textEnd = last === undefined ? 0 : last.startOffset + last.image.length
  const problems = grammar.errors.map((exception) => problem(exception, textEnd))
  const regions = regionsOf(scanned.tokens)
  const kept = onePerRegion(problems, regions, scanned.diagnostics)
  const diagnostics = [...scanned.diagnostics, ...kept.map(({ diagnostic }) => diagnostic)]
  if (cst === undefined) {
    diagnostics.push(messages.syntaxGivenUp({ start: textEnd, end: textEnd }, errorLimit))
    return { file: nothing(scanned, text), diagnostics }
  }
  const places = problems.map(({ after }) => after)
  const damaged = ({ start, end }: { start: number; end: number }): boolean =>
    places.some((place) => start <= place && place < end)
  return { file: buildFile(cst, scanned.comments, text.length, damaged), diagnostics }
}

/** The concrete tree, with holes; nothing where the errors were too many to go on. */
function run(): CstNode | undefined {
  try {
    return grammar.file()
  } catch (error) {
    if (error instanceof TooManyErrors) return undefined
    throw error
  }
}

const nothing = ({ comments }: Scanned, text: string): File => ({
  kind: 'file',
  declarations: [],
  comments,
  span: { start: 0, end: text.length },
  incomplete: true,
})
