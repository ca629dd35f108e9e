import { describe, expect, it } from 'vitest'
import { createHouse, errorOf, fakeKey } from '../../../test/support/house.ts'
import { makeAgent } from '../../../test/support/machines.ts'
import { codexKey } from '../../../test/support/rejections.ts'
import { workerOf } from '../../../test/support/runs.ts'
import type { Request } from '../../api/schemas.ts'

describe('a run is begun', () => {
  it('by a person, and is theirs', async () => {
    const house = createHouse()
    await house.give('bob', 'me', 'own')
    const run = await house.ask('bob', 'runs.create', {
      harness: 'claude',
      prompt: 'Fix the tests.\nAll of them.',
    })
    expect(run).toMatchObject({
      ...{ state: 'queued', title: 'Fix the tests.', worker: null, credential: null, wish: null, team: null },
      for: { kind: 'person', id: 'bob' },
      wanted: { credential: null, access: 'write', workspace: { kind: 'fresh' }, model: null, worker: null },
      messages: [{ text: 'Fix the tests.\nAll of them.', state: 'queued' }],
      lastEvent: 2,
    })
    expect(await house.ask('bob', 'runs.read', { id: run.id })).toEqual(run)
    const row = (await house.audit()).find(({ action }) => action === 'run.create')
    expect(row).toMatchObject({ actorId: 'bob', objectKind: 'run', objectId: run.id, outcome: 'allowed' })
    expect(JSON.stringify(row)).not.toContain('Fix')
  })

  it('not when nothing is configured for anything (R2)', async () => {
    const house = createHouse()
    await house.give('cyd', 'me', 'of-somebody-else')
    const error = await errorOf(house.ask('bob', 'runs.create', { harness: 'codex' }))
    expect([error.code, error.message]).toEqual([
      'no_credential',
      'No coding agent is configured. Add a credential in Settings → Coding agents.',
    ])
    expect((await house.ask('bob', 'runs.list', {})).runs).toEqual([])
  })

  it('not of a harness that has nothing, though another has', async () => {
    const house = createHouse()
    await house.give('bob', 'me', 'own')
    const error = await errorOf(house.ask('bob', 'runs.create', { harness: 'codex' }))
    expect(error.message).toBe('No Codex credential fits.')
  })

  it('though what it has does not work now: it waits for it', async () => {
    const house = createHouse()
    const id = await house.give('bob', 'me', 'own')
    house.provider.result = 'refused'
    await house.ask('bob', 'credentials.test', { id })
    expect(await house.ask('bob', 'runs.create', { harness: 'claude' })).toMatchObject({ state: 'queued' })
  })

  it('not of a harness that is switched off (O9), which is written down', async () => {
    const house = createHouse()
    await house.give('bob', 'me', 'own')
    await house.ask('ada', 'harnesses.set', { harness: 'claude', enabled: false })
    const error = await errorOf(house.ask('bob', 'runs.create', { harness: 'claude' }))
    expect(error.message).toBe(
      'Claude Code is disabled for this organization. Ask an admin, or choose another harness.',
    )
    const refused = (await house.audit()).filter(({ outcome }) => outcome === 'refused')
    expect(refused.map(({ action }) => action)).toEqual(['run.create'])
  })

  it('with one credential by name, which stays the one', async () => {
    const house = createHouse()
    const id = await house.give('bob', 'me', 'own')
    await house.give('ada', 'org', 'shared')
    const run = await house.ask('bob', 'runs.create', { harness: 'claude', credential: 'own' })
    expect(run.wanted.credential).toBe('own')
    await house.ask('bob', 'credentials.rename', { id, name: 'another-name' })
    const worker = await workerOf(house)
    const [claimed] = await worker.claim()
    if (claimed === undefined) throw new Error('nothing was claimed')
    const lease = await worker.lease(claimed)
    expect(lease.credential).toMatchObject({ id, name: 'another-name' })
    house.provider.result = 'refused'
    const answer = await house.ask(worker.caller, 'leases.reject', {
      id: lease.id,
      generation: 1,
      status: 401,
    })
    expect(answer).toMatchObject({ verdict: 'fail', lease: null })
    const none = await errorOf(house.ask('bob', 'runs.create', { harness: 'claude', credential: 'nothing' }))
    expect(none.code).toBe('no_credential')
  })

  it('once, however often it is asked for with the same key', async () => {
    const house = createHouse()
    await house.give('bob', 'me', 'own')
    await house.give('cyd', 'me', 'own')
    const asked = { harness: 'claude', prompt: 'once', key: 'issue-7' } as const
    const all = await Promise.all([1, 2, 3, 4].map(() => house.ask('bob', 'runs.create', asked)))
    expect(new Set(all.map(({ id }) => id)).size).toBe(1)
    expect((await house.ask('bob', 'runs.list', {})).runs).toHaveLength(1)
    expect((await house.ask('bob', 'runs.read', { id: all[0]?.id ?? '' })).messages).toHaveLength(1)
    expect((await house.ask('cyd', 'runs.create', asked)).id).not.toBe(all[0]?.id)
  })

  it('again under its key only as it was, whatever has become of it since', async () => {
    const house = createHouse()
    for (const name of ['own', 'other']) await house.give('bob', 'me', name)
    await house.give('bob', 'me', 'of-codex', codexKey('a'))
    await workerOf(house, 'one')
    const asked: Request<'runs.create'> = {
      ...({ harness: 'claude', access: 'read' } as const),
      ...{ prompt: 'fix it', key: 'k', credential: 'own', worker: 'one', model: 'opus' },
      workspace: { kind: 'git', url: 'https://example.test/shop.git' },
    }
    const { id } = await house.ask('bob', 'runs.create', asked)
    await house.ask('bob', 'runs.send', { id, text: 'more' })
    const again = await house.ask('bob', 'runs.create', { ...asked, credential: 'user:bob/own' })
    expect(again.id).toBe(id)
    const others = [
      { harness: 'codex', credential: 'of-codex' },
      { prompt: 'fix the other' },
      { prompt: undefined },
      { credential: 'other' },
      { credential: undefined },
      { worker: undefined },
      { access: 'full' },
      { model: undefined },
      { team: 'platform' },
      { workspace: { kind: 'git', url: 'https://example.test/shop.git', ref: 'main' } },
      { workspace: undefined },
    ] satisfies Partial<Request<'runs.create'>>[]
    for (const other of others) {
      const error = await errorOf(house.ask('bob', 'runs.create', { ...asked, ...other }))
      expect([error.code, error.message]).toEqual([
        'conflict',
        `Another run was started under this key: ${id}.`,
      ])
    }
    const silent = { harness: 'claude', key: 'silent' } as const
    const begun = await house.ask('bob', 'runs.create', silent)
    await house.ask('bob', 'runs.send', { id: begun.id, text: 'fix it' })
    expect((await house.ask('bob', 'runs.create', silent)).id).toBe(begun.id)
    const spoken = await errorOf(house.ask('bob', 'runs.create', { ...silent, prompt: 'fix it' }))
    expect(spoken.code).toBe('conflict')
  })

  it('for one worker only, when one is named', async () => {
    const house = createHouse()
    await house.give('bob', 'me', 'own')
    const [one, two] = [await workerOf(house, 'one'), await workerOf(house, 'two')]
    await house.ask('bob', 'runs.create', { harness: 'claude', worker: 'two' })
    expect(await one.claim()).toEqual([])
    expect(await two.claim()).toHaveLength(1)
    const absent = await errorOf(house.ask('bob', 'runs.create', { harness: 'claude', worker: 'three' }))
    expect(absent.code).toBe('not_found')
  })

  it.each([
    { kind: 'directory', path: 'relative/path' },
    { kind: 'directory', path: '/srv/../etc' },
    { kind: 'git', url: 'ext::sh -c touch% /tmp/x' },
    { kind: 'git', url: '--upload-pack=touch' },
    { kind: 'git', url: 'https://bob:hunter2@example.test/shop.git' },
    { kind: 'git', url: 'https://hunter2@example.test/shop.git' },
    { kind: 'git', url: 'https://example.test/shop.git?private_token=hunter2' },
    { kind: 'git', url: 'file:///srv/%2e%2e/etc' },
    { kind: 'git', url: 'https://example.test/shop.git', ref: '--output=/etc/passwd' },
    { kind: 'git', url: 'https://example.test/shop.git', ref: 'a..b' },
    { kind: 'git', url: 'file:///srv/../etc' },
  ] as const)('not in %o', async (workspace) => {
    const house = createHouse()
    await house.give('bob', 'me', 'own')
    const error = await errorOf(house.ask('bob', 'runs.create', { harness: 'claude', workspace }))
    expect(error.code).toBe('invalid')
    expect(error.message).not.toContain('hunter2')
  })

  it.each([
    { kind: 'directory', path: '/srv/shop' },
    { kind: 'git', url: 'git@github.com:acme/shop.git', ref: 'feature/one' },
    { kind: 'git', url: 'ssh://git@example.test:22/acme/shop.git' },
    { kind: 'git', url: 'https://example.test/shop.git', ref: 'v1.2' },
  ] as const)('in %o', async (workspace) => {
    const house = createHouse()
    await house.give('bob', 'me', 'own')
    const run = await house.ask('bob', 'runs.create', { harness: 'claude', workspace })
    expect(run.wanted.workspace).toMatchObject(workspace)
  })

  it('and shows nobody what is secret in a URL that was stored before such were refused', async () => {
    const house = createHouse()
    await house.give('bob', 'me', 'own')
    const { id } = await house.ask('bob', 'runs.create', { harness: 'claude' })
    const { store } = house.ports
    const row = await store.runs.get('org-acme', id)
    if (row === undefined) throw new Error('no row')
    const workspace = { kind: 'git', url: 'https://hunter2@example.test/shop.git', ref: null } as const
    await store.runs.insert({ ...row, id: 'run_old', wanted: { ...row.wanted, workspace } })
    for (const who of ['bob', 'aud'] as const)
      expect((await house.ask(who, 'runs.read', { id: 'run_old' })).wanted.workspace).toEqual({
        ...workspace,
        url: 'https://example.test/shop.git',
      })
  })

  it('by an agent: with its own credentials, and carried out by its own worker', async () => {
    const house = createHouse()
    const nightly = await makeAgent(house, 'nightly')
    await house.give('ann', 'agent:nightly', 'its-own')
    await house.give('bob', 'me', 'own')
    const worker = await workerOf(house, 'of-the-agent', 'nightly')
    await house.ask('bob', 'runs.create', { harness: 'claude' })
    const run = await house.ask(nightly, 'runs.create', { harness: 'claude' })
    const claimed = await worker.claim()
    expect(claimed.map(({ id }) => id)).toEqual([run.id])
    const lease = await worker.lease(claimed[0] as (typeof claimed)[number])
    expect(lease.credential?.fields['key']?.expose()).toBe(fakeKey('its-own'))
    expect((await house.ask(nightly, 'runs.list', {})).runs.map(({ id }) => id)).toEqual([run.id])
  })
})

