// Long lists in a real Chromium: ten thousand credentials and a hundred thousand entries of the audit log beside a hundred of
// each, on each engine; and what taking the whole log away, and verifying it, costs.

import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { type Client, createClient } from '../src/client/client.ts'
import { Secret } from '../src/domain/secret.ts'
import { newId } from '../src/lib/id.ts'
import { startBrowser, WIDE } from '../test/support/browser.ts'
import { codeIn } from '../test/support/links.ts'
import { startPostgres } from '../test/support/postgres.ts'
import { withServerStore } from '../test/support/server-store.ts'
import { type RunningClaviger, startClaviger } from './processes.ts'
import { median, type Section } from './report.ts'
import { type Scrolled, scrollDown } from './scrolling.ts'

interface Size {
  readonly credentials: number
  readonly entries: number
}

const FEW: Size = { credentials: 100, entries: 100 }
const MANY: Size = { credentials: 10_000, entries: 100_000 }
const SHORT: Size = { credentials: 1_000, entries: 2_000 }

const ROUNDS = 5
const BATCH = 500
const PASSWORD = 'correct horse battery'

interface Looked extends Scrolled {
  readonly firstRows: number
  readonly found: number
}

interface Place {
  readonly credentials: Looked
  readonly audit: Looked
  /** Seconds, and the most memory of the server while it exported beside what it had before, in MiB. */
  readonly exported: {
    readonly seconds: number
    readonly bytes: number
    readonly memory: readonly [number, number]
  }
  readonly verified: { readonly seconds: number; readonly entries: number }
}

export async function benchLists(short: boolean): Promise<Section> {
  const many = short ? SHORT : MANY
  const directory = await mkdtemp(join(tmpdir(), 'claviger-bench-'))
  const postgres = await startPostgres({ durable: true })
  const browser = await startBrowser()
  try {
    const rows: string[][] = []
    const afters: string[] = []
    for (const engine of ['SQLite', 'Postgres'] as const) {
      const look = async (size: Size) => {
        process.stderr.write(`lists: ${engine}, ${counted(size.entries)} …\n`)
        const url = engine === 'SQLite' ? '' : await postgres.createDatabase()
        const place = await measure(browser, await mkdtemp(join(directory, 'state-')), url, size)
        // Whoever waits for the others has these already.
        process.stderr.write(`${JSON.stringify(place)}\n`)
        return place
      }
      const [small, large] = [await look(FEW), await look(many)]
      rows.push(
        row(`${engine}: ${counted(many.credentials)} credentials`, small.credentials, large.credentials),
        row(`${engine}: ${counted(many.entries)} entries of the audit log`, small.audit, large.audit),
      )
      afters.push(afterwards(engine, large))
    }
    return {
      title: 'Long lists in the console',
      text: `A real Chromium beside the server, the list of as many beside one of ${FEW.entries}. First rows: from following the address to the first row, medians of ${ROUNDS}. Then it is scrolled for up to 5,000 rows, eight rows a frame; late frames came more than 50 ms after the one before. Search: from Enter to the rows that fit, a word of the oldest.`,
      head: [
        ...['what', 'first rows ms, 100', 'first rows ms', 'ratio', 'rows scrolled', 'frames', 'late frames'],
        ...['longest ms', 'rows in the page at most', 'search ms, 100', 'search ms'],
      ],
      rows,
      after: afters.join(' '),
    }
  } finally {
    await browser.close()
    await postgres.close()
    await rm(directory, { recursive: true, force: true })
  }
}

function counted(count: number): string {
  return count.toLocaleString('en')
}

function row(what: string, few: Looked, many: Looked): string[] {
  return [
    ...[what, few.firstRows.toFixed(0), many.firstRows.toFixed(0)],
    `${(many.firstRows / few.firstRows).toFixed(2)}×`,
    ...[counted(many.rows), String(many.frames), String(many.late), many.longest.toFixed(0)],
    ...[String(many.inPage), few.found.toFixed(0), many.found.toFixed(0)],
  ]
}

function afterwards(engine: string, { exported, verified }: Place): string {
  const [before, most] = exported.memory
  return `${engine}: all of the log is taken away in ${exported.seconds.toFixed(1)} s (${(exported.bytes / 2 ** 20).toFixed(0)} MiB), the server's memory being ${before.toFixed(0)} MiB before and ${most.toFixed(0)} MiB at most meanwhile; ${counted(verified.entries)} entries are verified in ${verified.seconds.toFixed(1)} s.`
}

async function measure(browser: Browser, directory: string, url: string, size: Size): Promise<Place> {
  const empty = await startClaviger(directory, url)
  const client = clientOf(empty)
  const made = { type: 'claude/api-key', owner: 'org', name: 'key-00000' } as const
  const { id } = await client.call('credentials.create', {
    ...made,
    fields: { key: `sk-ant-${'x'.repeat(40)}` },
  })
  const { organization } = await client.call('whoami', {})
  await empty.stop()
  const database = url === '' ? `sqlite:${join(directory, 'claviger.db')}` : url
  await fill(database, organization.id, id, size)
  const server = await startClaviger(directory, url)
  try {
    const cookie = await signIn(server)
    const place = {
      credentials: await look(browser, server, cookie, {
        path: 'credentials',
        field: 'Find',
        word: 'key-00007',
      }),
      audit: await look(browser, server, cookie, { path: 'audit', field: 'Search', word: 'numbered-00007' }),
    }
    return { ...place, exported: await takeAway(server, directory), verified: await verify(clientOf(server)) }
  } finally {
    await server.stop()
  }
}

