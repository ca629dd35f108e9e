import { execFileSync, spawnSync } from 'node:child_process'
import {
  appendFileSync,
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { open } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { canMount } from '../../test/support/mounting.ts'
import type { JournaledAnswer } from '../control/grants/renewing/journal.ts'
import { type JournalFile, openJournal } from './renewal-journal.ts'

const HOUR = 3_600_000

let directory = ''
let path = ''
let now = 1_000_000

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'claviger-journal-'))
  path = join(directory, 'renewals.journal')
})
afterEach(async () => {
  vi.restoreAllMocks()
  for (const file of files.splice(0)) await file.close()
  rmSync(directory, { recursive: true })
})

const files: JournalFile[] = []

async function opened(lock: string | null = 'lock-1'): Promise<JournalFile> {
  const file = await openJournal(path, () => now, lock)
  files.push(file)
  return file
}

function answer(attempt: string, credentialId = 'cred-1'): JournaledAnswer {
  const place = { credentialId, organizationId: 'org-1', login: 'login-1', generation: 1 }
  return { attempt, ...place, at: now, sealed: Buffer.from(`sealed ${attempt}`) }
}

const attempts = (file: JournalFile) => file.journal.answers().map(({ attempt }) => attempt)

it('what was appended is there after a crash, and the name of the server stays', async () => {
  const first = await opened()
  await first.journal.append(answer('a'))
  await first.journal.reached({ credentialId: 'cred-1', login: 'login-1', generation: 2 })
  // Nobody closes it.
  const again = await opened()
  expect(again.journal.answers()).toEqual([answer('a')])
  expect(again.journal.furthest()).toEqual([{ credentialId: 'cred-1', login: 'login-1', generation: 2 }])
  expect(again.replica).toBe(first.replica)
})

it('a copy of it has another name, the same answers, and knows whose copy it is', async () => {
  const first = await opened()
  await first.journal.append(answer('a'))
  const copy = await opened('lock-2')
  expect(copy.replica).not.toBe(first.replica)
  expect([attempts(copy), copy.formerly]).toEqual([['a'], [first.replica]])
  const again = await opened('lock-2')
  expect([again.replica, again.formerly]).toEqual([copy.replica, [first.replica]])
  const third = await opened('lock-1')
  expect(third.formerly).toEqual([copy.replica, first.replica])
})

it('has another name each time where nobody can tell whether it is a copy, and remembers a few', async () => {
  const names: string[] = []
  for (let times = 0; times < 12; times += 1) names.unshift((await opened(null)).replica)
  expect(new Set(names).size).toBe(12)
  expect((await opened()).formerly).toEqual(names.slice(0, 8))
})

it('of a server before locks had names is taken for a copy', async () => {
  writeFileSync(path, '{"replica":"replica-old"}\n')
  const file = await opened()
  expect([file.replica === 'replica-old', file.formerly]).toEqual([false, ['replica-old']])
})

it('a last line that was cut short is left out, and nothing is written behind it', async () => {
  const first = await opened()
  await first.journal.append(answer('a'))
  await first.close()
  appendFileSync(path, '{"answer":{"attempt":"b","cred')
  const again = await opened()
  expect(attempts(again)).toEqual(['a'])
  await again.journal.append(answer('c'))
  await again.close()
  expect(attempts(await opened())).toEqual(['a', 'c'])
})

it('a damaged line before the last is nobody to guess about', async () => {
  const first = await opened()
  await first.journal.append(answer('a'))
  await first.journal.append(answer('b'))
  await first.close()
  const text = readFileSync(path, 'utf8')
  for (const damaged of [text.replace('"attempt":"a"', '"attempt":'), text.replace('"sealed"', '"other"')]) {
    writeFileSync(path, damaged)
    await expect(opened()).rejects.toMatchObject({
      ...{ code: 'unavailable', message: `Line 2 of ${path} is damaged.` },
      hint: expect.stringContaining('remove that line'),
    })
    expect(readFileSync(path, 'utf8')).toBe(damaged)
  }
})

it.each([
  ['nothing but zeros', '\0'.repeat(40)],
  ['cut short in the middle', '{"answer":{"attempt":"b","cred\0\0\0"}}'],
  ['no line of ours', 'null'],
  ['an answer without its parts', '{"answer":{"attempt":"b"}}'],
  ['of nobody knows whom', '{}'],
])('a last line that is %s is put aside, and everything else goes on', async (_, line) => {
  const first = await opened()
  await first.journal.append(answer('a'))
  await first.close()
  expect(first.aside).toBeNull()
  appendFileSync(path, `${line}\n`)
  const again = await opened()
  expect([again.replica, attempts(again)]).toEqual([first.replica, ['a']])
  expect(readFileSync(again.aside ?? '', 'utf8')).toBe(`${line}\n`)
  expect(statSync(again.aside ?? '').mode & 0o077).toBe(0)
  await again.journal.append(answer('c'))
  await again.close()
  const third = await opened()
  expect([attempts(third), third.aside]).toEqual([['a', 'c'], null])
  expect(readdirSync(directory)).toHaveLength(2)
})

