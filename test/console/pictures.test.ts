// The pictures of the README: a real server, a real worker and the real claude, a team that is invented. They are kept with
// the other pictures of the tests; `npm run pictures` puts them into docs/pictures.

import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { ROOT } from '../support/programs.ts'
import { useConsole } from '../support/use-console.ts'
import { log, startRun } from './by-hand.ts'
import { ADA, BELA, gatherTeam, goBack, KEYS, type Team } from './pictured-team.ts'
import { openRunsHouse } from './runs-house.ts'

const DIRECTORY = join(ROOT, process.env['PICTURES'] ?? 'test/console/screenshots')
const AT_MOST = 150 * 1024 // bytes
const QUALITY = 82

const FIRST = 'Why does the invoice export skip 29 February? Please fix it.'
const SECOND = 'Good. Now add a test for leap years.'

const write = (file_path: string, content: string) =>
  [{ type: 'tool', name: 'Write', input: { file_path, content } }] as const

// What the model says, one after the other.
const WORK = [
  write(
    'days.ts',
    'export const daysIn = (year: number, month: number) => new Date(year, month, 0).getDate()\n',
  ),
  'The export took every February to have 28 days, so the last day of a leap year was never asked for. The number of days comes from the calendar now, in days.ts.',
  write(
    'days.test.ts',
    "it.each([[2028, 29], [2100, 28]])('knows February %i', (year, days) => expect(daysIn(year, 2)).toBe(days))\n",
  ),
  'days.test.ts covers 2028, and 2100, which is no leap year. With 28 days in each February, as the old code had them, it fails.',
]

const accepted = KEYS.map((value) => ({ provider: 'anthropic', kind: 'api-key', value }) as const)
const house = await openRunsHouse(accepted, { playsHosts: true })

beforeAll(goBack)
afterAll(() => void vi.useRealTimers())

const world = useConsole(house.settings)

let team: Team

beforeAll(async () => {
  team = await gatherTeam(world, house)
  await house.startWorker({ server: world.server, owner: team.ada })
})

interface Look {
  readonly who: string
  readonly height: number
  readonly colorScheme?: 'light' | 'dark'
}

// No room for a scroll bar, which no picture needs, and no caret that blinks.
const STYLE =
  ':root { scrollbar-gutter: auto; scrollbar-width: none } * { caret-color: transparent !important }'

/** With pixels for any screen. */
async function open(path: string, { who, height, colorScheme = 'light' }: Look): Promise<Page> {
  const viewport = { width: 1280, height }
  const page = await world.visitAs(path, who, {
    viewport,
    colorScheme,
    deviceScaleFactor: 2,
    bypassCSP: true,
  })
  await page.addStyleTag({ content: STYLE })
  return page
}

/** As somebody sees it who comes back after a while. */
async function later(page: Page, minutes: number): Promise<void> {
  await page.clock.setFixedTime(Date.now() + minutes * 60_000)
  await page.reload()
  await page.addStyleTag({ content: STYLE })
}

async function keep(page: Page, name: string): Promise<void> {
  const session = await page.context().newCDPSession(page)
  const { data } = await session.send('Page.captureScreenshot', { format: 'webp', quality: QUALITY })
  const bytes = Buffer.from(data, 'base64')
  expect(bytes.length).toBeLessThan(AT_MOST)
  mkdirSync(DIRECTORY, { recursive: true })
  writeFileSync(join(DIRECTORY, `${name}.webp`), bytes)
}

it('a run whose login is revoked in the middle', async () => {
  house.sandbox.reply(({ userTexts, toolResults }) => {
    const isSecond = userTexts.some((text) => text.includes(SECOND))
    return WORK[toolResults.length + (isSecond ? 1 : 0)] ?? 'Done.'
  })
  const page = await open('/runs?start=yes', { who: BELA, height: 924 })
  await startRun(page, 'max-plan (claude/oauth)', FIRST)
  await log(page).getByText('28 days').waitFor()
  const composer = page.getByLabel('Message', { exact: true })
  await expect.poll(() => composer.isEnabled()).toBe(true)
  house.sandbox.oauth.revokeLogin(team.login)
  await composer.fill(SECOND)
  await composer.press('Enter')
  await page.getByRole('status').getByText('Re-authenticating Claude').waitFor()
  await keep(page, 'run-paused')
  await log(page).getByText('switched').waitFor()
  await log(page).getByText('it fails').waitFor()
  await page.getByText('ready', { exact: true }).waitFor()
  expect(await log(page).getByText('took its place').count()).toBe(0)
  await later(page, 3)
  await log(page).getByText('it fails').waitFor()
  await keep(page, 'run')
}, 120_000)

it('what is there, and what ends when', async () => {
  const page = await open('/', { who: ADA, height: 1060 })
  await later(page, 24)
  await page.getByRole('heading', { name: 'What ends when' }).waitFor()
  await keep(page, 'overview')
})

it('why a run would get which', async () => {
  const page = await open('/explain', { who: ADA, height: 1024, colorScheme: 'dark' })
  await page.getByRole('list', { name: 'Candidates' }).getByRole('listitem').first().waitFor()
  await keep(page, 'explain')
})
