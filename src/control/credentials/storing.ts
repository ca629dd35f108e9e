// Storing, seeing and deleting credentials.

import type { Caller } from '../../domain/caller.ts'
import { CREDENTIAL_TYPES } from '../../domain/credential-types.ts'
import { ClavigerError } from '../../domain/errors.ts'
import { checkName } from '../../domain/names.ts'
import { formatOwner, type Owner } from '../../domain/owner.ts'
import { CLAUDE_NOTICE, policyRefusal } from '../../domain/policy.ts'
import { checkFields } from '../../domain/values.ts'
import { newId } from '../../lib/id.ts'
import type { CredentialFilter, CredentialRow, StoreGroups } from '../../store/store.ts'
import { findCredential, findOwner, manage, nameTaken, storeFor } from '../find.ts'
import { canSee, keyContext, mustSee, mustSeeWhole } from '../guard.ts'
import { acceptNotice, policiesFor } from '../resolution.ts'
import type { Control } from '../use-case.ts'
import { credentialView } from '../views.ts'
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
        input.owner === undefined
          ? undefined
          : [formatOwner(await findOwner(workshop.identity, caller, input.owner))]
      return list(workshop, caller, input, owners)
    },
    async 'credentials.get'(caller, { id }) {
      const row = await findCredential(store, caller, id)
      mustSee(caller, row)
      return credentialView(caller, row)
    },
    async 'credentials.references'(caller, { id }) {
      const row = await findCredential(store, caller, id)
      mustSeeWhole(caller, row)
      return { references: await referencesTo(store, row, workshop.now()) }
    },
    'credentials.delete': (caller, { id }) =>
      guard.perform(caller, async (unit, authorize) => {
        const row = await findCredential(unit, caller, id)
        await authorize(manage('credential.delete', row))
        const cleared = await referencesTo(unit, row, workshop.now())
        await unit.leases.endAllOf(row.id, workshop.now(), 'the credential was deleted')
        await unit.credentials.delete(caller.organizationId, row.id)
        return { cleared }
      }),
  }
}

async function create(workshop: Workshop, caller: Caller, input: Create) {
  const { guard, probing, identity } = workshop
  const owner = await findOwner(identity, caller, input.owner)
  checkName(input.name)
  if (CREDENTIAL_TYPES[input.type].entry === 'sign-in') {
    throw new ClavigerError(
      'invalid',
      `A ${input.type} credential is made by signing in, not by entering values.`,
      {
        hint: 'Store an API key, an access token or a setup token.',
      },
    )
  }
  const checked = checkFields(input.type, input.name, input.fields)
  const content = { ...checked, suffix: checked.suffix ?? '' }
  const row = newRow(workshop, caller, owner, input, content)
  const act = (action: string) => storeFor(action, row)
  await checkPolicy(workshop, caller, owner, input)
  if (input.test) {
    await guard.perform(caller, (_, authorize) => authorize(act('credential.test-new')))
    await probing.mustWork(input.type, content.values)
  }
  return guard.perform(caller, async (unit, authorize) => {
    await authorize(act('credential.create'))
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
    return credentialView(caller, keyed)
  })
}

function newRow(
  workshop: Workshop,
  caller: Caller,
  owner: Owner,
  input: Create,
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
    createdAt: now,
    createdBy: caller.name,
    updatedAt: now,
  }
}

async function checkPolicy(workshop: Workshop, caller: Caller, owner: Owner, input: Create): Promise<void> {
  const policies = await policiesFor(
    workshop.store,
    caller.organizationId,
    caller.kind === 'person' ? caller.id : null,
  )
  const accepted =
    input.acceptNotice && policies.claude === 'off' ? { ...policies, claude: 'owner' as const } : policies
  const reason = policyRefusal(input.type, owner, accepted)
  if (reason === null) return
  throw new ClavigerError('forbidden', `This credential is not allowed here: ${reason}. ${CLAUDE_NOTICE}`, {
    hint: 'To store your own, for your own runs only, say so: --personal --accept-notice.',
  })
}

async function insertNamed(unit: StoreGroups, row: CredentialRow): Promise<void> {
  try {
    await unit.credentials.insert(row)
  } catch (thrown) {
    throw thrown instanceof ClavigerError && thrown.code === 'conflict' ? nameTaken(row.name) : thrown
  }
}

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
    ...(harness && { harness }),
    ...(type && { type }),
    ...(state && { state }),
    ...(name !== undefined && { name }),
  }
  const page = { limit: input.limit, ...(input.after !== undefined && { after: input.after }) }
  const rows = await workshop.store.credentials.list(caller.organizationId, filter, page)
  const seen = rows.filter((row) => canSee(caller, row))
  return {
    credentials: seen.map((row) => credentialView(caller, row)),
    next: rows.length < page.limit ? null : (rows.at(-1)?.id ?? null),
  }
}

async function referencesTo(
  unit: Pick<StoreGroups, 'leases'>,
  row: CredentialRow,
  now: number,
): Promise<string[]> {
  const running = await unit.leases.countRunning(row.id, now)
  return [
    ...(row.position === null ? [] : [`place ${row.position + 1} in the order of ${row.owner}`]),
    ...(running === 0 ? [] : [`${running} running ${running === 1 ? 'lease' : 'leases'}`]),
  ]
}
