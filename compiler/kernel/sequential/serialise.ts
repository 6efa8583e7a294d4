/**
 * A kernel of many threads as one of a single thread, for processors, by the law that gives a kernel its meaning
 * (`interpret.ts`): between two barriers the threads of a workgroup run one after another.
 *
 * What holds a barrier has uniform control and stays as it is; each stretch without one becomes a loop over the
 * threads. A name that one stretch declares and another uses is computed anew there if that takes a few integers, and
 * is kept in scratch otherwise, an entry for each thread: read into the name when a thread's turn begins, stored when
 * it ends. Control outside of the loops asks for what thread 0 has, since all threads agree on it.
 */

import { invariant } from '../../diagnostics/invariant.ts'
import { convert, for_, name, ref, sharedLoad, sharedStore, u32 } from '../build.ts'
import { inNumbers } from '../in-fours.ts'
import type { Kernel, SharedArray, Statement, Value, ValueType } from '../kernel.ts'
import { bodiesOf, children, declaredNames, hasBarrier, mapChildren, mapValues, valuesIn } from '../walk.ts'

type Declaration = Extract<Statement, { kind: 'let' | 'var' }>

/** What a name declared outside of a stretch is to it. */
type Meaning =
  | { readonly kind: 'same' }
  | { readonly kind: 'rebuilt'; readonly declaration: Declaration }
  | { readonly kind: 'kept'; readonly declaration: Declaration; readonly array: SharedArray }

/** In the order of their declarations. */
type Scope = ReadonlyMap<string, Meaning>

/** The kernel with workgroups of one thread; each leaves the same bits as before. */
export function serialise(kernel: Kernel): Kernel {
  if (kernel.workgroupSize === 1) return kernel
  const plain = inNumbers(kernel)
  const serialiser = new Serialiser(plain)
  const body = serialiser.block(plain.body, new Map())
  return { ...plain, workgroupSize: 1, shared: [...kernel.shared, ...serialiser.kept], body }
}

class Serialiser {
  /** One array for each name that is kept. */
  readonly kept: SharedArray[] = []
  readonly #threads: number
  readonly #written: ReadonlySet<string>
  readonly #taken: Set<string>
  readonly #thread: Value

  constructor({ workgroupSize, bindings, shared, body }: Kernel) {
    this.#threads = workgroupSize
    this.#written = new Set(bindings.filter(({ access }) => access !== 'read').map((binding) => binding.name))
    this.#taken = new Set([...[...bindings, ...shared].map((memory) => memory.name), ...declaredNames(body)])
    this.#thread = name(this.#fresh('thread'), 'u32')
  }

  /** Statements that the workgroup runs together. */
  block(statements: readonly Statement[], outer: Scope): readonly Statement[] {
    const scope = new Map(outer)
    const pieces = piecesOf(statements).map((piece) => ({ piece, used: namesIn(piece) }))
    return pieces.flatMap(({ piece, used }, index) => {
      const [first] = piece
      if (first !== undefined && hasBarrier(first)) return this.#together(first, scope)
      const before = this.#prelude(used, scope)
      const isUsedLater = (name: string): boolean =>
        pieces.slice(index + 1).some(({ used }) => used.has(name))
      return this.#stretch(piece, scope, before, isUsedLater)
    })
  }

  #together(statement: Statement, scope: Map<string, Meaning>): readonly Statement[] {
    switch (statement.kind) {
      case 'for': {
        const [from, to] = [this.#ofFirst(statement.from, scope), this.#ofFirst(statement.to, scope)]
        const inner = new Map(scope).set(statement.index, { kind: 'same' })
        return [{ ...statement, from, to, body: this.block(statement.body, inner) }]
      }
      case 'if': {
        const { condition, then, otherwise = [] } = statement
        return [
          {
            kind: 'if',
            condition: this.#ofFirst(condition, scope),
            then: this.block(then, scope),
            ...(otherwise.length === 0 ? {} : { otherwise: this.block(otherwise, scope) }),
          },
        ]
      }
      default:
        return []
    }
  }

