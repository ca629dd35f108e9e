// For tests of profiles: a store that is kept in the files of an agent, as the process of a test has it.

import { createProfileSealer } from '../../src/control/credentials/keeping-profiles.ts'
import type { CredentialType } from '../../src/domain/credential-types.ts'
import type { Secret } from '../../src/domain/secret.ts'
import type { FieldValues } from '../../src/domain/values.ts'
import { createProfileKeeper, type KeeperOptions, type ProfileKeeper } from '../../src/profiles/keeper.ts'
import { placeOf } from '../../src/profiles/place.ts'
import { tokensOfFile } from '../../src/providers/claude/tokens.ts'
import { openAiTokens } from '../../src/providers/openai-tokens.ts'
import { createMemoryStore } from '../../src/store/memory.ts'
import type { Store } from '../../src/store/store.ts'
import { createVault } from '../../src/vault/envelope.ts'
import { TIMINGS } from './grants.ts'

export interface ProfileStore {
  readonly store: Store
  readonly keeper: ProfileKeeper
}

interface Options extends Pick<KeeperOptions, 'now'> {
  readonly stateDirectory: string
  readonly masterKey: Uint8Array
  /** The agent, then those it reads through to; `main` alone unless given. */
  readonly agents?: readonly string[]
}

/** A store over these files; several over the same files are as several processes. */
export function profileStore({ stateDirectory, masterKey, now, agents = ['main'] }: Options): ProfileStore {
  const keeper = createProfileKeeper({
    places: agents.map((agent) => placeOf(stateDirectory, agent)),
    sealer: createProfileSealer({ vault: createVault(masterKey), now, timings: TIMINGS }),
    ...{ read: readTokens, now, organizationId: 'org-acme', owner: 'org' },
  })
  return { store: createMemoryStore(keeper), keeper }
}

/** The tokens of a profile, as the providers read them. */
export function readTokens(type: CredentialType, answer: Secret, before: FieldValues) {
  if (type === 'codex/oauth') return openAiTokens(JSON.parse(answer.expose()), before, Date.now())
  return tokensOfFile(answer, before['email']?.expose() ?? '')
}
