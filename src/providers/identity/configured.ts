// The identity providers that an operator has set up.

import { readFileSync, statSync } from 'node:fs'
import { ClavigerError } from '../../domain/errors.ts'
import { Secret } from '../../domain/secret.ts'
import type { IdentityClient, IdentityClients } from '../../domain/settings/identity-settings.ts'
import { githubProvider } from './github.ts'
import type { IdentityProvider } from './identity-provider.ts'
import { linearProvider } from './linear.ts'
import { oidcProvider } from './oidc.ts'

/** Throws `invalid` for a file of a secret that is not there, or that others can read. */
export function configuredProviders(
  { github, oidc, linear }: IdentityClients,
  { allowPrivate, now }: { readonly allowPrivate: boolean; readonly now: () => number },
): IdentityProvider[] {
  const options = ({ clientId, secret, url, name }: IdentityClient) => {
    const clientSecret = secret instanceof Secret ? secret : secretIn(secret.file)
    return { clientId, clientSecret, url, name, allowPrivate }
  }
  return [
    ...(oidc === null ? [] : [oidcProvider({ ...options(oidc), issuer: oidc.url, now })]),
    ...(github === null ? [] : [githubProvider(options(github))]),
    ...(linear === null ? [] : [linearProvider(options(linear))]),
  ]
}

function secretIn(path: string): Secret {
  try {
    if ((statSync(path).mode & 0o077) === 0) return new Secret(readFileSync(path, 'utf8').trim())
  } catch {
    throw new ClavigerError('invalid', `The file ${path} cannot be read.`, {
      hint: 'It is named as the secret of an identity provider: see claviger serve --help',
    })
  }
  throw new ClavigerError('invalid', `The file ${path} can be read by others.`, {
    hint: `Type: chmod 600 ${path}`,
  })
}
