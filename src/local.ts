// The composition root of a machine without a server: the same use-cases as a server's, in this process, over the files
// of profiles of an agent. It lives as long as the command that needs it. What a program asks while it runs (the token
// endpoint of Codex, the helpers of Claude) is answered on loopback.

import { type Ending, metricsOf, openDoor, untilClosed } from './assembly.ts'
import type { PluginHouse } from './cli/dependencies.ts'
import type { ServerSettings } from './config.ts'
import { createProfileSealer } from './control/credentials/keeping-profiles.ts'
import { createRekeying } from './control/operating/rekeying.ts'
import { ALONE as ONE_SERVER } from './control/operating/servers.ts'
import { acceptNotice } from './control/settings/rules.ts'
import { tokenRow } from './control/tokens.ts'
import type { Ports } from './control/use-case.ts'
import { CREDENTIAL_TYPES, type CredentialType } from './domain/credential-types.ts'
import { ClavigerError } from './domain/errors.ts'
import type { HarnessName } from './domain/harness-names.ts'
import { checkName, isProfileId } from './domain/names.ts'
import { formatOwner } from './domain/owner.ts'
import type { WorkerSettings } from './domain/runs/worker-settings.ts'
import { Secret } from './domain/secret.ts'
import { formatToken } from './domain/token.ts'
import { edges } from './edges.ts'
import type { OnCallOptions } from './embedded/on-call.ts'
import { ALONE, createAlone, THIS_MACHINE } from './identity/alone.ts'
import { sha256 } from './lib/digest.ts'
import { newId } from './lib/id.ts'
import { createLog, type Log } from './lib/log.ts'
import { pluginHouse } from './local-plugins.ts'
import { slotsLeft, startRenewals } from './local-renewals.ts'
import { openVault } from './local-vault.ts'
import {
  addAgent,
  listAgents,
  loginsOf,
  mustBeRemovable,
  mustBeThere,
  removeAgent,
} from './profiles/agents.ts'
import { providerOf, type ReadTokens } from './profiles/content.ts'
import { importLegacy } from './profiles/import/legacy.ts'
import { sourcesIn } from './profiles/import/sources.ts'
import { type Taken, takeOver } from './profiles/import/taking.ts'
import { createProfileKeeper, type ProfileKeeper } from './profiles/keeper.ts'
import { createMoves, type Moves } from './profiles/moving/moves.ts'
import { type AgentPlace, MAIN_AGENT, placeOf, preparePlace } from './profiles/place.ts'
import { type Slot, takeSlot } from './profiles/processes/slots.ts'
import { createMemoryStore } from './store/memory.ts'
import type { Vault } from './vault/vault.ts'

// How long what is under way may take at the end, in milliseconds.
const GRACE = 2_000

const DOOR = { at: { host: '127.0.0.1', port: 0, proxies: 0 }, pages: false, grace: GRACE }

export interface LocalHouse {
  /** Where programs ask, on loopback. */
  readonly url: string
  /** The token of whoever started this. */
  readonly token: Secret
  readonly fetch: (request: Request) => Promise<Response>
  /** Profiles that serve no run, as last seen. */
  unusable: ProfileKeeper['unusable']
  /** The agent whose file a credential is in; null: none. */
  agentOf(credentialId: string): string | null
  /** The file of the agent itself. */
  readonly file: string
  /** What was done when this was opened, in words. */
  readonly news: readonly string[]
  readonly moves: Moves
  /** Takes over the profiles in a file, or in the directory of another program; see profiles/import/taking.ts. */
  takeOver(from: From): Promise<Taken>
  /** The notice about Claude subscriptions was shown and accepted. */
  acceptNotice(): Promise<void>
  /** Carries out runs that are begun here and work in this directory, with this harness, until it is closed. */
  carryOut(harness: HarnessName, workspace: string): Promise<void>
  readonly plugins: PluginHouse
  close(): Promise<void>
}

interface From {
  readonly path: string
  /** What to do where there is nothing. */
  readonly hint: string
  readonly profileId?: string
  /** Only to say what would be taken over. */
  readonly dry: boolean
  /** The notice about Claude subscriptions was accepted. */
  readonly acceptNotice: boolean
}

