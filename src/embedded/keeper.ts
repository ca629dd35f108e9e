// What the worker of a server is made from, and what keeps it going.

import type { ServerSettings } from '../config.ts'
import type { Ports } from '../control/use-case.ts'
import type { WorkerSettings } from '../domain/runs/worker-settings.ts'
import type { FirstPeople } from '../identity/identity.ts'
import type { Log } from '../lib/log.ts'

export interface EmbeddedOptions {
  readonly ports: Ports
  readonly log: Log
  readonly people: FirstPeople
  readonly settings: ServerSettings
  readonly worker: WorkerSettings
  /** Tells the servers of one database apart; null where there can be one only. */
  readonly place: string | null
  /** Where the server listens: for programs, and answers that go on. */
  readonly url: string
  /** Asks the server without a socket. */
  readonly fetch: (request: Request) => Promise<Response>
  /** What starts this very program, from the words of its command line on. */
  readonly selfCommand: readonly string[]
}

export interface Keeper {
  /** Sees whether it should work, and to it that it does. */
  look(): Promise<void>
  /** Ends what runs. */
  rest(): Promise<void>
  /** It was dismissed: it works no more. */
  isOver(): boolean
}

/** The address of a server for programs of its own machine: one of all networks is none that they could call. */
export function addressHere(url: string): string {
  return url.replace('//0.0.0.0:', '//127.0.0.1:').replace('//[::]:', '//[::1]:')
}
