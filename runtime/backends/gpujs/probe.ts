/** What gpu.js would run on here. */
import { loadLibrary } from './library.ts'
import { Session } from './session.ts'

/**
 * The name that attentions will give as their device.
 *
 * @throws AttentionError `no-gpujs`, `no-float-textures`, `no-wasm`
 */
export async function gpujsName(): Promise<string> {
  const session = new Session('probe', await loadLibrary())
  try {
    return session.machine.name
  } finally {
    session.end()
  }
}
