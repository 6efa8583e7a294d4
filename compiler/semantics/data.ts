/** Declared tensors where expressions see them: as rows of their own, or by the row of a pair. */
import type { TensorPlan } from '../../runtime/contract/tensors.ts'
import { variable } from '../symbolic/build.ts'
import type { Expression, Type, Variable } from '../symbolic/expression.ts'
import type { AttentionDeclaration } from '../syntax/ast.ts'
import { typeOf } from './model.ts'

/** An input where a pair is at hand, with the rows that it may be of: `i`, `j` or both. */
export interface Paired {
  readonly rows: readonly string[]
  readonly type: Type
  readonly given: Variable['given']
}

/** The tensors of an attention, as far as they are read. */
export interface Data {
  readonly inputs?: readonly TensorPlan[]
  readonly weights?: readonly TensorPlan[]
}

const givenOf = ({ element }: TensorPlan): NonNullable<Variable['given']> =>
  element === 'integer' ? 'integers' : 'numbers'

const named = (tensor: TensorPlan): [string, Expression] => [
  tensor.name,
  variable(tensor.name, typeOf(tensor), givenOf(tensor)),
]

/** Inputs and weights by their bare names. */
export const rowNames = ({ inputs = [], weights = [] }: Data): [string, Expression][] =>
  [...inputs, ...weights].map(named)

/** Weights alone. */
export const weightNames = ({ weights = [] }: Data): [string, Expression][] => weights.map(named)

/** The names of inputs, whose rows have one before them. */
export const inputNames = ({ inputs = [] }: Data): readonly string[] => inputs.map(({ name }) => name)

/** Inputs where a pair is at hand; where keys and queries are the same rows, of either. */
export const pairedInputs = ({ inputs = [] }: Data, sameRows: boolean): ReadonlyMap<string, Paired> =>
  new Map(
    inputs.map((tensor) => [
      tensor.name,
      {
        rows: sameRows ? ['i', 'j'] : [tensor.rows === 'length' ? 'i' : 'j'],
        type: typeOf(tensor),
        given: givenOf(tensor),
      },
    ]),
  )

/**
 * Whether rows of keys and of queries are the same and none sees those after it, as causal self-attention has it; told
 * from the words of the file: `causal`, `i >= j` or `j <= i`, alone or beside other conditions.
 */
export function isCausal({ settings }: AttentionDeclaration): boolean {
  const [first, ...others] = settings.find(({ key }) => key.text === 'mask')?.value.items ?? []
  return first !== undefined && others.length === 0 && operands(first).some(isOfEarlier)
}

type Tree = AttentionDeclaration['settings'][number]['value']['items'][number]

function isOfEarlier(tree: Tree): boolean {
  if (tree.kind === 'reference') return tree.name === 'causal'
  if (tree.kind !== 'binary') return false
  const [later, earlier] = tree.operator === '>=' ? [tree.left, tree.right] : [tree.right, tree.left]
  return (tree.operator === '>=' || tree.operator === '<=') && isNamed(later, 'i') && isNamed(earlier, 'j')
}

const isNamed = (tree: Tree, name: string): boolean => tree.kind === 'reference' && tree.name === name

const operands = (tree: Tree): readonly Tree[] =>
  tree.kind === 'binary' && tree.operator === '&&'
    ? [...operands(tree.left), ...operands(tree.right)]
    : [tree]
