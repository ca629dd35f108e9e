// What a request for an operation is aimed at: see fixtures.ts.

import type { Caller } from '../../src/domain/caller.ts'
import type { ErrorCode } from '../../src/domain/errors.ts'
import type { House } from '../support/house.ts'

/** Who asks, and a text that is different for each request. */
export interface Asking {
  readonly caller: Caller
  readonly unique: string
}

type Aimed =
  | { readonly aim: 'nothing' | 'public'; readonly request: (asking: Asking) => object }
  | {
      readonly aim: 'credential' | 'owner' | 'lease'
      readonly request: (id: string, asking: Asking) => object
    }
  | {
      readonly aim: 'thing'
      readonly prepare: (house: House, asking: Asking) => Promise<string>
      readonly theirs?: true
      readonly nobodys?: true
      readonly request: (id: string, asking: Asking) => object
    }

export type Fixture = Aimed & {
  /** What this caller gets who has the permission, but is held off by another rule (or what it needs is not here). */
  readonly instead?: (caller: Caller) => ErrorCode | undefined
  /** Done many times a minute: what comes of it is audited, not each time. */
  readonly silent?: true
  /** Not for those who may see only name and type of what the organization owns (R3). */
  readonly whole?: true
  /** The request may name a person: one of another organization is answered like one there is not. */
  readonly ofPerson?: (id: string) => object
}
