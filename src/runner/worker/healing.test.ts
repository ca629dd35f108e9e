import { describe, expect, it } from 'vitest'
import { leaseOf } from '../../../test/support/memory-run-server.ts'
import { failureOf } from '../../../test/support/played-seat.ts'
import type { FailureKind } from '../../domain/runs/conversation.ts'
import { FAILURE_CODE } from '../../harnesses/conversing.ts'
import { createHealing } from './healing.ts'
import type { Verdict } from './run-server.ts'

function healing(verdict: Verdict = { kind: 'retry', reason: 'renewed' }) {
  const asked: string[] = []
  let served = 1
  const one = createHealing({
    async ask({ kind }) {
      asked.push(kind)
      if (verdict.kind === 'switch') served += 1
      return verdict
    },
    serving: () => `credential-${served}`,
    exhausted: 'nothing is left',
  })
  return { one, asked }
}

type Healer = ReturnType<typeof healing>['one']

async function many(count: number, one: Healer, kind: FailureKind, code?: string): Promise<string[]> {
  const kinds: string[] = []
  for (let i = 0; i < count; i += 1) kinds.push((await one.next(failureOf(kind, code))).kind)
  return kinds
}

describe('a turn that has failed', () => {
  it.each(['authentication', 'quota', 'billing', 'organization'] as const)(
    'over %s is judged by the server, eight times at most',
    async (kind) => {
      const { one, asked } = healing()
      expect(await many(9, one, kind)).toEqual([...Array(8).fill('refresh'), 'run failed'])
      expect(asked).toEqual(Array(8).fill(kind))
      expect(await one.next(failureOf(kind))).toEqual({ kind: 'run failed', because: 'nothing is left' })
    },
  )

  it('goes through a list of credentials however long it is, and each may be refused', async () => {
    const { one, asked } = healing({ kind: 'switch', reason: 'the next', lease: leaseOf('l') })
    expect(await many(40, one, 'quota')).toEqual(Array(40).fill('take'))
    expect(asked).toHaveLength(40)
  })

  it('because its command for the credential gave none is about the credential', async () => {
    const { one, asked } = healing()
    expect(await many(1, one, 'program', FAILURE_CODE.helperFailed)).toEqual(['refresh'])
    expect(asked).toEqual(['program'])
  })

  it.each([
    [{ kind: 'switch', lease: leaseOf('l') }, 'take'],
    [{ kind: 'wait', until: 5 }, 'wait'],
    [{ kind: 'fail' }, 'run failed'],
    [{ kind: 'over' }, 'acquire'],
  ] as const)('goes on as the server says: %j', async (verdict, kind) => {
    const { one } = healing({ ...verdict, reason: 'so' } as Verdict)
    expect(await one.next(failureOf('quota'))).toMatchObject({ kind, because: 'so' })
    expect(await one.ask(failureOf('quota'))).toMatchObject({ kind, because: 'so' })
  })

  it('waits longer and longer for a provider that is busy, and gives the message up', async () => {
    const { one, asked } = healing()
    const pauses: (number | string)[] = []
    for (const kind of ['overload', 'network', 'overload', 'overload', 'network', 'overload'] as const) {
      const next = await one.next(failureOf(kind))
      pauses.push(next.kind === 'again' ? next.afterMs : next.kind)
    }
    expect(pauses).toEqual([2_000, 5_000, 15_000, 30_000, 60_000, 'message failed'])
    expect(asked).toEqual([])
  })

  it('because its program died goes on twice', async () => {
    expect(await many(3, healing().one, 'program', FAILURE_CODE.died)).toEqual([
      'again',
      'again',
      'run failed',
    ])
    const lost = await many(3, healing().one, 'program', FAILURE_CODE.sessionNotFound)
    expect(lost).toEqual(['begin anew', 'begin anew', 'run failed'])
  })

  it('for what no second try changes does not go on', async () => {
    expect(await many(1, healing().one, 'program', FAILURE_CODE.refusedForRoot)).toEqual(['run failed'])
    expect(await many(1, healing().one, 'request')).toEqual(['message failed'])
  })
})