  /** @param before declares the names from outside that the stretch uses */
  #stretch(
    statements: readonly Statement[],
    scope: Map<string, Meaning>,
    before: readonly Statement[],
    isUsedLater: (name: string) => boolean,
  ): readonly Statement[] {
    const remarks = statements.findIndex(({ kind }) => kind !== 'comment')
    if (remarks === -1) return statements
    const assigned = assignedIn(statements)
    const stored = [...scope].filter(([name, { kind }]) => kind === 'kept' && assigned.has(name))
    for (const statement of statements) {
      if (statement.kind !== 'let' && statement.kind !== 'var') continue
      const meaning = this.#meaning(statement, scope, isUsedLater(statement.name))
      if (meaning === undefined) continue
      scope.set(statement.name, meaning)
      if (meaning.kind === 'kept') stored.push([statement.name, meaning])
    }
    const after = stored.flatMap(([, meaning]) => (meaning.kind === 'kept' ? [this.#store(meaning)] : []))
    const turn = [...before, ...statements.slice(remarks), ...after].map((statement) =>
      this.#numbered(statement),
    )
    invariant(this.#thread.kind === 'name', 'threads are numbered')
    return [...statements.slice(0, remarks), for_(this.#thread.name, 0, this.#threads, 1, () => turn)]
  }

  #meaning(declaration: Declaration, scope: Scope, usedLater: boolean): Meaning | undefined {
    if (declaration.kind === 'let' && isInteger(declaration.type) && this.#isCheap(declaration.value, scope))
      return { kind: 'rebuilt', declaration }
    if (!usedLater) return undefined
    const { type, name } = declaration
    const array: SharedArray = {
      name: this.#fresh(`${name}_of_threads`),
      element: type === 'vec4f' || type === 'f32' ? type : 'u32',
      length: this.#threads,
    }
    this.kept.push(array)
    return { kind: 'kept', declaration, array }
  }

  /** Whether the value can be had again in another stretch. */
  #isCheap(value: Value, scope: Scope): boolean {
    if (value.kind === 'sharedLoad' || (value.kind === 'load' && this.#written.has(value.buffer)))
      return false
    if (value.kind === 'name') {
      const meaning = scope.get(value.name)
      return meaning !== undefined && meaning.kind !== 'kept'
    }
    return children(value).every((child) => this.#isCheap(child, scope))
  }

  /** Declarations of the names that a stretch uses, and of those that they are made of. */
  #prelude(used: ReadonlySet<string>, scope: Scope): readonly Statement[] {
    const wanted = new Set(used)
    for (const [name, meaning] of [...scope].reverse())
      if (meaning.kind === 'rebuilt' && wanted.has(name)) addNames(meaning.declaration.value, wanted)
    return [...scope].flatMap(([name, meaning]): readonly Statement[] => {
      if (!wanted.has(name) || meaning.kind === 'same') return []
      if (meaning.kind === 'rebuilt') return [meaning.declaration]
      return [{ ...meaning.declaration, value: keptBy(meaning, this.#thread) }]
    })
  }

  #store({ declaration, array }: Extract<Meaning, { kind: 'kept' }>): Statement {
    const value = ref(declaration)
    return sharedStore(array, this.#thread, array.element === 'u32' ? convert('u32', value) : value)
  }

  /** The value as thread 0 has it, outside of the loops over threads. */
  #ofFirst(value: Value, scope: Scope): Value {
    if (value.kind === 'thread') return u32(0)
    const meaning = value.kind === 'name' ? scope.get(value.name) : undefined
    if (meaning?.kind === 'rebuilt') return this.#ofFirst(meaning.declaration.value, scope)
    if (meaning?.kind === 'kept') return keptBy(meaning, u32(0))
    return mapChildren(value, (child) => this.#ofFirst(child, scope))
  }

  #numbered(statement: Statement): Statement {
    return mapValues(statement, (value) => withThread(value, this.#thread))
  }

  #fresh(wanted: string): string {
    let name = wanted
    for (let version = 2; this.#taken.has(name); version++) name = `${wanted}_${version}`
    this.#taken.add(name)
    return name
  }
}

/** Statements with barriers alone, the others in stretches as long as may be. */
function piecesOf(statements: readonly Statement[]): readonly (readonly Statement[])[] {
  const pieces: Statement[][] = []
  for (const statement of statements) {
    const last = pieces.at(-1)
    const [first] = last ?? []
    if (last === undefined || first === undefined || hasBarrier(first) || hasBarrier(statement))
      pieces.push([statement])
    else last.push(statement)
  }
  return pieces
}

/** Names that the statements use, those that they declare for themselves included. */
function namesIn(statements: readonly Statement[]): ReadonlySet<string> {
  const names = new Set<string>()
  for (const statement of statements) for (const value of valuesIn(statement)) addNames(value, names)
  return names
}

function addNames(value: Value, names: Set<string>): void {
  if (value.kind === 'name') names.add(value.name)
  for (const child of children(value)) addNames(child, names)
}

const assignedIn = (statements: readonly Statement[]): ReadonlySet<string> =>
  new Set(
    statements.flatMap((statement) => [
      ...(statement.kind === 'assign' ? [statement.target.name] : []),
      ...bodiesOf(statement).flatMap((body) => [...assignedIn(body)]),
    ]),
  )

const isInteger = (type: ValueType): boolean => type === 'u32' || type === 'i32' || type === 'bool'

const keptBy = ({ declaration, array }: Extract<Meaning, { kind: 'kept' }>, thread: Value): Value => {
  const entry = sharedLoad(array, thread)
  return array.element === 'u32' && declaration.type !== 'vec4f' ? convert(declaration.type, entry) : entry
}

const withThread = (value: Value, thread: Value): Value =>
  value.kind === 'thread' ? thread : mapChildren(value, (child) => withThread(child, thread))
