// For tests: a server that gives prepared answers in turn, for what the sandbox does not play.

import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface ScriptedAnswer {
  readonly status: number
  readonly body: unknown
  readonly headers?: Readonly<Record<string, string>>
}

export interface ScriptedUpstream extends AsyncDisposable {
  readonly url: string
  /** `METHOD /target` of each request. */
  readonly asked: readonly string[]
}

/** Starts one on a free port; a request beyond the script is answered with 500. */
export async function startScripted(answers: readonly ScriptedAnswer[]): Promise<ScriptedUpstream> {
  const asked: string[] = []
  const server = createServer((request, response) => {
    const answer = answers[asked.length] ?? { status: 500, body: 'The script is at its end.' }
    asked.push(`${request.method} ${request.url}`)
    response.writeHead(answer.status, { 'content-type': 'application/json', ...answer.headers })
    response.end(JSON.stringify(answer.body))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
