// Making an app at a platform: the page with the form that goes there, and where the browser comes back to. Only from this
// page may a form of ours go to that platform.

import type { Context, Hono } from 'hono'
import { CHANNELS_PATH } from '../../api/link-paths.ts'
import { STATUS_OF } from '../../api/status.ts'
import type { AppMakings } from '../../control/channels/apps/making.ts'
import { appTrip } from '../../control/channels/apps/starting.ts'
import { CHANNEL_KINDS, type ChannelKind } from '../../domain/channels/call.ts'
import { asClavigerError, type ClavigerError } from '../../domain/errors.ts'
import { headedPage, html, htmlHeaders, problemMarkup } from '../html.ts'
import { type CallbackDependencies, onlyLooks, onward } from '../signing-in/callback.ts'
import { cookieIn, takenAway } from '../signing-in/cookies.ts'
import type { Connection } from '../visitors.ts'

export type AppDoorDependencies = Omit<CallbackDependencies, 'comeBack'> & { readonly appMakings: AppMakings }

type Served = Hono<{ Bindings: Connection }>
type Form = Awaited<ReturnType<AppMakings['form']>>
type Asked = Context<{ Bindings: Connection }>

/** Call it before other callbacks are added. */
export function addAppDoors(app: Served, dependencies: AppDoorDependencies): void {
  for (const kind of CHANNEL_KINDS) {
    app.get(`/auth/app/${kind}`, (c) => formPage(dependencies, kind, c))
    app.get(`/auth/callback/${appTrip(kind)}`, (c) => onlyLooks(c.req.raw) ?? comeBack(dependencies, kind, c))
  }
}

async function formPage(dependencies: AppDoorDependencies, kind: ChannelKind, c: Asked): Promise<Response> {
  const { appMakings, publicUrl, report } = dependencies
  const own = publicUrl()
  try {
    const { query, ...asked } = askedBy(dependencies, kind, c)
    const [name, organization] = [query.get('name') ?? '', query.get('organization') ?? '']
    const form = await appMakings.form({ ...asked, name, organization })
    const headers = htmlHeaders({ origin: new URL(form.action).origin })
    return new Response(formMarkup(form, own), { headers })
  } catch (thrown) {
    report(thrown, c.req.raw)
    const error = asClavigerError(thrown)
    return new Response(errorMarkup(error, own), { status: STATUS_OF[error.code], headers: htmlHeaders() })
  }
}

// Throws `rate_limited`.
function askedBy(
  { visitors, publicUrl, requestIdOf }: AppDoorDependencies,
  kind: ChannelKind,
  { req: { raw: request }, env: connection }: Asked,
) {
  const visitor = visitors.asking(request, connection, requestIdOf(request))
  const query = new URL(request.url).searchParams
  const browser = cookieIn(publicUrl(), request, 'trip') ?? ''
  return { visitor, kind, query, state: query.get('state') ?? '', browser }
}

function formMarkup({ action, fields, rights }: Form, own: string): string {
  const there = new URL(action).host
  const hidden = Object.entries(fields).map(
    ([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`,
  )
  return headedPage(
    'Make the App',
    html`<p>You go on to <b>${there}</b>, which shows what the App is called, and makes it when you agree. Then you come back here, and
its keys with you: nobody has to copy them.</p><p>The App may, in the repositories that it is installed on:</p>
<ul>${rights.map((right) => html`<li>${right}</li>`)}</ul><form method="post" action="${action}">${hidden}<button>Go on to ${there}</button></form>
<p><a href="${own}${CHANNELS_PATH}">Back to the settings</a></p>`,
  )
}

function errorMarkup(error: ClavigerError, own: string): string {
  return headedPage(
    'That did not work',
    html`${problemMarkup(error)}<p><a href="${own}${CHANNELS_PATH}">Back to the settings</a></p>`,
  )
}

// The address has the code in it, which is good for an hour if nobody has used it: it stays nowhere, whatever became of it.
async function comeBack(dependencies: AppDoorDependencies, kind: ChannelKind, c: Asked): Promise<Response> {
  const { appMakings, publicUrl, report } = dependencies
  const own = publicUrl()
  try {
    const { visitor, query, ...came } = askedBy(dependencies, kind, c)
    const arrival = await appMakings.comeBack(visitor, { ...came, code: query.get('code') ?? '' })
    if ('made' in arrival) return settings(own, { made: arrival.made }, [takenAway(own, 'trip')])
    report(arrival.error, c.req.raw)
    const { problem, isStray = false } = arrival
    return settings(own, { problem }, isStray ? [] : [takenAway(own, 'trip')])
  } catch (thrown) {
    report(thrown, c.req.raw)
    return settings(own, { problem: 'failed' }, [])
  }
}

function settings(own: string, said: Record<string, string>, cookies: readonly string[]): Response {
  return onward(own, `${new URL(own + CHANNELS_PATH).pathname}?${new URLSearchParams(said)}`, cookies)
}
