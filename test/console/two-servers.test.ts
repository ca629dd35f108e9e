// Two servers on one Postgres, a browser at each: what somebody changes at the one, whoever looks at the other sees.

import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts'
import { createReplicas, type Replica, type Replicas } from '../support/replicas.ts'
import { useBrowser } from '../support/use-browser.ts'
import { usePostgres } from '../support/use-postgres.ts'
import { addKey, go, join } from './by-hand.ts'

const KEY = 'sk-ant-test-two-servers-0001'
const BOB = 'bob@example.test'

const postgres = usePostgres()
const browser = useBrowser()

let sandbox: Sandbox
let replicas: Replicas
let servers: readonly [Replica, Replica]

beforeAll(async () => {
  sandbox = await startSandbox({ credentials: [{ provider: 'anthropic', kind: 'api-key', value: KEY }] })
  replicas = createReplicas(await postgres.furnishedDatabase('server'))
  const settings = { anthropicUrl: sandbox.anthropicUrl }
  servers = [await replicas.start(settings), await replicas.start(settings)]
})

afterAll(async () => {
  await replicas?.close()
  await sandbox?.close()
})

/** The page of somebody new, who has joined by this server. */
async function arrive(server: Replica, email: string, role: 'admin'): Promise<Page> {
  const { link } = await server.client().call('invitations.create', { email, role })
  const { pathname, hash } = new URL(link)
  const page = await browser.open(`${server.url}${pathname}${hash}`)
  await join(page, email.split('@')[0] ?? '')
  return page
}

it('Ada sees at one server what Bob does at the other, without loading anything again', async () => {
  const [first, second] = servers
  const ada = await arrive(first, 'ada@example.test', 'admin')
  const bob = await arrive(second, BOB, 'admin')
  await go(ada, 'Credentials')
  await ada.getByText('There are no credentials yet').waitFor()
  const loads: string[] = []
  ada.on('framenavigated', (frame) => loads.push(frame.url()))

  // Of a personal one of his she learns that there is one.
  await add(bob, 'own', 'Personal')
  await ada.getByText('and 1 personal credential of bob').waitFor()
  await add(bob, 'shared', 'Organization')
  const row = ada.getByRole('row', { name: /shared/ })
  await row.getByText('ok', { exact: true }).waitFor()
  expect(await ada.getByRole('row', { name: /own/ }).count()).toBe(0)

  await bob.getByRole('button', { name: 'What to do with it' }).click()
  await bob.getByRole('menuitem', { name: 'Rename…' }).click()
  const dialog = bob.getByRole('dialog')
  await dialog.getByLabel('Name').selectText()
  await bob.keyboard.type('for-everybody')
  await bob.keyboard.press('Enter')
  await ada.getByRole('row', { name: /for-everybody/ }).waitFor()
  expect(await ada.getByRole('row', { name: /shared/ }).count()).toBe(0)
  expect(loads).toEqual([])
  expect([new URL(ada.url()).origin, new URL(bob.url()).origin]).toEqual([first.url, second.url])
})

async function add(page: Page, name: string, owner: string): Promise<void> {
  await go(page, 'Credentials')
  await page.getByRole('link', { name: 'Add a credential' }).first().click()
  await addKey(page, 'Anthropic API key', { name, key: KEY, owner })
}
