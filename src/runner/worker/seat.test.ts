// A seat at the stand-in program, in processes of its own: what is delivered is what the real harnesses deliver.

import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import { standInHarness } from '../../../test/support/stand-in-harness.ts'
import type { LeaseNews } from '../../client/lease-news.ts'
import { type ConversationEvent, NO_USAGE } from '../../domain/runs/conversation.ts'
import { SUPERSEDED } from '../../domain/runs/serving-credential.ts'
import { Secret } from '../../domain/secret.ts'
import { claude } from '../../harnesses/claude.ts'
import { codex } from '../../harnesses/codex.ts'
import type { Harness } from '../../harnesses/harness.ts'
import type { AcquiredLease, LeasedCredential, LiveLeases } from '../lease-source.ts'
import type { RunPlace } from '../workspaces/workspace.ts'
import { createSeat, type Seat, type SeatOptions } from './seat.ts'

let root = ''
let seats: Seat[] = []

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'claviger-seat-'))
  seats = []
  return async () => {
    for (const seat of seats) await seat.leave()
    await rm(root, { recursive: true, force: true })
  }
})

const MESSAGE = 'message-1'

/** A lease that is followed: whoever holds it is told of news. */
function followed() {
  let current = login(1)
  let tell: (news: LeaseNews) => void = () => undefined
  const live: LiveLeases = {
    async *follow(_lease, _generation, signal) {
      while (!signal.aborted) {
        const news = await new Promise<LeaseNews | null>((resolve) => {
          tell = resolve
          signal.addEventListener('abort', () => resolve(null), { once: true })
        })
        if (news === null) return
        yield news
      }
    },
    read: async () => current,
  }
  return {
    live,
    renew(generation: number) {
      current = login(generation)
      tell({ type: 'rotated', generation })
    },
    end: (reason: string) => tell({ type: 'revoked', reason: `This lease is over: ${reason}.` }),
  }
}

function login(generation: number): LeasedCredential {
  const access = new Secret(`sk-ant-oat01-seat-${generation}`)
  return {
    ...{ id: 'c1', name: 'max', owner: 'org', type: 'claude/oauth', suffix: 'seat', generation },
    fields: { access, scopes: new Secret('user:inference') },
  }
}

const codexLogin: LeasedCredential = {
  ...{ id: 'c2', name: 'chatgpt', owner: 'org', type: 'codex/oauth', suffix: 'seat', generation: 1 },
  fields: {
    ...{ access: new Secret('access-token-1'), id: new Secret('id-token-of-it-1') },
    accountId: new Secret('account-1'),
  },
}

function leaseOn(credential: LeasedCredential | null): AcquiredLease {
  return {
    ...{
      leaseId: 'l1',
      handle: new Secret('clv_test_handle'),
      serverUrl: 'http://127.0.0.1:1',
      expiresAt: 0,
    },
    ...{ credential, raw: [], reason: 'it is the only one' },
  }
}

async function seatAt(harness: Harness, more: Partial<SeatOptions> = {}) {
  const heard: ConversationEvent[] = []
  const place = await placeIn(root)
  const seat = createSeat({
    model: () => null,
    run: { access: 'write', session: null, usage: NO_USAGE, messages: [] },
    ...{ place, harness, program: process.execPath, allowHttp: true, silenceMs: 10_000, pinned: {} },
    environment: { HOME: root, PATH: '/usr/bin:/bin' },
    live: followed().live,
    hear: (event) => void heard.push(event),
    ...more,
  })
  seats.push(seat)
  const texts = () => heard.flatMap((event) => (event.kind === 'text' ? [event.text] : []))
  return { seat, heard, texts, place }
}

async function placeIn(directory: string): Promise<RunPlace> {
  const [workspace, configuration, temporary] = ['workspace', 'config', 'tmp'].map((name) =>
    join(directory, name),
  ) as [string, string, string]
  for (const path of [workspace, configuration, temporary]) await mkdir(path, { recursive: true })
  return { workspace, configuration, temporary, givingFile: join(directory, 'giving.json') }
}

describe('a renewed credential', () => {
  it('that was handed on is not taken for the one that was refused', async () => {
    const lease = followed()
    const { seat, heard } = await seatAt(standInHarness(claude), { live: lease.live })
    await seat.take(leaseOn(login(1)))
    await seat.give(MESSAGE, 'say one')
    expect(seat).toMatchObject({ isLive: true, generation: 1 })
    lease.renew(2)
    await expect
      .poll(() => heard.some((event) => event.kind === 'notice' && event.text.includes('has the new one')))
      .toBe(true)
    expect(seat.lease?.credential?.generation).toBe(2)
    // The program has not looked yet.
    expect(seat.generation).toBe(1)
  })

  it('is in the process that goes on', async () => {
    const lease = followed()
    const { seat, texts } = await seatAt(standInHarness(claude), { live: lease.live })
    await seat.take(leaseOn(login(1)))
    expect(await seat.give(MESSAGE, 'token · fail authentication')).toMatchObject({ kind: 'failed' })
    lease.renew(2)
    await expect.poll(() => seat.lease?.credential?.generation).toBe(2)
    await seat.refresh()
    await seat.give(MESSAGE, 'token')
    expect(texts()).toEqual(['seat-1', 'seat-2'])
    expect(seat.generation).toBe(2)
  })
})

