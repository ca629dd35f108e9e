// A renewed credential reaches the program that runs, also when the server is away just then.

import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { LeaseNews } from '../client/lease-news.ts'
import { ClavigerError, type ErrorCode } from '../domain/errors.ts'
import { Secret } from '../domain/secret.ts'
import { followLease } from './follow-lease.ts'
import type { AcquiredLease, LeasedCredential } from './lease-source.ts'

let directory: string

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'claviger-follow-'))
})
afterEach(() => rm(directory, { recursive: true, force: true }))

function credentialOf(generation: number): LeasedCredential {
  const facts = { id: 'cred-1', name: 'main', owner: 'org', type: 'claude/oauth', suffix: 'test' } as const
  return { ...facts, generation, fields: { access: new Secret(`at-test-${generation}`) } }
}

const lease: AcquiredLease = {
  ...{ leaseId: 'lease-1', handle: new Secret('clv_test'), serverUrl: 'http://127.0.0.1:1', expiresAt: 0 },
  ...{ credential: credentialOf(1), raw: [], reason: '' },
}

/** Follows; the reads of the lease come to these in turn, and then to generation 2. */
function following(...failures: ErrorCode[]) {
  const ending = new AbortController()
  const said: string[] = []
  let reads = 0
  async function* follow(): AsyncGenerator<LeaseNews> {
    yield { type: 'rotated', generation: 2 }
    if (ending.signal.aborted) return
    const { promise, resolve } = Promise.withResolvers<void>()
    ending.signal.addEventListener('abort', () => resolve(), { once: true })
    await promise
  }
  const live = {
    follow,
    read: async () => {
      reads += 1
      const code = failures.shift()
      if (code !== undefined) throw new ClavigerError(code, 'The server says no.')
      return credentialOf(2)
    },
  }
  const rewrite = ({ fields }: LeasedCredential) => [
    { path: 'token', content: fields['access'] ?? new Secret('') },
  ]
  const ended = followLease(
    {
      ...{ lease, credential: credentialOf(1), live, directory, firstPause: 10 },
      ...{ harness: { reads: [], rewrite }, report: (line: string) => void said.push(line) },
    },
    ending.signal,
  )
  const end = () => {
    ending.abort()
    return ended
  }
  return { said, end, reads: () => reads, written: () => readFile(join(directory, 'token'), 'utf8') }
}

it('says once that a lease is over', async () => {
  const said: string[] = []
  async function* follow(): AsyncGenerator<LeaseNews> {
    yield { type: 'revoked', reason: 'This lease is over: it was refused.' }
  }
  const live = { follow, read: () => Promise.resolve(null) }
  await followLease(
    {
      ...{ lease, credential: credentialOf(1), live, directory },
      ...{ harness: { reads: [] }, report: (line: string) => void said.push(line) },
    },
    new AbortController().signal,
  )
  expect(said).toEqual(['the lease is over, and its credential is not renewed any more: it was refused.'])
})

describe('following a lease', () => {
  it.each([[[]], [['unreachable']], [['unavailable', 'upstream', 'rate_limited']]] as [ErrorCode[]][])(
    'hands on what was renewed, after %j too',
    async (failures) => {
      const { said, end, written } = following(...failures)
      await expect.poll(written).toBe('at-test-2')
      // It is said after it was written.
      await expect.poll(() => said.at(-1)).toBe('the credential was renewed, and the program has the new one')
      expect(said.length).toBe(failures.length === 0 ? 1 : 2)
      await end()
    },
  )

  it('does not ask again for what it may not have, and ends at once when it is told to', async () => {
    const refused = following('not_found')
    await expect.poll(() => refused.said.length).toBe(1)
    await new Promise((resolve) => setTimeout(resolve, 60))
    expect(refused.reads()).toBe(1)
    await refused.end()
    const away = following(...Array<ErrorCode>(100).fill('unreachable'))
    await expect.poll(away.reads).toBeGreaterThan(1)
    await away.end()
  })
})
