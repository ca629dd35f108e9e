// How people, their browsers and their terminals get in: one set of limits for all of it.

import { createOpeningUseCases } from '../sessions/opening.ts'
import { createOwnSessionUseCases } from '../sessions/own.ts'
import { createPasswordUseCases } from '../sessions/password.ts'
import type { Control } from '../use-case.ts'
import type { Workshop } from '../workshop.ts'
import { createAcceptingUseCases } from './accepting.ts'
import { createDecidingUseCases } from './deciding.ts'
import { createDeviceUseCases } from './devices.ts'
import { createInvitationUseCases } from './invitations.ts'
import { createLimits } from './limits.ts'

export function createSigningInUseCases(workshop: Workshop) {
  const limits = createLimits(workshop.now)
  return {
    ...createInvitationUseCases(workshop),
    ...createAcceptingUseCases(workshop, limits),
    ...createDeviceUseCases(workshop, limits),
    ...createDecidingUseCases(workshop, limits),
    ...createOpeningUseCases(workshop, limits),
    ...createOwnSessionUseCases(workshop),
    ...createPasswordUseCases(workshop, limits),
  } satisfies Partial<Control>
}
