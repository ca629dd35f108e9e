// Why nothing serves a harness, and what to do: the same words for whoever starts a run, takes a lease or only asks.

import type { Caller } from '../../domain/caller.ts'
import { ClavigerError } from '../../domain/errors.ts'
import { HARNESS_TITLE, type HarnessName } from '../../domain/harness-names.ts'
import type { Resolved } from '../resolution.ts'
import { signInAgain } from './sign-in-hint.ts'

/** `needs_login`, `no_credential`: why nothing serves this harness. */
export function nothingFits(
  caller: Caller,
  harness: HarnessName,
  { decisions, raw, rows }: Resolved,
): ClavigerError {
  if (decisions.length > 0) {
    const sentence = noneUsable(harness, decisions)
    const over = decisions.find(({ credential }) => credential?.state === 'needs_login')
    const row = rows.get(over?.credential?.id ?? '')
    if (row !== undefined)
      return new ClavigerError('needs_login', sentence, { hint: signInAgain(caller, row) })
    return new ClavigerError('no_credential', sentence, {
      hint: `See the whole list: claviger explain --harness ${harness}`,
    })
  }
  const hint = howToGetOne(caller, harness)
  return new ClavigerError('no_credential', noneFits(harness, raw.length > 0), { hint })
}

/** There is none of its types. */
export function noneFits(harness: HarnessName, hasRaw: boolean): string {
  const rawOnly = hasRaw ? ' A raw secret cannot be used here: create it again as a typed credential.' : ''
  return `No ${HARNESS_TITLE[harness]} credential fits.${rawOnly}`
}

interface Passed {
  readonly credential: { readonly name: string } | null
  readonly reason: string
}

/** There are some, and each was passed over. */
export function noneUsable(harness: HarnessName, decisions: readonly Passed[]): string {
  const reasons = decisions.map((one) => `${one.credential?.name ?? 'ambient'}: ${one.reason}`).join('; ')
  return `No ${HARNESS_TITLE[harness]} credential can be used now: ${reasons}.`
}

/** What to type where nothing is stored that could serve. */
export function howToGetOne({ kind, agent }: Pick<Caller, 'kind' | 'agent'>, harness: HarnessName): string {
  const store = storingLine({ kind, agent }, harness)
  if (agent !== null)
    return `An admin attaches one: claviger admin agent attach ${agent} NAME, or stores one: ${store}`
  return kind === 'person' ? `Store one: ${store}` : `An admin stores one: ${store}`
}

/** What to type to store a credential that serves this caller. */
export function storingLine({ kind, agent }: Pick<Caller, 'kind' | 'agent'>, harness: HarnessName): string {
  const owner = kind === 'person' ? '--personal' : '--org'
  return `claviger credential create ${harness} api-key ${agent === null ? owner : `--agent ${agent}`} NAME`
}
