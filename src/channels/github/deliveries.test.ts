import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  BOB,
  comment,
  delivery,
  EVE,
  issue,
  issueComment,
  issueEvent,
  type Json,
  pull,
  pullAsIssue,
  pullEvent,
  review,
  reviewComment,
  SIGNING,
} from '../../../test/support/github-deliveries.ts'
import { Secret } from '../../domain/secret.ts'
import { createGithubChannel } from './github.ts'

const channel = createGithubChannel({
  url: 'http://127.0.0.1:1',
  allowPrivate: false,
  accounts: 'github',
  site: 'https://github.com',
})
const secrets = { signing: new Secret(SIGNING) }
const parse = (event: string, payload: unknown) =>
  channel.parse(delivery(event, payload), { settings: { handle: 'claviger' }, accountId: null })
const verify = (delivered: ReturnType<typeof delivery>) => channel.verify(delivered, { secrets, now: 0 })

const bob = { accounts: 'github', accountId: '7', name: 'bob', isBot: false }

describe('a delivery of GitHub', () => {
  it('that mentions us in a comment is a call, in the words of the comment', () => {
    expect(parse('issue_comment', issueComment())).toEqual({
      is: 'call',
      call: {
        thread: {
          ...{ key: 'github:71#12', title: 'The tests fail', text: 'They do.' },
          url: 'https://github.com/acme/shop/issues/12',
          place: { repository: '71', number: '12', asked: 'issue-comment', id: '9001' },
        },
        ...{ author: bob, text: 'fix it, please' },
        checkout: {
          repository: {
            ...{ id: '71', name: 'acme/shop', url: 'https://github.com/acme/shop.git', isPrivate: true },
          },
          ...{ ref: null, pull: null },
        },
      },
    })
  })

  it.each([
    ['issue', 'issues', issueEvent('opened', { body: '@claviger fix it' }), '12'],
    ['pull', 'pull_request', pullEvent('opened', { body: 'See there. @claviger, look' }), '13'],
    ['review-comment', 'pull_request_review_comment', reviewComment(), '13'],
    ['review', 'pull_request_review', review(), '13'],
    ['issue-comment', 'issue_comment', issueComment({ issue: pullAsIssue() }), '13'],
  ])('asks in an %s as well', (asked, event, payload, number) => {
    const parsed = parse(event, payload)
    expect(parsed).toMatchObject({ is: 'call', call: { thread: { place: { asked, number } } } })
  })

  it('is one conversation for an issue whatever the repository is called', () => {
    const renamed = issueComment({ repository: { ...repository(), full_name: 'acme/till', name: 'till' } })
    expect(parse('issue_comment', renamed)).toMatchObject({ call: { thread: { key: 'github:71#12' } } })
  })

  it('names an account by its number, also when somebody else has taken its name', () => {
    const taken = issueComment({ comment: comment({ user: { ...EVE, login: BOB.login } }) })
    expect(parse('issue_comment', taken)).toMatchObject({ call: { author: { accountId: '8', name: 'bob' } } })
  })

  it('of a program says so', () => {
    for (const user of [
      { id: 40, login: 'ci[bot]', type: 'Bot' },
      { id: 41, login: 'odd' },
    ])
      expect(parse('issue_comment', issueComment({ comment: comment({ user }) }))).toMatchObject({
        call: { author: { isBot: true } },
      })
  })

  it('that closes a conversation ends it, by whoever closed it', () => {
    expect(parse('issues', issueEvent('closed'))).toEqual({ is: 'over', thread: 'github:71#12', author: bob })
    expect(parse('pull_request', pullEvent('closed'))).toMatchObject({ is: 'over', thread: 'github:71#13' })
  })

  it.each<[string, string, unknown]>([
    ['edits', 'issue_comment', issueComment({ action: 'edited' })],
    ['deletes', 'issue_comment', issueComment({ action: 'deleted' })],
    ['quotes us', 'issue_comment', issueComment({ comment: comment({ body: '> @claviger fix it' }) })],
    ['mentions another', 'issue_comment', issueComment({ comment: comment({ body: '@claviger-two go' }) })],
    ['mentions nobody', 'issues', issueEvent('opened')],
    ['has no text', 'pull_request_review', review({ body: null })],
    ['says hello', 'ping', { zen: 'Keep it logically awesome.', hook_id: 1 }],
    ['is of another kind', 'push', { ref: 'refs/heads/main' }],
    ['names nobody', 'issue_comment', issueComment({ comment: comment({ user: null }) })],
    ['is of no repository', 'issue_comment', issueComment({ repository: undefined })],
    ['is a form', 'issue_comment', 'payload=%7B%7D'],
    ['is a list', 'issue_comment', '[]'],
    ['bears another event', 'issues', issueComment()],
    ['moves an issue here', 'issues', { ...opened(), changes: { old_issue: { id: 1 }, old_repository: {} } }],
    ['is not the action of whoever wrote it', 'issues', { ...opened(), sender: BOB }],
    ['is the action of nobody', 'issue_comment', { ...issueComment(), sender: null }],
    ['an App has written', 'issue_comment', issueComment({ comment: comment(BY_APP) })],
    ['an App has opened', 'issues', issueEvent('opened', { body: '@claviger fix it', ...BY_APP })],
  ])('that %s is nothing', (_what, event, payload) => {
    expect(parse(event, payload)).toMatchObject({ is: 'nothing', reason: expect.stringMatching(/^it|^we/) })
  })

  it('of any other shape is nothing, and no failure', () => {
    const odd = fc.oneof(fc.jsonValue(), fc.constant(null))
    const names = ['comment', 'issue', 'repository', 'review', 'pull_request', 'sender', 'action']
    fc.assert(
      fc.property(fc.constantFrom(...names), odd, (name, value) => {
        for (const [event, payload] of everything())
          expect(['call', 'nothing', 'over']).toContain(parse(event, { ...payload, [name]: value }).is)
      }),
    )
  })
})

