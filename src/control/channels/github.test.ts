// GitHub from the door to its comments: the app over HTTP, the use-cases, our channel, and a GitHub that checks who asks.

import { afterEach, describe, expect, it } from 'vitest'
import { createTestApp, ORIGIN } from '../../../test/support/app.ts'
import { serverOf } from '../../../test/support/channels.ts'
import {
  addComment,
  addRepository,
  GITHUB_APP,
  type GithubOfTest,
  startGithub,
} from '../../../test/support/github-api.ts'
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
  REPOSITORY,
  SIGNING,
} from '../../../test/support/github-deliveries.ts'
import { createHouse } from '../../../test/support/house.ts'
import { workerOf } from '../../../test/support/runs.ts'
import type { Delivered } from '../../channels/channel.ts'
import { createGithubChannel } from '../../channels/github/github.ts'

let github: GithubOfTest | undefined
afterEach(() => github?.close())

/** Bob has a key of his own, prefers Claude, and has linked his account of GitHub, which was called otherwise then. */
async function opened() {
  const house = createHouse()
  const there = await startGithub(() => house.clock.now)
  github = there
  const repository = addRepository(there)
  repository.issues.set(12, issue())
  Object.assign(house.ports.channels, {
    github: createGithubChannel({
      url: there.url,
      allowPrivate: false,
      accounts: 'github',
      site: 'https://github.com',
    }),
  })
  const own = await house.give('bob', 'me', 'own')
  await house.ask('ada', 'defaults.set', { harness: 'claude' })
  await house.ports.store.atomically((unit) =>
    house.people.identity
      .changing(unit)
      .linkAccount(house.caller('bob').id, { provider: 'github', accountId: '7', name: 'bob-of-old' }),
  )
  const { id: channel } = await house.ask('ada', 'channels.create', {
    ...{ kind: 'github', name: 'shop', settings: { handle: 'claviger', appId: String(GITHUB_APP.id) } },
    secrets: { signing: SIGNING, privateKey: there.privateKey },
  })
  const { app, lines } = createTestApp(house)
  const post = async ({ headers, body }: Delivered) => {
    const request = new Request(`${ORIGIN}/webhooks/github`, {
      ...{ method: 'POST', headers: headers as Record<string, string>, body: Buffer.from(body) },
    })
    return (await app.fetch(request)).status
  }
  const says = (user: Json, number = 12, body = '@claviger fix it, please'): Delivered => {
    const { id } = addComment(there, repository, { issue: number, user, body, at: house.clock.now })
    const about = repository.issues.get(number)
    return delivery('issue_comment', issueComment({ issue: about, comment: comment({ id, user, body }) }))
  }
  const runs = () => house.ports.store.runs.list('org-acme', {}, { limit: 100 })
  const ours = () =>
    [...repository.comments.values()]
      .filter((one) => one.performed_via_github_app !== null)
      .map(({ body }) => body)
  const { work } = serverOf(house)
  return { house, there, repository, own, channel, lines, post, says, runs, ours, work }
}

