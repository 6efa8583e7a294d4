/** A04: what is declared beside q, k and v, and what becomes of a state from token to token. */
import { error, warning } from './message.ts'

export const recurrenceMessages = {
  decayNeedsCausal: error('A0427', () => ({
    message: '`decay` weighs a key by how far it lies in the past, so it needs `mask: causal`',
    help: 'add `mask: causal`',
  })),

  decayRange: error('A0429', (head: number, value: number) => ({
    message: `expected a decay in [0, 1], found ${Number.isNaN(value) ? 'no number' : value} for head ${head}`,
    help: 'for example `decay: 1 - 2^(-5 - head)`',
  })),

  tensorForm: error('A0444', (role: string, found: string) => ({
    message: `expected a name and a type for each of the ${role}s, found ${found}`,
    help:
      role === 'input'
        ? 'for example `inputs: a scalar, z query vector(value_dim)`'
        : 'for example `weights: A scalar, W shared matrix(dim, dim)`',
  })),

  tensorType: error('A0445', (role: string, found: string) => ({
    message: `expected the type of ${role === 'input' ? 'an input' : 'a weight'}, found ${found}`,
    help: `it is \`scalar\`, \`integer\`${role === 'input' ? ' or `vector(n)`' : ', `vector(n)` or `matrix(n, p)`'}`,
  })),

  tensorMarks: error('A0446', (role: string, found: string) => ({
    message: `\`${found}\` does not say whose this ${role} is`,
    help: 'before the type stands nothing, `key`, `query`, `shared` or `query shared`',
  })),

  duplicateTensor: error('A0447', (name: string) => ({
    message: `\`${name}\` is already declared in this attention`,
    help: 'inputs and weights have names of their own',
  })),

  reservedTensor: error('A0448', (name: string) => ({
    message: `\`${name}\` already has a meaning in an attention`,
    help: 'give the tensor another name',
  })),

  decayType: error('A0449', (found: string, of: string, size: number) => ({
    message: `expected a scalar or a vector of ${of} (${size}) for \`decay\`, found ${found}`,
    help: 'a scalar weighs a whole row, a vector each of its entries',
  })),

  decayOutside: error('A0450', (value: number) => ({
    message: `a decay is in [0, 1], and this one comes no nearer than ${value}`,
    help: 'for example `exp(-exp(A) * softplus(a))`',
  })),

  updateNotState: error('A0451', (found: string) => ({
    message: `expected a state for \`update\`, found ${found}`,
    help: 'for example `decay * S + outer(k, v)`',
  })),

  updateNeedsFeature: error('A0452', () => ({
    message: '`update` is what a token makes of a carried state, and exact attention carries none',
    help: 'add `feature: x`',
  })),

  updateNeedsCausal: error('A0453', () => ({
    message: '`update` goes from token to token, so it needs `mask: causal`',
    help: 'add `mask: causal`',
  })),

  stateCall: error('A0454', (form: string, wanted: string, found: string) => ({
    message: `expected \`${form}\` with ${wanted}, found ${found}`,
    help: undefined,
  })),

  stateOperands: error('A0455', (operator: string, found: readonly string[], features: number) => ({
    message: `\`${operator}\` makes no state of ${found.join(' and ')}`,
    help: `states are added, and multiplied by a scalar or by a vector of the ${features} features`,
  })),

  matrixScale: error('A0456', () => ({
    message: 'a state is scaled as a whole or by rows, not by a matrix',
    help: 'a matrix that is the identity and a rank-one term is `S - outer(x, read(y))`',
  })),

  readOfRead: error('A0457', () => ({
    message: '`read` of what was read: the update would not be affine in S',
    help: 'read S by rows that do not depend on it',
  })),

  notAffine: error('A0458', (part: string, why: string) => ({
    message: `the update is not affine in S: \`${part}\` is ${why}`,
    help: 'it is one `D * S`, and terms `outer(x, y)` of which y may be affine in `read(…)` and x is free of S',
  })),

  readNormalised: error('A0459', () => ({
    message: '`normalize: sum` has no denominator for an update that reads S',
    help: 'add `normalize: none`, and normalise in `output`',
  })),

  readUnbounded: error('A0460', (part: string) => ({
    message: `\`${part}\` grows without bounds, and a state that is read cannot be scaled by features`,
    help: 'use a feature that is bounded, such as `unit(x)`, or does not grow exponentially',
  })),

  outputNotRow: error('A0461', (size: number, found: string) => ({
    message: `expected a vector of value_dim (${size}) for \`output\`, found ${found}`,
    help: 'for example `rms(o) * silu(z)`',
  })),

  sinkNotScalar: error('A0462', (found: string) => ({
    message: `expected a scalar for \`sink\`, found ${found}`,
    help: 'a constant, or a weight: `weights: s scalar`, `sink: s`',
  })),

  sinkUnused: warning('A0463', () => ({
    message: '`sink` has no effect: with `normalize: none` there is no denominator',
    help: 'drop `sink`',
  })),

  shortConvForm: error('A0464', (found: string) => ({
    message: `expected a width and, if there is one, a function of one number for \`short_conv\`, found ${found}`,
    help: 'for example `short_conv: 4 silu`',
  })),

  shortConvCausal: error('A0465', () => ({
    message: '`short_conv` mixes a row with the rows before it, so it needs a causal `mask`',
    help: 'add `mask: causal`',
  })),
}

