// The channels of an organization: their configuration. Secrets are taken, sealed, and given back to nobody.

import type { Output } from '../../api/schemas.ts'
import type { Channel, Means } from '../../channels/channel.ts'
import type { Caller } from '../../domain/caller.ts'
import { CHANNEL_KINDS } from '../../domain/channels/call.ts'
import { ClavigerError } from '../../domain/errors.ts'
import { checkName } from '../../domain/names.ts'
import type { Secret } from '../../domain/secret.ts'
import { isLoopbackName } from '../../lib/address.ts'
import { newId } from '../../lib/id.ts'
import type { ChannelChange, ChannelRow } from '../../store/channels/channel-groups.ts'
import type { StoreGroups } from '../../store/store.ts'
import { changedMeanwhile } from '../find.ts'
import { type Act, absent } from '../guard.ts'
import { agentsHint } from '../machines/takers.ts'
import type { Control } from '../use-case.ts'
import { rfc3339, rfc3339OrNull } from '../views.ts'
import type { Workshop } from '../workshop.ts'
import { isOfPlatform, learnAccount, withAccount } from './account.ts'
import { deliverTo, startApp } from './apps/starting.ts'
import { checkedSecrets, checkedSettings, mustHaveSecrets } from './fields.ts'
import { cancelForStrangers } from './for-strangers.ts'
import { platformOf } from './means.ts'
import { channelObject, sealedSecrets, sealSecrets } from './sealed-channel.ts'

type ChannelUseCases = Pick<
  Control,
  | 'channels.create'
  | 'channels.list'
  | 'channels.get'
  | 'channels.update'
  | 'channels.remove'
  | 'channels.test'
  | 'channels.startApp'
>
type View = Output<'channels.list'>['channels'][number]
type Created = Parameters<Control['channels.create']>[1]
type Updated = Parameters<Control['channels.update']>[1]

// Each delivery is compared with the secrets of all of its platform.
const MOST = 20

const SHOWN = 20

export function createChannelUseCases(workshop: Workshop): ChannelUseCases {
  const { guard, store, publicUrl } = workshop
  const view = async (row: ChannelRow) =>
    channelView(row, publicUrl(), workshop.channels[row.kind], await hintFor(workshop, row))
  return {
    'channels.create': async (caller, input) => view(await addChannel(workshop, caller, input)),
    'channels.startApp': (caller, input) => startApp(workshop, caller, input),
    'channels.list': async ({ organizationId }) => ({
      channels: await Promise.all((await store.channels.list(organizationId)).map(view)),
      kinds: kindsOf(workshop),
    }),
    'channels.get': async ({ organizationId }, { id }) => {
      const row = await find(store, organizationId, id)
      const calls = await store.calls.list(row.id, SHOWN)
      return { ...(await view(row)), deliveries: calls.map(deliveryView) }
    },
    'channels.update': async (caller, input) => {
      const kept = await keptBeside(workshop, caller, input)
      const { after, secrets } = await guard.perform(caller, async (unit, authorize) => {
        const row = await find(unit, caller.organizationId, input.id)
        if (kept !== null && kept.revision !== row.revision) throw changedMeanwhile(`The channel ${row.name}`)
        const { change, secrets } = changeOf(workshop, row, input, kept?.secrets ?? {})
        await authorize(act('channel.update', row, { changed: Object.keys(input).sort().join(' ') }))
        const after = { ...row, ...change, revision: row.revision + 1 }
        await mustHaveAgent(unit, after)
        if (!(await unit.channels.update(row.id, row.revision, change)))
          throw changedMeanwhile(`The channel ${row.name}`)
        await cancelForStrangers(unit, authorize, { before: row, after, at: workshop.now() })
        return { after, secrets }
      })
      return view(
        secrets === null ? after : await withAccount(workshop, after, meansOf(workshop, after, secrets)),
      )
    },
    'channels.remove': (caller, { id }) =>
      guard.perform(caller, async (unit, authorize) => {
        const row = await find(unit, caller.organizationId, id)
        await authorize(act('channel.remove', row))
        await unit.channels.remove(caller.organizationId, row.id)
        return { id: row.id }
      }),
    'channels.test': async (caller, { id }) => {
      const { result: row, opened } = await guard.release(caller, async (unit, authorize) => {
        const found = await find(unit, caller.organizationId, id)
        await authorize(act('channel.test', found))
        return { result: found, open: [sealedSecrets(found)] }
      })
      return tried(workshop, row, opened[0] ?? {})
    },
  }
}

