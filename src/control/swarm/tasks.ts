// A run as Agent Swarm shows a task.

import type { Output } from '../../api/schemas.ts'
import { isOver, type RunState } from '../../domain/runs/run.ts'
import { titleOf } from '../../domain/runs/title.ts'
import type { RunRow } from '../../store/runs/run-groups.ts'
import { findRun, type Sight } from '../runs/seeing.ts'
import type { Control } from '../use-case.ts'
import { rfc3339 } from '../views.ts'
import type { Workshop } from '../workshop.ts'
import { keyTypeOf } from './key-types.ts'

type Task = Output<'tasks.read'>

const STATUS_OF: Readonly<Record<RunState, Task['status']>> = {
  queued: 'pending',
  booting: 'in_progress',
  ready: 'in_progress',
  working: 'in_progress',
  reauthenticating: 'in_progress',
  waiting_for_credentials: 'paused',
  hibernated: 'paused',
  failed: 'failed',
  cancelled: 'cancelled',
  done: 'completed',
}

export function createTaskUseCase({ store }: Workshop): Pick<Control, 'tasks.read'> {
  return {
    async 'tasks.read'(caller, { id }) {
      const { row, sight } = await findRun(store, caller, id)
      return taskView(row, sight)
    },
  }
}

function taskView({ id, harness, run, wanted, createdAt }: RunRow, sight: Sight): Task {
  const { state, credential, claim } = run
  const since = rfc3339(run.since)
  const keyType = keyTypeOf(credential)
  const model = run.chosen?.model ?? wanted.model
  const status = STATUS_OF[state]
  return {
    ...{ id, status, provider: harness, source: 'api', agentId: claim?.worker ?? null },
    task: sight === 'all' ? titleOf({ wanted, run }) : '',
    ...(model !== null && { model }),
    ...{ createdAt: rfc3339(createdAt), lastUpdatedAt: since, wasPaused: status === 'paused', logs: [] },
    ...(isOver(state) && { finishedAt: since }),
    ...(state === 'failed' && { failureReason: run.reason }),
    ...(keyType !== null && { credentialKeyType: keyType }),
    ...(credential !== null && { credentialKeySuffix: credential.suffix }),
  }
}
