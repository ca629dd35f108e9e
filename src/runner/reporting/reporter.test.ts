import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { ClavigerError } from '../../domain/errors.ts'
import { MAX_BODY_BYTES } from '../../server/read-input.ts'
import { createReporter } from './reporter.ts'
import type { Item } from './said.ts'

/** A server that keeps each number once, and can be away or lose its answers. */
function server() {
  const kept: Item[] = []
  const faults: ('away' | 'answer lost' | ClavigerError)[] = []
  const calls: number[] = []
  const send = async (items: readonly Item[]) => {
    calls.push(items.length)
    await sleep(1)
    const fault = faults.shift()
    if (fault === 'away') throw new ClavigerError('unreachable', 'It is away.')
    if (fault instanceof ClavigerError) throw fault
    const last = kept.at(-1)?.seq ?? 0
    expect(items[0]?.seq).toBeLessThanOrEqual(last + 1)
    kept.push(...items.filter(({ seq }) => seq > last))
    if (fault === 'answer lost') throw new ClavigerError('unreachable', 'No answer.')
  }
  return { kept, faults, calls, send }
}

function reporterTo(to: ReturnType<typeof server>) {
  const lost: ClavigerError[] = []
  const reporter = createReporter({ send: to.send, now: () => 1_000, lost: (why) => void lost.push(why) })
  return { reporter, lost }
}

const text = (said: string) => ({ is: 'event', event: { kind: 'text', text: said } }) as const

describe('what is said of a run', () => {
  it('arrives in order, together, once', async () => {
    const to = server()
    const { reporter } = reporterTo(to)
    for (let i = 1; i <= 500; i += 1) reporter.say(text(String(i)))
    await reporter.told()
    expect(to.kept.map(({ seq }) => seq)).toEqual(Array.from({ length: 500 }, (_, i) => i + 1))
    expect(to.calls).toEqual([200, 200, 100])
    expect(to.kept[0]).toEqual({ ...text('1'), seq: 1, at: '1970-01-01T00:00:01.000Z' })
    expect(reporter.backlog()).toBe(0)
  })

  it('arrives once though the server was away, or its answers were lost', async () => {
    const to = server()
    const { reporter } = reporterTo(to)
    to.faults.push('away', 'answer lost', 'away')
    reporter.say(text('one'))
    const state = reporter.tell({ is: 'state', state: 'working' })
    reporter.say(text('two'))
    await state
    await reporter.told()
    expect(to.kept.map(({ seq, is }) => `${seq} ${is}`)).toEqual(['1 event', '2 state', '3 event'])
  })

  it('is told when it is kept, and not before', async () => {
    const to = server()
    const { reporter } = reporterTo(to)
    to.faults.push('away')
    const told = reporter.tell({ is: 'message', message: 'm1', state: 'sent' })
    let isTold = false
    void told.then(() => {
      isTold = true
    })
    await sleep(100)
    expect([isTold, to.kept.length]).toEqual([false, 0])
    await told
    expect(to.kept).toHaveLength(1)
  })

  it('is sent in pieces that a server takes', async () => {
    const to = server()
    const { reporter } = reporterTo(to)
    for (let i = 0; i < 4; i += 1) reporter.say(text('x'.repeat(300_000)))
    await reporter.told()
    expect(to.calls).toEqual([1, 1, 1, 1])
  })

  it.each([
    ['each as large as may be, of any letters', () => '漢'.repeat(399_000), 3],
    ['of signs that JSON has more words for', () => '\u0001'.repeat(399_000), 3],
    ['that are many and small', () => 'ü漢'.repeat(2_000), 200],
  ])('fits into requests that a server takes, with texts %s', async (_, said, count) => {
    const to = server()
    const { reporter } = reporterTo({
      ...to,
      send: async (items) => {
        expect(Buffer.byteLength(JSON.stringify({ items }))).toBeLessThan(MAX_BODY_BYTES - 1_000)
        await to.send(items)
      },
    })
    for (let i = 0; i < count; i += 1) reporter.say(text(said()))
    await reporter.told()
    expect(to.kept).toHaveLength(count)
    expect(to.kept.every((item) => item.is === 'event' && item.event.kind === 'text')).toBe(true)
  })

  it('is sent in smaller pieces to who finds it too large, and the run is not lost by that', async () => {
    const to = server()
    const most = 20_000
    const { reporter, lost } = reporterTo({
      ...to,
      send: async (items) => {
        if (JSON.stringify(items).length > most) throw new ClavigerError('too_large', 'Less, please.')
        await to.send(items)
      },
    })
    for (let i = 0; i < 20; i += 1) reporter.say(text(`${i} ${'x'.repeat(5_000)}`))
    reporter.say({
      is: 'event',
      event: { kind: 'tool-result', call: 'c', failed: false, output: 'y'.repeat(90_000) },
    })
    reporter.say(text('the end'))
    await reporter.told()
    expect(lost).toEqual([])
    expect(to.kept.map(({ seq }) => seq)).toEqual(Array.from({ length: 22 }, (_, i) => i + 1))
    expect(JSON.stringify(to.kept[20])).toContain('yyy')
    expect(to.kept[21]).toMatchObject(text('the end'))
  })

  it('ends when nothing of it is small enough', async () => {
    const to = server()
    const tooLarge = new ClavigerError('too_large', 'Nothing, please.')
    const { reporter, lost } = reporterTo({ ...to, send: () => Promise.reject(tooLarge) })
    await expect(reporter.tell({ is: 'state', state: 'working' })).rejects.toBe(tooLarge)
    expect(lost).toEqual([tooLarge])
  })

  it('ends when the run is somebody else’s', async () => {
    const to = server()
    const { reporter, lost } = reporterTo(to)
    const over = new ClavigerError('conflict', 'Another worker has this run.')
    to.faults.push(over)
    await expect(reporter.tell(text('one'))).rejects.toBe(over)
    await expect(reporter.tell(text('two'))).rejects.toBe(over)
    await expect(reporter.told()).rejects.toBe(over)
    expect(lost).toEqual([over])
    expect(to.kept).toEqual([])
  })

  it('is not sent any more after it was stopped', async () => {
    const to = server()
    const { reporter } = reporterTo(to)
    reporter.say(text('one'))
    reporter.stop()
    await sleep(200)
    expect(to.kept).toEqual([])
  })
})
