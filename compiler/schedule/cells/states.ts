/**
 * States of a factorised attention in cells: of chunks, of blocks of chunks, of
 * what lies before each chunk or of all, and the one that decoding carries. A
 * state is the scale of each feature and, over its exponential, the sums of all
 * columns.
 */
import { product } from '../buffers.ts'
import type { BufferPlan, Size } from '../schedule.ts'
import type { FactorisedPlan } from './factorised.ts'
import type { CellPass, CellWork } from './passes.ts'
import { cellPass, scratch } from './plan.ts'

interface Plan {
  readonly passes: readonly CellPass[]
  readonly buffers: readonly BufferPlan[]
}

export interface StatePlan extends Plan {
  /** What is left behind for decoding. */
  readonly carry: Plan
  /** A token into it. */
  readonly absorb: Plan
}

export function statePasses(plan: FactorisedPlan): StatePlan {
  const { causal } = plan
  const result = causal ? 'before' : 'total'
  const parts = [ofChunks(plan), ofBlocks(plan), folded(plan, result)]
  return {
    passes: parts.flatMap(({ passes }) => passes),
    buffers: parts.flatMap(({ buffers }) => buffers),
    carry: carried(plan),
    absorb: absorbed(plan),
  }
}

interface Quantities {
  readonly name: (quantity: 'scales' | 'sums') => string
  readonly inputs: (quantity: 'scales' | 'sums') => readonly string[]
  readonly outputs: { readonly scales: string; readonly sums: string }
  readonly states: Size
  readonly work: (quantity: 'scales' | 'sums') => CellWork
  readonly what: string
  /** How many states or rows a cell puts together. */
  readonly terms: Size
}

/** The pass of the scales, where there are any, and that of the sums. */
function both({ scaling, features, attention }: FactorisedPlan, from: Quantities): CellPass[] {
  const columns = attention.valueDim + 1
  const one = (quantity: 'scales' | 'sums', extent: readonly [Size, Size, Size]): CellPass =>
    cellPass({
      name: from.name(quantity),
      over: 'sliceKeyHead',
      extent,
      buffers: [...from.inputs(quantity), from.outputs[quantity]],
      work: from.work(quantity),
      what: `${quantity === 'scales' ? 'the largest exponent of each feature' : 'S and z'} ${from.what}`,
      flops: product(...extent, from.terms, quantity === 'scales' ? 1 : 2),
    })
  return [
    ...(scaling === 'scaled' ? [one('scales', [features, from.states, 'sliceCount'])] : []),
    one('sums', [columns, features, product(from.states, 'sliceCount')]),
  ]
}

/** Scratch for states, of as many as it says for each group. */
function buffersOf(
  { scaling, features, attention }: FactorisedPlan,
  { scales, sums }: Quantities['outputs'],
  states: Size,
  of: string,
): BufferPlan[] {
  const columns = attention.valueDim + 1
  return [
    ...(scaling === 'scaled'
      ? [scratch(scales, [features, states, 'sliceCount'], `${of}: [${features}]`)]
      : []),
    scratch(
      sums,
      [columns, features, product(states, 'sliceCount')],
      `${of}: [${features} × ${columns}], S and last z`,
    ),
  ]
}

const fading = ({ decays }: FactorisedPlan): string[] => (decays ? ['decay'] : [])

/** A state is as of the last row that there is: where nothing fades, that makes no difference. */
const fadingRows = (plan: FactorisedPlan): string[] => (plan.decays ? ['lengths', ...fading(plan)] : [])

function ofChunks(plan: FactorisedPlan): Plan {
  const { scaling, keyCoefficients: coefficients, decays } = plan
  const scaled = scaling === 'scaled'
  const outputs = { scales: 'chunkScales', sums: 'chunkSums' }
  const features = scaled ? ['keyExponents', ...(coefficients ? ['keyCoefficients'] : [])] : ['keyFeatures']
  return {
    passes: both(plan, {
      name: (quantity) => `chunk_${quantity}`,
      inputs: (quantity) =>
        quantity === 'scales'
          ? ['keyExponents', ...fadingRows(plan)]
          : [...features, 'v', 'lengths', ...(scaled ? ['chunkScales'] : []), ...fading(plan)],
      outputs,
      states: 'chunks',
      work: (quantity) => ({ kind: 'chunk', quantity, scaling, coefficients, decays }),
      what: 'of each chunk of key rows',
      terms: ['ceildiv', 'keyLength', 'chunks'],
    }),
    buffers: buffersOf(plan, outputs, 'chunks', 'per group and chunk'),
  }
}

const blocks = (plan: FactorisedPlan): Size => ['ceildiv', 'chunks', plan.block]

