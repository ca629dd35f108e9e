// Browsers that are signed in to an installation of two servers, over real sockets, on one Postgres: what one server ends is
// over on the other too. How soon a server hears of it is measured with tokens (replicas.test.ts), which take the same way.

import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, describe, expect, it } from 'vitest'
import { createReplicas, type Replica } from '../support/replicas.ts'
import { usePostgres } from '../support/use-postgres.ts'

const PUBLIC = 'https://claviger.example.test'
const PASSWORD = 'correct horse battery'
const SETTINGS = { publicUrl: PUBLIC }

const server = usePostgres()
const cleanups: (() => unknown)[] = []

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

async function twoServers() {
  const replicas = createReplicas(await server.createDatabase())
  cleanups.push(() => replicas.close())
  return [await replicas.start(SETTINGS), await replicas.start(SETTINGS)] as const
}

/** As a page of the installation asks. */
function ask(
  { url }: Replica,
  method: string,
  path: string,
  { cookie = '', body = undefined as unknown } = {},
) {
  const headers = {
    origin: PUBLIC,
    'sec-fetch-site': 'same-origin',
    cookie,
    'content-type': 'application/json',
  }
  return fetch(url + path, { method, headers, ...(body !== undefined && { body: JSON.stringify(body) }) })
}

function cookieOf(response: Response): string {
  return (response.headers.getSetCookie()[0] ?? '').split(';')[0] ?? ''
}

async function join(replica: Replica, email: string): Promise<string> {
  const { code } = await replica.client().call('invitations.create', { email, role: 'member' })
  const body = { code, name: email, password: PASSWORD, session: true }
  const response = await ask(replica, 'POST', '/api/v1/invitations/accept', { body })
  expect(response.status).toBe(200)
  return cookieOf(response)
}

const status = async (replica: Replica, cookie: string) =>
  (await ask(replica, 'GET', '/api/v1/session', { cookie })).status

async function refused(replica: Replica, cookie: string): Promise<void> {
  const from = performance.now()
  while ((await status(replica, cookie)) !== 401) {
    if (performance.now() - from > 10_000) throw new Error('it is signed in still')
    await delay(20)
  }
}

describe('a browser', { timeout: 180_000 }, () => {
  it('is signed in to every server, and to none when it is signed out of one', async () => {
    const [one, two] = await twoServers()
    const cookie = await join(one, 'bob@example.test')
    expect(cookie).toMatch(/^__Host-claviger=clv_session_/)
    const second = cookieOf(
      await ask(two, 'POST', '/api/v1/session', { body: { email: 'bob@example.test', password: PASSWORD } }),
    )
    for (const replica of [one, two])
      for (const each of [cookie, second]) expect(await status(replica, each)).toBe(200)
    expect((await ask(one, 'DELETE', '/api/v1/sessions', { cookie })).status).toBe(200)
    await refused(two, second)
    expect([await status(one, second), await status(one, cookie), await status(two, cookie)]).toEqual([
      401, 200, 200,
    ])
    expect((await ask(two, 'DELETE', '/api/v1/session', { cookie })).status).toBe(200)
    await refused(one, cookie)
  })

  it('of a member who was removed on one server is signed in nowhere', async () => {
    const [one, two] = await twoServers()
    const cookie = await join(one, 'bob@example.test')
    expect(await status(two, cookie)).toBe(200)
    await one.client().call('members.remove', { member: 'bob@example.test' })
    await refused(two, cookie)
    expect(
      (await ask(two, 'POST', '/api/v1/session', { body: { email: 'bob@example.test', password: PASSWORD } }))
        .status,
    ).toBe(403)
  })
})
