// Sending a browser to a platform that makes an app of a description. The page that it goes to first is ours, and has the
// form for it: only there may a form go to the platform.

import { CHANNELS_PATH } from '../../../api/link-paths.ts'
import type { Input } from '../../../api/schemas.ts'
import type { AppForm } from '../../../channels/channel.ts'
import type { Caller } from '../../../domain/caller.ts'
import type { ChannelKind } from '../../../domain/channels/call.ts'
import { ClavigerError } from '../../../domain/errors.ts'
import { findTrip, type Sent, send } from '../../outside/trips.ts'
import { mustBePerson } from '../../sessions/own.ts'
import type { Workshop } from '../../workshop.ts'
import { platformOf } from '../means.ts'

export function deliverTo(publicUrl: string, kind: ChannelKind): string {
  return `${publicUrl}/webhooks/${kind}`
}

/** As the place that a browser is sent to is called among identity providers; it is none of them. */
export function appTrip(kind: ChannelKind): string {
  return `${kind}-app`
}

type Asked = Pick<Input<'channels.startApp'>, 'kind' | 'name' | 'organization'>

/** Throws `invalid` where no such app can be made, `conflict` for who is no browser. */
export async function startApp(workshop: Workshop, caller: Caller, asked: Asked): Promise<Sent> {
  const personId = mustBePerson(caller)
  const { organizationId, sessionId } = caller
  const { kind, name, organization } = asked
  formOf(workshop, asked, '')
  if (sessionId === undefined)
    throw new ClavigerError('conflict', 'Apps are made from a browser that is signed in.', {
      hint: 'Open the console.',
    })
  const page = async ({ state }: { readonly state: string }) => {
    const url = new URL(`${workshop.publicUrl()}/auth/app/${kind}`)
    url.search = new URLSearchParams({ state, name, ...(organization && { organization }) }).toString()
    return url.href
  }
  const linking = { organizationId, personId, sessionId }
  return send(workshop, { id: appTrip(kind), begin: page }, { linking, returnTo: CHANNELS_PATH })
}

/** What the page shows, to the browser that is on its way; undefined: that is too long ago, or another. */
export async function formOnTheWay(
  workshop: Workshop,
  asked: Asked & { readonly state: string; readonly browser: string },
): Promise<AppForm | undefined> {
  const { kind, state, browser } = asked
  const trip = await findTrip(workshop, { provider: appTrip(kind), state, browser })
  return trip === undefined ? undefined : formOf(workshop, asked, state)
}

function formOf(workshop: Workshop, { kind, name, organization }: Asked, state: string): AppForm {
  const { apps, title } = platformOf(workshop, kind)
  const home = workshop.publicUrl()
  if (apps === undefined) throw new ClavigerError('invalid', `Apps of ${title} are made by hand.`)
  return apps.form({
    ...{ name, organization: organization || null, home, state, deliverTo: deliverTo(home, kind) },
    comeBackTo: `${home}/auth/callback/${appTrip(kind)}`,
  })
}
