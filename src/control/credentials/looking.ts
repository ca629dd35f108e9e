// Seeing credentials: a list, and one of them.

import type { Output } from '../../api/schemas.ts'
import { type Caller, mayCredential } from '../../domain/caller.ts'
import { CREDENTIAL_TYPES } from '../../domain/credential-types.ts'
import { ClavigerError } from '../../domain/errors.ts'
import { formatOwner, type Owner, type OwnerText, parseOwner } from '../../domain/owner.ts'
import { isAttachable } from '../../domain/resolution/resolve.ts'
import { titleOf } from '../../domain/runs/title.ts'
import type { Use } from '../../store/runs/use-group.ts'
import type { CandidateRow, CredentialFilter, CredentialRow } from '../../store/store.ts'
import { findCredential, findOwner, isAttached } from '../find.ts'
import { canSee, mustSee, seesNameOnly } from '../guard.ts'
import { sightOf } from '../runs/seeing.ts'
import { type End, endOf } from '../telling/ends.ts'
import type { Control } from '../use-case.ts'
import { credentialView, rfc3339OrNull } from '../views.ts'
import type { Workshop } from '../workshop.ts'

export type CredentialDetails = Output<'credentials.list'>['credentials'][number]

export function createLookingUseCases(
  workshop: Workshop,
): Pick<Control, 'credentials.list' | 'credentials.get'> {
  const { store } = workshop
  return {
    async 'credentials.list'(caller, input) {
      const owners =
        input.owner === undefined ? undefined : [formatOwner(await findOwner(workshop, caller, input.owner))]
      const others = await othersThatExist(workshop, caller, input, owners)
      const list = input.order === 'tried' ? listTried : listSeen
      return { ...(await list(workshop, caller, input, owners)), others }
    },
    async 'credentials.get'(caller, { id }) {
      const row = await findCredential(store, caller, id)
      mustSee(caller, row, await isAttached(store, caller, row))
      const [details] = await detailsOf(workshop, caller, [row])
      if (details === undefined || seesNameOnly(caller, row))
        return { ...credentialView(caller, row), may: mayDo(caller, row) }
      return { ...details, users: await usersOf(workshop, caller, row) }
    },
  }
}

// These as they are shown to this caller, who may see them, with what is known beside their rows.
async function detailsOf(
  { store, now }: Workshop,
  caller: Caller,
  rows: readonly CredentialRow[],
): Promise<CredentialDetails[]> {
  const whole = rows.filter((row) => !seesNameOnly(caller, row))
  const ids = whole.map(({ id }) => id)
  const uses = await store.uses.of(caller.organizationId, ids, now())
  const grants = await store.grants.list(caller.organizationId, ids)
  const grantOf = new Map(grants.map((grant) => [grant.credentialId, grant]))
  const views: CredentialDetails[] = []
  for (const row of rows) {
    const view = { ...credentialView(caller, row), may: mayDo(caller, row) }
    const use = uses[row.id]
    if (use === undefined) views.push(view)
    else views.push({ ...view, ...moreOf(row, use, await endOf(store, row, grantOf.get(row.id))) })
  }
  return views
}

function moreOf(row: CredentialRow, use: Use, end: End | null): Partial<CredentialDetails> {
  const { leases, runs, agents } = use
  const { email, plan } = row.shown
  return {
    account: email === undefined && plan === undefined ? null : { email: email ?? null, plan: plan ?? null },
    endsAt: rfc3339OrNull(end?.at ?? null),
    endsEstimated: end?.estimated ?? false,
    lastUsedAt: rfc3339OrNull(use.lastUsedAt),
    usedBy: { leases, runs, agents },
    position: row.position,
  }
}

function mayDo(caller: Caller, { owner }: CredentialRow): CredentialDetails['may'] {
  const of = parseOwner(owner)
  return { manage: mayCredential(caller, 'manage', of), use: mayCredential(caller, 'use', of) }
}

// Leases of runs that are looked at for those that are under way.
const SERVED_AT_MOST = 100
const USERS_AT_MOST = 20

async function usersOf({ store }: Workshop, caller: Caller, row: CredentialRow) {
  const { organizationId } = caller
  const served = await store.uses.served(organizationId, row.id, { limit: SERVED_AT_MOST })
  const ids = new Set(served.filter(({ endedAt }) => endedAt === null).map(({ runId }) => runId))
  const runs: NonNullable<Output<'credentials.get'>['users']>['runs'] = []
  for (const id of [...ids].slice(0, USERS_AT_MOST)) {
    const run = await store.runs.get(organizationId, id)
    const sight = run === undefined ? null : sightOf(caller, run)
    if (run === undefined || sight === null) continue
    const title = sight === 'all' ? titleOf(run) : ''
    runs.push({ id, title, state: run.run.state, for: run.subjectName })
  }
  const attachments = await store.attachments.ofCredential(organizationId, row.id)
  return { runs, agents: attachments.map(({ agent }) => agent) }
}

