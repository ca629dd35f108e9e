// A real Chromium for the tests of one file: found on this machine or installed, gone with the test. Each page is watched:
// a script that fails, or something the page's policy refused, fails the test.

import { existsSync, mkdirSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import axe from 'axe-core'
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core'
import { findOrInstall, installLine } from './debian.ts'

const CHROMIUM = { name: 'chromium', called: 'Chromium' }
const NAMES = ['chromium', 'chromium-browser', 'google-chrome']
const FLAGS = [
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/** Where pictures of pages are kept; git ignores it. */
const PICTURES = fileURLToPath(new URL('../console/screenshots', import.meta.url))

/** The size of the window of a computer, and of a phone. */
export const WIDE = { width: 1280, height: 800 }
export const PHONE = { width: 390, height: 844 }

export async function startBrowser(): Promise<Browser> {
  const isRoot = process.getuid?.() === 0
  return chromium.launch({
    executablePath: findChromium(),
    // Its own sandbox needs a user that is not root.
    args: [...FLAGS, ...(isRoot ? ['--no-sandbox'] : [])],
  })
}

function findChromium(): string {
  const program = findOrInstall(CHROMIUM, installedChromium)
  if (program !== undefined) return program
  throw new Error(`The tests need Chromium and found none on PATH. Type: ${installLine(CHROMIUM)}`)
}

function installedChromium(): string | undefined {
  return (process.env['PATH'] ?? '')
    .split(delimiter)
    .flatMap((folder) => NAMES.map((name) => join(folder, name)))
    .find((path) => existsSync(path))
}

export interface Watched {
  /** What the scripts of the page and its policy had to complain of, so far. */
  readonly complaints: string[]
}

/** Hears what goes wrong in every page of this context. An answer with an error status is for the page to show. */
export function watch(context: BrowserContext): Watched {
  const complaints: string[] = []
  context.on('console', (message) => {
    const text = message.text()
    if (message.type() === 'error' && !text.startsWith('Failed to load resource')) complaints.push(text)
  })
  context.on('weberror', (thrown) => complaints.push(String(thrown.error())))
  return { complaints }
}

// Between two colours there are others, which nobody is meant to read: what passes over has to have done so. In the page.
const AT_REST = `(async () => {
  const frame = () => new Promise((resolve) => requestAnimationFrame(resolve))
  await frame()
  await frame()
  const passing = document.getAnimations().filter((one) => one.effect?.getComputedTiming().iterations !== Infinity)
  await Promise.all(passing.map((one) => one.finished.catch(() => undefined)))
})()`

const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']
// Those that look at colours.
const OF_COLOURS = ['color-contrast', 'link-in-text-block']

/** What axe finds wrong with the page as it is shown now, a line each; of its colours alone, or of everything. */
export async function accessibilityFaults(page: Page, of: 'all' | 'colours' = 'all'): Promise<string[]> {
  await page.evaluate(axe.source)
  await page.evaluate(AT_REST)
  const runOnly = of === 'all' ? { type: 'tag', values: RULES } : { type: 'rule', values: OF_COLOURS }
  const { violations } = (await page.evaluate(
    `axe.run(${JSON.stringify({ runOnly, resultTypes: ['violations'] })})`,
  )) as axe.AxeResults
  return violations.flatMap(({ id, help, nodes }) =>
    nodes.map(({ target, failureSummary }) => `${id}: ${help}: ${target.join(' ')} ${failureSummary ?? ''}`),
  )
}

/** Keeps a picture of what the page shows, where somebody wants to look at them (`SCREENSHOTS=1`): `NAME.png`. */
export async function picture(page: Page, name: string): Promise<void> {
  if (process.env['SCREENSHOTS'] === undefined) return
  mkdirSync(PICTURES, { recursive: true })
  await page.screenshot({ path: join(PICTURES, `${name}.png`), animations: 'disabled' })
}
