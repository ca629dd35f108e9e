// A credential that goes from one holder to another: who may take it, what is left of it meanwhile, and that it arrives
// once.

import { beforeEach, describe, expect, it, vi } from 'vitest'
import { tokenSet } from '../../../test/support/grants.ts'
import { createHouse, errorOf, fakeKey, type House, NO_GRANTS, rowOf } from '../../../test/support/house.ts'
import { type HouseWithLogin, houseWithLogin } from '../../../test/support/house-with-login.ts'
import { type Request, SCHEMAS } from '../../api/schemas.ts'
import type { Provider } from '../../providers/provider.ts'
import { createControl } from '../control.ts'
import type { Outcome } from '../grants/grants.ts'

const TO = { id: 'holder-1', title: 'a file of profiles' }
const ELSEWHERE = { id: 'holder-2', title: 'another file' }
const DIGEST = 'a'.repeat(64)

describe('handing a login out', () => {
  let there: HouseWithLogin
  let id: string

  beforeEach(async () => {
    there = await houseWithLogin()
    id = there.credential
    await there.house.ask('ada', 'credentials.move', { id, owner: 'me' })
  })
  const handOver = (to = TO, who: Parameters<House['ask']>[0] = 'ada') =>
    there.house.ask(who, 'credentials.handOver', { id, to })
  const lease = () =>
    there.house.ask('ada', 'leases.create', { harness: 'codex', ambient: 'none', raw: false })
  const grant = async () => (await there.house.ports.store.grants.get(id))?.grant

  it('gives all of it, once to one holder, and nobody renews or uses it here any more', async () => {
    const held = await there.lease('ada')
    const first = await handOver()
    expect(first).toMatchObject({ id, type: 'codex/oauth', name: 'chatgpt', again: false, source: `${id}.1` })
    expect(first.fields['refresh']?.expose()).toBe('rt-test-0')
    expect(await rowOf(there.house, id)).toMatchObject({ state: 'blocked' })
    expect(await errorOf(lease())).toMatchObject({ code: 'no_credential' })
    expect((await there.house.ports.store.leases.get('org-acme', held.id))?.endedAt).not.toBeNull()
    expect(await there.house.ports.grants.want(id, { kind: 'forced', seen: 1 })).toEqual({ kind: 'sign-in' })
    expect(await errorOf(there.house.ask('ada', 'credentials.test', { id }))).toMatchObject({
      code: 'conflict',
    })
    expect(there.provider.calls).toBe(0)
    const again = await handOver()
    expect(again).toMatchObject({ again: true })
    expect(again.fields['refresh']?.expose()).toBe('rt-test-0')
    expect(await errorOf(handOver(ELSEWHERE))).toMatchObject({
      code: 'conflict',
      message: 'chatgpt is on its way to a file of profiles, which was asked for by ada@example.test.',
    })
  })

  it('deletes it when it has arrived, and only for its holder', async () => {
    await handOver()
    const done = (to: string) => there.house.ask('ada', 'credentials.handedOver', { id, to })
    expect(await errorOf(done('holder-2'))).toMatchObject({ code: 'conflict' })
    expect(await done('holder-1')).toEqual({ deleted: true })
    expect(await errorOf(done('holder-1'))).toMatchObject({ code: 'not_found' })
    const actions = (await there.house.audit()).map(({ action }) => action)
    expect(actions.filter((action) => /release-whole|handed-over/.test(action))).toEqual([
      'credential.release-whole',
      'credential.handed-over',
    ])
  })

  it('takes it back whole when it was not taken in', async () => {
    await handOver()
    await there.house.ask('ada', 'credentials.keep', { id, to: TO.id })
    expect(await rowOf(there.house, id)).toMatchObject({ state: 'ok', stateReason: '' })
    expect(await there.house.ports.grants.want(id, { kind: 'forced', seen: 1 })).toMatchObject({
      kind: 'good',
    })
    expect((await lease()).credential?.name).toBe('chatgpt')
  })

  it('says what may be done about it meanwhile, which for a value is a new value', async () => {
    const key = await there.house.give('ada', 'me', 'key')
    for (const one of [id, key]) await there.house.ask('ada', 'credentials.handOver', { id: one, to: TO })
    const [ofLogin, ofKey] = await Promise.all(
      [id, key].map((one) => errorOf(there.house.ask('ada', 'credentials.test', { id: one }))),
    )
    expect(ofLogin?.message).toMatch(/ on its way to a file of profiles, which was asked for by .+\.$/)
    expect(ofLogin?.hint).toContain('claviger credential login chatgpt')
    expect(ofKey?.hint).toMatch(/claviger credential update --value key$/)
    expect((await rowOf(there.house, id)).stateReason).toContain('or sign in again')
    expect((await rowOf(there.house, key)).stateReason).toContain('or give it a new value')
  })

  it('leaves a new login alone that has arrived meanwhile', async () => {
    await handOver()
    await there.signInAgain('acct-1')
    expect(await rowOf(there.house, id)).toMatchObject({ state: 'ok' })
    expect((await lease()).credential?.name).toBe('chatgpt')
    expect(await there.house.ask('ada', 'credentials.handedOver', { id, to: TO.id })).toEqual({
      deleted: false,
    })
    expect(await rowOf(there.house, id)).toMatchObject({ version: 2 })
    expect(await handOver()).toMatchObject({ again: false, source: `${id}.2` })
  })

  // Pauses are over as soon as there is nothing else to do.
  const hurried = async <T>(work: () => Promise<T>): Promise<T> => {
    vi.useFakeTimers({ toFake: ['setTimeout'] })
    const done = work()
    let isOver = false
    const over = () => {
      isOver = true
    }
    done.then(over, over)
    while (!isOver) await vi.advanceTimersByTimeAsync(100)
    vi.useRealTimers()
    return done
  }

  it('does not begin while an answer may be on its way', async () => {
    const row = await there.house.ports.store.grants.get(id)
    if (row === undefined) throw new Error('There is no grant.')
    const attempt = { id: 'att_1', generation: 1, purpose: 'renew', replica: 'r9', startedAt: 0 } as const
    const orphans = [{ attempt: 'att_0', issuedAt: 0 }]
    await there.house.ports.store.grants.update(id, row.revision, {
      grant: { ...row.grant, orphans },
      dueAt: null,
    })
    Object.assign(there.house.ports.grants, { want: async () => ({ kind: 'good', generation: 1 }) })
    expect(await errorOf(hurried(handOver))).toMatchObject({
      code: 'conflict',
      message: 'chatgpt is being renewed just now.',
    })
    const next = { grant: { ...row.grant, attempt }, dueAt: null }
    await there.house.ports.store.grants.update(id, row.revision + 1, next)
    expect(await errorOf(hurried(handOver))).toMatchObject({
      code: 'conflict',
      message: 'chatgpt is being renewed just now.',
    })
    expect(await grant()).toMatchObject({ renewable: true })
  })

  it('waits for a renewal under way, also of a token that is good', async () => {
    const { grants } = there.house.ports.store
    const row = await grants.get(id)
    if (row === undefined) throw new Error('There is no grant.')
    const attempt = { id: 'att_1', generation: 1, purpose: 'renew', replica: 'r9', startedAt: 0 } as const
    await grants.update(id, row.revision, { grant: { ...row.grant, attempt }, dueAt: null })
    let looks = 0
    const want = async () => {
      looks += 1
      if (looks === 3) await grants.update(id, row.revision + 1, { grant: row.grant, dueAt: null })
      return { kind: 'good', generation: 1 }
    }
    Object.assign(there.house.ports.grants, { want })
    expect(await hurried(handOver)).toMatchObject({ again: false })
    expect(looks).toBe(3)
  })

  it('is for its person only, with all their rights, and can be switched off', async () => {
    expect(await errorOf(handOver(TO, 'bob'))).toMatchObject({ code: 'not_found' })
    expect(await errorOf(handOver(TO, 'ann'))).toMatchObject({ code: 'forbidden' })
    const lesser = there.house.caller('ada', { role: 'member' })
    expect(await errorOf(handOver(TO, lesser))).toMatchObject({
      code: 'forbidden',
      message: 'This token has the role member, and its person has more.',
    })
    await there.house.ask('ada', 'policy.takeOut', { harness: 'codex', allowed: false })
    expect(await errorOf(handOver())).toMatchObject({
      code: 'forbidden',
      message: 'Credentials of codex may not be taken out of this server.',
    })
    const refused = (await there.house.audit()).filter(({ outcome }) => outcome === 'refused')
    expect(refused.map(({ action }) => action)).toEqual(Array(4).fill('credential.release-whole'))
    await there.house.ask('ada', 'policy.takeOut', { harness: 'codex', allowed: true })
    expect(await handOver()).toMatchObject({ again: false })
  })
})

