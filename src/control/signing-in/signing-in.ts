// How people, their browsers and their terminals get in: one set of limits for all of it.

import { createAccountUseCases } from '../outside/accounts.ts'
import { createOpeningUseCases } from '../sessions/opening.ts'
import { createOwnSessionUseCases } from '../sessions/own.ts'
import { createOwnPassword, createPasswordUseCases } from '../sessions/password.ts'
import { createSecondFactors } from '../sessions/second-factors.ts'
import { createSecondFactorUseCases } from '../sessions/setting-up.ts'
import type { Control } from '../use-case.ts'
import type { Workshop } from '../workshop.ts'
import { createAcceptingUseCases } from './accepting.ts'
import { createDecidingUseCases } from './deciding.ts'
import { createDeviceUseCases } from './devices.ts'
import { createInvitationUseCases } from './invitations.ts'
import { createLimits } from './limits.ts'

export function createSigningInUseCases(workshop: Workshop) {
  const limits = createLimits(workshop.now)
  const factors = createSecondFactors(workshop, limits)
  const ownPassword = createOwnPassword(workshop, limits)
  return {
    ...createInvitationUseCases(workshop),
    ...createAcceptingUseCases(workshop, limits, factors),
    ...createDeviceUseCases(workshop, limits),
    ...createDecidingUseCases(workshop, limits, factors),
    ...createOpeningUseCases(workshop, limits, factors),
    ...createOwnSessionUseCases(workshop),
    ...createAccountUseCases(workshop, limits, { factors, ownPassword }),
    ...createPasswordUseCases(workshop, ownPassword),
    ...createSecondFactorUseCases(workshop, { factors, ownPassword }),
  } satisfies Partial<Control>
}
