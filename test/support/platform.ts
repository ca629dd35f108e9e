// For tests: a platform that people ask for work from, and our channel to it. It signs what it delivers, keeps the comments
// that are written there, and may be away.

import { createHmac, timingSafeEqual } from 'node:crypto'
import type { Channel, Delivered, Means } from '../../src/channels/channel.ts'
import type { Account, Call, Parsed } from '../../src/domain/channels/call.ts'
import { ClavigerError } from '../../src/domain/errors.ts'
import { Secret } from '../../src/domain/secret.ts'

const FRESH_MS = 300_000

export const PLATFORM_ACCOUNTS = 'https://platform.test'
export const PLATFORM_SECRETS = { signing: 'fake-signing-secret', token: 'fake-platform-token' }
const OURSELVES = 'account-of-ourselves'

export interface PlatformOfTest {
  readonly channel: Channel
  /** By id, as they are now; `edits` counts how often each was written. */
  readonly comments: Map<string, { readonly place: string; readonly text: string; readonly edits: number }>
  /** How far the work is, as the places show it, in order. */
  readonly shown: string[]
  /** Why it cannot show that; null: it can. */
  showsNothing: ClavigerError | null
  /** Tokens that were ended. */
  readonly ended: string[]
  /** Its repositories are private, as it tells now. */
  isPrivate: boolean
  /** Every call that reached the platform, by name. */
  readonly asked: string[]
  isAway: boolean
  /** It takes no token at all. */
  refusesToken: boolean
  /** So many seconds it wants to be left alone; null: it answers. */
  wantsRest: number | null
  /** It answers no call before this has resolved. */
  holds: Promise<void> | null
  /** It takes the next comment, and its answer is lost. */
  losesAnswer: boolean
  /** The call as the platform itself has it. */
  knows: (call: Call) => Call
}

export interface DeliveryOfTest {
  readonly id?: string
  readonly at: number
  readonly secret?: string
  readonly says: Parsed
}

/** A delivery as the platform makes it. */
export function deliveryOf({
  id = 'd-1',
  at,
  secret = PLATFORM_SECRETS.signing,
  says,
}: DeliveryOfTest): Delivered {
  const body = Buffer.from(JSON.stringify(says))
  return { headers: { 'x-delivery': id, 'x-at': String(at), 'x-signature': sign(secret, at, body) }, body }
}

export function accountOf(accountId: string, changed: Partial<Account> = {}): Account {
  return { accounts: PLATFORM_ACCOUNTS, accountId, name: `login-of-${accountId}`, isBot: false, ...changed }
}

export const REPOSITORY = {
  ...{ id: 'r-1', name: 'acme/shop', isPrivate: true },
  url: 'https://platform.test/acme/shop.git',
}

export function callOf(author: Account, changed: Partial<Call> = {}): Call {
  const url = 'https://platform.test/acme/shop/1'
  const thread = { key: 'platform:r-1#1', title: 'The tests fail', url, text: 'They do.', place: { n: '1' } }
  const checkout = { repository: REPOSITORY, ref: null, pull: null }
  return { thread, author, text: 'Fix the tests.', checkout, ...changed }
}

export function createPlatform(): PlatformOfTest {
  const comments: PlatformOfTest['comments'] = new Map()
  const asked: string[] = []
  const shown: string[] = []
  const ended: string[] = []
  const state = {
    isAway: false,
    refusesToken: false,
    wantsRest: null as number | null,
    holds: null as Promise<void> | null,
    losesAnswer: false,
    showsNothing: null as ClavigerError | null,
    isPrivate: true,
    knows: (call: Call) => call,
  }
  const reach = async (what: string, { secrets }: Means) => {
    asked.push(what)
    await state.holds
    if (state.wantsRest !== null)
      throw new ClavigerError('unavailable', 'It takes no more calls.', { retryAfter: state.wantsRest })
    if (state.isAway) throw new ClavigerError('unavailable', 'The platform did not answer in time.')
    if (state.refusesToken || secrets['token']?.expose() !== PLATFORM_SECRETS.token)
      throw new ClavigerError('rejected', 'The platform does not take this token.')
  }
  const channel: Channel = {
    ...{ kind: 'github', title: 'Platform', fields: FIELDS, verifiedBy: ['signing'], maxBytes: 10_000 },
    signatureIn: ({ 'x-signature': given = '' }) => (/^[0-9a-f]{64}$/.test(given) ? given : null),
    verify({ headers, body }, { secrets, now }) {
      const at = Number(headers['x-at'])
      const expected = sign(secrets['signing']?.expose() ?? '', at, body)
      const given = headers['x-signature'] ?? ''
      const isSame =
        given.length === expected.length && timingSafeEqual(Buffer.from(given), Buffer.from(expected))
      if (!isSame || Math.abs(now - at) > FRESH_MS) throw new ClavigerError('unauthenticated', 'Not signed.')
      return { id: headers['x-delivery'] ?? '' }
    },
    parse: ({ body }) => JSON.parse(Buffer.from(body).toString('utf8')),
    complete: async (call, means) => {
      await reach('complete', means)
      return state.knows(call)
    },
    comment: async (place, text, id, means) => {
      await reach('comment', means)
      const known = id === null ? undefined : comments.get(id)
      const key = known === undefined ? `c-${comments.size + 1}` : (id ?? '')
      comments.set(key, { place: JSON.stringify(place), text, edits: (known?.edits ?? 0) + 1 })
      if (!state.losesAnswer) return key
      state.losesAnswer = false
      throw new ClavigerError('unavailable', 'The connection broke.')
    },
    findComment: async (place, mark, means) => {
      await reach('find', means)
      const found = [...comments].find(
        ([, one]) => one.place === JSON.stringify(place) && one.text.includes(mark),
      )
      return found?.[0] ?? null
    },
    show: async (_place, phase, means) => {
      await reach('show', means)
      if (state.showsNothing !== null) throw state.showsNothing
      shown.push(phase)
    },
    isPrivate: async (_repository, means) => {
      await reach('visibility', means)
      return state.isPrivate
    },
    cloneAccess: async ({ id }, means) => {
      await reach('clone', means)
      const token = new Secret(`fake-clone-token-${id}`)
      return { username: 'x-access-token', token, expiresAt: means.now + 3_600_000 }
    },
    endCloneAccess: async (token) => {
      asked.push('end')
      if (state.isAway) throw new ClavigerError('unavailable', 'The platform did not answer in time.')
      ended.push(token.expose())
    },
    whoAmI: async (means) => {
      await reach('who', means)
      return { name: 'claviger-app', accountId: OURSELVES }
    },
  }
  return Object.assign(state, { channel, comments, asked, shown, ended })
}

export const ourselves = accountOf(OURSELVES)

const FIELDS: Channel['fields'] = [
  {
    ...{ name: 'handle', label: 'Handle', secret: false, required: true, example: 'claviger' },
    ...{ pattern: /^[\w-]{1,39}$/, expectation: 'is the name that is mentioned, without @' },
  },
  {
    ...{ name: 'signing', label: 'Signing secret', secret: true, required: true, example: 'as typed there' },
    ...{ pattern: /^.{8,}$/, expectation: 'has eight characters or more' },
  },
  {
    ...{ name: 'token', label: 'Token', secret: true, required: true, example: 'as shown there' },
    ...{ pattern: /^fake-/, expectation: 'begins with fake-' },
  },
]

function sign(secret: string, at: number, body: Uint8Array): string {
  return createHmac('sha256', secret).update(`${at}.`).update(body).digest('hex')
}
