/** A01: the text is not a file of the language. */
import { error } from './message.ts'

/** What people type from habit or from a paper, and how it is written here. */
const instead: Readonly<Record<string, string>> = {
  ';': 'nothing separates settings or declarations; leave it out',
  '.': 'a number has digits on both sides of its point, such as 0.5',
  '&': 'both conditions: `&&`',
  '|': 'either condition is `||`, an absolute value `abs(x)`',
  '·': 'multiplication is `*`, a dot product is `dot(a, b)`',
  '×': 'multiplication is `*`',
  '÷': 'division is `/`',
  '−': 'minus is the plain hyphen `-`',
  '–': 'minus is the plain hyphen `-`',
  '≤': 'less or equal is `<=`',
  '≥': 'greater or equal is `>=`',
  '≠': 'not equal is `!=`',
  '²': 'a square is `^2`',
  '³': 'a cube is `^3`',
  '√': 'a square root is `sqrt(…)`',
  π: 'π is `pi`',
  '"': 'names are written without quotes',
  "'": 'names are written without quotes',
  '`': 'names are written without quotes',
  '@': 'comments start with `#`',
  '\\': 'comments start with `#`',
}

/** `2x`, as papers write products; neither an exponent nor another base. */
function product(text: string): string | undefined {
  const [, number, name] = /^(\d+(?:\.\d+)?)((?![eE]\d*$|[xXbBoO][\dA-Fa-f])[A-Za-z_]\w*)$/.exec(text) ?? []
  return number && name
    ? `multiplication is written out: \`${visible(number)} * ${visible(name)}\``
    : undefined
}

const visible = (text: string): string => {
  const characters = Array.from(text)
  const shown = characters.slice(0, 20).map((character) => {
    const code = character.codePointAt(0) ?? 0
    const printable =
      code > 32 && code !== 127 && !(code >= 128 && code < 160) && !(code >= 0xd800 && code < 0xe000)
    return printable ? character : `U+${code.toString(16).toUpperCase().padStart(4, '0')}`
  })
  return `${shown.join('')}${characters.length > 20 ? '…' : ''}`
}

export const syntaxMessages = {
  illegalCharacter: error('A0101', (text: string) => ({
    message: `\`${visible(text)}\` is not part of the language`,
    help:
      instead[String.fromCodePoint(text.codePointAt(0) ?? 0)] ??
      (/^\p{L}/u.test(text) ? 'names are of letters from A to Z, digits and `_`' : undefined),
  })),

  malformedNumber: error('A0102', (text: string) => ({
    message: `\`${visible(text)}\` is not a number`,
    help: product(text) ?? 'numbers are decimal, with an optional fraction and exponent: 64, 0.5, 1e-4',
  })),

  numberTooLarge: error('A0103', (text: string) => ({
    message: `${visible(text)} is too large a number`,
    help: 'the largest number of the f32 arithmetic that runs it is about 3.4e38',
  })),

  notText: error('A0104', () => ({
    message: 'expected text, found a binary file: there is a NUL character here',
    help: 'an attn file is plain text in UTF-8',
  })),

  fileTooLong: error('A0105', (limit: number) => ({
    message: `the file goes on beyond ${limit.toLocaleString('en')} characters`,
    help: 'a specification is a page or two; is this the file that was meant?',
  })),

  nestedTooDeep: error('A0106', (limit: number) => `more than ${limit} brackets are open here`),

  expressionTooLong: error(
    'A0107',
    (limit: number) => `this expression has more than ${limit.toLocaleString('en')} operators`,
  ),

  unexpected: error('A0108', (expected: string, found: string, help: string | undefined) => ({
    message: `expected ${expected}, found ${found}`,
    help,
  })),

  syntaxGivenUp: error('A0109', (count: number) => ({
    message: `after ${count} syntax errors the rest of the file is not read`,
    help: 'mend the first few and check again',
  })),

  moreOmitted: error('A0110', (count: number) => ({
    message: `${count} more ${count === 1 ? 'problem is' : 'problems are'} not shown`,
    help: 'mend the first few and check again',
  })),
}
