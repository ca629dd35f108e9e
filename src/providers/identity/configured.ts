// The identity providers that an operator has set up.

import { ClavigerError } from '../../domain/errors.ts'
import { Secret } from '../../domain/secret.ts'
import type { IdentityClient, IdentityClients } from '../../domain/settings/identity-settings.ts'
import { readPrivateText } from '../../lib/files/private-text.ts'
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
  const found = readPrivateText(path)
  if ('text' in found) return new Secret(found.text)
  const { fault } = found
  throw new ClavigerError('invalid', `The file ${path} ${fault}.`, {
    hint:
      fault === 'cannot be read'
        ? 'It is named as the secret of an identity provider: see claviger serve --help'
        : `Type: chmod 600 ${path}`,
  })
}