it('a disk that was full once leaves a journal that can be opened', async () => {
  const file = await opened()
  await file.journal.append(answer('a'))
  const other = await open(path, 'r')
  const handle = Object.getPrototypeOf(other)
  await other.close()
  const writing = vi.spyOn(handle, 'appendFile').mockImplementationOnce(() => {
    appendFileSync(path, '{"answer":{"attempt":"b","cr')
    return Promise.reject(new Error('ENOSPC: no space left on device'))
  })
  await expect(file.journal.append(answer('b'))).rejects.toThrow('ENOSPC')
  expect(writing).toHaveBeenCalledOnce()
  await file.journal.append(answer('c'))
  await file.close()
  expect(attempts(await opened())).toEqual(['a', 'b', 'c'])
})

it('is written anew after many lines, and what is settled is forgotten after an hour', async () => {
  const file = await opened()
  await file.journal.append(answer('old'))
  file.journal.settled('old')
  now += 2 * HOUR
  await file.journal.append(answer('new'))
  for (let generation = 1; generation <= 5_001; generation += 1)
    await file.journal.reached({ credentialId: 'cred-1', login: 'login-1', generation })
  await file.close()
  expect(readFileSync(path, 'utf8').split('\n').length).toBeLessThan(20)
  const again = await opened()
  expect(attempts(again)).toEqual(['new'])
  expect(again.journal.furthest()).toMatchObject([{ generation: 5_001 }])
})

it('goes on with the old file when there is no room to write it anew', async () => {
  const file = await opened()
  for (let generation = 1; generation < 5_000; generation += 1)
    await file.journal.reached({ credentialId: 'cred-1', login: 'login-1', generation })
  // A place that is not safe is not written in.
  chmodSync(directory, 0o777)
  await file.journal.append(answer('a'))
  await file.journal.append(answer('b'))
  await file.close()
  chmodSync(directory, 0o700)
  expect(attempts(await opened())).toEqual(['a', 'b'])
})

it('loses no line when writing it anew fails half-way', async () => {
  const file = await opened()
  for (let generation = 1; generation < 5_000; generation += 1)
    await file.journal.reached({ credentialId: 'cred-1', login: 'login-1', generation })
  const other = await open(path, 'r')
  const handle = Object.getPrototypeOf(other)
  await other.close()
  const sync = handle.sync
  // The new file is in its place, and its directory cannot be synced.
  const syncing = vi
    .spyOn(handle, 'sync')
    .mockImplementationOnce(function (this: unknown) {
      return sync.call(this)
    })
    .mockImplementationOnce(() => Promise.reject(new Error('EIO: i/o error')))
    .mockImplementationOnce(() => Promise.reject(new Error('ENOSPC: no space left on device')))
  await file.journal.append(answer('a'))
  expect(syncing).toHaveBeenCalledTimes(2)
  // What would be in no file that has a name is not there.
  await expect(file.journal.append(answer('b'))).rejects.toMatchObject({ code: 'unavailable' })
  expect(readFileSync(path, 'utf8')).not.toContain('"attempt":"b"')
  await file.journal.append(answer('c'))
  // Nobody closes it.
  expect(attempts(await opened())).toEqual(['a', 'b', 'c'])
})

it('forgets what is gone', async () => {
  const file = await opened()
  await file.journal.append(answer('a'))
  await file.journal.append(answer('b', 'cred-2'))
  file.journal.forget('cred-1')
  await file.close()
  expect(attempts(await opened())).toEqual(['b'])
})

it('is nobody else’s to read', async () => {
  await (await opened()).close()
  expect(statSync(path).mode & 0o077).toBe(0)
})

it.runIf(canMount('tmpfs'))('a full disk is called so', async () => {
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=16k,mode=700', 'tmpfs', directory])
  try {
    spawnSync('/bin/sh', ['-c', 'exec cat /dev/zero > "$0"', join(directory, 'filler')])
    await expect(opened()).rejects.toMatchObject({
      code: 'storage_full',
      message: `${path} cannot be written: the disk is full.`,
    })
  } finally {
    execFileSync('umount', [directory])
  }
})
