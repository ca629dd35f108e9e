// A new file is there as a whole, for its owner only, and never in the place of another.

import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { writeNewFile } from './new-file.ts'

let directory: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'claviger-new-file-'))
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

async function* chunks(...texts: (string | Error)[]) {
  for (const text of texts) {
    if (text instanceof Error) throw text
    yield Buffer.from(text)
  }
}

const nothing = async () => undefined

it('has all chunks and is private; what was checked is what is there', async () => {
  const path = join(directory, 'all')
  const seen = await writeNewFile(path, chunks('one ', 'two'), async (temporary) =>
    readFileSync(temporary, 'utf8'),
  )
  expect(seen).toBe('one two')
  expect(readFileSync(path, 'utf8')).toBe('one two')
  expect(statSync(path).mode & 0o777).toBe(0o600)
  expect(readdirSync(directory)).toEqual(['all'])
})

it('leaves nothing when the chunks break off or the check fails', async () => {
  const path = join(directory, 'all')
  const broken = new Error('broken')
  await expect(writeNewFile(path, chunks('one', broken), nothing)).rejects.toBe(broken)
  await expect(writeNewFile(path, chunks('one'), () => Promise.reject(broken))).rejects.toBe(broken)
  expect(readdirSync(directory)).toEqual([])
})

it('never takes the place of a file, or of a link that leads nowhere', async () => {
  writeFileSync(join(directory, 'file'), 'kept')
  symlinkSync('nowhere', join(directory, 'link'))
  for (const name of ['file', 'link']) {
    await expect(writeNewFile(join(directory, name), chunks('new'), nothing)).rejects.toMatchObject({
      code: 'EEXIST',
    })
  }
  expect(readFileSync(join(directory, 'file'), 'utf8')).toBe('kept')
  expect(readdirSync(directory).sort()).toEqual(['file', 'link'])
})
