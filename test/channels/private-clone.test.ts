// From a delivery at the door to a clone on the machine of a worker: the app over HTTP, the client of a worker, real git.

import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, expect, it, vi } from 'vitest'
import { createClient } from '../../src/client/client.ts'
import { Secret } from '../../src/domain/secret.ts'
import { runsOf } from '../../src/runner/worker/client-runs.ts'
import { lendingAccess } from '../../src/runner/worker/lending.ts'
import { openRunPlace } from '../../src/runner/workspaces/workspace.ts'
import { createTestApp, ORIGIN } from '../support/app.ts'
import { channelHouse } from '../support/channels.ts'
import { enrolWorker } from '../support/machines.ts'
import { accountOf, callOf, deliveryOf, REPOSITORY } from '../support/platform.ts'
import { type PrivateRepository, startPrivateRepository } from '../support/private-repository.ts'

let place = ''
let repository: PrivateRepository

beforeEach(async () => {
  place = await mkdtemp(join(tmpdir(), 'claviger-channel-'))
  // What the platform of tests makes for this repository.
  repository = await startPrivateRepository(place, `fake-clone-token-${REPOSITORY.id}`)
  return async () => {
    repository.close()
    await rm(place, { recursive: true, force: true })
  }
})

it('a private repository that somebody was mentioned in is cloned for their run, and its token logged nowhere', async () => {
  const house = await channelHouse()
  await house.link('bob', '7')
  const { app, lines } = createTestApp(house)
  const checkout = { repository: { ...REPOSITORY, url: repository.url }, ref: null, pull: null }
  const says = { is: 'call', call: callOf(accountOf('7'), { checkout }) } as const
  const { headers, body } = deliveryOf({ at: house.clock.now, says })
  const delivered = await app.fetch(
    new Request(`${ORIGIN}/webhooks/github`, {
      ...{ method: 'POST', headers: headers as Record<string, string>, body: Buffer.from(body) },
    }),
  )
  expect(delivered.status).toBe(202)
  await house.work()

  const { token } = await enrolWorker(house, 'box')
  const client = createClient({
    server: ORIGIN,
    token: new Secret(token),
    fetch: (asked) => app.fetch(asked),
  })
  const server = runsOf(client)
  const sought = {
    ...{ harnesses: ['claude'] as const, capacity: 1, directories: [], holding: [], ended: [] },
    ...{ waitSeconds: 0, asked: 1, process: 'p1', version: '1.2.3', programs: [] },
  }
  const [run] = await server.claim(sought, new AbortController().signal)
  if (run === undefined) throw new Error('there is no run')
  expect(run.cloneAccess).toBe(true)
  const { workspace } = await openRunPlace(join(place, 'runs'), run.id, run.workspace, {
    environment: { PATH: '/usr/bin:/bin', HOME: join(place, 'home') },
    ...{
      timeoutMs: 20_000,
      directories: [],
      access: (work) => lendingAccess(server, run, new AbortController().signal, work),
    },
  })
  expect(await readFile(join(workspace, 'story.txt'), 'utf8')).toBe('private')
  await vi.waitFor(() => expect(house.platform.ended).toEqual([`fake-clone-token-${REPOSITORY.id}`]))
  const left = [lines, await house.audit(), await house.ask('bob', 'runs.read', { id: run.id })]
  expect(JSON.stringify(left)).not.toContain('fake-clone-token')
})
