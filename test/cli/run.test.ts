// `attnc run` and `attnc doctor` on the GPU that this machine has, or what plays one, and without any.
import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { execPath } from 'node:process'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { randomInputs } from '../../compiler/cli/run/inputs.ts'
import { expectedRows } from '../../compiler/cli/run/reference.ts'
import { rowsToCheck, selectRows } from '../../compiler/cli/run/rows.ts'
import { readNpy, writeNpy } from '../../compiler/cli/tensors/npy.ts'
import { writeNpz } from '../../compiler/cli/tensors/npz.ts'
import { readSafetensors } from '../../compiler/cli/tensors/safetensors.ts'
import type { Tensor } from '../../compiler/cli/tensors/tensor.ts'
import { check } from '../../compiler/index.ts'
import { recordDevice } from '../setup/devices.ts'
import { Console, good, pending } from './console.ts'

const tensor = (shape: readonly number[], value: (index: number) => number): Tensor => ({
  shape,
  data: Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, index) => value(index)),
})
const arrays = new Map([
  ['q', tensor([2, 21, 8], (index) => Math.sin(index))],
  ['k', tensor([1, 21, 8], (index) => Math.cos(index / 3))],
  ['v', tensor([1, 21, 8], (index) => (index % 7) - 3)],
])

let at: Console
beforeAll(() => {
  at = new Console({ 'good.attn': good, 'pending.attn': pending, 'both.attn': `${good}\n${pending}` })
  at.write('tensors.npz', writeNpz(arrays))
})
afterAll(() => at.remove())

const readText = (name: string): string => readFileSync(join(at.directory, name), 'utf8')

interface RunDocument {
  readonly attentions: {
    name: string
    backend: string
    device: string
    shape: Record<string, number>
    error: { relativeRms: number; maximum: number; rowsChecked: number }
    passed: boolean
    estimate?: { toExact: number; uniformToExact: number }
    notes?: string[]
  }[]
  readonly notRun: { name: string; reason: string }[]
}

interface DoctorDocument {
  readonly adapters: { features: string[]; limits: Record<string, number> }[]
  readonly backends: { name: string; usable: boolean; reason: string }[]
}

/** The GPU of this machine, or what plays one. */
const onGpu = ['--backend', 'webgpu']

