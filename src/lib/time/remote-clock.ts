// What time an HTTP server has: every answer of one says so.

import { callUpstream, type OutgoingPolicy } from '../outgoing.ts'

const TIMEOUT_MS = 5_000

/** By how much its clock is ahead of `now`, in milliseconds and to a second; null: it did not answer, or did not say. */
export async function clockOffset(
  url: string,
  policy: OutgoingPolicy,
  now: () => number,
): Promise<number | null> {
  try {
    const call = { method: 'HEAD', url, headers: {}, timeoutMs: TIMEOUT_MS, maxBytes: 0, ignoreBody: true }
    const { headers } = await callUpstream(call, policy)
    const at = Date.parse(headers.date ?? '')
    return Number.isNaN(at) ? null : at - now()
  } catch {
    // That is what null says.
    return null
  }
}
