// H4, H11: what is sent is signed and called carefully, and nothing but the status comes back.

import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Receiver, startReceiver } from '../../test/support/receiver.ts'
import { Secret } from '../domain/secret.ts'
import type { WebhookMessage } from './webhook-sender.ts'
import { createWebhookSender } from './webhooks.ts'

const SECRET = `whsec_${Buffer.alloc(32, 7).toString('base64')}`
const BODY = '{"type":"grant.recovered","data":{"reason":"ünïcode"}}'

let receiver: Receiver

beforeEach(async () => {
  receiver = await startReceiver()
  receiver.secret = SECRET
})

afterEach(() => receiver[Symbol.asyncDispose]())

function message(changed: Partial<WebhookMessage> = {}): WebhookMessage {
  const at = Date.now()
  return { url: receiver.url, secret: new Secret(SECRET), id: 'evt_1', at, body: BODY, ...changed }
}

describe('a webhook', () => {
  const sender = createWebhookSender({ allowPrivate: true, timeoutMs: 300 })

  it('is signed so that the library of Standard Webhooks takes it', async () => {
    expect(await sender.send(message())).toBe('204')
    expect(receiver.received).toMatchObject([{ id: 'evt_1', body: BODY, genuine: true }])
    expect(receiver.received[0]?.headers).toMatchObject({
      'content-type': 'application/json',
      'webhook-timestamp': expect.stringMatching(/^\d{10}$/),
      'webhook-signature': expect.stringMatching(/^v1,/),
    })
    await sender.send(message({ secret: new Secret(`whsec_${Buffer.alloc(32, 8).toString('base64')}`) }))
    expect(receiver.received[1]?.genuine).toBe(false)
  })

  it('that redirects is not followed', async () => {
    receiver.answer = (response) => response.writeHead(307, { location: receiver.url }).end()
    expect(await sender.send(message())).toBe('307')
    expect(receiver.received).toHaveLength(1)
  })

  it('that answers late is not waited for', async () => {
    receiver.answer = () => undefined
    expect(await sender.send(message())).toBe('timeout')
  })

  it('that answers with a body without end has answered', async () => {
    receiver.answer = (response) => {
      response.writeHead(200)
      const timer = setInterval(() => response.write('x'.repeat(100_000)), 1)
      response.on('close', () => clearInterval(timer))
    }
    expect(await sender.send(message())).toBe('200')
  })

  it('where nobody listens is a network error', async () => {
    await receiver[Symbol.asyncDispose]()
    expect(await sender.send(message())).toBe('network')
    receiver = await startReceiver()
  })
})

describe('an address', () => {
  it.each([
    'http://hooks.example.test/a',
    'https://10.0.0.1/a',
    'https://169.254.169.254/latest',
    'https://[::ffff:10.0.0.1]/a',
    'http://127.0.0.1/a',
    'https://localhost/a',
    'https://ada:pw@hooks.example.test/a',
    'https://0x7f000001/a',
    'ftp://hooks.example.test/a',
    'nonsense',
    `https://hooks.example.test/${'a'.repeat(2_000)}`,
  ])('%s is refused before it is stored', (url) => {
    const strict = createWebhookSender({ allowPrivate: false })
    expect(() => strict.check(url)).toThrow(expect.objectContaining({ code: 'invalid' }))
  })

  it('of this machine or a private network is for operators to permit; metadata is not', () => {
    const open = createWebhookSender({ allowPrivate: true })
    for (const url of ['http://localhost:9/a', 'http://[::1]/a', 'https://10.0.0.1/a']) open.check(url)
    expect(() => open.check('http://10.0.0.1/a')).toThrow('Plain http')
    expect(() => open.check('https://169.254.169.254/a')).toThrow('may not be called')
    createWebhookSender({ allowPrivate: false }).check('https://hooks.example.test/a?token=b')
  })

  it('whose name leads to a private network is not called', async () => {
    const resolve = async () => ['203.0.113.9', '10.0.0.1']
    const sender = createWebhookSender({ allowPrivate: false, resolve })
    expect(await sender.send(message({ url: 'https://hooks.example.test/a' }))).toBe('refused-address')
    expect(await createWebhookSender({ allowPrivate: false }).send(message())).toBe('refused-address')
    expect(receiver.received).toEqual([])
  })
})
