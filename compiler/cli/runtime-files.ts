/** The runtime that generated modules import, as files to lay beside them. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, sep } from 'node:path'
import type { OutputFile } from '../codegen/module.ts'
import { runtimeFolder } from '../codegen/runtime-imports.ts'
import { usage } from './failure.ts'
import { packageRoot } from './package.ts'

export function runtimeFiles(): OutputFile[] {
  const built = join(packageRoot(), 'dist', 'runtime')
  if (!existsSync(join(built, 'index.js'))) {
    throw usage('the runtime of attnc has not been built', 'run npm run build first')
  }
  return readdirSync(built, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.js') || file.endsWith('.d.ts'))
    .sort()
    .map((file) => ({
      path: `${runtimeFolder}/${file.split(sep).join('/')}`,
      text: readFileSync(join(built, file), 'utf8').replace(/^\/\/# sourceMappingURL=.*\n?/m, ''),
    }))
}
