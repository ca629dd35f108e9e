// The part of the conformance suite about agents, what is attached to them, and workers.

import { describe, expect, it } from 'vitest'
import type { AgentRow, WorkerRow } from '../machine-groups.ts'
import type { CredentialRow } from '../store.ts'
import { agentRow, type CurrentStore, credentialRow, workerRow } from './rows.ts'

/** Registers the tests of `agents`, `attachments` and `workers`. */
export function describeMachines(store: CurrentStore): void {
  describeAgents(store)
  describeAttachments(store)
  describeWorkers(store)
}

function describeAgents(store: CurrentStore): void {
  const insert = async (changed: Partial<AgentRow> = {}) => {
    const row = agentRow(changed)
    await store().agents.insert(row)
    return row
  }

  describe('agents', () => {
    it('are found by name within their organization, and listed by name', async () => {
      const second = await insert({ name: 'nightly', description: '"quoted" 𝄞' })
      const first = await insert({ name: 'Nightly' })
      const foreign = await insert({ name: 'nightly', organizationId: 'org-b' })
      expect(await store().agents.get('org-a', 'nightly')).toEqual(second)
      expect(await store().agents.get('org-b', 'nightly')).toEqual(foreign)
      expect(await store().agents.get('org-b', 'Nightly')).toBeUndefined()
      expect(await store().agents.list('org-a')).toEqual([first, second])
      expect(await store().agents.list('org-c')).toEqual([])
    })

    it('refuse a taken name with `conflict`, until the other is deleted', async () => {
      const row = await insert({ name: 'nightly' })
      await expect(insert({ name: 'nightly' })).rejects.toMatchObject({
        code: 'conflict',
        message: 'There already is an agent named nightly.',
      })
      expect(await store().agents.delete('org-b', 'nightly')).toBe(false)
      expect(await store().agents.delete('org-a', 'nightly')).toBe(true)
      expect(await store().agents.delete('org-a', 'nightly')).toBe(false)
      expect(await store().agents.get('org-a', 'nightly')).toBeUndefined()
      await insert({ ...row, description: 'another' })
    })

    it('can be held while they are there, and are not changed by it', async () => {
      const row = await insert({ name: 'nightly' })
      await store().atomically(async (unit) => {
        expect(await unit.agents.hold('org-a', 'nightly')).toBe(true)
        expect(await unit.agents.hold('org-b', 'nightly')).toBe(false)
        expect(await unit.agents.hold('org-a', 'none')).toBe(false)
      })
      expect(await store().agents.get('org-a', 'nightly')).toEqual(row)
    })
  })
}

