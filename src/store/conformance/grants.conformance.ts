// The part of the conformance suite about grants and the tries to renew them.

import { describe, expect, it } from 'vitest'
import { after, signedIn } from '../../domain/grants/grant.ts'
import type { AttemptRow, GrantRow } from '../grant-groups.ts'
import { attemptOf, attemptRow, bytes, type CurrentStore, credentialRow, grantRow } from './rows.ts'

/** Registers the tests of `grants` and `attempts`. */
export function describeGrants(store: CurrentStore): void {
  const credential = async (organizationId = 'org-a') => {
    const row = credentialRow({ organizationId, type: 'codex/oauth', harness: 'codex' })
    await store().credentials.insert(row)
    return row
  }
  const insertGrant = async (changed: Partial<GrantRow> = {}) => {
    const { id, organizationId } = await credential(changed.organizationId)
    const row = grantRow(id, { organizationId, ...changed })
    await store().grants.insert(row)
    return row
  }
  const insertAttempt = async (credentialId: string, changed: Partial<AttemptRow> = {}) => {
    const row = attemptRow(credentialId, changed)
    await store().attempts.insert(row)
    return row
  }
  const world = { store, credential, insertGrant, insertAttempt }
  describe('grants', () => {
    describeGrantRows(world)
    describeTwins(world)
  })
  describe('attempts', () => {
    describeAttemptRows(world)
    describeAttemptLists(world)
  })
}

interface World {
  readonly store: CurrentStore
  readonly credential: (organizationId?: string) => Promise<{ readonly id: string }>
  readonly insertGrant: (changed?: Partial<GrantRow>) => Promise<GrantRow>
  readonly insertAttempt: (credentialId: string, changed?: Partial<AttemptRow>) => Promise<AttemptRow>
}

const idsOf = (rows: readonly Pick<GrantRow, 'credentialId'>[]) => rows.map((row) => row.credentialId)

