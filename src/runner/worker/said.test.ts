import fc from 'fast-check'
import { expect, it } from 'vitest'
import { SCHEMAS } from '../../api/schemas.ts'
import type { ConversationEvent } from '../../domain/runs/conversation.ts'
import { fitting, type Said } from './said.ts'

const text = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.constantFrom('', 'a\u0000b', '\uD83D', '😀'.repeat(300_000), 'x'.repeat(2_001), 'y'.repeat(500_000)),
)
const number = fc.oneof(fc.integer(), fc.double(), fc.constant(null))
const failure = fc.record({
  kind: fc.constantFrom('authentication', 'quota', 'program', 'request'),
  ...{ status: number, code: fc.option(text), text, resetsAt: number },
})
const usage = fc.option(fc.record({ input: fc.nat(), cachedInput: fc.nat(), output: fc.nat() }))
const kind = <K extends string>(value: K) => fc.constant(value)
const event: fc.Arbitrary<ConversationEvent> = fc.oneof(
  fc.record({ kind: kind('session'), session: text, model: fc.option(text) }),
  fc.record({ kind: fc.constantFrom('text', 'reasoning', 'notice'), text }),
  fc.record({ kind: kind('tool'), call: text, name: text, input: text }),
  fc.record({ kind: kind('tool-result'), call: text, failed: fc.boolean(), output: text }),
  fc.record({ kind: kind('retry'), attempt: fc.nat(), of: fc.option(fc.nat()), failure }),
  fc.record({ kind: kind('turn-done'), usage }),
  fc.record({ kind: kind('turn-failed'), failure, usage }),
  fc.record({ kind: kind('unknown'), name: text }),
) as fc.Arbitrary<ConversationEvent>
const said: fc.Arbitrary<Said> = fc.oneof(
  event.map((one): Said => ({ is: 'event', event: one })),
  text.map((reason): Said => ({ is: 'state', state: 'failed', reason })),
  text.map((reason): Said => ({ is: 'message', message: 'm1', state: 'failed', reason })),
)

const at = '2026-01-01T00:00:00Z'
const takes = (one: object) =>
  SCHEMAS['runs.report'].input.safeParse({ id: 'run_1', claim: 'c', items: [{ ...one, seq: 1, at }] }).success

it('whatever a program says is taken by the server', () => {
  fc.assert(
    fc.property(said, (one) => {
      expect(takes(fitting(one))).toBe(true)
    }),
    { numRuns: 300 },
  )
})

it('what fits stays as it is', () => {
  const one: Said = { is: 'event', event: { kind: 'text', text: 'ünï 😀'.repeat(1_000) } }
  expect(fitting(one)).toEqual(one)
})

it('is not cut through a character', () => {
  const long = { is: 'state', state: 'failed', reason: `x${'😀'.repeat(2_000)}` } as const
  const cut = fitting(long)
  expect(cut).toMatchObject({ reason: expect.stringMatching(/^x(😀)+.?…$/u) })
  expect(takes(long)).toBe(false)
})
