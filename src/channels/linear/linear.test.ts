import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  type FakeLinear,
  LINEAR_SECRETS,
  LINEAR_STATES,
  LINEAR_USERS,
  type LinearFault,
  type Payload,
  sent,
  startLinear,
} from '../../../test/support/linear.ts'
import type { Call } from '../../domain/channels/call.ts'
import type { ClavigerError } from '../../domain/errors.ts'
import { Secret } from '../../domain/secret.ts'
import type { Channel, Means } from '../channel.ts'
import { createLinearChannel } from './linear.ts'

const { us, bob, ann, robot } = LINEAR_USERS
const clock = { now: Date.UTC(2026, 0, 1) }
const SETTINGS = { handle: 'claviger', repositories: 'ENG=https://git.example/acme/shop.git' }

let linear: FakeLinear
let channel: Channel
beforeEach(async () => {
  linear = await startLinear(clock)
  channel = createLinearChannel({ api: linear.url, accounts: 'linear' })
})
afterEach(() => linear.stop())

function means(token: string = LINEAR_SECRETS.token, settings: Record<string, string> = SETTINGS): Means {
  return { settings, secrets: { token: new Secret(token) }, now: clock.now }
}

function callOf(payload: Payload): Call {
  const parsed = channel.parse(sent(payload), { settings: SETTINGS, accountId: us.id })
  if (parsed.is !== 'call') throw new Error(`It is ${parsed.is}.`)
  return parsed.call
}

const complete = (payload: Payload) => channel.complete(callOf(payload), means())