describe('taking a credential in', () => {
  const parcel = {
    ...{
      source: 'cred_there',
      from: 'a file',
      name: 'main',
      owner: 'me',
      description: '',
      digests: [] as string[],
    },
    ...{ expiresAt: '2030-01-01T00:00:00.000Z', endsAt: null, acceptNotice: false },
  }
  const key = { ...parcel, type: 'claude/api-key' as const, fields: { key: fakeKey('moved') } }
  const login = {
    ...{ ...parcel, type: 'codex/oauth' as const },
    fields: { id: 'e30.e30.sig', access: 'at-test-9', refresh: 'rt-test-9', accountId: 'acct-1' },
  }

  // Whoever takes in logins, and what renewing them comes to.
  function receiver(house: House, outcome: Outcome) {
    const tokensOf = () => tokenSet('at-test-9', 'rt-test-9', 'acct-1', Date.UTC(2030, 0, 1))
    const provider = { name: 'openai', probes: [], renewer: { tokensOf } } as unknown as Provider
    const grants = { ...NO_GRANTS, want: async () => outcome }
    const control = createControl({ ...house.ports, providerOf: () => provider, grants })
    return (request: Request<'credentials.receive'>) =>
      control['credentials.receive'](house.caller('bob'), SCHEMAS['credentials.receive'].input.parse(request))
  }

  it('stores a key once, however often it is sent', async () => {
    const house = createHouse()
    const { credential, renewed } = await house.ask('bob', 'credentials.receive', key)
    expect({ renewed, owner: credential.owner }).toEqual({ renewed: 'static', owner: 'user:bob' })
    expect((await rowOf(house, credential.id)).expiresAt).toBe(Date.UTC(2030, 0, 1))
    const again = await house.ask('bob', 'credentials.receive', { ...key, name: 'another' })
    expect(again.credential.id).toBe(credential.id)
    await house.ask('bob', 'credentials.delete', { id: credential.id })
    expect(await errorOf(house.ask('bob', 'credentials.receive', key))).toMatchObject({ code: 'needs_login' })
  })

  it('renews a login at once, and remembers the copies of it that are around', async () => {
    const house = createHouse()
    const receive = receiver(house, { kind: 'good', generation: 2 })
    const received = await receive({ ...login, digests: [DIGEST] })
    expect(received).toMatchObject({ renewed: 'yes', credential: { name: 'main' } })
    const facts = await house.ports.store.installation.beginningWith('imported:')
    expect(facts[`imported:${DIGEST}`]).toBe(received.credential.id)
    expect((await receive(login)).credential.id).toBe(received.credential.id)
  })

  it('stores nothing of a login that is dead, and may be asked again', async () => {
    const house = createHouse()
    expect(await errorOf(receiver(house, { kind: 'sign-in' })(login))).toMatchObject({ code: 'rejected' })
    expect(await house.ports.store.installation.get('received:cred_there')).toBeUndefined()
    expect(await receiver(house, { kind: 'good', generation: 2 })(login)).toMatchObject({ renewed: 'yes' })
  })

  it('is for so many logins at once: each asks the provider', async () => {
    const receive = receiver(createHouse(), { kind: 'sign-in' })
    const codes: string[] = []
    for (let i = 0; i < 25; i += 1)
      codes.push((await errorOf(receive({ ...login, source: `cred_${i}` }))).code)
    expect(codes.filter((code) => code === 'rejected')).toHaveLength(20)
    expect(new Set(codes)).toEqual(new Set(['rejected', 'rate_limited']))
  })
})
