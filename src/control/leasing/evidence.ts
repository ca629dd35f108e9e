// Asking whoever can tell what is wrong with a credential that a holder was refused with: the provider of a static one by
// a test, that of a login by renewing it. Many holders who are refused at once share one test.

import type { Caller } from '../../domain/caller.ts'
import { isBelieved, reporterOf } from '../../domain/caller.ts'
import { CREDENTIAL_TYPES, isRenewed } from '../../domain/credential-types.ts'
import { ClavigerError } from '../../domain/errors.ts'
import { parseOwner } from '../../domain/owner.ts'
import type { Evidence, GrantOutcome, RejectionKind } from '../../domain/resolution/verdicts.ts'
import type { FieldValues } from '../../domain/values.ts'
import type { Probe } from '../../providers/provider.ts'
import type { CandidateRow } from '../../store/store.ts'
import type { Outcome } from '../grants/grants.ts'
import type { Workshop } from '../workshop.ts'
import type { Choice } from './choice.ts'

// Reports that come so soon after each other are of the same failure: a run is of many processes. Milliseconds.
const SAME_FAILURE = 5_000

/** A report about a stored credential. */
export interface Asked {
  readonly kind: RejectionKind
  /** The refused one. */
  readonly generation: number
  readonly row: CandidateRow
  readonly choice: Choice
}

export interface Inquiry {
  /** Whether `evidence` needs the values of the credential. */
  needsValues(asked: Asked): boolean
  /** Throws `invalid` for a generation that there never was. */
  evidence(caller: Caller, asked: Asked, values: FieldValues | undefined): Promise<Evidence>
}

export function createInquiry({ grants, probing, now }: Workshop): Inquiry {
  const tests = new Map<string, Promise<Probe>>() // credential and version → a test under way
  function test({ row }: Asked, values: FieldValues): Promise<Probe> {
    const key = `${row.id} ${row.version}`
    const running = tests.get(key) ?? probing.probe(row.type, values).finally(() => tests.delete(key))
    tests.set(key, running)
    return running
  }
  // That a subscription is taken says nothing of what is left of it.
  const isTested = ({ row, kind }: Asked) =>
    kind !== 'other' &&
    probing.isAble(row.type) &&
    !isRenewed(row) &&
    (kind === 'authentication' || !CREDENTIAL_TYPES[row.type].subscription)
  const isSameFailure = ({ choice: { retried }, generation }: Asked) =>
    retried?.generation === generation && now() - retried.at < SAME_FAILURE
  const needsValues = (asked: Asked) =>
    asked.row.version === asked.generation && isTested(asked) && !isSameFailure(asked)
  return {
    needsValues,
    async evidence(caller, asked, values) {
      const { row, kind, generation, choice } = asked
      if (row.version > generation) return { of: 'newer' }
      if (kind === 'authentication' && isRenewed(row)) {
        const reporter = reporterOf(caller, parseOwner(row.owner))
        const outcome = await grants.want(row.id, { kind: 'forced', seen: generation, ...reporter })
        if (outcome.kind === 'good' && outcome.generation < generation) throw neverHad(generation)
        return ofGrant(outcome, generation)
      }
      if (row.version < generation) throw neverHad(generation)
      if (values !== undefined) {
        const { result } = await test(asked, values)
        return { of: 'probe', result, retried: choice.retried?.generation === generation }
      }
      if (isTested(asked)) return { of: 'probe', result: 'works', retried: false }
      return { of: 'nobody', believed: isBelieved(caller, parseOwner(row.owner)) }
    },
  }
}

function ofGrant(outcome: Outcome, refused: number): Evidence {
  const found = (what: GrantOutcome, until: number | null = null): Evidence => ({
    ...{ of: 'grant', outcome: what, until },
  })
  switch (outcome.kind) {
    case 'good':
      // The same one still: an attempt is under way, and nobody knows how it will end.
      return found(outcome.generation > refused ? 'renewed' : 'failing')
    case 'later':
      return found(outcome.because, outcome.until)
    default:
      return found(outcome.kind)
  }
}

function neverHad(generation: number): ClavigerError {
  return new ClavigerError('invalid', `There is no generation ${generation} of this credential yet.`, {
    hint: 'Report the generation that the lease was read with.',
  })
}
