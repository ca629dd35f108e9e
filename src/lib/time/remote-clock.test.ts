import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { clockOffset } from './remote-clock.ts'

const NOW = Date.UTC(2026, 0, 1, 12)
let date: string | undefined

const server = createServer((_, response) => {
  response.sendDate = false
  if (date !== undefined) response.setHeader('date', date)
  response.writeHead(404).end()
})

beforeAll(() => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve)))
afterAll(() => server.close())

const policy = { allowPrivate: false, allowLoopback: true }
const ask = (url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`) =>
  clockOffset(url, policy, () => NOW)

test('a server that is ahead, whatever it answers', async () => {
  date = new Date(NOW + 90_000).toUTCString()
  expect(await ask()).toBe(90_000)
})

test('nobody knows where it does not say, says nonsense, or does not answer', async () => {
  date = undefined
  expect(await ask()).toBeNull()
  date = 'yesterday'
  expect(await ask()).toBeNull()
  expect(await ask('http://127.0.0.1:1')).toBeNull()
})
