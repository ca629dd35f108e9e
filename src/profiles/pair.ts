// The file of profiles and its ledger, read and replaced as one: what is to be in both is written to a third file first,
// and whoever finds that goes on with it. Only whoever has the turn (turn.ts) may call this.

import { rmSync } from 'node:fs'
import { z } from 'zod'
import { ClavigerError } from '../domain/errors.ts'
import { writeFileAtomically } from '../lib/atomic-file.ts'
import { sha256 } from '../lib/digest.ts'
import {
  emptyDocument,
  FORMAT_VERSION,
  type ProfileDocument,
  readDocument,
  type Unreadable,
} from './format.ts'
import { EMPTY_LEDGER, type Ledger, readLedger } from './ledger.ts'
import { type AgentPlace, mustBeWritable, readOwnFile, unusable } from './place.ts'

/** The texts as they are; null: there is no such file. */
export interface Pair {
  readonly profiles: string | null
  readonly ledger: string | null
}

const pendingShape = z.object({
  /** The digest of the profiles that these were made from. */
  base: z.string(),
  profiles: z.string(),
  ledger: z.string(),
})

/** The pair, after what was begun and not ended has been done. Throws `invalid` or `storage_full`. */
export async function readPair(place: AgentPlace): Promise<Pair> {
  const pending = pendingIn(readOwnFile(place.pending))
  if (pending !== null) {
    const there = digestOfText(readOwnFile(place.profiles))
    // Another program has written in between: what it wrote stays, and is found to be changed.
    const profiles = there === pending.base ? pending.profiles : null
    await replace(place, profiles, pending.ledger)
  }
  rmSync(place.pending, { force: true })
  return { profiles: readOwnFile(place.profiles), ledger: readOwnFile(place.ledger) }
}

/** Replaces what has changed of the pair, in one step and durably. Throws as `readPair`, with nothing changed. */
export async function writePair(place: AgentPlace, before: Pair, now: Required<Pair>): Promise<void> {
  const profiles = now.profiles === before.profiles ? null : now.profiles
  const ledger = now.ledger === before.ledger ? null : now.ledger
  if (profiles !== null) mustBeWritable(place.profiles)
  if (profiles !== null && ledger !== null) {
    const pending = { base: digestOfText(before.profiles), profiles, ledger }
    await write(place.pending, JSON.stringify(pending))
  }
  await replace(place, profiles, ledger)
  if (profiles !== null && ledger !== null) rmSync(place.pending, { force: true })
}

/** The document in this text. Throws `invalid`, saying what is wrong with the file; an absent one is empty. */
export function documentIn(place: AgentPlace, text: string | null): ProfileDocument {
  if (text === null) return emptyDocument()
  const reading = readDocument(text)
  if (reading.kind === 'read') return reading.document
  const [what, hint] = WRONG[reading.kind]
  throw new ClavigerError('invalid', `${place.profiles} ${what}`, { hint })
}

/** The ledger in this text. Throws `invalid` for one that is none; an absent one is empty. */
export function ledgerIn(place: AgentPlace, text: string | null): Ledger {
  if (text === null) return EMPTY_LEDGER
  const ledger = readLedger(text)
  if (ledger !== null) return ledger
  throw new ClavigerError('invalid', `${place.ledger} is damaged, or of a newer version of Claviger.`, {
    hint: 'Update Claviger. If it is damaged, move it away: each login then has to be verified, and may need its owner.',
  })
}

const WRONG: Readonly<Record<Unreadable, readonly [what: string, hint: string]>> = {
  empty: [
    'is empty.',
    'Something has emptied it: the profiles in it are gone. Put a copy back, or remove it to begin anew.',
  ],
  torn: ['is cut short, or damaged.', 'Put a copy back, or remove it to begin anew. Nothing was changed.'],
  foreign: ['is no file of profiles.', 'Another program has written it. Move it away. Nothing was changed.'],
  newer: [
    `is of a version later than ${FORMAT_VERSION}.`,
    'A newer program has written it: update Claviger. Nothing was changed.',
  ],
}

async function replace(place: AgentPlace, profiles: string | null, ledger: string | null): Promise<void> {
  if (profiles !== null) await write(place.profiles, profiles)
  if (ledger !== null) await write(place.ledger, ledger)
}

async function write(path: string, text: string): Promise<void> {
  try {
    await writeFileAtomically(path, text)
  } catch (cause) {
    throw unusable(path, cause)
  }
}

// Half of one was never begun to be done.
function pendingIn(text: string | null): z.infer<typeof pendingShape> | null {
  if (text === null) return null
  try {
    return pendingShape.safeParse(JSON.parse(text)).data ?? null
  } catch {
    return null
  }
}

function digestOfText(text: string | null): string {
  return text === null ? '' : sha256(text)
}
