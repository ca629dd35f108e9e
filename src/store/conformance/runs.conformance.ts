// The part of the conformance suite about runs: claimed by one at a time, nothing kept twice, what served them.

import { describe, expect, it } from 'vitest'
import { NO_USAGE } from '../../domain/runs/conversation.ts'
import { newRun, type Run, after as stepped } from '../../domain/runs/run.ts'
import type { RunLeaseRow, RunMessageRow, RunRow, WorkSought } from '../runs/run-groups.ts'
import type { CurrentStore } from './rows.ts'

let count = 0
const nextId = (prefix: string) => {
  count += 1
  return `${prefix}-${count.toString().padStart(8, '0')}`
}

export function runRow(changed: Partial<RunRow> = {}): RunRow {
  return {
    id: nextId('run'),
    organizationId: 'org-a',
    subjectKind: 'person',
    subjectId: 'bob',
    subjectName: 'bob@example.test',
    team: null,
    harness: 'claude',
    wanted: {
      ...{
        credential: { id: 'c', name: 'main', owner: 'user:bob' },
        model: null,
        access: 'write',
        title: 'ünïcode "quoted"',
      },
      workspace: { kind: 'git', url: 'https://example.test/shop.git', ref: 'main' },
    },
    directory: null,
    movable: false,
    pin: null,
    key: null,
    revision: 1,
    run: newRun(1000),
    seenAt: null,
    createdAt: 1000,
    ...changed,
  }
}

const SOUGHT: WorkSought = {
  ...{
    organizationId: 'org-a',
    worker: 'w1',
    harnesses: ['claude', 'codex'],
    directories: [],
    subject: null,
    strangers: true,
  },
  ...{ holding: [], stickBefore: 0, limit: 10 },
}

const claim = (id: string, worker = 'w1') => ({ id, worker, at: 2000 })
const held = (id: string, worker = 'w1', run = newRun(1000)): Run =>
  stepped(run, { is: 'claimed', claim: claim(id, worker) })

const message = (runId: string, changed: Partial<RunMessageRow> = {}): RunMessageRow => ({
  ...{ runId, id: 'm1', position: 1, text: 'Grüße\n"', state: 'queued', reason: '', claim: null },
  ...{ createdAt: 1, createdBy: 'bob', changedAt: 1 },
  ...changed,
})

const credential = { id: 'c', name: 'n', type: 'claude/api-key', owner: 'org', suffix: '', generation: 1 }

const leaseOf = (runId: string, changed: Partial<RunLeaseRow> = {}): RunLeaseRow => ({
  ...{ leaseId: nextId('lease'), runId, organizationId: 'org-a', claim: 'c1', credential, reason: 'why' },
  ...{ startedAt: 10, endedAt: null, turns: 0, usage: NO_USAGE },
  ...changed,
})

