// The use-cases, one per operation of the API, built over ports. Who asks is the first parameter of each. They know
// nothing of HTTP.

import { createReadingUseCases } from './audit/reading.ts'
import { createSearchingUseCases } from './audit/searching.ts'
import { createVerifyingUseCases } from './audit/verifying.ts'
import { createWarningUseCases } from './audit/warnings.ts'
import { createBackupUseCases } from './backup/creating.ts'
import { createChannelUseCases } from './channels/channels.ts'
import { createCloningUseCases } from './channels/cloning.ts'
import { createChangeUseCases } from './credentials/changing.ts'
import { createLifeUseCases } from './credentials/life.ts'
import { createLookingUseCases } from './credentials/looking.ts'
import { createOrderUseCases } from './credentials/order.ts'
import { createPlacementUseCases } from './credentials/placement.ts'
import { createCredentialUseCases } from './credentials/storing.ts'
import { createTypeUseCases } from './credentials/types.ts'
import { createVersionUseCases } from './credentials/versions.ts'
import { gated } from './gate.ts'
import { createLeaseUseCases } from './leases.ts'
import { createFollowingUseCases } from './leasing/following.ts'
import { createRejectionUseCases } from './leasing/rejecting.ts'
import { createLiveUseCase } from './live/live.ts'
import { createLinkUseCases } from './logins/links.ts'
import { createLoginUseCases } from './logins/logins.ts'
import { createAgentUseCases } from './machines/agents.ts'
import { createAttachmentUseCases } from './machines/attachments.ts'
import { createJoinUseCase } from './machines/join.ts'
import { createWorkerUseCases } from './machines/workers.ts'
import { createHandingOverUseCases } from './moving/handing-over.ts'
import { createReceivingUseCases } from './moving/receiving.ts'
import { createRekeyUseCases } from './operating/rekey.ts'
import { statusUseCases } from './operating/status.ts'
import { createOverviewUseCase } from './overview/overview.ts'
import { createMemberUseCases } from './people/members.ts'
import { createNamingUseCases } from './people/naming.ts'
import { createOrganizationUseCases } from './people/organizations.ts'
import { createTeamUseCases } from './people/teams.ts'
import { createAskingUseCases } from './runs/asking.ts'
import { createChoosingUseCases } from './runs/choosing/choosing.ts'
import { createClaimingUseCases } from './runs/claiming.ts'
import { createFollowingRunUseCases } from './runs/following.ts'
import { createReadingRunUseCases } from './runs/reading.ts'
import { createReportingUseCases } from './runs/reporting.ts'
import { forWorkersOfRuns } from './runs/standing-in.ts'
import { createStartingUseCases } from './runs/starting.ts'
import { createHarnessUseCases } from './settings/harnesses.ts'
import { createPolicyUseCases } from './settings/policy.ts'
import { createPreferenceUseCases } from './settings/preferences.ts'
import { createSigningInUseCases } from './signing-in/signing-in.ts'
import { createEventUseCases } from './telling/events.ts'
import { createWebhookUseCases } from './telling/webhooks.ts'
import { createTokenUseCases } from './tokens.ts'
import type { Control, Ports } from './use-case.ts'
import { createWorkshop } from './workshop.ts'

export function createControl(ports: Ports): Control {
  const workshop = createWorkshop(ports)
  const leases = {
    ...createLeaseUseCases(workshop),
    ...createRejectionUseCases(workshop),
    ...createFollowingUseCases(workshop),
  }
  const control: Control = {
    ...createCredentialUseCases(workshop),
    ...createLookingUseCases(workshop),
    ...createLifeUseCases(workshop),
    ...createChangeUseCases(workshop),
    ...createPlacementUseCases(workshop),
    ...createVersionUseCases(workshop),
    ...createOrderUseCases(workshop),
    ...createHandingOverUseCases(workshop),
    ...createReceivingUseCases(workshop),
    ...createLoginUseCases(workshop),
    ...createLinkUseCases(workshop),
    ...leases,
    ...forWorkersOfRuns(workshop, leases),
    ...createStartingUseCases(workshop),
    ...createReadingRunUseCases(workshop),
    ...createChoosingUseCases(workshop),
    ...createAskingUseCases(workshop),
    ...createFollowingRunUseCases(workshop),
    ...createClaimingUseCases(workshop),
    ...createReportingUseCases(workshop),
    ...createTokenUseCases(workshop),
    ...createSigningInUseCases(workshop),
    ...createAgentUseCases(workshop),
    ...createAttachmentUseCases(workshop),
    ...createWorkerUseCases(workshop),
    ...createJoinUseCase(workshop),
    ...createHarnessUseCases(workshop),
    ...createPolicyUseCases(workshop),
    ...createPreferenceUseCases(workshop),
    ...createMemberUseCases(workshop),
    ...createTeamUseCases(workshop),
    ...createOrganizationUseCases(workshop),
    ...createNamingUseCases(workshop),
    ...statusUseCases(workshop),
    ...createReadingUseCases(workshop),
    ...createSearchingUseCases(workshop),
    ...createVerifyingUseCases(workshop),
    ...createWarningUseCases(workshop),
    ...createRekeyUseCases(workshop),
    ...createBackupUseCases(workshop),
    ...createWebhookUseCases(workshop),
    ...createChannelUseCases(workshop),
    ...createCloningUseCases(workshop),
    ...createEventUseCases(workshop),
    ...createLiveUseCase(workshop),
    ...createOverviewUseCase(workshop),
    ...createTypeUseCases(workshop),
  }
  return gated(control, workshop.guard)
}
