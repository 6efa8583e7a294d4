/** A03: names and types within an expression. */
import { didYouMean, error, warning } from './message.ts'
import { wordsFor } from '../words.ts'

const varyingPower = 'a power of something that varies is `exp(exponent * log(base))`'

export const expressionMessages = {
  unknownName: error('A0301', (name: string, where: string, help: string | undefined) => ({
    message: `\`${name}\` means nothing in ${where}`,
    help: wordsFor(name) ?? help,
  })),

  nameElsewhere: error('A0302', (name: string, where: string, home: string) => ({
    message: `\`${name}\` has no meaning in ${where}`,
    help: `it belongs in ${home}`,
  })),

  unknownFunction: error('A0303', (name: string, near: string | undefined, known: readonly string[]) => ({
    message: `there is no function \`${name}\``,
    help: wordsFor(name) ?? didYouMean(near) ?? `the functions are ${known.join(', ')}`,
  })),

  functionElsewhere: error('A0304', (name: string, where: string, help: string) => ({
    message: `\`${name}\` cannot be used in ${where}`,
    help,
  })),

  wrongArguments: error('A0305', (name: string, complaint: string, signature: string) => ({
    message: `\`${name}\`: ${complaint}`,
    help: `it is ${signature}`,
  })),

  wrongOperands: error('A0306', (operator: string, complaint: string) => ({
    message: `\`${operator}\`: ${complaint}`,
    help: operator === '^' ? varyingPower : undefined,
  })),

  operatorElsewhere: error('A0307', (operator: string, where: string) => ({
    message: `\`${operator}\` cannot be used in ${where}`,
    help: operator === '%' ? 'remainders belong in a mask' : 'conditions belong in a mask',
  })),

  chainedComparison: error('A0308', (first: string, second: string) => ({
    message: `comparisons do not chain: \`${first}\` gives a condition, and \`${second}\` compares numbers`,
    help: `write two comparisons: \`a ${first} b && b ${second} c\``,
  })),

  exponentNotConstant: error('A0309', () => ({
    message: 'expected a constant exponent',
    help: varyingPower,
  })),

  undefinedValue: error('A0310', (what: string, result: string) => `${what} is ${result}`),

  beyondSingle: error('A0311', (value: number) => ({
    message: `the constant ${value} does not fit the f32 arithmetic that runs it`,
    help: 'the largest number there is about 3.4e38',
  })),

  vectorTooLong: error('A0312', (size: number, limit: number) => ({
    message: `this vector would have ${size.toLocaleString('en')} entries; the most is ${limit.toLocaleString('en')}`,
    help: 'take a smaller dim',
  })),

  functionWithoutCall: error('A0313', (name: string, signature: string) => ({
    message: `\`${name}\` is a function and needs its arguments`,
    help: `it is ${signature}`,
  })),

  notAFunction: error('A0314', (name: string, what: string, help: string) => ({
    message: `\`${name}\` is ${what}, not a function`,
    help,
  })),

  randomArgument: error('A0315', (found: string) => ({
    message: `expected an integer argument of \`random\`, found ${found}`,
    help: 'round it: `floor(…)`',
  })),

  vanishes: warning('A0316', (what: string, scale: number) => ({
    message: `${what} is multiplied by about ${scale.toPrecision(2)}, which the f32 arithmetic that runs it may take for 0`,
    help: 'the smallest number there is about 1.2e-38; with a denominator a common factor cancels and can be left out',
  })),

  functionArguments: error('A0318', (name: string, parameters: readonly string[], found: number) => ({
    message: `expected ${parameters.length} argument${parameters.length === 1 ? '' : 's'} of \`${name}\`, found ${found}`,
    help: `it is declared as \`${name}(${parameters.join(', ')})\``,
  })),

  previousRow: error('A0319', (where: string, rows: readonly string[]) => ({
    message: `\`previous\` takes the name of one row that ${where} sees`,
    help: `the rows here are ${rows.map((row) => `\`${row}\``).join(', ')}`,
  })),

  noPosition: error('A0320', (name: string, where: string) => ({
    message: `\`${name}\` turns a row by its position, and here in ${where} it is not clear whose that is`,
    help: 'in a kernel turn what is made of `q` alone, or of `k` alone; in a feature turn `x`',
  })),

  inputRow: error('A0321', (name: string, rows: readonly string[]) => ({
    message: `where a pair is at hand, \`${name}\` is written with the row that it is of`,
    help: rows.map((row) => `\`${name}[${row}]\``).join(' or '),
  })),

  entriesOfVector: error('A0322', (found: string) => ({
    message: `expected a vector, whose entries are numbered from 0, found ${found}`,
    help: undefined,
  })),

  entryIndex: error('A0323', (found: string) => ({
    message: `expected an integer for an index, found ${found === 'a scalar' ? 'what may be a fraction' : found}`,
    help: 'round it: `floor(…)`',
  })),

  entryRange: error('A0324', (found: string, size: number) => ({
    message: `\`[${found}]\` is not within a vector of ${size}`,
    help: 'entries are numbered from 0, and of a slice the end is excluded',
  })),

  sliceConstant: error('A0325', () => ({
    message: 'expected constant bounds of a slice',
    help: 'for example `x[0:dim / 2]`',
  })),

  tooLongWrittenOut: error('A0317', (found: number, limit: number) => ({
    message: `written out for a kernel this has about ${found.toLocaleString('en')} operators; the most is ${limit.toLocaleString('en')}`,
    help: 'a softmax has its argument four times, and a sum of many exponentials compares each with all: use fewer',
  })),
}

