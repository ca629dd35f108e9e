import { describe, expect, it } from 'vitest'
import { leaseOf, memoryRunServer } from '../../../test/support/memory-run-server.ts'
import { failureOf, played, playedSeat } from '../../../test/support/played-seat.ts'
import { ClavigerError } from '../../domain/errors.ts'
import type { Said } from '../reporting/said.ts'
import { createQuestions } from './questions.ts'

async function asking({ isLive = true, isSeated = true } = {}) {
  const memory = memoryRunServer()
  const program = played()
  const seat = playedSeat(program, async () => undefined, isLive)
  if (isSeated) await seat.take(leaseOf('lease'))
  const said: Said[] = []
  const ending = new AbortController()
  const questions = createQuestions({
    ...{ server: memory.server, run: { harness: 'codex' }, seat: () => seat, signal: ending.signal },
    reporter: {
      say: (one) => void said.push(one),
      tell: async (one) => void said.push(one),
      told: async () => undefined,
      backlog: () => 0,
      stop: () => undefined,
    },
  })
  const states = () => said.map((one) => (one.is === 'state' ? one.state : one.is))
  return { memory, questions, program, states, ending }
}

const REFUSED = failureOf('authentication')

describe('the server', () => {
  it('is asked about a refusal after people were told', async () => {
    const { memory, questions, states } = await asking()
    expect(await questions.ask(REFUSED)).toEqual({ kind: 'retry', reason: 'it was renewed' })
    expect(memory.rejections).toEqual([{ lease: 'lease', generation: 1, failure: REFUSED }])
    expect(states()).toEqual(['reauthenticating'])
  })

  it('is told which generation the program had, and not what was handed on since', async () => {
    const { memory, questions, program } = await asking()
    program.seen = 7
    await questions.ask(REFUSED)
    expect(memory.rejections).toMatchObject([{ generation: 7 }])
  })

  it('is asked once for a warning and the refusal that follows', async () => {
    const { memory, questions, states } = await asking()
    questions.warn(REFUSED)
    questions.warn(REFUSED)
    expect(await questions.ask(REFUSED)).toMatchObject({ kind: 'retry' })
    expect(memory.rejections).toHaveLength(1)
    expect(await questions.open()).toBeNull()
    expect(states()).toEqual(['reauthenticating', 'working'])
    await questions.ask(REFUSED)
    expect(memory.rejections).toHaveLength(2)
  })

  it('is not asked early where it would not help', async () => {
    const still = await asking({ isLive: false })
    still.questions.warn(REFUSED)
    const { memory, questions } = await asking()
    questions.warn(failureOf('overload'))
    expect([await questions.open(), await still.questions.open()]).toEqual([null, null])
    expect([...memory.rejections, ...still.memory.rejections]).toEqual([])
  })

  it('is asked until it is back, or nobody wants to know any more', async () => {
    const { memory, questions, ending } = await asking()
    memory.away = true
    setTimeout(() => {
      memory.away = false
    }, 50)
    expect(await questions.ask(REFUSED)).toMatchObject({ kind: 'retry' })
    memory.away = true
    const asked = questions.ask(REFUSED)
    ending.abort()
    await expect(asked).rejects.toThrow()
  })

  it('says of a lease that is over that it is; another error is one', async () => {
    const { memory, questions } = await asking()
    memory.verdicts.push(
      new ClavigerError('no_credential', 'This lease is over: it has expired.'),
      new ClavigerError('not_found', 'There is no lease.'),
      new ClavigerError('forbidden', 'You may not.'),
    )
    expect(await questions.ask(REFUSED)).toMatchObject({ kind: 'over' })
    expect(await questions.ask(REFUSED)).toMatchObject({ kind: 'over' })
    await expect(questions.ask(REFUSED)).rejects.toThrow('You may not.')
  })

  it('is not asked for a run that has nothing', async () => {
    const { questions } = await asking({ isSeated: false })
    expect(await questions.ask(REFUSED)).toMatchObject({ kind: 'fail' })
  })
})
