// Storing and deleting credentials.

import type { CredentialView } from '../../api/schemas.ts'
import type { Caller } from '../../domain/caller.ts'
import { counted } from '../../domain/counted.ts'
import { CREDENTIAL_TYPES } from '../../domain/credential-types.ts'
import { ClavigerError } from '../../domain/errors.ts'
import { formatOwner, type Owner } from '../../domain/owner.ts'
import { checkEntered, checkFields } from '../../domain/values.ts'
import { newId } from '../../lib/id.ts'
import type { CredentialRow, StoreGroups } from '../../store/store.ts'
import { findCredential, findOwner, isAttached, manage, mustStand, nameTaken, storeFor } from '../find.ts'
import { type Authorize, keyContext, mustSeeWhole } from '../guard.ts'
import { attachmentTo } from '../machines/attachments.ts'
import { acceptNotice, mustFitPolicy } from '../settings/rules.ts'
import type { Control } from '../use-case.ts'
import { credentialView } from '../views.ts'
import type { Workshop } from '../workshop.ts'
import { nameFor } from './naming.ts'
import { stateOfNew, testedView } from './probing.ts'
import { type Content, sealVersion } from './sealing.ts'

type CredentialUseCases = Pick<
  Control,
  'credentials.create' | 'credentials.references' | 'credentials.delete'
>

type Create = Parameters<Control['credentials.create']>[1]

export function createCredentialUseCases(workshop: Workshop): CredentialUseCases {
  const { store, guard } = workshop
  return {
    'credentials.create': (caller, input) => create(workshop, caller, input),
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

async function create(workshop: Workshop, caller: Caller, asked: Create) {
  const input = { ...asked, name: nameFor(workshop, asked.type, asked.name) }
  const { guard, probing } = workshop
  const owner = await findOwner(workshop, caller, input.owner)
  if (CREDENTIAL_TYPES[input.type].entry === 'sign-in') {
    throw new ClavigerError(
      'invalid',
      `A ${input.type} credential is made by signing in, not by entering values.`,
      {
        hint: `Sign in: claviger credential create ${input.type.replace('/', ' ')} NAME`,
      },
    )
  }
  checkEntered(input.type, input.fields)
  const checked = checkFields(input.type, input.name, input.fields)
  const content = { ...checked, suffix: checked.suffix ?? '' }
  if (input.test) {
    const row = newRow(workshop, caller, owner, input, content)
    await guard.perform(caller, (unit, authorize) =>
      admit(unit, authorize, 'credential.test-new', row, input),
    )
  }
  const found = await probing.tryOut(input.type, content.values, input)
  const stored = await storeNew(workshop, caller, owner, input, content, stateOfNew(found))
  return { ...stored, tested: testedView(found) }
}

type Named = Pick<Create, 'type' | 'name' | 'description' | 'acceptNotice'>

/** How it has come here; `also` is done in the unit that stores it. */
export interface Coming {
  readonly action: string
  readonly note: string
  readonly also?: (unit: StoreGroups, id: string) => Promise<void>
}

/** Stores a new credential of checked fields. */
export function storeNew(
  workshop: Workshop,
  caller: Caller,
  owner: Owner,
  input: Named,
  content: Content,
  state: ReturnType<typeof stateOfNew> & Partial<Pick<CredentialRow, 'expiresAt'>> = stateOfNew(null),
  { action, note, also }: Coming = { action: 'credential.create', note: 'created' },
): Promise<CredentialView> {
  const row = { ...newRow(workshop, caller, owner, input, content), ...state }
  return workshop.guard.perform(caller, async (unit, authorize) => {
    await admit(unit, authorize, action, row, input)
    await mustStand(workshop.identity, unit, caller, owner)
    const keyed = { ...row, wrappedKey: workshop.vault.createKey(keyContext(row)) }
    await insertNamed(unit, keyed)
    await also?.(unit, row.id)
    await unit.versions.insert(
      sealVersion(workshop.vault, keyed, content, {
        version: 1,
        note,
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