describe('a lease that is over', () => {
  it('is told of, unless another took its place: of that the conversation tells', async () => {
    const notices = async (reason: string) => {
      const lease = followed()
      const { seat, heard } = await seatAt(standInHarness(claude), { live: lease.live })
      await seat.take(leaseOn(login(1)))
      await seat.give(MESSAGE, 'say one')
      lease.end(reason)
      await seat.give('message-2', 'say two')
      await seat.leave()
      return heard.flatMap((event) => (event.kind === 'notice' ? [event.text] : []))
    }
    expect((await notices('its credential was deleted')).join()).toContain('its credential was deleted')
    expect(await notices(`it was refused; ${SUPERSEDED}`)).toEqual([])
  })
})

describe('a message that an earlier worker has given', () => {
  const sent = (text: string) => [{ id: MESSAGE, text, state: 'sent' as const }]
  const run = { model: null, access: 'write', session: null, usage: NO_USAGE } as const

  it('is found in the session that the server has not heard of', async () => {
    const text = 'say one · sleep 20000'
    const first = await seatAt(standInHarness(claude))
    await first.seat.take(leaseOn(login(1)))
    const turn = first.seat.give(MESSAGE, text)
    await expect.poll(first.texts).toEqual(['one'])
    await first.seat.leave()
    await turn
    const { seat, heard } = await seatAt(standInHarness(claude), { run: { ...run, messages: sent(text) } })
    await seat.take(leaseOn(login(1)))
    expect(await seat.has(MESSAGE, text)).toBe(true)
    await seat.give(MESSAGE, 'say going on')
    const sessions = [...first.heard, ...heard].flatMap((one) =>
      one.kind === 'session' ? [one.session] : [],
    )
    expect(new Set(sessions).size).toBe(1)
    expect(sessions).toHaveLength(2)
  })

  it('and that the program has not taken down goes into a session of the same name', async () => {
    const first = await seatAt(standInHarness(claude))
    await first.seat.take(leaseOn(login(1)))
    await first.seat.give(MESSAGE, 'say one')
    await rm(join(first.place.configuration, 'projects'), { recursive: true })
    const { seat, heard } = await seatAt(standInHarness(claude), {
      run: { ...run, messages: sent('say one') },
    })
    await seat.take(leaseOn(login(1)))
    expect(await seat.has(MESSAGE, 'say one')).toBe(false)
    await seat.give(MESSAGE, 'say one')
    const sessionsIn = (events: readonly ConversationEvent[]) =>
      events.flatMap((one) => (one.kind === 'session' ? [one.session] : []))
    expect(sessionsIn(heard)).toEqual(sessionsIn(first.heard))
  })

  it('is not looked for when the server knows what became of it', async () => {
    const first = await seatAt(standInHarness(claude))
    await first.seat.take(leaseOn(login(1)))
    await first.seat.give(MESSAGE, 'say one')
    await first.seat.leave()
    const { seat, heard } = await seatAt(standInHarness(claude), {
      run: { ...run, session: 'another', messages: [] },
    })
    await seat.take(leaseOn(login(1)))
    await seat.give('message-2', 'say two')
    expect(heard).toContainEqual({ kind: 'session', session: 'another', model: null })
  })
})

it('tells nothing of a token that the program has got itself', async () => {
  const { seat, texts } = await seatAt(standInHarness(codex))
  await seat.take(leaseOn(codexLogin))
  const [token, id] = ['access-token-of-its-own', 'an-id-of-access-token-of-its-own']
  await seat.give(MESSAGE, `say ${token} before · login ${token} · say ${token} and ${id} · say for-${token}`)
  await seat.give('message-2', `say ${token} once more`)
  expect(texts()).toEqual([
    // It was no secret then.
    expect.stringMatching(/ before$/),
    '[redacted] and [redacted]',
    '[redacted]',
    '[redacted] once more',
  ])
})

