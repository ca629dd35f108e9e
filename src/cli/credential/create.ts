// `credential create`: everything is checked before the value is asked for.

import type { Client } from '../../client/client.ts'
import { mayCredential } from '../../domain/caller.ts'
import {
  CREDENTIAL_TYPE_NAMES,
  CREDENTIAL_TYPES,
  type CredentialType,
  type CredentialTypeDefinition,
  isCredentialType,
} from '../../domain/credential-types.ts'
import { ClavigerError } from '../../domain/errors.ts'
import { HARNESSES, type HarnessName } from '../../domain/harness-names.ts'
import { checkNameOrProfile, checkVariableName, printable } from '../../domain/names.ts'
import { formatOwner, type Owner } from '../../domain/owner.ts'
import { NOTICE, policiesOf, policyError } from '../../domain/resolution/policy.ts'
import { checkFields, checkSomeFields } from '../../domain/values.ts'
import { connect } from '../connection.ts'
import type { Context } from '../context.ts'
import { listCredentials, mustManage } from '../find-credential.ts'
import { warnOfTwins, withAccount } from '../logins/say.ts'
import { methodOf, signIn } from '../logins/sign-in.ts'
import { localHint } from '../models/local-words.ts'
import {
  callerOf,
  type OwnerFlags,
  ownerOf,
  ownerTitle,
  self,
  takeNames,
  type WhoAmI,
} from '../owner-flags.ts'
import { fieldsToSend } from '../secrets.ts'
import { shortly } from './describe.ts'
import { askedFields, enterFields } from './entry.ts'
import { offerSetupToken } from './setup-token.ts'

export interface CreateOptions extends OwnerFlags {
  readonly description?: string
  readonly valueFile?: string
  readonly test?: boolean
  readonly acceptNotice?: boolean
  /** Of the generic form `create NAME --type T`. */
  readonly type?: string
  readonly baseUrl?: string
  readonly region?: string
  /** Of types that are made by signing in. */
  readonly method?: string
  readonly browser?: boolean
}

const MAX_DESCRIPTION = 1000

/** `create NAME [--type T]`, Oz's generic form: a raw secret unless a type is named. */
export async function run(
  context: Context,
  options: CreateOptions,
  words: readonly string[],
): Promise<number> {
  const { type = 'raw', ...rest } = options
  const [first = '', ...others] = words
  if (others.length > 0) {
    throw new ClavigerError('invalid', `There is no harness "${printable(first)}".`, {
      hint: `Type: claviger credential create ${HARNESSES.join('|')} KIND NAME, or create raw NAME`,
    })
  }
  return create(typeNamed(type), context, rest, words)
}

/** `create HARNESS KIND NAME`. */
export async function create(
  type: CredentialType,
  context: Context,
  options: CreateOptions,
  words: readonly string[],
): Promise<number> {
  if (options.type !== undefined) {
    throw new ClavigerError('invalid', `The type is ${type} already; --type is for the form without it.`, {
      hint: 'Leave out --type.',
    })
  }
  const { names, flags } = takeNames(options, words, ['NAME'])
  const [name = ''] = names
  const given = givenFields(type, name, flags)
  checkDescription(flags.description)
  checkNameOrProfile(name)
  if (type === 'raw') checkVariableName(name)
  if (type === 'codex/oauth' || type === 'claude/oauth') methodOf(type, flags)
  const { client } = await connect(context)
  const who = await client.call('whoami', {})
  const owner = ownerOf(flags, who) ?? self(who)
  mustManage(who, owner)
  await mustBeFree(client, name, owner, who)
  const accepted = flags.acceptNotice === true
  const place = { owner: formatOwner(owner), name, description: flags.description ?? '' }
  if (type === 'codex/oauth' || type === 'claude/oauth') {
    const acceptNotice = await settlePolicy(context, client, type, owner, accepted)
    const login = await signIn(context, client, { type, ...place, acceptNotice }, flags)
    context.ui.answer({ ...login.credential, twins: login.twins }, () => [
      `Created ${withAccount(login.credential, who)}.`,
    ])
    warnOfTwins(context, login.twins, who)
    return 0
  }
  const wanted = { type, name, given, valueFile: flags.valueFile, owner, accepted }
  const entered = await enterAllowed(context, client, wanted)
  const created = await client.call('credentials.create', {
    ...{ type, ...place, ...entered },
    test: flags.test === true,
  })
  context.ui.answer(created, () => [`Created ${shortly(created, who)}.`])
  return 0
}

interface Wanted {
  readonly type: CredentialType
  readonly name: string
  /** Fields that were given as flags. */
  readonly given: Readonly<Record<string, string>>
  readonly valueFile: string | undefined
  readonly owner: Owner
  /** The notice was accepted with a flag. */
  readonly accepted: boolean
}