describe('what Linear itself tells', () => {
  it('is nothing after some days, whatever is delivered anew', async () => {
    const mentioned = callOf(linear.say(linear.issue(ann), '@claviger fix it', bob))
    const given = callOf(linear.give(linear.issue(ann), us, bob))
    const opened = callOf(linear.created(linear.issue(bob, { assignee: us })))
    for (const call of [mentioned, given, opened]) {
      const later = (days: number) => ({ ...means(), now: clock.now + days * 24 * 3_600_000 })
      await expect(channel.complete(call, later(2.9))).resolves.toMatchObject({ author: { name: 'bob' } })
      await expect(channel.complete(call, later(3.1))).rejects.toMatchObject({
        ...{ code: 'invalid', message: expect.stringMatching(/days ago/) },
      })
    }
  })

  it('completes a comment: the issue, and who wrote what', async () => {
    const issue = linear.issue(ann)
    const whole = await complete(linear.say(issue, '@claviger fix the tests.', bob))
    expect(whole).toEqual({
      thread: {
        ...{ key: `linear:${issue.id}`, title: 'ENG-1 The tests fail', text: 'They do.' },
        ...{ url: 'https://linear.app/acme/issue/ENG-1/the-tests-fail', place: { issue: issue.id } },
      },
      author: { accounts: 'linear', accountId: bob.id, name: 'bob', isBot: false },
      text: 'fix the tests.',
      checkout: {
        repository: {
          ...{ id: 'linear:https://git.example/acme/shop.git', name: 'acme/shop', isPrivate: false },
          url: 'https://git.example/acme/shop.git',
        },
        ...{ ref: null, pull: null },
      },
    })
  })

  it('counts where the delivery says something else', async () => {
    const payload = linear.say(linear.issue(ann), '@claviger fix the tests.', bob)
    const call = callOf(payload)
    const forged = { ...call, author: { ...call.author, accountId: ann.id }, text: 'ruin them' }
    expect(await channel.complete(forged, means())).toMatchObject({
      ...{ author: { accountId: bob.id }, text: 'fix the tests.' },
    })
  })

  it.each(['assignee', 'delegate'] as const)('says who made us the %s, last', async (hand) => {
    const issue = linear.issue(ann)
    linear.give(issue, us, ann, hand)
    linear.give(issue, null, ann, hand)
    const payload = linear.give(issue, us, bob, hand)
    expect(await complete(payload)).toMatchObject({ author: { accountId: bob.id }, text: '' })
    const forged = { ...payload, actor: { id: ann.id, type: 'user' } }
    await expect(complete(forged)).rejects.toMatchObject({ code: 'invalid' })
  })

  it.each([0, 120])('says so however long the history is, with %i entries before', async (before) => {
    const issue = linear.issue(ann, { assignee: us })
    const moves = (many: number) => {
      for (let i = 0; i < many; i += 1) linear.move(issue, LINEAR_STATES.progress, robot)
    }
    linear.give(issue, us, ann)
    linear.give(issue, null, ann)
    moves(before)
    const payload = linear.give(issue, us, bob)
    moves(120)
    expect(await complete(payload)).toMatchObject({ author: { accountId: bob.id } })
    // Neither who has made the issue nor who gave it to us before.
    const forged = complete({ ...payload, actor: { id: ann.id, type: 'user' } })
    await expect(forged).rejects.toMatchObject({ code: 'invalid' })
  })

  it('is nobody’s where the history is too long to be read', async () => {
    const issue = linear.issue(bob, { assignee: us })
    const payload = linear.created(issue)
    for (let i = 0; i < 1_001; i += 1) linear.move(issue, LINEAR_STATES.progress, robot)
    await expect(complete(payload)).rejects.toMatchObject({ code: 'invalid' })
  })

  it('says what was asked for, the same however often it is delivered', async () => {
    const issue = linear.issue(ann)
    const given = linear.give(issue, us, bob)
    const { asked } = await complete(given)
    const again = { ...given, data: { ...(given['data'] as Payload), updatedAt: '2026-01-01T00:00:09Z' } }
    expect(asked).toBeTruthy()
    expect((await complete(again)).asked).toBe(asked)
    linear.give(issue, null, bob)
    expect((await complete(linear.give(issue, us, bob))).asked).not.toBe(asked)
    const opened = linear.created(linear.issue(bob, { assignee: us }))
    expect((await complete(opened)).asked).toContain('issue-')
  })

  it('is the creator’s when an issue begins as ours', async () => {
    const payload = linear.created(linear.issue(bob, { assignee: us, description: null }))
    expect(await complete(payload)).toMatchObject({ author: { accountId: bob.id }, thread: { text: '' } })
  })

  it('is waited for when it does not say yet who assigned it', async () => {
    const payload = linear.give(linear.issue(ann), us, bob)
    linear.history.length = 0
    await expect(complete(payload)).rejects.toMatchObject({ code: 'unavailable' })
    const issue = linear.issue(ann)
    linear.give(issue, us, ann)
    const later = linear.give(issue, us, bob)
    linear.history.pop()
    await expect(complete(later)).rejects.toMatchObject({ code: 'unavailable' })
  })

  it.each([
    [
      'a comment that is gone',
      (payload: Payload) => linear.comments.delete((payload['data'] as { id: string }).id),
    ],
    [
      'a comment that mentions us no more',
      (payload: Payload) => {
        const comment = linear.comments.get((payload['data'] as { id: string }).id)
        if (comment !== undefined) comment.body = 'Never mind.'
      },
    ],
  ])('refuses %s', async (_, change) => {
    const payload = linear.say(linear.issue(ann), '@claviger fix the tests.', bob)
    change(payload)
    await expect(complete(payload)).rejects.toMatchObject({ code: 'invalid' })
  })

  it('refuses what is ours no more, is of a program, or belongs to another issue', async () => {
    const issue = linear.issue(ann)
    const given = linear.give(issue, us, bob)
    linear.give(issue, ann, bob)
    const ofProgram = linear.give(linear.issue(ann), us, robot)
    const say = { ...callOf(linear.say(linear.issue(ann), '@claviger go', bob)) }
    const elsewhere = { ...say, thread: { ...say.thread, key: 'linear:another' } }
    const refused = expect.objectContaining({ code: 'invalid' })
    await expect(complete(given)).rejects.toEqual(refused)
    await expect(complete(ofProgram)).rejects.toEqual(refused)
    await expect(complete(linear.say(issue, '@claviger go', bob, true))).rejects.toEqual(refused)
    await expect(channel.complete(elsewhere, means())).rejects.toEqual(refused)
  })
})