function clientOf({ url, token }: RunningClaviger): Client {
  return createClient({ server: url, token: new Secret(token) })
}

// As the server would: entries are chained by the store itself.
async function fill(url: string, organizationId: string, id: string, size: Size): Promise<void> {
  await withServerStore(url, async (store) => {
    const first = await store.credentials.get(organizationId, id)
    if (first === undefined) throw new Error('there is no credential to copy')
    for (let from = 1; from < size.credentials; from += BATCH)
      await store.atomically(async (unit) => {
        for (let i = from; i < Math.min(from + BATCH, size.credentials); i += 1)
          await unit.credentials.insert({ ...first, id: newId('cred'), name: `key-${digits(i)}` })
      })
    for (let from = 0; from < size.entries; from += BATCH)
      await store.atomically(async (unit) => {
        for (let i = from; i < Math.min(from + BATCH, size.entries); i += 1)
          await unit.audit.append({
            ...{ id: newId('aud'), organizationId, at: Date.now(), requestId: `request-${i}` },
            ...{ actorKind: 'person', actorId: `bench${i % 50}`, actorName: `bench${i % 50}@example.test` },
            ...{ action: 'lease.create', outcome: 'allowed', details: { harness: 'claude' } },
            ...{ objectKind: 'credential', objectId: id, objectName: `numbered-${digits(i)}` },
          })
      })
  })
}

function digits(i: number): string {
  return String(i).padStart(5, '0')
}

// By a link, as somebody who lost their password: what the browser is given is a session like any other.
async function signIn(server: RunningClaviger): Promise<string> {
  const client = clientOf(server)
  const { name } = await client.call('whoami', {})
  const { link } = await client.call('members.link', { member: name })
  const body = { code: codeIn(link), password: PASSWORD, session: true }
  const headers = { origin: server.url, 'content-type': 'application/json' }
  const given = { ...body, email: 'ada@example.test' }
  const answer = await fetch(`${server.url}/api/v1/invitations/accept`, {
    ...{ method: 'POST', headers, body: JSON.stringify(given) },
  })
  if (!answer.ok) throw new Error(`nobody was signed in: ${answer.status}`)
  return answer.headers.get('set-cookie') ?? ''
}

interface List {
  readonly path: string
  readonly field: string
  readonly word: string
}

async function look(
  browser: Browser,
  server: RunningClaviger,
  cookie: string,
  { path, field, word }: List,
): Promise<Looked> {
  const context = await browser.newContext({ viewport: WIDE, serviceWorkers: 'block' })
  try {
    const [, name = '', value = ''] = /^([^=]+)=([^;]+)/.exec(cookie) ?? []
    const kept = { name, value, domain: new URL(server.url).hostname, path: '/' }
    await context.addCookies([{ ...kept, secure: true, httpOnly: true, sameSite: 'Strict' }])
    const page = await context.newPage()
    const first: number[] = []
    for (let round = 0; round <= ROUNDS; round += 1) {
      const ms = await firstRows(page, `${server.url}/${path}`)
      if (round > 0) first.push(ms)
    }
    const scrolled = await scrollDown(page)
    const begun = performance.now()
    await page.getByLabel(field, { exact: true }).fill(word)
    await page.getByLabel(field, { exact: true }).press('Enter')
    await page
      .getByRole('row', { name: new RegExp(word) })
      .first()
      .waitFor({ timeout: 120_000 })
    await page.getByRole('row').nth(2).waitFor({ state: 'detached', timeout: 120_000 })
    return { ...scrolled, firstRows: median(first), found: performance.now() - begun }
  } finally {
    await context.close()
  }
}

async function firstRows(page: Page, address: string): Promise<number> {
  await page.goto('about:blank')
  const begun = performance.now()
  await page.goto(address, { waitUntil: 'commit' })
  await page.getByRole('grid').locator('[data-index]').first().waitFor({ timeout: 120_000 })
  return performance.now() - begun
}

// Read as fast as it comes; the server's memory is looked at meanwhile.
async function takeAway({ url, token }: RunningClaviger, directory: string): Promise<Place['exported']> {
  const { pid } = JSON.parse(await readFile(join(directory, 'server.json'), 'utf8')) as { pid: number }
  const before = await memoryOf(pid)
  const begun = performance.now()
  const headers = { authorization: `Bearer ${token}` }
  const answer = await fetch(`${url}/api/v1/audit/export?format=jsonl`, { headers })
  if (!answer.ok || answer.body === null) throw new Error(`no log was taken away: ${answer.status}`)
  let [bytes, most, looked] = [0, before, 0]
  for await (const chunk of answer.body) {
    bytes += chunk.length
    if (bytes - looked < 2 ** 20) continue
    looked = bytes
    most = Math.max(most, await memoryOf(pid))
  }
  return { seconds: (performance.now() - begun) / 1000, bytes, memory: [before, most] }
}

// MiB that are resident.
async function memoryOf(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  return Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1] ?? Number.NaN) / 1024
}

async function verify(client: Client): Promise<Place['verified']> {
  const begun = performance.now()
  let entries = 0
  for (let place: { position: number; hash?: string } | null = { position: 0 }; place !== null; ) {
    const answer: Awaited<ReturnType<typeof verifyFrom>> = await verifyFrom(client, place)
    if (answer.findings.length > 0) throw new Error('the log does not fit together')
    entries += answer.entries
    place = answer.next
  }
  return { seconds: (performance.now() - begun) / 1000, entries }
}

function verifyFrom(client: Client, place: { position: number; hash?: string }) {
  return client.call('audit.verify', place)
}
