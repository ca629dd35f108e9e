// Values that somebody enters, or that the environment has: asked about at their provider before they are stored. What was
// stored under the same name and is of the same type gets the new value, so that the same command can be repeated.

import type { CredentialView } from '../../api/schemas.ts'
import { CREDENTIAL_TYPES, type CredentialType } from '../../domain/credential-types.ts'
import { ClavigerError } from '../../domain/errors.ts'
import { formatOwner } from '../../domain/owner.ts'
import { checkFields } from '../../domain/values.ts'
import { givenFields, settlePolicy } from '../credential/create.ts'
import { shortly } from '../credential/describe.ts'
import { askedFields, enterFields } from '../credential/entry.ts'
import { offerSetupToken } from '../credential/setup-token.ts'
import { self } from '../owner-flags.ts'
import { fieldsToSend } from '../secrets.ts'
import { cancelled } from '../ui.ts'
import { fieldsInEnvironment, variableOf } from './looking.ts'
import type { OnboardOptions } from './options.ts'
import { freeName, ownAccounts, type Place, standardName, wholeName } from './place.ts'

/** Where a value goes: into an account that is there, or a new one of this name. */
interface Target {
  readonly name: string
  readonly there: CredentialView | null
}

/** Everything is checked before the value is asked for. */
export async function enter(
  place: Place,
  type: CredentialType,
  options: OnboardOptions,
): Promise<CredentialView> {
  const { context, client, who } = place
  const { valueFile } = options
  const target = await targetOf(place, type, options)
  const given = givenFields(type, target.name, options)
  const acceptNotice = await settlePolicy(context, client, type, self(who), options.acceptNotice === true)
  if (type === 'claude/setup-token' && valueFile === undefined) await offerSetupToken(context)
  const fields = askedFields(type, given)
  const entered = await enterFields(context, { type, name: target.name, fields, keeps: false, valueFile })
  return store(place, { type, target, acceptNotice, entered: { ...given, ...entered } }, options)
}

export async function takeFromEnvironment(
  place: Place,
  type: CredentialType,
  options: OnboardOptions,
): Promise<CredentialView> {
  const { context, client, who } = place
  const target = await targetOf(place, type, options)
  const acceptNotice = await settlePolicy(context, client, type, self(who), options.acceptNotice === true)
  const given = givenFields(type, target.name, options)
  const entered = { ...fieldsInEnvironment(context.dependencies.env, type), ...given }
  const stored = await store(place, { type, target, acceptNotice, entered }, options)
  context.ui.note(
    `The value is in ${variableOf(type)} as well. It is set aside for what is run with an account of here; without it there is one place less where it can be read.`,
  )
  return stored
}

async function targetOf(place: Place, type: CredentialType, options: OnboardOptions): Promise<Target> {
  const name = options.name === undefined ? undefined : wholeName(place, type, options.name)
  const standard = standardName(place, type)
  const own = await ownAccounts(place)
  const isStandard = (one: string) => one === standard || /^-\d+$/.test(one.slice(standard.length))
  const there = own.find((one) =>
    name === undefined ? isStandard(one.name) && one.type === type : one.name === name,
  )
  if (there !== undefined && there.type !== type)
    throw new ClavigerError('conflict', `${there.name} is there already, and it is ${there.type}.`, {
      hint: 'Choose another name: --name NAME',
    })
  const isReplaced = there !== undefined && (await wantsReplacement(place, there, name))
  if (isReplaced) return { name: there.name, there }
  return { name: name ?? (await freeName(place, standard)), there: null }
}

// Whoever named it, or cannot be asked, means that one.
async function wantsReplacement(
  { context: { ui } }: Place,
  there: CredentialView,
  named: string | undefined,
): Promise<boolean> {
  if (named !== undefined || !ui.interactive) return true
  const answer = await ui.choose(`${there.name} (…${there.suffix ?? ''}) is there already.`, [
    { value: 'replace', label: 'Give it a new value' },
    { value: 'beside', label: 'Store another one beside it' },
  ])
  return answer === 'replace'
}

interface Entered {
  readonly type: CredentialType
  readonly target: Target
  readonly acceptNotice: boolean
  readonly entered: Readonly<Record<string, string>>
}

async function store(
  { context: { ui }, client, who }: Place,
  { type, target, acceptNotice, entered }: Entered,
  options: OnboardOptions,
): Promise<CredentialView> {
  const fields = fieldsToSend(checkFields(type, target.name, entered).values)
  const send = (test: boolean): Promise<CredentialView> =>
    target.there === null
      ? client.call('credentials.create', {
          ...{ type, name: target.name, owner: formatOwner(self(who)), description: '' },
          ...{ acceptNotice, fields, test },
        })
      : client.call('credentials.update', { id: target.there.id, fields, clear: [], test })
  ui.progress(`asking about the ${CREDENTIAL_TYPES[type].title} …`)
  const stored = await send(options.try !== 'no').catch(async (thrown: unknown) => {
    ui.progress('')
    if (!(thrown instanceof ClavigerError)) throw thrown
    if (thrown.code === 'upstream' && ui.interactive) return storeUntried(thrown, () => send(false))
    throw withoutTest(thrown)
  })
  ui.progress('')
  const what = shortly(stored, who)
  ui.note(target.there === null ? `Stored ${what}.` : `Gave ${what} a new value.`)
  return stored

  async function storeUntried({ message }: ClavigerError, storeIt: () => Promise<CredentialView>) {
    ui.note(message)
    const answer = await ui.choose('Its provider could not say whether it works. Store it all the same?', [
      { value: 'no', label: 'No' },
      { value: 'yes', label: 'Yes' },
    ])
    if (answer === 'no') throw cancelled()
    return storeIt()
  }
}

// The hint of the server names an option of other verbs.
function withoutTest(error: ClavigerError): ClavigerError {
  if (error.code !== 'upstream' && error.code !== 'rejected') return error
  const hint =
    error.code === 'upstream'
      ? 'Nothing was stored. Try again later; --try no stores it without asking.'
      : 'Nothing was stored. Check the value, or take another one.'
  return new ClavigerError(error.code, error.message, { hint, cause: error })
}
