// `claviger login --invitation`: accepts an invitation, or uses a sign-in link, and signs this terminal in with it. The
// code is a secret: it is typed at a masked prompt or piped, and sent to the server that its link names.

import type { Output } from '../../api/schemas.ts'
import { checkEmail, checkTitle } from '../../domain/email.ts'
import { ClavigerError } from '../../domain/errors.ts'
import { codeKind } from '../../domain/token.ts'
import { clientFor, findServer } from '../connection.ts'
import type { Context } from '../context.ts'
import { readPiped } from '../secrets.ts'
import { clientName, keepLogin } from './keep-login.ts'
import { recognise } from './known-servers.ts'
import { leadsNowhereElse } from './links.ts'
import { patiently } from './patience.ts'

const LEAST = 12

// How often a code can be typed.
const CODES = 3

interface Invitation {
  readonly code: string
  /** The server of a link; null for a bare code. */
  readonly server: string | null
}

interface Entered {
  readonly invitation: Invitation
  /** What follows the code on standard input, one a line. */
  readonly password: string | undefined
  readonly secondFactor: string | undefined
}

export async function loginWithInvitation(
  context: Context,
  name: string | undefined,
  acceptServer: boolean,
): Promise<number> {
  const { invitation, password, secondFactor } = await enter(context)
  const server = await serverOf(context, invitation)
  const installation = await recognise(context, server, acceptServer)
  const client = clientFor(server, null)
  const { code } = invitation
  const about = await patiently(context.ui.note, () => client.call('invitations.describe', { code }))
  context.ui.note(
    about.kind === 'join'
      ? `You are invited to ${about.organization} on ${server} as ${about.role}, with the e-mail ${about.email}.`
      : `This sets a new password for ${about.email} in ${about.organization} on ${server}.`,
  )
  const given = await complete(context, about, { name, password })
  const request = { code, ...given, token: true, client: clientName() }
  const accept = (shown: { secondFactor?: string }) =>
    patiently(context.ui.note, () => client.call('invitations.accept', { ...request, ...shown }))
  const joined = await withSecondFactor(context.ui, secondFactor, accept)
  await keepLogin(context, { server, installation }, joined)
  return 0
}

async function enter({ ui, dependencies }: Context): Promise<Entered> {
  if (dependencies.stdin.isTTY !== true) {
    const [first = '', password = '', code = ''] = (await readPiped(dependencies.stdin)).split(/\r?\n/)
    return { invitation: mustRead(first), password: given(password), secondFactor: given(code) }
  }
  if (!ui.interactive) {
    throw new ClavigerError('invalid', 'There is no terminal to ask for the code on.', {
      hint: 'Pipe it to standard input.',
    })
  }
  const check = (text: string) =>
    read(text) === null ? 'That is neither the link of an invitation nor its code.' : undefined
  return { invitation: mustRead(await ui.askSecret('Link or code', check)), ...NOTHING_MORE }
}

const NOTHING_MORE = { password: undefined, secondFactor: undefined }

function given(line: string): string | undefined {
  return line === '' ? undefined : line
}

// Who has an authenticator app shows its code, too. The link is not used up before it was right.
async function withSecondFactor<T>(
  ui: Context['ui'],
  piped: string | undefined,
  call: (shown: { secondFactor?: string }) => Promise<T>,
): Promise<T> {
  let code = piped
  for (let left = CODES; ; left -= 1) {
    try {
      return await call(code === undefined ? {} : { secondFactor: code })
    } catch (thrown) {
      if (!(thrown instanceof ClavigerError) || thrown.missing !== 'second-factor') throw thrown
      if (!ui.interactive && piped === undefined) throw noCode(thrown.message)
      if (!ui.interactive || left === 0) throw thrown
      ui.note(thrown.message)
      code = await ui.askSecret('Code of the app, or a recovery code', (text) =>
        text.trim() === '' ? 'Type the code that the app shows.' : undefined,
      )
    }
  }
}

function noCode(message: string): ClavigerError {
  return new ClavigerError('unauthenticated', message, {
    hint: 'Pipe it behind the link and the password, as the third line.',
  })
}

function read(text: string): Invitation | null {
  const plain = text.trim()
  if (codeKind(plain) === 'join') return { code: plain, server: null }
  const url = /^https?:/.test(plain) && URL.canParse(plain) ? new URL(plain) : null
  // Older links have it in the query.
  const code = url?.hash.slice(1) || (url?.searchParams.get('code') ?? '')
  if (url === null || codeKind(code) !== 'join' || !/\/join\/?$/.test(url.pathname)) return null
  return { code, server: `${url.origin}${url.pathname.replace(/\/join\/?$/, '')}` }
}

function mustRead(text: string): Invitation {
  const found = read(text)
  if (found !== null) return found
  // Not repeated: it may be a code with a typing error, or another secret.
  throw new ClavigerError('invalid', 'What was entered is neither the link of an invitation nor its code.', {
    hint: 'Copy the whole link.',
  })
}

// A link goes where it says, not to whichever server this terminal knows; and not elsewhere when a server was named.
async function serverOf(context: Context, { server }: Invitation): Promise<string> {
  const settings = context.settings()
  if (server === null) return findServer(settings)
  if (settings.server === null || new URL(settings.server).origin === new URL(server).origin) return server
  // What a server without a public address calls itself; it was named as it is reached from here.
  if (leadsNowhereElse(new URL(server).hostname)) return settings.server
  throw new ClavigerError('invalid', `The link is of ${server}, and not of ${settings.server}.`, {
    hint: `Leave --server and CLAVIGER_SERVER out, or give --server ${server}`,
  })
}

// What is missing is asked for, if somebody is there to be asked.
async function complete(
  { ui }: Context,
  { kind, givesEmail }: Output<'invitations.describe'>,
  { name, password }: { readonly name: string | undefined; readonly password: string | undefined },
) {
  const joins = kind === 'join'
  if (joins && name === undefined && !ui.interactive) {
    throw new ClavigerError('invalid', 'A name is missing.', {
      hint: 'Give the name others will see: --name NAME',
    })
  }
  const asksName = joins || (givesEmail && ui.interactive)
  const shown =
    name ?? (asksName ? await ui.askText('Your name', wrongWith(checkTitle), 'Ada Lovelace') : undefined)
  const email =
    givesEmail && ui.interactive
      ? await ui.askText('Your e-mail', wrongWith(checkEmail), 'ada@example.com')
      : undefined
  const chosen = password ?? (ui.interactive ? await choosePassword(ui, joins) : undefined)
  return {
    ...(shown !== undefined && { name: shown }),
    ...(email !== undefined && { email }),
    ...(chosen !== undefined && { password: chosen }),
  }
}

async function choosePassword(ui: Context['ui'], mayBeEmpty: boolean): Promise<string | undefined> {
  const joining = ', or the one you have on this server already (Enter for none)'
  const question = `A password for the pages, ${LEAST} characters or more${mayBeEmpty ? joining : ''}`
  const first = await ui.askSecret(question, (text) =>
    text.length >= LEAST || (mayBeEmpty && text === '') ? undefined : `It needs ${LEAST} characters.`,
  )
  if (first === '') return undefined
  await ui.askSecret('The same again', (text) => (text === first ? undefined : 'It is another one.'))
  return first
}

function wrongWith(check: (text: string) => string): (text: string) => string | undefined {
  return (text) => {
    try {
      check(text)
      return undefined
    } catch (thrown) {
      if (thrown instanceof ClavigerError) return thrown.message
      throw thrown
    }
  }
}
