// `claviger admin channel`: the places outside where people ask for work. Secrets come from files or a masked prompt.

import { CHANNELS_PATH } from '../../api/link-paths.ts'
import type { Output } from '../../api/schemas.ts'
import { CHANNEL_KINDS, type ChannelKind } from '../../domain/channels/call.ts'
import type { Strangers } from '../../domain/channels/serving.ts'
import { ClavigerError } from '../../domain/errors.ts'
import type { Access } from '../../domain/runs/conversation.ts'
import { connect } from '../connection.ts'
import type { Context } from '../context.ts'
import { EXIT } from '../exit-codes.ts'
import { readValueFile } from '../secrets.ts'
import { relativeTime } from '../text.ts'

export interface ChannelOptions {
  readonly set?: readonly string[]
  readonly secretFile?: readonly string[]
  readonly strangers?: Strangers
  readonly agent?: string | false
  readonly access?: Access
}

export interface UpdateChannelOptions extends ChannelOptions {
  readonly name?: string
  readonly secrets?: boolean
}

type Kind = Output<'channels.list'>['kinds'][number]

export async function add(
  context: Context,
  options: ChannelOptions,
  [kind = '', name = '']: readonly string[],
): Promise<number> {
  const wanted = kindNamed(kind)
  const { client, server } = await connect(context)
  const { kinds } = await client.call('channels.list', {})
  const settings = pairsOf(options.set)
  const platform = kinds.find((one) => one.kind === wanted)
  if (platform?.makesApps && options.secretFile === undefined)
    context.ui.note(
      `In the console ${platform.title} makes the App, and nothing is copied: ${server}${CHANNELS_PATH}`,
    )
  const secrets = await secretsOf(context, platform, { options, settings, all: true })
  const made = await client.call('channels.create', {
    ...{ kind: wanted, name, settings, secrets },
    ...policyOf(options),
  })
  context.ui.answer(made, () => [`Added the channel ${made.name}. Let it deliver to: ${made.deliverTo}`])
  context.ui.note(`Next: claviger admin channel test ${made.name}`)
  return EXIT.ok
}

export async function list(context: Context): Promise<number> {
  const { client } = await connect(context)
  const answer = await client.call('channels.list', {})
  const now = Date.now()
  const rows = () =>
    answer.channels.map(
      ({ name, kind, account, accountName, strangers, agent, lastDeliveryAt, lastStatus }) => [
        ...[
          name,
          kind,
          accountName ?? account ?? 'not known',
          strangers === 'refuse' ? 'refused' : `by ${agent ?? 'nobody'}`,
        ],
        ...[lastDeliveryAt === null ? 'never' : relativeTime(lastDeliveryAt, now), lastStatus],
      ],
    )
  context.ui.table(
    answer,
    ['NAME', 'KIND', 'ACCOUNT', 'STRANGERS', 'HEARD', ''],
    rows,
    'There are no channels.',
  )
  return EXIT.ok
}

export async function show(context: Context, _: unknown, [id = '']: readonly string[]): Promise<number> {
  const { client } = await connect(context)
  const answer = await client.call('channels.get', { id })
  const now = Date.now()
  context.ui.answer(answer, () => [
    `${answer.name} (${answer.kind}), runs may: ${answer.access}`,
    `Account: ${answer.accountName ?? answer.account ?? 'not known'}`,
    `Delivers to: ${answer.deliverTo}`,
    ...(answer.installAt === null ? [] : [`Installed at: ${answer.installAt}`]),
    ...Object.entries(answer.settings).map(([name, value]) => `${name}: ${value}`),
    `Secrets: ${answer.secretNames.join(', ')}`,
    answer.strangers === 'refuse'
      ? 'Others are refused.'
      : `Others are served by ${answer.agent ?? 'nobody'}.`,
    ...answer.deliveries.map(({ receivedAt, author, outcome, run, reason }) =>
      [relativeTime(receivedAt, now), author, outcome || 'waits', run ?? '', reason]
        .filter(Boolean)
        .join('  '),
    ),
  ])
  return EXIT.ok
}

