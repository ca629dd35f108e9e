// For tests: somebody's webhook, a real server on loopback that checks signatures with the library of Standard Webhooks.

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { Webhook } from 'standardwebhooks'

export interface Received {
  readonly id: string
  readonly headers: IncomingMessage['headers']
  readonly body: string
  /** Whether it is signed with the secret. */
  readonly genuine: boolean
}

export interface Receiver extends AsyncDisposable {
  readonly url: string
  readonly received: Received[]
  /** What its sender signs with. */
  secret: string
  /** How it answers from now on: 204 until told otherwise. */
  answer: (response: ServerResponse, received: Received) => void
}

export async function startReceiver(): Promise<Receiver> {
  const received: Received[] = []
  const server = createServer(async (request, response) => {
    const body = await text(request)
    const id = String(request.headers['webhook-id'])
    const one = { id, headers: request.headers, body, genuine: isGenuine(receiver.secret, body, request) }
    received.push(one)
    receiver.answer(response, one)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const receiver: Receiver = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`,
    received,
    secret: '',
    answer: (response) => response.writeHead(204).end(),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
  return receiver
}

// The library wants the time of the signature to be within five minutes of now.
function isGenuine(secret: string, body: string, { headers }: IncomingMessage): boolean {
  try {
    new Webhook(secret).verify(body, headers as Record<string, string>)
    return true
  } catch {
    return false
  }
}
