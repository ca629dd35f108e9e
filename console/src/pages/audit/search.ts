// What is looked for in the log: kept in the address, so that it can be sent.

import type { Output, Request } from '../../../../src/api/schemas.ts'
import { textIn } from '../../next.ts'

type Input = Request<'audit.list'>

export type AuditEntry = Output<'audit.list'>['entries'][number]

export interface Search {
  readonly search?: string
  readonly actor?: string
  /** The whole of an action, or with a dot at its end how it begins. */
  readonly action?: string
  readonly object?: string
  readonly outcome?: NonNullable<Input['outcome']>
  /** Days, YYYY-MM-DD, of the clock of who looks. */
  readonly since?: string
  readonly until?: string
}

export const OUTCOMES: readonly NonNullable<Search['outcome']>[] = ['allowed', 'refused']

const WORDS = ['search', 'actor', 'action', 'object'] as const
const DAYS = ['since', 'until'] as const

/** What an address looks for; what is none of it is passed over. */
export function searchIn(search: Record<string, unknown>): Search {
  const outcome = OUTCOMES.find((one) => one === search['outcome'])
  const words = WORDS.map((name) => [name, textIn(search, name)] as const)
  const days = DAYS.map((name) => [name, dayIn(textIn(search, name))] as const)
  return {
    ...Object.fromEntries([...words, ...days].filter(([, value]) => value !== undefined)),
    ...(outcome !== undefined && { outcome }),
  }
}

/** The same for the API. */
export function inputOf({ since, until, ...rest }: Search): Omit<Input, 'after' | 'limit' | 'order'> {
  return {
    ...rest,
    ...(since !== undefined && { from: new Date(`${since}T00:00:00`).toISOString() }),
    ...(until !== undefined && { to: new Date(`${until}T23:59:59.999`).toISOString() }),
  }
}

function dayIn(text: string | undefined): string | undefined {
  if (text === undefined || !/^\d{4}-\d\d-\d\d$/.test(text)) return undefined
  return Number.isNaN(Date.parse(`${text}T00:00:00`)) ? undefined : text
}
