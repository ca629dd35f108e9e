import { describe, expect, it } from 'vitest'
import { createTestApp } from '../../../test/support/app.ts'
import { createHouse, errorOf, fakeKey, type House } from '../../../test/support/house.ts'
import type { Request } from '../../api/schemas.ts'
import { anchorText } from '../../domain/audit/anchor.ts'
import { isSigned } from '../../lib/signature.ts'

async function busy(): Promise<House> {
  const house = createHouse()
  await house.give('bob', 'me', 'first')
  // Nobody checks what a provider of identities calls people.
  await house.ask(house.caller('ada', { name: '=cmd()' }), 'credentials.create', {
    ...{ type: 'claude/api-key', owner: 'org', name: 'second', fields: { key: fakeKey('second') } },
  })
  house.clock.now += 60_000
  for (let i = 0; i < 5; i += 1) await house.ask('bob', 'leases.create', { harness: 'claude' })
  await house.ask('bob', 'audit.list', {}).catch(() => undefined)
  return house
}

async function all(house: House, request: Request<'audit.list'>): Promise<number[]> {
  const positions: number[] = []
  for (let after: string | undefined, pages = 0; pages < 50; pages += 1) {
    const page = await house.ask('ada', 'audit.list', { limit: 2, ...request, ...(after && { after }) })
    positions.push(...page.entries.map(({ position }) => position))
    if (page.next === null) break
    after = page.next
  }
  return positions
}

async function exported(house: House, request: Request<'audit.export'>): Promise<string> {
  let text = ''
  for await (const bytes of await house.ask('aud', 'audit.export', request))
    text += new TextDecoder().decode(bytes)
  return text
}

describe('looking for something in the audit log', () => {
  it('reads it from either end, page after page', async () => {
    const house = await busy()
    const forwards = await all(house, {})
    expect(forwards).toEqual(Array.from({ length: (await house.audit()).length }, (_, i) => i + 1))
    expect(await all(house, { order: 'newest' })).toEqual([...forwards].reverse())
  })

  it('finds by who, what, whom, how it ended and when', async () => {
    const house = await busy()
    const ofBob = await all(house, { actor: 'bob', order: 'newest' })
    expect(ofBob).toEqual([...(await all(house, { actor: 'bob' }))].reverse())
    expect(await all(house, { actor: 'bob', action: 'credential.' })).toHaveLength(1)
    expect(await all(house, { object: 'first', action: 'lease.create' })).toHaveLength(5)
    expect(await all(house, { outcome: 'refused' })).toHaveLength(1)
    expect(await all(house, { search: 'user:BOB' })).toHaveLength(6)
    const from = new Date(house.clock.now).toISOString()
    expect(await all(house, { from })).toHaveLength(6)
    expect(await all(house, { to: new Date(house.clock.now - 1).toISOString() })).toHaveLength(2)
  })

  it('is a file as well, for programs and for spreadsheets, which run nothing of it', async () => {
    const house = await busy()
    const lines = (await exported(house, { action: 'credential.' })).trim().split('\n')
    expect(lines.map((line) => JSON.parse(line).object.name)).toEqual(['first', 'second'])
    const csv = await exported(house, { action: 'credential.', format: 'csv' })
    expect(csv.split('\r\n')[0]).toContain('position,at,actor')
    expect(csv).toContain(`"'=cmd()"`)
    expect((await house.audit()).filter(({ action }) => action === 'audit.export')).toHaveLength(2)
    const before = (await house.audit()).length
    expect((await exported(house, {})).trim().split('\n')).toHaveLength(before)
  })

  it('is a file with a signed end only as a whole', async () => {
    const house = await busy()
    const before = (await house.audit()).length
    const lines = (await exported(house, { format: 'signed' })).trimEnd().split('\n')
    const [head, ...entries] = lines.map((line) => JSON.parse(line))
    expect(head).toMatchObject({ format: 'claviger audit', organization: 'Acme' })
    const { end } = entries.pop()
    expect(entries.at(-1)).toMatchObject({ position: before, hash: end.hash })
    expect([end.position, isSigned(anchorText(end), end)]).toEqual([before, true])
    const part = await errorOf(exported(house, { format: 'signed', action: 'credential.' }))
    expect(part.code).toBe('invalid')
  })
})

it.each(['search', 'actor', 'action', 'object', 'objectKind'])(
  '%s holds no NUL, which Postgres refuses',
  async (name) => {
    const { send } = createTestApp(await busy())
    for (const path of ['/api/v1/audit', '/api/v1/audit/export'])
      expect([path, (await send('ada', 'GET', `${path}?${name}=a%00`)).status]).toEqual([path, 400])
  },
)
