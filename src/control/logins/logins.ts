// Signing in at a provider, so that a credential is made or gets a new login. What is under way is kept in the store, and
// any server can go on with it, except where a program of one server holds it. Each is for whoever began it.

import type { Output } from '../../api/schemas.ts'
import type { Caller } from '../../domain/caller.ts'
import { ClavigerError } from '../../domain/errors.ts'
import { formatOwner } from '../../domain/owner.ts'
import { Secret } from '../../domain/secret.ts'
import { newId } from '../../lib/id.ts'
import type { SignIn, SignInStep, StartedSignIn } from '../../providers/provider.ts'
import type { LoginAttemptRow } from '../../store/login-groups.ts'
import type { CredentialRow } from '../../store/store.ts'
import { nameFor } from '../credentials/naming.ts'
import { findCredential, findOwner, manage } from '../find.ts'
import { mustFitPolicy } from '../settings/rules.ts'
import type { Control } from '../use-case.ts'
import type { Workshop } from '../workshop.ts'
import {
  aboutLogin,
  claimLogin,
  findLogin,
  loginView,
  openLogin,
  overAlready,
  sealLogin,
  signInOf,
  stateOfLogin,
} from './attempts.ts'
import { importLogin } from './importing.ts'
import { admitLogin, land } from './landing.ts'
import { createLimits, type Limits } from './limits.ts'
import { openLink, useUp } from './links.ts'

const LIFE_MS = 600_000
// What is over is remembered for a while, so that whoever began it is told so.
const REMEMBERED_MS = 3_600_000

type Start = Parameters<Control['logins.start']>[1]
type View = Output<'logins.get'>
type Names = 'logins.start' | 'logins.get' | 'logins.complete' | 'logins.cancel' | 'logins.import'

interface Desk extends Workshop {
  readonly limits: Limits
  /** What was opened of sign-ins by device, so that not each question to the provider opens it again. */
  readonly held: Map<string, { readonly kept: Secret; readonly until: number }>
}

export function createLoginUseCases(workshop: Workshop): Pick<Control, Names> {
  const desk: Desk = { ...workshop, limits: createLimits(workshop.now), held: new Map() }
  return {
    'logins.start': (caller, input) => start(desk, caller, input),
    'logins.get': (caller, { id }) => get(desk, caller, id),
    'logins.complete': (caller, input) => complete(desk, caller, input),
    'logins.cancel': (caller, { id }) => cancel(desk, caller, id),
    'logins.import': async (caller, input) => {
      desk.limits.starts(caller)
      return importLogin(workshop, caller, input)
    },
  }
}

type Target = Pick<CredentialRow, 'organizationId' | 'id' | 'owner' | 'name' | 'type'> & {
  /** The link that let the caller do it. */
  readonly link?: Opened['link']
}

type Opened = Awaited<ReturnType<typeof openLink>>

async function start(desk: Desk, caller: Caller, input: Start) {
  const target = await admitted(desk, caller, input)
  const signIn = signInOf(desk, { type: input.type, server: null })
  mustOffer(signIn, input)
  desk.limits.starts(caller)
  const { started, row } = await open(desk, caller, target, input, signIn)
  if (started.kind === 'device') hold(desk, row, started.kept)
  const isLink = started.kind === 'link'
  return {
    ...(await loginView(desk, caller, row)),
    authorizeUrl: isLink ? started.url : null,
    userCode: isLink ? null : started.userCode,
    verificationUrl: isLink ? null : started.verificationUrl,
  }
}

// A program that nobody could come back to is ended.
async function open(desk: Desk, caller: Caller, target: Target, input: Start, signIn: SignIn) {
  const seat = signIn.staysHere ? desk.limits.seat(caller, desk.now() + LIFE_MS) : null
  try {
    const started = await signIn.start(input.method, input.port)
    const asked = rowFor(desk, caller, target, input, started, signIn)
    const row = await keep(desk, asked, started.kept, { code: input.link, link: target.link }).catch(
      async (thrown: unknown) => {
        await signIn.cancel?.(started.kept)
        throw thrown
      },
    )
    seat?.taken(row.id)
    return { started, row }
  } catch (thrown) {
    seat?.free()
    throw thrown
  }
}

