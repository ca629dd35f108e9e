// Storing, seeing and deleting credentials.

import type { CredentialView } from '../../api/schemas.ts'
import { type Caller, mayCredential } from '../../domain/caller.ts'
import { counted } from '../../domain/counted.ts'
import { CREDENTIAL_TYPES } from '../../domain/credential-types.ts'
import { ClavigerError } from '../../domain/errors.ts'
import { checkName } from '../../domain/names.ts'
import { formatOwner, type Owner, type OwnerText, parseOwner } from '../../domain/owner.ts'
import { isAttachable } from '../../domain/resolution/resolve.ts'
import { checkFields } from '../../domain/values.ts'
import { newId } from '../../lib/id.ts'
import type { CredentialFilter, CredentialRow, StoreGroups } from '../../store/store.ts'
import { findCredential, findOwner, isAttached, manage, mustStand, nameTaken, storeFor } from '../find.ts'
import { type Authorize, canSee, keyContext, mustSee, mustSeeWhole } from '../guard.ts'
import { attachmentTo } from '../machines/attachments.ts'
import { acceptNotice, mustFitPolicy } from '../settings/rules.ts'
import type { Control } from '../use-case.ts'
import { credentialView, rfc3339OrNull } from '../views.ts'
import type { Workshop } from '../workshop.ts'
import { type Content, sealVersion } from './sealing.ts'

type CredentialUseCases = Pick<
  Control,
  | 'credentials.create'
  | 'credentials.list'
  | 'credentials.get'
  | 'credentials.references'
  | 'credentials.delete'
>

type Create = Parameters<Control['credentials.create']>[1]

export function createCredentialUseCases(workshop: Workshop): CredentialUseCases {
  const { store, guard } = workshop
  return {
    'credentials.create': (caller, input) => create(workshop, caller, input),
    async 'credentials.list'(caller, input) {
      const owners =
        input.owner === undefined ? undefined : [formatOwner(await findOwner(workshop, caller, input.owner))]
      const others = await othersThatExist(workshop, caller, input, owners)
      return { ...(await list(workshop, caller, input, owners)), others }
    },
    async 'credentials.get'(caller, { id }) {
      const row = await findCredential(store, caller, id)
      mustSee(caller, row, await isAttached(store, caller, row))
      const view = credentialView(caller, row)
      if (view.expiresAt === undefined) return view
      const grant = await store.grants.get(id)
      return { ...view, endsAt: rfc3339OrNull(grant?.grant.endsAt ?? null) }
    },
    async 'credentials.references'(caller, { id }) {
      const row = await findCredential(store, caller, id)
      mustSeeWhole(caller, row, await isAttached(store, caller, row))
      return { references: await referencesTo(store, row, workshop.now()) }
    },
    'credentials.delete': (caller, { id }) =>
      guard.perform(caller, async (unit, authorize) => {
        const row = await findCredential(unit, caller, id)
        await authorize(await manage(unit, caller, 'credential.delete', row))
        const cleared = await referencesTo(unit, row, workshop.now())
        await unit.leases.endAllOf(row.id, workshop.now(), 'the credential was deleted')
        await unit.credentials.delete(caller.organizationId, row.id)
        await unit.signals.send('holders', row.id)
        return { cleared }
      }),
  }
}

async function create(workshop: Workshop, caller: Caller, input: Create) {
  const { guard, probing } = workshop
  const owner = await findOwner(workshop, caller, input.owner)
  checkName(input.name)
  if (CREDENTIAL_TYPES[input.type].entry === 'sign-in') {
    throw new ClavigerError(
      'invalid',
      `A ${input.type} credential is made by signing in, not by entering values.`,
      {
        hint: `Sign in: claviger credential create ${input.type.replace('/', ' ')} NAME`,
      },
    )
  }
  const checked = checkFields(input.type, input.name, input.fields)
  const content = { ...checked, suffix: checked.suffix ?? '' }
  if (input.test) {
    const row = newRow(workshop, caller, owner, input, content)
    await guard.perform(caller, (unit, authorize) =>
      admit(unit, authorize, 'credential.test-new', row, input),
    )
    await probing.mustWork(input.type, content.values)
  }
  return storeNew(workshop, caller, owner, input, content)
}

type Named = Pick<Create, 'type' | 'name' | 'description' | 'acceptNotice'>