describe('attnc run', () => {
  test('runs every attention on a device and holds it against the reference', async () => {
    const { status, out } = await at.run([
      'run',
      'both.attn',
      ...onGpu,
      '--length',
      '37',
      '--heads',
      '2',
      '--repeat',
      '1',
      '--json',
    ])
    const { attentions, notRun } = JSON.parse(out) as RunDocument
    expect(status).toBe(0)
    expect(attentions.map(({ name }) => name)).toEqual(['small', 'exact'])
    for (const { backend, device, error, passed, shape } of attentions) {
      recordDevice(device)
      expect([backend, passed, error.rowsChecked]).toEqual(['webgpu', true, 37])
      expect(error.relativeRms).toBeGreaterThan(0)
      expect(error.relativeRms).toBeLessThan(2e-5)
      expect(shape).toMatchObject({ batch: 1, heads: 2, length: 37, keyLength: 37, dim: 8 })
    }
    const [small, exact] = attentions
    expect(small?.estimate?.toExact).toBeLessThan(0.2)
    expect(small?.estimate?.uniformToExact).toBeGreaterThan(0)
    expect(exact).not.toHaveProperty('estimate')
    expect(notRun.map(({ name }) => name)).toEqual(['fading'])
  })

  test('prints a table that names backend, tensors and verdict', async () => {
    const { status, out } = await at.run([
      'run',
      'both.attn',
      '--backend',
      'wasm',
      '--length',
      '9',
      '--repeat',
      '1',
    ])
    expect(status).toBe(0)
    expect(out).toMatch(/^backend {2}wasm on WebAssembly, /)
    expect(out).toContain('random, seed 0: standard deviation 0.25 in q and k')
    expect(out).toMatch(/^ {2}small .*passes: as near as f32 rounding allows$/m)
    expect(out).toMatch(/^ {2}small .*attending to every key alike/m)
    expect(out).toMatch(/^ {2}fading {2}.*not yet compiled$/m)
    expect(out).not.toContain('\u001b')
  })

  test('--sweep runs it at each count, as a table, a document, a CSV and a drawing', async () => {
    at.write(
      'sweep.attn',
      'attention a { dim: 4 kernel: exp(dot(q, k)) feature: favor projections: 4 orthogonal seed 1 }\nattention b { dim: 4 feature: elu1 }',
    )
    const call = ['run', 'sweep.attn', '--backend', 'wasm', '--length', '40', '--repeat', '1', '--sweep']
    const files = ['--csv', 'sweep.csv', '--svg', 'sweep.svg']
    const { status, out } = await at.run([...call, 'm=256,4,16', ...files])
    expect(status).toBe(0)
    expect(out).toMatch(/^wasm on WebAssembly.*, 4 heads of length 40$/m)
    expect(out.match(/^ {2}a +\d+ /gm)?.map((line) => Number(line.slice(4)))).toEqual([4, 16, 256])
    const [head, ...rows] = readText('sweep.csv').trim().split('\n')
    expect(head).toBe('attention,projections,to_exact,uniform_to_exact,milliseconds,error')
    const errors = rows.map((row) => Number(row.split(',')[2]))
    expect(errors).toEqual(errors.toSorted((one, other) => other - one))
    // One line for the estimate and one for what it is held against, of three points each.
    const lines = [...readText('sweep.svg').matchAll(/<polyline[^>]* points="([^"]*)"/g)]
    expect(lines.map(([, points = '']) => points.split(' ').length)).toEqual([3, 3])
    expect(readText('sweep.svg')).not.toMatch(/NaN|Infinity/)
    const json = await at.run([...call, 'projections=4', '--json'])
    expect(JSON.parse(json.out)).toMatchObject({ sweep: 'projections', points: [{ name: 'a', value: 4 }] })
  })

  test.each([
    [['--sweep', '4,8'], 'Expected a setting that counts'],
    [['--sweep', 'm=0'], 'Expected whole numbers from 1'],
    [['--sweep', 'landmarks=4'], 'has a number of landmarks'],
    [['--sweep', 'm=4', '--output', 'a.npy'], '--output saves one result'],
    [['--csv', 'a.csv'], '--csv is for --sweep'],
  ])('%j is a mistake of usage', async (words, said) => {
    const { status, err } = await at.run(['run', 'good.attn', '--length', '8', ...words])
    expect([status, err]).toEqual([2, expect.stringContaining(said)])
  })

  test('makes what the file declares, however heads lie, and so does bench', async () => {
    at.write(
      'declared.attn',
      'attention gated { dim: 4 inputs: g vector(dim) feature: x mask: causal decay: sigmoid(g) normalize: none }\n' +
        'attention biased { dim: 4 inputs: n shared integer weights: b shared vector(4) kernel: exp(dot(q, k) + b[n[j]]) }',
    )
    const call = ['declared.attn', '--heads', '2', '--backend', 'wasm', '--json']
    for (const more of [[], ['--layout', 'blhd'], ['--storage', 'f16']]) {
      const { status, out, err } = await at.run(['run', ...call, '--length', '9', '--repeat', '1', ...more])
      expect([status, err]).toEqual([0, ''])
      const { attentions } = JSON.parse(out) as { attentions: { passed: boolean }[] }
      expect(attentions.map(({ passed }) => passed)).toEqual([true, true])
    }
    const { status, err } = await at.run(['bench', ...call, '--lengths', '9', '--only', 'biased'])
    expect([status, err]).toEqual([0, ''])
  })

  test('a state that grows beyond all numbers is said to', async () => {
    at.write(
      'grows.attn',
      'attention a { dim: 2 feature: x mask: causal update: 4 * S + outer(k, v) normalize: none }',
    )
    const { status, out } = await at.run([
      'run',
      'grows.attn',
      '--backend',
      'wasm',
      '--length',
      '800',
      '--repeat',
      '1',
    ])
    expect(status).toBe(1)
    expect(out).toMatch(/^ {2}a .* fails: not all of it is finite; .*--input/m)
  })

  test('stores tensors as f16 where it is asked to, and holds the result to what that allows', async () => {
    const half = ['run', 'good.attn', '--only', 'small', '--storage', 'f16', '--length', '9', '--repeat', '1']
    for (const backend of ['wasm', 'reference']) {
      const { status, out } = await at.run([...half, '--backend', backend, '--json'])
      const [{ passed, storage, error }] = (JSON.parse(out) as { attentions: [Record<string, unknown>] })
        .attentions as [{ passed: boolean; storage: string; error: { relativeRms: number } }]
      expect([status, passed, storage]).toEqual([0, true, 'f16'])
      // That of a result rounded to 11 bits, and nothing more.
      expect(error.relativeRms).toBeGreaterThan(5e-5)
      expect(error.relativeRms).toBeLessThan(3e-4)
    }
    const { out } = await at.run([...half, '--backend', 'wasm'])
    expect(out).toMatch(/^storage {2}f16, inputs rounded to it$/m)
    const large = await at.run([...half, '--backend', 'wasm', '--std', '1e6'])
    expect(large.status).toBe(2)
    expect(large.err).toMatch(/^error: --storage f16: q has an entry of -?\d.*; f16 holds at most 65504$/m)
  })

  test('reads a file, saves the result with as many axes, and agrees with the reference backend', async () => {
    const common = ['run', 'good.attn', '--only', 'small', '--input', 'tensors.npz']
    const onDevice = await at.run([...common, ...onGpu, '--output', 'device.npy', '--repeat', '1'])
    const inReference = await at.run([
      ...common,
      '--output',
      'reference.safetensors',
      '--backend',
      'reference',
      '--repeat',
      '1',
    ])
    expect([onDevice.status, inReference.status]).toEqual([0, 0])
    expect(onDevice.out).toContain('heads 2 · key/value heads 1 · length 21')
    const device = readNpy(readFileSync(join(at.directory, 'device.npy')))
    const reference = readSafetensors(readFileSync(join(at.directory, 'reference.safetensors'))).get('out')
    expect(device.shape).toEqual([2, 21, 8])
    expect(reference?.shape).toEqual([2, 21, 8])
    const largest = Math.max(
      ...device.data.map((value, index) => Math.abs(value - (reference?.data[index] ?? NaN))),
    )
    expect(largest).toBeLessThan(1e-4)
  })

  test('reads heads inside rows with --layout blhd, and notes more heads than rows', async () => {
    const inside = [...arrays].map(([name, { shape, data }]) => {
      const [heads = 1, rows = 1, width = 1] = shape
      const entry = (place: number): number => {
        const [head, row] = [Math.floor(place / width) % heads, Math.floor(place / width / heads)]
        return data[(head * rows + row) * width + (place % width)] ?? Number.NaN
      }
      return [name, tensor([rows, heads, width], entry)] as const
    })
    at.write('inside.npz', writeNpz(new Map(inside)))
    const common = ['run', 'good.attn', '--only', 'small', '--repeat', '1', '--backend', 'wasm']
    const layout = ['--layout', 'blhd']
    const turned = await at.run([...common, '--input', 'inside.npz', ...layout, '--output', 'inside.npy'])
    const other = await at.run([...common, '--input', 'tensors.npz', '--output', 'apart.npy'])
    expect([turned.status, other.status]).toEqual([0, 0])
    expect(turned.out).toMatch(/^layout {3}blhd, heads inside rows$/m)
    expect(turned.out).toContain('heads 2 · key/value heads 1 · length 21')
    const [found, wanted] = ['inside.npy', 'apart.npy'].map((file) =>
      readNpy(readFileSync(join(at.directory, file))),
    )
    expect(found?.shape).toEqual([21, 2, 8])
    for (let row = 0; row < 21; row++)
      for (let head = 0; head < 2; head++)
        expect(found?.data.subarray((row * 2 + head) * 8, (row * 2 + head + 1) * 8)).toEqual(
          wanted?.data.subarray((head * 21 + row) * 8, (head * 21 + row + 1) * 8),
        )
    const many = await at.run([...common, '--heads', '4', '--length', '3'])
    expect(many.out).toMatch(/^note +4 heads of 3 rows, by --heads and --length: more heads than rows$/m)
    const wrong = await at.run([...common, '--input', 'tensors.npz', ...layout])
    expect(wrong.out).toMatch(
      /^note +q is read as 21 heads of 2 rows; if it has 2 heads, give --layout bhld$/m,
    )
  })

  test('makes up weights where tensors are random, says so, and compares with the same convolution', async () => {
    at.write(
      'learned.attn',
      'attention learned { dim: 4 kernel: exp(dot(q, k)) landmarks: 3 learned conv: 5 }',
    )
    const { status, out } = await at.run([
      'run',
      'learned.attn',
      '--backend',
      'reference',
      '--length',
      '9',
      '--heads',
      '2',
      '--json',
    ])
    expect(status).toBe(0)
    const [learned] = (JSON.parse(out) as RunDocument).attentions
    expect(learned?.notes?.join()).toContain('landmarks and conv')
    expect(learned?.estimate?.toExact).toBeLessThan(0.2)
    expect(learned?.estimate?.uniformToExact).toBeLessThan(0.2)
  })

  test('the reference backend runs also what has no kernels yet', async () => {
    const { status, out } = await at.run([
      'run',
      'both.attn',
      '--backend',
      'reference',
      '--length',
      '9',
      '--json',
    ])
    const { attentions, notRun } = JSON.parse(out) as RunDocument
    expect(status).toBe(0)
    expect(attentions.map(({ name }) => name)).toEqual(['small', 'exact', 'fading'])
    expect(notRun).toEqual([])
  })

  test('the same seed gives the same tensors, another seed others', async () => {
    const result = async (seed: string): Promise<readonly number[]> => {
      const backend = ['--backend', 'reference', '--repeat', '1', '--length', '5']
      await at.run([
        'run',
        'good.attn',
        '--only',
        'exact',
        '--seed',
        seed,
        ...backend,
        '--output',
        'seeded.npy',
      ])
      return [...readNpy(readFileSync(join(at.directory, 'seeded.npy'))).data]
    }
    const first = await result('3')
    expect(await result('3')).toEqual(first)
    expect(await result('4')).not.toEqual(first)
  })

  test.each([
    ['an array that is missing', new Map([...arrays].filter(([name]) => name !== 'k')), 'no array named k'],
    [
      'unequal widths',
      new Map([...arrays, ['k', tensor([1, 21, 6], () => 0)]]),
      'rows of q have 8 entries and rows of k 6',
    ],
    [
      'a width that is not declared',
      new Map([...arrays].map(([name]) => [name, tensor([1, 4, 6], () => 1)])),
      'is declared with dim 8',
    ],
    [
      'heads that do not divide',
      new Map([
        ...arrays,
        ['q', tensor([3, 21, 8], () => 0)],
        ['k', tensor([2, 21, 8], () => 0)],
        ['v', tensor([2, 21, 8], () => 0)],
      ]),
      'expected a multiple',
    ],
    [
      'a row of v too few',
      new Map([...arrays, ['v', tensor([1, 20, 8], () => 0)]]),
      'one row of v for each row of k',
    ],
    ['one axis', new Map([...arrays, ['q', tensor([168], () => 0)]]), 'expected [length, width]'],
    ['no rows', new Map([...arrays, ['q', tensor([0, 8], () => 0)]]), 'none of them 0'],
    [
      'what is not a number',
      new Map([...arrays, ['v', tensor([1, 21, 8], () => NaN)]]),
      'infinite or not a number',
    ],
    ['lengths out of range', new Map([...arrays, ['lengths', tensor([1], () => 22)]]), 'each from 0 to 21'],
    [
      'lengths of queries out of range',
      new Map([...arrays, ['queryLengths', tensor([1], () => 22)]]),
      'queryLengths must be one whole number per batch item (1), each from 0 to 21',
    ],
    [
      'a projection of the wrong size',
      new Map([...arrays, ['projection', tensor([3, 8], () => 1)]]),
      'projection',
    ],
  ])('refuses %s', async (_what, content, words) => {
    at.write('wrong.npz', writeNpz(content))
    const { status, out, err } = await at.run(['run', 'good.attn', '--only', 'small', '--input', 'wrong.npz'])
    expect(err).toContain(words)
    expect([status, out]).toEqual([2, ''])
  })

  test('refuses random tensors that no memory holds', async () => {
    const { status, out, err } = await at.run(['run', 'good.attn', '--length', '99999999999'])
    expect(err).toContain('q of the shape [1, 4, 99999999999, 8] would have')
    expect([status, out]).toEqual([2, ''])
  })

  test('a directory of .npy files, and what it lacks', async () => {
    const other = new Console({ 'good.attn': good, 'q.npy': writeNpy(tensor([4, 8], () => 1)) })
    const { status, err } = await other.run(['run', 'good.attn', '--input', '.'])
    other.remove()
    expect(status).toBe(2)
    expect(err).toContain('no array named k')
    expect(err).toContain('it holds q')
  })
})

