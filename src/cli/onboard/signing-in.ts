// Logins: signed in to, or taken over from another program.

import { existsSync } from 'node:fs'
import type { CredentialView } from '../../api/schemas.ts'
import { ClavigerError } from '../../domain/errors.ts'
import { HARNESS_TITLE, type HarnessName } from '../../domain/harness-names.ts'
import { formatOwner } from '../../domain/owner.ts'
import { settlePolicy } from '../credential/create.ts'
import { run as importToServer } from '../logins/import.ts'
import { warnOfTwins, withAccount } from '../logins/say.ts'
import { methodOf, signIn } from '../logins/sign-in.ts'
import { placeOfProgram, takeOver } from '../models/import.ts'
import { type ProfileLogin, signInToProfile } from '../models/login.ts'
import { mustBeHere } from '../models/moved.ts'
import { self } from '../owner-flags.ts'
import { onSignals } from '../signals.ts'
import { OTHERS, type Other } from './looking.ts'
import type { OnboardOptions } from './options.ts'
import { type Account, accountNamed, freeName, ownAccounts, type Place, standardName } from './place.ts'
import { OTHER_TITLE, oneHolder } from './words.ts'

const PROVIDER_OF = { claude: 'anthropic', codex: 'openai-codex' } as const

/** Signs in to the subscription of a harness; the login is stored when it resolves. */
export async function signInTo(
  place: Place,
  harness: HarnessName,
  options: OnboardOptions,
): Promise<CredentialView> {
  const { context, who, local } = place
  const { login, isNew, beside } = await breakable(harness, options, (more) =>
    local === null
      ? signInToServer(place, harness, { ...options, ...more })
      : signInToProfile(context, {
          ...{ ...options, ...more, provider: PROVIDER_OF[harness], agent: local.agent },
          ...(options.name !== undefined && { profileId: options.name }),
        }),
  )
  context.ui.note(`${isNew ? 'Created' : 'Signed in again for'} ${withAccount(login.credential, who)}.`)
  if (beside !== null) context.ui.note(beside)
  warnOfTwins(context, login.twins, who)
  return accountNamed(place, login.credential.name)
}

type More = Parameters<typeof signIn>[3]

async function signInToServer(
  place: Place,
  harness: HarnessName,
  options: OnboardOptions & More,
): Promise<ProfileLogin> {
  const { context, client, who } = place
  const type = `${harness}/oauth` as const
  const wanted = options.name ?? standardName(place, type)
  const there = (await ownAccounts(place)).find((one) => one.name === wanted && one.type === type)
  const acceptNotice = await settlePolicy(context, client, type, self(who), options.acceptNotice === true)
  const name = options.name ?? (await freeName(place, standardName(place, type)))
  const request =
    there === undefined
      ? { type, owner: formatOwner(self(who)), name, description: '', acceptNotice }
      : { type, credential: there.id, acceptNotice }
  const login = await signIn(context, client, request, options)
  return { login, isNew: there === undefined, beside: null, who }
}

// At a prompt Ctrl-C is heard by the prompt; while a device is waited for there is none.
async function breakable<T>(
  harness: HarnessName,
  options: OnboardOptions,
  work: (more: More) => Promise<T>,
): Promise<T> {
  if (methodOf(`${harness}/oauth`, options) !== 'device') return work({})
  const giving = new AbortController()
  const deaf = onSignals(() => giving.abort())
  try {
    return await work({ signal: giving.signal })
  } finally {
    deaf()
  }
}

/** What a person agrees to who takes something over, before it is done. */
export function sayOneHolder({ context }: Place, from: string): void {
  const { path } = placeOfProgram(context, from)
  if (existsSync(path)) context.ui.note(oneHolder(path))
}

/** Takes over what a program keeps; what is here already comes with it. Throws `rejected` when nothing of it lives. */
export async function takeOverFrom(
  place: Place,
  from: string,
  options: OnboardOptions,
): Promise<readonly Account[]> {
  const { context, local } = place
  const acceptNotice = options.acceptNotice === true
  if (local === null) {
    if (from === 'openclaw' || from === 'coderclaw') throw notToServer(from)
    const name = options.name ?? (await freeName(place, isOther(from) ? from : 'imported'))
    await importToServer(context, { from, acceptNotice, personal: true }, [name])
    return [await accountNamed(place, name)]
  }
  const lines = await takeOver(context, {
    ...{ from, acceptNotice, agent: local.agent },
    ...(options.name !== undefined && { profileId: options.name }),
  })
  const profiles = await context.over(local.agent).profiles()
  const gone = (await profiles.moves.moved()).map(({ profile }) => profile)
  const known = lines.filter(({ renewed }) => renewed !== 'dead')
  const living = known.filter(({ profile }) => !gone.includes(profile))
  if (living.length === 0) {
    for (const { profile } of known) await mustBeHere(profiles, profile)
    throw nothingLives(from)
  }
  const isKept = (name: string) =>
    living.every(({ profile, outcome }) => profile !== name || outcome === 'same')
  return Promise.all(
    [...new Set(living.map(({ profile }) => profile))].map(async (one) => ({
      ...(await accountNamed(place, one)),
      isKept: isKept(one),
    })),
  )
}

function isOther(from: string): from is Other {
  return OTHERS.some((one) => one === from)
}

function notToServer(from: 'openclaw' | 'coderclaw'): ClavigerError {
  return new ClavigerError(
    'invalid',
    `What ${OTHER_TITLE[from]} keeps goes to profiles of this machine first.`,
    {
      hint: `Take it over there with --local, then move it to the server: claviger models push`,
    },
  )
}

function nothingLives(from: string): ClavigerError {
  const title = from === 'claude' || from === 'codex' ? HARNESS_TITLE[from] : from
  return new ClavigerError('rejected', `Of what ${title} keeps nothing could be taken over.`, {
    hint: 'Sign in instead: --way login',
  })
}
