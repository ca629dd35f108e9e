// What GitHub refuses, and what that means: it may work later, and when; or never again.

import { beforeEach, describe, expect, it } from 'vitest'
import { addComment, ROBOT } from '../../../test/support/github-api.ts'
import { type GithubChannel, githubChannel } from '../../../test/support/github-channel.ts'
import { EVE, issue, type Json } from '../../../test/support/github-deliveries.ts'
import { NotThere } from '../channel.ts'

// Not the time that it is here.
const NOW = Date.parse('2026-01-05T08:00:00Z')
const INVALID = { code: 'invalid' }
const UNAVAILABLE = { code: 'unavailable' }
const IN_40_MINUTES = NOW + 2_400_000

const place = { repository: '71', number: '12' }

let here: GithubChannel
beforeEach(async () => {
  here = await githubChannel(NOW)
  return () => here.github.close()
})

describe('calls', () => {
  it.each<[string, number, Json, Record<string, string>, number | undefined]>([
    ['limit', 403, { message: 'API rate limit exceeded' }, { 'x-ratelimit-remaining': '0' }, 60],
    ['other limit', 403, { message: 'You have exceeded a secondary rate limit' }, {}, 60],
    ['pause', 429, {}, { 'retry-after': '30' }, 30],
    ['outage', 502, {}, {}, undefined],
    ['move', 301, {}, { location: 'http://127.0.0.1:1/' }, undefined],
  ])('wait for the end of a %s', async (_what, status, body, headers, retryAfter) => {
    const { github, channel, app } = here
    github.refuses = [status, body, headers]
    await expect(channel.comment(place, 'x', null, app)).rejects.toMatchObject({ ...UNAVAILABLE, retryAfter })
    expect(github.asked).toHaveLength(1)
  })

  it('wait while nobody answers', async () => {
    const { github, channel, app } = here
    github.close()
    await expect(channel.comment(place, 'x', null, app)).rejects.toMatchObject({
      ...{ code: 'unavailable', message: `GitHub did not answer at ${new URL(github.url).origin}.` },
      hint: expect.stringContaining('CLAVIGER_GITHUB_API'),
    })
  })

  it('wait until there are some again, by the clock of GitHub', async () => {
    const { github, channel, robot, asked } = here
    github.spent.core = IN_40_MINUTES
    const limited = { ...UNAVAILABLE, retryAfter: 2400 }
    await expect(channel.comment(place, 'x', null, robot)).rejects.toMatchObject(limited)
    github.spent.core = null
    github.spent.graphql = IN_40_MINUTES
    await expect(channel.complete(asked(12), robot)).rejects.toMatchObject(limited)
  })

  it('wait while the App is suspended', async () => {
    const { github, channel, app, asked } = here
    const call = asked(12)
    github.isSuspended = true
    const refused = { ...UNAVAILABLE, message: expect.stringMatching(/suspended/) }
    await expect(channel.complete(call, app)).rejects.toMatchObject(refused)
    await expect(channel.comment(place, 'x', null, app)).rejects.toMatchObject(refused)
  })
})

describe('what GitHub knows nothing of', () => {
  it('is told from what has been edited', async () => {
    const { github, repository, channel, app, robot, asked } = here
    const call = asked(12)
    const id = Number(call.thread.place['id'])
    const written = repository.comments.get(id)
    repository.comments.delete(id)
    for (const means of [app, robot])
      await expect(channel.complete(call, means)).rejects.toBeInstanceOf(NotThere)
    repository.comments.set(id, written as never)
    github.isBehind = true
    await expect(channel.complete(call, app)).rejects.toBeInstanceOf(NotThere)
    github.isBehind = false
    repository.edits.set(`IC_${id}`, [EVE])
    const edited = await channel.complete(call, app).catch((thrown: unknown) => thrown)
    expect(edited).toMatchObject(INVALID)
    expect(edited).not.toBeInstanceOf(NotThere)
  })

  it('is an issue that was transferred, too', async () => {
    const { repository, channel, app, asked } = here
    const call = asked(12)
    repository.moved.set(12, 'https://api.github.test/repositories/72/issues/1')
    await expect(channel.comment(place, 'x', null, app)).rejects.toMatchObject(INVALID)
    await expect(channel.complete(call, app)).rejects.toBeInstanceOf(NotThere)
    expect(await channel.findComment?.(place, 'x', app)).toBeNull()
  })
})

describe('a comment of the account that there was before', () => {
  it('stays, and another one is written', async () => {
    const { github, repository, channel, app, robot } = here
    for (const [means, user] of [
      [app, ROBOT],
      [robot, EVE],
    ] as const) {
      const old = addComment(github, repository, { issue: 12, user, body: 'queued', at: NOW })
      const id = await channel.comment(place, 'is at work', String(old.id), means)
      expect([id === String(old.id), old.body]).toEqual([false, 'queued'])
      expect(await channel.comment(place, 'done', id, means)).toBe(id)
    }
  })

  it('is not followed by another one where GitHub only wants to be asked later, or the conversation is locked', async () => {
    const { github, repository, channel, robot } = here
    const old = addComment(github, repository, { issue: 12, user: EVE, body: 'queued', at: NOW })
    github.spent.core = IN_40_MINUTES
    await expect(channel.comment(place, 'x', String(old.id), robot)).rejects.toMatchObject(UNAVAILABLE)
    github.spent.core = null
    repository.issues.set(12, issue({ locked: true }))
    await expect(channel.comment(place, 'x', String(old.id), robot)).rejects.toMatchObject(INVALID)
    expect(repository.comments.size).toBe(1)
  })
})

describe('a repository', () => {
  it('is private or public as it is now', async () => {
    const { repository, channel, app, robot } = here
    const was = { id: '71', name: 'acme/shop', url: 'https://github.com/acme/shop.git', isPrivate: true }
    for (const means of [app, robot])
      for (const isPrivate of [false, true]) {
        repository.private = isPrivate
        expect(await channel.isPrivate?.(was, means)).toBe(isPrivate)
      }
  })
})
