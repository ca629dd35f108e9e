// What a clone of GitHub is made with, and its end.

import { beforeEach, describe, expect, it } from 'vitest'
import { type GithubChannel, githubChannel } from '../../../test/support/github-channel.ts'
import { Secret } from '../../domain/secret.ts'

const NOW = Date.parse('2026-01-05T08:00:00Z')
const INVALID = { code: 'invalid' }

let { github, repository, channel, app, robot } = {} as GithubChannel

beforeEach(async () => {
  ;({ github, repository, channel, app, robot } = await githubChannel(NOW))
  return () => github.close()
})

describe('the right to clone', () => {
  const shop = { id: '71', name: 'acme/shop', url: 'https://github.com/acme/shop.git', isPrivate: true }

  it('is a token that reads this one repository for an hour', async () => {
    const access = await channel.cloneAccess?.(shop, app)
    expect(access).toMatchObject({ username: 'x-access-token', expiresAt: NOW + 3_600_000 })
    expect(github.tokens.get(access?.token.expose() ?? '')).toMatchObject({
      ...{ repositories: [71], permissions: { contents: 'read' } },
    })
    expect(Object.keys(github.tokens.get(access?.token.expose() ?? '')?.permissions ?? {})).toEqual([
      'contents',
    ])
  })

  it('is none when another repository may be at this address by now', async () => {
    repository.clone_url = 'https://github.com/acme/store.git'
    await expect(channel.cloneAccess?.(shop, app)).rejects.toMatchObject({
      ...INVALID,
      message: expect.stringMatching(/renamed/),
    })
    expect(github.minted).toHaveLength(1)
    expect(github.tokens.has(github.minted[0] ?? '')).toBe(false)
  })

  it('is never a plain token, which is good for more', async () => {
    await expect(channel.cloneAccess?.(shop, robot)).rejects.toMatchObject(INVALID)
  })

  it('is not taken when GitHub gives more than was asked for', async () => {
    const wide = { token: 'fake-wide', expires_at: new Date(NOW + 1).toISOString(), permissions: {} }
    for (const more of [
      { repository_selection: 'all' },
      { repositories: [{ id: 71 }, { id: 72 }] },
      { permissions: { contents: 'write' } },
    ]) {
      const answers = { id: 31, ...wide, ...more }
      github.refuses = [200, answers]
      await expect(channel.cloneAccess?.(shop, app)).rejects.toMatchObject({ code: 'unavailable' })
    }
  })

  it('ends when it is asked to, and opens nothing from then on', async () => {
    const access = await channel.cloneAccess?.(shop, app)
    const token = access?.token ?? new Secret('')
    const opens = async () => {
      const headers = { authorization: `Bearer ${token.expose()}` }
      return (await fetch(`${github.url}/repositories/71`, { headers })).status
    }
    expect(await opens()).toBe(200)
    await channel.endCloneAccess?.(token)
    expect(await opens()).toBe(401)
    // Of one that has ended already nothing is left to do.
    await channel.endCloneAccess?.(token)
    github.refuses = [503, {}]
    await expect(channel.endCloneAccess?.(token)).rejects.toMatchObject({ code: 'unavailable' })
  })
})
