/** Which backends run what is given to a command, where none is asked for. */
import { firstOf, inTurn, isUsable, type Looked } from '../../runtime/backends/turns.ts'
import type { Backend } from '../../runtime/index.ts'
import type { Target } from '../index.ts'
import { isTarget } from '../targets/index.ts'
import type { Io } from './io.ts'

/**
 * The first backend that can be used here, and that `runs` what is to run; a GPU that is left unused for want of a
 * package is told of on standard error.
 */
export async function chosenBackend(io: Io, runs: (backend: Backend) => boolean): Promise<Backend> {
  const { name, found } = await firstOf(noting(io, inTurn()), runs)
  found.destroy()
  return name
}

/** All targets whose backends can be used here, in order. */
export async function usableTargets(io: Io): Promise<readonly Target[]> {
  const usable: Target[] = []
  for await (const one of noting(io, inTurn())) {
    if (!isUsable(one)) continue
    one.found.destroy()
    if (isTarget(one.name)) usable.push(one.name)
  }
  return usable
}

async function* noting(io: Io, looked: AsyncIterable<Looked>): AsyncGenerator<Looked, void, undefined> {
  for await (const one of looked) {
    if (!isUsable(one) && one.advice !== undefined) io.err.write(`note: ${one.advice}\n`)
    yield one
  }
}
