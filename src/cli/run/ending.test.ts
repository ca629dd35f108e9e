import { describe, expect, it } from 'vitest'
import { exitOfFailure, lastWords, type Run, waitsForPeople } from './ending.ts'

const LINK = 'http://claviger.test/settings/coding-agents'

function runThat(is: Partial<Run>): Run {
  const usage = { input: 20, cachedInput: 5, output: 3 }
  const plain = { id: 'run_1', harness: 'codex', state: 'ready', reason: '', link: null, until: null }
  return { ...plain, messages: [], tried: [], credential: null, usage, ...is } as Run
}

const refusal = { id: 'crd_1', name: 'main', type: 'codex/api-key', generation: 1, reason: 'it is wrong' }

describe('how a run stands at the end', () => {
  it('tells a login that is needed from nothing at all, and both from what has failed', () => {
    expect(exitOfFailure(runThat({ state: 'failed', link: LINK, tried: [refusal] }))).toBe(5)
    expect(exitOfFailure(runThat({ state: 'waiting_for_credentials', link: LINK }))).toBe(78)
    expect(exitOfFailure(runThat({ state: 'failed' }))).toBe(1)
    expect(exitOfFailure(null)).toBe(1)
  })

  it('waits for people when no time is known at which it goes on', () => {
    expect(waitsForPeople(runThat({ state: 'waiting_for_credentials' }))).toBe(true)
    expect(waitsForPeople(runThat({ state: 'waiting_for_credentials', until: '2026-01-01T00:00:00Z' }))).toBe(
      false,
    )
    expect(waitsForPeople(runThat({ state: 'working' }))).toBe(false)
  })

  it.each([
    ['failed', 'has failed'],
    ['waiting_for_credentials', 'waits for credentials'],
    ['reauthenticating', 'is re-authenticating'],
    ['ready', 'is ready'],
  ] as const)('says that it %s as people do', (state, words) => {
    expect(lastWords(runThat({ state, messages: [] }))[0]).toMatch(`Run run_1 ${words};`)
  })

  it.each<[Partial<Run>, string[]]>([
    [{}, ['Say more: claviger run send run_1 TEXT --follow']],
    [{ state: 'cancelled' }, []],
    [{ state: 'working' }, ['The run goes on: claviger run logs run_1 --follow']],
    [
      { state: 'working', messages: [{ state: 'done' }] as Run['messages'] },
      ['Say more: claviger run send run_1 TEXT --follow'],
    ],
    [{ state: 'failed' }, ['Once that is mended, try again: claviger run wake run_1']],
    [
      { state: 'failed', link: LINK, tried: [refusal] },
      [
        'Refused: main (codex/api-key): it is wrong',
        `Look after its credentials: ${LINK}`,
        'Once that is mended, try again: claviger run wake run_1',
      ],
    ],
    [
      { state: 'waiting_for_credentials', link: LINK },
      [
        `See what it lacks: claviger explain --harness codex, or ${LINK}`,
        'It goes on by itself as soon as there is one.',
        'The run goes on: claviger run logs run_1 --follow',
      ],
    ],
  ])('%o', (is, lines) => {
    const [first, ...rest] = lastWords(runThat(is))
    expect(first).toContain('; 20 tokens in (5 of them cached), 3 out.')
    expect(rest).toEqual(lines)
  })
})
