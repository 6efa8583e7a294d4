import { counted } from '../../diagnostics/counted.ts'
import { arch, cpus, platform, release } from 'node:os'
import { versions } from 'node:process'
import { inTurn, isUsable, type Looked } from '../../../runtime/backends/turns.ts'
import { messageOf } from '../../../runtime/errors.ts'
import { type AdapterReport, type Missing, probe, type Probe } from '../../../runtime/node-gpu.ts'
import type { Backend } from '../../../runtime/index.ts'
import { isTarget } from '../../targets/index.ts'
import type { Context } from '../context.ts'
import { status } from '../failure.ts'
import { type Paint, painter } from '../io.ts'
import { printJson } from '../json.ts'
import { jsonOption } from '../options.ts'
import { version } from '../package.ts'
import { bytes, grouped, table } from '../table.ts'

export function addDoctor({ program, io, conclude }: Context): void {
  program
    .command('doctor')
    .description('Says which devices are here, what they can do, and which backend would run.')
    .addOption(jsonOption())
    .addHelpText('after', '\nExample:\n  $ attnc doctor')
    .action(async (options: { json?: true }) => {
      const found = await probe()
      const states = await backendStates()
      if (options.json === true) printJson(io, { system: system(), ...found, backends: states })
      else io.out.write(inWords(found, states, painter(io.out, io.env)))
      if (!states.some(({ name, usable }) => usable && isTarget(name))) conclude(status.device)
    })
}

interface BackendState {
  readonly name: Backend
  readonly usable: boolean
  readonly reason: string
}

/** In the order in which they are tried. */
async function backendStates(): Promise<BackendState[]> {
  const states: BackendState[] = []
  for await (const one of inTurn()) states.push(stateOf(one, !states.some(({ usable }) => usable)))
  return states
}

/** @param first whether none that is tried before it can be used */
function stateOf(looked: Looked, first: boolean): BackendState {
  const { name } = looked
  if (!isUsable(looked)) return { name, usable: false, reason: messageOf(looked.reason) }
  const { device, destroy } = looked.found
  destroy()
  const reason = first
    ? `would run, on ${device}`
    : `${device}, where it is asked for or those before it are missing`
  return { name, usable: true, reason }
}

function system(): Readonly<Record<string, string>> {
  const processors = cpus()
  return {
    attnc: version(),
    'Node.js': versions.node,
    system: `${platform()} ${release()} on ${arch()}`,
    processor: `${processors[0]?.model.trim() ?? 'unknown'}, ${counted(processors.length, 'core')}`,
  }
}

function inWords({ adapters, missing, notes }: Probe, states: readonly BackendState[], paint: Paint): string {
  const parts = [table(Object.entries(system()), [], '')]
  parts.push(...adapters.map((adapter, index) => adapterInWords(adapter, index === 0, paint)))
  if (adapters.length === 0) parts.push(paint('bold', 'No WebGPU device'))
  if (missing.length > 0) parts.push(`${paint('bold', 'Missing')}\n${missing.map(missingInWords).join('\n')}`)
  if (notes.length > 0)
    parts.push(`${paint('bold', 'Notes')}\n${notes.map((note) => `  ${note}`).join('\n')}`)
  const rows = states.map(({ name, usable, reason }) => [name, usable ? 'yes' : 'no', reason])
  parts.push(`${paint('bold', 'Backends')}\n${table(rows)}`)
  return `${parts.join('\n\n')}\n`
}

function missingInWords({ what, reason, remedy }: Missing): string {
  return `  ${what}: ${reason}\n    to mend it: ${remedy}`
}

function adapterInWords(adapter: AdapterReport, first: boolean, paint: Paint): string {
  const { isFallbackAdapter } = adapter
  const kind = isFallbackAdapter ? ', in software' : ''
  const use = isFallbackAdapter ? 'used where webgpu is asked for' : 'used unless another is chosen'
  const used = first ? ` (${use})` : ''
  const title = paint('bold', `${nameOf(adapter)}${kind}`)
  const [smallest, largest] = adapter.subgroupSizes ?? []
  const facts = [
    ['vendor', [adapter.vendor, adapter.architecture].filter(Boolean).join(', ')],
    ['device', adapter.device],
    [
      'subgroups',
      smallest === undefined ? 'none' : smallest === largest ? `${smallest}` : `${smallest} to ${largest}`,
    ],
    ...lines(adapter.features, 80).map((line, index) => [index === 0 ? 'features' : '', line]),
    ...Object.entries(adapter.limits).map(([limit, value]) => [inPlainWords(limit), measure(limit, value)]),
  ]
  return `${title}${used}\n${table(facts.filter(([, fact]) => fact !== ''))}`
}

/** Words with commas between them, broken into lines of about that width. */
function lines(words: readonly string[], width: number): string[] {
  const broken: string[] = []
  for (const word of words) {
    const last = broken.at(-1)
    if (last === undefined || last.length + word.length > width) broken.push(word)
    else broken[broken.length - 1] = `${last}, ${word}`
  }
  return broken
}

/** `maxStorageBufferBindingSize` → `max storage buffer binding size` */
function inPlainWords(limit: string): string {
  return limit.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)
}

/** WebGPU's sizes of buffers and of storage are in bytes; the others count. */
function measure(limit: string, value: number): string {
  return /(Buffer|Binding|Storage)Size$/.test(limit) ? bytes(value) : grouped(value)
}

function nameOf({ description, device, vendor }: AdapterReport): string {
  return [description, device, vendor].find((word) => word !== '') ?? 'an unnamed device'
}
