import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { identifyProcess } from '../lib/process.ts'
import { readServerFile } from './secrets.ts'

const URL_OF_SERVER = 'http://127.0.0.1:7717'

let directory: string

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'claviger-secrets-'))
})

afterEach(() => rmSync(directory, { recursive: true, force: true }))

function left(content: object): Promise<string | null> {
  writeFileSync(join(directory, 'server.json'), JSON.stringify(content))
  return readServerFile(directory)
}

test('the address a running server left is found', async () => {
  const { pid, start } = identifyProcess(process.pid)
  expect(await left({ url: URL_OF_SERVER, pid, start })).toBe(URL_OF_SERVER)
})

test('the address of a server that is gone is not, even when its process id was given to another', async () => {
  const { pid } = identifyProcess(process.pid)
  expect(await left({ url: URL_OF_SERVER, pid, start: '1' })).toBeNull()
  expect(await left({ url: URL_OF_SERVER, pid })).toBeNull()
  expect(await left({ url: URL_OF_SERVER, pid: 2 ** 30, start: '1' })).toBeNull()
  expect(await left({ url: 'nonsense', pid, start: null })).toBeNull()
})