type FoldResult = 'block' | 'before' | 'total'

const sizeOf = (sizes: Readonly<Record<FoldResult, Size>>, result: FoldResult): Size => sizes[result]

function fold(
  plan: FactorisedPlan,
  result: FoldResult,
  outputs: Quantities['outputs'],
  name: string,
): CellPass[] {
  const { scaling, decays, block } = plan
  const from = { block: ['chunk'], before: ['block', 'chunk'], total: ['block'] }[result]
  return both(plan, {
    name: (quantity) => `${name}_${quantity}`,
    inputs: (quantity) => [
      ...(scaling === 'scaled' ? from.map((level) => `${level}Scales`) : []),
      ...(quantity === 'sums'
        ? [...from.map((level) => `${level}Sums`), ...(scaling === 'scaled' ? [outputs.scales] : [])]
        : []),
      ...fadingRows(plan),
    ],
    outputs,
    states: sizeOf({ block: blocks(plan), before: 'chunks', total: 1 }, result),
    work: (quantity) => ({ kind: 'fold', quantity, result, scaling, decays, block }),
    what: { block: `of each ${block} chunks`, before: 'before each chunk', total: 'of all key rows' }[result],
    terms: sizeOf({ block, before: ['+', block, blocks(plan)], total: blocks(plan) }, result),
  })
}

function ofBlocks(plan: FactorisedPlan): Plan {
  const outputs = { scales: 'blockScales', sums: 'blockSums' }
  return {
    passes: fold(plan, 'block', outputs, 'block'),
    buffers: buffersOf(plan, outputs, blocks(plan), `per group and ${plan.block} chunks`),
  }
}

function folded(plan: FactorisedPlan, result: 'before' | 'total'): Plan {
  const outputs = { scales: 'stateScales', sums: 'stateSums' }
  return {
    passes: fold(plan, result, outputs, result),
    buffers: buffersOf(
      plan,
      outputs,
      result === 'before' ? 'chunks' : 1,
      result === 'before' ? 'per group and chunk, before it' : 'per group',
    ),
  }
}

const carriedNames = { scales: 'carriedScales', sums: 'carriedSums' }

function carried(plan: FactorisedPlan): Plan {
  const { features, groups, attention, scaling } = plan
  const columns = attention.valueDim + 1
  const state = (name: string, each: Size, layout: string): BufferPlan => ({
    name,
    role: 'state',
    element: 'f32',
    size: product('batch', groups, each),
    layout: `per group: ${layout}`,
  })
  return {
    passes: fold(plan, 'total', carriedNames, 'carried'),
    buffers: [
      ...(scaling === 'scaled' ? [state('carriedScales', features, `[${features}]`)] : []),
      state('carriedSums', features * columns, `[${features} × ${columns}], S and last z`),
    ],
  }
}

function absorbed(plan: FactorisedPlan): Plan {
  const { scaling, keyCoefficients: coefficients, decays, features, attention } = plan
  const scaled = scaling === 'scaled'
  const columns = attention.valueDim + 1
  const one = (
    name: string,
    quantity: 'raised-scales' | 'scales' | 'sums',
    buffers: readonly string[],
    extent: readonly [Size, Size, Size],
    what: string,
  ): CellPass =>
    cellPass({
      name,
      over: 'sliceKeyHead',
      extent,
      buffers,
      work: { kind: 'absorb', quantity, scaling, coefficients, decays },
      what,
      flops: product(...extent, quantity === 'sums' ? 3 : 1),
    })
  const ofScales: readonly [Size, Size, Size] = [features, 1, 'sliceCount']
  const sums = one(
    'absorb',
    'sums',
    [
      ...(scaled
        ? ['keyExponents', ...(coefficients ? ['keyCoefficients'] : []), 'carriedScales', 'raisedScales']
        : ['keyFeatures']),
      'v',
      ...fading(plan),
      'carriedSums',
      'carriedSums',
    ],
    [columns, features, 'sliceCount'],
    'S and z with the token in them',
  )
  if (!scaled) return { passes: [sums], buffers: [] }
  return {
    passes: [
      one(
        'raise_scales',
        'raised-scales',
        ['keyExponents', 'carriedScales', ...fading(plan), 'raisedScales'],
        ofScales,
        'the scales with the token among what they are the largest of',
      ),
      sums,
      one(
        'keep_scales',
        'scales',
        ['raisedScales', 'carriedScales'],
        ofScales,
        'the scales of the state with the token in it',
      ),
    ],
    buffers: [scratch('raisedScales', [features, 'sliceCount'], `per group: [${features}]`)],
  }
}
