// GitHub as a channel: a mention in an issue, a pull request or a review asks for something, and one comment says what became
// of it.

import { createHmac, timingSafeEqual } from 'node:crypto'
import { ClavigerError } from '../../domain/errors.ts'
import { sha256 } from '../../lib/digest.ts'
import type { Channel, ChannelField, Delivered } from '../channel.ts'
import { CLONING, endToken, identityOf, READING, tokenFor } from './access.ts'
import { askObject, type GithubApi, unreliable } from './api.ts'
import { appMaking } from './app-making.ts'
import { commented, foundComment, whoIs } from './commenting.ts'
import { completed } from './completing.ts'
import { deliveryId, parsedFrom } from './deliveries.ts'
import { repositoryIn } from './reading.ts'

export interface GithubOptions extends GithubApi {
  /** As the accounts of people are called that are linked there. */
  readonly accounts: string
  /** Where people reach it. */
  readonly site: string
}

export function createGithubChannel(options: GithubOptions): Channel {
  const { accounts, site, ...api } = options
  return {
    ...{
      kind: 'github',
      title: 'GitHub',
      fields: FIELDS,
      verifiedBy: ['signing'],
      maxBytes: 5 * 1024 * 1024,
    },
    signatureIn,
    mayBeFor: (headers, { appId }) =>
      headers['x-github-hook-installation-target-type'] !== 'integration' ||
      appId === undefined ||
      headers['x-github-hook-installation-target-id'] === appId,
    verify({ headers, body }, { secrets }) {
      const secret = secrets['signing']
      const given = signatureIn(headers)
      if (secret === undefined || given === null || !isSigned(body, secret.expose(), given))
        throw new ClavigerError('unauthenticated', 'The delivery is not signed.')
      return { id: deliveryId(headers['x-github-event'] ?? '', body) ?? sha256(body) }
    },
    parse: ({ headers, body }, { settings }) =>
      parsedFrom(headers['x-github-event'] ?? '', body, { handle: settings['handle'] ?? '', accounts }),
    complete: (call, means) => completed(api, accounts, call, means),
    comment: (place, text, id, means) => commented(api, place, text, id, means),
    findComment: (place, mark, means) => foundComment(api, place, mark, means),
    async isPrivate({ id }, means) {
      const { token } = await tokenFor(api, await identityOf(means), id, READING)
      const now = repositoryIn(await askObject(api, { method: 'GET', path: `/repositories/${id}`, token }))
      if (now === null) throw unreliable(200)
      return now.isPrivate
    },
    async cloneAccess({ id, url }, means) {
      const identity = await identityOf(means)
      // A plain token is good for more than this repository, and for longer than a clone.
      if (identity.is === 'account') throw needsApp()
      const { token, expiresAt } = await tokenFor(api, identity, id, CLONING)
      try {
        // Git has only the address, and another repository may have it by now.
        const now = repositoryIn(await askObject(api, { method: 'GET', path: `/repositories/${id}`, token }))
        if (now?.id !== id || now.url !== url) throw isRenamed()
      } catch (thrown) {
        // Nobody gets it. Whatever is wrong over there, it ends by itself too.
        await endToken(api, token).catch(() => undefined)
        throw thrown
      }
      return { username: 'x-access-token', token, expiresAt: expiresAt ?? means.now }
    },
    endCloneAccess: (token) => endToken(api, token),
    apps: appMaking(api, site),
    installAt: ({ appPage }) => (appPage === undefined ? null : `${appPage}/installations/new`),
    whoAmI: (means) => whoIs(api, means),
  }
}

const SIGNATURE = /^sha256=([0-9a-f]{64})$/i

function signatureIn(headers: Delivered['headers']): string | null {
  const given = headers['x-hub-signature-256'] ?? ''
  return SIGNATURE.test(given) ? given : null
}

// Over the bytes as they came, in constant time.
function isSigned(body: Uint8Array, secret: string, given: string): boolean {
  const expected = createHmac('sha256', secret).update(body).digest()
  const hex = SIGNATURE.exec(given)?.[1]
  return hex !== undefined && timingSafeEqual(Buffer.from(hex, 'hex'), expected)
}

function isRenamed(): ClavigerError {
  return new ClavigerError('invalid', 'The repository was renamed since this was asked for.', {
    hint: 'Ask again in a new comment.',
  })
}

function needsApp(): ClavigerError {
  return new ClavigerError('invalid', 'Private repositories are cloned with an App of GitHub only.', {
    hint: 'A plain token reaches more than one repository. Configure the channel with an App.',
  })
}

const FIELDS: readonly ChannelField[] = [
  {
    ...{ name: 'handle', label: 'Handle', secret: false, required: true, example: 'claviger' },
    ...{ pattern: /^[A-Za-z\d](?:[A-Za-z\d-]{0,37}[A-Za-z\d])?$/, multiline: false },
    expectation: 'is the name that is mentioned, without @',
  },
  {
    ...{ name: 'appId', label: 'App id', secret: false, required: false, example: '123456' },
    ...{ pattern: /^[1-9]\d{0,14}$/, expectation: 'is the number of the App, on its page' },
  },
  {
    ...{ name: 'appPage', label: 'Page of the App', secret: false, required: false },
    ...{ example: 'https://github.com/apps/claviger', pattern: /^https?:\/\/[^\s?#]{1,500}[^\s?#/]$/ },
    expectation: 'is the address from which people install the App',
  },
  {
    ...{ name: 'signing', label: 'Webhook secret', secret: true, required: true },
    ...{ example: 'what a password manager makes', pattern: /^[\x21-\x7e]{16,200}$/ },
    expectation: 'has 16 characters or more, without spaces, and is entered at GitHub too',
  },
  {
    ...{
      name: 'privateKey',
      label: 'Private key of the App',
      secret: true,
      required: false,
      requiredWith: 'appId',
      multiline: true,
    },
    ...{ example: 'the file that GitHub lets you download', expectation: 'is a private key in PEM' },
    pattern:
      /^-----BEGIN (?:RSA )?PRIVATE KEY-----\r?\n[\w+/=\s]{100,10000}-----END (?:RSA )?PRIVATE KEY-----$/,
  },
  {
    ...{ name: 'token', label: 'Token', secret: true, required: false, requiredWithout: 'appId' },
    ...{ example: 'of an account of its own, instead of an App', pattern: /^[\x21-\x7e]{20,255}$/ },
    expectation: 'is a token of GitHub',
  },
]
