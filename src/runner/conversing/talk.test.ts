import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import { STAND_IN_USAGE, standIn } from '../../../test/support/stand-in.ts'
import { type ConversationEvent, NO_USAGE } from '../../domain/runs/conversation.ts'
import type { Conversing } from '../../harnesses/conversing.ts'
import { createTalk, type Talk, type TalkOptions } from './talk.ts'

let cwd = ''
let talks: Talk[] = []

beforeEach(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'claviger-talk-'))
  talks = []
  return async () => {
    for (const talk of talks) await talk.stop()
    await rm(cwd, { recursive: true, force: true })
  }
})

function talkTo(conversing: Conversing, more: Partial<TalkOptions> = {}) {
  const heard: ConversationEvent[] = []
  const pids: number[] = []
  const talk = createTalk({
    ...{ conversing, cwd, program: process.execPath, environment: {}, model: null, access: 'write' },
    ...{ session: { kind: 'new', id: 's1' }, used: NO_USAGE, silenceMs: 10_000, now: Date.now },
    redact: (line) => line.replaceAll('hush', '[redacted]'),
    hear: (event) => void heard.push(event),
    onStart: async (pid) => void pids.push(pid),
    ...more,
  })
  talks.push(talk)
  const texts = () => heard.flatMap((event) => (event.kind === 'text' ? [event.text] : []))
  return { talk, heard, pids, texts }
}

const DONE = { kind: 'done', usage: STAND_IN_USAGE }

describe.each(['conversation', 'turn'] as const)('a process for a %s', (processFor) => {
  it('is told one message after the other, and is asked for its session', async () => {
    const { talk, pids, texts } = talkTo(standIn(processFor))
    expect([talk.session, talk.isRunning]).toEqual([null, false])
    expect(await talk.turn('say one')).toEqual(DONE)
    expect(talk.session).toBe('s1')
    expect(await talk.turn('say two')).toEqual(DONE)
    expect(texts()).toEqual(['one', 'two'])
    expect(pids).toHaveLength(processFor === 'turn' ? 2 : 1)
    expect(talk.isRunning).toBe(processFor === 'conversation')
  })

  it('goes on with the session after it has died in the middle of a turn', async () => {
    const { talk, heard } = talkTo(standIn(processFor))
    const end = await talk.turn('say one · die 3')
    expect(end).toMatchObject({ kind: 'failed', failure: { code: 'died', text: 'ended with 3' } })
    expect(talk.isRunning).toBe(false)
    expect(await talk.turn('say two')).toEqual(DONE)
    expect(heard.filter(({ kind }) => kind === 'session')).toHaveLength(2)
  })

  it('may fail a turn, and have another', async () => {
    const { talk } = talkTo(standIn(processFor))
    expect(await talk.turn('fail authentication')).toMatchObject({
      kind: 'failed',
      failure: { kind: 'authentication' },
    })
    expect(await talk.turn('say two')).toEqual(DONE)
  })

  it('says what nobody understands without harm, and nothing that nobody may read', async () => {
    const { talk, heard } = talkTo(standIn(processFor))
    expect(await talk.turn('garbage · stderr hush now · sleep 200 · say hush')).toEqual(DONE)
    expect(heard.filter(({ kind }) => kind === 'unknown')).toHaveLength(1)
    expect(JSON.stringify(heard)).toContain('[redacted] now')
    expect(JSON.stringify(heard)).not.toContain('hush')
  })

  it('that says nothing any more is ended, unless a tool is at work', async () => {
    const { talk } = talkTo(standIn(processFor), { silenceMs: 400 })
    expect(await talk.turn('tool a · sleep 1000 · result a')).toEqual(DONE)
    expect(await talk.turn('sleep 5000')).toMatchObject({ kind: 'failed', failure: { code: 'silent' } })
    expect(talk.isRunning).toBe(false)
    expect(await talk.turn('say again')).toEqual(DONE)
  })

  it('that only says that it tries again is ended for the reason that it gives', async () => {
    const { talk, heard } = talkTo(standIn(processFor), { silenceMs: 1_200 })
    const tries = Array.from({ length: 20 }, () => 'retry network · sleep 200 · stderr waiting')
    expect(await talk.turn(tries.join(' · '))).toMatchObject({ kind: 'failed', failure: { kind: 'network' } })
    expect(heard.filter(({ kind }) => kind === 'retry').length).toBeLessThan(12)
    expect(talk.isRunning).toBe(false)
    const goesOn = Array.from({ length: 6 }, () => 'retry network · sleep 300 · say on')
    expect(await talk.turn(goesOn.join(' · '))).toEqual(DONE)
  })

  it('is stopped in the middle of a turn', async () => {
    const { talk } = talkTo(standIn(processFor))
    const turn = talk.turn('say one · sleep 20000')
    await expect.poll(() => talk.session).toBe('s1')
    await talk.stop()
    expect(await turn).toMatchObject({ kind: 'failed', failure: { code: 'died' } })
  })

  it('that is stopped while it is started is given nothing', async () => {
    const log = join(cwd, 'log')
    const gate = Promise.withResolvers<void>()
    const { talk } = talkTo(standIn(processFor, log), { onStart: () => gate.promise })
    const turn = talk.turn('say one')
    const stopped = talk.stop()
    gate.resolve()
    expect(await turn).toMatchObject({ kind: 'failed', failure: { code: 'died' } })
    await stopped
    expect(await readFile(log, 'utf8').catch(() => 'nothing')).toBe('nothing')
    expect(talk.isRunning).toBe(false)
  })

  it('goes on with a session that an earlier process has begun without a word', async () => {
    const { talk, heard } = talkTo(standIn(processFor))
    await talk.turn('die 1')
    const conversing = standIn(processFor)
    const starts: string[] = []
    const inUse = { kind: 'program', status: null, code: 'session_in_use', text: '', resetsAt: null } as const
    const second = talkTo({
      ...conversing,
      arguments: (start) => {
        starts.push(start.session.kind)
        return start.session.kind === 'new' ? ['-e', ''] : conversing.arguments(start)
      },
      reader: (options) => ({ ...conversing.reader(options), ended: () => inUse }),
    })
    expect(await second.talk.turn('say one')).toMatchObject({ failure: { code: 'session_in_use' } })
    expect(second.talk.session).toBe('s1')
    expect(await second.talk.turn('say one')).toEqual(DONE)
    expect(starts).toEqual(['new', 'resume'])
    expect(heard).toHaveLength(1)
  })

  it('is given what nobody else sees on its standard input, and nothing twice', async () => {
    const log = join(cwd, 'log')
    const { talk } = talkTo(standIn(processFor, log))
    await talk.turn('say one')
    await talk.turn('fail quota')
    expect(await readFile(log, 'utf8')).toBe('say one\nfail quota\n')
  })

  it('is not read while nobody listens', async () => {
    let isReady = false
    const { talk } = talkTo(standIn(processFor), {
      hear: async () => {
        await new Promise((resolve) => setTimeout(resolve, 200))
        isReady = true
      },
    })
    await talk.turn('say one')
    expect(isReady).toBe(true)
  })
})
