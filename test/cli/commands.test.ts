// What every command promises: its exit status, one JSON document on standard output, words on standard error.
import { existsSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { compile } from '../../compiler/index.ts'
import { bad, Console, good, pending } from './console.ts'

let at: Console
beforeAll(() => {
  at = new Console({
    'good.attn': good,
    'bad.attn': bad,
    'pending.attn': pending,
    'untidy.attn': 'attention a{dim:8 kernel:exp(dot(q,k))}',
    'broken.attn': 'attention {{{',
    'binary.attn': Uint8Array.from({ length: 64 }, (_, index) => (index * 37) % 256),
    'empty.attn': '',
  })
})
afterAll(() => at.remove())

interface Diagnostic {
  readonly code: string
  readonly severity: string
  readonly message: string
  readonly line: number
  readonly column: number
}

describe('attnc check', () => {
  test('a right file', async () => {
    expect(await at.run(['check', 'good.attn'])).toEqual({ status: 0, out: '1 file is right\n', err: '' })
  })

  test('a wrong file: every mistake on standard error, nothing on standard output', async () => {
    const { status, out, err } = await at.run(['check', 'bad.attn'])
    expect([status, out]).toEqual([1, ''])
    expect(err).toContain('bad.attn:2:')
    expect(err).toContain('bad.attn:3:')
    expect(err).toContain('kernel')
  })

  test('--json: one document for all files, with lines and columns from 1', async () => {
    const { status, out, err } = await at.run(['check', '--json', 'good.attn', 'bad.attn'])
    expect([status, err]).toEqual([1, ''])
    const { files } = JSON.parse(out) as { files: { file: string; diagnostics: Diagnostic[] }[] }
    expect(files.map(({ file }) => file)).toEqual(['good.attn', 'bad.attn'])
    expect(files[0]?.diagnostics).toEqual([])
    const lines = files[1]?.diagnostics.map(({ line }) => line)
    expect(lines).toContain(2)
    expect(lines).toContain(3)
    for (const diagnostic of files[1]?.diagnostics ?? []) {
      expect(diagnostic.code).toMatch(/^A\d{4}$/)
      expect(diagnostic.severity).toBe('error')
      expect(diagnostic.column).toBeGreaterThanOrEqual(1)
    }
  })

  test.each(['broken.attn', 'binary.attn', 'empty.attn'])('%s is rejected with a place', async (file) => {
    const { status, err } = await at.run(['check', file])
    expect(status).toBe(1)
    expect(err).toContain(`${file}:1:`)
  })

  test('a causal attention with the published stabilisation is a warning, and warnings pass', async () => {
    at.write('warned.attn', good.replace('mask:        causal', 'mask: causal stabilize: max 1e-4'))
    const { status, out } = await at.run(['check', '--json', 'warned.attn'])
    const { files } = JSON.parse(out) as { files: { diagnostics: Diagnostic[] }[] }
    expect(status).toBe(0)
    expect(files[0]?.diagnostics.map(({ severity }) => severity)).toEqual(['warning'])
  })
})

describe('attnc fmt', () => {
  test('--check reports, plain rewrites, and then there is nothing to do', async () => {
    const checked = await at.run(['fmt', '--check', 'untidy.attn'])
    expect([checked.status, checked.out]).toEqual([1, 'would change untidy.attn\n'])
    expect(readFileSync(join(at.directory, 'untidy.attn'), 'utf8')).toContain('attention a{')
    expect(await at.run(['fmt', 'untidy.attn'])).toMatchObject({ status: 0, out: 'formatted untidy.attn\n' })
    expect(readFileSync(join(at.directory, 'untidy.attn'), 'utf8')).toContain('attention a {\n')
    expect((await at.run(['fmt', '--check', 'untidy.attn'])).status).toBe(0)
  })

  test('bytes that are no UTF-8 are not lost', async () => {
    const latin = Buffer.from('# caf\xe9\nattention a{dim: 4 feature: elu1}', 'latin1')
    at.write('latin.attn', latin)
    const { status, err } = await at.run(['fmt', 'latin.attn'])
    expect([status, err]).toEqual([2, 'error: cannot rewrite latin.attn: it is not text in UTF-8\n'])
    expect(readFileSync(join(at.directory, 'latin.attn'))).toEqual(latin)
  })

  test('a file with syntax errors stays as it is', async () => {
    const { status, err } = await at.run(['fmt', 'broken.attn'])
    expect(status).toBe(1)
    expect(err).toContain('broken.attn:1:')
    expect(readFileSync(join(at.directory, 'broken.attn'), 'utf8')).toBe('attention {{{')
  })
})

describe('standard input, as -', () => {
  const untidy = 'attention a{dim:8 kernel:exp(dot(q,k))}'

  test('check tells of it as <stdin>', async () => {
    expect(await at.run(['check', '-'], { input: good })).toMatchObject({ status: 0, err: '' })
    const { status, err } = await at.run(['check', '-'], { input: bad })
    expect([status, err]).toEqual([1, expect.stringContaining('<stdin>:2:')])
  })

  test('fmt passes it on', async () => {
    const { status, out, err } = await at.run(['fmt', '-'], { input: untidy })
    expect([status, err]).toEqual([0, ''])
    expect(out).toBe('attention a {\n  dim:    8\n  kernel: exp(dot(q, k))\n}\n')
    expect(await at.run(['fmt', '-'], { input: out })).toEqual({ status: 0, out, err: '' })
  })

  test('fmt --check, --json and mistakes', async () => {
    expect(await at.run(['fmt', '--check', '-'], { input: untidy })).toMatchObject({
      status: 1,
      out: 'would change <stdin>\n',
    })
    const { out } = await at.run(['fmt', '--json', '-'], { input: untidy })
    expect(JSON.parse(out)).toMatchObject({
      files: [{ changed: true, text: expect.stringContaining('kernel: ') as string }],
    })
    const broken = await at.run(['fmt', '-'], { input: 'attention {{{' })
    expect(broken).toMatchObject({ status: 1, out: '', err: expect.stringContaining('<stdin>:1:') as string })
    expect((await at.run(['fmt', '-', 'good.attn'])).status).toBe(2)
  })

  test('compile writes here', async () => {
    const other = new Console({})
    const { status } = await other.run(['compile', '-', '--only', 'exact'], { input: good })
    const written = existsSync(join(other.directory, 'exact.js'))
    other.remove()
    expect([status, written]).toEqual([0, true])
  })
})

describe('attnc explain CODE', () => {
  test('says what it means and what to do, in lines that fit', async () => {
    const { status, out, err } = await at.run(['explain', 'A0411'])
    expect([status, err]).toEqual([0, ''])
    expect(out).toMatch(/^error A0411: unknown feature\n\nThe feature is declared neither/)
    expect(out.split('\n').filter((line) => line.length > 80)).toEqual([])
    expect((await at.run(['explain', 'a0411'])).out).toBe(out)
  })

  test('--json', async () => {
    const { out } = await at.run(['explain', 'A0433', '--json'])
    expect(JSON.parse(out)).toMatchObject({
      code: 'A0433',
      severity: 'warning',
      title: 'stabilize max causal',
    })
  })

  test('a code that there is not', async () => {
    const { status, err } = await at.run(['explain', 'A0406'])
    expect([status, err]).toEqual([
      2,
      expect.stringMatching(/there is no diagnostic A0406\n.*did you mean A0/),
    ])
  })
})

describe('attnc compile', () => {
  test('writes modules, types, kernels and the runtime, and prints them', async () => {
    const { status, out } = await at.run(['compile', 'good.attn', '-o', 'built'])
    expect(status).toBe(0)
    const printed = out.match(/^ {2}built\/\S+$/gm)?.map((line) => line.trim()) ?? []
    expect(printed).toEqual(expect.arrayContaining(['built/small.js', 'built/small.d.ts', 'built/exact.js']))
    expect(printed.some((file) => /^built\/small\/\w+\.wgsl$/.test(file))).toBe(true)
    const files = [...printed, 'built/attnc-runtime/index.js', 'built/attnc-runtime/index.d.ts']
    expect(files.filter((file) => !existsSync(join(at.directory, file)))).toEqual([])
  })

  test('--only and --json', async () => {
    const { out } = await at.run(['compile', 'good.attn', '-o', 'one', '--only', 'exact', '--json'])
    const { attentions } = JSON.parse(out) as { attentions: { name: string; files: string[] }[] }
    expect(attentions.map(({ name }) => name)).toEqual(['exact'])
    expect(existsSync(join(at.directory, 'one/small.js'))).toBe(false)
  })

  test('--runtime package: modules import the package, and nothing of it is copied', async () => {
    const words = ['compile', 'good.attn', '-o', 'shared', '--only', 'small', '--runtime', 'package']
    const { status, out } = await at.run(words)
    expect([status, out]).toEqual([0, expect.stringContaining('attnc/runtime, of the package attnc')])
    expect(existsSync(join(at.directory, 'shared/attnc-runtime'))).toBe(false)
    const imported = ['small.js', 'small.d.ts'].flatMap((file) =>
      [...readFileSync(join(at.directory, 'shared', file), 'utf8').matchAll(/ from '(.+)'/g)].map(
        ([, name]) => name,
      ),
    )
    expect(imported).toEqual(['attnc/runtime', 'attnc/runtime/webgpu', 'attnc/runtime'])
  })

  test('beside the spec, where nothing else is said', async () => {
    const other = new Console({ 'good.attn': good })
    await other.run(['compile', 'good.attn', '--only', 'small'])
    expect(existsSync(join(other.directory, 'small.js'))).toBe(true)
    other.remove()
  })

  test('a package of CommonJS modules is told that these are ES modules', async () => {
    const other = new Console({ 'good.attn': good, 'package.json': '{ "type": "commonjs" }' })
    const { status, err } = await other.run(['compile', 'good.attn', '--only', 'small', '-o', 'built'])
    other.remove()
    expect(status).toBe(0)
    expect(err).toContain('package.json says "type": "commonjs"')
  })

  test("somebody's own file is not replaced, a compiled one is", async () => {
    const other = new Console({ 'good.attn': good, 'small.js': 'my own work\n' })
    const { status, err } = await other.run(['compile', 'good.attn'])
    expect(status).toBe(2)
    expect(err).toContain('small.js is there and was not written by attnc')
    expect(readFileSync(join(other.directory, 'small.js'), 'utf8')).toBe('my own work\n')
    other.remove()
    expect((await at.run(['compile', 'good.attn', '-o', 'built'])).status).toBe(0)
  })

  test('what cannot be compiled yet is said plainly, and nothing is written', async () => {
    const { status, out, err } = await at.run(['compile', 'pending.attn', '-o', 'none'])
    expect([status, out]).toEqual([1, ''])
    expect(err).toContain('checked and not yet compiled')
    expect(existsSync(join(at.directory, 'none'))).toBe(false)
  })

  test('a wrong file with --json is told as by check', async () => {
    const { status, out } = await at.run(['compile', 'bad.attn', '--json'])
    expect(status).toBe(1)
    expect(out).toBe((await at.run(['check', 'bad.attn', '--json'])).out)
  })
})

describe('attnc explain', () => {
  test('counts what kernels ask of GPUs, and names what limits them', async () => {
    const args = [
      'explain',
      'good.attn',
      '--only',
      'exact',
      '--stage',
      'cost',
      '--length',
      '128',
      '--heads',
      '2',
    ]
    const { out } = await at.run(args)
    expect(out).toContain('a sequence of 128 rows, 2 heads')
    expect(out).toMatch(/pass +groups +useful/)
    for (const device of ['m2', 'rtx4060laptop', 'rtx4090', 'h200', 'adreno740'])
      expect(out).toContain(device)
    expect((await at.run([...args, '--device', 'm2'])).out).toMatch(/Apple M2.*\n +attend .*100%/)
    const { attentions } = JSON.parse((await at.run([...args, '--json'])).out) as {
      attentions: { stages: { cost: { form: string; expected: Record<string, { time: number }> }[] } }[]
    }
    const [forward] = attentions[0]?.stages.cost ?? []
    expect(forward?.form).toBe('forward')
    expect(forward?.expected['h200']?.time).toBeGreaterThan(0)
  })

  test('every stage and the cost', async () => {
    const { status, out } = await at.run([
      'explain',
      'good.attn',
      '--only',
      'small',
      '--length',
      '2048',
      '--json',
    ])
    expect(status).toBe(0)
    const { attentions } = JSON.parse(out) as {
      attentions: { stages: Record<string, string>; costs: { length: number; winsFrom: number } }[]
    }
    expect(Object.keys(attentions[0]?.stages ?? {})).toEqual([
      'summary',
      'spec',
      'algebra',
      'claim',
      'schedule',
      'kernels',
    ])
    expect(attentions[0]?.costs.length).toBe(2048)
    expect(attentions[0]?.costs.winsFrom).toBeGreaterThan(16)
    expect(attentions[0]?.costs.winsFrom).toBeLessThan(2048)
  })

  test('opens with what it is, what is proved and what it costs, in 25 lines', async () => {
    const { out } = await at.run(['explain', 'good.attn', '--only', 'small', '--length', '2048'])
    const opening = out.slice(0, out.indexOf('the checked spec')).split('\n').slice(0, -1)
    expect(opening.length).toBeLessThanOrEqual(25)
    for (const line of opening) expect(line.length).toBeLessThanOrEqual(140)
    const said = opening.join('\n')
    expect(said).toMatch(/evaluated +factorised, as sums over [\d,]+ features, linear in the length/)
    expect(said).toMatch(/claim +(E\[φ\(q\)·φ\(k\)\] = |none)/)
    expect(said).toMatch(/fewer operations than exact softmax from length [\d,]+ on/)
    const alone = await at.run(['explain', 'good.attn', '--only', 'small', '--stage', 'summary'])
    expect(alone.out.trim().split('\n').length).toBeLessThan(12)
  })

  test('--stage all has the cost on GPUs and the gradients, too', async () => {
    const { out } = await at.run([
      'explain',
      'good.attn',
      '--only',
      'small',
      '--stage',
      'all',
      '--length',
      '64',
    ])
    for (const title of ['a summary', 'the algebra', 'the kernels', 'the gradients', 'the cost: what'])
      expect(out).toContain(`── small · ${title}`)
  })

  test('one stage alone', async () => {
    const { out } = await at.run(['explain', 'good.attn', '--only', 'exact', '--stage', 'wgsl'])
    expect(out).toContain('@compute')
    expect(out).not.toContain('the algebra')
  })

  test('goes as far as it can with what cannot be compiled yet', async () => {
    const { status, out } = await at.run(['explain', 'pending.attn'])
    expect(status).toBe(0)
    expect(out).toContain('fading goes no further')
  })
})

describe('the command line', () => {
  test.each([
    [['chekc', 'good.attn'], 'Did you mean check?'],
    [['check', '--jsno', 'good.attn'], 'Did you mean --json?'],
    [['check'], "missing required argument 'spec'"],
    [['run', 'good.attn', '--length', '0'], 'Expected a whole number from 1'],
    [['run', 'good.attn', '--length', '1.5'], 'Expected a whole number from 1'],
    [['run', 'good.attn', '--std', '-1'], 'Expected a number above 0'],
    [['run', 'good.attn', '--backend', 'cuda'], 'Allowed choices are webgpu, wasm, gpujs, reference'],
    [['run', 'good.attn', '--heads', '6', '--kv-heads', '4'], 'no multiple of --kv-heads 4'],
    [['run', 'good.attn', '--only', 'smal'], 'did you mean small?'],
    [['compile', 'good.attn', '--only', 'smal'], 'did you mean small?'],
    [['explain', 'good.attn', '--only', 'smal'], 'did you mean small?'],
    [['bench', 'good.attn', '--only', 'smal'], 'did you mean small?'],
    [['run', 'good.attn', '--output', 'result.txt'], 'end it in .npy, .npz or .safetensors'],
    [['run', 'good.attn', '--output', 'result.npy'], 'choose one with --only'],
    [['bench', 'good.attn', '--backend', 'reference'], 'Expected some of webgpu, wasm, gpujs'],
    [['compile', 'good.attn', '--target', 'cuda'], 'Allowed choices are webgpu, wasm, gpujs'],
    [['check', 'godo.attn'], 'did you mean good.attn?'],
    [['check', '.'], 'it is a directory'],
    [['check', ''], 'a file whose name is empty'],
    [['compile', 'good.attn', '-o', 'good.attn/sub'], 'cannot write'],
    [['explain', 'good.attn', '--stage', 'nonsense'], 'Allowed choices are'],
  ])('%j is a mistake of usage', async (args, words) => {
    const { status, out, err } = await at.run(args)
    expect(err).toContain(words)
    expect([status, out]).toEqual([2, ''])
    expect(err).not.toMatch(/\n\s+at /)
    const asJson = await at.run([...args, '--json'])
    expect(asJson.status).toBe(2)
    expect(JSON.parse(asJson.out)).toHaveProperty('error.message')
  })

  test('what cannot be written says why', async () => {
    symlinkSync('circle', join(at.directory, 'circle'))
    const long = 'n'.repeat(300)
    for (const [folder, words] of [
      ['good.attn', 'a file stands where a directory is needed'],
      ['good.attn/folder', 'a part of the path is a file, not a directory'],
      ['circle/folder', 'its symbolic links go in a circle'],
      [long, 'the name is too long'],
    ] as const) {
      const { status, err } = await at.run(['compile', 'good.attn', '-o', folder])
      expect(status).toBe(2)
      expect(err).toMatch(new RegExp(`^error: cannot write ${folder}\\S*: ${words}`))
    }
    rmSync(join(at.directory, 'circle'))
  })

  test.each(['compile', 'run', 'verify', 'explain', 'bench'])(
    'no option of %s takes nothing',
    async (command) => {
      const { out: help } = await at.run([command, '--help'])
      const options = [...help.matchAll(/(--[a-z-]+) </g)].map(([, option = '']) => option)
      expect(options).toContain('--only')
      const before = readdirSync(at.directory)
      for (const option of options) {
        const { status, out, err } = await at.run([command, 'good.attn', option, ''])
        expect([option, status, out]).toEqual([option, 2, ''])
        expect(err).toMatch(new RegExp(`^error: option '.*${option} <.*argument '' is invalid`))
      }
      expect(readdirSync(at.directory)).toEqual(before)
    },
  )

  test('no command at all shows the help and is a mistake', async () => {
    const { status, err } = await at.run([])
    expect(status).toBe(2)
    expect(err).toContain('Usage: attnc')
  })

  test.each(['compile', 'check', 'run', 'explain', 'fmt', 'doctor'])(
    '%s --help has an example',
    async (command) => {
      const { status, out } = await at.run([command, '--help'])
      expect(status).toBe(0)
      expect(out).toMatch(new RegExp(`Examples?:\\n {2}\\$ attnc ${command}`))
    },
  )

  test('--version is that of the package', async () => {
    const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string }
    expect(await at.run(['--version'])).toEqual({ status: 0, out: `${version}\n`, err: '' })
  })

  test('colour on a terminal alone, and never with NO_COLOR', async () => {
    const escape = '\u001b['
    expect((await at.run(['check', 'bad.attn'], { terminal: true })).err).toContain(escape)
    expect((await at.run(['check', 'bad.attn'])).err).not.toContain(escape)
    expect(
      (await at.run(['check', 'bad.attn'], { terminal: true, env: { NO_COLOR: '1' } })).err,
    ).not.toContain(escape)
  })
})

test('the library refuses a name that the file does not have, and says what is wrong with a file first', () => {
  expect(() => compile(good, { only: 'smal' })).toThrow(/only: expected one of the attentions \(small/)
  expect(compile(bad, { only: 'smal' }).diagnostics.map(({ severity }) => severity)).toContain('error')
})
