// Everything that is checked without running the program. All of it runs even when one part fails, so
// that one run shows all there is to mend.
import { spawnSync } from 'node:child_process'
import { exit, stdout } from 'node:process'

const checks = [
  { name: 'types of the package', command: 'tsc -b' },
  { name: 'types of tests, examples and scripts', command: 'tsc -p test' },
  { name: 'lint', command: 'oxlint --type-aware --deny-warnings' },
  { name: 'format', command: 'prettier --check --cache --cache-strategy content --log-level warn .' },
  { name: 'dead code', command: 'knip' },
  // knip cannot see the programs named here: its configuration lists them.
  { name: 'package', command: 'publint --strict' },
  { name: 'types as consumers resolve them', command: 'attw --pack . --profile esm-only --quiet' },
]

const failed = checks.filter(({ name, command }) => {
  const started = Date.now()
  const {
    status,
    stdout: out,
    stderr,
  } = spawnSync(`npx --no-install ${command}`, {
    shell: true,
    encoding: 'utf8',
    env: { ...process.env, npm_config_ignore_scripts: 'true' },
  })
  const passed = status === 0
  stdout.write(`${passed ? 'ok  ' : 'FAIL'} ${name} (${((Date.now() - started) / 1000).toFixed(1)} s)\n`)
  if (!passed) stdout.write(`${out}${stderr}\n`)
  return !passed
})

if (failed.length > 0) {
  stdout.write(`failed: ${failed.map(({ name }) => name).join(', ')}\n`)
  exit(1)
}
