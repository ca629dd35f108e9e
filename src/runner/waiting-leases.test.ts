import { describe, expect, it } from 'vitest'
import { ClavigerError, type ErrorCode } from '../domain/errors.ts'
import { untilServed } from './waiting-leases.ts'

interface Waiting {
  readonly limit?: number
  /** What each try fails with; after the last one it succeeds. */
  readonly failures: readonly ErrorCode[]
  readonly interruptAfter?: number
}

async function wait({ limit, failures, interruptAfter }: Waiting) {
  const [said, pauses]: [string[], number[]] = [[], []]
  const interruption = new AbortController()
  let [now, tries] = [0, 0]
  const attempt = async () => {
    const code = failures[tries]
    tries += 1
    if (code !== undefined) throw new ClavigerError(code, `It is ${code}.`, { hint: 'Do something.' })
    return 'served'
  }
  const clock = {
    now: () => now,
    async pause(milliseconds: number) {
      pauses.push(milliseconds)
      now += milliseconds
      if (pauses.length === interruptAfter) interruption.abort()
    },
  }
  const patience = { limit: limit ?? null, say: (line: string) => said.push(line), clock }
  const outcome = await untilServed(attempt, patience, interruption.signal).catch((error: unknown) => error)
  return { outcome, said, pauses, tries }
}

const NEVER = Array<ErrorCode>(100).fill('no_credential')

describe('whoever waits', () => {
  it('tries again after two seconds, and less and less often, until something serves', async () => {
    const { outcome, pauses } = await wait({ failures: NEVER.slice(0, 7) })
    expect(outcome).toBe('served')
    expect(pauses).toEqual([2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000])
  })

  it('says why, once for each reason', async () => {
    const { said } = await wait({ failures: ['unreachable', 'unreachable', 'no_credential', 'needs_login'] })
    expect(said).toEqual(
      ['unreachable', 'no_credential', 'needs_login'].map(
        (code) => `waiting_for_credentials: It is ${code}. Do something.`,
      ),
    )
  })

  it.each<ErrorCode>(['no_credential', 'needs_login', 'unreachable', 'unavailable', 'upstream'])(
    'waits out %s',
    async (code) => {
      expect((await wait({ failures: [code] })).outcome).toBe('served')
    },
  )

  it.each<ErrorCode>(['unauthenticated', 'forbidden', 'invalid', 'not_found', 'conflict'])(
    'does not wait for %s to change',
    async (code) => {
      const { outcome, pauses } = await wait({ failures: [code] })
      expect([outcome, pauses]).toEqual([expect.objectContaining({ code }), []])
    },
  )

  it('gives up at the limit, having tried once more then', async () => {
    const { outcome, pauses, tries } = await wait({ limit: 10_000, failures: NEVER })
    expect(pauses).toEqual([2_000, 4_000, 4_000])
    expect(tries).toBe(4)
    expect(outcome).toMatchObject({ code: 'no_credential', message: expect.stringContaining('long enough') })
  })

  it('is told that there is no credential, whatever it was that lasted', async () => {
    const { outcome } = await wait({ limit: 1, failures: Array<ErrorCode>(9).fill('needs_login') })
    expect(outcome).toMatchObject({ code: 'no_credential' })
  })

  it('can be interrupted', async () => {
    const { outcome, tries } = await wait({ failures: NEVER, interruptAfter: 2 })
    expect([outcome, tries]).toEqual([expect.objectContaining({ code: 'no_credential' }), 3])
  })
})
