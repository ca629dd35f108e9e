// Whether what is asked for was done already: by a try that was broken off, or for another delivery of the same.

import type { Call } from '../../domain/channels/call.ts'
import { THROUGH_CHANNEL } from '../../domain/channels/serving.ts'
import { sha256 } from '../../lib/digest.ts'
import type { CallEnd, CallRow } from '../../store/channels/channel-groups.ts'
import type { StoreGroups } from '../../store/store.ts'

type Asked = Pick<Call, 'thread' | 'asked'>

/** What the run that is begun by it is known by. */
export function keyOf({ channelId, deliveryId }: CallRow): string {
  return keyFrom(channelId, deliveryId)
}

/** What the message is called that is said for it. */
export function messageIdOf({ channelId, deliveryId }: CallRow, { asked }: Pick<Asked, 'asked'>): string {
  return keyFrom(channelId, asked ?? deliveryId)
}

/** What it came to before; undefined: nothing. Whatever became of its run since, it is not done again. */
export async function doneBefore(
  { threads, runs, runMessages }: Pick<StoreGroups, 'threads' | 'runs' | 'runMessages'>,
  row: CallRow,
  asked: Asked,
): Promise<Pick<CallEnd, 'outcome' | 'runId'> | undefined> {
  const [key, said] = [keyOf(row), messageIdOf(row, asked)]
  for (const { runId } of await threads.ofThread(row.channelId, asked.thread.key)) {
    const run = await runs.get(row.organizationId, runId)
    if (run?.key === key) return { outcome: 'started', runId }
    if (run === undefined || (await runMessages.get(runId, said)) === undefined) continue
    return { outcome: row.attempts === 0 ? 'nothing' : 'continued', runId }
  }
  return undefined
}

function keyFrom(channelId: string, asked: string): string {
  return `${THROUGH_CHANNEL}${channelId}:${sha256(asked).slice(0, 32)}`
}
