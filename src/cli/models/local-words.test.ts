import { expect, test } from 'vitest'
import type { Client } from '../../client/client.ts'
import { ClavigerError } from '../../domain/errors.ts'
import { inLocalWords, localHint } from './local-words.ts'

test.each([
  [
    'Sign in again: claviger credential login --personal anthropic:max@example.com.',
    'Sign in again: claviger models auth login --provider anthropic --profile-id anthropic:max@example.com.',
  ],
  [
    'Store one: claviger credential create codex api-key --personal NAME',
    'Store one: claviger models auth login --provider openai-codex',
  ],
  [
    'Begin again: claviger credential create codex oauth NAME. For Claude: claviger credential create claude oauth NAME',
    'Begin again: claviger models auth login --provider openai-codex. For Claude: claviger models auth login --provider anthropic',
  ],
  ['claviger credential list', 'claviger models status'],
  [
    'Type: claviger credential delete --force anthropic:x.',
    'Type: claviger models auth logout --force anthropic:x.',
  ],
  [
    'Type: claviger credential delete --force --personal anthropic:x.',
    'Type: claviger models auth logout --force anthropic:x.',
  ],
  [
    'To store your own, for your own runs only, say so: --personal --accept-notice',
    'To store your own, for your own runs only, say so: --accept-notice',
  ],
  [
    'See what it has: claviger credential list --harness codex --personal',
    'See what it has: claviger models status --harness codex',
  ],
  ['claviger credential import --from codex', 'claviger models auth import --from codex'],
  ['claviger credential history NAME', 'claviger --local credential history NAME'],
  [
    'See the whole list: claviger explain --harness claude',
    'See the whole list: claviger --local explain --harness claude',
  ],
  ['Make room there, and try again.', 'Make room there, and try again.'],
])('%s', (text, words) => {
  expect(localHint(text, 'main')).toBe(words)
})

test('another agent is named', () => {
  expect(localHint('claviger credential login openai-codex:work', 'work')).toBe(
    'claviger models auth login --provider openai-codex --profile-id openai-codex:work --agent work',
  )
})

test('the notice is accepted for the agent that was asked for', () => {
  expect(localHint('off for a person who has not accepted the notice', 'work')).toBe(
    'off until you have accepted the notice: claviger models auth accept-notice --agent work',
  )
})

const answering = (answer: unknown): Client => ({
  server: 'http://127.0.0.1:1',
  call: async () => answer as never,
})

test('a page of this process is a command, and so is what an answer tells to type', async () => {
  const answer = {
    harness: 'codex',
    link: 'http://127.0.0.1:1/settings/coding-agents',
    hint: 'claviger credential list',
  }
  const client = inLocalWords(answering(answer), 'main')
  expect(await client.call('runs.read', { id: 'run_1' })).toEqual({
    harness: 'codex',
    link: 'claviger models status --harness codex',
    hint: 'claviger models status',
  })
})

test('an error keeps what it is', async () => {
  const client = inLocalWords(
    {
      server: '',
      call: async () => {
        throw new ClavigerError('needs_login', 'Over.', {
          hint: 'claviger credential login a:b',
          retryAfter: 3,
        })
      },
    },
    'main',
  )
  await expect(client.call('whoami', {})).rejects.toMatchObject({
    code: 'needs_login',
    message: 'Over.',
    hint: 'claviger models auth login --provider a --profile-id a:b',
    retryAfter: 3,
  })
})