describe('who sees a run', () => {
  it('its team when it was begun in one, those who manage all, and auditors no word of it', async () => {
    const house = createHouse()
    await house.give('bob', 'team:platform', 'ours')
    const own = await house.ask('bob', 'runs.create', { harness: 'claude', prompt: 'words of bob' })
    const team = await house.ask('bob', 'runs.create', {
      harness: 'claude',
      prompt: 'words of us',
      team: 'platform',
    })
    const ids = async (who: 'ada' | 'ann' | 'aud' | 'cyd' | 'bob') =>
      (await house.ask(who, 'runs.list', {})).runs.map(({ id }) => id)
    for (const who of ['ada', 'ann', 'aud', 'bob'] as const) expect(await ids(who)).toEqual([team.id, own.id])
    expect(await ids('cyd')).toEqual([])
    const mate = house.caller('cyd', { teams: ['platform'] })
    expect((await house.ask(mate, 'runs.list', {})).runs.map(({ id }) => id)).toEqual([team.id])
    const seen = await house.ask('aud', 'runs.read', { id: own.id })
    expect(JSON.stringify(seen)).not.toContain('words')
    expect(seen.messages).toMatchObject([{ text: null, state: 'queued' }])
    expect((await errorOf(house.ask('aud', 'runs.events', { id: own.id }))).code).toBe('forbidden')
    expect((await errorOf(house.ask(mate, 'runs.read', { id: own.id }))).code).toBe('not_found')
    const sent = await errorOf(house.ask(mate, 'runs.send', { id: team.id, text: 'hi' }))
    expect([sent.code, sent.message]).toEqual([
      'forbidden',
      `This run is ${team.for.name}'s: you may read it, nothing more.`,
    ])
    expect((await errorOf(house.ask('ann', 'runs.send', { id: own.id, text: 'hi' }))).code).toBe('forbidden')
    expect(await house.ask('ann', 'runs.cancel', { id: own.id })).toMatchObject({ state: 'cancelled' })
    expect((await errorOf(house.ask(mate, 'runs.cancel', { id: team.id }))).code).toBe('forbidden')
    expect((await errorOf(house.ask('eve', 'runs.read', { id: own.id }))).code).toBe('not_found')
  })
})