function describeGrantRows({ store, credential, insertGrant }: World): void {
  it('give back exactly what was inserted, with all that the grant says', async () => {
    const bare = await insertGrant()
    expect(await store().grants.get(bare.credentialId)).toEqual(bare)
    const attempt = attemptOf(attemptRow('any', { purpose: 'forced' }))
    const grant = {
      ...after(bare.grant, { kind: 'claimed', attempt }),
      ...{ refusal: { generation: 1, reason: 'reused', at: 1000 } as const, rejected: 1, failures: 3 },
      ...{
        expiresAt: 8_640_000_000_000_000,
        endsAt: 2000,
        notBefore: 1500,
        doubtful: true,
        unverified: true,
      },
      ...{ orphans: [{ attempt: 'late', issuedAt: 7, mintedAt: 8 }], parent: { generation: 1, issuedAt: 6 } },
    }
    const full = await insertGrant({ grant, dueAt: 0, account: 'acc "1"', digest: 'd'.repeat(64) })
    expect(await store().grants.get(full.credentialId)).toEqual(full)
    expect(await store().grants.get('absent')).toBeUndefined()
  })

  it('are one a credential, and none without', async () => {
    const row = await insertGrant({ account: 'mine' })
    await expect(store().grants.insert({ ...row, account: 'other' })).rejects.toMatchObject({
      code: 'conflict',
    })
    await expect(store().grants.insert(grantRow('absent'))).rejects.toMatchObject({ code: 'not_found' })
    expect(await store().grants.get(row.credentialId)).toEqual(row)
    expect(await store().grants.get('absent')).toBeUndefined()
  })

  it('change by compare-and-set on their own revision, and keep what is not given', async () => {
    const row = await insertGrant({ revision: 7, dueAt: 500, account: 'acc', digest: 'old' })
    const other = await insertGrant({ revision: 7 })
    const grant = signedIn('login-2', 2, { issuedAt: 9, expiresAt: 10, endsAt: null, renewable: true })
    const { update, get } = store().grants
    expect(await update(row.credentialId, 6, { grant, dueAt: 1 })).toBe(false)
    expect(await update(row.credentialId, 8, { grant, dueAt: 1 })).toBe(false)
    expect(await update('absent', 1, { grant, dueAt: 1 })).toBe(false)
    expect(await get(row.credentialId)).toEqual(row)
    expect(await update(row.credentialId, 7, { grant, dueAt: null })).toBe(true)
    const changed = { ...row, grant, dueAt: null, revision: 8 }
    expect(await get(row.credentialId)).toEqual(changed)
    expect(await update(row.credentialId, 7, { grant: row.grant, dueAt: 1 })).toBe(false)
    expect(await update(row.credentialId, 8, { grant, dueAt: 3, account: '', digest: 'new' })).toBe(true)
    expect(await get(row.credentialId)).toEqual({
      ...{ ...changed, revision: 9 },
      ...{ dueAt: 3, account: '', digest: 'new' },
    })
    expect(await get(other.credentialId)).toEqual(other)
    // The credential's own revision is for what people see.
    expect((await store().credentials.get('org-a', row.credentialId))?.revision).toBe(1)
  })

  it('have one winner of many who claim at once, and a unit that fails changes nothing', async () => {
    const { credentialId, grant, revision } = await insertGrant()
    const claim = (place: number) =>
      store().atomically(async (unit) => {
        const attempt = attemptRow(credentialId, { replica: `replica-${place}` })
        const claimed = after(grant, { kind: 'claimed', attempt: attemptOf(attempt) })
        const won = await unit.grants.update(credentialId, revision, { grant: claimed, dueAt: null })
        if (won) await unit.attempts.insert(attempt)
        return won
      })
    const won = await Promise.all(Array.from({ length: 20 }, (_, place) => claim(place)))
    expect(won.filter(Boolean)).toHaveLength(1)
    const now = await store().grants.get(credentialId)
    expect(now?.revision).toBe(revision + 1)
    const replica = `replica-${won.indexOf(true)}`
    const { id = '' } = now?.grant.attempt ?? {}
    expect(await store().attempts.get(id)).toMatchObject({ replica, state: 'sent' })

    const none = attemptRow(credentialId, { replica: 'failing' })
    const failing = store().atomically(async (unit) => {
      expect(await unit.grants.update(credentialId, revision + 1, { grant, dueAt: 1 })).toBe(true)
      await unit.attempts.insert(none)
      throw new RangeError('no')
    })
    await expect(failing).rejects.toThrow(RangeError)
    expect(await store().grants.get(credentialId)).toEqual(now)
    expect(await store().attempts.get(none.id)).toBeUndefined()
  })

  it('are due from their time on, the longest due first, over all organizations', async () => {
    const late = await insertGrant({ dueAt: 900 })
    const never = await insertGrant({ dueAt: null })
    const first = await insertGrant({ dueAt: 100, organizationId: 'org-b' })
    const same = await insertGrant({ dueAt: 900 })
    const future = await insertGrant({ dueAt: 901 })
    expect(await store().grants.due(900, 10)).toEqual([first, late, same])
    expect(await store().grants.due(900, 2)).toEqual([first, late])
    expect(await store().grants.due(99, 10)).toEqual([])
    expect(idsOf(await store().grants.due(8_640_000_000_000_000, 10))).toEqual(
      idsOf([first, late, same, future]),
    )
    expect(await store().grants.list('org-a')).toEqual([late, never, same, future])
    expect(await store().grants.list('org-c')).toEqual([])
    const some = [same.credentialId, late.credentialId, 'none']
    expect(await store().grants.list('org-a', some)).toEqual([late, same])
    expect(await store().grants.list('org-c', some)).toEqual([])
    expect(await store().grants.list('org-a', [])).toEqual([])
  })

  it('are gone with their credential, and so are their attempts', async () => {
    const row = await insertGrant()
    const other = await insertGrant()
    const gone = attemptRow(row.credentialId)
    const kept = attemptRow(other.credentialId)
    for (const attempt of [gone, kept]) await store().attempts.insert(attempt)
    expect(await store().credentials.delete('org-a', row.credentialId)).toBe(true)
    expect(await store().grants.get(row.credentialId)).toBeUndefined()
    expect(await store().attempts.get(gone.id)).toBeUndefined()
    expect(await store().attempts.end(gone.id, ['sent'], { state: 'committed', endedAt: 1 })).toBe(false)
    expect(await store().grants.list('org-a')).toEqual([other])
    expect(await store().attempts.get(kept.id)).toEqual(kept)
  })

  it('of one credential have attempts also without a grant', async () => {
    const { id } = await credential()
    const attempt = attemptRow(id)
    await store().attempts.insert(attempt)
    expect(await store().attempts.get(attempt.id)).toEqual(attempt)
  })
}

