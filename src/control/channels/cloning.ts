// The right to clone a private repository, for the worker that has the run, for as long as a clone takes. The worker says when
// that is: nothing of it is kept here, so where nobody says so it ends by itself.

import type { Caller } from '../../domain/caller.ts'
import { ClavigerError } from '../../domain/errors.ts'
import { Secret } from '../../domain/secret.ts'
import { type Act, absent } from '../guard.ts'
import { actOn } from '../runs/seeing.ts'
import type { Control, Result } from '../use-case.ts'
import type { Workshop } from '../workshop.ts'
import { mustServeStill } from './for-strangers.ts'
import { platformOf } from './means.ts'
import { channelObject, sealedSecrets } from './sealed-channel.ts'

type Input = Parameters<Control['runs.repository']>[1]

export function createCloningUseCases(workshop: Workshop): Pick<Control, 'runs.repository' | 'runs.cloned'> {
  return {
    'runs.repository': (caller, input) => access(workshop, caller, input),
    'runs.cloned': (caller, input) => endAccess(workshop, caller, input),
  }
}

async function access(
  workshop: Workshop,
  caller: Caller,
  { id, claim }: Input,
): Promise<Result<'runs.repository'>> {
  const { guard, now } = workshop
  const { result, opened } = await guard.release(caller, async (unit, authorize) => {
    const row = await unit.runs.hold(caller.organizationId, id)
    const held = row?.run.claim
    if (row === undefined || held?.worker !== caller.id || held.id !== claim) throw absent('run', id)
    await mustServeStill(unit, row)
    const thread = await unit.threads.get(caller.organizationId, id)
    const { repository } = thread ?? { repository: null }
    const channel =
      thread === undefined ? undefined : await unit.channels.get(caller.organizationId, thread.channelId)
    if (channel === undefined || repository === null || !repository.isPrivate) throw nothingPrivate(id)
    await authorize(actOn(row, 'run.clone', { general: 'carryOutRuns' }, { repository: repository.id }))
    await authorize(useOf(channel, id))
    return { result: { channel, repository }, open: [sealedSecrets(channel)] }
  })
  const { channel, repository } = result
  const platform = platformOf(workshop, channel.kind)
  if (platform.cloneAccess === undefined) throw nothingPrivate(id)
  const means = { settings: channel.settings, secrets: opened[0] ?? {}, now: now() }
  const { username, token, expiresAt } = await platform.cloneAccess(repository, means)
  return { url: repository.url, username, token, expiresAt: new Date(expiresAt).toISOString() }
}

// Also by a worker that has lost the run meanwhile. Of two servers the one that is asked does it, whoever minted the token.
async function endAccess(
  workshop: Workshop,
  caller: Caller,
  { id, token }: Parameters<Control['runs.cloned']>[1],
): Promise<Result<'runs.cloned'>> {
  const channel = await workshop.guard.perform(caller, async (unit, authorize) => {
    const row = await unit.runs.get(caller.organizationId, id)
    if (row === undefined) throw absent('run', id)
    const { repository, channelId } = (await unit.threads.get(caller.organizationId, id)) ?? NO_CLONE
    const used = channelId === null ? undefined : await unit.channels.get(caller.organizationId, channelId)
    if (used === undefined || repository === null) throw nothingPrivate(id)
    await authorize(actOn(row, 'run.cloned', { general: 'carryOutRuns' }, { repository: repository.id }))
    return used
  })
  await platformOf(workshop, channel.kind).endCloneAccess?.(new Secret(token))
  return {}
}

const NO_CLONE = { repository: null, channelId: null }

function useOf(channel: { readonly id: string; readonly name: string }, run: string): Act {
  return {
    ...{ action: 'channel.clone', needs: { general: 'carryOutRuns' }, object: channelObject(channel) },
    details: { run },
  }
}

function nothingPrivate(id: string): ClavigerError {
  return new ClavigerError('not_found', `The run ${id} has no private repository of a channel.`)
}
