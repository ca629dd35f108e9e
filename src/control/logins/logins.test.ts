// Sign-ins over the house: who may begin one, who sees it, what ends it and what does not, and what becomes of it.

import { randomBytes } from 'node:crypto'
import { beforeEach, describe, expect, it } from 'vitest'
import { contentsOf, createHouse, errorOf, type House, rowOf } from '../../../test/support/house.ts'
import type { SignInOfTest } from '../../../test/support/sign-in.ts'
import type { Output } from '../../api/schemas.ts'
import { ClavigerError } from '../../domain/errors.ts'

const MINUTE = 60_000
const KEY = randomBytes(32)

let house: House
let codex: SignInOfTest
let claude: SignInOfTest

beforeEach(() => {
  house = createHouse(undefined, KEY)
  const [first, second] = house.signIns
  if (first === undefined || second === undefined) throw new Error('Nobody signs in here.')
  codex = first
  claude = second
})

const begin = (name = 'main', more: object = {}) =>
  house.ask('bob', 'logins.start', { type: 'codex/oauth', owner: 'me', name, method: 'paste', ...more })
const submit = ({ id }: Pick<Output<'logins.get'>, 'id'>, pasted = 'good') =>
  house.ask('bob', 'logins.complete', { id, pasted })
const get = ({ id }: Pick<Output<'logins.get'>, 'id'>) => house.ask('bob', 'logins.get', { id })
const cancel = ({ id }: Pick<Output<'logins.get'>, 'id'>) => house.ask('bob', 'logins.cancel', { id })

async function signedIn(name = 'main', more: object = {}): Promise<string> {
  return (await submit(await begin(name, more))).credential?.id ?? ''
}

describe('a sign-in', () => {
  it('becomes a credential with a grant, which says whose it is', async () => {
    const login = await begin('main', { description: 'mine', port: 1457 })
    expect(login).toMatchObject({
      ...{ state: 'pending', owner: 'user:bob', name: 'main', credential: null, twins: [] },
      authorizeUrl: 'https://provider.test/?port=1457',
    })
    const done = await submit(login)
    expect(done).toMatchObject({
      state: 'complete',
      credential: {
        name: 'main',
        description: 'mine',
        fields: { email: 'ada@example.test', accountId: 'acct-1' },
      },
    })
    expect(await get(login)).toEqual(done)
    const row = await rowOf(house, done.credential?.id ?? '')
    expect(row.expiresAt).toBe(Date.UTC(2030, 0, 1))
    expect(await house.ports.store.grants.get(row.id)).toMatchObject({ account: 'acct-1' })
    expect((await house.audit()).map(({ action }) => action)).toEqual([
      ...['login.start', 'login.complete', 'credential.sign-in'],
    ])
    // Nothing that could complete it again is kept.
    expect(await house.ports.store.loginAttempts.get('org-acme', login.id)).toMatchObject({ sealed: null })
  })

  it('goes on after whatever is no good, and is complete once', async () => {
    const login = await begin()
    expect(await errorOf(submit(login, 'nonsense'))).toMatchObject({ code: 'invalid' })
    codex.steps.push({ kind: 'goes-on', fault: 'provider', message: 'Away.', hint: 'Try again.' })
    expect(await errorOf(submit(login))).toMatchObject({ code: 'upstream' })
    expect((await get(login)).state).toBe('pending')
    await submit(login)
    expect(await errorOf(submit(login))).toMatchObject({ code: 'conflict', message: 'This sign-in is over.' })
  })

  it('is answered as absent to everybody but whoever began it', async () => {
    const login = await begin()
    for (const who of ['ada', 'ann', 'cyd', 'aud', 'eve'] as const) {
      const { id } = login
      for (const call of [
        house.ask(who, 'logins.get', { id }),
        house.ask(who, 'logins.complete', { id, pasted: 'good' }),
        house.ask(who, 'logins.cancel', { id }),
      ])
        expect(await errorOf(call)).toMatchObject({ code: 'not_found', message: `There is no login ${id}.` })
    }
    expect(codex.handedIn).toEqual([])
    expect((await submit(login)).state).toBe('complete')
  })

  it('is good for ten minutes', async () => {
    const login = await begin()
    house.clock.now += 10 * MINUTE
    expect((await get(login)).state).toBe('expired')
    expect(await errorOf(submit(login))).toMatchObject({ code: 'conflict' })
    expect(codex.handedIn).toEqual([])
  })

  it('is forgotten an hour later, when another is begun', async () => {
    const login = await begin()
    house.clock.now += 71 * MINUTE
    await begin('other')
    expect(await errorOf(get(login))).toMatchObject({ code: 'not_found' })
  })

  it('is ended by whoever began it, also while an answer is being checked', async () => {
    const login = await begin()
    const { promise, resolve } = Promise.withResolvers<void>()
    codex.steps.push(async () => {
      await promise
      return codex.good()
    })
    const submitting = submit(login)
    submitting.catch(() => undefined)
    await expect.poll(() => codex.handedIn.length).toBe(1)
    expect(await errorOf(submit(login))).toMatchObject({ code: 'conflict' })
    expect((await cancel(login)).state).toBe('cancelled')
    resolve()
    expect(await errorOf(submitting)).toMatchObject({ code: 'conflict' })
    expect((await house.ask('bob', 'credentials.list', {})).credentials).toEqual([])
  })

  it('is not opened when it could not be stored', async () => {
    await signedIn()
    const before = codex.begun.length
    const refused = [
      [begin(), 'conflict'],
      [begin('x', { owner: 'org' }), 'forbidden'],
      [begin('x', { owner: 'team:nobody' }), 'forbidden'],
      [begin('a b'), 'invalid'],
      [begin('x', { type: 'claude/oauth' }), 'forbidden'],
      [begin('x', { type: 'claude/oauth', method: 'device', acceptNotice: true }), 'invalid'],
      [house.ask('bob', 'logins.start', { type: 'codex/oauth', method: 'paste', name: 'x' }), 'invalid'],
    ] as const
    for (const [call, code] of refused) expect(await errorOf(call)).toMatchObject({ code })
    expect([codex.begun.length, claude.begun]).toEqual([before, []])
  })

  it('is stored though the database was away just then: its code is used up', async () => {
    const login = await begin()
    const createKey = house.ports.vault.createKey
    let away = 2
    Object.assign(house.ports.vault, {
      createKey: (context: Parameters<typeof createKey>[0]) => {
        away -= 1
        if (away >= 0) throw new ClavigerError('unavailable', 'The database is away.')
        return createKey(context)
      },
    })
    expect(await submit(login)).toMatchObject({ state: 'complete', credential: { name: 'main' } })
    expect(codex.handedIn).toEqual(['good'])
  })

  it('that cannot be stored any more has failed, and says why', async () => {
    const login = await begin()
    await house.give('bob', 'me', 'main')
    expect(await errorOf(submit(login))).toMatchObject({ code: 'conflict' })
    expect(await get(login)).toMatchObject({ state: 'failed', message: expect.stringContaining('main') })
  })
})

