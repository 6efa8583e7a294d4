/** A03: names and types within an expression. */
import { didYouMean, error, warning } from './message.ts'

const varyingPower = 'a power of something that varies is `exp(exponent * log(base))`'

export const expressionMessages = {
  unknownName: error('A0301', (name: string, where: string, help: string | undefined) => ({
    message: `\`${name}\` means nothing in ${where}`,
    help,
  })),

  nameElsewhere: error('A0302', (name: string, where: string, home: string) => ({
    message: `\`${name}\` has no meaning in ${where}`,
    help: `it belongs in ${home}`,
  })),

  unknownFunction: error('A0303', (name: string, near: string | undefined, known: readonly string[]) => ({
    message: `there is no function \`${name}\``,
    help: didYouMean(near) ?? `the functions are ${known.join(', ')}`,
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
