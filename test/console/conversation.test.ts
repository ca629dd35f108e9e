// What the console makes of the events of a run: each thing once and in its place, whatever comes twice or late.

import { expect, it } from 'vitest'
import {
  type Entry,
  type News,
  NOTHING_SAID,
  withNews,
} from '../../console/src/pages/runs/detail/conversation.ts'

type Event = News['event']

const news = (events: readonly Event[], from = 1): News[] =>
  events.map((event, place) => ({ position: from + place, at: '2026-01-01T00:00:00Z', event }))
const said = (...events: Event[]) => withNews(NOTHING_SAID, news(events))
const message = (id: string, state: 'queued' | 'sent' | 'done' | 'failed'): Event => {
  return { kind: 'message', id, state, reason: '' }
}
const failure = (kind: 'authentication' | 'overload') => {
  return { kind, status: null, code: null, text: `${kind} of the provider`, resetsAt: null }
}
const words = (entries: readonly Entry[]) =>
  entries.map((one) =>
    one.kind === 'message' ? `${one.id} ${one.state}` : 'text' in one ? one.text : one.kind,
  )

it('shows a message where the program got it, and not while it waits', () => {
  const events = [message('one', 'queued'), message('two', 'queued'), message('one', 'sent')]
  const { entries } = said(...events, { kind: 'text', text: 'answer' }, message('one', 'done'))
  expect(words(entries)).toEqual(['one done', 'answer'])
  const taken = said(message('one', 'sent'), { kind: 'text', text: 'before' }, message('one', 'queued'))
  expect(words(taken.entries)).toEqual(['before'])
  const again = withNews(taken, news([message('one', 'sent')], taken.last + 1))
  expect(words(again.entries)).toEqual(['before', 'one sent'])
})

it('passes over what it knows, and leaves what has not changed as it is', () => {
  const events = news([
    { kind: 'text', text: 'first' },
    { kind: 'tool', call: 'c', name: 'Bash', input: '{}' },
  ])
  const before = withNews(NOTHING_SAID, events)
  expect(withNews(before, events)).toBe(before)
  const after = withNews(before, [
    ...events,
    ...news([{ kind: 'tool-result', call: 'c', failed: true, output: 'no' }], 3),
  ])
  expect(after.entries[0]).toBe(before.entries[0])
  expect(after.entries[1]).toMatchObject({ kind: 'tool', result: { failed: true, output: 'no' } })
  expect(after.entries).toHaveLength(2)
})

it('does not show the raw error of what is healed, and shows every other', () => {
  const { entries } = said(
    { kind: 'retry', attempt: 1, of: 10, failure: failure('overload') },
    { kind: 'retry', attempt: 2, of: 10, failure: failure('overload') },
    { kind: 'retry', attempt: 1, of: null, failure: failure('authentication') },
    { kind: 'turn-failed', failure: failure('authentication'), usage: null },
    { kind: 'turn-failed', failure: failure('overload'), usage: null },
  )
  expect(words(entries)).toEqual(['overload of the provider'])
  const trying = said({ kind: 'retry', attempt: 2, of: 10, failure: failure('overload') })
  expect(words(trying.entries)).toEqual(['It tries again (2 of 10): overload of the provider'])
})

it('tells which credential took over, and the state that is known last', () => {
  const credential = {
    id: 'cred_1',
    name: 'main',
    type: 'claude/api-key',
    owner: 'org',
    suffix: '1',
    generation: 0,
  }
  const { entries, state, noteworthy, last } = said(
    { kind: 'credential', credential, reason: 'first' },
    { kind: 'state', state: 'reauthenticating', reason: 'Re-authenticating Claude' },
    { kind: 'credential', credential, reason: 'it was renewed' },
    { kind: 'credential', credential: { ...credential, id: 'cred_2' }, reason: 'main was refused' },
    { kind: 'state', state: 'working', reason: '' },
    { kind: 'text', text: 'answer' },
  )
  expect(entries.map((one) => (one.kind === 'credential' ? one.became : one.kind))).toEqual([
    ...['first', 'state', 'same', 'switched', 'text'],
  ])
  expect([state, noteworthy, last]).toEqual([{ state: 'working', reason: '', position: 5 }, 5, 6])
})
