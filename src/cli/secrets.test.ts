import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { identifyProcess } from '../lib/process.ts'
import { lastAddress, readServerFile } from './secrets.ts'

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

test('the address that a server had, which is gone, is known for what is said of it', async () => {
  const { pid } = identifyProcess(process.pid)
  await left({ url: 'http://127.0.0.1:7901', pid, start: '1' })
  expect(await lastAddress(directory)).toBe('http://127.0.0.1:7901')
  await left({ url: 'nonsense', pid, start: '1' })
  expect(await lastAddress(directory)).toBeNull()
})

test('the address of a server that is gone is not, even when its process id was given to another', async () => {
  const { pid } = identifyProcess(process.pid)
  expect(await left({ url: URL_OF_SERVER, pid, start: '1' })).toBeNull()
  expect(await left({ url: URL_OF_SERVER, pid })).toBeNull()
  expect(await left({ url: URL_OF_SERVER, pid: 2 ** 30, start: '1' })).toBeNull()
  expect(await left({ url: 'nonsense', pid, start: null })).toBeNull()
})
