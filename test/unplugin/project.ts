// Projects that import specs, in folders of their own, with this package as an installed one.
import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readdir, readFile, realpath, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { execPath } from 'node:process'
import { promisify } from 'node:util'
import { root } from '../setup/modules.ts'

const run = promisify(execFile)

/** Compiled in a moment, since derivatives of its kernel are no sums of products, so that it has no gradients. */
export const light = (name: string, kernel = 'exp(sum(tanh(q + k)))'): string => `attention ${name} {
  dim:    4
  kernel: ${kernel}
  mask:   causal
}
`

/** Two of them. */
export const two = `${light('sums')}\n${light('differences', 'exp(sum(tanh(q - k)))')}`

export class Project {
  readonly path: string

  private constructor(path: string) {
    this.path = path
  }

  static async with(files: Readonly<Record<string, string>>): Promise<Project> {
    const project = new Project(await realpath(await mkdtemp(join(tmpdir(), 'attnc-unplugin-'))))
    await mkdir(join(project.path, 'node_modules'))
    await symlink(root, join(project.path, 'node_modules/attnc'))
    await project.write({ 'package.json': '{ "type": "module" }', ...files })
    return project
  }

  at(name: string): string {
    return join(this.path, name)
  }

  async write(files: Readonly<Record<string, string>>): Promise<void> {
    for (const [name, text] of Object.entries(files)) {
      await mkdir(dirname(this.at(name)), { recursive: true })
      await writeFile(this.at(name), text)
    }
  }

  read(name: string): Promise<string> {
    return readFile(this.at(name), 'utf8')
  }

  /** Texts of the files below a folder, by their paths. */
  async texts(folder: string): Promise<ReadonlyMap<string, string>> {
    const entries = await readdir(this.at(folder), { recursive: true, withFileTypes: true })
    const paths = entries
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => join(parentPath, name))
    return new Map(
      await Promise.all(paths.map(async (path) => [path, await readFile(path, 'utf8')] as const)),
    )
  }

  /** What a program of the project prints as JSON, in a process of its own. */
  async printed(name: string): Promise<unknown> {
    const { stdout } = await run(execPath, [this.at(name)], { cwd: this.path })
    return JSON.parse(stdout) as unknown
  }

  async remove(): Promise<void> {
    await rm(this.path, { recursive: true, force: true })
  }
}
