import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { followClock, type SharedClock, type SharedClockOptions } from './shared-clock.ts'

const HOUR = 3_600_000
const clocks: SharedClock[] = []

afterEach(() => {
  for (const clock of clocks.splice(0)) clock.stop()
})

async function follow(options: Partial<SharedClockOptions>): Promise<SharedClock> {
  const clock = await followClock({ local: Date.now, shared: async () => Date.now(), ...options })
  clocks.push(clock)
  return clock
}

describe('a shared clock', () => {
  it('is this machine’s own where that is right', async () => {
    const clock = await follow({ shared: async () => Date.now() + 1 })
    expect(clock.offset()).toBe(0)
    expect(Math.abs(clock.now() - Date.now())).toBeLessThan(5)
  })

  it.each([HOUR, -HOUR])('tells the same time on a machine that is %d ms off', async (off) => {
    const changes: number[] = []
    const clock = await follow({ local: () => Date.now() + off, onChange: (to) => changes.push(to) })
    expect(Math.abs(clock.now() - Date.now())).toBeLessThan(50)
    expect(Math.abs(clock.offset() + off)).toBeLessThan(50)
    expect(Number.isInteger(clock.now())).toBe(true)
    expect(changes).toEqual([clock.offset()])
  })

  it('takes the quickest of several answers', async () => {
    let asked = 0
    const clock = await follow({
      // The answer is of the moment it was given, and comes late.
      shared: async () => {
        asked += 1
        const now = Date.now() + HOUR
        if (asked !== 2) await delay(200)
        return now
      },
    })
    expect(Math.abs(clock.offset() - HOUR)).toBeLessThan(20)
  })

  it('measures again at once when the machine’s clock is set', async () => {
    let off = 0
    const clock = await follow({ local: () => Date.now() + off })
    off = -HOUR
    expect(clock.now()).toBeLessThan(Date.now() - HOUR / 2)
    await vi.waitFor(() => expect(Math.abs(clock.now() - Date.now())).toBeLessThan(50))
  })

  it('keeps what it knows while it gets no answer, and says so only at first', async () => {
    await expect(follow({ shared: () => Promise.reject(new Error('away')) })).rejects.toThrow('away')
    let away = false
    let off = HOUR
    const clock = await follow({
      local: () => Date.now() - off,
      shared: () => (away ? Promise.reject(new Error('away')) : Promise.resolve(Date.now())),
    })
    away = true
    off += 2_000
    clock.now()
    await delay(20)
    expect(Math.abs(clock.offset() - HOUR)).toBeLessThan(50)
  })
})
