/** A02: what a file declares. */
import { error, warning } from './message.ts'

export const declarationMessages = {
  duplicateFeature: error('A0201', (name: string) => ({
    message: `a feature \`${name}\` is already declared in this file`,
    help: 'give one of them another name',
  })),

  duplicateAttention: error('A0202', (name: string) => ({
    message: `an attention \`${name}\` is already declared in this file`,
    help: 'give one of them another name: each becomes a module of that name',
  })),

  nothingDeclared: error('A0203', () => ({
    message: 'expected a declaration, found none in the whole file',
    help: 'begin with `attention NAME { dim: 64 feature: elu1 }`',
  })),

  noAttention: warning('A0204', () => ({
    message: 'this file declares features and no attention, so there is nothing to compile',
    help: 'use one: `attention NAME { dim: 64 feature: … }`',
  })),

  parameterCount: error('A0205', (name: string, found: number) => ({
    message: `expected one or two parameters for \`${name}\`, found ${found}`,
    help: '`(x)` is a feature of the row alone, `(x, w)` one that is evaluated for each projection row w',
  })),

  duplicateParameter: error('A0206', (name: string) => `two parameters are called \`${name}\``),

  constantAsParameter: error('A0207', (name: string) => ({
    message: `\`${name}\` already has a meaning in a feature and cannot be a parameter`,
    help: 'the usual names are `x` for the row and `w` for the projection row',
  })),

  unusedParameter: warning('A0208', (name: string, consequence: string) => ({
    message: `\`${name}\` is not used: ${consequence}`,
    help: undefined,
  })),

  blockCounts: error('A0209', (query: number, key: number) => ({
    message: `expected as many blocks for a key as for a query, found ${key} and ${query}`,
    help: 'φ(q)·φ(k) multiplies them one by one',
  })),

  featureCounts: error('A0210', (query: string, key: string) => ({
    message: `expected as many features for a key as for a query, found ${key} and ${query}`,
    help: 'φ(q)·φ(k) multiplies them one by one',
  })),

  projectedBlock: error('A0211', (type: string) => ({
    message: `expected a scalar, found ${type}: a block of a projected feature is evaluated once per projection row`,
    help: 'reduce it with `dot(w, x)`, `sum(…)` or `norm(…)`',
  })),

  tooManyFeatures: error('A0212', (found: number, limit: number, name: string) => ({
    message: `\`${name}\` has ${found.toLocaleString('en')} features here; the most is ${limit.toLocaleString('en')}`,
    help: 'take a smaller dim or fewer projections',
  })),

  attentionsByCase: error('A0213', (name: string, other: string) => ({
    message: `\`${name}\` and \`${other}\` differ by capital letters alone`,
    help: 'give one of them another name: each becomes a module of that name, and many disks take the two for one',
  })),

  deviceName: warning('A0214', (name: string) => ({
    message: `Windows has no files called \`${name}\`, and so no module ${name}.js`,
    help: 'give it another name',
  })),

  duplicateFunction: error('A0216', (name: string) => ({
    message: `a function \`${name}\` is already declared in this file`,
    help: 'give one of them another name',
  })),

  recursiveFunction: error('A0217', (name: string) => ({
    message: `\`${name}\` calls itself, and a function is written out where it is called`,
    help: 'write out as many steps as there are to be',
  })),

  functionShadows: error('A0218', (name: string) => ({
    message: `\`${name}\` is a function of the language`,
    help: 'give yours another name',
  })),

  functionParameters: error('A0219', (name: string) => ({
    message: `\`${name}\` has no parameter`,
    help: 'what depends on nothing is written where it is used; a function is `def NAME(x) = …`',
  })),

  tooManyBlocks: error('A0215', (found: number, limit: number) => ({
    message: `a feature has at most ${limit} blocks, and this one ${found.toLocaleString('en')}`,
    help: 'kernels have code for each block: one whose entries differ by a vector is a block of many features',
  })),
}

/** Of each, what it means and what to do. */
export const declarationExplanations: Readonly<Record<keyof typeof declarationMessages, string>> = {
  duplicateFeature:
    'Two features of a file have one name, so that it is unclear which an attention means. Rename one. A feature of the prelude may be declared anew.',
  duplicateAttention:
    'Two attentions of a file have one name, and each becomes a module of its name. Rename one.',
  nothingDeclared:
    'The file is empty, or has comments alone. Declare an attention: attention NAME { dim: 64 feature: elu1 }.',
  noAttention:
    'Features become kernels only in an attention that uses them. Add one with a line `feature: NAME`.',
  parameterCount:
    'A feature takes the row, as in f(x) = …, or the row and a projection row, as in f(x, w) = …. Give it one of these forms; for other helpers write def.',
  duplicateParameter: 'Two parameters have one name, so that one could not be reached. Rename one.',
  constantAsParameter:
    'The name already stands for something in every feature, such as dim. Choose another name; x and w are usual.',
  unusedParameter:
    'A parameter that the body does not mention changes nothing. Use it or leave it out: without w a feature takes no projections.',
  blockCounts:
    'The features of a query and of a key are multiplied one by one and summed, so both need as many blocks. Add the blocks that one of them lacks.',
  featureCounts:
    'The features of a query and of a key are multiplied one by one and summed, so both need as many numbers. Make the vectors on both sides equally long.',
  projectedBlock:
    'A block of a projected feature gives one number for each projection row. Reduce a vector with dot(w, x), sum(…) or norm(…).',
  tooManyFeatures:
    'States and kernels grow with the number of features, and this many would not run. Take a smaller dim, fewer projections or fewer blocks.',
  attentionsByCase:
    'Two names differ by capital letters alone, and many disks take their files for one. Rename one.',
  deviceName:
    'Windows keeps this name for a device and has no file of it. Rename the attention where the module is to be used there.',
  duplicateFunction: 'Two functions of a file have one name. Rename one.',
  recursiveFunction:
    'A function is written out wherever it is called, so it cannot call itself, directly or by way of others. Write out as many steps as there are to be.',
  functionShadows:
    'The language has a function of this name. Give yours another, so that a reader knows which is meant.',
  functionParameters:
    'A function without parameters is a constant. Write the expression where it is used, or give the function a parameter.',
  tooManyBlocks:
    'Kernels have code of their own for each block of a feature. Write blocks that differ by an entry of a vector as one block that is a vector.',
}
