// How to come by an account for an agent program, in the order in which they are offered.

import { CREDENTIAL_TYPES, type CredentialType } from '../../domain/credential-types.ts'
import { ClavigerError } from '../../domain/errors.ts'
import { HARNESS_TITLE } from '../../domain/harness-names.ts'
import type { Choice } from '../ui.ts'
import { type Elsewhere, isNew, type Seen, variableOf } from './looking.ts'
import { enteredTypes, type OnboardOptions } from './options.ts'
import type { Account, Place } from './place.ts'
import { sayOneHolder, signInTo, takeOverFrom } from './signing-in.ts'
import { enter, takeFromEnvironment } from './storing.ts'

interface Way extends Choice<string> {
  /** Signs in, or stores something; null: nothing was wanted. Throws what a person can mend. */
  act(options: OnboardOptions): Promise<Account | null>
}

/** All that there are here; `own` is what the program itself keeps. */
export function waysFor(place: Place, seen: Seen, own: Elsewhere | null): readonly Way[] {
  const { harness, serving, environment } = seen
  const [first] = serving
  const login = CREDENTIAL_TYPES[`${harness}/oauth`]
  return [
    ...(first === undefined ? [] : [keep(first)]),
    ...(own === null || !isNew(own) ? [] : [takeOverWay(place, seen, own)]),
    ...environment.map((type) => environmentWay(place, type)),
    {
      ...{ value: 'login', label: `Sign in: ${login.title}`, hint: login.bills },
      act: (options) => signInTo(place, harness, options),
    },
    ...enteredTypes(harness).map((type) => entering(place, type)),
    { value: 'leave', label: 'Nothing now', act: () => Promise.resolve(null) },
  ]
}

/** The one that was named, or, where none was, the account that is there. Throws `invalid` or `no_credential`. */
export function wayNamed(
  place: Place,
  seen: Seen,
  own: Elsewhere | null,
  options: OnboardOptions,
): Pick<Way, 'act'> {
  const { harness, environment } = seen
  const { way = 'keep', from = harness, name } = options
  if (way === 'keep' && name !== undefined) return keep(servingNamed(name, seen))
  if (way === 'import') return { act: () => takeOverOne(place, seen, from, options) }
  const [type] = environment
  if (way === 'environment' && type !== undefined) return environmentWay(place, type)
  const found = waysFor(place, seen, own).find(({ value }) => value === way)
  if (found !== undefined) return found
  if (way === 'environment')
    throw new ClavigerError('invalid', `The environment has no account for ${HARNESS_TITLE[harness]}.`, {
      hint: `Set one of ${enteredTypes(harness).map(variableOf).join(', ')}, or choose another way.`,
    })
  throw new ClavigerError('no_credential', `No account serves ${HARNESS_TITLE[harness]} yet.`, {
    hint: `Say how to come by one, for example: claviger onboard --harness ${harness} --way api-key`,
  })
}

// `work` is anthropic:work too.
function servingNamed(name: string, { harness, serving }: Seen): Account {
  const found = serving.find((one) => one.name === name || one.name.endsWith(`:${name}`))
  if (found !== undefined) return found
  throw new ClavigerError('no_credential', `No account ${name} serves ${HARNESS_TITLE[harness]}.`, {
    hint: `Say how to come by it, for example: claviger onboard --harness ${harness} --way api-key --name ${name}`,
  })
}

function keep(account: Account): Way {
  return {
    ...{ value: 'keep', label: `Keep ${account.name}`, hint: `${account.type}; it is only tried out` },
    act: () => Promise.resolve({ ...account, isKept: true }),
  }
}

function takeOverWay(place: Place, seen: Seen, own: Elsewhere): Way {
  const { harness } = seen
  return {
    value: 'import',
    label: `Take over the login that ${HARNESS_TITLE[harness]} has here`,
    hint: `what is in ${own.path} must not be used afterwards`,
    act: (options) => takeOverOne(place, seen, harness, options),
  }
}

// Of several the first that is for this program.
async function takeOverOne(
  place: Place,
  { harness }: Seen,
  from: string,
  options: OnboardOptions,
): Promise<Account | null> {
  sayOneHolder(place, from)
  const taken = await takeOverFrom(place, from, options)
  return taken.find(({ type }) => CREDENTIAL_TYPES[type].harness === harness) ?? null
}

function environmentWay(place: Place, type: CredentialType): Way {
  const { title, bills } = CREDENTIAL_TYPES[type]
  return {
    ...{ value: `environment:${type}`, label: `Store what ${variableOf(type)} has: ${title}`, hint: bills },
    act: (options) => takeFromEnvironment(place, type, options),
  }
}

function entering(place: Place, type: CredentialType): Way {
  const { kind, title, bills } = CREDENTIAL_TYPES[type]
  return {
    ...{ value: kind, label: `Enter: ${title}`, hint: bills },
    act: (options) => enter(place, type, options),
  }
}
