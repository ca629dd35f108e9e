// The audit page of a server whose database was replaced by an older copy: everybody who may read the log is warned, and an
// owner of the organization that operates the server ends the warning, after a question.

import { copyFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { beforeAll, expect, it } from 'vitest'
import { accessibilityFaults, picture } from '../support/browser.ts'
import { useConsole } from '../support/use-console.ts'
import { inEveryLook } from './looks.ts'

const OLGA = 'olga@example.test'
const AUD = 'aud@example.test'

const world = useConsole()

const warning = (page: Page) => page.getByText(/the database is an older copy\.$/)
const button = (page: Page) => page.getByRole('button', { name: 'Acknowledge…' })
const question = (page: Page) =>
  page.getByRole('dialog', { name: 'Acknowledge that the database was put back?' })

beforeAll(async () => {
  // Their sessions are older than the copy.
  const first = await world.visitAs('/audit')
  await first.getByRole('button', { name: 'Verify the log' }).waitFor()
  expect(await warning(first).count()).toBe(0)
  await world.invite(OLGA, 'owner')
  await world.invite(AUD, 'auditor')
  const copy = (from: string, to: string) => async () =>
    copyFileSync(join(world.stateDirectory, from), join(world.stateDirectory, to))
  await world.whileAway(copy('claviger.db', 'older.db'))
  for (let i = 0; i < 3; i += 1) await world.owner.call('explain', { harness: 'claude', team: 'everyone' })
  await world.whileAway(copy('older.db', 'claviger.db'))
})

it('warns an auditor, who cannot acknowledge it', async () => {
  const page = await world.visitAs('/audit', AUD)
  await warning(page).waitFor()
  await page.getByText('until an owner of the organization that operates this server').waitFor()
  expect(await button(page).count()).toBe(0)
})

it('says in the words of the server that somebody may not, who could when the page was shown', async () => {
  const page = await world.visitAs('/audit', OLGA)
  // A line that breaks: the page does not hear of it.
  await page.route('**/api/v1/live', (route) => route.abort())
  await page.reload()
  await button(page).click()
  await world.owner.call('members.update', { member: OLGA, role: 'admin' })
  await question(page).getByRole('button', { name: 'Acknowledge', exact: true }).click()
  await question(page).getByRole('alert').getByText('You may not operate this installation.').waitFor()
  expect((await world.owner.call('audit.warnings', {})).warnings).toHaveLength(1)
})

it('asks an owner first, and ends the warning for everybody', async () => {
  const auditor = await world.visitAs('/audit', AUD)
  await warning(auditor).waitFor()
  const page = await world.visitAs('/audit')
  await button(page).click()
  expect(await accessibilityFaults(page)).toEqual([])
  await picture(page, 'audit-acknowledge-wide-light')
  await question(page).getByRole('button', { name: 'Not yet' }).click()
  await question(page).waitFor({ state: 'detached' })
  expect((await world.owner.call('audit.warnings', {})).warnings).toHaveLength(1)
  await inEveryLook(page, 'audit-warning', () => warning(page).waitFor())
  await button(page).click()
  await question(page).getByRole('button', { name: 'Acknowledge', exact: true }).click()
  await page.getByText('It is acknowledged.', { exact: true }).waitFor()
  for (const each of [page, auditor]) await warning(each).waitFor({ state: 'detached' })
  expect((await world.owner.call('audit.warnings', {})).warnings).toEqual([])
  await page.getByRole('row', { name: /audit\.acknowledge .*database.* allowed/ }).waitFor()
  await page.getByRole('button', { name: 'Verify the log' }).click()
  await page.getByText(/^Everything fits/).waitFor()
  await picture(page, 'audit-acknowledged-wide-light')
})
