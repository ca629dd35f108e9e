// Signing in to Claude from the console: the real claude program of the server does it, with the sandbox for the hosts that
// it insists on, and the code of its page is pasted.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts'
import { agentPrograms } from '../agents/install.ts'
import { picture } from '../support/browser.ts'
import { useConsole } from '../support/use-console.ts'

const settings = { claudeBin: '' }

let directory: string
let sandbox: Sandbox

beforeAll(async () => {
  settings.claudeBin = (await agentPrograms()).claude
  directory = mkdtempSync(join(tmpdir(), 'claviger-console-claude-'))
  sandbox = await startSandbox({ tls: { directory } })
  vi.stubEnv('HTTPS_PROXY', sandbox.tls?.proxyUrl)
  vi.stubEnv('NODE_EXTRA_CA_CERTS', sandbox.tls?.caFile)
})

const world = useConsole(settings)

afterAll(async () => {
  vi.unstubAllEnvs()
  await sandbox.close()
  rmSync(directory, { recursive: true, force: true })
})

it('shows the notice, leads to the page of Anthropic, and takes its code', { timeout: 120_000 }, async () => {
  const page = await world.visitAs('/credentials/new?type=claude/oauth')
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('Name').fill('max')
  await dialog.getByText('Anthropic may limit or suspend the account.').waitFor()
  await dialog.getByLabel('I have read this and accept it').check()
  await dialog.getByRole('button', { name: 'Sign in', exact: true }).click()
  await dialog.getByText('The claude program of this server signs in, unchanged').waitFor({ timeout: 60_000 })
  await picture(page, 'adding-claude')
  const link = dialog.getByRole('link', { name: 'Open the sign-in page' })
  const { hostname, pathname, search } = new URL((await link.getAttribute('href')) ?? '')
  expect(hostname).toBe('claude.ai')
  const shown = await (await fetch(`${sandbox.anthropicUrl}${pathname}${search}`)).text()
  const code = /<code id="code">([^<]+)</.exec(shown)?.[1]?.replaceAll('&#35;', '#') ?? ''
  await dialog.getByLabel('Code of the page').fill(code)
  await dialog.getByRole('button', { name: 'Finish signing in' }).click()
  await page.getByRole('heading', { level: 1, name: 'max' }).waitFor({ timeout: 60_000 })
  await page.getByText('person@sandbox.invalid, plan max').waitFor()
})