/** What is not said stays. */
export async function update(
  context: Context,
  options: UpdateChannelOptions,
  [id = '']: readonly string[],
): Promise<number> {
  const { client } = await connect(context)
  const { channels, kinds } = await client.call('channels.list', {})
  const found = channels.find((one) => one.id === id || one.name === id)
  const changesSecrets = options.secrets === true || options.secretFile !== undefined
  const settings = { ...found?.settings, ...pairsOf(options.set) }
  const kind = kinds.find((one) => one.kind === found?.kind)
  const asking = { options, settings, all: options.secrets === true }
  const changed = await client.call('channels.update', {
    id,
    ...(options.name !== undefined && { name: options.name }),
    ...(options.set !== undefined && { settings }),
    ...(changesSecrets && { secrets: await secretsOf(context, kind, asking) }),
    ...policyOf(options),
  })
  context.ui.answer(changed, () => [`Changed the channel ${changed.name}.`])
  return EXIT.ok
}

export async function remove(context: Context, _: unknown, [id = '']: readonly string[]): Promise<number> {
  const { client } = await connect(context)
  const answer = await client.call('channels.remove', { id })
  context.ui.answer(answer, () => [`Removed the channel ${id}. Its runs stay.`])
  return EXIT.ok
}

/** Exit 1 when it does not work. */
export async function test(context: Context, _: unknown, [id = '']: readonly string[]): Promise<number> {
  const { client } = await connect(context)
  const answer = await client.call('channels.test', { id })
  context.ui.answer(answer, () => [
    answer.works ? `It works: over there it is ${answer.account}.` : `It does not work. ${answer.message}`,
  ])
  return answer.works ? EXIT.ok : EXIT.failed
}

function kindNamed(text: string): ChannelKind {
  const kind = CHANNEL_KINDS.find((one) => one === text)
  if (kind !== undefined) return kind
  throw new ClavigerError('invalid', `There are no channels to ${text}.`, {
    hint: `There are: ${CHANNEL_KINDS.join(', ')}`,
  })
}

function policyOf({ strangers, agent, access }: ChannelOptions) {
  return {
    ...(strangers !== undefined && { strangers }),
    ...(agent !== undefined && { agent: agent === false ? null : agent }),
    ...(access !== undefined && { access }),
  }
}

function pairsOf(words: readonly string[] = []): Record<string, string> {
  return Object.fromEntries(words.map(pairOf))
}

function pairOf(word: string): [string, string] {
  const at = word.indexOf('=')
  if (at > 0) return [word.slice(0, at), word.slice(at + 1)]
  throw new ClavigerError('invalid', 'This takes NAME=VALUE.', { hint: 'For example --set handle=claviger' })
}

interface AskingForSecrets {
  readonly options: ChannelOptions
  /** Of the channel, as they will be. */
  readonly settings: Readonly<Record<string, string>>
  /** Else only those in files. */
  readonly all: boolean
}

// What is in no file is asked for, one after another, as far as the settings make it needed.
async function secretsOf(
  { ui }: Context,
  kind: Kind | undefined,
  { options: { secretFile }, settings, all }: AskingForSecrets,
): Promise<Record<string, string>> {
  const files = pairsOf(secretFile)
  const secrets: Record<string, string> = {}
  for (const [name, path] of Object.entries(files))
    secrets[name] = (await readValueFile(path, '--secret-file')).trim()
  const missing = (all ? (kind?.fields ?? []) : []).filter(
    (field) => field.secret && isNeeded(field, settings) && !(field.name in secrets),
  )
  for (const { name, label, expectation, multiline } of missing) {
    if (multiline || !ui.interactive)
      throw new ClavigerError('invalid', `${label} is missing.`, {
        hint: `Put it into a file of yours: --secret-file ${name}=FILE`,
      })
    secrets[name] = await ui.askSecret(label, (text) =>
      text.trim() === '' ? `It ${expectation}.` : undefined,
    )
  }
  return secrets
}

function isNeeded(
  { required, requiredWith, requiredWithout }: Kind['fields'][number],
  settings: Readonly<Record<string, string>>,
): boolean {
  const isThere = (name: string | undefined) => name !== undefined && (settings[name] ?? '') !== ''
  return required || isThere(requiredWith) || (requiredWithout !== undefined && !isThere(requiredWithout))
}