describe('rows that are checked', () => {
  test('all of a short input, some of a long one, the first and the last among them', () => {
    const shape = { batch: 1, heads: 1, length: 50, keyLength: 50 }
    expect(rowsToCheck(shape, 0)).toEqual(Array.from({ length: 50 }, (_, row) => row))
    const some = rowsToCheck({ batch: 2, heads: 8, length: 4096, keyLength: 4096 }, 0)
    expect(some.length).toBeLessThan(4096)
    expect([some[0], some.at(-1)]).toEqual([0, 4095])
    expect(some).toEqual([...new Set(some)].sort((left, right) => left - right))
  })

  test('the reference at some rows is those rows of the whole reference', () => {
    const inputs = randomInputs(
      { batch: 2, heads: 2, kvHeads: 1, length: 13, keyLength: 9, seed: 1, deviation: 0.5 },
      8,
      8,
    )
    const all = Array.from({ length: 13 }, (_, row) => row)
    const rows = [0, 3, 4, 12]
    for (const model of check(`${good}\n${pending}`).checked.attentions) {
      const whole = expectedRows(model, inputs, all)
      expect(expectedRows(model, inputs, rows)).toEqual(selectRows(whole, rows, 13, 8))
    }
  })
})

describe('where ATTNC_DEVICE names no device', () => {
  const mistaken = [
    ['swiftshadow', /^note: .*ATTNC_DEVICE is "swiftshadow"; it is to be .*\n$/],
    ['/no/such.json', /^note: .*manifest \/no\/such\.json.*\n$/],
  ] as const
  beforeEach(() => void vi.stubEnv('ATTNC_DEVICE', ''))
  afterEach(() => void vi.unstubAllEnvs())
  const small = ['run', 'good.attn', '--only', 'small', '--length', '8', '--repeat', '1']

  test.each(mistaken)('%s: one line says so, and another backend runs', async (device, note) => {
    vi.stubEnv('ATTNC_DEVICE', device)
    const { status, err, out } = await at.run(small)
    expect(status).toBe(0)
    expect(err).toMatch(note)
    expect(out).toMatch(/^backend {2}wasm/)
  })

  test('not set, or any of the system’s: nothing is said', async () => {
    for (const device of ['', 'system']) {
      vi.stubEnv('ATTNC_DEVICE', device)
      expect(await at.run(small)).toMatchObject({ status: 0, err: '' })
    }
  })
})

