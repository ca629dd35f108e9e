// What a delivery is compared with, before somebody's credential serves it.

import { beforeEach, describe, expect, it } from 'vitest'
import { addComment, GITHUB_APP, GITHUB_TOKEN } from '../../../test/support/github-api.ts'
import { type GithubChannel, githubChannel } from '../../../test/support/github-channel.ts'
import {
  BOB,
  comment,
  issue,
  issueComment,
  issueEvent,
  type Json,
  pull,
  pullAsIssue,
  pullEvent,
  review,
} from '../../../test/support/github-deliveries.ts'
import type { Call } from '../../domain/channels/call.ts'
import { Secret } from '../../domain/secret.ts'

const NOW = Date.parse('2026-01-05T08:00:00Z')
const settings = { handle: 'claviger' }
const means = { settings, secrets: { token: new Secret(GITHUB_TOKEN) }, now: NOW }
const [ASKED, LATER, REPLACED] = ['a', 'c', 'd'].map((one) => one.repeat(40)) as [string, string, string]

let { github, repository, channel, callIn } = {} as GithubChannel

beforeEach(async () => {
  ;({ github, repository, channel, callIn } = await githubChannel(NOW))
  return () => github.close()
})

/** Bob has reviewed a pull request that is at {@link ASKED}; by now it is as given. */
function reviewed(commit: string, commits: readonly string[], changed: Json = {}): Call {
  const { head, ...one } = pull(changed)
  repository.issues.set(13, pullAsIssue())
  repository.pulls.set(13, { ...one, head: { ...(head as Json), sha: commit } })
  repository.commits.set(13, commits)
  repository.reviews.set(9301, review()['review'] as Json)
  return callIn('pull_request_review', review())
}

const refOf = async (call: Call) => (await channel.complete(call, means)).checkout?.ref

describe('the commit of a pull request', () => {
  it('is the one that was asked about, whatever was pushed on it since', async () => {
    const many = Array.from({ length: 120 }, (_, at) => at.toString(16).padStart(40, '0'))
    expect(await refOf(reviewed(ASKED, [ASKED]))).toBe(ASKED)
    expect(await refOf(reviewed(LATER, [ASKED, LATER]))).toBe(ASKED)
    expect(await refOf(reviewed(LATER, [...many, ASKED, LATER]))).toBe(ASKED)
  })

  it('is none when it was replaced since, or never was there', async () => {
    await expect(refOf(reviewed(REPLACED, [REPLACED]))).rejects.toMatchObject({
      ...{ code: 'invalid', message: expect.stringMatching(/pushed/) },
    })
  })

  it('is no matter of a closed one, nor of a fork', async () => {
    expect(await refOf(reviewed(REPLACED, [REPLACED], { state: 'closed' }))).toBe('main')
    const fork = { ref: 'main', sha: REPLACED, repo: { id: 72 } }
    expect(await refOf(reviewed(REPLACED, [REPLACED], { head: fork }))).toBe('refs/pull/13/head')
  })

  it('is the one it is at where a delivery says none', async () => {
    reviewed(LATER, [ASKED, LATER])
    const { id } = addComment(github, repository, { issue: 13, user: BOB, body: '@claviger go', at: NOW })
    const written = comment({ id, user: BOB, body: '@claviger go' })
    const call = callIn('issue_comment', issueComment({ issue: pullAsIssue(), comment: written }))
    expect(await refOf(call)).toBe(LATER)
  })
})

describe('what is asked', () => {
  const at = (call: Call, place: Readonly<Record<string, string>>) =>
    channel.complete(
      { ...call, thread: { ...call.thread, place: { ...call.thread.place, ...place } } },
      means,
    )

  it('is an issue or pull request of this number and id, not one of two', async () => {
    const opened = issueEvent('opened', { body: '@claviger fix it' })
    repository.issues.set(12, opened['issue'] as Json)
    const begun = pullEvent('opened', { body: '@claviger look' })
    repository.issues.set(13, pullAsIssue(begun['pull_request'] as Json))
    repository.pulls.set(13, begun['pull_request'] as Json)
    for (const call of [callIn('issues', opened), callIn('pull_request', begun)]) {
      await expect(at(call, {})).resolves.toMatchObject({ author: call.author })
      await expect(at(call, { id: '5003' })).rejects.toMatchObject({ code: 'invalid' })
    }
  })

  it('is nothing where an App has written it with the token of its user', async () => {
    const opened = issueEvent('opened', { body: '@claviger fix it' })
    const call = callIn('issues', opened)
    repository.issues.set(12, { ...(opened['issue'] as Json), performed_via_github_app: GITHUB_APP })
    await expect(channel.complete(call, means)).rejects.toMatchObject({
      ...{ code: 'invalid', message: expect.stringMatching(/App/) },
    })
    repository.issues.set(12, issue())
    const { id } = addComment(github, repository, {
      ...{ issue: 12, user: BOB, body: '@claviger go', at: NOW, isApp: true },
    })
    const written = issueComment({ comment: comment({ id, user: BOB, body: '@claviger go' }) })
    await expect(channel.complete(callIn('issue_comment', written), means)).rejects.toMatchObject({
      ...{ code: 'invalid', message: expect.stringMatching(/App/) },
    })
  })
})
