// The use-cases, one per operation of the API, built over ports. Who asks is the first parameter of each. They know
// nothing of HTTP.

import { auditUseCases } from './audit.ts'
import { createBackupUseCases } from './backup/creating.ts'
import { createChangeUseCases } from './credentials/changing.ts'
import { createOrderUseCases } from './credentials/order.ts'
import { createPlacementUseCases } from './credentials/placement.ts'
import { createCredentialUseCases } from './credentials/storing.ts'
import { createVersionUseCases } from './credentials/versions.ts'
import { gated } from './gate.ts'
import { createLeaseUseCases } from './leases.ts'
import { createTokenUseCases } from './tokens.ts'
import type { Control, Ports } from './use-case.ts'
import { createWorkshop } from './workshop.ts'

export function createControl(ports: Ports): Control {
  const workshop = createWorkshop(ports)
  const control: Control = {
    ...createCredentialUseCases(workshop),
    ...createChangeUseCases(workshop),
    ...createPlacementUseCases(workshop),
    ...createVersionUseCases(workshop),
    ...createOrderUseCases(workshop),
    ...createLeaseUseCases(workshop),
    ...createTokenUseCases(workshop),
    ...auditUseCases(workshop),
    ...createBackupUseCases(workshop),
  }
  return gated(control, workshop.guard)
}
