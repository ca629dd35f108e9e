// Re-keying as decisions: what to do next, and which server stands in the way. A server seals under the first of its
// master keys and opens with all; a key may go only when no server seals under it and nothing is sealed under it.

import { ClavigerError } from './errors.ts'

/** Names of the facts about the installation that re-keying keeps. */
export const KEY_FACTS = {
  /** Id of the master key that everything was under when it was last looked at. */
  recorded: 'master-key-id',
  /** Id of the key that everything is being brought under; not there when nothing is under way. */
  target: 'rekeying-to',
} as const

/** A server and the ids of its master keys, the current one first. */
export interface ServerKeys {
  readonly name: string
  readonly keyIds: readonly string[]
}

export interface KeySituation {
  /** Variable or file that the keys of this server come from. */
  readonly source: string
  /** Whether this server may write them. */
  readonly ours: boolean
  /** Of this server, the current one first. */
  readonly keyIds: readonly string[]
  /** The one the installation remembers. */
  readonly recorded: string
  /** How many data keys are under a key of this server that is not its current one. */
  readonly left: number
  /** The other servers that run on the same database. */
  readonly others: readonly ServerKeys[]
}

/** `renew`: make a new key first. `rewrap`: the new key is there; bring everything under it. */
export type RekeyingStep = 'renew' | 'rewrap'

/** What is to be done when somebody asks for re-keying. Throws `conflict` with what the operator has to do first. */
export function nextStep(situation: KeySituation): RekeyingStep {
  const { source, ours, keyIds, recorded, left, others } = situation
  if (keyIds[0] !== recorded || left > 0) {
    const reason = obstacle(situation)
    if (reason === null) return 'rewrap'
    throw new ClavigerError('conflict', reason, { hint: HOW })
  }
  if (ours && others.length === 0) return 'renew'
  const why = ours
    ? `Claviger cannot change the master key of ${others.length + 1} servers by itself.`
    : `Claviger cannot change the master key in ${source} by itself.`
  throw new ClavigerError('conflict', why, { hint: HOW })
}

/** Why nothing may be brought under the current key of this server yet; null when nothing stands in the way. */
export function obstacle({ keyIds, others }: Pick<KeySituation, 'keyIds' | 'others'>): string | null {
  const [current = ''] = keyIds
  const ignorant = others.find((server) => !server.keyIds.includes(current))
  if (ignorant !== undefined)
    return `The server ${ignorant.name} does not have the master key ${current} yet.`
  const behind = others.find((server) => server.keyIds[0] !== current)
  if (behind === undefined) return null
  return `The server ${behind.name} still seals under the master key ${behind.keyIds[0]}, not under ${current}.`
}

const HOW =
  'Make a key (openssl rand -base64 32). 1: give every server both keys, the old one first, one a line, and restart it. 2: when all run with both, put the new one first everywhere, restart, and type: claviger rekey'