/**
 * The value, and whether the notice is accepted with it. Whether a server allows it is known before the value is asked for. On
 * a machine of one's own what comes without a person is looked at first: a wrong one is not excused by any policy.
 */
export async function enterAllowed(
  context: Context,
  client: Client,
  { type, name, given, valueFile, owner, accepted }: Wanted,
) {
  const enter = async () => {
    if (type === 'claude/setup-token' && valueFile === undefined) await offerSetupToken(context)
    const entry = { type, name, fields: askedFields(type, given), keeps: false, valueFile }
    const entered = await enterFields(context, entry)
    return fieldsToSend(checkFields(type, name, { ...given, ...entered }).values)
  }
  const isGiven = context.dependencies.stdin.isTTY !== true || (valueFile ?? '-') !== '-'
  const early = context.agent !== null && isGiven ? await enter() : null
  const acceptNotice = await settlePolicy(context, client, type, owner, accepted)
  return { acceptNotice, fields: early ?? (await enter()) }
}

/** Throws `invalid` for a description the server would refuse. */
export function checkDescription(text: string | undefined): void {
  if (text === undefined || text.length <= MAX_DESCRIPTION) return
  throw new ClavigerError('invalid', `The description has ${text.length} characters.`, {
    hint: `At most ${MAX_DESCRIPTION} are kept.`,
  })
}

/** The fields that are no secret and were given as flags, checked. */
export function givenFields(
  type: CredentialType,
  name: string,
  { baseUrl, region }: Pick<CreateOptions, 'baseUrl' | 'region'>,
): Record<string, string> {
  const given = { ...(baseUrl !== undefined && { baseUrl }), ...(region !== undefined && { region }) }
  return { ...checkSomeFields(type, name, given).shown }
}

/** Throws `conflict` when the owner has a credential of this name, as far as the caller may know. */
export async function mustBeFree(client: Client, name: string, owner: Owner, who: WhoAmI): Promise<void> {
  // Who may create for an owner without seeing what is there (nobody, today) learns it from the server.
  if (!mayCredential(callerOf(who), 'describe', owner)) return
  const [taken] = await listCredentials(client, { name, owner: formatOwner(owner) })
  if (!taken) return
  throw new ClavigerError(
    'conflict',
    `${ownerTitle(taken.owner, who)} already has a credential named ${name}.`,
    {
      hint:
        CREDENTIAL_TYPES[taken.type].entry === 'sign-in'
          ? `Sign in for it again: claviger credential login ${name}, or choose another name.`
          : `Change its value with: claviger credential update --value ${name}, or choose another name.`,
    },
  )
}

/**
 * Whether the policy allows it is known before the value is asked for. A person's own Claude subscription is stored only
 * after they have read what the terms say. Returns whether the notice is accepted with this request.
 */
export async function settlePolicy(
  context: Context,
  client: Client,
  type: CredentialType,
  owner: Owner,
  accepted: boolean,
): Promise<boolean> {
  const { ui } = context
  const { subscription, harness }: CredentialTypeDefinition = CREDENTIAL_TYPES[type]
  if (!subscription || harness === null) return accepted
  const { policies } = await client.call('policy.get', {})
  const found = policies.find((one) => one.harness === harness)
  const chosen = found && { [harness]: found.policy }
  const refusal = (noticeAccepted: boolean) =>
    policyError(type, owner, policiesOf({ ...chosen }, noticeAccepted))
  const settled = refusal(accepted || found?.noticeAccepted === true)
  if (settled === null) return accepted
  // What accepting the notice would not change is not asked for.
  if (refusal(true) !== null || !ui.interactive) throw settled
  showNotice(context, harness)
  if (await ui.confirm('Do you accept this?')) return true
  throw new ClavigerError('forbidden', 'The notice was not accepted; nothing was stored.', {
    hint: 'Store an API key or a Bedrock credential instead.',
  })
}

/** Shows what a person reads before a subscription of their own is stored. */
export function showNotice({ ui, agent }: Context, harness: HarnessName): void {
  const notice = NOTICE[harness] ?? ''
  ui.note(agent === null ? notice : localHint(notice, agent))
}

// Oz writes raw-value and anthropic-api-key; ours are raw and claude/api-key. Both are read.
function typeNamed(text: string): CredentialType {
  const ours = text
    .replace(/^raw-value$/, 'raw')
    .replace(/^(anthropic|claude)[-_/]/, 'claude/')
    .replace(/^(openai|codex)[-_/]/, 'codex/')
  if (isCredentialType(ours) && CREDENTIAL_TYPES[ours].entry === 'typed') return ours
  const types = CREDENTIAL_TYPE_NAMES.filter((one) => CREDENTIAL_TYPES[one].entry === 'typed')
  throw new ClavigerError(
    'invalid',
    `"${printable(text)}" is not a type of credential that can be entered.`,
    {
      hint: `The types are ${types.join(', ')}.`,
    },
  )
}
