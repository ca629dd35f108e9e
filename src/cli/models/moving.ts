// `models push` and `models pull`: a profile of this machine goes to the server, or comes from it. At every moment one of
// the two holds it: where it was it is stopped first, then it is stored where it goes, and at last it is deleted where it
// was. Whatever is killed in between, the same command goes on with it.

import type { Output } from '../../api/schemas.ts'
import type { Client } from '../../client/client.ts'
import type { CredentialType } from '../../domain/credential-types.ts'
import { ClavigerError } from '../../domain/errors.ts'
import { isProfileId } from '../../domain/names.ts'
import { formatOwner, type Owner, type OwnerText } from '../../domain/owner.ts'
import { connect, connectToServer } from '../connection.ts'
import { type Context, MAIN_AGENT } from '../context.ts'
import { mustBeFree, settlePolicy } from '../credential/create.ts'
import type { OpenedProfiles } from '../dependencies.ts'
import { EXIT } from '../exit-codes.ts'
import { listCredentials, listWhole, mustManage } from '../find-credential.ts'
import { flagFor, type OwnerFlags, ownerOf, ownerTitle, self, type WhoAmI } from '../owner-flags.ts'
import { isCancelled } from '../ui.ts'
import { movedTo, mustBeHere, notPersonal } from './moved.ts'
import { byEmail, nameBeside } from './names.ts'
import { giveBack, ordersOf } from './place.ts'
import { mustNotBeUnusable } from './unusable.ts'

type Credential = Output<'credentials.list'>['credentials'][number]
type Received = Output<'credentials.receive'>

export interface PushOptions extends Omit<OwnerFlags, 'agent'> {
  readonly agent?: string
  readonly name?: string
  readonly acceptNotice?: boolean
}

export interface PullOptions {
  readonly agent?: string
  readonly profileId?: string
  readonly acceptNotice?: boolean
}

/** One side of a move. */
interface Side {
  readonly client: Client
  /** Tells it apart from every other holder, and what people call it. */
  readonly holder: { readonly id: string; readonly title: string }
}

interface Arrival {
  readonly type: CredentialType
  readonly name: string
  readonly owner: OwnerText
  readonly acceptNotice: boolean
}

export async function push(
  context: Context,
  options: PushOptions,
  words: readonly string[],
): Promise<number> {
  const { agent = MAIN_AGENT, name, ...flags } = options
  if (name !== undefined && words.length !== 1)
    throw new ClavigerError('invalid', '--name is for one profile.', {
      hint: 'Name one profile, or leave it out.',
    })
  const { profiles, here } = await local(context, agent)
  const { there, who } = await serverSide(context)
  const owner = ownerOf(flags, who) ?? self(who)
  mustManage(who, owner)
  const all = await chosen(here.client, profiles, agent, words)
  const orders = await ordersOf(here.client)
  const moved: Pushed[] = []
  const stayed: Stayed[] = []
  try {
    for (const profile of all) {
      const others = await movedTo(profiles, there.client.server, there.holder.id)
      const wanted = {
        order: orders.get(profile.name) ?? null,
        name: name ?? nameBeside(profile.name, others),
        owner,
        accepted: options.acceptNotice === true,
      }
      const one = await pushOne({ context, profiles, here, there, who }, profile, wanted).catch(
        (thrown: unknown) => {
          const error = all.length === 1 ? thrown : ofProfile(profile.name, thrown)
          if (words.length > 0 || !staysAlone(error)) throw error
          stayed.push({ profile: profile.name, error })
          return null
        },
      )
      if (one === null) continue
      moved.push(one)
      context.ui.part([pushed(one, who, there.client.server)])
      say(context, one, there.holder.title)
    }
  } finally {
    // What was moved before one stopped it is there for good.
    const left = stayed.map(({ profile, error: { code } }) => ({ profile, code }))
    const answer = { pushed: moved, ...(words.length === 0 && { stayed: left }) }
    if (moved.length + stayed.length > 0) context.ui.answer(answer, () => [])
    const placed = moved.map(({ profile }) => profile).filter((profile) => orders.has(profile))
    if (placed.length > 0) context.ui.note(placesKept(placed))
    for (const { error } of stayed) context.ui.error(error)
  }
  return stayed.length === 0 ? EXIT.ok : EXIT.failed
}

interface Stayed {
  readonly profile: string
  readonly error: ClavigerError
}

// What is wrong with one of them is no reason to leave the others; what is wrong with the server is.
const ONE_ALONE: readonly string[] = [
  ...['invalid', 'forbidden', 'conflict', 'not_found'],
  ...['needs_login', 'rejected', 'too_large'],
]

function staysAlone(error: unknown): error is ClavigerError {
  return error instanceof ClavigerError && ONE_ALONE.includes(error.code) && !isCancelled(error)
}

type Pushed = Received & { readonly profile: string }

