// A hostile provider: it refuses everything and repeats in its answer all it was sent, credentials first.

import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface EchoProvider {
  readonly url: string
  /** How many calls came. */
  readonly calls: () => number
  close(): Promise<void>
}

export async function startEchoProvider(): Promise<EchoProvider> {
  let calls = 0
  const server = createServer((request, response) => {
    calls += 1
    request.resume()
    const said = JSON.stringify(request.headers)
    const error = { type: 'authentication_error', code: 'invalid_api_key', message: `no such key: ${said}` }
    response.writeHead(401, {
      'content-type': 'application/json',
      'x-echo': Buffer.from(said).toString('base64'),
    })
    response.end(JSON.stringify({ type: 'error', error }))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    calls: () => calls,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
