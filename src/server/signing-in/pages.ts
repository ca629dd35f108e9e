// The plain pages on which people accept an invitation and let a terminal in: forms without a script. Links in them are
// relative, so that they also work below a path of a proxy.

import type { Output } from '../../api/schemas.ts'
import type { ClavigerError } from '../../domain/errors.ts'
import { headedPage, html, type Markup, problemMarkup } from '../html.ts'

const AT_LEAST = '12'

/** What somebody typed into the form before, and why it did not work. A password is not kept. */
export interface Tried {
  readonly error: ClavigerError
  readonly name?: string | undefined
  readonly email?: string | undefined
}

/** For a code of an invitation or a sign-in link. */
export function joinForm(code: string, about: Output<'invitations.describe'>, tried?: Tried): string {
  const { kind, organization, email, role, givesEmail, expiresAt } = about
  const joins = kind === 'join'
  const title = joins ? `Join ${organization}` : `Sign in to ${organization}`
  const what = joins
    ? html`<p>You are invited to <b>${organization}</b> as <b>${role}</b>, with the e-mail <b>${email}</b>.</p>`
    : html`<p>Set a new password for <b>${email}</b> in <b>${organization}</b>.</p>`
  const asksName = joins || givesEmail
  const name = asksName
    ? field('name', 'Your name', { autocomplete: 'name', value: tried?.name ?? '' })
    : html``
  const address = givesEmail
    ? field('email', 'Your e-mail', { type: 'email', autocomplete: 'username', value: tried?.email ?? '' })
    : html``
  const known = joins ? html`<p>If you have a password on this server already, type that one.</p>` : html``
  return headedPage(
    title,
    html`${problemMarkup(tried?.error)}${what}<form method="post" action="join"><input type="hidden" name="code" value="${code}">${name}${address}
${field('password', `A password, ${AT_LEAST} characters or more`, { type: 'password', autocomplete: 'new-password', minlength: AT_LEAST })}
<button>${joins ? 'Join' : 'Set the password'}</button></form>${known}<p>This works once, until ${readable(expiresAt)}.</p>`,
  )
}

/** For whoever has a link: its code stands behind the #, where this page does not see it. */
export function joinCodeForm(tried?: Tried): string {
  return headedPage(
    'Use an invitation',
    html`${problemMarkup(tried?.error)}<p>Copy what stands behind the <b>#</b> of the link that you were sent.</p>
<form method="post" action="join">${field('code', 'Code', { autocomplete: 'off', placeholder: 'clv_join_…' })}<button>Go on</button></form>`,
  )
}

/** After it was accepted. */
export function joinedPage(
  {
    organization,
    person,
    signedIn,
  }: Pick<Output<'invitations.accept'>, 'organization' | 'person' | 'signedIn'>,
  server: string,
): string {
  return headedPage(
    `Welcome to ${organization.name}`,
    html`<p>You are <b>${person.email}</b>, ${person.role} of <b>${organization.name}</b>.</p>
${signedIn ? html`<p>This browser is signed in: <a href="./">go on</a>.</p>` : html``}<p>In a terminal:</p><pre>claviger login --server ${server}</pre>`,
  )
}

/** Where somebody types the code that a terminal shows. */
export function codeForm(): string {
  return headedPage(
    'Sign a terminal in',
    html`<p>Type the code that <code>claviger login</code> shows in your terminal.</p>
<form method="get" action="device">${field('code', 'Code', { autocomplete: 'off', placeholder: 'XXXX-XXXX' })}<button>Go on</button></form>`,
  )
}

/** Which terminal waits, and who may let it in. */
export function terminalForm(terminal: Output<'device.describe'>, tried?: Tried): string {
  return headedPage(
    'Sign a terminal in',
    html`${problemMarkup(tried?.error)}${aboutTerminal(terminal)}<form method="post" action="device"><input type="hidden" name="code" value="${terminal.userCode}">
${field('email', 'Your e-mail', { type: 'email', autocomplete: 'username', value: tried?.email ?? '' })}
${field('password', 'Your password', { type: 'password', autocomplete: 'current-password' })}${factorField()}${buttons()}</form>
<p>Without a password: <code>claviger login --approve ${terminal.userCode}</code> in a terminal that is signed in.</p>`,
  )
}

/** For somebody who belongs to several organizations; the password is not kept, so that it is asked for again. */
export function organizationForm(
  userCode: string,
  email: string,
  { client, choices = [] }: Output<'device.signIn'>,
): string {
  const options = choices.map(({ id, name }) => html`<option value="${id}">${name}</option>`)
  return headedPage(
    'Into which organization?',
    html`<p>You belong to several. Which one shall <b>${client}</b> be signed in to?</p>
<form method="post" action="device"><input type="hidden" name="code" value="${userCode}"><input type="hidden" name="email" value="${email}">
<label for="organization">Organization</label><select id="organization" name="organization">${options}</select>
${field('password', 'Your password, again', { type: 'password', autocomplete: 'current-password' })}${factorField()}${buttons()}</form>`,
  )
}

/** After a terminal was let in, or turned away. */
export function decidedPage({ client, organization }: Output<'device.signIn'>, approved: boolean): string {
  const where = organization === undefined ? html`` : html` to <b>${organization.name}</b>`
  return approved
    ? headedPage(
        'Done',
        html`<p><b>${client}</b> is signed in${where}. You can go back to the terminal and close this page.</p>`,
      )
    : headedPage('Turned away', html`<p><b>${client}</b> was turned away. You can close this page.</p>`)
}

/** What went wrong, when there is no form to try again with. */
export function errorPage(error: ClavigerError): string {
  return headedPage('That did not work', problemMarkup(error))
}

function aboutTerminal({ client, address, organization, createdAt }: Output<'device.describe'>): Markup {
  const into = organization === null ? html`` : html`<tr><th>Asks for</th><td>${organization}</td></tr>`
  return html`<table><tr><th>Machine</th><td><b>${client}</b></td></tr><tr><th>Address</th><td>${address}</td></tr>
<tr><th>Asked</th><td>${readable(createdAt)}</td></tr>${into}</table>
<p class="note">Go on only if you typed <code>claviger login</code> on this machine just now, and it shows this code. Whoever
sent you here with a code of theirs would get into your account. A machine calls itself what it likes.</p>`
}

function buttons(): Markup {
  return html`<button name="decision" value="approve">Let it in</button><button class="no" name="decision" value="deny">Turn it away</button>`
}

function field(name: string, label: string, attributes: Readonly<Record<string, string>>): Markup {
  return html`<label for="${name}">${label}</label><input id="${name}" name="${name}" required${listed(attributes)}>`
}

// For those who have set up a second factor; the server says so when it is missing.
function factorField(): Markup {
  const attributes = { autocomplete: 'one-time-code' }
  return html`<label for="factor">Code of your authenticator app, if you use one</label><input id="factor" name="factor"${listed(attributes)}>`
}

function listed(attributes: Readonly<Record<string, string>>): readonly Markup[] {
  return Object.entries(attributes).map(([key, value]) => html` ${key}="${value}"`)
}

function readable(time: string): string {
  return `${time.slice(0, 16).replace('T', ' ')} UTC`
}