interface Push {
  readonly context: Context
  readonly profiles: OpenedProfiles
  readonly here: Side
  readonly there: Side
  readonly who: WhoAmI
}

interface Wanted {
  readonly name: string
  readonly owner: Owner
  readonly accepted: boolean
  /** The order that the profile has a place in here; null: it has none. */
  readonly order: readonly string[] | null
}

async function pushOne(
  { context, profiles, here, there, who }: Push,
  profile: Credential,
  { name, owner, accepted, order }: Wanted,
): Promise<Pushed> {
  const isUnderWay = profile.state === 'blocked' && profile.stateReason.startsWith('on its way to')
  if (!isUnderWay)
    await mustBeFree(there.client, name, owner, who).catch((thrown: unknown) => {
      throw takenThere(profiles, { profile, owner, who }, thrown)
    })
  const acceptNotice = await settlePolicy(context, there.client, profile.type, owner, accepted)
  const arrival = { type: profile.type, name, owner: formatOwner(owner), acceptNotice }
  // What is on its way has no place any more: the one that it had is kept already.
  if (!isUnderWay) await profiles.moves.keepPlace(profile.name, order)
  const received = await move(here, there, profile, arrival, {
    async arrived({ credential }) {
      const { server } = there.client
      const place = {
        server,
        name: credential.name,
        organization: there.holder.id,
        credential: credential.id,
      }
      await profiles.moves.note({ ...place, profile: profile.name, at: Date.now() })
    },
    stayed: () => giveBack(context, here.client, profile, order && { was: profile.name, before: order }),
  })
  return { ...received, profile: profile.name }
}

// What is there is another credential: it is not to be overwritten with this one.
function takenThere(
  profiles: OpenedProfiles,
  { profile: { id, name }, owner, who }: { profile: Credential; owner: Owner; who: WhoAmI },
  thrown: unknown,
): unknown {
  if (!(thrown instanceof ClavigerError) || thrown.code !== 'conflict') return thrown
  const agent = profiles.agentOf(id) ?? MAIN_AGENT
  const whose = agent === MAIN_AGENT ? '' : ` --agent ${agent}`
  const to = owner.kind === 'user' ? '' : ` ${flagFor(formatOwner(owner), who)}`
  return new ClavigerError('conflict', `${name} was not pushed: ${thrown.message}`, {
    hint: `Give it another name there: claviger models push ${name}${whose}${to} --name OTHER`,
    cause: thrown,
  })
}

// Of several the one that stopped is named.
function ofProfile(profile: string, thrown: unknown): unknown {
  if (!(thrown instanceof ClavigerError) || thrown.message.includes(profile)) return thrown
  const { code, message, detail, hint, retryAfter } = thrown
  return new ClavigerError(code, `${profile}: ${message}`, {
    ...(hint !== undefined && { hint }),
    ...(retryAfter !== undefined && { retryAfter }),
    ...(detail !== undefined && { detail }),
    cause: thrown,
  })
}

function placesKept(profiles: readonly string[]): string {
  return `The order that was set here does not go along: ${profiles.join(', ')} had a place in it, which a pull gives back. Set one there: claviger credential order set`
}

export async function pull(
  context: Context,
  options: PullOptions,
  words: readonly string[],
): Promise<number> {
  const [name] = words
  if (name === undefined)
    throw new ClavigerError('invalid', 'NAME is missing.', { hint: 'Type: claviger models pull NAME' })
  const { here, profiles } = await local(context, options.agent ?? MAIN_AGENT)
  const { there, who } = await serverSide(context)
  const owner = self(who)
  const [credential] = await listCredentials(there.client, { name, owner: formatOwner(owner) })
  if (credential === undefined) throw await notPersonal(profiles, there.client, there.holder.id, name)
  const me = await here.client.call('whoami', {})
  const acceptNotice = await settlePolicy(
    context.over(options.agent ?? MAIN_AGENT),
    here.client,
    credential.type,
    self(me),
    options.acceptNotice === true,
  )
  const wanted = profileIdOf(options, credential)
  const isUnderWay = credential.state === 'blocked' && credential.stateReason.startsWith('on its way to')
  if (!isUnderWay) await mustBeFree(here.client, wanted, self(me), me)
  const arrival = { type: credential.type, name: wanted, owner: formatOwner(self(me)), acceptNotice }
  const { server } = there.client
  const from = { server, name, organization: there.holder.id, credential: credential.id }
  const received = await move(there, here, credential, arrival, {
    async arrived(one) {
      await giveBack(context, here.client, one.credential, await profiles.moves.placeOf(from))
      await profiles.moves.cameBack(from)
    },
  })
  context.ui.answer(received, () => [
    `Pulled ${name} from ${there.client.server}: it is ${received.credential.name} here now, and no longer there.`,
  ])
  say(context, received, there.holder.title)
  return 0
}

