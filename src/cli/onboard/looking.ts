// What is here already: programs, accounts, logins that other programs keep, keys in the environment. Nothing is changed.

import { existsSync } from 'node:fs'
import type { DecisionView } from '../../api/schemas.ts'
import { CREDENTIAL_TYPES, type CredentialType, enteredFields } from '../../domain/credential-types.ts'
import { ClavigerError } from '../../domain/errors.ts'
import type { HarnessName } from '../../domain/harness-names.ts'
import type { TakenProfile } from '../dependencies.ts'
import type { Finding } from '../doctor/finding.ts'
import { checkProgram, type FoundProgram, findProgramOf } from '../doctor/program-check.ts'
import { placeOfProgram } from '../models/import.ts'
import { enteredTypes } from './options.ts'
import type { Place } from './place.ts'

/** Programs that keep accounts of their own. */
export const OTHERS = ['claude', 'codex', 'openclaw', 'coderclaw'] as const

export type Other = (typeof OTHERS)[number]

/** Accounts that another program keeps on this machine. */
export interface Elsewhere {
  readonly from: Other
  readonly path: string
  /** Null: only that the file is there is known. */
  readonly accounts: readonly TakenProfile[] | null
  /** Why they cannot be read; empty: they can. */
  readonly fault: string
}

type StoredAccount = NonNullable<DecisionView['credential']>

/** What is here for one agent program. */
export interface Seen {
  readonly harness: HarnessName
  readonly program: FoundProgram
  readonly finding: Finding
  /** What a run would get here, the first one first. */
  readonly serving: readonly StoredAccount[]
  /** What is stored and would not serve, with why. */
  readonly idle: readonly { readonly account: StoredAccount; readonly why: string }[]
  /** What the environment has whole. */
  readonly environment: readonly CredentialType[]
}

export async function look(place: Place, harness: HarnessName): Promise<Seen> {
  const { context, client } = place
  const program = await findProgramOf(context, harness)
  const finding = await checkProgram(context, program)
  // What the machine has of its own is looked at by itself.
  const { decisions } = await client.call('explain', { harness, ambient: 'none' })
  const stored = decisions.flatMap(({ credential, verdict, reason }) =>
    credential === null ? [] : [{ account: credential, verdict, why: reason }],
  )
  return {
    ...{ harness, program, finding, environment: inEnvironment(context.dependencies.env, harness) },
    serving: stored.flatMap(({ account, verdict }) => (verdict === 'skipped' ? [] : [account])),
    idle: stored.filter(({ verdict }) => verdict === 'skipped'),
  }
}

/** Null: it keeps none. */
export async function lookElsewhere({ context, local }: Place, from: Other): Promise<Elsewhere | null> {
  const { path, hint } = placeOfProgram(context, from)
  if (local === null) return existsSync(path) ? { from, path, accounts: null, fault: '' } : null
  try {
    const { outcomes } = await local.profiles.takeOver({ path, hint, dry: true, acceptNotice: false })
    return outcomes.length === 0 ? null : { from, path, accounts: outcomes, fault: '' }
  } catch (thrown) {
    if (!(thrown instanceof ClavigerError)) throw thrown
    return thrown.code === 'not_found' ? null : { from, path, accounts: [], fault: thrown.message }
  }
}

/** Those that are not here yet; on a server nobody knows before they are sent. */
export function isNew({ accounts, fault }: Elsewhere): boolean {
  return fault === '' && (accounts === null || accounts.some(({ outcome }) => outcome === 'new'))
}

/** Types that the environment has all required fields of. */
function inEnvironment(env: Readonly<Record<string, string>>, harness: HarnessName): CredentialType[] {
  return enteredTypes(harness).filter((type) =>
    enteredFields(type).every(
      ({ required, variable }) => !required || (variable !== null && (env[variable] ?? '') !== ''),
    ),
  )
}

/** What the environment has of a type: field → text. */
export function fieldsInEnvironment(
  env: Readonly<Record<string, string>>,
  type: CredentialType,
): Record<string, string> {
  const found = enteredFields(type).flatMap(({ name, variable }) => {
    const text = variable === null ? '' : (env[variable] ?? '')
    return text === '' ? [] : [[name, text] as const]
  })
  return Object.fromEntries(found)
}

/** The variable that is named for a type: that of its first secret. */
export function variableOf(type: CredentialType): string {
  return CREDENTIAL_TYPES[type].fields.find(({ secret }) => secret)?.variable ?? ''
}
