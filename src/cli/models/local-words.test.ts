import { expect, it } from 'vitest'
import { localHint } from './local-words.ts'

it.each([
  [
    'Store one: claviger credential create codex api-key --personal NAME',
    'Store one: claviger models auth login --provider openai-codex',
  ],
  [
    'Sign in again: claviger credential login openai-codex:ada@example.com, or choose another name.',
    'Sign in again: claviger models auth login --provider openai-codex --profile-id openai-codex:ada@example.com, or choose another name.',
  ],
  [
    'See the whole list: claviger explain --harness claude',
    'See the whole list: claviger --local explain --harness claude',
  ],
  ['Make room there, and try again.', 'Make room there, and try again.'],
])('%s', (said, here) => {
  expect(localHint(said)).toBe(here)
})