/** Registers the tests of the groups of runs. */
export function describeRuns(store: CurrentStore): void {
  const insert = async (changed: Partial<RunRow> = {}) => {
    const row = runRow(changed)
    await store().runs.insert(row)
    return row
  }
  const claimable = async (sought: Partial<WorkSought> = {}) => {
    const rows = await store().runWork.claimable({ ...SOUGHT, ...sought }, false)
    return rows.map(({ id }) => id)
  }

  describe('runs', () => {
    it('give back exactly what was inserted, in their organization only', async () => {
      const row = await insert({ key: 'k', team: 'platform', directory: '/srv', pin: 'w9', movable: true })
      const other = await insert({ run: held('c1'), seenAt: 2000, subjectKind: 'agent' })
      expect(await store().runs.get('org-a', row.id)).toEqual(row)
      expect(await store().runs.hold('org-a', other.id)).toEqual(other)
      expect(await store().runs.get('org-b', row.id)).toBeUndefined()
      expect(await store().runs.hold('org-b', row.id)).toBeUndefined()
      await expect(insert({ id: row.id })).rejects.toMatchObject({ code: 'conflict' })
    })

    it('have a key that is theirs alone, of each subject', async () => {
      await insert({ key: 'k' })
      await expect(insert({ key: 'k' })).rejects.toMatchObject({ code: 'conflict' })
      await insert({ key: 'k', subjectId: 'cyd' })
      await insert({ key: 'k', subjectKind: 'agent' })
      await insert({ key: 'k', organizationId: 'org-b' })
      await insert()
      await insert()
    })

    it('change by compare-and-set', async () => {
      const row = await insert()
      const change = { run: held('c1'), seenAt: 2000 }
      expect(await store().runs.update(row.id, 2, change)).toBe(false)
      expect(await store().runs.update(row.id, 1, change)).toBe(true)
      expect(await store().runs.update(row.id, 1, change)).toBe(false)
      expect(await store().runs.get('org-a', row.id)).toEqual({ ...row, ...change, revision: 2 })
      await store().runs.update(row.id, 2, { run: newRun(3000) })
      expect((await store().runs.get('org-a', row.id))?.seenAt).toBe(2000)
    })

    it('that wait for a credential are counted, over all organizations', async () => {
      expect(await store().counts.waitingRuns()).toBe(0)
      const moved = { is: 'moved', to: 'waiting_for_credentials', at: 2500, reason: '', until: null } as const
      const waiting = stepped(held('c1'), moved)
      await insert({ run: waiting })
      const other = await insert({ run: waiting, organizationId: 'org-b' })
      await insert({ run: held('c2') })
      await insert()
      expect(await store().counts.waitingRuns()).toBe(2)
      await store().runs.update(other.id, 1, { run: newRun(3000) })
      expect(await store().counts.waitingRuns()).toBe(1)
    })

    it('are listed newest first, by whom they are for, where, and how they are', async () => {
      const mine = await insert()
      const team = await insert({ subjectId: 'cyd', team: 'platform' })
      const agents = await insert({ subjectKind: 'agent', harness: 'codex', run: held('c1', 'w7') })
      await insert({ organizationId: 'org-b' })
      const list = async (
        filter: Parameters<ReturnType<CurrentStore>['runs']['list']>[1],
        page = { limit: 9 },
      ) => (await store().runs.list('org-a', filter, page)).map(({ id }) => id)
      expect(await list({})).toEqual([agents.id, team.id, mine.id])
      expect(await list({}, { limit: 1 })).toEqual([agents.id])
      expect(await list({}, { limit: 9, ...{ after: team.id } })).toEqual([mine.id])
      const subject = { subjectKind: 'person', subjectId: 'bob' } as const
      expect(await list({ subject })).toEqual([mine.id])
      expect(await list({ subject, teams: ['platform'] })).toEqual([team.id, mine.id])
      expect(await list({ worker: 'w7' })).toEqual([agents.id])
      expect(await list({ place: 'w7' })).toEqual([agents.id])
      expect(await list({ place: 'w8' })).toEqual([])
      expect(await list({ states: ['booting'] })).toEqual([agents.id])
      expect(await list({ states: [] })).toEqual([])
      expect(await list({ harness: 'codex' })).toEqual([agents.id])
    })
  })

  describe('runs that are over', () => {
    const over = (since: number): Run => stepped(newRun(0), { is: 'asked', what: 'end', at: since })
    const everything = async (id: string) => {
      const { runs, runMessages, runEvents, runLeases } = store()
      const all = [await runMessages.list(id), await runEvents.after(id, 0, 9), await runLeases.list(id)]
      return [await runs.get('org-a', id), ...all.map(({ length }) => length)]
    }

    it('are found by how long ago that was', async () => {
      const late = await insert({ run: over(8000) })
      const early = await insert({ run: over(5000) })
      const failed = await insert({
        run: { ...over(6000), state: 'failed' },
        organizationId: 'org-b',
      })
      await insert({ run: { ...newRun(1000), state: 'hibernated' } })
      const past = async (before: number, limit = 9) =>
        (await store().runWork.past(before, limit)).map(({ id }) => id)
      expect(await past(5000)).toEqual([])
      expect(await past(5001)).toEqual([early.id])
      expect(await past(9000)).toEqual([early.id, failed.id, late.id])
      expect(await past(9000, 1)).toEqual([early.id])
    })

    it('are removed with all that belongs to them, and are known to be gone', async () => {
      const row = await insert({ run: over(1000) })
      const other = await insert()
      for (const { id } of [row, other]) {
        await store().runMessages.insert(message(id))
        await store().runEvents.append([
          { runId: id, position: 1, at: 1, event: { kind: 'notice', text: 'x' } },
        ])
        await store().runLeases.insert(leaseOf(id))
      }
      expect(await store().runs.remove('org-b', row.id, 2000)).toBe(false)
      expect(await everything(row.id)).toEqual([row, 1, 1, 1])
      expect(await store().runs.remove('org-a', row.id, 2000)).toBe(true)
      expect(await store().runs.remove('org-a', row.id, 2000)).toBe(false)
      expect(await everything(row.id)).toEqual([undefined, 0, 0, 0])
      expect(await everything(other.id)).toEqual([other, 1, 1, 1])
      const ended = await insert({ run: over(1000) })
      const failed = await insert({ run: { ...over(6000), state: 'failed' } })
      const asked = [row.id, other.id, ended.id, failed.id, 'never-was']
      expect((await store().runs.finished('org-a', asked)).sort()).toEqual([row.id, ended.id].sort())
      expect(await store().runs.finished('org-b', asked)).toEqual([])
      expect(await store().runs.finished('org-a', [])).toEqual([])
    })
  })

  describe('claiming runs', () => {
    it('is for workers that can have them, the longest waiting first', async () => {
      const second = await insert({ run: newRun(2000) })
      const first = await insert({ run: newRun(1000) })
      await insert({ organizationId: 'org-b' })
      const pinned = await insert({ pin: 'w2', run: newRun(3000) })
      const codex = await insert({ harness: 'codex', run: newRun(4000) })
      const agents = await insert({ subjectKind: 'agent', subjectId: 'nightly', run: newRun(5000) })
      expect(await claimable()).toEqual([first.id, second.id, codex.id, agents.id])
      expect(await claimable({ limit: 1 })).toEqual([first.id])
      expect(await claimable({ harnesses: ['codex'] })).toEqual([codex.id])
      expect(await claimable({ harnesses: [] })).toEqual([])
      expect(await claimable({ worker: 'w2' })).toContain(pinned.id)
      const subject = { subjectKind: 'agent', subjectId: 'nightly' } as const
      expect(await claimable({ subject })).toEqual([agents.id])
    })

    it('gives those for strangers to whoever may have them, and no others', async () => {
      const agents = { subjectKind: 'agent', subjectId: 'helper' } as const
      const [ours, theirs] = [
        await insert({ ...agents, key: 'nightly:channel:1' }),
        await insert({ ...agents, key: 'channel:chn_1:0123', run: newRun(2000) }),
      ]
      const members = await insert({ key: 'channel:chn_1:4567', run: newRun(3000) })
      const held1 = await insert({ ...agents, key: 'channel:chn_1:89ab', run: held('c1') })
      const keyless = await insert({ ...agents, run: newRun(4000) })
      expect(await claimable()).toEqual([ours, held1, theirs, members, keyless].map(({ id }) => id))
      expect(await claimable({ strangers: false })).toEqual([ours.id, members.id, keyless.id])
      expect(await claimable({ strangers: false, limit: 2 })).toEqual([ours.id, members.id])
    })

    it('of a directory is for workers that have it', async () => {
      const row = await insert({ directory: '/srv/a_b/shop' })
      for (const directories of [['/srv/a_b/shop'], ['/srv/a_b'], ['/'], ['/x', '/srv']])
        expect(await claimable({ directories })).toEqual([row.id])
      for (const directories of [[], ['/srv/a'], ['/srv/a_b/sho'], ['/srv/axb'], ['/srv/a_b/shop/in']])
        expect(await claimable({ directories })).toEqual([])
    })

    it('leaves a run with the worker that has its workspace, and lets others wait', async () => {
      const lost = stepped(held('c1'), { is: 'lost', at: 5000, reason: '' })
      const stays = await insert({ run: lost })
      const moves = await insert({ run: lost, movable: true })
      expect(await claimable({ worker: 'w1' })).toEqual([stays.id, moves.id])
      expect(await claimable({ worker: 'w2', stickBefore: 4999 })).toEqual([])
      expect(await claimable({ worker: 'w2', stickBefore: 5000 })).toEqual([moves.id])
    })

    it('does not give a worker anew what it still has', async () => {
      await insert({ run: stepped(held('c1'), { is: 'lost', at: 5000, reason: '' }) })
      expect(await claimable({ holding: ['c1'] })).toEqual([])
    })

    it('takes up what a worker does not know to have', async () => {
      const row = await insert({ run: held('c1') })
      await insert({ run: held('c2', 'w2') })
      expect(await claimable({ holding: ['c1'] })).toEqual([])
      expect(await claimable()).toEqual([row.id])
      expect(await claimable({ holding: ['c0'] })).toEqual([row.id])
    })

    it('gives each run to one', async () => {
      const rows = await Promise.all(Array.from({ length: 6 }, () => insert()))
      const take = (worker: string) =>
        store().atomically(async (unit) => {
          const found = await unit.runWork.claimable({ ...SOUGHT, worker, limit: 2 }, true)
          for (const { id, revision, run } of found)
            expect(await unit.runs.update(id, revision, { run: held(`${worker}-${id}`, worker, run) })).toBe(
              true,
            )
          return found.map(({ id }) => id)
        })
      const taken = (await Promise.all(['w1', 'w2', 'w3', 'w4', 'w5'].map(take))).flat()
      expect(taken.sort()).toEqual(rows.map(({ id }) => id))
    })

    it('is noticed to be over when nobody beats, and idle runs are found', async () => {
      const [quiet, alive] = [
        await insert({ run: held('c1'), seenAt: 2000 }),
        await insert({ run: held('c2'), seenAt: 2000 }),
      ]
      await insert({ seenAt: 2000 })
      await store().runWork.beat('w1', ['c2', 'old'], 3000)
      await store().runWork.beat('w2', ['c1'], 3000)
      await store().runWork.beat('w1', [], 3000)
      expect((await store().runWork.silent(3000, 9)).map(({ id }) => id)).toEqual([quiet.id])
      expect((await store().runWork.silent(3001, 9)).map(({ id }) => id)).toEqual([quiet.id, alive.id])
      const ready = stepped(held('c3'), { is: 'moved', to: 'ready', at: 2500, reason: '', until: null })
      const idle = await insert({ run: ready })
      await insert({ run: stepped(ready, { is: 'idle' }) })
      expect(await store().runWork.idle(2500, 9)).toEqual([])
      expect(await store().runWork.idle(2501, 9)).toEqual([idle])
    })
  })

  describe('what belongs to a run', () => {
    it('messages: in order, once by their id, changed by compare-and-set', async () => {
      const { id } = await insert()
      const [one, two] = [message(id), message(id, { id: 'm2', position: 2 })]
      await store().runMessages.insert(two)
      await store().runMessages.insert(one)
      await expect(store().runMessages.insert(one)).rejects.toMatchObject({ code: 'conflict' })
      await expect(store().runMessages.insert(message('none'))).rejects.toMatchObject({ code: 'not_found' })
      expect(await store().runMessages.list(id)).toEqual([one, two])
      const sent = { state: 'sent', claim: 'c1', changedAt: 2 } as const
      expect(await store().runMessages.change(id, 'm1', 'sent', sent)).toBe(false)
      expect(await store().runMessages.change(id, 'm1', 'queued', sent)).toBe(true)
      expect(await store().runMessages.change(id, 'none', 'queued', sent)).toBe(false)
      expect(await store().runMessages.get(id, 'm1')).toEqual({ ...one, ...sent })
      expect(await store().runMessages.list(id, ['queued'])).toEqual([two])
      expect(await store().runMessages.list(id, [])).toEqual([])
      const ids = async (rows: Promise<readonly { id: string }[]>) => (await rows).map((row) => row.id)
      expect(await ids(store().runMessages.list(id, undefined, 1))).toEqual(['m1'])
      expect(await ids(store().runMessages.list(id, ['sent', 'queued'], 1))).toEqual(['m1'])
      expect(await ids(store().runMessages.listBefore(id, 9, 2))).toEqual(['m2', 'm1'])
      expect(await ids(store().runMessages.listBefore(id, 9, 1))).toEqual(['m2'])
      expect(await ids(store().runMessages.listBefore(id, 2, 9))).toEqual(['m1'])
      expect(await ids(store().runMessages.listBefore(id, 1, 9))).toEqual([])
      expect(await ids(store().runMessages.listBefore('none', 9, 9))).toEqual([])
    })

    it('events: in order, each position once', async () => {
      const { id } = await insert()
      const events = [1, 2, 3].map((position) => ({
        ...{ runId: id, position, at: 10 + position },
        event: { kind: 'text', text: `${position}\u0000💡` } as const,
      }))
      await store().runEvents.append(events)
      await store().runEvents.append([])
      await expect(store().runEvents.append(events.slice(2))).rejects.toMatchObject({ code: 'conflict' })
      expect(await store().runEvents.after(id, 1, 9)).toEqual(events.slice(1))
      expect(await store().runEvents.after(id, 0, 2)).toEqual(events.slice(0, 2))
      expect(await store().runEvents.after('none', 0, 2)).toEqual([])
    })

    it('leases: what served, and when a credential last did', async () => {
      const { id } = await insert()
      const lease = (changed: Partial<RunLeaseRow> = {}) => leaseOf(id, changed)
      const [one, two] = [lease(), lease({ startedAt: 20 })]
      await store().runLeases.insert(two)
      await store().runLeases.insert(one)
      await store().runLeases.insert(lease({ startedAt: 30, credential: null }))
      expect((await store().runLeases.list(id)).slice(0, 2)).toEqual([one, two])
      const change = { endedAt: 40, turns: 2, usage: { input: 1, cachedInput: 2, output: 3 } }
      expect(await store().runLeases.update(one.leaseId, change)).toBe(true)
      expect(await store().runLeases.update('none', change)).toBe(false)
      expect(await store().runLeases.get(one.leaseId)).toEqual({ ...one, ...change })
      expect(await store().runLeases.lastUsed('org-a', ['c', 'd'])).toEqual({ c: 20 })
      expect(await store().runLeases.lastUsed('org-b', ['c'])).toEqual({})
      expect(await store().runLeases.lastUsed('org-a', [])).toEqual({})
    })
  })
}