describe('as a program of its own', () => {
  const program = 'dist/compiler/cli.js'
  const started = (args: readonly string[], env: Record<string, string> = {}): ReturnType<typeof spawnSync> =>
    spawnSync(execPath, [program, ...args], {
      encoding: 'utf8',
      env: { ...process.env, NO_COLOR: '1', ...env },
    })
  const spec = (): string => join(at.directory, 'good.attn')

  test('runs, prints one document, and ends', () => {
    const { status, stdout } = started([
      'run',
      spec(),
      '--only',
      'small',
      '--length',
      '8',
      '--repeat',
      '1',
      '--json',
    ])
    expect(status).toBe(0)
    expect((JSON.parse(String(stdout)) as RunDocument).attentions).toHaveLength(1)
  })

  describe('where no driver is found', () => {
    const small = ['--only', 'small', '--length', '8', '--repeat', '1', '--json']
    const withoutDriver = (args: readonly string[]): ReturnType<typeof spawnSync> => {
      const none = join(at.directory, 'no-driver.json')
      writeFileSync(none, '{}')
      return started(args, { VK_DRIVER_FILES: none })
    }

    test('WebGPU, asked for by name, ends with status 3', () => {
      const { status, stdout } = withoutDriver(['run', spec(), ...small, ...onGpu])
      expect(status).toBe(3)
      expect(JSON.parse(String(stdout))).toHaveProperty('error.help')
    })

    test('run takes the backend of which doctor says that it would run', () => {
      const { status, stdout } = withoutDriver(['run', spec(), ...small])
      expect(status).toBe(0)
      const [ran] = (JSON.parse(String(stdout)) as RunDocument).attentions
      const doctor = withoutDriver(['doctor', '--json'])
      expect(doctor.status).toBe(0)
      const { adapters, backends } = JSON.parse(String(doctor.stdout)) as DoctorDocument
      expect(adapters).toEqual([])
      expect(backends.find(({ reason }) => reason.startsWith('would run, on'))?.name).toBe(ran?.backend)
      expect(backends[0]).toMatchObject({ name: 'webgpu', usable: false })
    })
  })

  test('a reader that goes away is no failure', () => {
    const shell = spawnSync(
      'bash',
      ['-c', `set -o pipefail; "${execPath}" ${program} explain "${spec()}" | head -n 1`],
      {
        encoding: 'utf8',
      },
    )
    expect([shell.status, shell.stderr]).toEqual([0, ''])
  })
})

