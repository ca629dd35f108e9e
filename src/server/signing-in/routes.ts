// Serves the pages on which people accept an invitation and let a terminal in. Opening a page changes nothing, so that a
// mail program may look at a link; forms are taken from our own pages only.

import type { Context, Hono } from 'hono'
import type { OperationName } from '../../api/operations.ts'
import { type Input, SCHEMAS } from '../../api/schemas.ts'
import { STATUS_OF } from '../../api/status.ts'
import type { Control, NewCookie, Visitor } from '../../control/use-case.ts'
import { asClavigerError, ClavigerError, type ErrorCode } from '../../domain/errors.ts'
import { htmlHeaders } from '../html.ts'
import { checkInput, readForm } from '../read-input.ts'
import type { Connection, Visitors } from '../visitors.ts'
import { cookieHeader } from './cookies.ts'
import { addressSeen, browserOf, isOwnForm } from './origin.ts'
import {
  codeForm,
  decidedPage,
  errorPage,
  joinCodeForm,
  joinedPage,
  joinForm,
  organizationForm,
  type Tried,
  terminalForm,
} from './pages.ts'

export interface PageDependencies {
  readonly control: Pick<
    Control,
    'invitations.describe' | 'invitations.accept' | 'device.describe' | 'device.signIn'
  >
  readonly visitors: Visitors
  readonly publicUrl: () => string
  readonly requestIdOf: (request: Request) => string
  /** Writes the failure into the log. */
  readonly report: (thrown: unknown, request: Request) => void
}

type Served = Hono<{ Bindings: Connection }>

/** A page, and what went wrong if it says so. */
interface Shown {
  readonly markup: string
  readonly error?: ClavigerError
  readonly cookie?: NewCookie | 'none'
}

type Page = (visitor: Visitor, request: Request) => Promise<Shown>
type Fields = Readonly<Record<string, string>>

export function addSigningInPages(app: Served, dependencies: PageDependencies): void {
  const pages = { join: joinPages(dependencies), device: devicePages(dependencies) }
  for (const [path, { get, post }] of Object.entries(pages)) {
    app.get(`/${path}`, (c) => answer(dependencies, c, get))
    app.post(`/${path}`, (c) =>
      answer(dependencies, c, async (visitor, request) => {
        const own = addressSeen(dependencies.publicUrl(), request)
        mustComeFrom(own, request, path)
        return post({ ...visitor, ...browserOf(own, request) }, await readForm(request))
      }),
    )
  }
}

interface Pages {
  readonly get: Page
  readonly post: (visitor: Visitor, fields: Fields) => Promise<Shown>
}

function joinPages({ control, publicUrl }: PageDependencies): Pages {
  const form = async (visitor: Visitor, code: string, tried?: Tried): Promise<Shown> => {
    if (code === '') return shown(joinCodeForm(tried), tried)
    const input = inputOf('invitations.describe', { code })
    return shown(joinForm(input.code, await control['invitations.describe'](visitor, input), tried), tried)
  }
  return {
    get: (visitor, request) => form(visitor, codeIn(request)),
    post: (visitor, { code = '', name, email, password }) =>
      orAgain(
        async () => {
          // The code alone was typed: a link keeps it from the server.
          if (code !== '' && name === undefined && password === undefined) return form(visitor, code)
          const given = inputOf('invitations.accept', { code, name, email, password })
          const input = { ...given, session: visitor.browser !== undefined }
          const joined = await control['invitations.accept'](visitor, input)
          const { organization, person, signedIn, cookie } = joined
          const page = shown(joinedPage({ organization, person, signedIn }, publicUrl()))
          return { ...page, ...(cookie !== undefined && { cookie }) }
        },
        (error) => form(visitor, code, { error, name, email }),
      ),
  }
}

function devicePages({ control }: PageDependencies): Pages {
  const form = async (visitor: Visitor, userCode: string, tried?: Tried): Promise<Shown> => {
    const terminal = await control['device.describe'](visitor, inputOf('device.describe', { userCode }))
    return shown(terminalForm(terminal, tried), tried)
  }
  return {
    async get(visitor, request) {
      const userCode = codeIn(request)
      return userCode === '' ? shown(codeForm()) : form(visitor, userCode)
    },
    post: (visitor, { code = '', email = '', password, decision, organization, factor }) =>
      orAgain(
        async () => {
          const given = { userCode: code, email, password, decision, organization, secondFactor: factor }
          const result = await control['device.signIn'](visitor, inputOf('device.signIn', given))
          return shown(
            result.decided
              ? decidedPage(result, decision === 'approve')
              : organizationForm(code, email, result),
          )
        },
        (error) => form(visitor, code, { error, email }),
      ),
  }
}

function shown(markup: string, tried?: Tried): Shown {
  return tried === undefined ? { markup } : { markup, error: tried.error }
}

// The same form again with what went wrong, where another try may help.
async function orAgain(
  work: () => Promise<Shown>,
  form: (error: ClavigerError) => Promise<Shown>,
): Promise<Shown> {
  try {
    return await work()
  } catch (thrown) {
    if (!(thrown instanceof ClavigerError) || !WORTH_ANOTHER_TRY.includes(thrown.code)) throw thrown
    return form(thrown)
  }
}

const WORTH_ANOTHER_TRY: readonly ErrorCode[] = ['invalid', 'unauthenticated', 'conflict', 'forbidden']

async function answer(
  { visitors, requestIdOf, report, publicUrl }: PageDependencies,
  c: Context<{ Bindings: Connection }>,
  make: Page,
): Promise<Response> {
  const requestId = requestIdOf(c.req.raw)
  const { markup, error, cookie } = await attempt(
    () => make(visitors.asking(c.req.raw, c.env, requestId), c.req.raw),
    (thrown) => report(thrown, c.req.raw),
  )
  const wait = error?.retryAfter === undefined ? {} : { 'retry-after': String(error.retryAfter) }
  return new Response(markup, {
    status: error === undefined ? 200 : STATUS_OF[error.code],
    headers: {
      ...htmlHeaders('self'),
      'x-request-id': requestId,
      ...wait,
      ...cookieHeader(addressSeen(publicUrl(), c.req.raw), cookie),
    },
  })
}

async function attempt(make: () => Promise<Shown>, report: (thrown: unknown) => void): Promise<Shown> {
  try {
    const made = await make()
    if (made.error !== undefined) report(made.error)
    return made
  } catch (thrown) {
    report(thrown)
    const error = asClavigerError(thrown)
    return { markup: errorPage(error), error }
  }
}

// What was typed into a form is given by its name; what is absent is left out, so that it may be optional.
function inputOf<N extends OperationName>(
  name: N,
  given: Readonly<Record<string, string | undefined>>,
): Input<N> {
  const present = Object.entries(given).filter(([, value]) => value !== undefined && value !== '')
  return checkInput(SCHEMAS[name].input, Object.fromEntries(present)) as Input<N>
}

function mustComeFrom(own: string, request: Request, path: string): void {
  if (isOwnForm(own, request)) return
  throw new ClavigerError('forbidden', 'This form did not come from a page of this server.', {
    hint: `Open ${own}/${path} and send it from there.`,
  })
}

function codeIn(request: Request): string {
  return new URL(request.url).searchParams.get('code') ?? ''
}
