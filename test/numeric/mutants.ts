// Kernels that are wrong in one place, made from right ones: what the suite must not miss.
import type { Kernel, Statement, Value } from '../../compiler/kernel/kernel.ts'
import { print } from '../../compiler/kernel/print.ts'
import type { Built } from '../../compiler/pipeline.ts'

type Node = Statement | Value

/** What stands where a node stood; undefined where the mistake cannot be made at this node. */
export type Mistake = (node: Node) => Node | undefined

const nothing: Statement = { kind: 'comment', text: 'lost' }

const lost =
  (kind: Statement['kind']): Mistake =>
  (node) =>
    node.kind === kind ? nothing : undefined

const operator =
  (from: string, to: Extract<Value, { kind: 'binary' }>['operator']): Mistake =>
  (node) =>
    node.kind === 'binary' && node.operator === from ? { ...node, operator: to } : undefined

/** Whether a value is a largest of some, of which those of fours are told one by one. */
const isLargest = (value: Value): boolean =>
  value.kind === 'call' ? value.intrinsic === 'max' : value.kind === 'vec4' && value.lanes.every(isLargest)

/** What holds a scale: what is scaled is the same by any other that keeps it in range. */
const isScale = (node: Node): boolean =>
  (node.kind === 'assign' && (isLargest(node.value) || /scale/i.test(node.target.name))) ||
  (node.kind === 'sharedStore' && isLargest(node.value))

const lostBut =
  (kind: Statement['kind']): Mistake =>
  (node) =>
    isScale(node) ? undefined : lost(kind)(node)

/** Of four whole numbers that are at most others. */
const isChoice = (node: Node): node is Extract<Value, { kind: 'call' }> =>
  node.kind === 'call' && node.intrinsic === 'atMost'

const half: Value = { kind: 'splat', value: { kind: 'number', type: 'f32', value: 0.5 } }
const less = { kind: 'binary', operator: '-', right: half } as const

export const mistakes = {
  'a barrier is lost': lost('barrier'),
  'a store is lost': lost('store'),
  'a store to workgroup memory is lost': lostBut('sharedStore'),
  'an assignment is lost': lostBut('assign'),
  'a scale is lost': (node) => (isScale(node) ? nothing : undefined),
  'what is stored is 0': (node) =>
    node.kind === 'store' ? { ...node, value: { kind: 'number', type: 'f32', value: 0 } } : undefined,
  '≤ is <': (node) =>
    isChoice(node)
      ? { ...node, args: node.args.with(1, { ...less, left: node.args[1] ?? half }) }
      : operator('<=', '<')(node),
  '< is ≤': operator('<', '<='),
  '− is +': operator('-', '+'),
  'a choice is the other': (node) => {
    if (isChoice(node)) return { ...node, args: [0, 1, 3, 2].map((which) => node.args[which] ?? half) }
    return node.kind === 'select' ? { ...node, yes: node.no, no: node.yes } : undefined
  },
  'a loop starts one late': (node) =>
    node.kind === 'for'
      ? { ...node, from: { kind: 'binary', operator: '+', left: node.from, right: one } }
      : undefined,
  'lengths are not looked at': (node) =>
    node.kind === 'load' && node.buffer === 'lengths'
      ? { kind: 'number', type: 'u32', value: 1e9 }
      : undefined,
  'query heads share a query': (node) =>
    node.kind === 'let' && node.name === 'headInGroup'
      ? { ...node, value: { kind: 'number', type: 'u32', value: 0 } }
      : undefined,
} as const satisfies Record<string, Mistake>

const one: Value = { kind: 'number', type: 'u32', value: 1 }

export interface Mutant {
  readonly built: Built
  /** The kernel and its first line that differs, as it was and as it is. */
  readonly where: () => string
}

/** A program for every place of every kernel where the mistake can be made. */
export function* mutants(built: Built, mistake: Mistake): Generator<Mutant> {
  for (const [index, kernel] of built.kernels.entries())
    for (const body of changed(kernel.body, mistake)) {
      const wrong: Kernel = { ...kernel, body }
      yield {
        built: { ...built, kernels: built.kernels.with(index, wrong) },
        where: () => difference(kernel, wrong),
      }
    }
}

function difference(right: Kernel, wrong: Kernel): string {
  const [before, after] = [print(right).split('\n'), print(wrong).split('\n')]
  const at = before.findIndex((line, index) => line !== after[index])
  return `${right.name}, line ${at + 1}: ${before[at]?.trim()} → ${after[at]?.trim()}`
}

/** Copies of a tree, each with one node replaced. */
function* changed<T>(tree: T, mistake: Mistake): Generator<T> {
  if (Array.isArray(tree)) {
    for (const [index, part] of tree.entries())
      for (const other of changed(part as unknown, mistake)) yield tree.with(index, other) as T
  } else if (typeof tree === 'object' && tree !== null) {
    if ('kind' in tree) {
      const other = mistake(tree as unknown as Node)
      if (other !== undefined) yield other as T
    }
    for (const [key, part] of Object.entries(tree))
      for (const other of changed(part as unknown, mistake)) yield { ...tree, [key]: other }
  }
}
