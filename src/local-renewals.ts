// The renewals of a process over files of profiles. Its attempts and its journal belong together, in a slot of its own.
// What processes that have ended left in theirs, and belongs to profiles of this agent, is gone on with: when it starts,
// and as soon as the owner of an attempt is silent and its slot free.

import { existsSync } from 'node:fs'
import { type GrantWorld, keepRenewing } from './assembly.ts'
import type { ServerSettings } from './config.ts'
import type { LeftAttempt } from './control/grants/renewing/journal.ts'
import { leftAttempts } from './control/grants/renewing/taking-over.ts'
import type { Ports } from './control/use-case.ts'
import { agentsIn, placeOf } from './profiles/place.ts'
import { journalsIn, leftSlot, type Slot } from './profiles/processes/slots.ts'
import { type JournalFile, nameInJournal, openJournal } from './server/renewal-journal.ts'
import type { AttemptState } from './store/grant-groups.ts'

interface Options extends Omit<GrantWorld, 'tell' | 'hasEnded' | 'leftByOthers'> {
  readonly settings: ServerSettings
  readonly slot: Slot
  /** The providers as a process has them whose own directory this is. */
  readonly providerIn: (directory: string) => Ports['providerOf']
}

/** Starts them. Throws when what was left cannot be stored. */
export async function startRenewals(options: Options) {
  const { settings, slot, providerIn: _, ...world } = options
  const file = await openJournal(slot.journal, world.now, slot.lock)
  const taken = await takeOver(options, file)
  const left = {
    leftByOthers: taken.programs,
    hasEnded: (replica: string) => hasEnded(options, file, replica),
    tell: async () => undefined,
  }
  const kept = await keepRenewing(settings, { ...world, ...left }, file)
  return {
    grants: kept.grants,
    async stop() {
      await kept.stop()
      for (const one of taken.slots) one.release()
    },
  }
}

/** The slots of processes that have ended, whoever's they were. Each is to be released. */
export function slotsLeft(settings: Pick<ServerSettings, 'stateDirectory'>): Slot[] {
  return journals(settings).flatMap((journal) => leftSlot(journal) ?? [])
}

interface TakenOver {
  /** Renewals by programs that go on without the process which has begun them. */
  readonly programs: readonly LeftAttempt[]
  /** Where those are: nobody else goes on with them meanwhile. */
  readonly slots: readonly Slot[]
}

// Everything that is left, of whomever.
async function takeOver(options: Options, own: JournalFile): Promise<TakenOver> {
  const programs: LeftAttempt[] = []
  const slots: Slot[] = []
  for (const journal of journals(options.settings)) {
    const slot = leftSlot(journal)
    if (slot === null) continue
    try {
      await takeAnswers(options, slot, own)
      const left = await programsOf(options, slot)
      if (left.length > 0 && (await areOurs(options, left))) {
        programs.push(...left)
        slots.push(slot)
      }
    } catch (error) {
      options.log.warn({ detail: String(error) }, 'a journal of renewals could not be read')
    } finally {
      if (!slots.includes(slot)) slot.release()
    }
  }
  return { programs, slots }
}

// A slot that is free is of a process that has ended, whatever it is called: whoever takes it begins other attempts.
async function hasEnded(options: Options, own: JournalFile, replica: string): Promise<boolean> {
  for (const journal of journals(options.settings)) {
    if ((await nameInJournal(journal)) !== replica) continue
    const slot = leftSlot(journal)
    if (slot === null) return false
    try {
      // A program of it may still be at it; the next process to start goes on with that.
      if ((await programsOf(options, slot)).length > 0) return false
      await takeAnswers(options, slot, own)
      return true
    } finally {
      slot.release()
    }
  }
  return false
}

const WAITING: readonly AttemptState[] = ['sent', 'given_up']

// Those that have no place yet, of credentials that this process sees.
async function takeAnswers({ store, now }: Options, slot: Slot, own: JournalFile): Promise<void> {
  const left = await openJournal(slot.journal, now, slot.lock)
  try {
    for (const answer of left.journal.answers()) {
      const row = await store.credentials.get(answer.organizationId, answer.credentialId)
      if (row === undefined) continue
      const attempt = await store.attempts.get(answer.attempt)
      const isWaiting = attempt === undefined || WAITING.includes(attempt.state)
      if (isWaiting && !own.journal.has(answer.attempt)) await own.journal.append(answer)
      left.journal.settled(answer.attempt)
    }
  } finally {
    await left.close()
  }
}

async function programsOf({ providerIn, log }: Options, { directory }: Slot): Promise<LeftAttempt[]> {
  if (!existsSync(directory)) return []
  const provider = providerIn(directory)
  return leftAttempts({ renewerOf: (type) => provider(type)?.renewer, log })
}

async function areOurs({ store }: Options, left: readonly LeftAttempt[]): Promise<boolean> {
  for (const { place } of left)
    if ((await store.credentials.get(place.organizationId, place.credentialId)) === undefined) return false
  return true
}

function journals({ stateDirectory }: Pick<ServerSettings, 'stateDirectory'>): string[] {
  return agentsIn(stateDirectory).flatMap((agent) => journalsIn(placeOf(stateDirectory, agent).renewals))
}
