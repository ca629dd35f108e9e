// What a lease remembers of how it came to be, so that another credential can take the place of one that was refused: what
// was asked for, and what this run was refused with so far. The store keeps it as a text.

import type { CredentialType } from '../../domain/credential-types.ts'
import type { HarnessName } from '../../domain/harness-names.ts'
import type { ResolveRequest } from '../../domain/resolution/resolve.ts'
import type { Return } from '../../domain/resolution/verdicts.ts'
import type { LeaseRow } from '../../store/store.ts'
import type { Tried } from '../resolution.ts'

/** A credential this run was refused with, and what it was called then. */
export interface Refused extends Tried {
  readonly name: string
  readonly type: CredentialType
  readonly returns: Return | null
}

export interface Choice {
  readonly harness: HarnessName
  readonly ambient: ResolveRequest['ambient']
  /** Whether raw secrets come along. */
  readonly raw: boolean
  readonly team?: string
  /** The one credential asked for: it stands alone. */
  readonly credential?: string
  /** Oldest first. */
  readonly tried: readonly Refused[]
  /** Its holder was told once that this generation works all the same. */
  readonly retried?: { readonly generation: number; readonly at: number }
}

interface Asked extends Pick<Choice, 'harness' | 'ambient' | 'raw'> {
  readonly team?: string | undefined
  readonly credential?: string | undefined
}

/** Of a new run. */
export function choiceOf({ harness, ambient, raw, team, credential }: Asked): Choice {
  return {
    ...{ harness, ambient, raw, tried: [] },
    ...(team !== undefined && { team }),
    ...(credential !== undefined && { credential }),
  }
}

export function writeChoice(choice: Choice): string {
  const { harness: _, ...kept } = choice
  return JSON.stringify(kept)
}

/** One that was made before leases remembered anything asks for nothing in particular. */
export function readChoice({ harness, choice }: Pick<LeaseRow, 'harness' | 'choice'>): Choice {
  const kept = JSON.parse(choice) as Partial<Choice>
  return { ambient: 'none', raw: true, tried: [], ...kept, harness: harness as HarnessName }
}

/** The same run, refused with one more. */
export function withTried(choice: Choice, refused: Refused): Choice {
  const others = choice.tried.filter(({ id }) => id !== refused.id)
  return { ...choice, tried: [...others, refused] }
}
