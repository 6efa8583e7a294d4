/**
 * Registers of a thread: the most numbers that are alive at once. A name is alive from its declaration to its last use,
 * and through a loop that uses it where it was declared before. Compilers reorder statements and compute cheap values
 * anew, so that this is an estimate.
 */
import type { Kernel, Statement, Value, ValueType } from '../kernel/kernel.ts'
import { bodiesOf, children, valuesIn } from '../kernel/walk.ts'

/** Addresses and values between two statements, beside the names of a kernel. */
const temporaries = 12

interface Life {
  readonly from: number
  to: number
  readonly size: number
}

/** The estimate for one thread, in registers of 4 bytes. */
export function registersOf({ body }: Pick<Kernel, 'body'>): number {
  const lives: Life[] = []
  let now = 0
  visit(body, new Map())
  return mostAlive(lives) + temporaries

  /** @returns the names from outside that were used */
  function visit(statements: readonly Statement[], outer: ReadonlyMap<string, Life>): ReadonlySet<Life> {
    const names = new Map(outer)
    const own = new Set<Life>()
    const used = new Set<Life>()
    const declare = (name: string, type: ValueType): void => {
      const life = { from: now, to: now, size: type === 'vec4f' ? 4 : 1 }
      lives.push(life)
      own.add(life)
      names.set(name, life)
    }
    const use = (life: Life | undefined): void => {
      if (life === undefined) return
      life.to = now
      if (!own.has(life)) used.add(life)
    }
    for (const statement of statements) {
      now++
      for (const name of namesIn(ownValues(statement))) use(names.get(name))
      if (statement.kind === 'let' || statement.kind === 'var') declare(statement.name, statement.type)
      if (statement.kind === 'for') declare(statement.index, 'u32')
      const inner = bodiesOf(statement).flatMap((statements) => [...visit(statements, names)])
      // What a loop uses is used again in its next round.
      if (statement.kind === 'for') inner.forEach(use)
      for (const life of inner) if (!own.has(life)) used.add(life)
    }
    return used
  }
}

function mostAlive(lives: readonly Life[]): number {
  const changes = lives.flatMap(({ from, to, size }) => [
    { at: from, by: size },
    { at: to + 0.5, by: -size },
  ])
  changes.sort((left, right) => left.at - right.at)
  let [alive, most] = [0, 0]
  for (const { by } of changes) {
    alive += by
    most = Math.max(most, alive)
  }
  return most
}

/** The values of a statement itself, without those of the statements within it. */
function ownValues(statement: Statement): readonly Value[] {
  if (statement.kind === 'for') return [statement.from, statement.to]
  return statement.kind === 'if' ? [statement.condition] : valuesIn(statement)
}

const namesIn = (values: readonly Value[]): string[] =>
  values.flatMap((value) => (value.kind === 'name' ? [value.name] : namesIn(children(value))))
