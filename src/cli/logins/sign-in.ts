// Signing in at a provider from a terminal: the server begins it; the browser comes back to a listener on this machine, or
// the person pastes what it ended at, whichever is first; or the code is typed on another device.

import { setTimeout as sleep } from 'node:timers/promises'
import type { Output, Request } from '../../api/schemas.ts'
import type { Client } from '../../client/client.ts'
import { ClavigerError, type ErrorCode } from '../../domain/errors.ts'
import { type CallbackPage, type Loopback, listenOnLoopback } from '../../lib/loopback.ts'
import type { Context } from '../context.ts'
import { openInBrowser } from '../signing-in/browser.ts'
import { cancelled } from '../ui.ts'
import { readPasted } from './pasting.ts'

type Method = Request<'logins.start'>['method']
type Started = Output<'logins.start'>
type Login = Output<'logins.get'>

/** A sign-in that is complete. */
export type CompleteLogin = Login & { readonly credential: NonNullable<Login['credential']> }

export interface SignInOptions {
  readonly method?: string
  /** False with --no-browser. */
  readonly browser?: boolean
  readonly replaceAccount?: boolean
  /** Somebody gives up, where no prompt hears of it. */
  readonly signal?: AbortSignal
}

/** Ports that OpenAI sends browsers back to. */
const PORTS = [1455, 1457] as const
const CALLBACK = '/auth/callback'

const METHODS: readonly Method[] = ['browser', 'paste', 'device']

// The server is away, or something before it is.
const PASSING: readonly ErrorCode[] = ['unreachable', 'unavailable', 'upstream', 'rate_limited']

/** Checks the options that can be checked without a server. Throws `invalid`. */
export function methodOf(type: Request<'logins.start'>['type'], { method }: SignInOptions): Method {
  const standard = type === 'codex/oauth' ? 'browser' : 'paste'
  const found = METHODS.find((one) => one === (method ?? standard))
  if (found === undefined) {
    throw new ClavigerError('invalid', `There is no method to sign in of this name: ${method}.`, {
      hint: `The methods are ${METHODS.join(', ')}.`,
    })
  }
  if (type === 'claude/oauth' && found === 'device') {
    throw new ClavigerError('invalid', 'Claude does not sign in by device.', {
      hint: 'Use --method paste: open the link anywhere, and paste the code it shows.',
    })
  }
  return found
}

/** Signs in; resolves when the login is stored. */
export async function signIn(
  context: Context,
  client: Client,
  request: Omit<Request<'logins.start'>, 'method' | 'port'>,
  options: SignInOptions,
): Promise<CompleteLogin> {
  const method = methodOf(request.type, options)
  if (method === 'device')
    return byDevice(context, client, await client.call('logins.start', { ...request, method }), options)
  const desk = createDesk(client)
  const listener = await listen(context, request.type, method, desk)
  try {
    const port = listener?.port === 1457 ? 1457 : 1455
    const started = await client.call('logins.start', { ...request, method, port })
    desk.begun(started)
    showLink(context, started, options)
    return await ending(context, client, started, desk, listener)
  } finally {
    await listener?.close()
  }
}

function showLink({ ui }: Context, { authorizeUrl }: Started, { browser = true }: SignInOptions): void {
  const url = authorizeUrl ?? ''
  ui.note('To sign in, open this link in a browser:')
  ui.note(`  ${url}`)
  // Whatever answers there does not choose which program is started.
  if (browser && ui.interactive && /^https?:\/\/[^\s]+$/.test(url)) openInBrowser(new URL(url).href, ui.note)
}

async function listen({ ui }: Context, type: string, method: Method, desk: Desk): Promise<Loopback | null> {
  if (type !== 'codex/oauth' || method !== 'browser') return null
  const listener = await listenOnLoopback(PORTS, CALLBACK, desk.fromBrowser)
  if (listener === null) {
    ui.note(`Ports ${PORTS.join(' and ')} of this machine are taken, so the browser cannot come back here.`)
    ui.note('It will end at a page that does not load: paste the address of that page.')
  }
  return listener
}

/** Where everything that is brought arrives, from either side; the first that is good ends it. */
interface Desk {
  begun(started: Pick<Started, 'id' | 'authorizeUrl'>): void
  /** What is wrong with it; null: it is over, one way or the other. */
  take(pasted: string): Promise<string | null>
  fromBrowser(query: string): Promise<CallbackPage>
  readonly done: Promise<Login>
  /** Aborts when it is over. */
  readonly over: AbortSignal
}

