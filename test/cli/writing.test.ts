// What attnc writes is there as a whole or not at all, and replaces nothing but its own.
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { execPath } from 'node:process'
import { setTimeout as pause } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Console } from './console.ts'

/** Two attentions that have no gradients, since those of their kernels are no sums of products: compiled in a moment. */
const light = `attention small {
  dim:    8
  kernel: exp(sum(tanh(q + k)))
}

attention other {
  dim:    8
  kernel: exp(sum(tanh(q - k)))
}
`

const program = join(process.cwd(), 'dist/compiler/cli.js')

let at: Console
beforeEach(() => {
  at = new Console({ 'good.attn': light })
})
afterEach(() => at.remove())

const path = (name: string): string => join(at.directory, name)
const read = (name: string): string => readFileSync(path(name), 'utf8')

/** Every file and folder below, with the texts of files, and where links lead. */
function contents(folder: string): Record<string, string> {
  const names = existsSync(folder) ? readdirSync(folder, { recursive: true, encoding: 'utf8' }) : []
  return Object.fromEntries(
    names.sort().map((name) => {
      const found = lstatSync(join(folder, name))
      return [
        name,
        found.isFile() ? readFileSync(join(folder, name), 'utf8') : found.isDirectory() ? '' : '→',
      ]
    }),
  )
}

/** The program, as a process of its own behind a line of shell. */
function shell(line: string, ...args: readonly string[]): { status: number | null; err: string } {
  const words = ['-c', `${line} "$0" "$@"`, execPath, program, ...args]
  const { status, stderr } = spawnSync('bash', words, { cwd: at.directory, encoding: 'utf8' })
  return { status, err: stderr }
}

describe("somebody's own file", () => {
  // A kernel's name is one of those of `small`, whatever kernels that has.
  const names = [
    'small.js',
    'small.d.ts',
    'small/KERNEL',
    'attnc-runtime/index.js',
    'attnc-runtime/index.d.ts',
  ]

  test.each(names)('%s is not replaced, but where it is forced', async (name) => {
    await at.run(['compile', 'good.attn', '-o', 'elsewhere'])
    const [kernel = ''] = readdirSync(path('elsewhere/small')).filter((file) => file.endsWith('.wgsl'))
    const own = name.replace('KERNEL', kernel)
    mkdirSync(path('small'))
    mkdirSync(path('attnc-runtime'))
    at.write(own, '// my own work, which uses attnc\n')
    const before = contents(at.directory)
    const refused = await at.run(['compile', 'good.attn', '--only', 'small'])
    expect([refused.status, refused.out]).toEqual([2, ''])
    expect(refused.err).toContain(`${own} is there and was not written by attnc`)
    expect(refused.err).toContain('--force')
    expect(contents(at.directory)).toEqual(before)
    const forced = await at.run(['compile', 'good.attn', '--only', 'small', '--force'])
    expect(forced.status).toBe(0)
    expect(read(own)).toBe(read(`elsewhere/${own}`))
  })

  test('all names are asked about at once, and the answer counts', async () => {
    at.write('small.js', 'mine\n')
    at.write('other.d.ts', 'mine, too\n')
    const asked: string[] = []
    const answering = (answer: boolean) => ({
      ask: (question: string) => {
        asked.push(question)
        return Promise.resolve(answer)
      },
    })
    const declined = await at.run(['compile', 'good.attn'], answering(false))
    expect([declined.status, declined.out]).toEqual([2, ''])
    expect(asked).toEqual(['small.js and other.d.ts are there and were not written by attnc. Replace them?'])
    expect(readdirSync(at.directory).sort()).toEqual(['good.attn', 'other.d.ts', 'small.js'])
    expect((await at.run(['compile', 'good.attn'], answering(true))).status).toBe(0)
    expect(read('small.js')).toContain('export const create')
    expect((await at.run(['compile', 'good.attn'], answering(false))).status).toBe(0)
    expect(asked).toHaveLength(2)
  })

  test.each(['webgpu', 'gpujs'])(
    'files for %s are known again, also where they have changed',
    async (target) => {
      // Without buckets, which gpujs does not have.
      const text = 'attention small { dim: 8 kernel: dot(q, k) normalize: none }'
      at.write('good.attn', text)
      expect((await at.run(['compile', 'good.attn', '--target', target])).status).toBe(0)
      at.write('good.attn', text.replace('dim: 8', 'dim: 4'))
      expect(await at.run(['compile', 'good.attn', '--target', target])).toMatchObject({ status: 0, err: '' })
      expect(read('small.js')).toContain('dim: 4')
    },
  )

  test('a file that was begun and not ended is no obstacle', async () => {
    await at.run(['compile', 'good.attn'])
    const whole = read('small.js')
    for (const rest of ['', whole.slice(0, 20), whole.slice(0, 3000)]) {
      at.write('small.js', rest)
      expect((await at.run(['compile', 'good.attn'])).status).toBe(0)
      expect(read('small.js')).toBe(whole)
    }
  })
})

