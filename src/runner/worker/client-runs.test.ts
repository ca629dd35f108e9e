import { expect, it } from 'vitest'
import { failureOf } from '../../../test/support/played-seat.ts'
import type { Client } from '../../client/client.ts'
import { runsOf } from './client-runs.ts'

it('says of a refusal what can be said, whatever the program has made of its time', async () => {
  const asked: unknown[] = []
  const client = {
    server: 'http://127.0.0.1:1',
    call: async (_name: string, input: unknown) => {
      asked.push(input)
      return { verdict: 'fail', reason: 'so', until: null, signInHint: null, lease: null }
    },
  } as unknown as Client
  const failure = { ...failureOf('quota', 'rate_limit'), status: 429 }
  for (const resetsAt of [1_795_377_891_000, 1_795_377_891_000_000_000, Number.NaN, null])
    expect(await runsOf(client).reject('l1', 2, { ...failure, resetsAt })).toMatchObject({ kind: 'fail' })
  const plain = { id: 'l1', generation: 2, status: 429, code: 'rate_limit' }
  expect(asked).toEqual([{ ...plain, resetAt: '2026-11-22T20:04:51.000Z' }, plain, plain, plain])
})
