// A server that runs, as whoever started it sees it.

import type { Secret } from '../domain/secret.ts'

export interface RunningServer {
  /** Where it can be reached, for example `http://127.0.0.1:7717`. */
  readonly url: string
  /** This start made the first organization and its owner. */
  readonly firstStart: boolean
  /** With it the first person gives their e-mail and password, once; null at every other start. */
  readonly signInLink: Secret | null
  /** Finishes what is under way, then stops; the database is closed last. */
  close(): Promise<void>
}