/** Throws as `channels.create` does. */
export async function addChannel(workshop: Workshop, caller: Caller, input: Created): Promise<ChannelRow> {
  const row = newRow(workshop, caller, input)
  const { added, secrets } = await workshop.guard.perform(caller, async (unit, authorize) => {
    await authorize(act('channel.create', row))
    await mustHaveAgent(unit, row)
    await mustHaveRoom(unit, row.organizationId)
    // Sealed in the unit that stores it: re-keying may begin at any moment.
    const given = checkedSecrets(platformOf(workshop, row.kind), input.secrets, row.settings)
    const sealed = { ...row, ...sealSecrets(workshop.vault, row, given) }
    await unit.channels.insert(sealed)
    return { added: sealed, secrets: given }
  })
  return withAccount(workshop, added, meansOf(workshop, added, secrets))
}

function meansOf({ now }: Workshop, { settings }: ChannelRow, secrets: Means['secrets']): Means {
  return { settings, secrets, now: now() }
}

/** Throws what `addChannel` would, as far as that can be told before it is known what is to be added. */
export async function mayAddChannel(workshop: Workshop, caller: Caller): Promise<void> {
  await workshop.guard.check(caller, act('channel.create', { id: '', name: '' }))
  await mustHaveRoom(workshop.store, caller.organizationId)
}

async function mustHaveRoom(
  { channels }: Pick<StoreGroups, 'channels'>,
  organizationId: string,
): Promise<void> {
  if ((await channels.list(organizationId)).length >= MOST) throw tooMany()
}

async function tried(
  workshop: Workshop,
  row: ChannelRow,
  secrets: Means['secrets'],
): Promise<Output<'channels.test'>> {
  const hint = await hintFor(workshop, row)
  try {
    const { name } = await learnAccount(workshop, row, meansOf(workshop, row, secrets))
    return { works: true, account: name, message: '', hint }
  } catch (thrown) {
    if (!isOfPlatform(thrown)) throw thrown
    // What is wrong with the token is said where it is entered.
    const advice = thrown.code === 'unavailable' && thrown.hint !== undefined ? ` ${thrown.hint}` : ''
    return { works: false, account: null, message: `${thrown.message}${advice}`, hint }
  }
}

function newRow(workshop: Workshop, caller: { organizationId: string; name: string }, input: Created) {
  const { kind, name, settings, strangers, agent = null, access } = input
  checkName(name)
  return {
    ...{ id: newId('chn'), organizationId: caller.organizationId, kind, name, strangers, agent, access },
    settings: checkedSettings(platformOf(workshop, kind), settings),
    ...{ accountId: null, accountName: null, revision: 1, lastDeliveryAt: null, lastStatus: '' },
    ...{ createdAt: workshop.now(), createdBy: caller.name },
  } satisfies Omit<ChannelRow, 'wrappedKey' | 'secrets'>
}

interface Kept {
  readonly revision: number
  readonly secrets: Readonly<Record<string, Secret>>
}

// Secrets are sealed together, so those that stay are sealed anew beside one that changes; null: none change.
async function keptBeside(
  workshop: Workshop,
  caller: Caller,
  { id, secrets }: Updated,
): Promise<Kept | null> {
  if (secrets === undefined) return null
  const { result: revision, opened } = await workshop.guard.release(caller, async (unit, authorize) => {
    const row = await find(unit, caller.organizationId, id)
    const names = Object.keys(row.secrets).filter((name) => !(name in secrets))
    await authorize(act('channel.keep', row, { kept: names.sort().join(' ') }))
    return { result: row.revision, open: names.length === 0 ? [] : [sealedSecrets(row, names)] }
  })
  return { revision, secrets: opened[0] ?? {} }
}

interface Changed {
  readonly change: ChannelChange
  /** All that it has from now on; null: those it had. */
  readonly secrets: Means['secrets'] | null
}