describe('symbolic links', () => {
  beforeEach(() => mkdirSync(path('elsewhere')))

  test.each(['small.js', 'small.d.ts'])('%s is replaced at most itself', async (name) => {
    at.write('elsewhere/file', 'somebody else reads this\n')
    symlinkSync(path('elsewhere/file'), path(name))
    expect(await at.run(['compile', 'good.attn'])).toMatchObject({ status: 2, out: '' })
    expect((await at.run(['compile', 'good.attn', '--force'])).status).toBe(0)
    expect(read('elsewhere/file')).toBe('somebody else reads this\n')
    expect(lstatSync(path(name)).isFile()).toBe(true)
  })

  test.each(['small', 'attnc-runtime'])('the folder %s is not written through', async (name) => {
    symlinkSync(path('elsewhere'), path(name))
    for (const force of [[], ['--force']]) {
      const { status, err } = await at.run(['compile', 'good.attn', ...force])
      expect([status, readdirSync(path('elsewhere'))]).toEqual([2, []])
      expect(err).toContain(`${name} is a symbolic link`)
    }
    expect(readdirSync(at.directory).sort()).toEqual(['elsewhere', 'good.attn', name].sort())
  })

  test('-o may be one, since somebody chose it', async () => {
    symlinkSync(path('elsewhere'), path('chosen'))
    expect((await at.run(['compile', 'good.attn', '-o', 'chosen'])).status).toBe(0)
    expect(readdirSync(path('elsewhere'))).toContain('small.js')
  })

  test('fmt and run --output write through none', async () => {
    at.write('elsewhere/untidy.attn', 'attention a{dim:8 kernel:exp(dot(q,k))}')
    at.write('elsewhere/out.npy', 'no array')
    symlinkSync(path('elsewhere/untidy.attn'), path('link.attn'))
    symlinkSync(path('elsewhere/out.npy'), path('out.npy'))
    const before = contents(at.directory)
    const formatted = await at.run(['fmt', 'link.attn'])
    const output = ['--only', 'small', '--backend', 'reference', '--output', 'out.npy']
    const run = await at.run(['run', 'good.attn', ...output])
    for (const { status, err } of [formatted, run]) {
      expect(status).toBe(2)
      expect(err).toContain('is a symbolic link')
    }
    expect(contents(at.directory)).toEqual(before)
  })
})

describe('where a disk is full', () => {
  // 1 KiB blocks: what is longer cannot be written, as on a full disk.
  const limit = 'ulimit -f 4; exec'

  test('compile leaves nothing, and the next one is not hindered', async () => {
    const before = contents(at.directory)
    const { status, err } = shell(limit, 'compile', 'good.attn', '-o', 'new/folder')
    expect(status).toBe(2)
    expect(err).toMatch(/^error: cannot write new\/folder\/\S+: it would be larger than files may be here/)
    expect(contents(at.directory)).toEqual(before)
    expect((await at.run(['compile', 'good.attn', '-o', 'new/folder'])).status).toBe(0)
  })

  test('compile leaves what was there before', async () => {
    await at.run(['compile', 'good.attn', '-o', 'built'])
    at.write('good.attn', light.replaceAll(/dim: +8/g, 'dim: 4'))
    const before = contents(path('built'))
    expect(shell(limit, 'compile', 'good.attn', '-o', 'built').status).toBe(2)
    expect(contents(path('built'))).toEqual(before)
  })

  test('fmt leaves the file as it was', () => {
    at.write('long.attn', 'attention a{dim:8 kernel:exp(dot(q,k))}'.padEnd(5000, '\n# a line of a comment'))
    const before = contents(at.directory)
    const { status, err } = shell(limit, 'fmt', 'long.attn')
    expect([status, err]).toEqual([
      2,
      'error: cannot write long.attn: it would be larger than files may be here\n',
    ])
    expect(contents(at.directory)).toEqual(before)
  })

  test('run --output leaves an older result', () => {
    at.write('out.npy', 'an older result')
    const args = ['--only', 'other', '--length', '64', '--backend', 'reference', '--repeat', '1']
    expect(shell(limit, 'run', 'good.attn', ...args, '--output', 'out.npy').status).toBe(2)
    expect(contents(at.directory)).toMatchObject({ 'out.npy': 'an older result' })
    expect(readdirSync(at.directory).sort()).toEqual(['good.attn', 'out.npy'])
  })

  /** What a line of shell says where it may mount; `attnc` stands for the program. */
  const inNamespace = (line: string): string => {
    const attnc = `attnc() { "${execPath}" "${program}" "$@"; }`
    const { stdout, stderr } = spawnSync('unshare', ['-rm', 'bash', '-c', `${attnc}; ${line}`], {
      cwd: at.directory,
      encoding: 'utf8',
    })
    return stdout + stderr
  }
  const mayMount = spawnSync('bash', ['-c', 'unshare -rm mount -t tmpfs none /mnt']).status === 0

  test.skipIf(!mayMount)('a small disk is as it was', () => {
    mkdirSync(path('disk'))
    at.write('untidy.attn', 'attention a{dim:8 kernel:exp(dot(q,k))}'.padEnd(9000, '\n# a line of a comment'))
    // What is left on the disk is told from inside, where it is mounted.
    const inside = (command: string): string =>
      inNamespace(
        `mount -t tmpfs -o size=12k none disk; cp untidy.attn disk/a.attn; ${command}; echo "status $?"; ls -A disk; cmp untidy.attn disk/a.attn`,
      )
    expect(inside('attnc fmt disk/a.attn')).toBe(
      'status 2\na.attn\nerror: cannot write disk/a.attn: no space is left\n',
    )
    expect(inside('attnc compile good.attn -o disk/built')).toMatch(
      /^status 2\na\.attn\nerror: cannot write disk\/built\/\S+: no space is left\n$/,
    )
  })

  test.skipIf(!mayMount)('a disk that cannot be written says so', () => {
    mkdirSync(path('disk'))
    const output = inNamespace(
      'mount -t tmpfs none disk; cp good.attn disk; mount -o remount,ro disk; attnc compile disk/good.attn; attnc compile good.attn -o disk/new/folder',
    )
    const said = [...output.matchAll(/^error: (.*)$/gm)].map(([, words]) => words)
    expect(said).toHaveLength(2)
    for (const words of said) expect(words).toContain('the file system is read-only')
  })
})