function describeTwins({ store, insertGrant }: World): void {
  it('have twins with the same token anywhere, and with the same account in their organization', async () => {
    const row = await insertGrant({ account: 'acc', digest: 'dig' })
    const account = await insertGrant({ account: 'acc', digest: 'another' })
    const both = await insertGrant({ account: 'acc', digest: 'dig' })
    const foreign = await insertGrant({ account: 'x', digest: 'dig', organizationId: 'org-b' })
    await insertGrant({ account: 'acc', digest: 'y', organizationId: 'org-b' })
    await insertGrant({ account: 'ACC', digest: 'DIG' })
    const twin = ({ credentialId, organizationId }: GrantRow, sameToken: boolean) => ({
      ...{ credentialId, organizationId, sameToken },
    })
    expect(await store().grants.twins(row)).toEqual([
      twin(account, false),
      twin(both, true),
      twin(foreign, true),
    ])
    expect(await store().grants.twins({ ...row, digest: '' })).toEqual([
      twin(account, false),
      twin(both, false),
    ])
    expect(await store().grants.twins({ ...row, account: '' })).toEqual([
      twin(both, true),
      twin(foreign, true),
    ])
    // For one that is not stored yet.
    const asked = { credentialId: 'new', organizationId: 'org-c', account: 'acc', digest: 'another' }
    expect(await store().grants.twins(asked)).toEqual([twin(account, true)])
  })

  it('have no twin in what nobody knows', async () => {
    const row = await insertGrant({ account: '', digest: '' })
    await insertGrant({ account: '', digest: '' })
    const known = await insertGrant({ account: 'acc', digest: 'dig' })
    expect(await store().grants.twins(row)).toEqual([])
    expect(await store().grants.twins({ ...known, account: '' })).toEqual([])
    expect(await store().grants.twins({ ...known, digest: '' })).toEqual([])
  })
}

function describeAttemptRows({ store, credential, insertAttempt }: World): void {
  it('give back exactly what was inserted, once', async () => {
    const { id } = await credential()
    const row = await insertAttempt(id)
    const answer = Uint8Array.from({ length: 256 }, (_, value) => value)
    const ended = await insertAttempt(id, {
      ...{ purpose: 'recover', state: 'orphan', endedAt: 8_640_000_000_000_000, answer, beat: 12 },
      ...{ revokeAt: 8_640_000_000_000_000, revokeTries: 3 },
    })
    expect(await store().attempts.get(row.id)).toEqual(row)
    const found = await store().attempts.get(ended.id)
    expect(found).toEqual(ended)
    expect(found?.answer).toBeInstanceOf(Uint8Array)
    expect(await store().attempts.get('absent')).toBeUndefined()
    await expect(store().attempts.insert({ ...row, beat: 5 })).rejects.toMatchObject({ code: 'conflict' })
    await expect(store().attempts.insert(attemptRow('absent'))).rejects.toMatchObject({ code: 'not_found' })
    expect(await store().attempts.get(row.id)).toEqual(row)
  })

  it('beat, one by one, without a trace elsewhere', async () => {
    const { id } = await credential()
    const row = await insertAttempt(id)
    const other = await insertAttempt(id)
    const head = await store().audit.head('org-a')
    await Promise.all([1, 2, 3].map(() => store().attempts.beat(row.id)))
    await expect(store().attempts.beat('absent')).resolves.toBeUndefined()
    expect(await store().attempts.get(row.id)).toEqual({ ...row, beat: row.beat + 3 })
    expect(await store().attempts.get(other.id)).toEqual(other)
    expect(await store().audit.head('org-a')).toEqual(head)
  })

  it('end once, from the states that were asked for', async () => {
    const { id } = await credential()
    const row = await insertAttempt(id)
    const other = await insertAttempt(id)
    const { end, get } = store().attempts
    expect(await end('absent', ['sent'], { state: 'failed', endedAt: 5 })).toBe(false)
    expect(await end(row.id, [], { state: 'failed', endedAt: 5 })).toBe(false)
    expect(await end(row.id, ['given_up', 'failed'], { state: 'failed', endedAt: 5 })).toBe(false)
    expect(await get(row.id)).toEqual(row)
    expect(await end(row.id, ['sent'], { state: 'given_up', endedAt: 6 })).toBe(true)
    expect(await get(row.id)).toEqual({ ...row, state: 'given_up', endedAt: 6 })
    expect(await end(row.id, ['sent'], { state: 'failed', endedAt: 7 })).toBe(false)
    // Late, and kept; then what it brought became current after all.
    const late = { state: 'orphan', endedAt: 8, answer: bytes(0, 1, 255) } as const
    expect(await end(row.id, ['sent', 'given_up'], late)).toBe(true)
    expect(await get(row.id)).toEqual({ ...row, ...late })
    expect(await end(row.id, ['orphan'], { state: 'committed', endedAt: 9 })).toBe(true)
    expect(await get(row.id)).toEqual({ ...row, state: 'committed', endedAt: 9, answer: null })
    const leftover = {
      state: 'leftover',
      endedAt: 9,
      answer: bytes(2),
      revokeAt: 10,
      revokeTries: 1,
    } as const
    expect(await end(row.id, ['committed'], leftover)).toBe(true)
    expect(await get(row.id)).toEqual({ ...row, ...leftover })
    expect(await end(row.id, ['leftover'], { state: 'revoked', endedAt: 11 })).toBe(true)
    expect(await get(row.id)).toEqual({ ...row, state: 'revoked', endedAt: 11 })
    expect(await get(other.id)).toEqual(other)

    const ends = await Promise.all(
      [1, 2, 3].map((at) => end(other.id, ['sent'], { state: 'refused', endedAt: at })),
    )
    expect(ends.filter(Boolean)).toHaveLength(1)
    expect((await get(other.id))?.endedAt).toBe(ends.indexOf(true) + 1)
  })
}

