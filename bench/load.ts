// A load of HTTP requests over a fixed number of connections.

import { connect, type Socket } from 'node:net'
import { answerIn, type PlainRequest, requestBytes } from '../test/support/plain-http.ts'

export interface Load extends PlainRequest {
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
      const answer = answerIn(received)
      if (answer === null) return
      if (answer.status < 200 || answer.status > 299) return reject(new Error(received.slice(0, 300)))
      received = ''
      times.push(performance.now() - sent)
      if (performance.now() < end) return send()
      socket.end()
      return resolve()
    })
  })
}