function describeAttachments(store: CurrentStore): void {
  const credential = async (changed: Partial<CredentialRow> = {}) => {
    const row = credentialRow({ owner: 'org', ...changed })
    await store().credentials.insert(row)
    return row.id
  }
  const agent = async (name: string, organizationId = 'org-a') => {
    await store().agents.insert(agentRow({ name, organizationId }))
    return name
  }
  const attach = (credentialId: string, name: string, changed = {}) =>
    store().attachments.attach({
      ...{ organizationId: 'org-a', agent: name, credentialId, attachedAt: 1000, attachedBy: 'ada' },
      ...changed,
    })

  describe('attachments', () => {
    it('are made once and taken away once, and are listed from both sides', async () => {
      const [nightly, review] = [await agent('nightly'), await agent('review')]
      const [one, two] = [await credential(), await credential()]
      expect(await attach(two, nightly, { attachedAt: 3000 })).toBe(true)
      expect(await attach(one, review, { attachedAt: 2000 })).toBe(true)
      expect(await attach(one, nightly, { attachedAt: 4000 })).toBe(true)
      expect(await attach(one, nightly, { attachedAt: 9000, attachedBy: 'bob' })).toBe(false)
      const row = { organizationId: 'org-a', attachedBy: 'ada' }
      expect(await store().attachments.ofAgent('org-a', 'nightly')).toEqual([
        { ...row, agent: 'nightly', credentialId: two, attachedAt: 3000 },
        { ...row, agent: 'nightly', credentialId: one, attachedAt: 4000 },
      ])
      expect((await store().attachments.ofCredential('org-a', one)).map((found) => found.agent)).toEqual([
        'nightly',
        'review',
      ])
      expect(await store().attachments.ofAgent('org-b', 'nightly')).toEqual([])
      expect(await store().attachments.has('org-a', 'nightly', one)).toBe(true)
      expect(await store().attachments.has('org-b', 'nightly', one)).toBe(false)
      expect(await store().attachments.detach('org-b', 'nightly', one)).toBe(false)
      expect(await store().attachments.detach('org-a', 'nightly', one)).toBe(true)
      expect(await store().attachments.detach('org-a', 'nightly', one)).toBe(false)
      expect(await store().attachments.has('org-a', 'nightly', one)).toBe(false)
      expect(await store().attachments.has('org-a', 'review', one)).toBe(true)
    })

    it('need an agent and a credential that exist', async () => {
      const nightly = await agent('nightly')
      const one = await credential()
      await expect(attach('none', nightly)).rejects.toMatchObject({ code: 'not_found' })
      await expect(attach(one, 'none')).rejects.toMatchObject({ code: 'not_found' })
      await expect(attach(one, nightly, { organizationId: 'org-b' })).rejects.toMatchObject({
        code: 'not_found',
      })
    })

    it('are candidates of the agent they were made for, of its harness and raw', async () => {
      const [nightly] = [await agent('nightly'), await agent('review'), await agent('nightly', 'org-b')]
      const key = await credential({ owner: 'team:web', position: 2 })
      const raw = await credential({ type: 'raw', harness: 'raw' })
      const codex = await credential({ type: 'codex/api-key', harness: 'codex' })
      await credential()
      for (const id of [key, raw, codex]) await attach(id, nightly)
      const found = await store().attachments.candidates('org-a', 'claude', 'nightly')
      expect(found.map((row) => row.id).sort()).toEqual([key, raw].sort())
      const [candidate] = await store().credentials.candidates('org-a', 'claude', ['team:web'])
      expect(found.find((row) => row.id === key)).toEqual(candidate)
      expect(await store().attachments.candidates('org-a', 'claude', 'review')).toEqual([])
      expect(await store().attachments.candidates('org-b', 'claude', 'nightly')).toEqual([])
    })

    it('are in a list of credentials that asks for them', async () => {
      const nightly = await agent('nightly')
      const own = await credential({ owner: 'agent:nightly', name: 'own' })
      const attached = await credential({ name: 'attached' })
      await credential({ name: 'not-attached' })
      await attach(attached, nightly)
      const ids = async (filter: object) =>
        (await store().credentials.list('org-a', filter, { limit: 10 })).map((row) => row.id)
      expect(await ids({ owners: ['agent:nightly'], attachedTo: 'nightly' })).toEqual([own, attached])
      expect(await ids({ owners: ['agent:nightly'], attachedTo: 'nightly', name: 'own' })).toEqual([own])
      expect(await ids({ owners: [], attachedTo: 'nightly' })).toEqual([attached])
      expect(await ids({ owners: ['agent:nightly'], attachedTo: 'review' })).toEqual([own])
    })

    it('go with the agent, with the credential, and all of a credential at once', async () => {
      const [nightly, review] = [await agent('nightly'), await agent('review')]
      const [one, two] = [await credential(), await credential()]
      for (const id of [one, two]) for (const name of [nightly, review]) await attach(id, name)
      await store().agents.delete('org-a', 'nightly')
      await agent('nightly')
      expect(await store().attachments.ofAgent('org-a', 'nightly')).toEqual([])
      await store().credentials.delete('org-a', two)
      expect((await store().attachments.ofAgent('org-a', 'review')).map((row) => row.credentialId)).toEqual([
        one,
      ])
      await store().attachments.detachAll('org-b', one)
      expect(await store().attachments.has('org-a', 'review', one)).toBe(true)
      await store().attachments.detachAll('org-a', one)
      expect(await store().attachments.ofCredential('org-a', one)).toEqual([])
    })
  })
}

