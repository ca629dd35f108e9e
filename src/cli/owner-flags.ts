// --org, --team [SLUG], --personal and --agent NAME: from flags to an owner and back to words.

import type { Output } from '../api/schemas.ts'
import type { Caller } from '../domain/caller.ts'
import { ClavigerError } from '../domain/errors.ts'
import { printable } from '../domain/names.ts'
import { formatOwner, type Owner, type OwnerText, parseOwner } from '../domain/owner.ts'

export interface OwnerFlags {
  readonly org?: boolean
  /** True when given without a name. */
  readonly team?: string | true
  readonly personal?: boolean
  readonly agent?: string
}

export type WhoAmI = Output<'whoami'>

/** The owner that was said, or null when none was. Throws `invalid` for two at once, or a team that is not clear. */
export function ownerOf(flags: OwnerFlags, who: WhoAmI): Owner | null {
  const given = (['org', 'team', 'personal', 'agent'] as const).filter((name) => flags[name] !== undefined)
  if (given.length > 1) {
    const both = given.map((name) => `--${name}`).join(' and ')
    throw new ClavigerError('invalid', `${both} exclude each other.`, { hint: 'Give one of them.' })
  }
  if (flags.org) return { kind: 'org' }
  if (flags.personal) return self(who)
  if (flags.agent !== undefined) return named('agent', flags.agent)
  if (flags.team === undefined) return null
  return flags.team === true ? { kind: 'team', slug: onlyTeam(who) } : named('team', flags.team)
}

/** The caller as an owner. */
export function self({ kind, id }: WhoAmI): Owner {
  if (kind === 'person') return { kind: 'user', id }
  if (kind === 'agent') return { kind: 'agent', name: id }
  throw new ClavigerError('invalid', 'A worker has no credentials of its own.', {
    hint: 'Say whose: --org or --team.',
  })
}

/**
 * Takes `count` names out of the words. When the first is missing and `--team X` was given, X is that name and the team
 * is the caller's only one, as in Oz. Throws `invalid` when a name is missing.
 */
export function takeNames<F extends OwnerFlags>(
  flags: F,
  words: readonly string[],
  labels: readonly string[],
): { readonly names: readonly string[]; readonly flags: F } {
  const isShort = words.length === labels.length - 1 && typeof flags.team === 'string'
  const names = isShort ? [flags.team as string, ...words] : words
  const missing = labels[names.length]
  if (missing !== undefined) {
    throw new ClavigerError('invalid', `${missing} is missing.`, {
      hint: 'Add --help to see how it is used.',
    })
  }
  return { names, flags: isShort ? { ...flags, team: true } : flags }
}

/** An owner for people: `personal`, `org`, `team:platform` … */
export function ownerTitle(owner: OwnerText, who: WhoAmI): string {
  return who.kind === 'person' && owner === formatOwner({ kind: 'user', id: who.id }) ? 'personal' : owner
}

/** The flag that names this owner. */
export function flagFor(owner: OwnerText, who: WhoAmI): string {
  if (ownerTitle(owner, who) === 'personal') return '--personal'
  const parsed = parseOwner(owner)
  if (parsed.kind === 'team') return `--team ${parsed.slug}`
  if (parsed.kind === 'agent') return `--agent ${parsed.name}`
  return parsed.kind === 'org' ? '--org' : owner
}

/** What the server will check again: who this terminal is, as the permission table needs it. */
export function callerOf(who: WhoAmI): Caller {
  const { kind, id, name, role, teams, agent, operator, organization } = who
  return {
    ...{ kind, id, name, role, teams, agent, operator },
    organizationId: organization.id,
    tokenId: null,
    leaseId: null,
    requestId: '',
  }
}

function named(kind: 'team' | 'agent', name: string): Owner {
  try {
    return parseOwner(`${kind}:${name}`)
  } catch (cause) {
    const hint = 'Use letters, digits, dots, dashes and underscores.'
    throw new ClavigerError('invalid', `"${printable(name)}" cannot be the name of a ${kind}.`, {
      hint,
      cause,
    })
  }
}

function onlyTeam({ teams }: WhoAmI): string {
  const [first, ...others] = teams
  if (first === undefined) {
    throw new ClavigerError('invalid', 'You are in no team.', {
      hint: 'Ask an admin to add you to one, or use --personal.',
    })
  }
  if (others.length === 0) return first
  throw new ClavigerError('invalid', `You are in ${teams.length} teams: ${teams.join(', ')}.`, {
    hint: `Say which, before the name: --team ${first} NAME`,
  })
}
