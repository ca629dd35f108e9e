// A file of profiles as a store: what another program puts in it, and what we put in it.

import { chmodSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import { ORG } from '../../test/support/profile-credentials.ts'
import { NOW, useProfileDesk } from '../../test/support/profile-desk.ts'
import { apiKey, codexLogin, editFile, placeWith, writtenIn } from '../../test/support/profile-files.ts'
import type { CredentialRow } from '../store/store.ts'
import { type AgentPlace, placeOf } from './place.ts'

const { change, fresh, insert, list, named, namesIn, open, rotate, stateDirectory, values, write } =
  useProfileDesk()
const TOKEN = 'sk-ant-oat01-test-1'

let main: AgentPlace

beforeEach(() => {
  main = placeOf(stateDirectory(), 'main')
})

describe('a profile that another program has put in the file', () => {
  it('is a credential, of every kind that serves a harness, and a login has a grant', async () => {
    write({
      'anthropic:default': apiKey('1'),
      'anthropic:manual': { type: 'token', provider: 'anthropic', token: TOKEN, expires: NOW + 1000.4 },
      'anthropic:endless': { type: 'token', provider: 'anthropic', token: `${TOKEN}2`, expires: 0 },
      'openai-codex:ada': codexLogin('1', { email: 'ada@example.test' }),
      'amazon-bedrock:eu': {
        ...{ type: 'api_key', provider: 'amazon-bedrock', key: 'secret-test' },
        metadata: { accessKeyId: 'AKIATESTTESTTESTTEST', region: 'eu-west-1' },
      },
    })
    const { store } = open()
    const rows = await list(store)
    expect(rows.map(({ name, type, expiresAt, state }) => ({ name, type, expiresAt, state }))).toEqual([
      { name: 'anthropic:default', type: 'claude/api-key', expiresAt: null, state: 'ok' },
      { name: 'anthropic:manual', type: 'claude/setup-token', expiresAt: NOW + 1000, state: 'ok' },
      { name: 'anthropic:endless', type: 'claude/setup-token', expiresAt: null, state: 'ok' },
      { name: 'openai-codex:ada', type: 'codex/oauth', expiresAt: 1_900_000_000_000, state: 'ok' },
      { name: 'amazon-bedrock:eu', type: 'claude/bedrock-access-key', expiresAt: null, state: 'ok' },
    ])
    const [key, token, , login] = rows as [CredentialRow, CredentialRow, CredentialRow, CredentialRow]
    expect(await values(store, key)).toEqual({ key: 'sk-ant-test-1' })
    expect(await values(store, token)).toEqual({ token: TOKEN })
    expect(await values(store, login)).toMatchObject({ access: 'at-test-1', refresh: 'rt-test-1' })
    expect(await store.grants.get(login.id)).toMatchObject({
      ...{ account: 'acct-1', revision: 1 },
      grant: { generation: 1, expiresAt: 1_900_000_000_000, unverified: false },
    })
    expect(await store.grants.get(key.id)).toBeUndefined()
    expect(await list(open().store)).toEqual(rows)
  })

  it('of no use here stays in the file as it is, and is reported without what it holds', async () => {
    const profiles = {
      'google:default': { type: 'api_key', provider: 'google', key: 'hidden-test' },
      'anthropic:ref': {
        type: 'api_key',
        provider: 'anthropic',
        keyRef: { source: 'env', id: 'hidden-test' },
      },
      'anthropic:code': { type: 'token', provider: 'anthropic', token: 'hidden-test#state' },
      'anthropic:none': { type: 'api_key', provider: 'anthropic' },
      'new:kind': { type: 'passkey', provider: 'anthropic', secret: 'hidden-test' },
      'anthropic:default': apiKey('1'),
    }
    write(profiles)
    const { store, keeper } = open()
    expect(await namesIn(store)).toEqual(['anthropic:default'])
    const found = keeper.unusable()
    expect(found.map(({ agent, profile, why }) => ({ agent, profile, why }))).toEqual([
      {
        agent: 'main',
        profile: 'google:default',
        why: 'google:default is of google, which serves no harness here.',
      },
      { agent: 'main', profile: 'anthropic:ref', why: expect.stringMatching(/kept elsewhere/) },
      {
        agent: 'main',
        profile: 'anthropic:code',
        why: expect.stringMatching(/should start with sk-ant-oat01-/),
      },
      { agent: 'main', profile: 'anthropic:none', why: expect.stringMatching(/The API key is missing/) },
      { agent: 'main', profile: 'new:kind', why: 'new:kind is of a kind that is not known here.' },
    ])
    expect(JSON.stringify(found)).not.toContain('hidden-test')
    await insert(store, 'anthropic:more', 'sk-ant-test-2')
    expect(writtenIn(main).profiles).toEqual({ ...profiles, 'anthropic:more': apiKey('2') })
  })

  it('with other values has a new version, and a login is a new one', async () => {
    write({ 'anthropic:default': apiKey('1'), 'openai-codex:ada': codexLogin('1') })
    const { store } = open()
    const before = await named(store, 'openai-codex:ada')
    const grant = await store.grants.get(before.id)
    editFile(main, ({ profiles }) => {
      profiles['anthropic:default'] = apiKey('2')
      profiles['openai-codex:ada'] = codexLogin('2', { accountId: 'acct-2' })
    })
    const key = await named(store, 'anthropic:default')
    const login = await named(store, 'openai-codex:ada')
    expect([key.version, login.version, login.id]).toEqual([2, 2, before.id])
    expect(await values(store, key)).toEqual({ key: 'sk-ant-test-2' })
    expect(await values(store, login)).toMatchObject({ access: 'at-test-2', accountId: 'acct-2' })
    const now = await store.grants.get(login.id)
    expect(now).toMatchObject({ account: 'acct-2', revision: 2, grant: { generation: 2 } })
    expect(now?.grant.login).not.toBe(grant?.grant.login)
    expect(await store.versions.list(login.id)).toMatchObject([{ version: 2, note: 'found changed' }])
  })

  it('tells whoever listens that its login has changed', async () => {
    write({ 'openai-codex:ada': codexLogin('1') })
    const { store } = open()
    const { id } = await named(store, 'openai-codex:ada')
    const heard: unknown[] = []
    const stop = store.signals.listen((signal) => void heard.push(signal))
    editFile(main, ({ profiles }) => {
      profiles['openai-codex:ada'] = codexLogin('2')
    })
    await list(store)
    await expect.poll(() => heard).toContainEqual({ topic: 'grants', subject: id })
    stop()
  })

  it('tells whoever waits for a credential that there is another, and that one is gone', async () => {
    write({ 'anthropic:default': apiKey('1') })
    const { store } = open()
    const before = await named(store, 'anthropic:default')
    const heard: unknown[] = []
    const stop = store.signals.listen((signal) => void heard.push(signal))
    editFile(main, ({ profiles }) => {
      profiles['anthropic:work'] = apiKey('2')
      delete profiles['anthropic:default']
    })
    const added = await named(store, 'anthropic:work')
    await expect.poll(() => heard).toContainEqual({ topic: 'grants', subject: added.id })
    expect(heard).toContainEqual({ topic: 'holders', subject: before.id })
    stop()
  })

  it('that is not in it any more is gone, with all that was known of it', async () => {
    write({ 'anthropic:default': apiKey('1'), 'openai-codex:ada': codexLogin('1') })
    const { store } = open()
    const { id } = await named(store, 'openai-codex:ada')
    editFile(main, ({ profiles }) => {
      delete profiles['openai-codex:ada']
    })
    expect(await namesIn(store)).toEqual(['anthropic:default'])
    expect(await store.grants.get(id)).toBeUndefined()
    expect(await store.versions.list(id)).toEqual([])
    expect(readFileSync(main.ledger, 'utf8')).not.toContain(id)
  })

  it('of another kind than it was is another credential of the same name', async () => {
    write({ 'anthropic:default': apiKey('1') })
    const { store } = open()
    const before = await named(store, 'anthropic:default')
    editFile(main, ({ profiles }) => {
      profiles['anthropic:default'] = { type: 'token', provider: 'anthropic', token: TOKEN }
    })
    const now = await named(store, 'anthropic:default')
    expect([now.type, now.version]).toEqual(['claude/setup-token', 1])
    expect(now.id).not.toBe(before.id)
    expect(await list(store)).toHaveLength(1)
  })

  it('and cannot be used for a while is the same credential afterwards', async () => {
    write({ 'openai-codex:ada': codexLogin('1') })
    const { store } = open()
    const before = await named(store, 'openai-codex:ada')
    const kept = writtenIn(main).profiles['openai-codex:ada']
    editFile(main, ({ profiles }) => {
      profiles['openai-codex:ada'] = { type: 'later', provider: 'openai-codex' }
    })
    expect(await list(store)).toEqual([])
    editFile(main, ({ profiles }) => {
      profiles['openai-codex:ada'] = kept ?? {}
    })
    expect(await list(store)).toEqual([before])
  })

  it('may be called as a credential was called here: both are there', async () => {
    write({ 'anthropic:default': apiKey('1') })
    const { store } = open()
    await insert(store, 'work', 'sk-ant-test-2')
    expect(Object.keys(writtenIn(main).profiles)).toEqual(['anthropic:default', 'anthropic:work'])
    editFile(main, ({ profiles }) => {
      profiles['work'] = apiKey('3')
    })
    expect(await namesIn(store)).toEqual(['anthropic:default', 'work', 'work-2'])
    expect(await values(store, await fresh('work'))).toEqual({ key: 'sk-ant-test-2' })
  })
})

describe('a file in which nothing has changed', () => {
  it('is not written, however it was written and whoever looks', async () => {
    const odd = JSON.stringify(
      {
        ...{ later: { b: 1, a: [2] }, version: 1 },
        profiles: { 'anthropic:default': apiKey('1', { note: 'mine' }), 'anthropic:b': apiKey('2') },
        order: { other: [], anthropic: ['someone:else', 'anthropic:b'] },
        usageStats: { 'anthropic:default': { cooldownUntil: NOW - 5, lastUsed: 17.5, errorCount: 3 } },
      },
      null,
      '\t',
    )
    placeWith(stateDirectory(), odd)
    const stores = [open(), open()]
    for (const { store } of stores) await list(store)
    const files = () => [main.profiles, main.ledger].map((path) => statSync(path).ino)
    const before = files()
    for (const { store } of [...stores, open(), ...stores]) await list(store)
    expect(files()).toEqual(before)
    expect(readFileSync(main.profiles, 'utf8')).toBe(odd)
  })

  it('is not written when a unit fails', async () => {
    write({ 'anthropic:default': apiKey('1') })
    const { store } = open()
    const row = await named(store, 'anthropic:default')
    const before = readFileSync(main.ledger, 'utf8')
    const failing = store.atomically(async (unit) => {
      await unit.credentials.delete(ORG, row.id)
      throw new RangeError('no')
    })
    await expect(failing).rejects.toThrow(RangeError)
    expect(readFileSync(main.ledger, 'utf8')).toBe(before)
    expect(await list(store)).toEqual([row])
  })
})

describe('what is stored here', () => {
  it('is in the file as others write it, with all that is not ours as it was', async () => {
    write({
      'anthropic:default': apiKey('1', { email: 'ada@example.test', later: { a: 1 }, metadata: { b: 2 } }),
    })
    const { store } = open()
    await rotate(store, await named(store, 'anthropic:default'), 'sk-ant-test-2')
    await insert(store, 'team', 'sk-ant-test-3')
    expect(writtenIn(main)).toEqual({
      version: 1,
      profiles: {
        'anthropic:default': apiKey('2', { email: 'ada@example.test', later: { a: 1 }, metadata: { b: 2 } }),
        'anthropic:team': { type: 'api_key', provider: 'anthropic', key: 'sk-ant-test-3' },
      },
    })
  })

  it('is private, also where it was not', async () => {
    write({ 'anthropic:default': apiKey('1') })
    chmodSync(main.profiles, 0o644)
    const { store } = open('work', 'main')
    const { id } = await insert(store, 'own', 'sk-ant-test-9')
    await rotate(store, await named(store, 'anthropic:default'), 'sk-ant-test-2')
    expect(await store.credentials.get(ORG, id)).toBeDefined()
    for (const path of readdirSync(stateDirectory(), { recursive: true, encoding: 'utf8' })) {
      const found = statSync(join(stateDirectory(), path))
      expect(found.mode & 0o777, path).toBe(found.isDirectory() ? 0o700 : 0o600)
    }
  })

  it('is in the ledger sealed, and what is current is not in it at all', async () => {
    write({ 'anthropic:default': apiKey('1') })
    const { store } = open()
    const first = await named(store, 'anthropic:default')
    const sealed = await store.versions.values(first.id, 1)
    await rotate(store, first, 'sk-ant-test-2')
    const text = readFileSync(main.ledger, 'utf8')
    expect(text).not.toContain('sk-ant-test')
    const [entry] = JSON.parse(text).entries
    const keptAs = (version: number) =>
      entry.versions.find((one: { version: number }) => one.version === version).values
    expect(keptAs(2)).toEqual({})
    expect(keptAs(1)).toEqual({ key: Buffer.from(sealed['key'] ?? []).toString('base64') })
    const again = open().store
    expect(await values(again, await named(again, 'anthropic:default'))).toEqual({ key: 'sk-ant-test-2' })
    expect(await again.versions.values(first.id, 1)).toEqual(sealed)
  })

  it('has a new name in the file when it is given one, wherever it is named there', async () => {
    write(
      { 'anthropic:a': apiKey('1'), 'anthropic:b': apiKey('2'), 'anthropic:taken': { type: 'later' } },
      {
        order: { anthropic: ['anthropic:b', 'anthropic:a'] },
        lastGood: { anthropic: 'anthropic:a' },
        usageStats: { 'anthropic:a': { errorCount: 1 }, 'anthropic:taken': { errorCount: 9 } },
      },
    )
    const { store } = open()
    await change(store, await named(store, 'anthropic:a'), { name: 'anthropic:taken' })
    expect(writtenIn(main)).toEqual({
      version: 1,
      profiles: {
        'anthropic:taken-2': apiKey('1'),
        'anthropic:b': apiKey('2'),
        'anthropic:taken': { type: 'later' },
      },
      order: { anthropic: ['anthropic:b', 'anthropic:taken-2'] },
      lastGood: { anthropic: 'anthropic:taken-2' },
      usageStats: { 'anthropic:taken-2': { errorCount: 1 }, 'anthropic:taken': { errorCount: 9 } },
    })
    expect(await values(store, await fresh('anthropic:taken'))).toEqual({ key: 'sk-ant-test-1' })
  })

  it('is never put over another that would be called the same', async () => {
    const { store } = open()
    await insert(store, 'work', 'sk-ant-test-1')
    await insert(store, 'anthropic:work', 'sk-ant-test-2')
    expect(Object.keys(writtenIn(main).profiles)).toEqual(['anthropic:work', 'anthropic:work-2'])
    const [one, other] = [await fresh('work'), await fresh('anthropic:work')]
    await open().store.atomically(async (unit) => {
      await change(unit, one, { name: 'x' })
      await change(unit, other, { name: 'work' })
      await change(unit, await named(unit, 'x'), { name: 'anthropic:work' })
    })
    expect(await values(store, await fresh('work'))).toEqual({ key: 'sk-ant-test-2' })
    expect(await values(store, await fresh('anthropic:work'))).toEqual({ key: 'sk-ant-test-1' })
  })

  it('and is deleted is nowhere any more', async () => {
    const more = { order: { anthropic: ['anthropic:a'] }, lastGood: { anthropic: 'anthropic:a' } }
    write({ 'anthropic:a': apiKey('1') }, { ...more, usageStats: { 'anthropic:a': { lastUsed: 1 } } })
    const { store } = open()
    await store.credentials.delete(ORG, (await named(store, 'anthropic:a')).id)
    expect(writtenIn(main)).toEqual({ version: 1, profiles: {}, order: {}, lastGood: {}, usageStats: {} })
    expect(await list(open().store)).toEqual([])
  })

  it('says nothing of values that are not there any more', async () => {
    write({ 'anthropic:manual': { type: 'token', provider: 'anthropic', token: TOKEN, expires: NOW } })
    const { store } = open()
    await change(store, await named(store, 'anthropic:manual'), { expiresAt: NOW + 7 })
    expect(writtenIn(main).profiles['anthropic:manual']).toMatchObject({ token: TOKEN, expires: NOW + 7 })
    await change(store, await named(store, 'anthropic:manual'), { expiresAt: null })
    expect(writtenIn(main).profiles['anthropic:manual']).not.toHaveProperty('expires')
    expect((await fresh('anthropic:manual')).version).toBe(1)
    editFile(main, ({ profiles }) => {
      profiles['anthropic:manual'] = { type: 'token', provider: 'anthropic', token: TOKEN, expires: NOW + 9 }
    })
    expect(await named(store, 'anthropic:manual')).toMatchObject({ version: 1, expiresAt: NOW + 9 })
  })
})
