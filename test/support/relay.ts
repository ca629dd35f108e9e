// A relay in front of a server of the tests that can go silent: what is sent through it is neither refused nor answered,
// as when a machine or a network dies without a word. It also cuts connections.

import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

export interface Relay {
  /** The same URL, through the relay. */
  through(url: string): string
  /** With a text: only the connections that sent it first, for example the name they go by. */
  freeze(of?: string): void
  thaw(): void
  /** Ends every connection as a network does. */
  cut(): void
  close(): Promise<void>
}

/** Relays to a port of 127.0.0.1. */
export async function startRelay(port: number): Promise<Relay> {
  const pairs = new Map<readonly [Socket, Socket], string>() // → what it sent first
  const held = new Set<readonly [Socket, Socket]>()
  let frozen: string | null = null
  const hold = (pair: readonly [Socket, Socket]) => {
    held.add(pair)
    for (const socket of pair) {
      socket.unpipe()
      socket.pause()
    }
  }
  const server = createServer((near) => {
    const far = connect(port, '127.0.0.1')
    const pair = [near, far] as const
    pairs.set(pair, '')
    near.once('data', (chunk) => {
      pairs.set(pair, chunk.toString('latin1'))
      if (frozen !== null && pairs.get(pair)?.includes(frozen)) hold(pair)
    })
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      from.pipe(to)
      from.on('error', () => to.destroy())
      from.on('close', () => {
        pairs.delete(pair)
        held.delete(pair)
        to.destroy()
      })
    }
    if (frozen === '') hold(pair)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const own = (server.address() as AddressInfo).port
  const cut = () => {
    for (const pair of pairs.keys()) for (const socket of pair) socket.destroy()
  }
  return {
    through: (url) => url.replace(`:${port}/`, `:${own}/`),
    freeze: (of = '') => {
      frozen = of
      for (const [pair, first] of pairs) if (first.includes(of)) hold(pair)
    },
    thaw: () => {
      frozen = null
      // Only those: what is piped twice arrives twice.
      for (const [near, far] of held) {
        near.pipe(far)
        far.pipe(near)
      }
      held.clear()
    },
    cut,
    close: async () => {
      cut()
      server.close()
      await once(server, 'close')
    },
  }
}
