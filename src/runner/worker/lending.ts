// What git needs for a private repository, for as long as it is at work with it: asked of the server, and ended after.

import type { CloneAccess } from '../workspaces/clone-access.ts'
import type { ClaimedRun, RunServer } from './run-server.ts'
import { persistently } from './waiting.ts'

// So long it is tried to end it, in milliseconds. Then it ends by itself, within the hour.
const END_WITHIN_MS = 30_000

/**
 * Does `work` with a token of its own. Without its clone there is no run, so a server that is away is waited for, until `signal`.
 * Nobody waits for the end of the token: a platform that is slow or away is no matter of the run.
 */
export async function lendingAccess<T>(
  server: Pick<RunServer, 'cloneAccess' | 'endCloneAccess'>,
  run: Pick<ClaimedRun, 'id' | 'claim'>,
  signal: AbortSignal,
  work: (access: CloneAccess) => Promise<T>,
): Promise<T> {
  const access = await persistently(() => server.cloneAccess(run), signal)
  try {
    return await work(access)
  } finally {
    const end = () => server.endCloneAccess(run, access)
    void persistently(end, AbortSignal.timeout(END_WITHIN_MS)).catch(() => undefined)
  }
}
