// What works without a person: agents and workers.

import { useSession } from '../../../api/people.ts'
import { EmptyState } from '../../../ui/waiting.tsx'
import { mayManage, mayReadAudit } from '../../../words/roles.ts'
import { Agents } from './agents.tsx'
import { Workers } from './workers.tsx'

export function MachineSettings() {
  const { person } = useSession()
  if (!mayReadAudit(person.role))
    return (
      <EmptyState icon="settings" title="Only admins see agents and workers">
        <p>Ask one of them for a worker, or for a token of an agent.</p>
      </EmptyState>
    )
  const manages = mayManage(person.role)
  return (
    <div className="grid gap-5">
      <Workers manages={manages} />
      <Agents manages={manages} />
    </div>
  )
}
