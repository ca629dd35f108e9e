import { expect, it } from 'vitest'
import { rotating } from '../../../test/support/grants.ts'
import { Secret } from '../../domain/secret.ts'
import { createBreakers } from './breakers.ts'

const provider = rotating(() => 0)
const failed = { kind: 'failed', doubtful: true, retryAfterMs: null, message: 'It fails.' } as const
const own = { ...failed, doubtful: false, isOwn: true } as const
const login = (id: number, organizationId = 'org-1') => ({ id: `cred-${id}`, organizationId })

it('opens for the organization whose logins fail, and for nobody else', () => {
  const time = { now: 0 }
  const breakers = createBreakers(() => time.now)
  for (let id = 1; id <= 5; id += 1) {
    expect(breakers.wait(provider, 'org-1')).toBe(0)
    breakers.report(provider, login(id), failed)
  }
  // One is let through, and the next in a while.
  expect([breakers.wait(provider, 'org-1'), breakers.wait(provider, 'org-1')]).toEqual([0, 5_000])
  expect([1, 2, 3].map(() => breakers.wait(provider, 'org-2'))).toEqual([0, 0, 0])
  // Nor does the answer to somebody else close it.
  breakers.report(provider, login(9, 'org-2'), { kind: 'refused', reason: 'expired' })
  expect(breakers.wait(provider, 'org-1')).toBe(5_000)
  breakers.report(provider, login(1), { kind: 'refused', reason: 'expired' })
  expect([1, 2, 3].map(() => breakers.wait(provider, 'org-1'))).toEqual([0, 0, 0])
})

it('does not count what is the fault of the one login', () => {
  const breakers = createBreakers(() => 0)
  for (let id = 1; id <= 20; id += 1) breakers.report(provider, login(id), own)
  expect([1, 2, 3].map(() => breakers.wait(provider, 'org-1'))).toEqual([0, 0, 0])
})

it('forgets what was long ago, and one login that fails is not many', () => {
  const time = { now: 0 }
  const breakers = createBreakers(() => time.now)
  for (let times = 0; times < 20; times += 1) breakers.report(provider, login(1), failed)
  for (let id = 2; id <= 4; id += 1) breakers.report(provider, login(id), failed)
  time.now = 61_000
  breakers.report(provider, login(5), failed)
  expect([1, 2].map(() => breakers.wait(provider, 'org-1'))).toEqual([0, 0])
})

it('lets one through now and then, and everybody when one was answered', () => {
  const time = { now: 0 }
  const breakers = createBreakers(() => time.now)
  const waits = () => [1, 2].map(() => breakers.wait(provider, 'org-1'))
  for (let id = 1; id <= 5; id += 1) breakers.report(provider, login(id), failed)
  expect(waits()).toEqual([0, 5_000])
  time.now += 4_999
  expect(breakers.wait(provider, 'org-1')).toBe(1)
  expect(
    breakers.wait(
      rotating(() => 0),
      'org-1',
    ),
    'another provider',
  ).toBe(0)
  time.now += 1
  expect(waits()).toEqual([0, 5_000])
  breakers.report(provider, login(1), { kind: 'answered', raw: new Secret('{}') })
  expect(waits()).toEqual([0, 0])
})
