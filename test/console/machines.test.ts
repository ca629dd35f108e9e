// Agents, workers and webhooks in a real browser: what is made is shown once, how long it is good is chosen.

import { beforeAll, expect, it } from 'vitest'
import { createClient } from '../../src/client/client.ts'
import { Secret } from '../../src/domain/secret.ts'
import { accessibilityFaults, picture } from '../support/browser.ts'
import { fakeKey } from '../support/house.ts'
import { startReceiver } from '../support/receiver.ts'
import { useConsole } from '../support/use-console.ts'
import { inEveryLook } from './looks.ts'

const PATH = '/settings/machines'

const world = useConsole({ allowPrivateUpstreams: 'yes' })

beforeAll(async () => {
  await world.owner.call('credentials.create', {
    ...{ type: 'claude/api-key', name: 'shared-key', owner: 'org', fields: { key: fakeKey('shared') } },
  })
  await world.invite('bob@example.test', 'member')
})

it('an agent is made, gets a credential, and a token whose expiry is chosen, never said out loud', async () => {
  const page = await world.visitAs(PATH)
  await page.getByLabel('New agent').fill('nightly')
  await page.getByRole('button', { name: 'Make the agent' }).click()
  await page.getByRole('button', { name: 'Open nightly' }).click()
  const dialog = page.getByRole('dialog', { name: 'Agent nightly' })
  await dialog.getByLabel('Attach a credential').selectOption('shared-key (Organization)')
  await dialog.getByRole('button', { name: 'Detach shared-key' }).waitFor()
  await dialog.getByLabel('New token').fill('ci')
  const make = dialog.getByRole('button', { name: 'Make the token' })
  expect(await make.isDisabled()).toBe(true)
  await dialog.getByLabel('It expires after').selectOption('Never')
  await dialog.getByText(/good until somebody revokes it/).waitFor()
  expect(await accessibilityFaults(page)).toEqual([])
  await picture(page, 'settings-agent-wide-light')
  await make.click()
  const shown = page.getByRole('dialog', { name: 'Token ci' })
  const token = await shown.locator('code').innerText()
  const answer = await fetch(`${world.server.url}/api/v1/whoami`, {
    headers: { authorization: `Bearer ${token}` },
  })
  expect(await answer.json()).toMatchObject({ kind: 'agent', name: 'nightly' })
  await shown.getByRole('button', { name: 'I have it' }).click()
  await dialog.getByText('never expires').waitFor()
  expect(await page.content()).not.toContain(token)
  await dialog.getByRole('button', { name: 'Detach shared-key' }).click()
  await dialog.getByRole('button', { name: 'Detach shared-key' }).waitFor({ state: 'detached' })
  expect((await world.owner.call('agents.get', { agent: 'nightly' })).attached).toEqual([])
})

it('a worker is enrolled by a command and a code that works once, and revoked', async () => {
  const page = await world.visitAs(PATH)
  await page.getByRole('button', { name: 'Enrol a worker' }).click()
  const form = page.getByRole('dialog', { name: 'Enrol a worker' })
  await form.getByLabel('Name').fill('build-1')
  await form.getByRole('button', { name: 'Make the code' }).click()
  const shown = page.getByRole('dialog', { name: 'Enrol build-1' })
  await shown.getByText(`claviger worker --server ${world.server.url} --enrol`, { exact: true }).waitFor()
  const code = await shown.locator('code').last().innerText()
  await shown.getByRole('button', { name: 'I have it' }).click()
  await page.getByText('expected', { exact: true }).waitFor()
  await world.owner.call('workers.join', { code })
  await page.getByText('enrolled', { exact: true }).first().waitFor()
  await page.getByRole('button', { name: 'Revoke the worker build-1' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Revoke' }).click()
  await page.getByText('The worker build-1 is revoked.', { exact: true }).waitFor()
  const { workers } = await world.owner.call('workers.list', {})
  expect(workers.find(({ name }) => name === 'build-1')?.state).toBe('revoked')
})

it('a worker shows what it is, and the run that it has', async () => {
  const { owner, server } = world
  await owner.call('runs.create', { harness: 'claude', prompt: 'Wait.' })
  const { code } = await owner.call('workers.enrol', { name: 'box' })
  const { token } = await owner.call('workers.join', { code })
  const worker = createClient({ server: server.url, token: new Secret(token) })
  const claiming = { harnesses: ['claude' as const], capacity: 1, waitSeconds: 0, process: 'one', asked: 1 }
  const programs = [{ harness: 'claude' as const, version: '2.1.0' }]
  const page = await world.visitAs(PATH)
  const line = page.getByRole('list', { name: 'Workers' }).getByRole('listitem').filter({ hasText: 'box' })
  await line.getByText('no run now').waitFor()
  expect((await worker.call('runs.claim', { ...claiming, version: '1.2.3', programs })).runs).toHaveLength(1)
  await line.getByText(/^runs 1: Claude Code /).waitFor()
  await line.getByText('Claviger 1.2.3').waitFor()
  await line.getByText('Claude Code 2.1.0').waitFor()
  await picture(page, 'settings-worker-busy-wide-light')
})

it('a webhook is tried out by its button, and what it answers is said', async () => {
  await using receiver = await startReceiver()
  const { secret } = await world.owner.call('webhooks.create', { url: receiver.url })
  receiver.secret = secret
  const page = await world.visitAs('/settings/organization')
  const test = page.getByRole('button', { name: `Test ${receiver.url}` })
  await test.click()
  await page.getByText('It was taken: 204.', { exact: true }).waitFor()
  expect(receiver.received.map(({ genuine }) => genuine)).toEqual([true])
  receiver.answer = (response) => response.writeHead(410).end('<img src=x>')
  await test.click()
  await page.getByText('It was not taken: 410.', { exact: true }).waitFor()
  for (const { id } of (await world.owner.call('webhooks.list', {})).webhooks)
    await world.owner.call('webhooks.remove', { id })
})

it('a webhook is added, its secret shown once, and removed', async () => {
  const page = await world.visitAs('/settings/organization')
  await page.getByRole('button', { name: 'Add a webhook' }).click()
  await page.getByLabel('Address').fill('https://hooks.example.test/claviger')
  await page.getByRole('button', { name: 'Add it' }).click()
  const shown = page.getByRole('dialog', { name: 'Secret of the webhook' })
  expect(await shown.locator('code').innerText()).toMatch(/^whsec_/)
  await shown.getByRole('button', { name: 'I have it' }).click()
  await page.getByRole('button', { name: /^Remove the webhook/ }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click()
  await page.getByText('The webhook is removed.', { exact: true }).waitFor()
  expect((await world.owner.call('webhooks.list', {})).webhooks).toEqual([])
})

it('is in order for every reader, and not for members', async () => {
  const bob = await world.visitAs(PATH, 'bob@example.test')
  await bob.getByText('Only admins see agents and workers').waitFor()
  const page = await world.visitAs(PATH)
  await inEveryLook(page, 'settings-machines', () =>
    page.getByRole('button', { name: 'Open nightly' }).waitFor(),
  )
})
