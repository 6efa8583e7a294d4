/** The GLSL that modules for gpujs lead to, as files to lay beside their kernels. */
import { AttentionError } from '../../runtime/index.ts'
import { shadersOf } from '../../runtime/gpujs/shaders.ts'
import type { OutputFile } from '../codegen/module.ts'
import type { CompiledAttention } from '../index.ts'
import type { Io } from './io.ts'

/** None, and a note on standard error, where gpu.js is not installed. */
export async function glslFiles(io: Io, { name, program }: CompiledAttention): Promise<OutputFile[]> {
  try {
    const shaders = await shadersOf(program)
    return Object.entries(shaders).map(([kernel, text]) => ({
      path: `${name}/${kernel}.glsl`,
      text: laidOut(text),
    }))
  } catch (error) {
    if (!(error instanceof AttentionError && error.code === 'no-gpujs')) throw error
    io.err.write(`note: no GLSL was written. ${error.message}\n`)
    return []
  }
}

/** One statement a line, indented by the braces around it; gpu.js writes for a compiler. */
export function laidOut(shader: string): string {
  let depth = 0
  const lines = shader.split('\n').flatMap(statementsOf)
  const indented = lines.map((line) => {
    if (line.startsWith('}')) depth--
    const laid = line === '' ? '' : '  '.repeat(depth) + line
    if (line.endsWith('{')) depth++
    return laid
  })
  return `${indented
    .join('\n')
    .replaceAll(/\n{3,}/g, '\n\n')
    .trim()}\n`
}

/** A line is broken after `;`, `{` and `}`, save between the parentheses of a `for` and in comments. */
function statementsOf(line: string): string[] {
  if (/^\s*(#|\/\/|$)/.test(line)) return [line.trim()]
  const statements: string[] = []
  let [current, parentheses] = ['', 0]
  const end = (): void => {
    if (current.trim() !== '') statements.push(current.trim())
    current = ''
  }
  for (const character of line) {
    if (character === '}') end()
    current += character
    if (character === '(') parentheses++
    if (character === ')') parentheses--
    const ends = character === '{' || (character === ';' && parentheses === 0)
    if (ends && !current.includes('//')) end()
  }
  end()
  return statements
}
