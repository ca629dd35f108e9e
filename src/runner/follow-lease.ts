// While a program runs that looks at its files again: a renewed credential is written where it looks.

import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { isPassing } from '../client/problem.ts'
import { ClavigerError } from '../domain/errors.ts'
import type { Harness } from '../harnesses/harness.ts'
import { errorCode, readIfThere, writeFileAtomically } from '../lib/atomic-file.ts'
import type { AcquiredLease, LeasedCredential, LiveLeases } from './lease-source.ts'

export interface Followed {
  readonly harness: Pick<Harness, 'rewrite' | 'reads'>
  readonly lease: AcquiredLease
  readonly credential: LeasedCredential
  readonly live: LiveLeases
  /** The private configuration home. */
  readonly directory: string
  readonly report: (line: string) => void
  /** Called with a renewed one before the program has it. */
  readonly renewed?: (current: LeasedCredential) => void
  /** Before it is tried again to hand something on, in milliseconds; a second when nothing is said. */
  readonly firstPause?: number
}

const FIRST_PAUSE = 1_000
const LONGEST_PAUSE = 30_000

/** Goes on until `signal`, or until the lease is over. Never throws: the program has what it was given. */
export async function followLease(followed: Followed, signal: AbortSignal): Promise<void> {
  const { live, lease, credential, report } = followed
  let { generation } = credential
  for await (const news of live.follow(lease, generation, signal)) {
    if (news.type === 'revoked') {
      const why = news.reason.replace(/^This lease is over: /, '')
      report(`the lease is over, and its credential is not renewed any more: ${why}`)
      return
    }
    generation = await handOn(followed, generation, signal)
  }
}

// The news comes once, so it is tried until the program has it, or never will.
async function handOn(followed: Followed, had: number, signal: AbortSignal): Promise<number> {
  const { live, lease, report, firstPause = FIRST_PAUSE } = followed
  for (let pause = firstPause; ; pause = Math.min(2 * pause, LONGEST_PAUSE)) {
    try {
      const current = await live.read(lease.leaseId)
      if (current === null || current.generation <= had) return had
      followed.renewed?.(current)
      await rewrite(followed, current)
      report('the credential was renewed, and the program has the new one')
      return current.generation
    } catch (error) {
      if (signal.aborted) return had
      const ours = error instanceof ClavigerError ? error : null
      const why = ours?.message || errorCode(error) || String(error)
      const passes = isPassing(error)
      const what = 'the credential was renewed, but could not be handed on'
      if (!passes) report(`${what}: ${why}`)
      else if (pause === firstPause) report(`${what} yet: ${why}`)
      if (!passes) return had
      await sleep(pause, undefined, { signal, ref: false }).catch(() => undefined)
      if (signal.aborted) return had
    }
  }
}

async function rewrite({ harness, directory }: Followed, current: LeasedCredential): Promise<void> {
  const texts = await Promise.all(
    harness.reads.map(async (path) => [path, (await readIfThere(join(directory, path))) ?? ''] as const),
  )
  for (const { path, content } of harness.rewrite?.(current, Object.fromEntries(texts)) ?? [])
    await writeFileAtomically(join(directory, path), content.expose())
}
