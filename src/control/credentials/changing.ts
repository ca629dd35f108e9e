// Changing a credential's value or description, and asking its provider whether it works.

import type { Caller } from '../../domain/caller.ts'
import { CREDENTIAL_TYPES, enteredFields, isRenewed, signInWords } from '../../domain/credential-types.ts'
import { ClavigerError } from '../../domain/errors.ts'
import { printable } from '../../domain/names.ts'
import { type CheckedFields, checkEntered, checkSomeFields, type FieldValues } from '../../domain/values.ts'
import type { CredentialRow } from '../../store/store.ts'
import { changedMeanwhile, findCredential, manage } from '../find.ts'
import { mustStay } from '../moving/leaving.ts'
import type { Control } from '../use-case.ts'
import { credentialView } from '../views.ts'
import type { Workshop } from '../workshop.ts'
import { stateAfter, stateOfNew, testedView } from './probing.ts'
import { activation, type Content, keptFields, sealedVersion, sealVersion, VERSIONS_KEPT } from './sealing.ts'
import { testLogin } from './testing-logins.ts'

type Update = Parameters<Control['credentials.update']>[1]

export function createChangeUseCases(
  workshop: Workshop,
): Pick<Control, 'credentials.update' | 'credentials.test'> {
  return {
    'credentials.update': (caller, input) => update(workshop, caller, input),
    'credentials.test': (caller, { id }) => test(workshop, caller, id),
  }
}

async function update(workshop: Workshop, caller: Caller, input: Update) {
  const { store, guard, probing } = workshop
  const row = await findCredential(store, caller, input.id)
  // First: what is wrong with the request would tell a stranger that the credential exists, and of what type it is.
  await guard.check(caller, await manage(store, caller, 'credential.update', row))
  const isEmpty = Object.keys(input.fields ?? {}).length === 0 && input.clear.length === 0
  if (isEmpty && input.description === undefined) {
    throw new ClavigerError('invalid', 'There is nothing to change.', {
      hint: 'Give a new value (--value) or a --description.',
    })
  }
  if (Object.keys(input.fields ?? {}).length + input.clear.length > 0) mustBeTyped(row)
  checkEntered(row.type, input.fields ?? {})
  const given = checkSomeFields(row.type, row.name, input.fields ?? {})
  checkCleared(row, input.clear, given.values)
  const changed = [...Object.keys(given.values), ...input.clear.map((name) => `${name} removed`)]
  const content = changed.length === 0 ? null : await completed(workshop, caller, row, given, input.clear)
  if (content !== null && input.test) {
    await guard.perform(caller, async (unit, authorize) =>
      authorize(await manage(unit, caller, 'credential.test-new', row)),
    )
  }
  const found = content === null ? null : await probing.tryOut(row.type, content.values, input)
  const what = [...changed, ...(input.description === undefined ? [] : ['description'])].join(', ')
  const change = { content, what, description: input.description, state: stateOfNew(found) }
  return { ...(await write(workshop, caller, row, change)), tested: testedView(found) }
}

/** Throws `invalid` for a login: a value from anywhere else would be somebody's second copy of it. */
export function mustBeTyped(row: Pick<CredentialRow, 'type' | 'name' | 'expiresAt' | 'shown'>): void {
  if (CREDENTIAL_TYPES[row.type].entry === 'typed' && !isRenewed(row)) return
  throw new ClavigerError('invalid', `${row.name} is a login: it gets a new value by signing in only.`, {
    hint: `Sign in again: ${signInWords(row)}`,
  })
}

function checkCleared(row: CredentialRow, cleared: readonly string[], given: FieldValues): void {
  const optional = enteredFields(row.type)
    .filter((field) => !field.required)
    .map(({ name }) => name)
  for (const name of cleared) {
    if (!optional.includes(name) || given[name] !== undefined) {
      const what = optional.length === 0 ? 'none of its fields' : `only ${optional.join(', ')}`
      throw new ClavigerError('invalid', `${printable(name)} cannot be removed from ${row.name}.`, {
        hint: `Of a ${row.type} credential ${what} can be removed, and not in the same change as it is set.`,
      })
    }
  }
}