describe('what the machine has of its own', () => {
  const homesOf = async (environment: Readonly<Record<string, string>>, files: Record<string, string>) => {
    await mkdir(join(root, '.claude'), { recursive: true })
    for (const [name, text] of Object.entries(files)) await writeFile(join(root, '.claude', name), text)
    const one = await seatAt(standInHarness(claude), {
      environment: { HOME: root, PATH: '/usr/bin:/bin', ...environment },
    })
    await one.seat.take(leaseOn(login(1)))
    await one.seat.give(MESSAGE, 'say one')
    await one.seat.take(leaseOn(null))
    return { ...one, own: join(root, '.claude') }
  }
  const credentials = JSON.stringify({ claudeAiOauth: { accessToken: 'sk-ant-oat01-own' } })
  const settings = JSON.stringify({ theme: 'dark' })

  it('goes on in the home of the run when it is a key in the environment, with the settings of its user', async () => {
    const files = { 'settings.json': settings, '.credentials.json': credentials }
    const { seat, texts, place } = await homesOf({ ANTHROPIC_API_KEY: 'sk-ant-own' }, files)
    await seat.give('message-2', 'env CLAUDE_CONFIG_DIR · env ANTHROPIC_API_KEY')
    expect(texts().slice(-2)).toEqual([place.configuration, 'sk-ant-own'])
    expect(await readFile(join(place.configuration, 'settings.json'), 'utf8')).toBe(settings)
    expect(await readdir(place.configuration)).not.toContain('.credentials.json')
    expect(await seat.has(MESSAGE, 'say one')).toBe(false)
    expect(await seat.has('message-2', 'env CLAUDE_CONFIG_DIR · env ANTHROPIC_API_KEY')).toBe(true)
  })

  it('goes on in its own home when it is a login there, and back, with what was said', async () => {
    const { seat, texts, place, own } = await homesOf({}, { '.credentials.json': credentials })
    const record = async (home: string) => {
      const [name = ''] = await readdir(join(home, 'projects/work'))
      return readFile(join(home, 'projects/work', name), 'utf8')
    }
    expect(await record(own)).toBe(await record(place.configuration))
    await seat.give('message-2', 'env CLAUDE_CONFIG_DIR')
    expect(texts().at(-1)).toBe('(none)')
    await seat.take(leaseOn(login(1)))
    expect(await readdir(place.configuration)).toContain('settings.json')
    await seat.give('message-3', 'say three')
    const said = (await record(place.configuration)).split('\n').filter((line) => line !== '')
    expect(said.map((line) => JSON.parse(line).message.content[0].text)).toEqual([
      'say one',
      'env CLAUDE_CONFIG_DIR',
      'say three',
    ])
  })
})

describe('the model that the conversation had', () => {
  const run = { model: null, access: 'write', usage: NO_USAGE, messages: [] } as const
  const environment = (model: string) => ({ HOME: root, PATH: '/usr/bin:/bin', STAND_IN_MODEL: model })

  it('is kept while it rested, and a change of it is said', async () => {
    const first = await seatAt(standInHarness(claude), { environment: environment('opus-1') })
    await first.seat.take(leaseOn(login(1)))
    await first.seat.give(MESSAGE, 'say one')
    await first.seat.leave()
    const session = first.heard.flatMap((one) => (one.kind === 'session' ? [one.session] : []))[0] ?? ''
    const again = async (pinned: SeatOptions['pinned'], wanted: string | null = null) => {
      const one = await seatAt(standInHarness(claude), {
        ...{ run: { ...run, session }, environment: environment('opus-2'), pinned },
        model: () => wanted,
      })
      await one.seat.take(leaseOn(login(1)))
      await one.seat.give(`message ${JSON.stringify([pinned, wanted])}`, 'say two')
      await one.seat.leave()
      return one.heard.flatMap((event) => (event.kind === 'notice' ? [event.text] : []))
    }
    expect(await again({})).toEqual([])
    const said = await again({ 'claude/oauth': 'haiku-1' })
    expect(said).toEqual([
      'It goes on with haiku-1; until now it was opus-1. CLAVIGER_MODELS says which model runs use with claude/oauth.',
    ])
    const chosen = await again({}, 'sonnet-1')
    expect(chosen).toEqual([expect.stringMatching(/^It goes on with sonnet-1; until now it was [a-z]+-1\.$/)])
  })
})

it('asks a program once more that was ended before it said what it sees', async () => {
  const mark = JSON.stringify(join(root, 'was-asked'))
  const script = `const { existsSync, writeFileSync } = require('node:fs')
    if (existsSync(${mark})) console.log('what was delivered')
    else { writeFileSync(${mark}, ''); process.kill(process.pid, 'SIGKILL') }`
  const { seat } = await seatAt({ ...standInHarness(claude), statusArguments: ['-e', script] })
  await seat.take(leaseOn(login(1)))
  expect(await seat.give(MESSAGE, 'say one')).toMatchObject({ kind: 'done' })
})

it('is not taken when the program sees another credential than was delivered', async () => {
  const { seat } = await seatAt(standInHarness(claude, 'somebody else'))
  await expect(seat.take(leaseOn(login(1)))).rejects.toThrow(
    'Claude Code does not see the claude/oauth credential (sees another one): somebody else',
  )
  await expect(seat.give(MESSAGE, 'say one')).rejects.toThrow('Nothing serves this run.')
})
