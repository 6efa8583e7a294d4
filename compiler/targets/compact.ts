/** A kernel as a module carries it. The one to read is the file beside the module. */

/** Without comments and needless spaces, in a language whose comments and operators are those of C. */
export const compact = (code: string): string =>
  code
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('//'))
    .map((line) => line.replaceAll(needlessSpaces, '$1$2').replaceAll(needlessZeros, '$1.'))
    .join('\n')
    .replaceAll(needlessLineEnds, '')

/** Around operators, unless two of them would become another one or a comment. */
const needlessSpaces = / *(->|[-+*]=|[=<>(){},;:*?&|%]) *| *([-+/]) +(?![-+/*])/g
const needlessZeros = /\b(\d+)\.0\b/g
const needlessLineEnds = /(?<=[;{,(])\n/g
