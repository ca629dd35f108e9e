// For whom a run is that somebody has asked for from outside (R4, R10): the person whose account it is, the agent of the
// channel, or nobody. Accounts are compared by id before this; names decide nothing.

/** Who may serve accounts that belong to no member. */
export const STRANGERS = ['refuse', 'organization'] as const
export type Strangers = (typeof STRANGERS)[number]

export interface Asked {
  /** Whether the account that asks is linked by a member. */
  readonly isMember: boolean
  /** Whether the code comes from somewhere that not every account could write to. */
  readonly code: 'ours' | 'fork' | 'stranger'
}

export interface Served {
  /** `nobody`: nothing is started. */
  readonly as: 'person' | 'agent' | 'nobody'
  /** For people, as a sentence; empty when there is nothing to say. */
  readonly because: string
}

/** `agent` of the rules: whether the channel has an agent that strangers are served by. */
export function servedAs(
  asked: Asked,
  rules: { readonly strangers: Strangers; readonly agent: boolean },
): Served {
  const hindrance = hindranceOf(asked)
  if (hindrance === null) return { as: 'person', because: '' }
  if (rules.strangers === 'organization' && rules.agent)
    return { as: 'agent', because: `${hindrance} The organization’s credential serves.` }
  return { as: 'nobody', because: `${hindrance} ${WAY_OUT[asked.isMember ? 'code' : 'account']}` }
}

/** What keys of runs begin with that were asked for through a channel. */
export const THROUGH_CHANNEL = 'channel:'

/**
 * Whether a run was begun for somebody who is no member, or meets code that is not ours: an agent serves it, and a channel has
 * begun it. Both stay with the run, whatever becomes of the channel.
 */
export function isForStrangers(run: {
  readonly subjectKind: 'person' | 'agent'
  readonly key: string | null
}): boolean {
  return run.subjectKind === 'agent' && run.key?.startsWith(THROUGH_CHANNEL) === true
}

/** Where a run comes from: asked for here, or through a channel, by a member about our code or by whoever else. */
export const RUN_ORIGINS = ['here', 'channel', 'strangers'] as const
export type RunOrigin = (typeof RUN_ORIGINS)[number]

export function originOf(run: Parameters<typeof isForStrangers>[0]): RunOrigin {
  if (isForStrangers(run)) return 'strangers'
  return run.key?.startsWith(THROUGH_CHANNEL) === true ? 'channel' : 'here'
}

// Why nothing personal may serve; null: it may.
function hindranceOf({ isMember, code }: Asked): string | null {
  if (!isMember) return 'This account is not linked to a member here.'
  if (code === 'fork') return 'This pull request comes from a fork: no personal credential meets its code.'
  if (code === 'stranger')
    return 'This pull request is of somebody who is not a member here: no personal credential meets its code.'
  return null
}

const WAY_OUT = {
  account: 'Link it in your settings, and ask again.',
  code: 'An admin may let the organization’s credential serve.',
} as const