function changeOf(workshop: Workshop, row: ChannelRow, input: Updated, kept: Kept['secrets']): Changed {
  const { name, settings, secrets: given, strangers, agent, access } = input
  if (name !== undefined) checkName(name)
  const platform = () => platformOf(workshop, row.kind)
  const after = settings === undefined ? row.settings : checkedSettings(platform(), settings)
  if (settings !== undefined && given === undefined)
    mustHaveSecrets(platform(), Object.keys(row.secrets), after)
  const secrets = given === undefined ? null : checkedSecrets(platform(), given, after, kept)
  const change = {
    ...(name !== undefined && { name }),
    ...(settings !== undefined && { settings: after }),
    // Others may be somebody else over there.
    ...(secrets !== null && {
      ...{ accountId: null, accountName: null },
      ...sealSecrets(workshop.vault, row, secrets),
    }),
    ...(strangers !== undefined && { strangers }),
    ...(agent !== undefined && { agent }),
    ...(access !== undefined && { access }),
  }
  return { change, secrets }
}

async function mustHaveAgent(
  unit: Pick<StoreGroups, 'agents'>,
  { organizationId, agent, strangers }: Pick<ChannelRow, 'organizationId' | 'agent' | 'strangers'>,
): Promise<void> {
  if (agent !== null && (await unit.agents.get(organizationId, agent)) === undefined)
    throw absent('agent', agent)
  if (strangers === 'organization' && agent === null)
    throw new ClavigerError('invalid', 'Which agent serves those who are no members?', {
      hint: 'Make one (claviger admin agent create NAME), attach what it may use, and name it with --agent.',
    })
}

async function find(
  groups: Pick<StoreGroups, 'channels'>,
  organizationId: string,
  id: string,
): Promise<ChannelRow> {
  const all = await groups.channels.list(organizationId)
  const row = all.find((one) => one.id === id || one.name === id)
  if (row === undefined) throw absent('channel', id)
  return row
}

function act(action: string, row: Pick<ChannelRow, 'id' | 'name'>, details: Act['details'] = {}): Act {
  return { action, needs: { general: 'manageSettings' }, object: channelObject(row), details }
}

function tooMany(): ClavigerError {
  return new ClavigerError('conflict', `The organization has ${MOST} channels, and there may be no more.`, {
    hint: 'Remove one: claviger admin channel list, then claviger admin channel remove NAME',
  })
}

// Strangers' runs are for workers of their agent alone: without one they would wait, and nobody would know.
async function hintFor(
  workshop: Workshop,
  { organizationId, strangers, agent }: ChannelRow,
): Promise<string | null> {
  if (strangers !== 'organization' || agent === null) return null
  return agentsHint(workshop, organizationId, agent)
}

function channelView(
  row: ChannelRow,
  publicUrl: string,
  platform: Channel | undefined,
  hint: string | null,
): View {
  const { id, kind, name, settings, secrets, strangers, agent, access, lastStatus, createdBy } = row
  return {
    ...{ id, kind, name, settings: { ...settings }, strangers, agent, access, lastStatus, hint, createdBy },
    secretNames: Object.keys(secrets).sort(),
    deliverTo: deliverTo(publicUrl, kind),
    ...{ account: row.accountId, accountName: row.accountName },
    ...{ installAt: platform?.installAt?.(settings) ?? null },
    lastDeliveryAt: rfc3339OrNull(row.lastDeliveryAt),
    createdAt: rfc3339(row.createdAt),
  }
}

function deliveryView(
  row: Awaited<ReturnType<StoreGroups['calls']['list']>>[number],
): Output<'channels.get'>['deliveries'][number] {
  const { parsed, receivedAt, attempts, outcome, reason, runId } = row
  const call = parsed.is === 'call' ? parsed.call : null
  const author = parsed.is === 'over' ? parsed.author : call?.author
  return {
    ...{ receivedAt: rfc3339(receivedAt), attempts, outcome, reason, run: runId },
    author: author?.name ?? '',
    url: call?.thread.url ?? null,
    nextAt: rfc3339OrNull(row.nextAt),
  }
}

function kindsOf({ channels, publicUrl }: Workshop): Output<'channels.list'>['kinds'] {
  const own = publicUrl()
  const isReachable = !isLoopbackName(new URL(own).hostname)
  return CHANNEL_KINDS.flatMap((kind) => channels[kind] ?? []).map(({ kind, title, fields, apps }) => ({
    ...{ kind, title, isReachable, deliverTo: deliverTo(own, kind), makesApps: apps !== undefined },
    fields: fields.map(({ pattern, multiline = false, ...field }) => ({
      ...{ ...field, multiline, pattern: pattern.source },
    })),
  }))
}
