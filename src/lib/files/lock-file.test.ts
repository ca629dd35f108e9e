// A lock that is a file, with what others leave behind.

import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { LockFileIsTaken, takeLockFile } from './lock-file.ts'

const STALE = 30_000
let directory: string
let file: string

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'claviger-lock-file-'))
  file = join(directory, 'x.json.lock')
})
afterEach(() => rmSync(directory, { recursive: true }))

const of = (pid: number) => JSON.stringify({ pid, createdAt: new Date().toISOString() })

it('says whose it is while it is held, and is gone afterwards', async () => {
  const unlock = await takeLockFile(file, 0, STALE)
  expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual({
    pid: process.pid,
    createdAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
  })
  unlock()
  expect(existsSync(file)).toBe(false)
})

it('of a process that runs is waited for', async () => {
  writeFileSync(file, of(process.ppid))
  await expect(takeLockFile(file, 50, STALE)).rejects.toMatchObject({ pid: process.ppid })
  expect(existsSync(file)).toBe(true)
  const taking = takeLockFile(file, 20_000, STALE)
  await sleep(50)
  rmSync(file)
  const unlock = await taking
  unlock()
})

it('that is just being written is waited for', async () => {
  writeFileSync(file, '')
  await expect(takeLockFile(file, 0, STALE)).rejects.toThrow(LockFileIsTaken)
})

it.each([
  ['a process that has ended', () => writeFileSync(file, of(spawnSync('true').pid))],
  ['an earlier process with the number of this one', () => writeFileSync(file, of(process.pid))],
  [
    'a process that has had it for too long',
    () => {
      writeFileSync(file, of(process.ppid))
      utimesSync(file, 1, Date.now() / 1000 - 31)
    },
  ],
])('of %s counts no more', async (_, leave) => {
  leave()
  const unlock = await takeLockFile(file, 0, STALE)
  unlock()
  expect(existsSync(file)).toBe(false)
})

it('is none where no file can be', async () => {
  await expect(takeLockFile(join(directory, 'none', 'x.lock'), 0, STALE)).rejects.toMatchObject({
    code: 'ENOENT',
  })
})