describe('GitHub', () => {
  it('starts a run as whoever mentions us, under their credential, and tells of it in one comment', async () => {
    const { house, own, lines, post, says, runs, ours, work } = await opened()
    expect(await post(says(BOB))).toBe(202)
    await work()
    expect(await runs()).toMatchObject([
      {
        ...{ subjectKind: 'person', subjectId: house.caller('bob').id, harness: 'claude' },
        wanted: { workspace: { kind: 'git', url: REPOSITORY.clone_url, ref: null } },
      },
    ])
    expect(ours()).toEqual([expect.stringContaining('waits for a worker')])
    const worker = await workerOf(house)
    const [run] = await worker.claim()
    if (run === undefined) throw new Error('there is no run')
    expect(run.messages[0]?.text).toMatch(/^fix it, please\n.*> They do\./s)
    expect((await worker.lease(run)).credential?.id).toBe(own)
    await worker.report(run, { is: 'state', state: 'ready', reason: '' })
    await worker.report(run, { is: 'state', state: 'reauthenticating', reason: 'refused' })
    house.clock.now += 60_000
    await work()
    expect(ours()).toEqual([expect.stringContaining('re-authenticating Claude Code')])
    const left = JSON.stringify([lines, await house.audit()])
    expect(left).not.toMatch(/fake-installation|PRIVATE KEY|fake-webhook/)
  })

  it('lets the worker of the run, and it alone, read this one repository', async () => {
    const { house, there, post, says, work } = await opened()
    await post(says(BOB))
    await work()
    const [worker, other] = [await workerOf(house), await workerOf(house, 'other')]
    const [run] = await worker.claim()
    if (run === undefined) throw new Error('there is no run')
    const { id, claim } = run
    const access = await house.ask(worker.caller, 'runs.repository', { id, claim })
    expect(access).toMatchObject({ url: REPOSITORY.clone_url, username: 'x-access-token' })
    const token = typeof access.token === 'string' ? access.token : access.token.expose()
    expect(there.tokens.get(token)?.permissions).toEqual({ contents: 'read' })
    const refused = house.ask(other.caller, 'runs.repository', { id, claim })
    await expect(refused).rejects.toMatchObject({ code: 'not_found' })
    await house.ask(worker.caller, 'runs.cloned', { id, token })
    expect(there.tokens.has(token)).toBe(false)
  })

  it('does nothing for what is sent again, unsigned, altered, or of a program', async () => {
    const { repository, post, says, runs, ours, work } = await opened()
    const asked = says(BOB)
    const altered = Buffer.from(Buffer.from(asked.body).toString('utf8').replace('fix it', 'sell it'))
    expect(await post({ ...asked, body: altered })).toBe(401)
    expect(await post({ ...asked, headers: { ...asked.headers, 'x-hub-signature-256': '' } })).toBe(401)
    await work()
    expect([await runs(), ours()]).toEqual([[], []])
    expect(await post(asked)).toBe(202)
    const again = { ...asked, headers: { ...asked.headers, 'x-github-delivery': 'another' } }
    expect(await post(again)).toBe(200)
    await work()
    expect(await post(asked)).toBe(200)
    const [said] = [...repository.comments.values()].filter((one) => one.performed_via_github_app !== null)
    const own = comment({ id: said?.id, user: said?.user, body: '@claviger go' })
    expect(await post(delivery('issue_comment', issueComment({ comment: own })))).toBe(200)
    await work()
    expect(await runs()).toHaveLength(1)
    expect(ours()).toHaveLength(1)
  })

  it('knows nobody by name: who has taken over the name of a member is a stranger', async () => {
    const { post, says, runs, ours, work } = await opened()
    for (const login of ['bob', 'bob-of-old']) await post(says({ ...EVE, login }))
    await work()
    expect(await runs()).toEqual([])
    expect(ours()).toEqual([expect.stringMatching(/^Nothing was started\. This account is not linked/)])
  })

  it('believes no delivery that says what GitHub does not', async () => {
    const { repository, post, says, runs, work } = await opened()
    const asked = says(EVE)
    const id = Math.max(...repository.comments.keys())
    const forged = delivery('issue_comment', issueComment({ comment: comment({ id, user: BOB }) }))
    expect(asked.body).not.toEqual(forged.body)
    expect(await post(forged)).toBe(202)
    await work()
    expect(await runs()).toEqual([])
  })

  it('lets no personal credential meet a pull request from a fork, also when a member asks', async () => {
    const { house, repository, own, channel, post, says, runs, ours, work } = await opened()
    const forked = pull({ head: { ref: 'main', repo: { id: 72, full_name: 'bob/shop' } } })
    repository.issues.set(13, pullAsIssue(forked))
    repository.pulls.set(13, forked)
    await post(says(BOB, 13))
    await work()
    expect(await runs()).toEqual([])
    expect(ours()).toEqual([expect.stringContaining('comes from a fork')])

    await house.ask('ada', 'agents.create', { name: 'reviewer' })
    const shared = await house.give('ada', 'org', 'shared')
    await house.ask('ada', 'agents.attach', { agent: 'reviewer', credential: shared })
    const served = { strangers: 'organization', agent: 'reviewer' } as const
    await house.ask('ada', 'channels.update', { id: channel, ...served })
    await post(says(BOB, 13, '@claviger once more'))
    await work()
    expect(await runs()).toMatchObject([
      { subjectKind: 'agent', wanted: { access: 'read', workspace: { ref: 'refs/pull/13/head' } } },
    ])
    const worker = await workerOf(house, 'jail', 'reviewer')
    const [run] = await worker.claim()
    if (run === undefined) throw new Error('there is no run')
    const leased = (await worker.lease(run)).credential?.id
    expect([leased, leased === own]).toEqual([shared, false])
  })

  it('takes the commit of a pull request of a member, and ends the run with the conversation', async () => {
    const { house, repository, post, says, runs, work } = await opened()
    repository.issues.set(13, pullAsIssue())
    repository.pulls.set(13, pull())
    await post(says(BOB, 13))
    await post(says(BOB))
    await work()
    const refs = (await runs()).map(({ wanted }) => wanted.workspace)
    expect(refs).toContainEqual({ kind: 'git', url: REPOSITORY.clone_url, ref: 'a'.repeat(40) })
    expect(await post(delivery('issues', issueEvent('closed')))).toBe(202)
    await work()
    house.clock.now += 60_000
    await work()
    const states = (await runs()).map(({ wanted: { workspace }, run: { state } }) =>
      workspace.kind === 'git' ? `${workspace.ref} ${state}` : '',
    )
    expect(states).toContainEqual(`${'a'.repeat(40)} queued`)
    expect(states.filter((one) => /^null (done|cancelled)$/.test(one))).toHaveLength(1)
  })

  it('does later what GitHub was away for', async () => {
    const { house, there, post, says, runs, ours, work } = await opened()
    const isOver = house.clock.now + 2_400_000
    there.spent.core = isOver
    expect(await post(says(BOB))).toBe(202)
    await work()
    expect(await runs()).toEqual([])
    const asked = there.asked.length
    house.clock.now = isOver - 1_000
    await work()
    expect(there.asked).toHaveLength(asked)
    house.clock.now = isOver + 1_000
    await work()
    expect(await runs()).toHaveLength(1)
    expect(ours()).toHaveLength(1)
  })
})