describe('signing in again', () => {
  const again = (credential: string, more: object = {}) =>
    house.ask('bob', 'logins.start', { type: 'codex/oauth', credential, method: 'paste', ...more })

  it('gives the credential a new login', async () => {
    const id = await signedIn()
    const before = await house.ports.store.grants.get(id)
    expect(await submit(await again(id))).toMatchObject({ credential: { id, version: 2 } })
    expect((await house.ports.store.grants.get(id))?.grant.login).not.toBe(before?.grant.login)
  })

  it('refuses another account unless it is asked for', async () => {
    const id = await signedIn()
    codex.account = 'acct-2'
    const refused = await again(id)
    expect(await errorOf(submit(refused))).toMatchObject({ code: 'conflict' })
    expect(await get(refused)).toMatchObject({ state: 'failed' })
    const byDevice = await get(await again(id, { method: 'device' }))
    expect([byDevice.state, byDevice.message.includes('--replace-account')]).toEqual(['failed', true])
    expect(await house.ports.store.grants.get(id)).toMatchObject({ account: 'acct-1' })
    await submit(await again(id, { replaceAccount: true }))
    expect(await house.ports.store.grants.get(id)).toMatchObject({ account: 'acct-2' })
  })

  it('is for those who may manage it, and for its own type', async () => {
    const id = await signedIn()
    const start = { type: 'codex/oauth', credential: id, method: 'paste' } as const
    expect(await errorOf(house.ask('cyd', 'logins.start', start))).toMatchObject({ code: 'not_found' })
    expect(await errorOf(again(await house.give('bob', 'me', 'key')))).toMatchObject({ code: 'invalid' })
  })

  it('reports others of the same account that one may see', async () => {
    await house.ask('ada', 'logins.complete', {
      pasted: 'good',
      ...(await house
        .ask('ada', 'logins.start', {
          ...{ type: 'codex/oauth', owner: 'me', name: 'hidden', method: 'paste' },
        })
        .then(({ id }) => ({ id }))),
    })
    const first = await signedIn('first')
    const second = await submit(await begin('second'))
    expect(second.twins).toEqual([
      { credential: { id: first, owner: 'user:bob', name: 'first' }, sameToken: false },
    ])
  })
})

