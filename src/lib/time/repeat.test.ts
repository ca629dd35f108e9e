import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { repeat } from './repeat.ts'

it('does the work again and again, also after a failure, and never twice at a time', async () => {
  const failures: unknown[] = []
  let [times, inside, most] = [0, 0, 0]
  const repeated = repeat(
    1,
    async () => {
      inside += 1
      most = Math.max(most, inside)
      times += 1
      await sleep(5)
      inside -= 1
      if (times === 2) throw new RangeError('no')
    },
    (thrown) => failures.push(thrown),
  )
  await expect.poll(() => times).toBeGreaterThan(3)
  await repeated.stop()
  expect([most, inside]).toEqual([1, 0])
  expect(failures).toEqual([new RangeError('no')])
  const ended = times
  await sleep(20)
  expect(times).toBe(ended)
})
