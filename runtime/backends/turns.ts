/** Which backends can be used here, in the order in which they are tried. */
import type { BackendName } from '../contract/backends.ts'
import { backendNames } from '../contract/backends.ts'
import type { Found } from './backend.ts'
import { backends } from './index.ts'

/** A backend that was looked at: what it runs on, or the error that says why it cannot be used. */
export type Looked = Usable | PassedOver

/** A backend and what it runs on. */
export interface Usable {
  readonly name: BackendName
  /** The receiver's to destroy. */
  readonly found: Found
}

interface PassedOver {
  readonly name: BackendName
  readonly reason: unknown
  /** What would have it run, where that is known. */
  readonly advice: string | undefined
}

export const isUsable = (one: Looked): one is Usable => 'found' in one

/** Looks at each backend when it is its turn. */
export async function* inTurn(): AsyncGenerator<Looked, void, undefined> {
  for (const name of backendNames) {
    const { find, advice } = await backends[name]()
    yield await find().then(
      (found) => ({ name, found }),
      async (reason: unknown) => ({ name, reason, advice: await advice?.(reason) }),
    )
  }
}

/**
 * The first of them that can be used and `runs` what is to run; those before it are freed.
 *
 * @throws what the first of them that is missing says, where there is none
 */
export async function firstOf(
  looked: AsyncIterable<Looked> = inTurn(),
  runs: (name: BackendName) => boolean = () => true,
): Promise<Usable> {
  let missing: unknown
  for await (const one of looked) {
    if (!isUsable(one)) missing ??= one.reason
    else if (runs(one.name)) return one
    else one.found.destroy()
  }
  throw missing
}
