import { describe, expect, it } from 'vitest'
import { leaseOf, memoryRunServer } from '../../../test/support/memory-run-server.ts'
import { ClavigerError } from '../../domain/errors.ts'
import { Interrupted, persistently, untilArrival } from './waiting.ts'

const AWAY = new ClavigerError('unreachable', 'It is away.')

describe('a call', () => {
  it('is made until there is an answer that will stay', async () => {
    const answers = [AWAY, new ClavigerError('unavailable', 'It starts.')]
    const { signal } = new AbortController()
    const call = async () => {
      const error = answers.shift()
      if (error !== undefined) throw error
      return 'answer'
    }
    expect(await persistently(call, signal)).toBe('answer')
    const refused = new ClavigerError('forbidden', 'No.')
    await expect(persistently(() => Promise.reject(refused), signal)).rejects.toBe(refused)
  })

  it('is not made any more when somebody wants to end', async () => {
    const ending = new AbortController()
    const call = persistently(() => Promise.reject(AWAY), ending.signal)
    setTimeout(() => ending.abort(), 20)
    await expect(call).rejects.toBeInstanceOf(Interrupted)
  })
})

describe('what a wait ends with', () => {
  async function waiting(until: number | null) {
    const memory = memoryRunServer()
    const ending = new AbortController()
    const arrival = untilArrival(memory.server.live, leaseOf('l'), until, ending.signal)
    await expect.poll(() => memory.followers()).toBe(1)
    return { memory, ending, arrival }
  }

  it.each([
    [{ type: 'revoked', reason: 'it is over' }, 'acquire'],
    [{ type: 'rotated', generation: 2 }, 'refresh'],
    [{ type: 'login-arrived', generation: 2 }, 'refresh'],
    [{ type: 'login-arrived', generation: null }, 'ask'],
  ] as const)('is said by what becomes of the lease: %j', async (news, expected) => {
    const { memory, arrival } = await waiting(null)
    memory.tell(news)
    expect(await arrival).toBe(expected)
    expect(memory.followers()).toBe(0)
  })

  it('is the time, or that nobody waits any more', async () => {
    const { arrival } = await waiting(Date.now() + 50)
    expect(await arrival).toBe('ask')
    const { arrival: other, ending } = await waiting(Date.now() + 40 * 24 * 3_600_000)
    expect(await Promise.race([other, new Promise((resolve) => setTimeout(resolve, 100, 'still'))])).toBe(
      'still',
    )
    ending.abort()
    await other
  })
})
