import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import {
  type FakeLinear,
  LINEAR_SECRETS,
  LINEAR_STATES,
  LINEAR_USERS,
  type Payload,
  type Sending,
  sent,
  startLinear,
} from '../../../test/support/linear.ts'
import { Secret } from '../../domain/secret.ts'
import { idOfSigned, parseDelivery } from './deliveries.ts'

const { us, bob, ann, robot } = LINEAR_USERS
const clock = { now: Date.UTC(2026, 0, 1) }

let linear: FakeLinear
beforeAll(async () => {
  linear = await startLinear(clock)
})
afterAll(() => linear.stop())

let mention: Payload
beforeEach(() => {
  mention = linear.say(linear.issue(ann), '@claviger fix the tests.', bob)
})

function idOf(payload: unknown, sending: Sending = {}, later = 0, secret = LINEAR_SECRETS.signing): string {
  return idOfSigned(sent(payload, sending), new Secret(secret), clock.now + later)
}

function parsed(payload: unknown, accountId: string | null = us.id, settings = {}) {
  const ours = { settings: { handle: 'claviger', ...settings }, accountId, accounts: 'linear' }
  return parseDelivery(sent(payload), ours)
}

describe('a delivery of Linear', () => {
  it('is taken when it is signed, and at most a minute off', () => {
    for (const later of [0, 60_000, -60_000]) expect(idOf(mention, {}, later)).toContain('Comment:create:')
  })

  it.each([
    ['signed with another secret', () => idOf(mention, { secret: 'another secret' })],
    ['altered on its way', () => idOf(mention, { altered: (text) => text.replace('fix', 'ruin') })],
    ['altered by a space', () => idOf(mention, { altered: (text) => `${text} ` })],
    ['old', () => idOf(mention, {}, 60_001)],
    ['of the future', () => idOf(mention, {}, -60_001)],
    ['without a time', () => idOf({ ...mention, webhookTimestamp: undefined })],
    ['of a time that is a text', () => idOf({ ...mention, webhookTimestamp: String(clock.now) })],
    ['no JSON', () => idOf('not json')],
    ['a list', () => idOf('[]')],
    ['empty', () => idOf('')],
    ['of nobody’s secret', () => idOf(mention, { secret: '' }, 0, '')],
  ])('is refused when it is %s', (_, take) => {
    expect(take).toThrow(expect.objectContaining({ code: 'unauthenticated' }))
  })

  it.each([undefined, '', 'zz', '00'.repeat(32), '00'.repeat(31), '00'.repeat(33)])(
    'is refused with the signature %s',
    (signature) => {
      const { headers, body } = sent(mention)
      const unsigned = { headers: { ...headers, 'linear-signature': signature }, body }
      expect(() => idOfSigned(unsigned, new Secret(LINEAR_SECRETS.signing), clock.now)).toThrow(
        expect.objectContaining({ code: 'unauthenticated' }),
      )
    },
  )

  it('is the same when it is sent again, whatever its header says, and another for another change', () => {
    const again = { ...mention, webhookTimestamp: clock.now + 1_000 }
    expect(idOf(again, { id: 'other' })).toBe(idOf(mention))
    const issue = linear.issue(ann)
    const [one, two] = [linear.give(issue, us, bob), linear.give(issue, null, bob)]
    expect(idOf(one)).toBe(idOf(one, { id: 'other' }))
    expect(idOf(two)).not.toBe(idOf(one))
  })

  it('is known by its header where nothing in it says which it is, and refused without', () => {
    const odd = { webhookTimestamp: clock.now }
    expect(idOf(odd, { id: 'd-7' })).toBe('d-7')
    expect(() => idOf(odd, { id: '' })).toThrow(expect.objectContaining({ code: 'unauthenticated' }))
  })
})

