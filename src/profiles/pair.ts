// The file of profiles and its ledger, and what OpenClaw has put beside them, read and replaced as one: what is to be in both is
// written to a third file first, and whoever finds that goes on with it. Only whoever has the turn (processes/turn.ts) may call
// this, but for `pairAt`.

import { readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { ClavigerError } from '../domain/errors.ts'
import { writeFileAtomically } from '../lib/atomic-file.ts'
import { outcomeUnknown } from '../store/refusals.ts'
import {
  emptyDocument,
  FORMAT_VERSION,
  type ProfileDocument,
  printDocument,
  type Reading,
  readDocument,
  readState,
  type StateDocument,
  type Unreadable,
  withoutState,
  withState,
} from './format.ts'
import { EMPTY_LEDGER, type Ledger, readLedger } from './ledger.ts'
import { merge } from './merge.ts'
import { type AgentPlace, mustBeWritable, placeOf, readOwnFile, unusable } from './place.ts'
import { keepOthersOut } from './processes/turn.ts'

/** The texts as they are; null: there is no such file. */
export interface Pair {
  readonly profiles: string | null
  readonly ledger: string | null
  /** Of `auth-state.json`. It is never made here, and never removed. */
  readonly state?: string | undefined
}

/** The pair of one agent, and what it is to be. */
export interface PairChange {
  readonly place: AgentPlace
  readonly before: Pair
  readonly now: Pair & { readonly profiles: string; readonly ledger: string }
}

const partShape = z.object({
  agent: z.string(),
  /** What these are made from. */
  base: z.object({
    ...{ profiles: z.string().nullable(), ledger: z.string().nullable() },
    state: z.string().optional(),
  }),
  /** Null or nothing: it stays as it is. */
  profiles: z.string().nullable(),
  ledger: z.string().nullable(),
  state: z.string().optional(),
})

type Part = z.infer<typeof partShape>

const pendingShape = z.object({ parts: z.array(partShape) })

/** The pairs, after what was begun and not ended has been done. Throws `invalid` or `storage_full`. */
export async function readPairs(places: readonly AgentPlace[]): Promise<Pair[]> {
  for (const place of places.toReversed()) {
    sweep(place)
    await goOn(place)
  }
  const pairs: Pair[] = []
  for (const place of places) pairs.push(pairAt(place, await readWhole(place.profiles)))
  return pairs
}

/** The texts as they are at this moment, whoever is at them. */
export function pairAt(place: AgentPlace, profiles = readOwnFile(place.profiles)): Pair {
  return { profiles, ledger: readOwnFile(place.ledger), state: readOwnFile(place.state) ?? undefined }
}

// In milliseconds. Others write the file in place: for a moment there is nothing in it, or a part.
const PATIENCE = 1_000
const LOOK_EVERY = 20

// The file, when nobody is writing it any more; what stays cut short is what whoever reads it is told.
async function readWhole(path: string): Promise<string | null> {
  const until = performance.now() + PATIENCE
  for (;;) {
    const text = readOwnFile(path)
    if (text === null || !isPart(text) || performance.now() >= until) return text
    await sleep(LOOK_EVERY)
  }
}

function isPart(text: string): boolean {
  return ['empty', 'torn'].includes(readDocument(text).kind)
}

/**
 * Replaces what has changed of the pairs, all in one step and durably. Throws as `readPairs`, with nothing changed, except
 * where isOutcomeUnknown (store/refusals.ts). Of the places the last must be one that everybody has who has the others.
 */
export async function writePairs(changes: readonly PairChange[]): Promise<void> {
  const parts = changes.map(partOf)
  for (const { agent, profiles, state } of parts) {
    const place = changes.find((one) => one.place.agent === agent)?.place
    if (place !== undefined && profiles !== null) mustBeWritable(place.profiles)
    if (place !== undefined && state !== undefined) mustBeWritable(place.state)
  }
  const decisive = changes.at(-1)?.place
  if (decisive === undefined) return
  const end = await keepOthersOut(placesOf(decisive, parts))
  try {
    const now = parts.map((part) => onTop(decisive, part))
    const files = now.flatMap((part) => filesOf(decisive, part))
    const [only] = files
    if (only === undefined) return
    if (files.length === 1) return await replaceOne(only)
    await replaceAll(decisive.pending, JSON.stringify({ parts: now }), files)
  } finally {
    end()
  }
}

// Those whose files of other programs as well are to be replaced.
function placesOf({ stateDirectory }: AgentPlace, parts: readonly Part[]): AgentPlace[] {
  return parts
    .filter(({ profiles, state }) => profiles !== null || state !== undefined)
    .map(({ agent }) => placeOf(stateDirectory, agent))
}

// What another program has written since it was read stays.
function onTop({ stateDirectory }: AgentPlace, part: Part): Part {
  const place = placeOf(stateDirectory, part.agent)
  const there = { profiles: readOwnFile(place.profiles), state: readOwnFile(place.state) ?? undefined }
  return {
    ...{ ...part, base: { ...part.base, ...there } },
    ...{ profiles: profilesAfter(place, part), state: stateAfter(place, part) },
  }
}

/** The document in this text. Throws `invalid`, saying what is wrong with the file; an absent one is empty. */
export function documentIn(place: AgentPlace, text: string | null): ProfileDocument {
  return text === null ? emptyDocument() : documentOf(place.profiles, readDocument(text))
}

/** All that is in the file of profiles and in `auth-state.json`. Throws as `documentIn`. */
export function wholeIn(place: AgentPlace, { profiles, state }: Pair): ProfileDocument {
  const document = documentIn(place, profiles)
  return state === undefined ? document : withState(document, documentOf(place.state, readState(state)))
}

/** The texts that say this, on top of what is there; what says the same stays as somebody has written it. */
export function textsOf(
  place: AgentPlace,
  document: ProfileDocument,
  there: Pair,
): { readonly profiles: string; readonly state?: string } {
  if (there.state === undefined) return { profiles: unlessSame(there.profiles, document) }
  const parts = withoutState(document, documentOf(place.state, readState(there.state)))
  return { profiles: unlessSame(there.profiles, parts.profiles), state: unlessSame(there.state, parts.state) }
}

function unlessSame(there: string | null, document: ProfileDocument | StateDocument): string {
  const text = printDocument(document)
  return there !== null && printDocument(JSON.parse(there)) === text ? there : text
}

function documentOf<Document>(path: string, reading: Reading<Document>): Document {
  if (reading.kind === 'read') return reading.document
  const [what, hint] = WRONG[reading.kind]
  throw new ClavigerError('invalid', `${path} ${what}`, { hint })
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

function partOf({ place: { agent }, before, now }: PairChange): Part {
  const profiles = now.profiles === before.profiles ? null : now.profiles
  const ledger = now.ledger === before.ledger ? null : now.ledger
  const state = now.state === before.state ? undefined : now.state
  return { agent, base: before, profiles, ledger, state }
}

interface NewFile {
  readonly path: string
  readonly text: string
}

// The ledger after the profiles: by that it is known whether a part was ended.
function filesOf({ stateDirectory }: AgentPlace, { agent, profiles, ledger, state }: Part): NewFile[] {
  const place = placeOf(stateDirectory, agent)
  return [
    ...(profiles === null ? [] : [{ path: place.profiles, text: profiles }]),
    ...(state === undefined ? [] : [{ path: place.state, text: state }]),
    ...(ledger === null ? [] : [{ path: place.ledger, text: ledger }]),
  ]
}

async function replaceOne({ path, text }: NewFile): Promise<void> {
  try {
    await write(path, text)
  } catch (error) {
    if (holds({ path, text })) throw outcomeUnknown(String(error))
    throw error
  }
}

async function replaceAll(pending: string, text: string, files: readonly NewFile[]): Promise<void> {
  try {
    await write(pending, text)
    for (const file of files) await write(file.path, file.text)
  } catch (error) {
    // From the first of them on it is stored: whoever comes next goes on with it.
    if (files.some(holds)) return
    if (!remove(pending)) throw outcomeUnknown(String(error))
    throw error
  }
  remove(pending)
}

// Whether a file is what it was to be.
function holds({ path, text }: NewFile): boolean {
  try {
    return readOwnFile(path) === text
  } catch {
    // Then nobody can say.
    return false
  }
}

function remove(path: string): boolean {
  try {
    rmSync(path, { force: true })
    return true
  } catch {
    // Whoever comes next finds it; what was done already is not done again.
    return false
  }
}

// Whoever was killed while writing has left a part of a file, with values in it.
function sweep({ directory }: AgentPlace): void {
  for (const name of readdirSync(directory))
    if (/^\.auth-(profiles|state)\..*\.tmp$/.test(name)) remove(join(directory, name))
}

async function goOn(decisive: AgentPlace): Promise<void> {
  const text = readOwnFile(decisive.pending)
  if (text === null) return
  const parts = partsIn(text)
  const end = await keepOthersOut(placesOf(decisive, parts))
  try {
    for (const part of parts) {
      const { ledger } = placeOf(decisive.stateDirectory, part.agent)
      // It was ended, and others may have come after it.
      if (part.ledger !== null && readOwnFile(ledger) !== part.base.ledger) continue
      for (const { path, text } of filesOf(decisive, onTop(decisive, part))) await write(path, text)
    }
    remove(decisive.pending)
  } finally {
    end()
  }
}

function profilesAfter(place: AgentPlace, { base, profiles }: Part): string | null {
  const there = readOwnFile(place.profiles)
  if (profiles === null || there === profiles || there === base.profiles) return profiles
  if (there === null) return null
  const [before, ours, theirs] = [base.profiles, profiles, there].map((text) => documentIn(place, text))
  if (before === undefined || ours === undefined || theirs === undefined) return null
  return printDocument(merge(before, ours, theirs))
}

function stateAfter(place: AgentPlace, { base, state }: Part): string | undefined {
  const there = readOwnFile(place.state) ?? undefined
  if (state === undefined || there === base.state) return state
  if (there === undefined || base.state === undefined) return undefined
  const [before, ours, theirs] = [base.state, state, there].map((text) =>
    documentOf(place.state, readState(text)),
  )
  if (before === undefined || ours === undefined || theirs === undefined) return undefined
  return printDocument(merge(before, ours, theirs))
}

async function write(path: string, text: string): Promise<void> {
  try {
    await writeFileAtomically(path, text)
  } catch (cause) {
    throw unusable(path, cause)
  }
}

// Half of one was never begun to be done.
function partsIn(text: string): readonly Part[] {
  try {
    return pendingShape.safeParse(JSON.parse(text)).data?.parts ?? []
  } catch {
    return []
  }
}
