// Calling a server as its first person, with a request id of our own choice on each call: the audit log repeats it, and
// so every row can be laid beside the call it came from.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { OperationName } from '../../src/api/operations.ts'
import type { Output, Request } from '../../src/api/schemas.ts'
import { createClient } from '../../src/client/client.ts'
import { Secret } from '../../src/domain/secret.ts'

export type Call = <N extends OperationName>(
  requestId: string,
  name: N,
  input: Request<N>,
) => Promise<Output<N>>

/** The token that the server left for its first person. */
export function adminToken(stateDirectory: string): string {
  return readFileSync(join(stateDirectory, 'admin.token'), 'utf8').trim()
}

/** Calls operations at `url` with this token. Errors are the client's. */
export function connection(url: string, token: string): Call {
  return (requestId, name, input) => {
    const client = createClient({
      server: url,
      token: new Secret(token),
      fetch(request) {
        request.headers.set('x-request-id', requestId)
        return fetch(request)
      },
    })
    return client.call(name, input)
  }
}

/** Does `work` for each, at most `width` at a time. */
export async function eachOf<T>(
  all: Iterable<T>,
  width: number,
  work: (one: T) => Promise<void>,
): Promise<void> {
  const rest = [...all]
  const lane = async () => {
    for (let one = rest.pop(); one !== undefined; one = rest.pop()) await work(one)
  }
  await Promise.all(Array.from({ length: width }, lane))
}
