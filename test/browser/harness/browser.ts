// One browser per test file. Where there is none, the tests are left out and named, or fail with CI set.
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core'
import { deviceRequired, recordDevice, recordSkippedDevice } from '../../setup/devices.ts'
import { findChromium } from './chromium.ts'

const flags = [
  '--no-sandbox',
  '--no-zygote',
  '--disable-background-networking',
  '--no-first-run',
  // Software devices: SwiftShader behind WebGPU, and behind WebGL by way of ANGLE.
  '--enable-unsafe-webgpu',
  '--use-webgpu-adapter=swiftshader',
  '--use-gl=angle',
  '--use-angle=swiftshader',
  '--enable-unsafe-swiftshader',
]

/** Milliseconds after which a page hangs. */
const patience = 300_000

/** A page, and what went wrong in it: errors nobody caught, and what it wrote to its console as an error or warning. */
export interface WatchedPage {
  readonly page: Page
  readonly complaints: readonly string[]
}

/** Undefined where no browser is to be had and none is required. */
export async function openBrowser(): Promise<Browser | undefined> {
  try {
    const { executable, environment } = await findChromium()
    return await chromium.launch({
      executablePath: executable,
      args: flags,
      timeout: patience,
      env: Object.fromEntries(
        Object.entries(environment).flatMap(([k, v]) => (v === undefined ? [] : [[k, v]])),
      ),
    })
  } catch (error) {
    if (deviceRequired) throw error
    recordSkippedDevice('Chromium', (error as Error).message)
    return undefined
  }
}

/** A page that may take as long as software devices do. */
export async function newPage(browser: Browser | BrowserContext): Promise<Page> {
  const page = await browser.newPage()
  page.setDefaultTimeout(patience)
  return page
}

export async function openPage(browser: Browser | BrowserContext, address: string): Promise<WatchedPage> {
  const page = await newPage(browser)
  const complaints: string[] = []
  page.on('pageerror', (error) => complaints.push(error.message))
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) complaints.push(message.text())
  })
  await page.goto(address)
  return { page, complaints }
}

/** Has the run's last lines name the browser, and the adapter that a page of it found. */
export async function recordAdapter(browser: Browser, page: Page): Promise<void> {
  const adapter = await page.evaluate(async () => {
    const info = (await navigator.gpu.requestAdapter())?.info
    return info?.description || info?.architecture || 'no adapter'
  })
  recordDevice(`Chromium ${browser.version()} (WebGPU on ${adapter})`)
}