interface Change {
  readonly content: Content | null
  /** Names of what changes. */
  readonly what: string
  readonly description: string | undefined
  /** Of a new value. */
  readonly state: ReturnType<typeof stateOfNew>
}

async function write(
  workshop: Workshop,
  caller: Caller,
  row: CredentialRow,
  { content, what, description, state }: Change,
) {
  const now = workshop.now()
  const version = row.version + 1
  return workshop.guard.perform(caller, async (unit, authorize) => {
    const changed = { changed: what, ...(content !== null && { version }) }
    await authorize(await manage(unit, caller, 'credential.update', row, changed))
    const change = {
      ...(content !== null && { ...activation(workshop.vault, row, content, version, now), ...state }),
      ...(description !== undefined && { description }),
      updatedAt: now,
    }
    if (!(await unit.credentials.update(caller.organizationId, row.id, row.revision, change)))
      throw changedMeanwhile(row.name)
    if (content !== null) {
      const made = { version, note: `changed: ${what}`, createdAt: now, createdBy: caller.name }
      await unit.versions.insert(sealVersion(workshop.vault, row, content, made))
      await unit.versions.prune(row.id, version - VERSIONS_KEPT + 1)
      await unit.signals.send('grants', row.id)
    }
    return credentialView(caller, await findCredential(unit, caller, row.id))
  })
}

// A version is complete: fields that are not given are opened, with their own audit row, and sealed again.
async function completed(
  workshop: Workshop,
  caller: Caller,
  row: CredentialRow,
  given: CheckedFields,
  cleared: readonly string[],
): Promise<Content> {
  const kept = await keptValues(workshop, caller, row, given.values, cleared)
  const shown = Object.entries(row.shown).filter(([name]) => !cleared.includes(name))
  return {
    values: { ...kept, ...given.values },
    shown: { ...Object.fromEntries(shown), ...given.shown },
    suffix: given.suffix ?? row.suffix,
  }
}

async function keptValues(
  workshop: Workshop,
  caller: Caller,
  row: CredentialRow,
  given: FieldValues,
  cleared: readonly string[],
): Promise<FieldValues> {
  const names = keptFields(row, given).filter((name) => !cleared.includes(name))
  if (names.length === 0) return {}
  const { opened } = await workshop.guard.release(caller, async (unit, authorize) => {
    await authorize(await manage(unit, caller, 'credential.reseal', row, { kept: names.join(', ') }))
    const sealed = await sealedVersion(unit, row)
    return { result: null, open: [{ ...sealed, only: names }] }
  })
  return opened[0] ?? {}
}

async function test(workshop: Workshop, caller: Caller, id: string) {
  const { guard, probing, now } = workshop
  const asked = await findCredential(workshop.store, caller, id)
  const tested = isRenewed(asked) ? await testLogin(workshop, caller, asked) : null
  if (tested !== null) return tested
  const { result: row, opened } = await guard.release(caller, async (unit, authorize) => {
    const found = await findCredential(unit, caller, id)
    await authorize(await manage(unit, caller, 'credential.test', found))
    await mustStay(unit, found)
    probing.mustBeAble(found.type)
    return { result: found, open: [await sealedVersion(unit, found)] }
  })
  const probe = await probing.probe(row.type, opened[0] ?? {})
  // What is renewed has its state from that.
  const after = isRenewed(row) ? row : stateAfter(row, probe)
  if (after.state !== row.state) {
    await guard.perform(caller, async (unit, authorize) => {
      await authorize(
        await manage(unit, caller, 'credential.state', row, { from: row.state, to: after.state }),
      )
      const change = { ...after, updatedAt: now() }
      if (!(await unit.credentials.update(caller.organizationId, row.id, row.revision, change)))
        throw changedMeanwhile(row.name)
      await unit.signals.send('grants', row.id)
    })
  }
  return { ...probe, state: after.state }
}
