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

  tooLongWrittenOut: error('A0317', (found: number, limit: number) => ({
    message: `written out for a kernel this has about ${found.toLocaleString('en')} operators; the most is ${limit.toLocaleString('en')}`,
    help: 'a softmax has its argument four times, and a sum of many exponentials compares each with all: use fewer',
  })),
}
