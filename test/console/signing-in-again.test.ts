// A login dies under a run: the overview says who is waited for, and one button on it leads to the sign-in that heals it.

import { afterAll, beforeAll, expect, it } from 'vitest'
import { createClient } from '../../src/client/client.ts'
import { Secret } from '../../src/domain/secret.ts'
import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts'
import { accessibilityFaults, picture } from '../support/browser.ts'
import { signInByDevice } from '../support/device-login.ts'
import { useConsole } from '../support/use-console.ts'

const settings = { openaiIssuer: '' }

let sandbox: Sandbox

beforeAll(async () => {
  sandbox = await startSandbox()
  sandbox.oauth.set({ deviceIntervalSeconds: 1 })
  settings.openaiIssuer = sandbox.issuerUrl
})

const world = useConsole(settings)

afterAll(() => sandbox.close())

it('names the login that a run waits for, and signs in right there', async () => {
  await signInByDevice(world.owner, sandbox, 'chatgpt')
  await waitForLogin()
  const page = await world.visitAs('/')
  await page.getByRole('heading', { name: 'Needs attention' }).waitFor()
  await page.getByText('needs login', { exact: true }).first().waitFor()
  await page.getByRole('heading', { name: 'Waiting for somebody' }).waitFor()
  expect(await accessibilityFaults(page)).toEqual([])
  await picture(page, 'overview-waiting')
  // Beside the login that is over, and beside the run that waits for it.
  const again = page.getByRole('link', { name: 'Sign in again for chatgpt' })
  await expect.poll(() => again.count()).toBe(2)
  await again.first().click()
  const dialog = page.getByRole('dialog', { name: 'Sign in again for chatgpt' })
  await dialog.getByRole('button', { name: 'Sign in', exact: true }).click()
  await dialog.getByRole('button', { name: 'Copy the code' }).waitFor()
  sandbox.oauth.decideDevice((await dialog.locator('output').textContent()) ?? '', 'approve')
  await page.getByText('chatgpt is signed in again.', { exact: true }).waitFor()
  await page.getByText('ok', { exact: true }).waitFor()
  await page.getByRole('link', { name: 'Overview' }).click()
  await page.getByRole('heading', { name: 'What ends when' }).waitFor()
  await page.getByRole('heading', { name: 'Needs attention' }).waitFor({ state: 'detached' })
})

/** A run that has lost its login at the provider, by a worker that is played. */
async function waitForLogin(): Promise<void> {
  const { owner, server } = world
  await owner.call('runs.create', { harness: 'codex', prompt: 'Say hi.' })
  const { code } = await owner.call('workers.enrol', { name: 'box' })
  const { token } = await owner.call('workers.join', { code })
  const worker = createClient({ server: server.url, token: new Secret(token) })
  const asked = {
    harnesses: ['codex' as const],
    capacity: 1,
    waitSeconds: 0,
    process: 'process of box',
    asked: 1,
  }
  const [run] = (await worker.call('runs.claim', asked)).runs
  const { id = '', claim = '' } = run ?? {}
  const lease = await worker.call('leases.create', { harness: 'codex', run: id, claim })
  const [login] = sandbox.oauth.logins()
  sandbox.oauth.revokeLogin(login?.id ?? '')
  const generation = lease.credential?.generation ?? 0
  const verdict = await worker.call('leases.reject', { id: lease.id, generation, status: 401 })
  expect(verdict.verdict).not.toBe('retry')
  const waits = { is: 'state', seq: 1, at: new Date().toISOString() } as const
  await worker.call('runs.report', {
    ...{ id, claim },
    items: [{ ...waits, state: 'waiting_for_credentials', reason: 'its login has ended' }],
  })
}