// As resolution does: those that were put in an order, then by the order of types, then by name.
async function listTried(
  { store, ...rest }: Workshop,
  caller: Caller,
  { harness, type, state, name, search, after, limit }: Parameters<Control['credentials.list']>[1],
  owners: OwnerText[] | undefined,
) {
  const filters = [type, state, name, search].filter((one) => one !== undefined)
  if (owners === undefined || harness === undefined || harness === 'raw' || filters.length > 0)
    throw new ClavigerError('invalid', 'They are tried in the order of one owner and one harness.', {
      hint: 'Name an owner and a harness, and no other filter.',
    })
  const { organizationId } = caller
  const candidates = await store.credentials.candidates(organizationId, harness, owners)
  const tried = candidates.filter((row) => row.type !== 'raw').toSorted(asTried)
  const from = after === undefined ? 0 : tried.findIndex(({ id }) => id === after) + 1
  const rows: CredentialRow[] = []
  for (const { id } of tried.slice(from)) {
    const row = await store.credentials.get(organizationId, id)
    if (row !== undefined && canSee(caller, row, false)) rows.push(row)
    if (rows.length > limit) break
  }
  const shown = rows.slice(0, limit)
  return {
    credentials: await detailsOf({ store, ...rest }, caller, shown),
    next: rows.length > shown.length ? (shown.at(-1)?.id ?? null) : null,
  }
}

const LAST = Number.POSITIVE_INFINITY

function asTried(a: CandidateRow, b: CandidateRow): number {
  if (a.position !== b.position) return (a.position ?? LAST) - (b.position ?? LAST)
  const byType = CREDENTIAL_TYPES[a.type].order - CREDENTIAL_TYPES[b.type].order
  return byType !== 0 ? byType : a.name < b.name ? -1 : 1
}

// Rows that are read at a time.
const PAGE = 100

/** A page of those that this caller sees. */
export async function listSeen(
  workshop: Workshop,
  caller: Caller,
  input: Omit<Parameters<Control['credentials.list']>[1], 'owner' | 'order'>,
  owners: string[] | undefined,
) {
  const { harness, type, state, name, search } = input
  const visible = owners ?? workshop.resolution.visibleOwners(caller)
  const filter: CredentialFilter = {
    ...(visible && { owners: visible }),
    ...(owners === undefined && caller.agent !== null && { attachedTo: caller.agent }),
    ...(harness && { harness }),
    ...(type && { type }),
    ...(state && { state }),
    ...(name !== undefined && { name }),
    ...(search !== undefined && { search }),
  }
  const attached = await attachedTo(workshop, caller)
  // What is not shown of it is not found by either.
  const isFound = (row: CredentialRow) =>
    search === undefined ||
    !seesNameOnly(caller, row) ||
    row.name.toLowerCase().includes(search.toLowerCase())
  const isSeen = (row: CredentialRow) =>
    isFound(row) && canSee(caller, row, attached.has(row.id) && isAttachable(parseOwner(row.owner)))
  // One more than asked for, of those that are seen: that there are others shows nowhere, not even in how the list goes on.
  const seen: CredentialRow[] = []
  const limit = Math.max(input.limit + 1, PAGE)
  for (let { after } = input; seen.length <= input.limit; ) {
    const page = { limit, ...(after !== undefined && { after }) }
    const rows = await workshop.store.credentials.list(caller.organizationId, filter, page)
    seen.push(...rows.filter(isSeen))
    after = rows.at(-1)?.id
    if (rows.length < limit) break
  }
  const shown = seen.slice(0, input.limit)
  return {
    credentials: await detailsOf(workshop, caller, shown),
    next: seen.length > shown.length ? (shown.at(-1)?.id ?? null) : null,
  }
}

const SOMEBODY_ELSE: Owner = { kind: 'user', id: '' }

// Of others' personal credentials some may know that they exist, and nothing more: not even whether a filter fits them.
async function othersThatExist(
  { store }: Workshop,
  caller: Caller,
  { harness, type, state, name, search, after }: Parameters<Control['credentials.list']>[1],
  owners: readonly OwnerText[] | undefined,
) {
  if ([harness, type, state, name, search, after].some((filter) => filter !== undefined)) return []
  if (!mayCredential(caller, 'exists', SOMEBODY_ELSE)) return []
  const counted = await store.holdings.countOwned(caller.organizationId, 'user')
  return Object.entries(counted)
    .filter(([text]) => {
      const owner = parseOwner(text)
      const only = mayCredential(caller, 'exists', owner) && !mayCredential(caller, 'describe', owner)
      return only && (owners?.includes(text) ?? true)
    })
    .map(([owner, count]) => ({ owner, count }))
    .sort((a, b) => (a.owner < b.owner ? -1 : 1))
}

// Ids of what is attached to the agent that the caller runs as.
async function attachedTo({ store }: Workshop, { organizationId, agent }: Caller): Promise<Set<string>> {
  const rows = agent === null ? [] : await store.attachments.ofAgent(organizationId, agent)
  return new Set(rows.map((row) => row.credentialId))
}
