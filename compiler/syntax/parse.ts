/** Text to AST. Nothing is thrown: what is wrong with the text is returned beside what was understood. */
import type { CstNode } from 'chevrotain'
import type { Diagnostic, Source, Span } from '../diagnostics/diagnostic.ts'
import { messages } from '../diagnostics/messages.ts'
import type { File } from './ast.ts'
import { buildFile } from './build.ts'
import { errorLimit, ExpectationProvider, problem, TooManyErrors } from './errors.ts'
import { Grammar } from './grammar.ts'
import { onePerRegion, regionEnd, regionsOf } from './regions.ts'
import { scan } from './scan.ts'
import type { Scanned } from './scan.ts'

/** A tree, and the syntax errors of its text. */
export interface Parsed {
  /** What was understood; where it has holes, its nodes say `incomplete`. */
  readonly file: File
  readonly diagnostics: readonly Diagnostic[]
}

const provider = new ExpectationProvider()
const grammar = new Grammar(provider)

/** Scans, parses and builds; where there are several errors in one region the first is told. */
export function parse(source: Source): Parsed {
  const { text } = source
  const scanned = scan(text)
  if (!scanned.parsable) return { file: nothing(scanned, text), diagnostics: scanned.diagnostics }

  // A copy: the parser puts its own end marks behind the tokens that it is given.
  grammar.input = scanned.tokens.slice()
  provider.restart()
  const cst = run()
  const last = scanned.tokens.at(-1)
  const textEnd = last === undefined ? 0 : last.startOffset + last.image.length
  const problems = grammar.errors.map((exception) =>
    problem(exception, textEnd, { ...source, tokens: scanned.tokens }),
  )
  const regions = regionsOf(scanned.tokens)
  const kept = onePerRegion(problems, regions, scanned.diagnostics)
  const diagnostics = [...scanned.diagnostics, ...kept.map(({ diagnostic }) => diagnostic)]
  if (cst === undefined) {
    diagnostics.push(messages.syntaxGivenUp({ start: textEnd, end: textEnd }, errorLimit))
    return { file: nothing(scanned, text), diagnostics }
  }
  const places = problems.map(({ after }) => after)
  // An error behind the last token that was understood is still in the region that began before it.
  const damaged = ({ start, end }: Span): boolean => {
    const reach = Math.max(end, regionEnd(regions, start))
    return places.some((place) => start <= place && place < reach)
  }
  const hidden = problems.flatMap(({ hidden }) => hidden ?? [])
  const file = buildFile(cst, scanned.comments, text.length, damaged)
  return { file: hidden.length === 0 ? file : { ...file, hidden }, diagnostics }
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
