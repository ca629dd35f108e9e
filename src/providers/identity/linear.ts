// Linear as an identity provider: accounts are linked, nobody signs in with them.

import type { JsonObject } from '../../lib/json/ask-json.ts'
import { joinUrl, textOf } from '../../lib/json/ask-json.ts'
import { askObject, type ClientOptions, challenge, notRight, pageAt, trade } from './exchange.ts'
import type { IdentityProvider } from './identity-provider.ts'

const PUBLIC = 'https://linear.app'

export function linearProvider(options: ClientOptions & { readonly url: string }): IdentityProvider {
  const { url, clientId, name } = options
  const api = url === PUBLIC ? 'https://api.linear.app' : url
  return {
    ...{ id: 'linear', name, accounts: url === PUBLIC ? 'linear' : `linear ${url}`, signsIn: false },
    begin: async ({ redirectUri, state, verifier }) =>
      pageAt(joinUrl(url, '/oauth/authorize'), {
        ...{ client_id: clientId, redirect_uri: redirectUri, state, response_type: 'code' },
        ...{ scope: 'read', ...challenge(verifier) },
      }),
    async identify(trip) {
      const { access_token: token } = await trade(joinUrl(api, '/oauth/token'), trip, options)
      const call = {
        method: 'POST',
        url: joinUrl(api, '/graphql'),
        body: '{"query":"{ viewer { id name } }"}',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      } as const
      const { data } = (await askObject(call, options)) as { data?: { viewer?: JsonObject } }
      const accountId = textOf(data?.viewer?.['id'])
      if (accountId === '') throw notRight(name, 'an account without an id')
      return { accountId, name: textOf(data?.viewer?.['name']), verifiedEmail: null }
    },
  }
}