// Everything that can be wrong is known before anything is opened anywhere.
async function admitted(desk: Desk, caller: Caller, input: Start): Promise<Target> {
  if (input.link !== undefined) return admittedByLink(desk, caller, input, input.link)
  if (input.credential !== undefined) return admittedAgain(desk, caller, input, input.credential)
  if (input.owner === undefined || input.name === undefined) {
    throw new ClavigerError('invalid', 'Whose credential it becomes, and its name, are missing.', {
      hint: 'Give owner and name, or the id of a credential that gets a new login.',
    })
  }
  const owner = await findOwner(desk, caller, input.owner)
  const name = nameFor(desk, input.type, input.name)
  const { organizationId } = caller
  const target = {
    organizationId,
    id: newId('cred'),
    owner: formatOwner(owner),
    name,
    type: input.type,
  }
  await desk.guard.perform(caller, (unit, authorize) =>
    admitLogin(desk, unit, authorize, caller, target, {
      action: 'login.start',
      accepted: input.acceptNotice,
    }),
  )
  return target
}

async function admittedAgain(desk: Desk, caller: Caller, input: Start, id: string): Promise<Target> {
  return desk.guard.perform(caller, async (unit, authorize) => {
    const row = await findCredential(unit, caller, id)
    const act = await manage(unit, caller, 'login.start', row)
    await authorize(act)
    mustBeOfType(row, input)
    const subscription = { type: row.type, owner: row.owner, accepted: input.acceptNotice }
    await mustFitPolicy(unit, authorize, row.organizationId, act, subscription)
    return row
  })
}

// Of the same account only: whoever has a link looks after nothing else.
async function admittedByLink(desk: Desk, caller: Caller, input: Start, code: string): Promise<Target> {
  if (input.replaceAccount || input.credential !== undefined) {
    throw new ClavigerError('invalid', 'A link is for one credential, and for the account that it has.', {
      hint: 'Leave out credential and replaceAccount.',
    })
  }
  const { link, row, act } = await openLink(desk, caller, code)
  mustBeOfType(row, input)
  await desk.guard.perform(caller, async (unit, authorize) => {
    await authorize(act)
    const subscription = { type: row.type, owner: row.owner, accepted: input.acceptNotice }
    await mustFitPolicy(unit, authorize, row.organizationId, act, subscription)
  })
  return { ...row, link }
}

function mustBeOfType(row: CredentialRow, { type }: Start): void {
  if (row.type === type) return
  throw new ClavigerError('invalid', `${row.name} is a ${row.type} credential, not ${type}.`, {
    hint: 'Sign in for its own type, or store the login under another name.',
  })
}

function mustOffer({ methods }: SignIn, { type, method }: Start): void {
  if (methods.includes(method)) return
  throw new ClavigerError('invalid', `There is no signing in by ${method} for ${type}.`, {
    hint: `Use --method ${methods.includes('paste') ? 'paste' : methods.join(' or ')}.`,
  })
}

function rowFor(
  { now, server }: Desk,
  caller: Caller,
  target: Target,
  input: Start,
  started: StartedSignIn,
  { staysHere }: SignIn,
): Omit<LoginAttemptRow, 'wrappedKey' | 'sealed'> {
  const createdAt = now()
  const { description, replaceAccount, acceptNotice, orInto } = input
  return {
    ...{ id: newId('signin'), organizationId: caller.organizationId },
    ...{ initiatorKind: caller.kind, initiatorId: caller.id, type: input.type, method: input.method },
    ...{ credentialId: target.id, owner: target.owner, name: target.name },
    request: {
      ...{ description, replaceAccount, acceptNotice },
      relogin: input.credential !== undefined || target.link !== undefined,
      ...(orInto !== undefined && { orInto }),
      ...(target.link !== undefined && target.link.personId !== null && { linkBy: target.link.by }),
    },
    server: staysHere ? server.id : null,
    intervalMs: started.kind === 'device' ? started.intervalMs : null,
    ...{ state: 'pending', message: '', createdAt, expiresAt: createdAt + LIFE_MS },
    ...{ claim: null, claimedAt: null, endedAt: null },
  }
}

function keep(
  desk: Desk,
  row: Omit<LoginAttemptRow, 'wrappedKey' | 'sealed'>,
  kept: Secret,
  { code, link }: { readonly code: string | undefined; readonly link: Target['link'] },
): Promise<LoginAttemptRow> {
  return desk.store.atomically(async (unit) => {
    if (code !== undefined && link !== undefined) await useUp(unit, link, code, row.createdAt)
    const sealed = sealLogin(desk, row, kept)
    await unit.loginAttempts.prune(row.createdAt - REMEMBERED_MS)
    await unit.loginAttempts.insert(sealed)
    return sealed
  })
}

