import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { expect, test } from 'vitest'
import { identifyProcess, isAlive, isOfThisHost } from './process.ts'

test('a process is alive until it ends', async () => {
  const child = spawn('/bin/sleep', ['30'])
  await once(child, 'spawn')
  const identity = identifyProcess(child.pid ?? 0)
  expect(isAlive(identity)).toBe(true)
  child.kill('SIGKILL')
  await once(child, 'exit')
  expect(isAlive(identity)).toBe(false)
})

test('an id that now belongs to another process does not count as alive', () => {
  const own = identifyProcess(process.pid)
  expect(isAlive(own)).toBe(true)
  expect(isAlive({ ...own, start: '1' })).toBe(false)
})

test('a process of another machine or container cannot be looked up', () => {
  const own = identifyProcess(process.pid)
  expect(isOfThisHost(own)).toBe(true)
  expect(isOfThisHost({ ...own, host: 'elsewhere' })).toBe(false)
  expect(isAlive({ ...own, host: 'elsewhere' })).toBe(false)
})

test('a zombie is not alive', async () => {
  // The shell does not wait for its child, which ends at once and stays a zombie.
  const parent = spawn('/bin/sh', ['-c', '/bin/true & echo $!; exec /bin/sleep 30'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  try {
    const [line] = await once(parent.stdout, 'data')
    await expect.poll(() => isAlive(identifyProcess(Number(line)))).toBe(false)
  } finally {
    parent.kill('SIGKILL')
    await once(parent, 'exit')
  }
})
