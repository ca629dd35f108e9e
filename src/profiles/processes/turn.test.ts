// Turns, with real processes that end, are ended, and are stopped.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setImmediate as breathe } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { useStateDirectory } from '../../../test/support/profile-files.ts'
import { takeLock } from '../../lib/files/file-lock.ts'
import { type AgentPlace, placeOf } from '../place.ts'
import { keepOthersOut, takeTurn } from './turn.ts'

const stateDirectory = useStateDirectory()
const children: ChildProcess[] = []
let place: AgentPlace
let counter: string

beforeEach(() => {
  place = placeOf(stateDirectory(), 'main')
  mkdirSync(place.directory, { recursive: true, mode: 0o700 })
  counter = join(stateDirectory(), 'counter')
  writeFileSync(counter, '0')
})

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
})

// Whoever comes in between is lost.
const COUNT = `
  const seen = Number(readFileSync(counter, 'utf8'))
  await breathe()
  writeFileSync(counter, String(seen + 1))`

async function count(): Promise<void> {
  const end = await takeTurn(place)
  const seen = Number(readFileSync(counter, 'utf8'))
  await breathe()
  writeFileSync(counter, String(seen + 1))
  end()
}

/** A process that has \`place\`, \`counter\` and \`takeTurn\`; what it prints can be waited for. */
function start(work: string): { child: ChildProcess; line: () => Promise<unknown>; ended: Promise<unknown> } {
  const source = `
    import { readFileSync, writeFileSync } from 'node:fs'
    import { setImmediate as breathe } from 'node:timers/promises'
    import { takeTurn } from ${JSON.stringify(join(import.meta.dirname, 'turn.ts'))}
    const place = ${JSON.stringify(place)}, counter = ${JSON.stringify(counter)}
    ${work}`
  const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', source], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  children.push(child)
  const lines = createInterface({ input: child.stdout })
  return { child, line: () => once(lines, 'line'), ended: once(child, 'exit') }
}

const STAYING = `
  const end = await takeTurn(place)
  console.log('in')
  await new Promise((go) => process.stdin.once('data', go))
  ${COUNT}
  end()
  process.exit()`

describe('one at a time', () => {
  it('of many calls of one process, in the order in which they came', async () => {
    const came: number[] = []
    await Promise.all(
      Array.from({ length: 50 }, async (_, i) => {
        const end = await takeTurn(place)
        came.push(i)
        await breathe()
        end()
      }),
    )
    expect(came).toEqual(Array.from({ length: 50 }, (_, i) => i))
  })

  it('of many processes, each with many calls', async () => {
    const work = `await Promise.all(Array.from({ length: 20 }, async () => {
      const end = await takeTurn(place)
      ${COUNT}
      end()
    }))`
    const all = Array.from({ length: 6 }, () => start(work))
    await Promise.all([...Array.from({ length: 20 }, count), ...all.map(({ ended }) => ended)])
    expect(readFileSync(counter, 'utf8')).toBe(String(7 * 20))
  })

  it('of however many: who waits is told of one turn that is too long, not of many that are short', async () => {
    const work = `for (;;) {
      const end = await takeTurn(place)
      console.log('in')
      await new Promise((go) => setTimeout(go, 20))
      end()
      await new Promise((go) => setTimeout(go, 1))
    }`
    const { line } = start(work)
    await line()
    // Nearly all of the time somebody has it.
    const ends = Array.from({ length: 4 }, async () => (await takeTurn(place, 300))())
    expect(await Promise.all(ends)).toHaveLength(4)
  })

  it('also after one whose turn could not begin', async () => {
    const unlock = takeLock(place.lock)
    const [first, second] = [takeTurn(place, 0), takeTurn(place, 10_000)]
    await expect(first).rejects.toMatchObject({ code: 'unavailable' })
    unlock()
    const end = await second
    end()
  })
})

describe('whoever has the turn', () => {
  it('and is killed has it no more', async () => {
    const { child, line, ended } = start(STAYING)
    await line()
    await expect(takeTurn(place, 0)).rejects.toMatchObject({ code: 'unavailable' })
    child.kill('SIGKILL')
    await ended
    const end = await takeTurn(place, 0)
    end()
  })

  it('and goes on for too long is named, with what to type', async () => {
    const { child, line } = start(STAYING)
    await line()
    await expect(takeTurn(place, 1_000)).rejects.toMatchObject({
      ...{ code: 'unavailable' },
      message: `Process ${child.pid} has been at the profiles in ${place.directory} for 1 seconds.`,
      hint: `Wait for it, or end it (kill -9 ${child.pid}): nothing is lost by that.`,
    })
  })

  it('and is stopped is named, keeps it, and overwrites nobody when it goes on', async () => {
    const { child, line, ended } = start(STAYING)
    await line()
    child.kill('SIGSTOP')
    await expect.poll(() => readFileSync(`/proc/${child.pid}/stat`, 'utf8')).toMatch(/\) T /)
    await expect(takeTurn(place, 0)).rejects.toMatchObject({
      ...{ code: 'unavailable', message: expect.stringMatching(/ for 0 seconds, and is stopped\.$/) },
      hint: `Let it go on (kill -CONT ${child.pid}), or end it (kill -9 ${child.pid}): nothing is lost by that.`,
    })
    const after = count()
    child.kill('SIGCONT')
    child.stdin?.write('go on\n')
    await Promise.all([after, ended])
    expect(readFileSync(counter, 'utf8')).toBe('2')
  })

  it('without having said who it is is not taken for another', async () => {
    const { child, line, ended } = start(STAYING)
    await line()
    child.kill('SIGKILL')
    await ended
    const unlock = takeLock(place.lock)
    await expect(takeTurn(place, 0)).rejects.toMatchObject({
      message: expect.stringMatching(/^Another process has been at the profiles/),
      hint: 'Wait for it to end, or end it.',
    })
    unlock()
  })
})

describe('a lock of OpenClaw', () => {
  const writeLock = (pid: number) =>
    writeFileSync(place.lockOfOthers, JSON.stringify({ pid, createdAt: new Date().toISOString() }))

  it('is had as well while files are replaced, and is not there otherwise', async () => {
    const end = await keepOthersOut([place])
    expect(JSON.parse(readFileSync(place.lockOfOthers, 'utf8'))).toMatchObject({ pid: process.pid })
    end()
    expect(existsSync(place.lockOfOthers)).toBe(false)
  })

  it('that somebody has is waited for, and whoever it is is named', async () => {
    const { child, line } = start(STAYING)
    await line()
    writeLock(child.pid ?? 0)
    await expect(keepOthersOut([place], 0)).rejects.toMatchObject({
      ...{ code: 'unavailable' },
      message: `Process ${child.pid} has been at the profiles in ${place.directory} for 0 seconds.`,
      hint: `Wait for it, or end it (kill -9 ${child.pid}).`,
    })
    expect(existsSync(place.lockOfOthers)).toBe(true)
  })

  it('is let go of where another cannot be had', async () => {
    const other = placeOf(stateDirectory(), 'none')
    await expect(keepOthersOut([place, other])).rejects.toMatchObject({ code: 'invalid' })
    expect(existsSync(place.lockOfOthers)).toBe(false)
  })
})

it('there is no turn where there can be no lock', async () => {
  mkdirSync(place.lock)
  await expect(takeTurn(place)).rejects.toMatchObject({
    code: 'invalid',
    message: expect.stringContaining(`${place.lock} cannot be used`),
  })
})