describe('by device', () => {
  it('asks the provider when somebody looks, as often as it wants to be', async () => {
    const login = await begin('main', { method: 'device' })
    expect(login).toMatchObject({ userCode: 'ABCD-1234', intervalSeconds: 5, authorizeUrl: null })
    codex.steps.push({ kind: 'waiting' }, { kind: 'waiting' })
    for (let i = 0; i < 5; i += 1) await get(login)
    expect(codex.steps).toHaveLength(1)
    house.clock.now += 5_000
    await get(login)
    house.clock.now += 5_000
    expect(await get(login)).toMatchObject({ state: 'complete', credential: { name: 'main' } })
    expect(await errorOf(submit(await begin('x', { method: 'device' })))).toMatchObject({ code: 'invalid' })
  })

  it('is gone on with by another server', async () => {
    const login = await begin('main', { method: 'device' })
    const other = createHouse(house.ports.store, KEY)
    expect(await other.ask('bob', 'logins.get', { id: login.id })).toMatchObject({ state: 'complete' })
    const lost = await begin('lost', { method: 'device' })
    const stranger = createHouse(house.ports.store)
    expect(await errorOf(stranger.ask('bob', 'logins.get', { id: lost.id }))).toMatchObject({
      code: 'unavailable',
    })
  })

  it('has failed when the person said no', async () => {
    const login = await begin('main', { method: 'device' })
    codex.steps.push({ kind: 'over', message: 'Not let in.', hint: '' })
    expect(await get(login)).toMatchObject({ state: 'failed', message: 'Not let in.' })
  })
})

describe('signing in to Claude', () => {
  const start = (more: object = {}) =>
    begin('mine', { type: 'claude/oauth', acceptNotice: true, ...more }) as ReturnType<typeof begin>

  it('is stored with the notice accepted', async () => {
    expect(await submit(await start())).toMatchObject({ state: 'complete' })
    expect((await house.ask('bob', 'policy.get', {})).policies).toContainEqual(
      expect.objectContaining({ harness: 'claude', noticeAccepted: true }),
    )
  })

  it('is held by one server: others say which', async () => {
    const login = await start()
    const there = { ...house.ports.server, id: 'there:2' }
    const { createControl } = await import('../control.ts')
    const other = createControl({ ...house.ports, server: there })
    const call = other['logins.complete'](house.caller('bob'), { id: login.id, pasted: 'good' })
    expect(await errorOf(call)).toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining('test:1'),
    })
    expect((await submit(login)).state).toBe('complete')
  })

  it('holds three programs of this server for one person at most, and gives each back', async () => {
    await submit(await start())
    const more = (name: string) => begin(name, { type: 'claude/oauth' })
    const outcomes = await Promise.allSettled(['a', 'b', 'c', 'd', 'e'].map(more))
    expect(outcomes.map(({ status }) => status).sort()).toEqual([
      ...['fulfilled', 'fulfilled', 'fulfilled', 'rejected', 'rejected'],
    ])
    expect(await errorOf(more('f'))).toMatchObject({ code: 'rate_limited' })
    const [first, second] = outcomes.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
    if (first === undefined || second === undefined) throw new Error('Nothing was begun.')
    await cancel(first)
    await submit(await more('g'))
    await more('h')
    expect(await errorOf(more('i'))).toMatchObject({ code: 'rate_limited' })
    house.clock.now += 11 * MINUTE
    expect((await more('j')).state).toBe('pending')
  })

  it('ends its program when what is under way could not be kept', async () => {
    await submit(await start())
    const createKey = house.ports.vault.createKey
    for (let i = 0; i < 4; i += 1) {
      Object.assign(house.ports.vault, {
        createKey: () => {
          throw new ClavigerError('unavailable', 'Not now.')
        },
      })
      expect(await errorOf(begin('x', { type: 'claude/oauth' }))).toMatchObject({ code: 'unavailable' })
      Object.assign(house.ports.vault, { createKey })
      expect(claude.cancelled).toHaveLength(i + 1)
    }
    await begin('x', { type: 'claude/oauth' })
  })

  it('ends its program when it is cancelled', async () => {
    await cancel(await start())
    expect(claude.cancelled).toHaveLength(1)
  })
})

