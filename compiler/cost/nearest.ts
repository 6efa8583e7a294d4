/** Which profile stands for a device, by what its adapter says of itself. */
import { type DeviceName, devices } from './device.ts'

/** A profile, and what its times are worth on the device that was asked about. */
export interface Likeness {
  readonly profile: DeviceName
  /** Of the profile. */
  readonly name: string
  /** `itself` where the device is that of the profile, `none` where it is no GPU. */
  readonly likeness: 'itself' | 'nearest' | 'none'
}

const itself: Readonly<Record<DeviceName, RegExp>> = {
  m2: /\bapple m2\b(?! (pro|max|ultra))/i,
  rtx4060laptop: /\brtx 4060 laptop/i,
  rtx4090: /\brtx 4090\b(?! (laptop|d\b))/i,
  h200: /\bh200\b/i,
  adreno740: /\badreno\b.* 740\b/i,
}

/** Relatives, the closest first: makers' names of cards, architectures as WebGPU calls them, and makers. */
const relatives: readonly (readonly [RegExp, DeviceName])[] = [
  [/\b[gabh]+[1-3]00\b|hopper|tesla/i, 'h200'],
  [/(nvidia|geforce|rtx).*(laptop|max-q|mobile)|\brtx [2-5]0[56]0\b/i, 'rtx4060laptop'],
  [/nvidia|geforce|rtx|lovelace|ampere|blackwell/i, 'rtx4090'],
  [/apple/i, 'm2'],
  [/adreno|qualcomm|\barm\b|mali|samsung|xclipse|powervr|img-tec|imagination/i, 'adreno740'],
  [/radeon (rx|pro)|rdna/i, 'rtx4090'],
]

const processors = /swiftshader|llvmpipe|lavapipe|basic render|software/i

/** What stands for a device of which too little is known. */
const usual: DeviceName = 'rtx4060laptop'

/**
 * @param words what an adapter says of itself: vendor, architecture, device and description, as far as there are any
 * @param software whether the adapter says that a processor plays a GPU
 */
export function profileFor(words: string, software: boolean): Likeness {
  const as = (profile: DeviceName, likeness: Likeness['likeness']): Likeness => ({
    profile,
    name: devices[profile].name,
    likeness,
  })
  if (software || processors.test(words)) return as(usual, 'none')
  const own = (Object.keys(itself) as DeviceName[]).find((name) => itself[name].test(words))
  if (own !== undefined) return as(own, 'itself')
  return as(relatives.find(([like]) => like.test(words))?.[1] ?? usual, 'nearest')
}

/** What a column of modelled times is of, for people. */
export function inWords({ name, likeness }: Likeness, device: string): string {
  if (likeness === 'itself') return `modelled: what docs/cost-model.md expects of the ${name}`
  if (likeness === 'nearest')
    return `modelled: of the ${name}, the nearest to ${device} that the cost model has a profile of`
  return `modelled: of the ${name}; the cost model has no profile of a processor, which ${device} is, so that the two are not to be compared`
}
