import { describe, expect, test } from 'vitest'
import { readerOf } from '../../test/support/recorded.ts'
import { claudeConversing as claude } from './claude-conversing.ts'
import { claudeFailure } from './claude-refusals.ts'

describe('texts that say more than the word or the status', () => {
  test.each([
    [
      'invalid_request',
      400,
      'API Error: 400 Your credit balance is too low to access the Anthropic API.',
      { kind: 'billing', code: 'billing_error' },
    ],
    [null, null, "You've reached your session limit · resets 3pm", { kind: 'quota' }],
    ['invalid_request', 400, 'API Error: 400 messages: text is too long', { kind: 'request' }],
  ] as const)('%s %s %s', (word, status, text, failure) => {
    expect(claudeFailure({ word, status, text, resetsAt: null })).toMatchObject(failure)
  })

  test('a reset that is no date is none', () => {
    const reader = readerOf(claude)
    const limit = { status: 'rejected', resetsAt: 1795377891_000_000 }
    reader.read(JSON.stringify({ type: 'rate_limit_event', rate_limit_info: limit }))
    const retry = { type: 'system', subtype: 'api_retry', error: 'rate_limit', error_status: 429 }
    expect(reader.read(JSON.stringify(retry))).toMatchObject([{ failure: { kind: 'quota', resetsAt: null } }])
  })
})