describe('importing', () => {
  const importing = (name = 'main', file = 'one') =>
    house.ask('bob', 'logins.import', { from: 'codex', file, owner: 'me', name })
  const wanted: unknown[] = []

  function grantsAnswer(outcome: object) {
    wanted.splice(0)
    Object.assign(house.ports.grants, {
      want: async (...asked: unknown[]) => {
        wanted.push(asked)
        return outcome
      },
    })
  }

  it('renews the login at once', async () => {
    grantsAnswer({ kind: 'good', generation: 2 })
    const { credential, renewed } = await importing()
    expect({ renewed, name: credential.name }).toEqual({ renewed: 'yes', name: 'main' })
    expect(wanted).toEqual([[credential.id, { kind: 'forced', seen: 1 }]])
  })

  it('remembers that the notice was accepted with it', async () => {
    grantsAnswer({ kind: 'good', generation: 2 })
    const request = { from: 'claude', file: 'one', owner: 'me', name: 'max' } as const
    expect(await errorOf(house.ask('bob', 'logins.import', request))).toMatchObject({ code: 'forbidden' })
    await house.ask('bob', 'logins.import', { ...request, acceptNotice: true })
    const { decisions } = await house.ask('bob', 'explain', { harness: 'claude' })
    expect(decisions).toMatchObject([{ credential: { name: 'max' }, verdict: 'chosen' }])
  })

  it('says when it could not be renewed yet', async () => {
    grantsAnswer({ kind: 'later', until: 0, because: 'failing', why: 'It is out for lunch.' })
    expect(await importing()).toMatchObject({ renewed: 'later', why: 'It is out for lunch.' })
    grantsAnswer({ kind: 'good', generation: 1 })
    expect(await importing('other', 'two')).toMatchObject({ renewed: 'later' })
  })

  it('stores nothing when the login is dead, or stored already', async () => {
    const empty = await contentsOf(house)
    grantsAnswer({ kind: 'sign-in' })
    expect(await errorOf(importing())).toMatchObject({ code: 'rejected' })
    expect(await contentsOf(house)).toBe(empty)
    grantsAnswer({ kind: 'good', generation: 2 })
    await importing('first')
    const before = await contentsOf(house)
    expect(await errorOf(importing('again'))).toMatchObject({
      code: 'conflict',
      message: 'The login in this file is stored already as first (personal).',
    })
    expect(await contentsOf(house)).toBe(before)
    expect(wanted).toHaveLength(1)
  })

  it('never sends the token of a copied file again, whoever has the copy', async () => {
    grantsAnswer({ kind: 'good', generation: 2 })
    const { credential } = await importing('first')
    // As a renewal does.
    const row = await house.ports.store.grants.get(credential.id)
    if (row === undefined) throw new Error('It is gone.')
    const moved = { grant: row.grant, dueAt: null, digest: 'of-the-next-one' }
    await house.ports.store.grants.update(credential.id, row.revision, moved)
    expect(await errorOf(importing('again'))).toMatchObject({
      code: 'conflict',
      message: 'The login in this file is stored already as first (personal).',
    })
    const elsewhere = { from: 'codex', file: 'one', owner: 'me', name: 'mine' } as const
    expect(await errorOf(house.ask('eve', 'logins.import', elsewhere))).toMatchObject({
      code: 'conflict',
      message: 'The login in this file is stored already.',
    })
    expect(wanted).toHaveLength(1)
    await house.ask('bob', 'credentials.delete', { id: credential.id })
    expect((await importing('once-more')).renewed).toBe('yes')
  })

  it('is for so many files at once: each asks the provider', async () => {
    grantsAnswer({ kind: 'good', generation: 2 })
    const all = await Promise.allSettled(
      Array.from({ length: 30 }, (_, i) => importing(`n${i}`, `file-${i}`)),
    )
    const codes = all.map((one) => (one.status === 'fulfilled' ? 'stored' : one.reason.code))
    expect(codes.filter((code) => code === 'stored')).toHaveLength(20)
    expect(new Set(codes)).toEqual(new Set(['stored', 'rate_limited']))
  })

  it('stores nothing of a file that cannot be read', async () => {
    Object.assign(codex, {
      read: () => {
        throw new ClavigerError('invalid', 'The file is no file.')
      },
    })
    const before = await contentsOf(house)
    expect(await errorOf(importing())).toMatchObject({ code: 'invalid' })
    expect(await contentsOf(house)).toBe(before)
  })
})
