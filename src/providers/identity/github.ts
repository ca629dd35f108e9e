// GitHub as an identity provider. An account is its number: names are given up and taken by others.

import { isObject, joinUrl, textOf } from '../../lib/json/ask-json.ts'
import { askJson, askObject, type ClientOptions, challenge, notRight, pageAt, trade } from './exchange.ts'
import type { IdentityProvider } from './identity-provider.ts'

const PUBLIC = 'https://github.com'

/** What accounts of the GitHub that is there are called; they are compared by it. */
export function githubAccounts(url: string): string {
  return url === PUBLIC ? 'github' : `github ${url}`
}

/** Where its API is. */
export function githubApiOf(url: string): string {
  return url === PUBLIC ? 'https://api.github.com' : joinUrl(url, '/api/v3')
}

export function githubProvider(options: ClientOptions & { readonly url: string }): IdentityProvider {
  const { url, clientId, name } = options
  const api = githubApiOf(url)
  return {
    ...{ id: 'github', name, accounts: githubAccounts(url), signsIn: true },
    begin: async ({ redirectUri, state, verifier }) =>
      pageAt(joinUrl(url, '/login/oauth/authorize'), {
        ...{ client_id: clientId, redirect_uri: redirectUri, state, allow_signup: 'false' },
        ...{ scope: 'read:user user:email', ...challenge(verifier) },
      }),
    async identify(trip) {
      const { access_token: token } = await trade(joinUrl(url, '/login/oauth/access_token'), trip, options)
      const headers = { authorization: `Bearer ${token}`, accept: 'application/vnd.github+json' }
      const user = await askObject({ method: 'GET', url: joinUrl(api, '/user'), headers }, options)
      const id = user['id']
      if (!Number.isSafeInteger(id)) throw notRight(name, 'an account without a number')
      const emails = await askJson({ method: 'GET', url: joinUrl(api, '/user/emails'), headers }, options)
      return {
        ...{ accountId: String(id), name: textOf(user['login']) },
        verifiedEmail: primaryOf(Array.isArray(emails) ? emails : []),
      }
    },
  }
}

function primaryOf(emails: readonly unknown[]): string | null {
  const found = emails.filter(isObject).find((one) => one['primary'] === true && one['verified'] === true)
  return textOf(found?.['email']) || null
}
