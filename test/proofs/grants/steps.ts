// The steps of a renewal at which a server is killed, and how each is recognized from outside.

import { existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { Client } from 'pg'
import type { Random } from '../random.ts'
import type { StartOptions } from '../server-process.ts'
import { inTime, until } from '../waiting.ts'
import type { Ground } from './ground.ts'

export interface Step {
  readonly name: string
  /** Before the server is started. */
  prepare(ground: Ground): void
  /** Resolves at the moment of the kill; throws when the step does not come. */
  reached(ground: Ground, start: StartOptions, random: Random): Promise<void>
  /** How many calls its provider may have seen by the time the next caller was served. */
  readonly calls: readonly [number, number]
  /** The answer cannot have been seen by anybody: then one retry, and a new login where that is refused. */
  readonly mayBeLost: boolean
}

export const STEPS: readonly Step[] = [
  {
    name: 'the claim is written, the call is on its way at most',
    // Whoever looks is not too late for it then.
    prepare: ({ sandbox }) => sandbox.oauth.teach({ kind: 'hang', at: 'before-commit' }, { times: 1 }),
    reached: claimed,
    ...{ calls: [1, 2], mayBeLost: false },
  },
  {
    name: 'sent; the provider has changed nothing yet',
    prepare: ({ sandbox }) => sandbox.oauth.teach({ kind: 'hang', at: 'before-commit' }, { times: 1 }),
    reached: held,
    ...{ calls: [2, 2], mayBeLost: false },
  },
  {
    name: 'the provider has rotated; its answer is not on the wire',
    prepare: ({ sandbox }) => sandbox.oauth.teach({ kind: 'hang', at: 'after-commit' }, { times: 1 }),
    reached: held,
    ...{ calls: [2, 2], mayBeLost: true },
  },
  {
    name: 'the answer arrives, at a random moment of the next 20 ms',
    prepare: ({ sandbox }) => sandbox.oauth.teach({ kind: 'hang', at: 'after-commit' }, { times: 1 }),
    async reached(ground, start, random) {
      await held(ground)
      ground.sandbox.oauth.release()
      const end = performance.now() + random.below(2_000) / 100
      while (performance.now() < end) await nextTurn()
      void start
    },
    ...{ calls: [1, 2], mayBeLost: true },
  },
  {
    name: 'the answer is in the journal, its commit is not acknowledged',
    prepare: ({ sandbox }) => sandbox.oauth.teach({ kind: 'hang', at: 'after-commit' }, { times: 1 }),
    async reached(ground, start) {
      await held(ground)
      ground.sandbox.oauth.release()
      await journaled(start, '"answer"')
    },
    // The line is seen before it is synced: SIGKILL loses none of it.
    ...{ calls: [1, 2], mayBeLost: false },
  },
  {
    name: 'committed, nobody has heard of it',
    prepare: ({ sandbox }) => sandbox.oauth.teach({ kind: 'hang', at: 'after-commit' }, { times: 1 }),
    async reached(ground, start) {
      await held(ground)
      ground.sandbox.oauth.release()
      await journaled(start, '"reached"')
    },
    ...{ calls: [1, 1], mayBeLost: false },
  },
]

async function held({ sandbox }: Ground): Promise<void> {
  await inTime(sandbox.oauth.untilHeld(), 'a call that hangs')
}

async function journaled({ stateDirectory }: StartOptions, word: string): Promise<void> {
  const path = join(stateDirectory, 'renewals.journal')
  const { size } = statSync(path)
  await until(() => readFileSync(path).subarray(size).includes(word), `${word} in the journal`)
}

async function claimed({ databaseUrl, postgres }: Ground, start: StartOptions): Promise<void> {
  if (postgres === undefined) return claimedOnSqlite(start)
  const client = new Client({ connectionString: databaseUrl })
  client.on('error', () => undefined)
  await client.connect()
  try {
    await until(async () => {
      const { rows } = await client.query("select 1 from renewal_attempt where state = 'sent'")
      return rows.length > 0
    }, 'a claim')
  } finally {
    await client.end()
  }
}

// The entry of the audit log is in the same transaction, and legible in the log of the database, which begins anew with the
// server.
async function claimedOnSqlite({ stateDirectory }: StartOptions): Promise<void> {
  const path = join(stateDirectory, 'claviger.db-wal')
  await until(() => existsSync(path) && readFileSync(path).includes('grant.renew'), 'a claim')
}
