import { cpuUsage } from 'node:process'

/** Milliseconds that this process has computed: what else a machine does counts for nothing. */
export const processorTime = (): number => cpuUsage().user / 1000
