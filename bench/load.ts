// A load of HTTP requests over a fixed number of connections. It speaks just enough HTTP/1.1 over plain sockets that the
// server under test, not the load, is what is measured.

import { connect, type Socket } from 'node:net'

export interface Load {
  readonly url: string
  readonly method: 'GET' | 'POST'
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
  /** Connections, each with one request under way at a time. */
  readonly concurrency: number
  readonly seconds: number
}

export interface Figures {
  readonly perSecond: number
  /** Milliseconds. */
  readonly p50: number
  readonly p99: number
  readonly requests: number
}

/** Runs the load; throws when any answer is not a 2xx, because a fast refusal is no result. */
export async function drive(load: Load): Promise<Figures> {
  const times: number[] = []
  const started = performance.now()
  const end = started + load.seconds * 1000
  const bytes = requestBytes(load)
  const url = new URL(load.url)
  await Promise.all(Array.from({ length: load.concurrency }, () => runConnection(url, bytes, end, times)))
  const elapsed = (performance.now() - started) / 1000
  times.sort((a, b) => a - b)
  const at = (share: number) => times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? 0
  return { perSecond: times.length / elapsed, p50: at(0.5), p99: at(0.99), requests: times.length }
}

function requestBytes({ url, method, headers, body = '' }: Load): Buffer {
  const { host, pathname, search } = new URL(url)
  const all = {
    host,
    ...headers,
    ...(method === 'POST' && { 'content-length': String(Buffer.byteLength(body)) }),
  }
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`)
  return Buffer.from(`${method} ${pathname}${search} HTTP/1.1\r\n${lines.join('')}\r\n${body}`)
}

function runConnection(url: URL, bytes: Buffer, end: number, times: number[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket: Socket = connect({ host: url.hostname, port: Number(url.port), noDelay: true })
    let received = ''
    let sent = 0
    const send = () => {
      sent = performance.now()
      socket.write(bytes)
    }
    socket.setEncoding('latin1')
    socket.on('connect', send)
    socket.on('error', reject)
    socket.on('data', (chunk: string) => {
      received += chunk
      if (!isComplete(received)) return
      if (!/^HTTP\/1\.1 2/.test(received)) return reject(new Error(received.slice(0, 300)))
      received = ''
      times.push(performance.now() - sent)
      if (performance.now() < end) return send()
      socket.end()
      return resolve()
    })
  })
}

function isComplete(text: string): boolean {
  const head = text.indexOf('\r\n\r\n')
  if (head === -1) return false
  const length = /\r\ncontent-length: (\d+)/i.exec(text.slice(0, head + 2))?.[1]
  if (length !== undefined) return text.length >= head + 4 + Number(length)
  return text.endsWith('\r\n0\r\n\r\n')
}