export interface LocalOptions {
  readonly version: string
  readonly agent: string
  /** Of the worker that carries out runs here. Throws `invalid`, naming the setting. */
  readonly worker: () => WorkerSettings
}

/** Opens the profiles of an agent. Throws `invalid` or `unavailable`, with what to do, where they cannot be used. */
export async function openLocal(settings: ServerSettings, options: LocalOptions): Promise<LocalHouse> {
  return untilClosed((endings) => begin(settings, options, endings))
}

/** The agents of this state directory. */
export function agentFolders(stateDirectory: string) {
  return {
    list: async () => listAgents(stateDirectory),
    add: (agent: string) => addAgent(stateDirectory, agent),
    mustBeRemovable: (agent: string) => mustBeRemovable(stateDirectory, agent),
    loginsOf: async (agent: string) => loginsOf(stateDirectory, agent),
    remove: (agent: string) => removeAgent(stateDirectory, agent),
  }
}

async function begin(
  settings: ServerSettings,
  { version, agent, worker }: LocalOptions,
  endings: Ending[],
): Promise<Omit<LocalHouse, 'close'>> {
  const now = Date.now
  const log = logOf(settings)
  const place = placeOf(settings.stateDirectory, agent)
  const places = [...new Set([agent, MAIN_AGENT])].map((name) => placeOf(settings.stateDirectory, name))
  await mustBeThere(settings.stateDirectory, agent)
  const { news, ...vault } = await openVault(settings, places)
  await preparePlace(place)
  const slot = takeSlot(place.renewals)
  endings.push(slot.release)
  // Programs that renew leave what they bring in a directory of their process.
  const world = { ...edges({ ...settings, stateDirectory: slot.directory }, () => 0), now }
  endings.push(world.endSignIns)
  const read: ReadTokens = (type, answer, before) =>
    world.providerOf(type)?.renewer?.tokensIn(type, answer, before, now()) ?? null
  for (const one of places) news.push(...(await importLegacy(settings.stateDirectory, one, now())))
  const keeper = keeperOf(places, vault.vault, { ...world, read })
  const store = createMemoryStore(keeper)
  endings.push(() => store.close())
  // What is wrong with the files is said before anything is begun.
  await store.check()
  const server = { version, id: `local:${process.pid}`, clockOffset: () => 0 }
  const kept = await startRenewals({
    ...{ settings, slot, store, ...vault, now, server, log },
    providerIn: (directory) => edges({ ...settings, stateDirectory: directory }, () => 0).providerOf,
    providerOf: world.providerOf,
  })
  endings.push(() => kept.stop())
  const address = { url: 'http://127.0.0.1' }
  const ports: Ports = {
    ...{
      store,
      vault: vault.vault,
      identity: createAlone(),
      operatorOrganization: THIS_MACHINE.id,
      ...world,
    },
    rekeying: createRekeying({
      store,
      ...vault,
      log,
      operatorOrganization: THIS_MACHINE.id,
      now,
      servers: ONE_SERVER,
    }),
    ...{ grants: kept.grants, publicUrl: () => address.url, server, naming: profileNamed },
    lastUses: keeper.lastUses,
    snapshot: () => Promise.reject(notHere()),
  }
  const token = await admit(ports)
  const ready = () => store.check()
  const metrics = metricsOf(ports)
  const door = await openDoor(ports, { metrics, log, version, ready, ...DOOR }, endings)
  address.url = door.url
  return {
    ...{ ...door, token, unusable: keeper.unusable },
    plugins: pluginHouse(world.plugins, keeper, places),
    agentOf: (id) => keeper.whereIs(id)?.place.agent ?? null,
    ...{ file: place.profiles, news, acceptNotice: accepting(ports) },
    moves: createMoves(store, THIS_MACHINE.id, () => newId('profiles')),
    takeOver: takingOver(settings, place, { ...ports, read }),
    carryOut: async (harness, workspace) => {
      const ends = await callWorker(
        { settings, ...door, log, version, ports, people: ALONE },
        { worker: { ...worker(), directories: [workspace] }, directory: workDirectory(slot), harness },
      )
      endings.push(ends)
    },
  }
}