describe('a process that is killed', () => {
  test('leaves modules that import, and nothing that hinders the next', async () => {
    await at.run(['compile', 'good.attn', '-o', 'whole'])
    const whole = contents(path('whole'))
    for (let trial = 0; trial < 4; trial++) {
      rmSync(path('built'), { recursive: true, force: true })
      const child = spawn(execPath, [program, 'compile', 'good.attn', '-o', 'built'], { cwd: at.directory })
      const ended = once(child, 'exit')
      const seen =
        ['built', 'built/small', 'built/attnc-runtime/errors.js', 'built/small.d.ts'][trial % 4] ?? ''
      while (!existsSync(path(seen)) && child.exitCode === null) await pause(1)
      await pause(trial)
      child.kill('SIGKILL')
      await ended
      for (const name of ['small.js', 'other.js'].filter((module) => existsSync(path(`built/${module}`)))) {
        const imported = (await import(`${pathToFileURL(path(`built/${name}`)).href}?${trial}`)) as object
        expect(Object.keys(imported).sort()).toEqual(['create', 'program'])
      }
      const halves = Object.entries(contents(path('built'))).filter(
        ([name, text]) => !/\.attnc-\d+-\d+\.tmp$/.test(name) && text !== whole[name],
      )
      expect(halves).toEqual([])
      expect((await at.run(['compile', 'good.attn', '-o', 'built'])).status).toBe(0)
      expect(contents(path('built'))).toEqual(whole)
    }
  })

  test('is cleaned up after, and one that still writes is left alone', async () => {
    const gone = spawnSync('true').pid
    at.write(`.attnc-${gone}-0.tmp`, 'half')
    at.write(`.attnc-${process.ppid}-0.tmp`, 'another is at work')
    at.write('.attnc-notes.tmp', 'mine')
    at.write('untidy.attn', 'attention a{dim:8 kernel:exp(dot(q,k))}')
    expect((await at.run(['fmt', 'untidy.attn'])).status).toBe(0)
    expect(readdirSync(at.directory).sort()).toEqual(
      [`.attnc-${process.ppid}-0.tmp`, '.attnc-notes.tmp', 'good.attn', 'untidy.attn'].sort(),
    )
  })
})

describe('what a file was', () => {
  test('fmt keeps its mode', async () => {
    writeFileSync(path('untidy.attn'), 'attention a{dim:8 kernel:exp(dot(q,k))}')
    chmodSync(path('untidy.attn'), 0o751)
    expect((await at.run(['fmt', 'untidy.attn'])).status).toBe(0)
    expect(statSync(path('untidy.attn')).mode & 0o777).toBe(0o751)
  })

  test('a directory or a file in the way is said to be one', async () => {
    mkdirSync(path('small.js'))
    expect((await at.run(['compile', 'good.attn', '--force'])).err).toContain(
      'cannot write small.js: it is a directory',
    )
    rmSync(path('small.js'), { recursive: true })
    at.write('small', 'a file')
    expect((await at.run(['compile', 'good.attn', '--force'])).err).toContain(
      'small is a file, where attnc needs a directory',
    )
    expect(readdirSync(at.directory).sort()).toEqual(['good.attn', 'small'])
  })
})
