// What the two composition roots, of a server (serving.ts) and of a machine without one (local.ts), put together alike.

import { inProcess } from './client/in-process.ts'
import type { ServerSettings } from './config.ts'
import { createAuthenticator } from './control/authenticate.ts'
import { createAppMakings } from './control/channels/apps/making.ts'
import { createReceiving } from './control/channels/receiving.ts'
import { createCodexEndpoint } from './control/codex/endpoint.ts'
import { createControl } from './control/control.ts'
import { createBreakers } from './control/grants/breakers.ts'
import { persistently } from './control/grants/renewing/persistently.ts'
import { GRANT_TIMINGS, type GrantPorts } from './control/grants/tools.ts'
import { type KeptGrants, keepGrants } from './control/grants/upkeep.ts'
import { createGuard } from './control/guard.ts'
import { createComeBack } from './control/outside/coming-back.ts'
import type { Ports } from './control/use-case.ts'
import type { Log } from './lib/log.ts'
import { createApp } from './server/app.ts'
import { consoleDirectory } from './server/console/files.ts'
import { listen } from './server/listen.ts'
import { createMetrics, type Metrics } from './server/metrics.ts'
import type { JournalFile } from './server/renewal-journal.ts'

export type Ending = () => Promise<void> | void

/** What `begin` makes; `close` ends everything it has begun, in the opposite order. When it throws that is done at once. */
export async function untilClosed<T extends object>(
  begin: (endings: Ending[]) => Promise<T>,
): Promise<T & { close(): Promise<void> }> {
  const endings: Ending[] = []
  const close = async () => {
    for (const ending of endings.splice(0).reverse()) await ending()
  }
  try {
    return { ...(await begin(endings)), close }
  } catch (error) {
    await close()
    throw error
  }
}

interface Door {
  readonly url: string
  /** The same without a socket. */
  readonly fetch: (request: Request) => Promise<Response>
}

interface DoorOptions {
  readonly log: Log
  readonly version: string
  readonly metrics: Metrics
  /** Throws when it cannot do its work now. */
  readonly ready: () => Promise<void>
  /** Where it listens, and how many proxies stand before it. */
  readonly at: { readonly host: string; readonly port: number; readonly proxies: number }
  /** For people too, and not only for programs. */
  readonly pages: boolean
  /** How long requests under way may take at the end, in milliseconds. */
  readonly grace: number
}

/** From here on it is asked; the result is where. What goes on for long is ended before the door is closed. */
export async function openDoor(
  ports: Ports,
  { at, pages, grace, ...tools }: DoorOptions,
  endings: Ending[],
): Promise<Door> {
  const authenticate = createAuthenticator(ports)
  const ending = new AbortController()
  const app = createApp({
    control: createControl({ ...ports, ending: ending.signal }),
    ...{ authenticate, ...tools, ending: ending.signal },
    ...{ codex: createCodexEndpoint(ports, authenticate), comeBack: createComeBack(ports) },
    ...{
      receiving: createReceiving({ ...ports, guard: createGuard(ports) }),
      appMakings: createAppMakings(ports),
    },
    ...{ now: ports.now, publicUrl: ports.publicUrl, proxies: at.proxies },
    consoleDirectory: pages ? consoleDirectory() : null,
  })
  const inside = inProcess(app)
  endings.push(inside.settled)
  const listening = await listen(app, at)
  endings.push(() => listening.close(grace))
  endings.push(() => ending.abort())
  return { url: listening.url, fetch: inside.fetch }
}

/** Those that need nothing but a store. */
export function metricsOf({ store, server }: Pick<Ports, 'store' | 'server'>): Metrics {
  return createMetrics({
    checkDatabase: () => store.check(),
    credentials: () => store.counts.credentials(),
    clockOffset: server.clockOffset,
  })
}

export type GrantWorld = Pick<
  GrantPorts,
  'store' | 'vault' | 'now' | 'server' | 'log' | 'tell' | 'hasEnded' | 'leftByOthers' | 'counted'
> &
  Pick<Ports, 'providerOf'>

/** Keeps logins alive, with this journal. */
export async function keepRenewing(
  { renewal }: Pick<ServerSettings, 'renewal'>,
  { providerOf, ...world }: GrantWorld,
  file: JournalFile,
): Promise<KeptGrants> {
  const ending = new AbortController()
  const elapsed = () => performance.now()
  const kept = await keepGrants({
    ...world,
    guard: createGuard(world),
    journal: file.journal,
    ...{ replica: file.replica, formerly: file.formerly },
    timings: { ...GRANT_TIMINGS, ...renewal },
    renewerOf: (type) => providerOf(type)?.renewer,
    breakers: createBreakers(elapsed),
    elapsed,
    chance: Math.random,
    persistently: (work) => persistently(work, ending.signal),
  })
  return {
    grants: kept.grants,
    async stop() {
      ending.abort()
      await kept.stop()
      await file.close()
    },
  }
}
