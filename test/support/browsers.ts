// People of the house who sign a browser in.

import type { Caller } from '../../src/domain/caller.ts'
import { Secret } from '../../src/domain/secret.ts'
import { codeOf, fromBase32 } from '../../src/identity/app-codes.ts'
import type { House } from './house.ts'
import type { PersonName } from './people.ts'

export const PASSWORD = 'correct horse battery'

/** A browser on a page of the server. */
export const BROWSER = { browser: { userAgent: 'Testzilla/1.0 (X11)' } }

/** Gives them a password. */
export async function givePassword({ ports }: House, who: PersonName, password = PASSWORD): Promise<void> {
  const { identity, store } = ports
  const hash = await identity.hashPassword(new Secret(password))
  await store.atomically((unit) => identity.changing(unit).setPassword(who, hash))
}

/** The code that their app shows now. */
export function codeNow({ clock }: House, secret: string): string {
  return codeOf(fromBase32(secret), Math.floor(clock.now / 30_000))
}

/** Sets an authenticator app up; returns what it has, the recovery codes, and the new value of the browser that asked. */
export async function setUpApp(house: House, who: PersonName | Caller, password = PASSWORD) {
  const secret = (await house.ask(who, 'secondFactor.begin', { password })).secret.expose()
  const enabled = await house.ask(who, 'secondFactor.enable', { code: codeNow(house, secret) })
  const { recoveryCodes, cookie } = enabled
  // That code is used up.
  house.clock.now += 30_000
  return {
    secret,
    recoveryCodes: recoveryCodes.map((code) => code.expose()),
    /** What its cookie holds from now on. */
    cookie: cookie === undefined || cookie === 'none' ? undefined : cookie.value.expose(),
  }
}

/** Signs a browser of theirs in; returns what its cookie holds, and its session. */
export async function signIn(house: House, who: PersonName, changed: { organization?: string } = {}) {
  if (!(await house.ports.identity.hasPassword(who))) await givePassword(house, who)
  const given = { email: `${who}@example.test`, password: PASSWORD, ...changed }
  const { cookie, session } = await house.visit('session.create', given, BROWSER)
  if (cookie === undefined || cookie === 'none' || !session?.session) throw new Error('nobody is signed in')
  return { cookie: cookie.value.expose(), expiresAt: cookie.expiresAt, id: session.session.id, session }
}
