import { connect } from 'node:net'
import { gzipSync } from 'node:zlib'
import { afterEach, describe, expect, test } from 'vitest'
import { type Sandbox, type SandboxOptions, startSandbox } from './sandbox.ts'

const key = { provider: 'anthropic', kind: 'api-key', value: 'sk-ant-test-sandbox-1' } as const
const running: Sandbox[] = []

async function start(options: SandboxOptions = {}): Promise<Sandbox> {
  const sandbox = await startSandbox({ credentials: [key], ...options })
  running.push(sandbox)
  return sandbox
}

afterEach(async () => {
  await Promise.all(running.splice(0).map((sandbox) => sandbox.close()))
})

function ask(
  sandbox: Sandbox,
  text: string,
  headers: Record<string, string> = {},
  body?: string | Uint8Array<ArrayBuffer>,
) {
  const message = { model: 'm', max_tokens: 1, messages: [{ role: 'user', content: text }] }
  return fetch(`${sandbox.anthropicUrl}/v1/messages`, {
    method: 'POST',
    headers: { 'x-api-key': key.value, 'anthropic-version': '2023-06-01', ...headers },
    body: body ?? JSON.stringify(message),
  })
}

describe('startSandbox', () => {
  test('listens on a free loopback port, and frees it again', async () => {
    const sandbox = await startSandbox()
    expect(sandbox.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
    await sandbox.close()
    await expect(fetch(sandbox.url)).rejects.toThrow()
  })

  test('takes a port, and rejects when it is taken', async () => {
    const { url } = await start()
    const port = Number(new URL(url).port)
    await expect(startSandbox({ port })).rejects.toMatchObject({ code: 'EADDRINUSE' })
  })

  test('listens on another address', async () => {
    const sandbox = await start({ host: '::1' })
    expect(sandbox.url).toMatch(/^http:\/\/\[::1\]:\d+$/)
    expect((await fetch(`${sandbox.url}/sandbox`)).status).toBe(200)
  })
})

describe('a reply', () => {
  test('may be made from the request, later', async () => {
    const sandbox = await start({ reply: async ({ id, lastUserMessage }) => `${id}: ${lastUserMessage}` })
    expect(await (await ask(sandbox, 'hi')).json()).toMatchObject({ content: [{ text: '1: hi' }] })
  })

  test('holds the turn open, with the request recorded meanwhile', async () => {
    const held = Promise.withResolvers<string>()
    const asked = Promise.withResolvers<void>()
    const sandbox = await start({
      reply: () => {
        asked.resolve()
        return held.promise
      },
    })
    const answer = ask(sandbox, 'hi')
    await asked.promise
    expect(sandbox.requests()).toMatchObject([{ lastUserMessage: 'hi' }])
    held.resolve('at last')
    expect(await (await answer).json()).toMatchObject({ content: [{ text: 'at last' }] })
  })

  test('that throws is a server error, and the sandbox lives on', async () => {
    const sandbox = await start({
      reply: () => {
        throw new Error('the script is broken')
      },
    })
    const response = await ask(sandbox, 'hi')
    expect([response.status, await response.text()]).toEqual([
      500,
      expect.stringContaining('script is broken'),
    ])
    expect(sandbox.requests()).toMatchObject([{ status: 500 }])
    sandbox.reply('mended')
    expect((await ask(sandbox, 'hi')).status).toBe(200)
  })
})

test('reset forgets requests, not credentials', async () => {
  const sandbox = await start()
  await ask(sandbox, 'hi')
  sandbox.reset()
  expect(sandbox.requests()).toEqual([])
  expect((await ask(sandbox, 'hi')).status).toBe(200)
})

test('a credential in a header of another name is recorded too', async () => {
  const sandbox = await start()
  await ask(sandbox, 'hi', { 'x-trace': `key=${key.value}` })
  expect(sandbox.requests()[0]?.credentials).toContainEqual({
    header: 'x-trace',
    scheme: 'raw',
    value: `key=${key.value}`,
  })
})

describe('a request body', () => {
  test('may be compressed', async () => {
    const sandbox = await start()
    const body = gzipSync(JSON.stringify({ model: 'm', max_tokens: 1, messages: [] }))
    expect((await ask(sandbox, '', { 'content-encoding': 'gzip' }, body)).status).toBe(200)
  })

  test.each([
    ['gzip', 400],
    ['compress', 415],
  ])('that is not the %s it says is refused', async (encoding, status) => {
    const sandbox = await start()
    expect((await ask(sandbox, 'hi', { 'content-encoding': encoding })).status).toBe(status)
  })

  test('that never ends does no harm', async () => {
    const sandbox = await start()
    const socket = connect(Number(new URL(sandbox.url).port), '127.0.0.1')
    socket.write('POST /anthropic/v1/messages HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\n12345', () =>
      socket.destroy(),
    )
    await new Promise((resolve) => socket.once('close', resolve))
    expect((await ask(sandbox, 'hi')).status).toBe(200)
  })
})

test('elsewhere there is nothing, and nothing is recorded', async () => {
  const sandbox = await start()
  expect((await fetch(`${sandbox.url}/anthropicx/v1/models`)).status).toBe(404)
  expect(sandbox.requests()).toEqual([])
})
