/**
 * Devices in numbers, per core and cycle: what a GPU's multiprocessor, GPU core or shader processor can do. Where a maker
 * publishes nothing, the number is what others measured; `≈` marks those that are estimates from its relatives.
 */

/** What the model knows of a device. */
export interface Device {
  readonly name: string
  readonly cores: number
  /** In 10⁹ cycles a second. */
  readonly clock: number
  /** Lanes of a warp. */
  readonly width: 16 | 32 | 64
  /** Instructions of warps that a core begins in a cycle. */
  readonly issue: number
  /** Lanes a cycle: multiply-adds and other arithmetic of f32. */
  readonly floats: number
  /** Lanes a cycle: exp2, log2, reciprocals, roots. */
  readonly specials: number
  readonly integers: number
  /** Multiply-adds of f16 for each of f32. */
  readonly halves: 1 | 2
  /** Lines of 128 bytes a cycle that a core's load unit looks up and moves. */
  readonly lines: number
  /** Turns a cycle of 32 banks of workgroup memory. */
  readonly turns: number
  /** Whether workgroup memory and the first cache are one memory, whose turns and lines add up. */
  readonly unified: boolean
  /** Of the cache that all cores share, in GB/s. */
  readonly cacheBandwidth: number
  /** Of memory, in GB/s. */
  readonly bandwidth: number
  /** Registers of 4 bytes of a core, bytes of workgroup memory, warps and workgroups at most. */
  readonly registers: number
  readonly sharedBytes: number
  readonly warps: number
  readonly workgroups: number
  /** Cycles until a load is answered, from a core's own cache, the shared one, and memory. */
  readonly latency: {
    readonly own: number
    readonly cache: number
    readonly memory: number
    readonly shared: number
  }
}

/** In 10¹² operations of f32 a second, a multiply-add being two. */
export const peakOf = ({ cores, clock, floats }: Device): number => (cores * clock * floats * 2) / 1000

/** What multiprocessors of NVIDIA's since 2020 have in common: CUDA programming guide, tables of throughputs and limits. */
const multiprocessor = {
  width: 32,
  issue: 4,
  floats: 128,
  specials: 16,
  integers: 64,
  lines: 1,
  turns: 1,
  unified: true,
  registers: 65536,
} as const

/** By name, as `--device` takes them. */
export const devices = {
  // Peak and bandwidth: Apple's announcement of the M2 (3.6 TFLOP/s, 100 GB/s). The core: P. Turner, metal-benchmarks
  // (128 lanes, 208 KiB of registers, 60 KiB of workgroup memory, 64 B a cycle of its cache, 32 B a cycle beyond it,
  // exp2 in four cycles). Latencies ≈.
  m2: {
    name: 'Apple M2, 10 cores',
    cores: 10,
    clock: 1.398,
    width: 32,
    issue: 4,
    floats: 128,
    specials: 32,
    integers: 128,
    halves: 1,
    lines: 0.5,
    turns: 1,
    unified: false,
    cacheBandwidth: 447,
    bandwidth: 100,
    registers: 53248,
    sharedBytes: 61440,
    warps: 96,
    workgroups: 32,
    latency: { own: 80, cache: 200, memory: 450, shared: 50 },
  },
  // NVIDIA, specifications of laptop GPUs (3,072 lanes, 2.37 GHz at most, 128 bits of GDDR6 at 16 Gb/s); Ada
  // architecture paper (100 KiB of workgroup memory, 48 warps). Bandwidth of the cache ≈, from the 4090's.
  rtx4060laptop: {
    ...multiprocessor,
    name: 'NVIDIA RTX 4060 Laptop',
    cores: 24,
    clock: 2.37,
    halves: 1,
    cacheBandwidth: 1100,
    bandwidth: 256,
    sharedBytes: 102400,
    warps: 48,
    workgroups: 24,
    latency: { own: 34, cache: 270, memory: 560, shared: 30 },
  },
  // NVIDIA, Ada architecture paper (128 multiprocessors, 2.52 GHz, 82.6 TFLOP/s, 1,008 GB/s). Bandwidth of the cache
  // and latencies: Chips and Cheese, microbenchmarks of Ada.
  rtx4090: {
    ...multiprocessor,
    name: 'NVIDIA RTX 4090',
    cores: 128,
    clock: 2.52,
    halves: 1,
    cacheBandwidth: 5000,
    bandwidth: 1008,
    sharedBytes: 102400,
    warps: 48,
    workgroups: 24,
    latency: { own: 34, cache: 270, memory: 560, shared: 30 },
  },
  // NVIDIA, data sheet of the H200 (67 TFLOP/s, 4.8 TB/s); Hopper architecture paper (132 multiprocessors, 228 KiB, 64
  // warps). Bandwidth of the cache and latencies: Chips and Cheese, microbenchmarks of the H100.
  h200: {
    ...multiprocessor,
    name: 'NVIDIA H200',
    cores: 132,
    clock: 1.98,
    halves: 2,
    cacheBandwidth: 5500,
    bandwidth: 4800,
    sharedBytes: 232448,
    warps: 64,
    workgroups: 32,
    latency: { own: 34, cache: 260, memory: 650, shared: 30 },
  },
  // Qualcomm, Snapdragon 8 Gen 2 (LPDDR5X-4200, 64 bits: 67 GB/s) and its Adreno guide (f16 at twice the rate, 32 KiB of
  // workgroup memory); six shader processors of 256 lanes at 680 MHz, by Mesa and Chips and Cheese. The rest ≈, from
  // the Adreno 640 and 730.
  adreno740: {
    name: 'Qualcomm Adreno 740',
    cores: 6,
    clock: 0.68,
    width: 64,
    issue: 4,
    floats: 256,
    specials: 32,
    integers: 128,
    halves: 2,
    lines: 0.5,
    turns: 1,
    unified: false,
    cacheBandwidth: 260,
    bandwidth: 67,
    registers: 65536,
    sharedBytes: 32768,
    warps: 32,
    workgroups: 16,
    latency: { own: 100, cache: 250, memory: 500, shared: 60 },
  },
} as const satisfies Readonly<Record<string, Device>>

/** A device's short name. */
export type DeviceName = keyof typeof devices
