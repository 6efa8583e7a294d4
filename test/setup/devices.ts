// Tests run in several processes, so the devices they used are collected through files.
import { appendFileSync } from 'node:fs'
import { join } from 'node:path'

/** Names the directory in which the processes of one test run leave what they used. */
export const DEVICE_LOG_VARIABLE = 'ATTNC_TEST_DEVICE_LOG'

/** Has the test run's last lines name a device that a test really ran on, such as `SwiftShader (Dawn)`. */
export function recordDevice(name: string): void {
  append('used', name)
}

/** Has the test run's last lines say which device was not to be had, and why. */
export function recordSkippedDevice(name: string, reason: string): void {
  append('skipped', `${name} (${reason})`)
}

/**
 * True where a missing device must fail the test instead of skipping it. Lavapipe stays optional even
 * there, since no npm package carries it.
 */
export const deviceRequired: boolean = Boolean(process.env['CI'])

function append(list: 'used' | 'skipped', line: string): void {
  const directory = process.env[DEVICE_LOG_VARIABLE]
  if (directory === undefined) return
  appendFileSync(join(directory, `${list}-${process.pid}`), `${line.replaceAll('\n', ' ')}\n`)
}