describe('comments', () => {
  const only = () => {
    const [comment, ...others] = [...linear.comments.values()]
    if (comment === undefined || others.length > 0) throw new Error(`There are ${linear.comments.size}.`)
    return comment
  }

  it('are written once, and edited', async () => {
    const place = { issue: linear.issue(ann).id }
    const id = await channel.comment(place, 'It waits.', null, means())
    expect(await channel.comment(place, 'It works.', id, means())).toBe(id)
    expect(only()).toMatchObject({ id, user: us, body: 'It works.', edits: 1 })
  })

  it('are written anew when they were deleted, or are of another account', async () => {
    const issue = linear.issue(ann)
    const id = await channel.comment({ issue: issue.id }, 'It waits.', null, means())
    Object.assign(only(), { archivedAt: new Date(clock.now).toISOString() })
    const visible = await channel.comment({ issue: issue.id }, 'It goes on.', id, means())
    expect(visible).not.toBe(id)
    linear.comments.clear()
    const anew = await channel.comment({ issue: issue.id }, 'It works.', visible, means())
    expect(only()).toMatchObject({ id: anew, body: 'It works.' })
    const other = (linear.say(issue, 'Hello.', bob)['data'] as { id: string }).id
    const ours = await channel.comment({ issue: issue.id }, 'Done.', other, means())
    expect(linear.comments.get(ours)).toMatchObject({ user: us, body: 'Done.' })
    expect(linear.comments.get(other)?.body).toBe('Hello.')
  })

  it('are refused for an issue that is gone', async () => {
    for (const place of [{ issue: 'gone' }, {}])
      for (const id of [null, 'gone'])
        await expect(channel.comment(place, 'It works.', id, means())).rejects.toMatchObject({
          code: 'invalid',
        })
  })

  it('are found again by what is in them, ours only', async () => {
    const issue = linear.issue(ann)
    const place = { issue: issue.id }
    linear.say(issue, 'See https://c.test/runs/1', bob)
    expect(await channel.findComment?.(place, 'https://c.test/runs/1', means())).toBeNull()
    const id = await channel.comment(place, '[Run](https://c.test/runs/1)', null, means())
    await channel.comment(place, '[Run](https://c.test/runs/2)', null, means())
    expect(await channel.findComment?.(place, 'https://c.test/runs/1', means())).toBe(id)
  })
})

describe('the board', () => {
  const { todo, progress, review, completed } = LINEAR_STATES
  const IN_REVIEW = { ...SETTINGS, answered: 'in review' }
  const show = (
    issue: { id: string },
    phase: 'begun' | 'answered',
    settings: Record<string, string> = IN_REVIEW,
  ) => channel.show?.({ issue: issue.id }, phase, means(LINEAR_SECRETS.token, settings))

  it('shows that work has begun, that there is an answer, and that it goes on', async () => {
    const issue = linear.issue(ann)
    for (const phase of ['begun', 'begun', 'answered', 'answered', 'begun'] as const) await show(issue, phase)
    expect(linear.moves).toEqual([progress.name, review.name, progress.name])
  })

  it('leaves an issue with an answer where it is, unless a state is named for it', async () => {
    const issue = linear.issue(ann)
    for (const phase of ['begun', 'answered'] as const) await show(issue, phase, SETTINGS)
    expect(linear.moves).toEqual([progress.name])
  })

  it('goes to the state that is named for work, or nowhere', async () => {
    await show(linear.issue(ann), 'begun', { ...SETTINGS, working: review.name })
    for (const phase of ['begun', 'answered'] as const)
      await show(linear.issue(ann), phase, { ...IN_REVIEW, working: 'none' })
    expect(linear.moves).toEqual([review.name])
  })

  it('leaves it where people have put it', async () => {
    const issue = linear.issue(ann)
    linear.move(issue, completed, ann)
    for (const phase of ['begun', 'answered'] as const) await show(issue, phase)
    await show(issue, 'begun')
    linear.move(issue, todo, ann)
    await show(issue, 'answered')
    expect(linear.moves).toEqual([])
  })

  it('says that a team has no such state, and waits while Linear is away', async () => {
    const settings = { ...SETTINGS, working: 'Brewing' }
    await expect(show(linear.issue(ann), 'begun', settings)).rejects.toMatchObject({
      ...{ code: 'invalid', message: 'A team in Linear has no state called Brewing.' },
    })
    linear.fault = 'down'
    await expect(show(linear.issue(ann), 'begun')).rejects.toMatchObject({ code: 'unavailable' })
  })
})