async function local(context: Context, agent: string) {
  const over = context.over(agent)
  const profiles = await over.profiles()
  const { client } = await connect(over)
  const holder = { id: await profiles.moves.holder(), title: profiles.file }
  return { profiles, here: { client, holder } satisfies Side }
}

async function serverSide(context: Context): Promise<{ there: Side; who: WhoAmI }> {
  if (context.agent !== null)
    throw new ClavigerError('invalid', '--local means nothing here: one of the two is a server.', {
      hint: 'Leave out --local.',
    })
  const { client } = await connectToServer(context)
  const who = await client.call('whoami', {})
  const { id, name } = who.organization
  return { there: { client, holder: { id, title: `${client.server} (${name})` } }, who }
}

// Those of the agent itself: what it inherits belongs to the main one.
async function chosen(
  client: Client,
  profiles: OpenedProfiles,
  agent: string,
  words: readonly string[],
): Promise<Credential[]> {
  const { credentials } = await listWhole(client, {})
  const own = credentials.filter(({ id }) => profiles.agentOf(id) === agent)
  if (words.length === 0) {
    if (own.length > 0) return own
    throw new ClavigerError('not_found', 'There are no profiles to push.', {
      hint: 'See: claviger models status',
    })
  }
  for (const word of words) await mustBeHere(profiles, word)
  return words.map((word) => {
    const found = own.find(({ name }) => name === word)
    if (found !== undefined) return found
    mustNotBeUnusable(profiles, { profile: word, agent, wish: 'push' })
    const inherited = credentials.find(({ name }) => name === word)
    throw new ClavigerError('not_found', `There is no profile ${word} of ${agent}.`, {
      hint: inherited
        ? `It is the main agent’s: leave out --agent.`
        : 'See what there is: claviger models status',
    })
  })
}

interface Told {
  arrived(received: Received): Promise<void>
  /** It was not taken in, and goes on where it was. */
  stayed?(): Promise<void>
}

async function move(
  from: Side,
  to: Side,
  { id }: { readonly id: string },
  arrival: Arrival,
  { arrived, stayed = async () => undefined }: Told,
): Promise<Received> {
  const whole = await from.client.call('credentials.handOver', { id, to: to.holder })
  const { source, description, fields, expiresAt, endsAt, digests } = whole
  const parcel = { source, from: from.holder.title, description, fields, expiresAt, endsAt, digests }
  const received = await to.client
    .call('credentials.receive', { ...parcel, ...arrival })
    .catch(async (thrown: unknown) => {
      if (!isRefused(whole, thrown)) throw unsure(thrown)
      await from.client.call('credentials.keep', { id, to: to.holder.id })
      await stayed()
      throw thrown
    })
  await arrived(received)
  await from.client.call('credentials.handedOver', { id, to: to.holder.id })
  return received
}

// What was certainly not taken in stays where it was; what an earlier command has begun may have been.
const CERTAIN = [
  'invalid',
  'forbidden',
  'conflict',
  'not_found',
  'too_large',
  'unauthenticated',
  'rate_limited',
  'rejected',
]

function isRefused({ again }: Pick<Output<'credentials.handOver'>, 'again'>, thrown: unknown): boolean {
  return thrown instanceof ClavigerError && !again && CERTAIN.includes(thrown.code)
}

function unsure(thrown: unknown): unknown {
  if (!(thrown instanceof ClavigerError) || thrown.code === 'needs_login') return thrown
  return new ClavigerError(thrown.code, `${thrown.message} Whether it has arrived is not known.`, {
    hint: 'Nobody uses or renews it meanwhile. Repeat the command: it goes on with this.',
    cause: thrown,
  })
}

function pushed({ profile, credential }: Pushed, who: WhoAmI, server: string): string {
  return `Pushed ${profile} to ${server}: it is ${credential.name} (${ownerTitle(credential.owner, who)}) there now, and no longer here.`
}

function say({ ui }: Context, { renewed, why, credential, twins }: Received, from: string): void {
  if (renewed === 'later')
    ui.note(
      `warning: the provider could not renew ${credential.name} now; its new holder will. Every other copy of it must not be used.${said(why)}`,
    )
  for (const twin of twins)
    if (twin.credential !== null)
      ui.note(
        `warning: a login of the same account is stored as ${twin.credential.name} too (${from}); both share its limits.`,
      )
}

// In the words of whoever tried: "here" is there.
function said(why: string | undefined): string {
  return why === undefined ? '' : ` Its new holder says: ${why}`
}

function profileIdOf({ profileId }: PullOptions, credential: Parameters<typeof byEmail>[0]): string {
  const id = profileId ?? byEmail(credential)
  if (isProfileId(id)) return id
  throw new ClavigerError('invalid', `"${id}" cannot be the name of a profile.`, {
    hint: 'A profile is called PROVIDER:NAME: --profile-id openai-codex:work',
  })
}