// What goes wrong is said by the command itself, in a sentence.
function logOf({ logLevel }: ServerSettings): Log {
  return createLog(logLevel === 'info' ? 'silent' : logLevel, `local:${process.pid}`)
}

function keeperOf(
  places: readonly AgentPlace[],
  vault: Vault,
  { now, grantTimings: timings, read }: Pick<Ports, 'now' | 'grantTimings'> & { readonly read: ReadTokens },
): ProfileKeeper {
  const sealer = createProfileSealer({ vault, now, timings })
  const owner = formatOwner({ kind: 'user', id: ALONE.owner.id })
  return createProfileKeeper({ places, sealer, read, now, organizationId: THIS_MACHINE.id, owner })
}

// What other programs have of accounts, for the profiles of this agent.
function takingOver(
  { stateDirectory }: ServerSettings,
  place: AgentPlace,
  { store, signInOf, now, read }: Pick<Ports, 'store' | 'signInOf' | 'now'> & { readonly read: ReadTokens },
): LocalHouse['takeOver'] {
  const readProgram = (program: 'codex' | 'claude', file: Secret) => {
    const signIn = signInOf(`${program}/oauth`)
    if (signIn === undefined) throw new ClavigerError('unavailable', `Nobody signs in for ${program} here.`)
    return signIn.read(file, now())
  }
  return async ({ path, hint, acceptNotice: isAccepted, ...options }) => {
    const taken = await takeOver({ stateDirectory, read, readProgram }, place, sourcesIn(path, hint), options)
    if (isAccepted && !options.dry) await accepting({ store, now })()
    return taken
  }
}

function accepting({ store, now }: Pick<Ports, 'store' | 'now'>): () => Promise<void> {
  const person = { kind: 'person', organizationId: THIS_MACHINE.id, id: ALONE.owner.id } as const
  return () => store.atomically((unit) => acceptNotice(unit, person, 'claude/oauth', now()))
}

function workDirectory({ directory }: Slot): string {
  return `${directory}.work`
}

// What processes that were killed have left goes first: credentials lie there.
async function callWorker(
  world: Omit<OnCallOptions, 'worker' | 'directory'>,
  { harness, ...own }: Pick<OnCallOptions, 'worker' | 'directory'> & { readonly harness: HarnessName },
): Promise<() => Promise<void>> {
  const { clearOnCall, workOnCall } = await import('./embedded/on-call.ts')
  for (const left of slotsLeft(world.settings)) {
    await clearOnCall(workDirectory(left)).finally(() => left.release())
  }
  const worker = await workOnCall({ ...world, ...own }, harness)
  return () => worker.stop()
}

async function admit(ports: Pick<Ports, 'store' | 'random' | 'now'>): Promise<Secret> {
  const token = formatToken(ports.random(48))
  const person = { organizationId: THIS_MACHINE.id, id: ALONE.owner.id, name: ALONE.owner.name }
  const row = {
    name: `process ${process.pid}`,
    role: 'owner' as const,
    digest: sha256(token),
    createdAt: ports.now(),
  }
  await ports.store.tokens.insert(tokenRow(person, { ...row, expiresAt: null }))
  return new Secret(token)
}

// `anthropic:work`; a bare name is completed by the provider of the type.
function profileNamed(type: CredentialType, name: string): string {
  const provider = providerOf(type)
  if (!name.includes(':')) {
    if (!isProfileId(`${provider}:${name}`)) checkName(name)
    return `${provider}:${name}`
  }
  if (isProfileId(name) && CREDENTIAL_TYPES[type].provider !== null) return name
  throw new ClavigerError('invalid', `"${name}" cannot be the name of a profile.`, {
    hint: `A profile is called PROVIDER:NAME, for example ${provider}:work.`,
  })
}

function notHere(): ClavigerError {
  return new ClavigerError('invalid', 'Profiles of a machine are files: copy them.', {
    hint: 'For backups of many people’s credentials, keep them on a server: claviger models push',
  })
}
