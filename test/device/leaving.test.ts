// How a process ends whose device is at work: as it says, and never by a signal.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { printModule } from '../../compiler/codegen/module.ts'
import { softmax } from '../runtime/programs.ts'
import { moduleFolder, root } from '../setup/modules.ts'
import type { ModuleFolder } from '../setup/modules.ts'

let folder: ModuleFolder
beforeAll(() => {
  folder = moduleFolder([...printModule(softmax(64, 64))])
  writeFileSync(
    join(folder.path, 'leave.js'),
    `import { writeSync } from 'node:fs'
    import { create } from './softmax.js'
    const attention = await create({ backend: 'webgpu' })
    const length = 256
    const x = new Float32Array(64 * length)
    const call = { q: x, k: x, v: x, length }
    const { destroy } = GPUDevice.prototype
    GPUDevice.prototype.destroy = function () {
      destroy.call(this)
      writeSync(1, 'destroyed')
    }
    attention.forward(call).catch(() => {})
    await new Promise((resolve) => setTimeout(resolve, 0))
    if (process.argv[2] === 'exit') process.exit(3)
    setTimeout(() => { throw new Error('nobody catches this') })`,
  )
})
afterAll(() => folder.remove())

/** Its status or signal, and what it printed. */
async function leave(how: string): Promise<readonly [unknown, string]> {
  const child = spawn(process.execPath, [join(folder.path, 'leave.js'), how], { cwd: root })
  let printed = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (printed += text))
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null]
  return [signal ?? code, printed]
}

test.each([
  ['exit', 3],
  ['throw', 1],
])('%s with a call in flight ends with the status %i', async (how, status) => {
  for (let round = 0; round < 4; round++) {
    const right = [status, 'destroyed']
    expect(await Promise.all([leave(how), leave(how)])).toEqual([right, right])
  }
})

test('a process has no more listeners for it, whatever it opens', async () => {
  const counted = await folder.printed(`
    import { create } from './softmax.js'
    import { nodeGpu } from './attnc-runtime/node-gpu.js'
    const count = () => process.listenerCount('exit')
    const counts = []
    for (let round = 0; round < 3; round++) {
      const attention = await create({ backend: 'webgpu' })
      counts.push(count())
      attention.destroy()
    }
    const { gpu } = await nodeGpu({ flags: ['disable-dawn-features=none'] })
    await (await gpu.requestAdapter())?.requestDevice()
    console.log(JSON.stringify([...counts, count()]))`)
  const [first] = counted as number[]
  expect(counted).toEqual([first, first, first, first])
})
