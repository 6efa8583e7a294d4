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

/** Of each, what it means and what to do. */
export const syntaxExplanations: Readonly<Record<keyof typeof syntaxMessages, string>> = {
  illegalCharacter:
    'The text has a character that no form of the language begins with. Papers write · × ² √ ≤ where attn writes * ^2 sqrt(…) <=; names are of letters from A to Z, digits and _.',
  malformedNumber:
    'What begins as a number does not end as one. Write numbers in decimal, with a digit on both sides of a point, such as 0.5 or 1e-4, and products with an asterisk: 2 * x.',
  numberTooLarge:
    'The number is beyond f32, the arithmetic of the kernels, which ends at about 3.4e38. Write a smaller one, or the formula that it came from.',
  notText: 'The file holds a NUL character, as binary files do. Name the .attn file, and save it as UTF-8.',
  fileTooLong:
    'A specification is a page or two, and this file is far longer. Check that the right file is named.',
  nestedTooDeep:
    'More brackets are open at once than anybody can read. Name parts of the expression with def, and call them.',
  expressionTooLong:
    'The expression has more operators than a kernel should compute for each pair of rows. Write repeated terms as sums over vectors, such as dot and sum.',
  unexpected:
    'The grammar expects something else at this place; the message says what. Look at the word before it first: a missing bracket, colon or operator is often there.',
  syntaxGivenUp:
    'After so many syntax errors those that follow would mislead. Mend the first few, and check again.',
  moreOmitted: 'More was found than is shown. Mend what is shown, and check again.',
}