function describeWorkers(store: CurrentStore): void {
  const insert = async (changed: Partial<WorkerRow> = {}) => {
    const row = workerRow(changed)
    await store().workers.insert(row)
    return row
  }

  describe('workers', () => {
    it('are found by id within their organization, and by the digest of their code', async () => {
      const row = await insert({ agent: 'nightly', enrolmentExpiresAt: 8_640_000_000_000_000 })
      const second = await insert()
      expect(await store().workers.get('org-a', row.id)).toEqual(row)
      expect(await store().workers.get('org-b', row.id)).toBeUndefined()
      expect(await store().workers.findByEnrolment(row.enrolmentDigest)).toEqual(row)
      expect(await store().workers.findByEnrolment('none')).toBeUndefined()
      expect(await store().workers.list('org-a')).toEqual([row, second])
      expect(await store().workers.list('org-b')).toEqual([])
    })

    it('refuse a name in use with `conflict`; a revoked one is free again', async () => {
      const row = await insert({ name: 'build-1' })
      await insert({ name: 'build-1', organizationId: 'org-b' })
      await expect(insert({ name: 'build-1' })).rejects.toMatchObject({
        code: 'conflict',
        message: 'There already is a worker named build-1.',
      })
      expect(await store().workers.revoke('org-b', row.id, 5)).toBe(false)
      expect(await store().workers.revoke('org-a', row.id, 5)).toBe(true)
      expect(await store().workers.revoke('org-a', row.id, 6)).toBe(false)
      await insert({ name: 'build-1' })
      expect(await store().workers.get('org-a', row.id)).toEqual({ ...row, revokedAt: 5 })
    })

    it('are enrolled once, and not when revoked', async () => {
      const [row, revoked] = [await insert(), await insert()]
      const outcomes = await Promise.all([
        store().workers.enrol(row.id, 1500),
        store().workers.enrol(row.id, 1600),
      ])
      expect(outcomes.filter((enrolled) => enrolled)).toHaveLength(1)
      expect(await store().workers.enrol(row.id, 1700)).toBe(false)
      expect([1500, 1600]).toContain((await store().workers.get('org-a', row.id))?.enrolledAt)
      await store().workers.revoke('org-a', revoked.id, 1400)
      expect(await store().workers.enrol(revoked.id, 1500)).toBe(false)
      expect(await store().workers.enrol('none', 1500)).toBe(false)
    })

    it('are noted as seen only when that was long ago', async () => {
      const { id } = await insert()
      const seenAt = async () => (await store().workers.get('org-a', id))?.lastSeenAt
      await store().workers.seen(id, 1000, 900)
      expect(await seenAt()).toBe(1000)
      await store().workers.seen(id, 1050, 950)
      expect(await seenAt()).toBe(1000)
      await store().workers.seen(id, 1200, 1100)
      expect(await seenAt()).toBe(1200)
    })

    it('begin another process once, whoever tries at the same time', async () => {
      const { id } = await insert()
      const processes = async () => (await store().workers.get('org-a', id))?.processes
      const begun = await Promise.all([
        store().runWork.begin(id, [], ['"a"']),
        store().runWork.begin(id, [], ['b']),
      ])
      expect(begun.filter(Boolean)).toHaveLength(1)
      const first = (await processes()) ?? []
      expect(first).toEqual(begun[0] ? ['"a"'] : ['b'])
      expect(await store().runWork.begin(id, first, ['c', ...first])).toBe(true)
      expect(await store().runWork.begin(id, first, ['d'])).toBe(false)
      expect(await processes()).toEqual(['c', ...first])
      await store().workers.revoke('org-a', id, 5)
      expect(await store().runWork.begin(id, ['c', ...first], ['e'])).toBe(false)
    })

    it('keep what their machine is like as they last said it, until they are revoked', async () => {
      const { id } = await insert()
      const row = async () => store().workers.get('org-a', id)
      const machine = {
        version: '1.2.3',
        programs: [{ harness: 'codex', version: null }] as const,
        directories: ['/srv/"repos"'],
      }
      await store().workers.seen(id, 1000, 900, machine)
      expect(await row()).toMatchObject({ lastSeenAt: 1000, machine })
      await store().workers.seen(id, 1010, 900, { ...machine, version: '1.2.4' })
      expect(await row()).toMatchObject({ lastSeenAt: 1010, machine: { ...machine, version: '1.2.4' } })
      await store().workers.seen(id, 5000, 4000)
      expect((await store().workers.list('org-a'))[0]).toEqual(await row())
      expect(await row()).toMatchObject({ lastSeenAt: 5000, machine: { version: '1.2.4' } })
      await store().workers.revoke('org-a', id, 6000)
      await store().workers.seen(id, 7000, 6500, machine)
      expect(await row()).toMatchObject({ lastSeenAt: 5000, machine: { version: '1.2.4' } })
    })
  })
}
