// Writers at one of several servers: they write until they are told to stop, whatever happens to server and database, and
// keep what was answered.

import { setTimeout as sleep } from 'node:timers/promises'
import { ClavigerError } from '../../../src/domain/errors.ts'
import type { Call } from '../connection.ts'

const AFTER_REFUSAL_MS = 10

export interface Write {
  /** The request id: the audit log repeats it. */
  readonly id: string
  readonly action: 'credential.create' | 'lease.create' | 'lease.end' | 'token.create'
  /** Which of the servers was asked. */
  readonly server: number
  /** The made object's id; empty where none came back. */
  readonly objectId: string
}

export interface Outcomes {
  readonly acknowledged: Write[]
  /** The answer says that nothing was stored. */
  readonly refused: Write[]
  /** No answer, or one that says that nobody knows. */
  readonly unknown: Write[]
  /** Error code → how often. */
  readonly codes: Map<string, number>
  readonly failures: string[]
  /** performance.now() of the last acknowledgement at each server. */
  readonly lastAt: number[]
}

export function noOutcomes(servers: number): Outcomes {
  const lists = { acknowledged: [], refused: [], unknown: [], failures: [] }
  return { ...lists, codes: new Map(), lastAt: Array.from({ length: servers }, () => 0) }
}

/** The value of the credential that this request made. */
export function keyOf(id: string): string {
  return `sk-ant-test-${id}`
}

export interface WriterOptions {
  readonly name: string
  readonly server: number
  readonly call: Call
  readonly going: () => boolean
}

/** One write after another: a credential, a lease of it, the end of that, a token. */
export async function write({ name, server, call, going }: WriterOptions, outcomes: Outcomes): Promise<void> {
  for (let i = 1; going(); i += 1) {
    const id = `${name}_${String(i).padStart(4, '0')}`
    const made = await attempt(`${id}c`, 'credential.create', () =>
      call(`${id}c`, 'credentials.create', {
        type: 'claude/api-key',
        owner: 'org',
        name: id,
        fields: { key: keyOf(`${id}c`) },
      }),
    )
    if (made === null) continue
    const lease = await attempt(`${id}l`, 'lease.create', () =>
      call(`${id}l`, 'leases.create', { harness: 'claude', credential: id, raw: false }),
    )
    if (lease !== null)
      await attempt(`${id}e`, 'lease.end', async () => {
        await call(`${id}e`, 'leases.end', { id: lease.id })
        return lease
      })
    if (i % 5 === 0)
      await attempt(`${id}t`, 'token.create', () =>
        call(`${id}t`, 'tokens.create', { name: id, role: 'member', expiresInSeconds: null }),
      )
  }

  async function attempt<T extends { id: string }>(
    id: string,
    action: Write['action'],
    send: () => Promise<T>,
  ): Promise<T | null> {
    const written = { id, action, server }
    try {
      const answer = await send()
      outcomes.acknowledged.push({ ...written, objectId: answer.id })
      outcomes.lastAt[server] = performance.now()
      return answer
    } catch (thrown) {
      refused({ ...written, objectId: '' }, thrown, outcomes)
      await sleep(AFTER_REFUSAL_MS)
      return null
    }
  }
}

// What may be answered while a server or the database is away: that it cannot now, or nothing at all.
function refused(one: Write, thrown: unknown, { refused, unknown, codes, failures }: Outcomes): void {
  const code = thrown instanceof ClavigerError ? thrown.code : 'not an answer'
  codes.set(code, (codes.get(code) ?? 0) + 1)
  if (!(thrown instanceof ClavigerError) || (code !== 'unavailable' && code !== 'unreachable')) {
    failures.push(`${one.id} (${one.action}) was answered ${code}: ${String(thrown)}`)
    return
  }
  if (thrown.hint === undefined) failures.push(`${one.id} was answered ${code} without a hint`)
  const nobodyKnows = code === 'unreachable' || thrown.message.includes('may have been stored')
  ;(nobodyKnows ? unknown : refused).push(one)
}
