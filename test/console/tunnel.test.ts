// The console at the other end of a tunnel, as ssh -L makes one: it is looked at, and changed, at another port than the
// server's, and a terminal here is let in by it. A server of this machine keeps its own sign-in beside it.

import { spawn } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { programFile } from '../support/programs.ts'
import { type Served, serve } from '../support/served.ts'
import { digTunnel, type Tunnel } from '../support/tunnel.ts'
import { useBrowser } from '../support/use-browser.ts'
import { becomeOwner, heading, signIn, type } from './by-hand.ts'

const ADA = 'ada@example.test'
const PUBLIC = 'https://claviger.example.org'

const browser = useBrowser()

let home: string
let server: Served
let tunnel: Tunnel

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'claviger-tunnel-'))
})

afterEach(async () => {
  await tunnel.close()
  await server.end('SIGTERM')
  await rm(home, { recursive: true, force: true })
})

const own = () => ({ PATH: '/usr/bin:/bin', HOME: home, TERM: 'dumb', CLAVIGER_EMBEDDED_WORKER: 'no' })

async function startServer(environment: Readonly<Record<string, string>> = {}): Promise<void> {
  server = await serve(home, { ...own(), CLAVIGER_PORT: '0', ...environment })
  tunnel = await digTunnel(server.url)
}

/** Somebody new at the tunnel, by the link that the server has printed with its own address. */
async function comeIn(): Promise<Page> {
  const { pathname, hash } = new URL(server.link)
  const page = await browser.open(`${tunnel.url}${pathname}${hash}`)
  await becomeOwner(page, ADA)
  return page
}

async function enrol(page: Page): Promise<void> {
  await page.goto(`${tunnel.url}/settings/machines`)
  await page.getByRole('button', { name: 'Enrol a worker' }).click()
  await type(page.getByLabel('Name', { exact: true }), 'build-1')
  await page.getByRole('button', { name: 'Make the code' }).click()
}

const typed = (page: Page, address: string) =>
  page.getByText(`claviger worker --server ${address} --enrol`, { exact: true })

it('is signed in to and changed at another port, and stays apart from a server at its own', async () => {
  await startServer()
  const page = await comeIn()
  await enrol(page)
  await typed(page, tunnel.url).waitFor()
  const cookies = await page.context().cookies()
  expect(cookies.map(({ name }) => name)).toEqual([`__Host-claviger-${new URL(tunnel.url).port}`])

  const beside = await page.context().newPage()
  await beside.goto(server.url)
  await signIn(beside, ADA)
  await heading(beside, 'Overview').waitFor()
  await page.reload()
  await page.getByRole('heading', { name: 'Workers' }).waitFor()
  expect(await page.context().cookies()).toHaveLength(2)
}, 60_000)

it('lets in a terminal that has come through the tunnel, by a page of the tunnel', async () => {
  await startServer()
  const page = await comeIn()
  const stateDirectory = join(home, 'laptop')
  const words = [programFile('claviger'), 'login', '--server', tunnel.url]
  const terminal = spawn(process.execPath, words, {
    env: { ...own(), CLAVIGER_STATE_DIR: stateDirectory },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let said = ''
  terminal.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text
  })
  const link = await vi.waitUntil(() => /open (http\S+) and type this code: (\S+)/.exec(said), 20_000)
  expect(said).toMatch(new RegExp(`^Server: ${tunnel.url}, My organization, fingerprint [0-9a-f-]{39}\n`))
  expect(link[1]).toBe(`${tunnel.url}/device`)
  await page.goto(`${link[1]}?code=${link[2]}`)
  await page.getByRole('button', { name: 'Let it in' }).click()
  await vi.waitUntil(() => terminal.exitCode !== null, 20_000)
  const login = JSON.parse(await readFile(join(stateDirectory, 'login.json'), 'utf8'))
  expect(login).toMatchObject({ server: tunnel.url })
}, 60_000)

it('is signed in to by a tunnel to a server whose people come by its public address', async () => {
  await startServer({ CLAVIGER_PUBLIC_URL: PUBLIC, CLAVIGER_WORKER_URL: 'http://claviger:7717' })
  expect(server.link).toMatch(new RegExp(`^${PUBLIC}/join#`))
  const page = await comeIn()
  await enrol(page)
  await typed(page, 'http://claviger:7717').waitFor()
}, 60_000)