function describeAttemptLists({ store, credential, insertAttempt }: World): void {
  it('are to be revoked from their time on, the longest due first', async () => {
    const { id } = await credential()
    const { id: foreign } = await credential('org-b')
    const left = { state: 'leftover', endedAt: 1, answer: bytes(1) } as const
    const second = await insertAttempt(id, { ...left, revokeAt: 200 })
    const first = await insertAttempt(foreign, { ...left, revokeAt: 100, organizationId: 'org-b' })
    const same = await insertAttempt(id, { ...left, revokeAt: 200, startedAt: 1, revokeTries: 5 })
    await insertAttempt(id, { ...left, revokeAt: 201 })
    await insertAttempt(id, { ...left, revokeAt: null })
    expect(await store().attempts.leftovers(200, 10)).toEqual([first, second, same])
    expect(await store().attempts.leftovers(200, 2)).toEqual([first, second])
    expect(await store().attempts.leftovers(99, 10)).toEqual([])
    expect(await store().attempts.end(first.id, ['leftover'], { state: 'dropped', endedAt: 5 })).toBe(true)
    expect(await store().attempts.leftovers(200, 10)).toEqual([second, same])
  })

  it('that hold an answer are listed oldest first, and never pruned', async () => {
    const { id } = await credential()
    const { id: foreign } = await credential('org-b')
    const answer = bytes(1)
    const later = await insertAttempt(id, { state: 'leftover', startedAt: 300, endedAt: 301, answer })
    const first = await insertAttempt(foreign, {
      ...{ state: 'orphan', startedAt: 100, endedAt: 900, answer, organizationId: 'org-b' },
    })
    const middle = await insertAttempt(id, { state: 'orphan', startedAt: 200, endedAt: 201, answer })
    const sent = await insertAttempt(id, { startedAt: 1 })
    const over = await insertAttempt(id, { state: 'committed', startedAt: 1, endedAt: 499 })
    const givenUp = await insertAttempt(id, { state: 'given_up', startedAt: 1, endedAt: 2 })
    const young = await insertAttempt(id, { state: 'failed', startedAt: 1, endedAt: 500 })
    expect(await store().attempts.kept(10)).toEqual([first, middle, later])
    expect(await store().attempts.kept(2)).toEqual([first, middle])
    expect(await store().attempts.kept(10, id)).toEqual([middle, later])
    expect(await store().attempts.kept(1, id)).toEqual([middle])
    expect(await store().attempts.kept(10, 'absent')).toEqual([])
    expect(await store().attempts.prune(500)).toBe(2)
    expect(await store().attempts.prune(500)).toBe(0)
    for (const gone of [over, givenUp]) expect(await store().attempts.get(gone.id)).toBeUndefined()
    for (const row of [first, middle, later, sent, young]) {
      expect(await store().attempts.get(row.id)).toEqual(row)
    }
  })
}
