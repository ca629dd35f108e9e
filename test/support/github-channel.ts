// For tests: our channel to the GitHub of tests, with a repository that has an issue (12) and a pull request (13), as an App
// and as an account.

import type { Channel, Means } from '../../src/channels/channel.ts'
import { createGithubChannel } from '../../src/channels/github/github.ts'
import type { Call } from '../../src/domain/channels/call.ts'
import { Secret } from '../../src/domain/secret.ts'
import {
  addComment,
  addRepository,
  GITHUB_APP,
  GITHUB_TOKEN,
  type GithubOfTest,
  type GithubRepository,
  startGithub,
} from './github-api.ts'
import {
  BOB,
  comment,
  delivery,
  issue,
  issueComment,
  type Json,
  pull,
  pullAsIssue,
} from './github-deliveries.ts'

export interface GithubChannel {
  readonly github: GithubOfTest
  readonly repository: GithubRepository
  readonly channel: Channel
  readonly app: Means
  readonly robot: Means
  /** What a delivery asks for. */
  callIn(event: string, payload: Json): Call
  /** Somebody's comment, over there and as it is delivered. */
  asked(number: number, body?: string, user?: Json): Call
}

/** `at`: the time over there. */
export async function githubChannel(at: number): Promise<GithubChannel> {
  const github = await startGithub(() => at)
  const repository = addRepository(github)
  repository.issues.set(12, issue())
  repository.issues.set(13, pullAsIssue())
  repository.pulls.set(13, pull())
  const channel = createGithubChannel({
    ...{ url: github.url, allowPrivate: false, accounts: 'github', site: 'https://github.com' },
  })
  const settings = { handle: 'claviger' }
  const privateKey = new Secret(github.privateKey)
  const app = {
    ...{ settings: { ...settings, appId: String(GITHUB_APP.id) }, secrets: { privateKey }, now: at },
  }
  const callIn = (event: string, payload: Json) => {
    const parsed = channel.parse(delivery(event, payload), { settings: app.settings, accountId: null })
    if (parsed.is !== 'call') throw new Error('it is no call')
    return parsed.call
  }
  return {
    ...{ github, repository, channel, app, callIn },
    robot: { settings, secrets: { token: new Secret(GITHUB_TOKEN) }, now: at },
    asked(number, body = '@claviger fix it', user = BOB) {
      const { id } = addComment(github, repository, { issue: number, user, body, at })
      const about = repository.issues.get(number)
      return callIn('issue_comment', issueComment({ issue: about, comment: comment({ id, user, body }) }))
    },
  }
}