/** Of each, what it means and what to do. */
export const recurrenceExplanations: Readonly<Record<keyof typeof recurrenceMessages, string>> = {
  decayNeedsCausal:
    'A decay weighs a key by how far it lies in the past, so rows must not see later ones. Add mask: causal.',
  decayRange:
    'A decay outside of [0, 1] would grow without bounds, or change its sign. For example 1 - 2^(-5 - head) is a decay for each head.',
  tensorForm:
    'Data is declared as names with types, and commas between: inputs: a scalar, z query vector(value_dim).',
  tensorType:
    'The type of data is scalar, integer, vector(n) for inputs, and also matrix(n, p) for weights. Choose one.',
  tensorMarks:
    'Before a type stands whose the data is: nothing, key, query, shared or query shared. Use one of these words, or none.',
  duplicateTensor: 'Two pieces of data of an attention have one name. Rename one.',
  reservedTensor: 'The name already stands for something in an attention, such as q or dim. Rename the data.',
  decayType:
    'A decay is a number for a whole row, or a vector with one for each entry. Reduce or extend the expression to one of them.',
  decayOutside:
    'A decay is within [0, 1], and this expression never comes there. Forms that stay inside are exp(-softplus(a)) and sigmoid(a).',
  updateNotState:
    'An update gives the next state, which is a matrix. Make it of the state S and of outer products: decay * S + outer(k, v).',
  updateNeedsFeature:
    'An update says what a token makes of a carried state, and exact attention carries none. Add a feature, such as feature: x.',
  updateNeedsCausal: 'An update goes from token to token, in order. Add mask: causal.',
  stateCall:
    'The function of states is called with something else than it takes. Compare the call with the form in the message.',
  stateOperands:
    'States are added, and multiplied by a scalar or by a vector of their features; nothing else gives a state.',
  matrixScale:
    'A state is multiplied from the left by a number or by one for each row. A rank-one change of it is S - outer(x, read(y)).',
  readOfRead:
    'A row by which the state is read depends on the state, so that the update is no longer affine in it, and chunks cannot be combined. Read by rows of the token alone.',
  notAffine:
    'Chunks of an update combine only where it is affine in the state S. Write it as one D * S, and terms outer(x, y) in which x is free of S and y affine in read(…).',
  readNormalised:
    'An update that reads the state leaves no sum of weights to divide by. Add normalize: none, and normalise in output.',
  readUnbounded:
    'A state that is read cannot have its features scaled, so these must not grow exponentially. Use one that is bounded, such as unit(x).',
  outputNotRow:
    'The output is a row of value_dim numbers, made of the row o. Give a vector of that length: rms(o) * silu(z).',
  sinkNotScalar:
    'A sink is one score beside those of the keys. Give a constant, or a weight: weights: s scalar, sink: s.',
  sinkUnused: 'A sink takes part in the denominator, and with normalize: none there is none. Drop sink.',
  shortConvForm:
    'The setting short_conv is its width and perhaps a function of one number that follows it: short_conv: 4 silu.',
  shortConvCausal: 'The setting short_conv mixes a row with those before it. Add mask: causal.',
}