function createDesk(client: Client): Desk {
  const { promise: done, resolve, reject } = Promise.withResolvers<Login>()
  // Awaited below; a failure must not count as unhandled until then.
  done.catch(() => undefined)
  const over = new AbortController()
  const finish = (act: () => void) => {
    act()
    over.abort()
    return null
  }
  let id: string | null = null
  let state = ''
  const take = async (pasted: string): Promise<string | null> => {
    if (id === null || over.signal.aborted) return null
    try {
      const login = await client.call('logins.complete', { id, pasted })
      return finish(() => resolve(login))
    } catch (thrown) {
      if (!(thrown instanceof ClavigerError)) return finish(() => reject(thrown))
      const login = await client.call('logins.get', { id }).catch(() => null)
      if (login?.state === 'complete') return finish(() => resolve(login))
      if (login === null || login.state === 'pending') return `${thrown.message} ${thrown.hint ?? ''}`
      return finish(() => reject(thrown))
    }
  }
  // Any page can send a browser here, as often as it likes: what was not asked for never reaches the server.
  const takeOwn = (query: string) => {
    const own = state !== '' && stateIn(query) === state
    return own ? take(`?${query}`) : Promise.resolve('This belongs to another sign-in.')
  }
  return {
    ...{ take, done, over: over.signal },
    begun: (started) => {
      id = started.id
      state = stateIn(started.authorizeUrl?.replace(/^[^?]*\?/, '') ?? '')
    },
    async fromBrowser(query) {
      const fault = id === null ? 'Nobody is signing in here yet.' : await takeOwn(query)
      if (fault !== null) return { status: 400, text: `${fault}\nThe terminal is still waiting.` }
      const outcome = await done.then(
        () => 'You are signed in. You can close this page and go back to the terminal.',
        () => 'The sign-in has failed. See the terminal.',
      )
      return { status: 200, text: outcome }
    },
  }
}

// Without what codex's own page may put behind it.
function stateIn(query: string): string {
  return (new URLSearchParams(query).get('state') ?? '').replace(/\.onboarding_entrypoint=\w+$/, '')
}

async function ending(
  context: Context,
  client: Client,
  started: Started,
  { take, done, over }: Desk,
  listener: Loopback | null,
): Promise<CompleteLogin> {
  const late = sleep(Math.max(0, Date.parse(started.expiresAt) - Date.now()), undefined, { ref: false })
  const reading = readPasted(context, take, over).then(async (more) => {
    if (more || listener !== null) return done
    throw new ClavigerError('invalid', 'Standard input has ended, and no code came.', {
      hint: 'Pipe the code, or the address the browser ended at, to standard input.',
    })
  })
  try {
    const expired = late.then(() => {
      throw expiredLogin()
    })
    expired.catch(() => undefined)
    return completed(await Promise.race([done, reading, expired]))
  } catch (thrown) {
    await client.call('logins.cancel', { id: started.id }).catch(() => undefined)
    throw thrown
  }
}

async function byDevice(
  { ui }: Context,
  client: Client,
  started: Started,
  { signal }: SignInOptions,
): Promise<CompleteLogin> {
  ui.note(`To sign in, open ${started.verificationUrl} on any device and type this code: ${started.userCode}`)
  ui.note('Type it only if you began this yourself, just now. Waiting for ten minutes; Ctrl-C ends it.')
  let login: Login = started
  let away = ''
  while (login.state === 'pending') {
    await sleep((started.intervalSeconds ?? 5) * 1000, undefined, { signal }).catch(() => undefined)
    if (signal?.aborted) {
      await client.call('logins.cancel', { id: started.id }).catch(() => undefined)
      throw cancelled()
    }
    try {
      login = await client.call('logins.get', { id: started.id })
    } catch (thrown) {
      if (!(thrown instanceof ClavigerError) || !PASSING.includes(thrown.code)) throw thrown
      if (thrown.message !== away) ui.note(`${thrown.message} It is tried again.`)
      away = thrown.message
    }
    if (Date.parse(started.expiresAt) + 60_000 < Date.now()) throw expiredLogin()
  }
  return completed(login)
}

function completed(login: Login): CompleteLogin {
  const { state, credential, message } = login
  if (state === 'complete' && credential !== null) return { ...login, credential }
  if (state === 'expired') throw expiredLogin()
  throw new ClavigerError('rejected', message === '' ? `The sign-in is ${state}.` : message, {
    hint: 'Start signing in again.',
  })
}

function expiredLogin(): ClavigerError {
  return new ClavigerError('unauthenticated', 'Nobody completed the sign-in within ten minutes.', {
    hint: 'Start signing in again.',
  })
}
