// Reading one lease with as little as possible loaded: for helpers that harness programs run again and again.

import { overNodeHttp } from './node-http.ts'
import { notOurs, parse, problemOf, unreachable } from './problem.ts'

/** What `claviger exec` leaves for helpers in the run's private directory, 0600. */
export interface LeaseFile {
  readonly server: string
  readonly lease: string
  readonly handle: string
}

const TIMEOUT_MS = 15_000

/** The fields of the lease's credential as they are now. Throws the server's error, or `unreachable`. */
export async function readLease({ server, lease, handle }: LeaseFile): Promise<Record<string, string>> {
  const url = `${server}/api/v1/leases/${encodeURIComponent(lease)}`
  const headers = { authorization: `Bearer ${handle}` }
  const exchange = { method: 'GET', url, headers, body: null, timeoutMs: TIMEOUT_MS }
  const answer = await overNodeHttp(exchange).catch((cause: unknown) => {
    throw unreachable(server, cause)
  })
  if (answer.status !== 200) throw problemOf(answer, server)
  const fields = (
    parse(answer.text)?.['credential'] as { fields?: Record<string, string> } | null | undefined
  )?.fields
  if (!fields) throw notOurs(answer.status, server)
  return fields
}
