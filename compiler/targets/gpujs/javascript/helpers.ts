/**
 * Functions that a kernel defines for itself, inside its own: gpu.js compiles
 * those, too, and finds the types of what they are given from their calls. It
 * wants to know that of a `const` before: each starts with something whose type
 * is plain, such as a function of `Math`, and not with what the function is given.
 */
export interface Helper {
  readonly name: string
  readonly source: string
  /** Those that it calls. */
  readonly uses: readonly Helper[]
}

/** A function of floats, with a line that says what it is. */
export function helper(
  name: string,
  comment: string,
  body: readonly string[],
  { uses = [], parameters = ['x'] }: { uses?: readonly Helper[]; parameters?: readonly string[] } = {},
): Helper {
  return {
    name,
    source: [
      `// ${comment}`,
      `function ${name}(${parameters.join(', ')}) {`,
      ...body.map((line) => `  ${line}`),
      '}',
    ].join('\n'),
    uses,
  }
}
