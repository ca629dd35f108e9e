import { expect, it } from 'vitest'
import { createInbox } from './inbox.ts'
import type { PendingMessage } from './run-server.ts'

const queued = (id: string): PendingMessage => ({ id, text: id, state: 'queued' })
const sent = (id: string): PendingMessage => ({ id, text: id, state: 'sent' })

it('has messages in their order, each until it is taken', () => {
  const inbox = createInbox({ bell: 1, wish: null, messages: [sent('a'), queued('b')] })
  expect(inbox.first()).toEqual(sent('a'))
  // News tell of queued ones only.
  inbox.hear({ bell: 2, wish: null, messages: [queued('b'), queued('c')] })
  expect(inbox.first()).toEqual(sent('a'))
  inbox.taken('a')
  expect(inbox.first()).toEqual(queued('b'))
  inbox.taken('b')
  inbox.hear({ bell: 3, wish: null, messages: [queued('b'), queued('c')] })
  expect(inbox.first()).toEqual(queued('c'))
  inbox.taken('c')
  expect(inbox.first()).toBeNull()
})

it('passes over news that others have overtaken', () => {
  const inbox = createInbox({ bell: 1, wish: null, messages: [] })
  inbox.hear({ bell: 4, wish: 'cancel', messages: [queued('b')] })
  inbox.hear({ bell: 3, wish: null, messages: [] })
  expect([inbox.bell, inbox.wish, inbox.first()?.id]).toEqual([4, 'cancel', 'b'])
})

it('wakes whoever waits, at once when there was something since', async () => {
  const inbox = createInbox({ bell: 1, wish: null, messages: [] })
  const waiting = inbox.news(1)
  inbox.hear({ bell: 2, wish: null, messages: [queued('a')] })
  await waiting
  await inbox.news(1)
  const again = Promise.race([inbox.news(2).then(() => 'news'), Promise.resolve('none')])
  expect(await again).toBe('none')
})