describe('calling Linear', () => {
  it('says who we are, with an API key and with the token of an app', async () => {
    expect(await channel.whoAmI(means())).toEqual({ name: 'claviger', accountId: us.id })
    linear.token = 'fake_app_token'
    expect(await channel.whoAmI(means('fake_app_token'))).toMatchObject({ accountId: us.id })
    await expect(channel.whoAmI(means())).rejects.toMatchObject({
      ...{ code: 'rejected', message: expect.stringContaining('does not take the token') },
    })
  })

  it.each<LinearFault>(['ratelimited', 'too-many', 'down', 'page', 'elsewhere', 'half', 'endless'])(
    'may work later: %s',
    async (fault) => {
      const issue = linear.issue(ann)
      const id = await channel.comment({ issue: issue.id }, 'It waits.', null, means())
      linear.fault = fault
      await expect(channel.whoAmI(means())).rejects.toMatchObject({ code: 'unavailable' })
      const before = linear.asked
      await expect(channel.comment({ issue: issue.id }, 'It works.', id, means())).rejects.toMatchObject({
        code: 'unavailable',
      })
      expect(linear.asked).toBe(before + 1)
      linear.fault = null
      expect(linear.comments.size).toBe(1)
    },
  )

  it('may work again when Linear says so, by its clock', async () => {
    const issue = linear.issue(ann)
    const retryAfter = async (fault: LinearFault) => {
      linear.fault = fault
      const comment = channel.comment({ issue: issue.id }, 'It works.', null, means())
      return comment.catch((thrown: ClavigerError) => thrown.retryAfter)
    }
    linear.resetAt = clock.now + 1_800_000
    expect(await retryAfter('ratelimited')).toBe(1800)
    linear.resetAt = 0
    expect(await retryAfter('ratelimited')).toBe(60)
    expect(await retryAfter('too-many')).toBe(30)
    expect(await retryAfter('down')).toBeUndefined()
  })

  it('may work later when nobody is there, and goes nowhere in the clear', async () => {
    await linear.stop()
    await expect(channel.whoAmI(means())).rejects.toMatchObject({
      ...{
        code: 'unavailable',
        message: expect.stringMatching(/^Linear did not answer at http:\/\/127\S+\.$/),
      },
      hint: expect.stringContaining('CLAVIGER_LINEAR_API'),
    })
    const clear = createLinearChannel({ api: 'http://linear.example', accounts: 'linear' })
    await expect(clear.whoAmI(means())).rejects.toMatchObject({
      ...{ code: 'unavailable', detail: expect.stringContaining('this machine only') },
    })
    linear = await startLinear(clock)
  })

  it('repeats neither the token nor what was asked', async () => {
    const thrown = await channel.whoAmI(means('lin_api_wrong_one')).catch((error: unknown) => error)
    expect(JSON.stringify(thrown, Object.getOwnPropertyNames(thrown))).not.toContain('wrong_one')
  })
})

describe('the fields of its form', () => {
  const pattern = (name: string) => channel.fields.find((field) => field.name === name)?.pattern ?? /never/

  it.each([
    ['handle', 'claviger', '@claviger'],
    ['handle', 'ada.l', 'two words'],
    ['repository', 'https://github.com/acme/shop.git', 'https://me:word@github.com/acme/shop.git'],
    ['repository', 'https://git.example:8443/shop', 'git@github.com:acme/shop.git'],
    ['repositories', 'ENG=https://a.test/b.git\nWEB=https://a.test/c', 'ENG https://a.test/b.git'],
    ['repositories', 'ENG=https://a.test/b.git', 'ENG=http://a.test/b.git'],
    ['working', 'In Progress', 'X'],
    ['answered', 'In Review', ' '],
    ['token', 'lin_api_abcdefgh', 'two words'],
  ])('%s takes %s and not %s', (name, right, wrong) => {
    expect(right).toMatch(pattern(name))
    expect(wrong).not.toMatch(pattern(name))
  })
})
