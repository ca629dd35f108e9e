// What a server's log says of a request, and what it does not.

import { expect, it } from 'vitest'
import { createTestApp } from '../../test/support/app.ts'
import { createHouse, fakeKey } from '../../test/support/house.ts'

interface Line {
  readonly level: string
  readonly message: string
  readonly requestId: string
}

it('every line of a request says which, what for, what came of it and who asked', async () => {
  const house = createHouse()
  const { send, lines } = createTestApp(house)
  const requests: [Parameters<typeof send>, string, number, unknown][] = [
    [['bob', 'GET', '/api/v1/whoami'], 'whoami', 200, { kind: 'person', id: 'bob' }],
    [['bob', 'GET', '/api/v1/credentials/absent'], 'credentials.get', 404, { kind: 'person', id: 'bob' }],
    [[null, 'GET', '/api/v1/whoami'], 'whoami', 401, null],
    [['bob', 'GET', '/nowhere'], 'none', 404, null],
  ]
  for (const [request, operation, status, caller] of requests) {
    const [from, response] = [lines.length, await send(...request)]
    const said = lines.slice(from).map((line) => JSON.parse(line) as Line)
    expect(said.length).toBeGreaterThan(0)
    for (const line of said) {
      expect(line).toMatchObject({
        requestId: response.headers.get('x-request-id'),
        operation,
        status,
        caller,
      })
    }
  }
})

it('no line names a credential', async () => {
  const house = createHouse()
  const { send, lines } = createTestApp(house)
  const body = { type: 'claude/api-key', owner: 'org', name: 'prod-payments', fields: { key: fakeKey('a') } }
  const created = (await (await send('ada', 'POST', '/api/v1/credentials', body)).json()) as { id: string }
  expect((await send('ada', 'POST', '/api/v1/credentials', body)).status).toBe(409)
  expect((await send('bob', 'DELETE', `/api/v1/credentials/${created.id}`)).status).toBe(403)
  expect((await send('bob', 'GET', `/api/v1/credentials/${created.id}/versions`)).status).toBe(403)
  const none = { harness: 'claude', credential: 'prod-payroll' }
  expect((await send('bob', 'POST', '/api/v1/leases', none)).status).toBeGreaterThanOrEqual(400)
  // A value that does not open is an error of the server.
  const broken = await house.ports.store.credentials.get('org-acme', created.id)
  await house.ports.store.credentials.update('org-acme', created.id, broken?.revision ?? 0, {
    wrappedKey: new Uint8Array(80),
  })
  const lease = { harness: 'claude', credential: 'prod-payments' }
  expect((await send('bob', 'POST', '/api/v1/leases', lease)).status).toBe(503)
  const log = lines.join('\n')
  expect(log).toContain('The sealed value of a credential does not open.')
  expect(log).not.toContain('prod-pay')
})
