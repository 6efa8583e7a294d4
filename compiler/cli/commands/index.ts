/**
 * Every command by its name, in the order in which help lists them. A command is loaded when it is asked for: one that
 * checks a file needs neither devices nor generators of cases.
 */
import type { Context } from '../context.ts'

type Add = (context: Context) => void

const commands: Readonly<Record<string, () => Promise<Add>>> = {
  compile: async () => (await import('./compile.ts')).addCompile,
  check: async () => (await import('./check.ts')).addCheck,
  run: async () => (await import('./run.ts')).addRun,
  verify: async () => (await import('./verify.ts')).addVerify,
  explain: async () => (await import('./explain.ts')).addExplain,
  bench: async () => (await import('./bench.ts')).addBench,
  tune: async () => (await import('./tune.ts')).addTune,
  fmt: async () => (await import('./format.ts')).addFormat,
  doctor: async () => (await import('./doctor.ts')).addDoctor,
}

export const commandNames: readonly string[] = Object.keys(commands)

/**
 * Registers the command that the words name. Where they name none, all of them are registered, for help and for
 * suggestions; the version alone needs none.
 */
export async function addCommands(context: Context, words: readonly string[]): Promise<void> {
  if (words.length === 1 && (words[0] === '--version' || words[0] === '-V')) return
  const named = words.find((word) => !word.startsWith('-'))
  const load = named === undefined ? undefined : Object.entries(commands).find(([name]) => name === named)
  for (const [, add] of load === undefined ? Object.entries(commands) : [load]) (await add())(context)
}
