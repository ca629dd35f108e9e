// Nobody is handed a login that is about to end. Whether it is shows only inside of a unit, and renewing it takes a call
// to its provider: so the unit is left, the login renewed, and the unit run anew.

import { CREDENTIAL_TYPES } from '../../domain/credential-types.ts'
import { ClavigerError } from '../../domain/errors.ts'
import { explainState } from '../../domain/state.ts'
import type { CandidateRow } from '../../store/store.ts'
import type { Ports } from '../use-case.ts'
import type { Outcome } from './grants.ts'

/** Several candidates may turn out not to be had, one after the other. */
const MAX_TURNS = 8

type Row = Pick<CandidateRow, 'id' | 'name' | 'type' | 'version' | 'expiresAt'>

export interface Freshness {
  /** Leaves the unit when this login should be renewed first. Throws when it turned out that it cannot be. */
  mustBeFresh(row: Row): void
  /** Id → why it cannot be had just now. */
  readonly hindrances: ReadonlyMap<string, string>
}

class NotFresh extends Error {
  readonly row: Row

  constructor(row: Row) {
    super('This login is to be renewed first.')
    this.row = row
  }
}

/** Runs `unit` until nothing it hands out is about to end. Throws what it throws. */
export async function withFresh<T>(
  ports: Pick<Ports, 'grants' | 'now'>,
  unit: (freshness: Freshness) => Promise<T>,
): Promise<T> {
  const good = new Map<string, number>() // credential → the generation that may be handed out
  const hindrances = new Map<string, string>()
  const freshness = (last: boolean): Freshness => ({
    hindrances,
    mustBeFresh(row) {
      const hindrance = hindrances.get(row.id)
      if (hindrance !== undefined) throw notToBeHad(row, hindrance)
      const isAsked = (good.get(row.id) ?? 0) >= row.version
      if (!last && !isAsked && ports.grants.mayBeDue(row.expiresAt) && isRenewed(row)) throw new NotFresh(row)
    },
  })
  for (let turn = 1; ; turn += 1) {
    try {
      return await unit(freshness(turn === MAX_TURNS))
    } catch (error) {
      if (!(error instanceof NotFresh)) throw error
      const outcome = await ports.grants.want(error.row.id, { kind: 'use' })
      if (outcome.kind === 'good') good.set(error.row.id, outcome.generation)
      else hindrances.set(error.row.id, hindranceOf(outcome))
    }
  }
}

function notToBeHad({ name }: Row, reason: string): ClavigerError {
  return new ClavigerError('needs_login', `The credential ${name} cannot be handed out: ${reason}.`, {
    hint: 'Its owner can sign in again; a new lease takes another credential where there is one.',
  })
}

function isRenewed({ type }: Row): boolean {
  return CREDENTIAL_TYPES[type].entry === 'sign-in'
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
