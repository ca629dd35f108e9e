// While a program runs that looks at its files again: a renewed credential is written where it looks.

import { join } from 'node:path'
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
}

/** Goes on until `signal`, or until the lease is over. Never throws: the program has what it was given. */
export async function followLease(followed: Followed, signal: AbortSignal): Promise<void> {
  const { live, lease, credential, report } = followed
  let { generation } = credential
  for await (const news of live.follow(lease, generation, signal)) {
    if (news.type === 'revoked') {
      report(`the lease is over, and the credential is not renewed any more: ${news.reason}`)
      return
    }
    try {
      const current = await live.read(lease.leaseId)
      if (current === null || current.generation <= generation) continue
      followed.renewed?.(current)
      await rewrite(followed, current)
      generation = current.generation
      report('the credential was renewed, and the program has the new one')
    } catch (error) {
      if (signal.aborted) return
      const why = errorCode(error) || (error instanceof Error ? error.message : String(error))
      report(`the credential was renewed, but could not be handed on: ${why}`)
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
