import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Unlock } from '../lib/files/file-lock.ts'
import { identifyProcess } from '../lib/process.ts'
import { writeServerFile } from './state-directory.ts'
import { lockStateDirectory, nameOfLock } from './state-lock.ts'

let directory: string
const unlocks: Unlock[] = []

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'claviger-lock-'))
})

afterEach(() => {
  for (const unlock of unlocks.splice(0)) unlock()
  chmodSync(directory, 0o700)
  rmSync(directory, { recursive: true })
})

function lock(): void {
  unlocks.push(lockStateDirectory(directory))
}

describe('the lock of a state directory', () => {
  it('lets one in, and the next when it has left', () => {
    lock()
    expect(() => lock()).toThrow(
      expect.objectContaining({
        code: 'conflict',
        message: `Another server is using the state directory ${directory}.`,
        hint: expect.stringContaining('CLAVIGER_STATE_DIR'),
      }),
    )
    // Having tried takes nothing away from who has it.
    expect(() => lock()).toThrow(expect.objectContaining({ code: 'conflict' }))
    unlocks.pop()?.()
    expect(() => lock()).not.toThrow()
    expect(readdirSync(directory)).toEqual(['server.lock'])
    expect(statSync(join(directory, 'server.lock')).mode & 0o777).toBe(0o600)
  })

  it('names who has it once that is known, and no earlier one', async () => {
    lock()
    await writeServerFile(directory, 'http://127.0.0.1:7717')
    expect(() => lock()).toThrow(
      `Another server, process ${process.pid} at http://127.0.0.1:7717, is using the state directory ${directory}.`,
    )
    const left = { ...identifyProcess(process.pid), start: '1', url: 'http://127.0.0.1:1' }
    for (const text of [JSON.stringify(left), 'not json', '{}']) {
      writeFileSync(join(directory, 'server.json'), text)
      expect(() => lock()).toThrow(`Another server is using the state directory ${directory}.`)
    }
  })

  it.each([
    ['a directory in its place', () => mkdirSync(join(directory, 'server.lock'))],
    ['another file in its place', () => writeFileSync(join(directory, 'server.lock'), 'x'.repeat(5000))],
  ])('is refused for %s, with what to do', (_, spoil) => {
    spoil()
    expect(() => lock()).toThrow(
      expect.objectContaining({
        code: 'unavailable',
        message: `${join(directory, 'server.lock')} cannot be locked.`,
        hint: expect.any(String),
      }),
    )
  })
})

describe('the name of a lock', () => {
  it('is the same for whoever has the directory next, and another for a copy of it', () => {
    lock()
    const name = nameOfLock(directory)
    expect(name).not.toBeNull()
    const copy = `${directory}-copy`
    cpSync(directory, copy, { recursive: true, preserveTimestamps: true })
    const other = nameOfLock(copy)
    rmSync(copy, { recursive: true })
    unlocks.pop()?.()
    lock()
    expect(nameOfLock(directory)).toBe(name)
    expect(other).not.toBe(name)
  })

  it('is another for one that was put in the place of a directory whose server still runs', () => {
    lock()
    const name = nameOfLock(directory)
    rmSync(directory, { recursive: true })
    mkdirSync(directory)
    lock()
    expect(nameOfLock(directory)).not.toBe(name)
  })
})
