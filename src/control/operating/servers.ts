// The servers on one database, and which master keys each has: every one keeps a fact about itself and renews it. Nobody
// compares clocks: a server is gone when the one who watches has seen its fact unchanged for long enough, or when it was
// a process of this machine that has ended.

import { ClavigerError } from '../../domain/errors.ts'
import { KEY_FACTS, type ServerKeys } from '../../domain/rekeying.ts'
import { newId } from '../../lib/id.ts'
import { bootId, identifyProcess, isAlive, isOfThisHost, type ProcessIdentity } from '../../lib/process.ts'
import type { Store } from '../../store/store.ts'
import type { Vault } from '../../vault/vault.ts'

/** How often a server says that it is there, in milliseconds. */
export const BEAT = 30_000

// How long a fact may stay as it is before its server counts as gone.
const SILENCE = 4 * BEAT

const PREFIX = 'server:'

/** What a server says of itself. */
interface Fact extends ServerKeys {
  /** Makes each of its facts another text. */
  readonly beat: number
  readonly boot: string | null
  readonly process: ProcessIdentity
}

export interface Servers {
  /**
   * Says that this server is there, and with which keys. Throws `unavailable` when it lacks the recorded master key, and
   * so what others seal does not open here.
   */
  announce(): Promise<void>
  /** Every other server that may be running. */
  others(): Promise<ServerKeys[]>
  /** This server is about to end. */
  withdraw(): Promise<void>
}

/** The only server that can use its database. */
export const ALONE: Servers = {
  announce: async () => undefined,
  others: async () => [],
  withdraw: async () => undefined,
}

export interface ServersDependencies {
  readonly store: Pick<Store, 'installation'>
  readonly vault: Pick<Vault, 'keyIds'>
  /** Milliseconds from any start; must not be set back. */
  readonly elapsed: () => number
}

/** This server among others. */
export function createServers({ store: { installation }, vault, elapsed }: ServersDependencies): Servers {
  const own = PREFIX + newId('srv')
  const itself = identifyProcess(process.pid)
  const boot = bootId()
  const name = `${itself.host.split(' ')[0]} (process ${itself.pid})`
  const watched = new Map<string, { text: string; since: number }>() // fact → as it was first seen
  let beat = 0

  function isGone(key: string, text: string): boolean {
    const said = read(text)
    if (said !== null && boot !== null && said.boot === boot && isOfThisHost(said.process))
      return !isAlive(said.process)
    const seen = watched.get(key)
    if (seen?.text === text) return elapsed() - seen.since > SILENCE
    watched.set(key, { text, since: elapsed() })
    return false
  }

  async function mustHaveRecorded(): Promise<void> {
    const recorded = await installation.get(KEY_FACTS.recorded)
    if (recorded === undefined || vault.keyIds.includes(recorded)) return
    throw new ClavigerError('unavailable', `This server does not have the master key ${recorded}.`, {
      hint: 'Everything was brought under that key. Give it to this server, in the place of its own, and restart it.',
    })
  }

  return {
    async announce() {
      beat += 1
      const said: Fact = { name, keyIds: vault.keyIds, beat, boot, process: itself }
      await installation.put(own, JSON.stringify(said))
      // Read after it was said: whoever changes the record looks at the servers afterwards, so one sees the other.
      await mustHaveRecorded()
    },
    async others() {
      const facts = await installation.beginningWith(PREFIX)
      const found: ServerKeys[] = []
      for (const [key, text] of Object.entries(facts)) {
        if (key === own) continue
        if (isGone(key, text)) await installation.remove(key)
        else {
          // What another version says is of a server all the same, with keys we do not know.
          const { name: named, keyIds } = read(text) ?? { name: key.slice(PREFIX.length), keyIds: [] }
          found.push({ name: named, keyIds })
        }
      }
      return found
    },
    withdraw: () => installation.remove(own),
  }
}

// Null for what another version of Claviger says in another way.
function read(text: string): Fact | null {
  const said: Partial<Fact> = JSON.parse(text)
  const complete = typeof said.name === 'string' && Array.isArray(said.keyIds) && said.process !== undefined
  return complete ? (said as Fact) : null
}