function hold({ held, now }: Desk, { id, expiresAt: until }: LoginAttemptRow, kept: Secret): void {
  for (const [old, one] of held) if (one.until <= now()) held.delete(old)
  held.set(id, { kept, until })
}

function over({ held, limits }: Desk, id: string): void {
  held.delete(id)
  limits.over(id)
}

async function get(desk: Desk, caller: Caller, id: string): Promise<View> {
  const row = await findLogin(desk, caller, id)
  const { intervalMs, claimedAt } = row
  const isDue = intervalMs !== null && (claimedAt === null || claimedAt + intervalMs <= desk.now())
  if (!isDue || stateOfLogin(row, desk.now()) !== 'pending') return loginView(desk, caller, row)
  const { poll } = signInOf(desk, row)
  const kept = desk.held.get(id)?.kept ?? (await openLogin(desk, caller, row, 'login.resume'))
  hold(desk, row, kept)
  const claim = poll && (await claimLogin(desk, row))
  if (poll && claim) await settle(desk, caller, row, claim, () => poll(kept, desk.now()))
  return loginView(desk, caller, await findLogin(desk, caller, id))
}

async function complete(
  desk: Desk,
  caller: Caller,
  { id, pasted }: { readonly id: string; readonly pasted: string },
): Promise<View> {
  const row = await findLogin(desk, caller, id)
  const state = stateOfLogin(row, desk.now())
  if (state === 'expired')
    throw new ClavigerError('conflict', 'This sign-in was not completed in time.', {
      hint: 'It is good for ten minutes. Start signing in again.',
    })
  if (state !== 'pending') throw overAlready()
  if (row.intervalMs !== null) {
    throw new ClavigerError('invalid', 'This sign-in waits for its code to be typed on the page.', {
      hint: 'Nothing is brought back from there.',
    })
  }
  desk.limits.submits(id)
  const signIn = signInOf(desk, row)
  const kept = await openLogin(desk, caller, row, 'login.complete')
  const claim = await claimLogin(desk, row)
  if (claim === null) {
    throw new ClavigerError('conflict', 'This sign-in is being completed at this moment.', {
      hint: 'Look at what becomes of it.',
    })
  }
  const step = await settle(desk, caller, row, claim, () =>
    signIn.submit(kept, new Secret(pasted), desk.now()),
  )
  if (step.kind === 'goes-on')
    throw new ClavigerError(step.fault === 'pasted' ? 'invalid' : 'upstream', step.message, {
      hint: step.hint,
    })
  if (step.kind === 'over') throw new ClavigerError('rejected', step.message, { hint: step.hint })
  return loginView(desk, caller, await findLogin(desk, caller, id))
}

// Asks the provider, and writes down what came of it. What cannot be stored has failed.
async function settle(
  desk: Desk,
  caller: Caller,
  row: LoginAttemptRow,
  claim: string,
  ask: () => Promise<SignInStep>,
): Promise<SignInStep> {
  const { store, now } = desk
  const fail = (message: string) =>
    store.loginAttempts.end(row.id, claim, { state: 'failed', message, endedAt: now() })
  try {
    const step = await ask()
    if (step.kind === 'signed-in') await land(desk, caller, row, claim, step.tokens)
    else if (step.kind === 'over') await fail(step.message)
    else await store.loginAttempts.release(row.id, claim)
    if (step.kind === 'signed-in' || step.kind === 'over') over(desk, row.id)
    return step
  } catch (thrown) {
    if (!(thrown instanceof ClavigerError)) throw thrown
    await fail([thrown.message, thrown.hint ?? ''].join(' ').trim())
    over(desk, row.id)
    if (row.intervalMs === null) throw thrown
    return { kind: 'over', message: thrown.message, hint: thrown.hint ?? '' }
  }
}

async function cancel(desk: Desk, caller: Caller, id: string): Promise<View> {
  const row = await findLogin(desk, caller, id)
  const end = { state: 'cancelled', message: '', endedAt: desk.now() } as const
  if (row.server === desk.server.id && row.sealed !== null) {
    const kept = await openLogin(desk, caller, row, 'login.cancel')
    await desk.store.loginAttempts.end(id, null, end)
    await signInOf(desk, row).cancel?.(kept)
  } else {
    await desk.guard.perform(caller, async (unit, authorize) => {
      await authorize(aboutLogin('login.cancel', row))
      await unit.loginAttempts.end(id, null, end)
    })
  }
  over(desk, id)
  return loginView(desk, caller, await findLogin(desk, caller, id))
}
