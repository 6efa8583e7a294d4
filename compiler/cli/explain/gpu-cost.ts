/** What an attention's kernels ask of GPUs, as tables and as data. */
import { counted } from '../../diagnostics/counted.ts'
import { type DeviceName, devices, peakOf } from '../../cost/device.ts'
import {
  bytesOfTensors,
  type CallExpectation,
  countPasses,
  expectCall,
  movedBytes,
  type PassCounts,
} from '../../cost/estimate.ts'
import type { LoweredForm } from '../../forms.ts'
import type { CompiledAttention } from '../../index.ts'
import { sizesOf } from '../../schedule/cost.ts'
import type { Shape } from '../../../runtime/contract/shape.ts'
import { bytes, duration, grouped, significant, table } from '../table.ts'

/** What calls are counted for. */
export interface CallSizes {
  readonly length: number
  readonly heads: number
  /** Of whose passes a table is wanted. */
  readonly device?: DeviceName
}

/** A form of an attention, counted. */
export interface FormCosts {
  readonly form: string
  /** By lanes of a warp. */
  readonly counts: Readonly<Record<number, readonly PassCounts[]>>
  readonly expected: Readonly<Partial<Record<DeviceName, CallExpectation>>>
  /** Bytes of all that a call is given and leaves behind. */
  readonly tensors: number
}

/** The devices that there are profiles of. */
export const deviceNames = Object.keys(devices) as DeviceName[]

/** Counts a whole sequence in one call, or one more token behind it where the form is `step`. */
export function costsOfForm(
  form: string,
  { schedule, kernels }: Pick<LoweredForm, 'schedule' | 'kernels'>,
  { length, heads }: CallSizes,
  names: readonly DeviceName[],
): FormCosts {
  const rows = form === 'step' ? 1 : length
  const shape = { batch: 1, heads, kvHeads: heads, length: rows, keyLength: rows }
  const sizes: Shape = sizesOf(schedule, shape, length - rows)
  const widths = new Set(names.map((name) => devices[name].width))
  const counts = Object.fromEntries(
    [...widths].map((width) => [width, countPasses(schedule, kernels, sizes, width)]),
  )
  const expected = Object.fromEntries(
    names.map((name) => [name, expectCall(counts[devices[name].width] ?? [], devices[name])]),
  )
  return { form, counts, expected, tensors: bytesOfTensors(schedule, sizes) }
}

/** What is counted for warps of 32 lanes, pass by pass. */
export function countsInWords({ counts, tensors }: FormCosts): string {
  const passes = counts[32] ?? Object.values(counts)[0] ?? []
  const head = [
    ['pass', 'groups', 'useful', 'fma', 'other', 'special', 'integer', 'lines', 'turns'],
    ['sectors', 'conflicts', 'idle', 'barriers', 'registers', 'shared', 'moved'],
  ].flat()
  const rows = passes.map((pass) => rowOf(pass))
  const moved = movedBytes(passes)
  return [
    table([head, ...rows], head.map((_, column) => column).slice(1)),
    `  ${bytes(moved)} move from and to memory, ${significant(moved / tensors)} × what goes in and comes out`,
  ].join('\n')
}

function rowOf({ pass, times, flops, counts: dispatch }: PassCounts): string[] {
  const { counts, distinct, workgroups, threads, registers, sharedBytes } = dispatch
  const useful = flops / 2
  const each = (count: number): string => (useful === 0 ? '–' : short(count / useful))
  const over = (count: number, least: number): string => (least === 0 ? '–' : short(count / least))
  const { multiplyAdds, floats, specials, integers } = counts
  return [
    times === 1 ? pass : `${pass} ×${times}`,
    `${grouped(workgroups)}·${threads}`,
    millions(useful),
    each(multiplyAdds),
    each(floats),
    each(specials),
    each(integers),
    // Of a warp, which does 32 multiply-adds at once.
    each(32 * counts.lines),
    each(32 * counts.turns),
    over(counts.sectors, counts.leastSectors),
    over(counts.turns, counts.leastTurns),
    `${Math.round(100 * (1 - counts.active / (multiplyAdds + floats + specials + integers)))}%`,
    short(counts.barriers / (workgroups * Math.ceil(threads / 32))),
    String(registers),
    sharedBytes === 0 ? '–' : bytes(sharedBytes),
    bytes(distinct.read + distinct.written),
  ]
}

/** The forms that a model is asked to run in, counted: a whole sequence, and where it decodes, a token behind it. */
export function costsOf({ forms }: CompiledAttention, sizes: CallSizes): readonly FormCosts[] {
  const { forward, step } = forms
  const names = sizes.device === undefined ? deviceNames : [sizes.device]
  return [
    costsOfForm('forward', forward, sizes, names),
    ...(step === undefined ? [] : [costsOfForm('step', step, sizes, names)]),
  ]
}

/** All of it, for a reader. */
export function costsInWords(costs: readonly FormCosts[], { length, heads, device }: CallSizes): string {
  const texts = costs.map((form) => {
    const of = device === undefined ? devicesInWords(form) : passesInWords(form, device)
    const what = form.form === 'step' ? 'one more token after' : 'a sequence of'
    return `${what} ${counted(length, 'row')}, ${counted(heads, 'head')}\n\n${countsInWords(form)}\n\n${of}\n`
  })
  return `${texts.join('\n')}\n${legend}`
}

const legend = `  useful       multiply-adds that the mathematics needs; fma to integer: instructions of threads for each of them
  lines, turns of the load unit and of workgroup memory, for each 32 of them
  sectors      touched by loads and stores, over the least possible; conflicts: turns of banks, likewise
  idle         lanes of warps; docs/cost-model.md says how all this is counted, and what it leaves out
`

/** What is expected of each device, the whole call in a line. */
function devicesInWords({ expected }: FormCosts): string {
  const rows = deviceNames.flatMap((name) => {
    const call = expected[name]
    const hottest = call?.passes.find(({ pass }) => pass === call.hottest)
    if (call === undefined || hottest === undefined) return []
    return [
      [
        name,
        duration(call.time * 1000),
        percent(call.ofPeak),
        percent(call.ofBandwidth),
        `${percent(hottest.share)} in ${hottest.pass}: ${hottest.limit}`,
      ],
    ]
  })
  return table([['device', 'time', 'of f32', 'of memory', 'most of it'], ...rows], [1, 2, 3])
}

/** What is expected of a device, pass by pass. */
function passesInWords({ expected }: FormCosts, device: DeviceName): string {
  const rows = (expected[device]?.passes ?? []).map(
    ({ pass, times, time, share, limit, ofPeak, ofBandwidth, occupancy }) => [
      times === 1 ? pass : `${pass} ×${times}`,
      duration(time * times * 1000),
      percent(share),
      limit,
      percent(ofPeak),
      percent(ofBandwidth),
      percent(occupancy),
    ],
  )
  const head = [devices[device].name, 'time', 'share', 'limit', 'of f32', 'of memory', 'warps at hand']
  const { halves, bandwidth } = devices[device]
  const peak = peakOf(devices[device])
  return [
    table([head, ...rows], [1, 2, 4, 5, 6]),
    `  ${significant(peak)} TFLOP/s of f32, ${significant(peak * halves)} of f16, ${grouped(bandwidth)} GB/s`,
  ].join('\n')
}

const percent = (share: number): string =>
  `${share < 0.1 ? significant(100 * share) : Math.round(100 * share)}%`

const short = (value: number): string => (value < 0.001 ? '0' : String(Number(value.toPrecision(3))))

const millions = (count: number): string =>
  count >= 1e5 ? `${significant(count / 1e6)} M` : grouped(Math.round(count))
