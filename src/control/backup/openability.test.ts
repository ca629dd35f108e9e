// Whether everything that is sealed opens, beside the values of credentials: asked after restoring what somebody altered.

import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { fillDatabase, migrationsOf } from '../../../test/support/full-database.ts'
import { emptyPlaceAt } from '../../store/sql/transfer/restore.ts'
import { openSnapshot } from '../../store/sql/transfer/snapshot.ts'
import { createVault } from '../../vault/envelope.ts'
import { restoreBackup } from './restoring.ts'
import { backupOf } from './writing.ts'

const vault = createVault(randomBytes(32))
const AT = Date.UTC(2026, 5, 1)
let directory: string

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'claviger-openability-'))
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

/** Restores a full database in which this was done. */
async function restored(statement: string) {
  for (const name of ['source.db', 'target.db']) rmSync(join(directory, name), { force: true })
  const url = `sqlite:${join(directory, 'source.db')}`
  await fillDatabase(url, vault)
  const database = new DatabaseSync(join(directory, 'source.db'))
  database.exec(statement)
  database.close()
  const chunks: Uint8Array[] = []
  const snapshot = await openSnapshot({ url, without: [] })
  for await (const chunk of backupOf(snapshot, { vault, program: '1.2.3', at: AT })) chunks.push(chunk)
  const file = join(directory, 'all.backup')
  writeFileSync(file, Buffer.concat(chunks))
  const target = `sqlite:${join(directory, 'target.db')}`
  const into = { url: target, extraMigrations: migrationsOf(target), beforeKeeping: async () => undefined }
  const place = emptyPlaceAt(into)
  return restoreBackup({ file, place, vault, now: () => AT, checked: async () => undefined })
}

it('it opens', async () => {
  const report = await restored("select 'nothing'")
  expect(report).toMatchObject({ closed: [], webhooks: 2, closedWebhooks: [] })
})

it.each([
  ['its secret is another', 'secret = (select secret from webhook order by organization_id desc limit 1)'],
  ['its secret is cut short', 'secret = substr(secret, 1, 20)'],
  [
    'its key is another',
    'wrapped_key = (select wrapped_key from webhook order by organization_id desc limit 1)',
  ],
  ['its address is another', "url = 'https://evil.example.test/a'"],
])('a webhook is named when %s', async (_, change) => {
  const report = await restored(`update webhook set ${change} where organization_id = 'org-a'`)
  expect(report).toMatchObject({ closed: [], webhooks: 2 })
  expect(report.closedWebhooks).toEqual([expect.stringMatching(/^whk_\S+ \((hooks|evil)\.example\.test\)$/)])
})

it.each([
  ['its secret is another', 'secret = (select secret from second_factor order by person_id desc limit 1)'],
  ['its secret is cut short', 'secret = substr(secret, 1, 20)'],
  ['its person is another', "person_id = 'somebody-else'"],
])('a second factor is counted when %s', async (_, change) => {
  expect(await restored("select 'nothing'")).toMatchObject({ closedFactors: 0 })
  const report = await restored(`update second_factor set ${change} where person_id = 'person-of-org-a'`)
  expect(report).toMatchObject({ closed: [], closedWebhooks: [], closedFactors: 1 })
})

it.each([
  ['its secrets are others', 'secrets = (select secrets from channel order by organization_id desc limit 1)'],
  [
    'its secrets are exchanged',
    `secrets = replace(replace(replace(secrets, 'token', 'x'), 'signing', 'token'), 'x', 'signing')`,
  ],
  ['it is of another platform', "kind = 'linear'"],
])('a channel is named when %s', async (_, change) => {
  expect(await restored("select 'nothing'")).toMatchObject({ channels: 2, closedChannels: [] })
  const report = await restored(`update channel set ${change} where organization_id = 'org-a'`)
  expect(report).toMatchObject({ closed: [], closedWebhooks: [], channels: 2 })
  expect(report.closedChannels).toEqual([expect.stringMatching(/^name chn_/)])
})

it('a credential is named when the kept answer to renewing it is another’s, or altered', async () => {
  const another =
    "answer = (select answer from renewal_attempt where organization_id = 'org-b' and answer is not null)"
  for (const change of [another, 'answer = substr(answer, 2)', 'generation = generation + 1']) {
    const where =
      "organization_id = 'org-a' and answer is not null and credential_id in (select id from credential where type = 'codex/oauth')"
    const report = await restored(`update renewal_attempt set ${change} where ${where}`)
    expect(report.closed, change).toEqual(['codex_oauth_of_org-a'])
  }
})
