// Runs for strangers while their channel has it so: an admin who thinks better of it stops what is queued and at work too.

import { isForStrangers, THROUGH_CHANNEL } from '../../domain/channels/serving.ts'
import { ClavigerError } from '../../domain/errors.ts'
import { isFinal, RUN_STATES } from '../../domain/runs/run.ts'
import type { ChannelRow } from '../../store/channels/channel-groups.ts'
import type { RunRow } from '../../store/runs/run-groups.ts'
import type { StoreGroups } from '../../store/store.ts'
import type { Authorize } from '../guard.ts'
import { draftOf, settle, take } from '../runs/changing.ts'
import { actOn } from '../runs/seeing.ts'

// More than strangers may begin in a week.
const ENDED_AT_ONCE = 10_000

const ALIVE = RUN_STATES.filter((state) => !isFinal(state))

/** Throws `forbidden` for a run whose channel does not serve strangers by this agent any more. Runs of one that is gone stay. */
export async function mustServeStill(
  { threads, channels }: Pick<StoreGroups, 'threads' | 'channels'>,
  row: RunRow,
): Promise<void> {
  if (!isForStrangers(row)) return
  const thread = await threads.get(row.organizationId, row.id)
  const channel = thread && (await channels.get(row.organizationId, thread.channelId))
  if (channel === undefined || servesBy(channel) === row.subjectId) return
  throw new ClavigerError('forbidden', 'The channel lets this agent serve no strangers any more.', {
    hint: 'Cancel the run: claviger run cancel RUN',
  })
}

/** Cancels what the channel has begun for strangers, when it has let them in `before` and does not any more, or by another agent. */
export async function cancelForStrangers(
  unit: StoreGroups,
  authorize: Authorize,
  { before, after, at }: { readonly before: ChannelRow; readonly after: ChannelRow; readonly at: number },
): Promise<void> {
  const { id, organizationId, agent } = before
  if (agent === null || servesBy(after) === agent) return
  const subject = { subjectKind: 'agent', subjectId: agent } as const
  const runs = await unit.runs.list(organizationId, { subject, states: ALIVE }, { limit: ENDED_AT_ONCE })
  for (const found of runs.filter(({ key }) => key?.startsWith(`${THROUGH_CHANNEL}${id}:`))) {
    const row = await unit.runs.hold(organizationId, found.id)
    if (row === undefined || isFinal(row.run.state)) continue
    await authorize(actOn(row, 'run.cancel', { general: 'manageSettings' }, { channel: id }))
    await settle(unit, take(draftOf(row), { is: 'asked', what: 'cancel', at }, at), at)
  }
}

function servesBy({ strangers, agent }: ChannelRow): string | null {
  return strangers === 'organization' ? agent : null
}
