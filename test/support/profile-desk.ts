// For tests of a keeper of profiles: a state directory, stores over its files as so many processes, and a clock that stands.

import { randomBytes } from 'node:crypto'
import type { CredentialRow, Store } from '../../src/store/store.ts'
import { handsOf } from './profile-credentials.ts'
import { placeWith, textOf, useStateDirectory } from './profile-files.ts'
import { type ProfileStore, profileStore } from './profile-store.ts'

export const NOW = Date.UTC(2026, 0, 1)

/** Call it at the top of a file. */
export function useProfileDesk() {
  const masterKey = randomBytes(32)
  const stateDirectory = useStateDirectory()
  const hands = handsOf(masterKey)
  /** As one more process, of the main agent unless others are named. */
  const open = (...agents: string[]): ProfileStore => {
    const some = agents.length > 0 && { agents }
    return profileStore({ stateDirectory: stateDirectory(), masterKey, now: () => NOW, ...some })
  }
  return {
    ...{ ...hands, open, masterKey, stateDirectory },
    /** The file of the main agent, as another program writes it. */
    write: (profiles: object, more: object = {}) =>
      placeWith(stateDirectory(), textOf({ version: 1, profiles, ...more })),
    namesIn: async (store: Store) => (await hands.list(store)).map(({ name }) => name).sort(),
    /** What a process that has just come sees. */
    fresh: async (name: string): Promise<CredentialRow> => hands.named(open().store, name),
  }
}
