// A browser comes back from a platform with a code for the keys of an app that was made there: they become a channel. Whoever
// began it has to be signed in still, and to be one who may add channels now. Before that is clear nothing is asked for.

import type { AppForm } from '../../../channels/channel.ts'
import type { Caller } from '../../../domain/caller.ts'
import type { ChannelKind } from '../../../domain/channels/call.ts'
import { asClavigerError, ClavigerError, type ErrorCode } from '../../../domain/errors.ts'
import { whoseSession } from '../../authenticate.ts'
import { isStillSignedIn, takeTrip } from '../../outside/trips.ts'
import type { Ports, Visitor } from '../../use-case.ts'
import { createWorkshop, type Workshop } from '../../workshop.ts'
import { addChannel, mayAddChannel } from '../channels.ts'
import { platformOf } from '../means.ts'
import { appTrip, formOnTheWay } from './starting.ts'

/** Why there is no channel now. */
export type AppProblem = 'expired' | 'signed-out' | 'forbidden' | 'full' | 'unavailable' | 'refused'

export type AppArrival =
  /** What the channel is called. */
  | { readonly made: string }
  | {
      readonly problem: AppProblem
      readonly error: ClavigerError
      /** It was no trip of this browser's: one that is on its way goes on. */
      readonly isStray?: true
    }

export interface AppMakings {
  /** What is on the page before the platform's; throws what `AppMaking.form` throws, and `forbidden` for another browser. */
  form(asked: Parameters<typeof formOnTheWay>[1]): Promise<AppForm>
  comeBack(
    visitor: Visitor,
    came: {
      readonly kind: ChannelKind
      readonly state: string
      readonly code: string
      /** What the cookie of the trip holds; empty when the browser has none. */
      readonly browser: string
    },
  ): Promise<AppArrival>
}

export function createAppMakings(ports: Ports): AppMakings {
  const workshop = createWorkshop(ports)
  return {
    async form(asked) {
      const form = await formOnTheWay(workshop, asked)
      if (form === undefined) throw tooLate()
      return form
    },
    async comeBack({ requestId }, { kind, ...came }) {
      const trip = await takeTrip(workshop, { ...came, provider: appTrip(kind) })
      if (trip?.linking == null) return { problem: 'expired', error: tooLate(), isStray: true }
      try {
        if (!(await isStillSignedIn(workshop, trip.linking))) throw signedOut()
        const { organizationId, personId, sessionId: id } = trip.linking
        const holder = await whoseSession(workshop, { id, organizationId, personId })
        return { made: await made(workshop, { ...holder, requestId }, kind, came.code) }
      } catch (thrown) {
        const error = asClavigerError(thrown)
        const problem = PROBLEMS[error.code]
        if (problem === undefined) throw thrown
        return { problem, error }
      }
    },
  }
}

const PROBLEMS: Readonly<Partial<Record<ErrorCode, AppProblem>>> = {
  unauthenticated: 'signed-out',
  forbidden: 'forbidden',
  conflict: 'full',
  unavailable: 'unavailable',
  invalid: 'refused',
  rejected: 'refused',
}

// The code works once: what can be refused is, before it is traded in.
async function made(workshop: Workshop, caller: Caller, kind: ChannelKind, code: string): Promise<string> {
  await mayAddChannel(workshop, caller)
  const { apps } = platformOf(workshop, kind)
  if (apps === undefined) throw tooLate()
  const { name, settings, secrets } = await apps.made(code)
  const taken = (await workshop.store.channels.list(caller.organizationId)).map((one) => one.name)
  const policy = { strangers: 'refuse', access: 'write' } as const
  const input = { kind, name: freeName(name, taken), ...{ settings, secrets }, ...policy }
  return (await addChannel(workshop, caller, input)).name
}

function freeName(name: string, taken: readonly string[]): string {
  const names = [name, ...taken.map((_, nth) => `${name}-${nth + 2}`)]
  return names.find((one) => !taken.includes(one)) ?? name
}

function tooLate(): ClavigerError {
  return new ClavigerError('forbidden', 'It is too long ago, or began in another browser.', {
    hint: 'Begin again in the settings of the console.',
  })
}

function signedOut(): ClavigerError {
  return new ClavigerError('unauthenticated', 'You were signed out meanwhile.')
}
