// The composition root of a machine without a server: the same use-cases as a server's, in this process, over the files
// of profiles of an agent. It lives as long as the command that needs it. What a program asks while it runs (the token
// endpoint of Codex, the helpers of Claude) is answered on loopback.

import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { inProcess } from './client/in-process.ts'
import type { ServerSettings } from './config.ts'
import { createAuthenticator } from './control/authenticate.ts'
import { createCodexEndpoint } from './control/codex/endpoint.ts'
import { createControl } from './control/control.ts'
import { createProfileSealer } from './control/credentials/keeping-profiles.ts'
import { createRekeying } from './control/operating/rekeying.ts'
import { ALONE as ONE_SERVER } from './control/operating/servers.ts'
import { createComeBack } from './control/outside/coming-back.ts'
import { tokenRow } from './control/tokens.ts'
import type { Ports } from './control/use-case.ts'
import { CREDENTIAL_TYPES, type CredentialType } from './domain/credential-types.ts'
import { ClavigerError } from './domain/errors.ts'
import { checkName, isProfileId } from './domain/names.ts'
import { formatOwner } from './domain/owner.ts'
import { Secret } from './domain/secret.ts'
import { formatToken } from './domain/token.ts'
import { edges } from './edges.ts'
import { ALONE, createAlone, THIS_MACHINE } from './identity/alone.ts'
import { sha256 } from './lib/digest.ts'
import { LockIsTaken, takeLock, type Unlock } from './lib/files/file-lock.ts'
import { createLog } from './lib/log.ts'
import { startRenewals } from './local-renewals.ts'
import { addAgent, listAgents, removeAgent } from './profiles/agents.ts'
import { providerOf } from './profiles/content.ts'
import { createProfileKeeper, type ProfileKeeper } from './profiles/keeper.ts'
import { MAIN_AGENT, placeOf, preparePlace } from './profiles/place.ts'
import { takeSlot } from './profiles/slots.ts'
import { createApp } from './server/app.ts'
import { consoleDirectory } from './server/console/files.ts'
import { listen } from './server/listen.ts'
import { createMetrics } from './server/metrics.ts'
import { createMemoryStore } from './store/memory.ts'
import { createVault } from './vault/envelope.ts'
import { findMasterKeys } from './vault/keys/master-key.ts'
import { createKeyRing } from './vault/keys/ring.ts'
import type { Vault } from './vault/vault.ts'

// How long what is under way may take at the end, in milliseconds.
const GRACE = 2_000

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
  close(): Promise<void>
}

export interface LocalOptions {
  readonly version: string
  readonly agent: string
}

/** Opens the profiles of an agent. Throws `invalid` or `unavailable`, with what to do, where they cannot be used. */
export async function openLocal(settings: ServerSettings, options: LocalOptions): Promise<LocalHouse> {
  const endings: (() => Promise<void> | void)[] = []
  const close = async () => {
    for (const ending of endings.splice(0).reverse()) await ending()
  }
  try {
    return { ...(await begin(settings, options, endings)), close }
  } catch (error) {
    await close()
    throw error
  }
}

/** The agents of this state directory. */
export function agentFolders(stateDirectory: string) {
  return {
    list: async () => listAgents(stateDirectory),
    add: (agent: string) => addAgent(stateDirectory, agent),
    remove: (agent: string) => removeAgent(stateDirectory, agent),
  }
}

async function begin(
  settings: ServerSettings,
  { version, agent }: LocalOptions,
  endings: (() => Promise<void> | void)[],
): Promise<Omit<LocalHouse, 'close'>> {
  const now = Date.now
  const log = createLog(settings.logLevel === 'info' ? 'warn' : settings.logLevel, `local:${process.pid}`)
  const vault = await openVault(settings)
  await preparePlace(placeOf(settings.stateDirectory, agent))
  const slot = takeSlot(placeOf(settings.stateDirectory, agent).renewals)
  endings.push(slot.release)
  // Programs that renew leave what they bring in a directory of their process.
  const world = { ...edges({ ...settings, stateDirectory: slot.directory }, () => 0), now }
  endings.push(world.endSignIns)
  const keeper = keeperOf(settings, agent, vault.vault, world)
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
  const ending = new AbortController()
  const authenticate = createAuthenticator(ports)
  const app = createApp({
    control: createControl({ ...ports, ending: ending.signal }),
    ...{ authenticate, log, version, now, proxies: 0, ending: ending.signal },
    metrics: createMetrics({
      checkDatabase: () => store.check(),
      credentials: () => store.counts.credentials(),
      clockOffset: server.clockOffset,
    }),
    ...{ codex: createCodexEndpoint(ports, authenticate), comeBack: createComeBack(ports) },
    ...{ publicUrl: ports.publicUrl, ready: () => store.check(), consoleDirectory: consoleDirectory() },
  })
  const inside = inProcess(app)
  endings.push(inside.settled)
  const listening = await listen(app, { host: '127.0.0.1', port: 0 })
  endings.push(() => listening.close(GRACE))
  endings.push(() => ending.abort())
  address.url = listening.url
  return {
    ...{ url: listening.url, token, fetch: inside.fetch, unusable: keeper.unusable },
    agentOf: (id) => keeper.whereIs(id)?.place.agent ?? null,
    file: placeOf(settings.stateDirectory, agent).profiles,
  }
}

type World = ReturnType<typeof edges> & Pick<Ports, 'now'>

function keeperOf(
  { stateDirectory }: ServerSettings,
  agent: string,
  vault: Vault,
  world: World,
): ProfileKeeper {
  const { now, providerOf: provider, grantTimings: timings } = world
  return createProfileKeeper({
    places: [...new Set([agent, MAIN_AGENT])].map((name) => placeOf(stateDirectory, name)),
    sealer: createProfileSealer({ vault, now, timings }),
    read: (type, answer, before) => provider(type)?.renewer?.tokensIn(type, answer, before, now()) ?? null,
    ...{ now, organizationId: THIS_MACHINE.id, owner: formatOwner({ kind: 'user', id: ALONE.owner.id }) },
  })
}

// Values that are not current lie sealed beside the profiles, and answers that are not stored yet in the journals.
async function openVault({ stateDirectory }: ServerSettings) {
  mkdirSync(stateDirectory, { recursive: true, mode: 0o700 })
  const defaultFile = join(stateDirectory, 'profiles.key')
  const found = await keysIn(defaultFile)
  const vault = createVault(...found.keys)
  return { vault, keys: createKeyRing(vault, found) }
}

const LOOK_EVERY = 5

// Processes that start at the same time on a new machine would each make a key, and the last one's would stay.
async function keysIn(defaultFile: string) {
  const find = () => findMasterKeys({ value: null, file: null, defaultFile }, false)
  while (!existsSync(defaultFile)) {
    const unlock = tryLock(`${defaultFile}.lock`)
    if (unlock === null) {
      await sleep(LOOK_EVERY)
      continue
    }
    try {
      return find()
    } finally {
      unlock()
    }
  }
  return find()
}

function tryLock(file: string): Unlock | null {
  try {
    return takeLock(file)
  } catch (error) {
    if (error instanceof LockIsTaken) return null
    throw error
  }
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
