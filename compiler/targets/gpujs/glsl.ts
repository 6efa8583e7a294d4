/** The GLSL that gpu.js makes of kernels, laid out to be read beside them. */
import { shadersOf } from '../../../runtime/backends/gpujs/shaders.ts'
import type { Program } from '../../../runtime/program.ts'

/**
 * A file with the fragment shader of each kernel.
 *
 * @throws AttentionError `no-gpujs`
 */
export async function glslFiles(program: Program): Promise<Readonly<Record<string, string>>> {
  const shaders = await shadersOf(program)
  return Object.fromEntries(
    Object.entries(shaders).map(([kernel, text]) => [`${kernel}.glsl`, laidOut(text)] as const),
  )
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
