// Just enough HTTP/1.1 over plain sockets that the server under test, not whoever asks, is what is measured.

import { connect, type Socket } from 'node:net'

export interface PlainRequest {
  readonly url: string
  readonly method: 'GET' | 'POST'
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
}

export interface PlainAnswer {
  readonly status: number
  readonly body: string
}

/** As it is sent. */
export function requestBytes({ url, method, headers, body = '' }: PlainRequest): Buffer {
  const { host, pathname, search } = new URL(url)
  const all = {
    host,
    ...headers,
    ...(method === 'POST' && { 'content-length': String(Buffer.byteLength(body)) }),
  }
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`)
  return Buffer.from(`${method} ${pathname}${search} HTTP/1.1\r\n${lines.join('')}\r\n${body}`)
}

/** The answer once all of it is there; null until then. `received`: the bytes as latin1. */
export function answerIn(received: string): PlainAnswer | null {
  const head = received.indexOf('\r\n\r\n')
  if (head === -1) return null
  const length = /\r\ncontent-length: (\d+)/i.exec(received.slice(0, head + 2))?.[1]
  const isWhole =
    length === undefined ? received.endsWith('\r\n0\r\n\r\n') : received.length >= head + 4 + Number(length)
  return isWhole ? { status: Number(received.slice(9, 12)), body: received.slice(head + 4) } : null
}

/** Asks once, on a connection of its own. */
export function askOnce(url: string, bytes: Buffer): Promise<PlainAnswer> {
  const { hostname, port } = new URL(url)
  return new Promise((resolve, reject) => {
    const socket: Socket = connect({ host: hostname, port: Number(port), noDelay: true })
    let received = ''
    socket.setEncoding('latin1')
    socket.on('connect', () => socket.write(bytes))
    socket.on('error', reject)
    socket.on('close', () => reject(new Error('The connection ended before the answer.')))
    socket.on('data', (chunk: string) => {
      received += chunk
      const answer = answerIn(received)
      if (answer === null) return
      resolve(answer)
      socket.end()
    })
  })
}
