// Runs the command line inside the test's process, with what it writes collected.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { main } from '../../compiler/cli/main.ts'
import type { Io } from '../../compiler/cli/io.ts'

export interface Result {
  readonly status: number
  readonly out: string
  readonly err: string
}

interface Options extends Partial<Pick<Io, 'env' | 'ask'>> {
  /** What comes by standard input. */
  readonly input?: string
  readonly terminal?: boolean
}

/** A directory of its own, removed by `remove`. */
export class Console {
  readonly directory: string = mkdtempSync(join(tmpdir(), 'attnc-cli-'))

  constructor(files: Readonly<Record<string, string | Uint8Array>> = {}) {
    for (const [name, content] of Object.entries(files)) this.write(name, content)
  }

  write(name: string, content: string | Uint8Array): void {
    writeFileSync(join(this.directory, name), content)
  }

  async run(args: readonly string[], options: Options = {}): Promise<Result> {
    const { terminal = false, env = {}, ask, input = '' } = options
    let out = ''
    let err = ''
    const status = await main(args, {
      out: { write: (text) => void (out += text), terminal },
      err: { write: (text) => void (err += text), terminal },
      input: () => new TextEncoder().encode(input),
      env,
      directory: this.directory,
      ...(ask && { ask }),
    })
    return { status, out, err }
  }

  remove(): void {
    rmSync(this.directory, { recursive: true, force: true })
  }
}

export const good = `# small enough to run in a moment
feature favor(x, w) = exp(dot(w, x) - dot(x, x) / 2)

attention small {
  dim:         8
  scale:       1 / sqrt(dim)
  kernel:      exp(dot(q, k))
  feature:     favor
  projections: 16 orthogonal seed 1
  mask:        causal
}

attention exact {
  dim:    8
  kernel: exp(dot(q, k))
}
`

export const bad = `attention wrong {
  dim:    0
  kernal: exp(dot(q, k))
}
`

export const pending = `attention fading {
  dim:         8
  feature:     favor
  projections: 16
  mask:        causal
  decay:       0.9
  stabilize:   max 1e-4
}
`
