// Nothing jumps: what is shown of a page stays where it is while the rest of it comes, and a window moves nothing under it.

import { setTimeout as sleep } from 'node:timers/promises'
import type { Page, Request } from 'playwright-core'
import { beforeAll, expect, it } from 'vitest'
import { PHONE, picture, WIDE } from '../support/browser.ts'
import { comment, delivery, issueComment, SIGNING } from '../support/github-deliveries.ts'
import { fakeKey } from '../support/house.ts'
import { useConsole } from '../support/use-console.ts'

// What Chromium calls a layout shift: how much of the window moves, times how far. Of nothing that moves anybody reads more.
const HARDLY_SEEN = 0.02
const WATCH = `globalThis.shifts = []
new PerformanceObserver((list) => {
  for (const { value, sources } of list.getEntries())
    shifts.push([value, ...sources.map(({ node }) => String(node?.textContent).slice(0, 60))])
}).observe({ type: 'layout-shift', buffered: true })`

// Neither platform is there.
const world = useConsole({ githubApi: 'http://127.0.0.1:1', linearApi: 'http://127.0.0.1:1' })

let id: string

beforeAll(async () => {
  const key = (name: string, owner: string) =>
    world.owner.call('credentials.create', {
      ...{ type: 'claude/api-key', name, owner, fields: { key: fakeKey(name) } },
    } as const)
  await world.owner.call('teams.create', { team: 'platform' })
  id = (await key('main', 'me')).id
  for (const name of ['one', 'two', 'three']) await key(name, 'org')
  await world.invite('bob@example.test', 'member', ['platform'])
})

/** Two channels, and what was delivered to one of them. */
async function addChannels(): Promise<void> {
  const settings = { handle: 'claviger' }
  await world.owner.call('channels.create', {
    ...{ kind: 'github', name: 'shop', settings },
    secrets: { signing: SIGNING, token: 'fake-github-token-of-a-robot' },
  })
  await world.owner.call('channels.create', {
    ...{ kind: 'linear', name: 'planning', settings },
    secrets: { signing: 'lin_wh_not-a-real-secret', token: 'lin_api_not-a-real-token' },
  })
  for (const number of [1, 2, 3]) {
    const payload = issueComment({ comment: comment({ id: 9000 + number }) })
    const { headers, body } = delivery('issue_comment', payload, `d-${number}`)
    const sent = { method: 'POST', headers: headers as Record<string, string>, body: Buffer.from(body) }
    expect((await fetch(`${world.server.url}/webhooks/github`, sent)).status).toBe(202)
  }
}

async function removeChannels(): Promise<void> {
  const { channels } = await world.owner.call('channels.list', {})
  for (const { id: channel } of channels) await world.owner.call('channels.remove', { id: channel })
}

/** Makes what moves while it loads be noted, and each answer take its own time, so that what comes apart is seen apart. */
async function slowly(page: Page): Promise<() => boolean> {
  await page.addInitScript(WATCH)
  let asked = 0
  const open = new Set<Request>()
  const isRead = (url: string) => url.includes('/api/v1/') && !url.endsWith('/live')
  page.on('request', (request) => isRead(request.url()) && open.add(request))
  page.on('requestfinished', (request) => open.delete(request))
  page.on('requestfailed', (request) => open.delete(request))
  await page.route('**/api/v1/**', async (route) => {
    asked += 1
    if (isRead(route.request().url())) await sleep(60 * (asked % 5))
    await route.continue().catch(() => undefined)
  })
  return () => open.size === 0
}

async function shiftsAt(page: Page, path: string, isQuiet: () => boolean): Promise<unknown[]> {
  await page.goto(new URL(path, world.server.url).href)
  await page.getByRole('heading', { level: 1 }).first().waitFor()
  return shiftsOf(page, path, isQuiet)
}

/** What has moved by the time that all is there. */
async function shiftsOf(page: Page, what: string, isQuiet: () => boolean): Promise<unknown[]> {
  const loading = page.getByText('Loading', { exact: true })
  await expect.poll(async () => isQuiet() && (await loading.count()) === 0).toBe(true)
  const shifts = (await page.evaluate('shifts')) as [number, ...string[]][]
  const sum = shifts.reduce((all, [value]) => all + value, 0)
  return sum > HARDLY_SEEN ? [what, sum, shifts] : []
}

it.each([
  ['wide', WIDE],
  ['on a phone', PHONE],
])('while a page loads, %s', async (_, viewport) => {
  const page = await world.visitAs('/', undefined, { viewport })
  const isQuiet = await slowly(page)
  const settings = ['coding-agents', 'organization', 'channels', 'machines', 'personal'].map(
    (part) => `/settings/${part}`,
  )
  const places = ['/', '/credentials', `/credentials/${id}`, '/runs', '/explain', '/audit']
  for (const path of [...places, ...settings]) expect(await shiftsAt(page, path, isQuiet)).toEqual([])
})

it.each([
  ['wide', WIDE],
  ['on a phone', PHONE],
])('while channels load, and one that is opened, %s', async (_, viewport) => {
  try {
    await addChannels()
    const page = await world.visitAs('/', undefined, { viewport })
    const isQuiet = await slowly(page)
    for (let i = 0; i < 3; i += 1) expect(await shiftsAt(page, '/settings/channels', isQuiet)).toEqual([])
    await page.evaluate('shifts.splice(0)')
    await page.getByRole('button', { name: 'Open shop' }).click()
    await page.getByRole('list', { name: 'Delivered to shop' }).waitFor()
    expect(await shiftsOf(page, 'a channel', isQuiet)).toEqual([])
  } finally {
    await removeChannels()
  }
})

it('under a window, however long the page is', async () => {
  const page = await world.visitAs('/runs')
  // By its text: under a window it is nobody's button.
  const find = page.locator('button', { hasText: 'Find' })
  for (const path of ['/runs', '/settings/organization']) {
    await page.goto(new URL(path, world.server.url).href)
    await find.waitFor()
    await expect.poll(() => page.getByText('Loading', { exact: true }).count()).toBe(0)
    const before = await find.boundingBox()
    await find.click()
    await page.getByRole('combobox').waitFor()
    expect(await find.boundingBox()).toEqual(before)
    // Its scrim has no edge where a scroll bar would be.
    const strip = (x: number) => page.screenshot({ clip: { x, y: 760, width: 4, height: 4 } })
    expect(await strip(WIDE.width - 4)).toEqual(await strip(WIDE.width - 24))
    await picture(page, `under-a-window${path.replaceAll('/', '-')}`)
    await page.keyboard.press('Escape')
    await page.getByRole('dialog').waitFor({ state: 'detached' })
  }
})
