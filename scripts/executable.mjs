// npm sets this bit when it installs a package, but not for `npx attnc` inside a checkout.
import { chmodSync } from 'node:fs'

chmodSync(new URL('../dist/compiler/cli.js', import.meta.url), 0o755)