describe('where no device is usable, not even the processor as WebAssembly', () => {
  beforeEach(() => {
    vi.stubEnv('ATTNC_DEVICE', '/no/such.json')
    vi.stubGlobal('WebAssembly', undefined)
  })
  afterEach(() => {
    vi.unstubAllEnvs()
    vi.unstubAllGlobals()
  })

  test('doctor says what is missing, and ends with status 3', async () => {
    const { status, out } = await at.run(['doctor', '--json'])
    expect(status).toBe(3)
    const { adapters, backends } = JSON.parse(out) as DoctorDocument
    expect(adapters).toEqual([])
    expect(backends.map(({ name, usable }) => [name, usable])).toEqual([
      ['webgpu', false],
      ['wasm', false],
      ['gpujs', false],
      ['reference', true],
    ])
    expect((await at.run(['doctor'])).status).toBe(3)
  })

  test('bench says so, points to doctor, and ends with status 3', async () => {
    const { status, out, err } = await at.run(['bench', 'good.attn', '--lengths', '8', '--rounds', '1'])
    expect({ status, out }).toEqual({ status: 3, out: '' })
    expect(err).toMatch(/^note: .*\nerror: there is no device to time\nhelp: attnc doctor .*\n$/)
  })

  test.each(['webgpu', 'wasm', 'gpujs'])('bench on %s, asked for by name, too', async (backend) => {
    const words = ['bench', 'good.attn', '--lengths', '8', '--rounds', '1', '--backend', backend]
    const { status, out, err } = await at.run(words)
    expect({ status, out }).toEqual({ status: 3, out: '' })
    expect(err).toMatch(/^error: .*\nhelp: attnc doctor .*\n$/)
  })
})

test('attnc doctor names a device, its limits, and the backend that would run', async () => {
  const { status, out } = await at.run(['doctor', '--json'])
  expect(status).toBe(0)
  const { adapters, backends } = JSON.parse(out) as DoctorDocument
  expect(adapters[0]?.limits['maxBufferSize']).toBeGreaterThan(0)
  expect(backends.map(({ name }) => name)).toEqual(['webgpu', 'wasm', 'gpujs', 'reference'])
  expect(backends.filter(({ reason }) => reason.startsWith('would run, on'))).toHaveLength(1)
  const text = (await at.run(['doctor'])).out
  expect(text).toContain('Backends')
  expect(text).toContain('max buffer size')
})
