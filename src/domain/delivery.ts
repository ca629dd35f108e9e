// A credential turned into what a harness program reads, as data: environment, files, and what was found in the way.
// harnesses/ makes it, runner/ carries it out.

import type { Secret } from './secret.ts'

/**
 * `env`: in the environment or the program's own file. `helper`: the program asks us by a command of ours, or looks again
 * at a file that we keep current.
 */
export type DeliveryMode = 'env' | 'helper'

export interface DeliveredFile {
  /** Relative to the private configuration directory. Written 0600. */
  readonly path: string
  readonly content: Secret
}

export interface Delivery {
  readonly mode: DeliveryMode
  /** Variables to set. Ours win over what the shell has. */
  readonly set: Readonly<Record<string, Secret>>
  /** Variables to remove (never blanked: an empty one still occupies its place). */
  readonly unset: readonly string[]
  readonly files: readonly DeliveredFile[]
  /** The program looks at the files again while it runs: a renewed credential is written there. */
  readonly isLive?: true
  /** One line each: what was set aside or kept, by name and never by value. */
  readonly report: readonly string[]
}

/** Whether nobody on the way to this address can read along: it is https, or this machine itself. */
export function isPrivateWay(url: string): boolean {
  const { protocol, hostname } = new URL(url)
  return protocol === 'https:' || /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/.test(hostname)
}