describe('the signature', () => {
  it('is over the bytes, and the id comes of what is signed', () => {
    const { id } = verify(delivery('issue_comment', issueComment()))
    expect(verify(delivery('issue_comment', issueComment(), 'another-header'))).toEqual({ id })
    // As the App and a webhook of the repository both deliver it.
    const twice = { ...issueComment(), installation: undefined, hook: { id: 5 } }
    expect(verify(delivery('issue_comment', twice))).toEqual({ id })
    const others = everything().map(([event, payload]) => verify(delivery(event, payload)).id)
    expect(new Set(others).size).toBe(others.length)
    const again = { ...issueEvent('closed', { closed_at: '2026-01-06T00:00:00Z' }) }
    expect(verify(delivery('issues', again)).id).not.toBe(verify(delivery('issues', issueEvent('closed'))).id)
  })

  it('makes no other id for the same text, whatever else is delivered with it', () => {
    const more = [
      { review: { id: 1 } },
      { review: { id: 2 } },
      { pull_request: pull() },
      { action: 'created' },
    ]
    const kinds: [string, Json][] = [
      ['issue_comment', issueComment()],
      ['pull_request_review_comment', reviewComment()],
    ]
    for (const [event, payload] of kinds) {
      const ids = [{}, ...more].map((odd) => verify(delivery(event, { ...payload, ...odd })).id)
      expect(new Set(ids).size).toBe(1)
    }
    // Comments of issues and of reviews are counted apart.
    const [issues, reviews] = kinds.map(([event, payload]) => verify(delivery(event, payload)).id)
    expect(issues).not.toBe(reviews)
  })

  it('gives the ids that were given before', () => {
    expect(everything().map(([event, payload]) => verify(delivery(event, payload)).id)).toEqual([
      ...['71:comment:issue:9001:created:', '71:issue::5001:opened:', '71:issue::5001:closed:'],
      ...['71:pull_request::6001:opened:', '71:pull_request::6001:closed:', '71:comment:pull:9001:created:'],
      ...['71:review::9301:submitted:', '71:comment:issue:9002:created:'],
    ])
  })

  it('that is missing, of another secret or of other bytes is refused', () => {
    const { headers, body } = delivery('issue_comment', issueComment())
    const given = headers['x-hub-signature-256'] ?? ''
    const signed =
      (signature: string | undefined, bytes: Uint8Array = body) =>
      () =>
        verify({ headers: { ...headers, 'x-hub-signature-256': signature }, body: bytes })
    expect(signed(given)).not.toThrow()
    const altered = Buffer.from(Buffer.from(body).toString('utf8').replace('fix it', 'sell it'))
    const spaced = Buffer.concat([body, Buffer.from(' ')])
    const sha1 = 'sha1=7d38cdd689735b008b3c702edd92eea23791c5f6'
    for (const refused of [
      ...[signed(undefined), signed(''), signed(sha1), signed(given.slice(0, -1)), signed(`${given}00`)],
      ...[signed(`sha256=${'0'.repeat(64)}`), signed(given, altered), signed(given, spaced)],
      () => channel.verify({ headers, body }, { secrets: {}, now: 0 }),
      () => channel.verify({ headers, body }, { secrets: { signing: new Secret('another') }, now: 0 }),
    ])
      expect(refused).toThrow(expect.objectContaining({ code: 'unauthenticated' }))
  })
})

function repository(): Json {
  return issueComment()['repository'] as Json
}

// As a user's token of somebody's App writes: in the name of the user.
const BY_APP = { performed_via_github_app: { id: 99, slug: 'some-app' } }

function opened(): Json {
  return issueEvent('opened', { body: '@claviger fix it' })
}

function everything(): [string, Json][] {
  return [
    ['issue_comment', issueComment()],
    ['issues', issueEvent('opened', { body: '@claviger fix it' })],
    ['issues', issueEvent('closed')],
    ['pull_request', pullEvent('opened', { body: '@claviger look' })],
    ['pull_request', pullEvent('closed')],
    ['pull_request_review_comment', reviewComment()],
    ['pull_request_review', review()],
    ['issue_comment', issueComment({ issue: issue({ number: 99 }), comment: comment({ id: 9002 }) })],
  ]
}

describe('what a header says of a delivery', () => {
  it('is a signature only in the form that GitHub has', () => {
    const { headers } = delivery('issues', issueEvent('opened'))
    expect(channel.signatureIn(headers)).toBe(headers['x-hub-signature-256'])
    for (const given of ['', 'sha256=', `sha1=${'a'.repeat(40)}`, `sha256=${'a'.repeat(63)}`, 'a'.repeat(64)])
      expect(channel.signatureIn({ 'x-hub-signature-256': given })).toBeNull()
    expect(channel.signatureIn({})).toBeNull()
  })

  it('is for which App it is: channels with another one are not asked', () => {
    const of = (type: string, id: string) => ({
      ...{ 'x-github-hook-installation-target-type': type, 'x-github-hook-installation-target-id': id },
    })
    const [app, other, token] = [{ appId: '4711' }, { appId: '12' }, {}]
    const asked = (headers: Record<string, string>) =>
      [app, other, token].map((settings) => channel.mayBeFor?.(headers, settings))
    expect(asked(of('integration', '4711'))).toEqual([true, false, true])
    expect(asked(of('repository', '4711'))).toEqual([true, true, true])
    expect(asked({})).toEqual([true, true, true])
  })
})