/** Of each, what it means and what to do. */
export const expressionExplanations: Readonly<Record<keyof typeof expressionMessages, string>> = {
  unknownName:
    'Nothing of this name is visible here. Check the spelling; data of your own is declared under inputs or weights, and a feature sees its parameters.',
  nameElsewhere:
    'The name has a meaning in another part of an attention, and none here. The message says where it belongs: q and k in a kernel, i and j in a mask, x in a feature.',
  unknownFunction:
    'The language has no function of this name, and the file declares none. Check the spelling, or declare it: def NAME(x) = ….',
  functionElsewhere:
    'The function needs something that is not at hand here, such as a pair of rows or a state. Move it to the setting that the message names.',
  wrongArguments:
    'The function takes other arguments: another number of them, or scalars in place of vectors. Compare the call with the signature in the message.',
  wrongOperands:
    'The operator does not take operands of these types. Vectors go with vectors of the same length or with scalars; dot(a, b) is the product that gives a number.',
  operatorElsewhere:
    'Comparisons, conditions and remainders say which pairs are seen, and belong in a mask. Elsewhere write the same with functions such as max, min or abs.',
  chainedComparison:
    'A comparison gives a condition, which cannot be compared again. Join two comparisons: a < b && b < c.',
  exponentNotConstant:
    'A power takes a constant exponent. Write one that varies as exp(exponent * log(base)).',
  undefinedValue:
    'The constant has no finite value: it divides by 0, or takes the root or the logarithm of what has none. Change the numbers that it is made of.',
  beyondSingle:
    'The constant is beyond f32, the arithmetic of the kernels, which ends at about 3.4e38. Divide by a common factor, or keep it inside an exp.',
  vectorTooLong: 'The vector has more entries than a kernel holds for a row. Take a smaller dim.',
  functionWithoutCall: 'A function stands where a value is expected. Give it its arguments in brackets.',
  notAFunction:
    'A value is called as if it were a function. Write a product with an asterisk, a * (b + c), and an entry of a vector with square brackets, x[0].',
  randomArgument:
    'The function random gives one number for each integer, the same everywhere, and its argument may be a fraction here. Round it: floor(…).',
  vanishes:
    'The value is multiplied by so little that f32 may take it for 0, and rows become 0 or NaN. A factor that numerator and denominator share cancels: leave it out.',
  functionArguments:
    'A function of the file is called with another number of arguments than it has parameters. Compare the call with its declaration.',
  previousRow:
    'The function previous gives the row before the one that is named, and takes the name of a row, such as k. Name one that is visible here.',
  noPosition:
    'The function rotary turns a row by its position, and the argument mixes rows or has none. Turn what is made of q alone, or of k alone; in a feature turn x.',
  inputRow:
    'Where a query and a key meet, it must be said whose entry of the data is meant. Write NAME[q] or NAME[k].',
  entriesOfVector: 'Square brackets take an entry of a vector, and this is none. Leave them out.',
  entryIndex: 'An index must be an integer, and this may be a fraction. Round it: floor(…).',
  entryRange:
    'The index is outside the vector. Entries are numbered from 0, and the end of a slice is not part of it: x[0:dim] is all of x.',
  sliceConstant:
    'The length of a slice must be known to the compiler. Give it constant bounds, such as x[0:dim / 2].',
  tooLongWrittenOut:
    'Functions are written out where they are called, and the result is too long for a kernel. Call softmax on shorter vectors, or add fewer exponentials.',
}