describe('what is delivered', () => {
  it('asks for something when a comment mentions us', () => {
    expect(parsed(mention)).toMatchObject({
      is: 'call',
      call: {
        thread: {
          title: 'The tests fail',
          url: expect.stringContaining('https://linear.app/acme/issue/ENG-'),
        },
        author: { accounts: 'linear', accountId: bob.id, name: 'bob', isBot: false },
        ...{ text: 'fix the tests.', checkout: null },
      },
    })
  })

  it.each(['assignee', 'delegate'] as const)(
    'asks for something when an issue is given to us as %s',
    (hand) => {
      const issue = linear.issue(ann)
      const delivery = linear.give(issue, us, bob, hand)
      const call = {
        thread: { key: `linear:${issue.id}`, text: 'They do.', place: { issue: issue.id, hand } },
        author: { accountId: bob.id, isBot: false },
        text: '',
      }
      expect(parsed(delivery)).toMatchObject({ is: 'call', call })
      // It is looked at there whose it is.
      expect(parsed(delivery, null)).toMatchObject({ is: 'call', call })
    },
  )

  it('asks for something when an issue begins as ours', () => {
    const delivery = linear.created(linear.issue(bob, { assignee: us }))
    expect(parsed(delivery)).toMatchObject({ is: 'call', call: { author: { accountId: bob.id } } })
  })

  it.each([
    ['a comment that does not mention us', () => linear.say(linear.issue(ann), 'claviger is away', bob)],
    ['a mention in code', () => linear.say(linear.issue(ann), '`@claviger` is the handle', bob)],
    ['a mention of another', () => linear.say(linear.issue(ann), '@claviger-two, look', bob)],
    ['an edited comment', () => ({ ...mention, action: 'update' })],
    ['a removed comment', () => ({ ...mention, action: 'remove' })],
    ['an issue given to somebody else', () => linear.give(linear.issue(ann), ann, bob)],
    [
      'an issue of ours that is changed',
      () => ({ ...linear.give(linear.issue(ann), us, bob), updatedFrom: {} }),
    ],
    ['a change of a program', () => ({ ...linear.give(linear.issue(ann), us, bob), actor: null })],
    ['another type', () => ({ ...mention, type: 'Reaction' })],
    ['no type', () => ({})],
    ['no JSON', () => 'not json'],
  ])('is nothing: %s', (_, make) => {
    expect(parsed(make())).toEqual({ is: 'nothing', reason: expect.any(String) })
  })

  it('is of a program when a program did it', () => {
    expect(parsed(linear.say(linear.issue(ann), '@claviger go', robot, true))).toMatchObject({
      call: { author: { isBot: true } },
    })
    const given = { ...linear.give(linear.issue(ann), us, bob), actor: { id: 'o-1', type: 'OauthClient' } }
    expect(parsed(given)).toMatchObject({ call: { author: { isBot: true } } })
  })

  it('is over when an issue is taken from us, closed or removed', () => {
    const issue = linear.issue(ann)
    linear.give(issue, us, bob)
    const over = { is: 'over', thread: `linear:${issue.id}`, author: { accountId: bob.id } }
    const changes = [
      linear.give(issue, ann, bob),
      ...[LINEAR_STATES.completed, LINEAR_STATES.canceled].map((to) => linear.move(issue, to, bob)),
      { ...linear.created(issue), action: 'remove', actor: { id: bob.id, type: 'user' } },
    ]
    for (const change of changes) expect(parsed(change)).toMatchObject(over)
    expect(parsed(linear.move(issue, LINEAR_STATES.progress, bob))).toMatchObject({ is: 'nothing' })
  })

  it('belongs to the repository of its team, else to that of all', () => {
    const settings = {
      repository: 'https://git.example/acme/all.git',
      repositories: 'web=https://git.example/acme/site.git\nENG=https://git.example/acme/shop.git',
    }
    const given = linear.give(linear.issue(ann), us, bob)
    const repository = { name: 'acme/shop', url: 'https://git.example/acme/shop.git' }
    expect(parsed(given, us.id, settings)).toMatchObject({
      call: { checkout: { repository, ref: null, pull: null } },
    })
    expect(parsed(given, us.id, { repository: settings.repository })).toMatchObject({
      call: { checkout: { repository: { name: 'acme/all' } } },
    })
  })

  it('breaks nothing when any of it is missing or of another shape', () => {
    const deliveries = [
      mention,
      linear.give(linear.issue(ann), us, bob),
      linear.move(linear.issue(ann), LINEAR_STATES.completed, bob),
    ]
    for (const delivery of deliveries)
      for (const odd of [undefined, null, 7, '', 'text', [], {}, { id: 7 }, [{ id: {} }]]) {
        for (const name of Object.keys(delivery)) {
          expect(['call', 'over', 'nothing']).toContain(parsed({ ...delivery, [name]: odd }).is)
        }
        const data = delivery['data'] as Payload
        for (const name of Object.keys(data)) {
          const changed = { ...delivery, data: { ...data, [name]: odd } }
          expect(['call', 'over', 'nothing']).toContain(parsed(changed).is)
        }
      }
  })

  it('shows no address that is none', () => {
    const { data } = mention as { data: Payload }
    const bad = {
      ...mention,
      url: 'javascript:1',
      data: { ...data, issue: { id: 'i', url: 'javascript:1' } },
    }
    expect(parsed(bad)).toMatchObject({ call: { thread: { url: '' } } })
  })
})