/** Stores a new credential of checked fields. */
export function storeNew(
  workshop: Workshop,
  caller: Caller,
  owner: Owner,
  input: Named,
  content: Content,
): Promise<CredentialView> {
  const row = newRow(workshop, caller, owner, input, content)
  return workshop.guard.perform(caller, async (unit, authorize) => {
    await admit(unit, authorize, 'credential.create', row, input)
    await mustStand(workshop.identity, unit, caller, owner)
    const keyed = { ...row, wrappedKey: workshop.vault.createKey(keyContext(row)) }
    await insertNamed(unit, keyed)
    await unit.versions.insert(
      sealVersion(workshop.vault, keyed, content, {
        version: 1,
        note: 'created',
        createdAt: row.createdAt,
        createdBy: caller.name,
      }),
    )
    if (input.acceptNotice) await acceptNotice(unit, caller, input.type, row.createdAt)
    await unit.signals.send('grants', row.id)
    return credentialView(caller, keyed)
  })
}

async function admit(
  unit: StoreGroups,
  authorize: Authorize,
  action: string,
  row: Omit<CredentialRow, 'wrappedKey'>,
  { acceptNotice: accepted }: Pick<Create, 'acceptNotice'>,
): Promise<void> {
  const act = storeFor(action, row)
  await authorize(act)
  const subscription = { type: row.type, owner: row.owner, accepted }
  await mustFitPolicy(unit, authorize, row.organizationId, act, subscription)
}

function newRow(
  workshop: Workshop,
  caller: Caller,
  owner: Owner,
  input: Named,
  content: Content,
): Omit<CredentialRow, 'wrappedKey'> {
  const now = workshop.now()
  const place = {
    organizationId: caller.organizationId,
    id: newId('cred'),
    owner: formatOwner(owner),
    type: input.type,
    name: input.name,
    version: 1,
  }
  return {
    ...place,
    suffix: content.suffix,
    shown: content.shown,
    harness: CREDENTIAL_TYPES[input.type].harness ?? 'raw',
    description: input.description,
    revision: 1,
    position: null,
    state: 'ok',
    stateReason: '',
    stateUntil: null,
    expiresAt: null,
    createdAt: now,
    createdBy: caller.name,
    updatedAt: now,
  }
}

async function insertNamed(unit: StoreGroups, row: CredentialRow): Promise<void> {
  try {
    await unit.credentials.insert(row)
  } catch (thrown) {
    throw thrown instanceof ClavigerError && thrown.code === 'conflict' ? nameTaken(row.name) : thrown
  }
}

// Rows that are read at a time.
const PAGE = 100

async function list(
  workshop: Workshop,
  caller: Caller,
  input: Parameters<Control['credentials.list']>[1],
  owners: string[] | undefined,
) {
  const { harness, type, state, name } = input
  const visible = owners ?? workshop.resolution.visibleOwners(caller)
  const filter: CredentialFilter = {
    ...(visible && { owners: visible }),
    ...(owners === undefined && caller.agent !== null && { attachedTo: caller.agent }),
    ...(harness && { harness }),
    ...(type && { type }),
    ...(state && { state }),
    ...(name !== undefined && { name }),
  }
  const attached = await attachedTo(workshop, caller)
  const isSeen = (row: CredentialRow) =>
    canSee(caller, row, attached.has(row.id) && isAttachable(parseOwner(row.owner)))
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
    credentials: shown.map((row) => credentialView(caller, row)),
    next: seen.length > shown.length ? (shown.at(-1)?.id ?? null) : null,
  }
}

const SOMEBODY_ELSE: Owner = { kind: 'user', id: '' }

// Of others' personal credentials some may know that they exist, and nothing more: not even whether a filter fits them.
async function othersThatExist(
  { store }: Workshop,
  caller: Caller,
  { harness, type, state, name, after }: Parameters<Control['credentials.list']>[1],
  owners: readonly OwnerText[] | undefined,
) {
  if ([harness, type, state, name, after].some((filter) => filter !== undefined)) return []
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

async function referencesTo(
  unit: Pick<StoreGroups, 'leases' | 'attachments'>,
  row: CredentialRow,
  now: number,
): Promise<string[]> {
  const running = await unit.leases.countRunning(row.id, now)
  const attachments = await unit.attachments.ofCredential(row.organizationId, row.id)
  return [
    ...(row.position === null ? [] : [`place ${row.position + 1} in the order of ${row.owner}`]),
    ...attachments.map(attachmentTo),
    ...(running === 0 ? [] : [counted(running, 'running lease')]),
  ]
}
