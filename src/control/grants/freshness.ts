// Nobody is handed a login that is about to end.

import { isRenewed } from '../../domain/credential-types.ts'
import { ClavigerError } from '../../domain/errors.ts'
import { explainState } from '../../domain/state.ts'
import type { CandidateRow } from '../../store/store.ts'
import type { Ports } from '../use-case.ts'
import type { Outcome } from './grants.ts'
import { type Leave, whileLeft } from './leaving.ts'

/** Several candidates may turn out not to be had, one after the other. */
const MAX_TURNS = 7

type Row = Pick<CandidateRow, 'id' | 'name' | 'type' | 'version' | 'expiresAt'>

export interface Freshness {
  /** Leaves the unit when this login should be renewed first. Throws when it turned out that it cannot be. */
  mustBeFresh(row: Row): void
  /** Id → why it cannot be had just now. */
  readonly hindrances: ReadonlyMap<string, string>
}

/** Runs `unit` until nothing it hands out is about to end. Throws what it throws. */
export function withFresh<T>(
  { grants }: Pick<Ports, 'grants'>,
  unit: (freshness: Freshness) => Promise<T>,
): Promise<T> {
  const good = new Map<string, number>() // credential → the generation that may be handed out
  const hindrances = new Map<string, string>()
  let turns = 0
  const freshness = (leave: Leave): Freshness => ({
    hindrances,
    mustBeFresh({ id: credentialId, ...row }) {
      const hindrance = hindrances.get(credentialId)
      if (hindrance !== undefined) throw notToBeHad(row, hindrance)
      const isAsked = (good.get(credentialId) ?? 0) >= row.version
      if (isAsked || turns === MAX_TURNS || !isRenewed(row) || !grants.mayBeDue(row.expiresAt)) return
      leave({ credentialId, wish: { kind: 'use' } })
    },
  })
  return whileLeft(
    (leave) => unit(freshness(leave)),
    async ({ credentialId, wish }) => {
      turns += 1
      const outcome = await grants.want(credentialId, wish)
      if (outcome.kind === 'good') good.set(credentialId, outcome.generation)
      else hindrances.set(credentialId, hindranceOf(outcome))
    },
  )
}

function notToBeHad({ name }: Pick<Row, 'name'>, reason: string): ClavigerError {
  return new ClavigerError('needs_login', `The credential ${name} cannot be handed out: ${reason}.`, {
    hint: 'Its owner can sign in again; a new lease takes another credential where there is one.',
  })
}

function hindranceOf(outcome: Exclude<Outcome, { kind: 'good' }>): string {
  switch (outcome.kind) {
    case 'later':
      return 'it has ended, and its provider does not renew it now'
    case 'sign-in':
      return explainState('needs_login')
    case 'gone':
      return 'it is gone'
  }
}
