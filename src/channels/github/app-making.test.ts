import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type GithubOfTest, startGithub } from '../../../test/support/github-api.ts'
import { delivery, issueEvent } from '../../../test/support/github-deliveries.ts'
import type { AppMaking } from '../channel.ts'
import { createGithubChannel } from './github.ts'

let github: GithubOfTest
let channel: ReturnType<typeof createGithubChannel>
let apps: AppMaking

beforeEach(async () => {
  github = await startGithub(Date.now)
  const { url } = github
  channel = createGithubChannel({ url, allowPrivate: false, accounts: 'github', site: url })
  if (channel.apps === undefined) throw new Error('it makes no Apps')
  apps = channel.apps
})

afterEach(() => github.close())

const WANTED = {
  ...{ name: 'Claviger', organization: null, home: 'https://claviger.test/keys', state: 'a state&more' },
  deliverTo: 'https://claviger.test/keys/webhooks/github',
  comeBackTo: 'https://claviger.test/keys/auth/callback/github-app',
}

const codeOf = () => {
  const { manifest = '{}' } = apps.form(WANTED).fields
  return github.pages.make(JSON.parse(manifest) as Record<string, unknown>, 'Claviger', null)
}

describe('the manifest of an App', () => {
  it('goes to whoever it is to belong to, with the state', () => {
    const state = '?state=a%20state%26more'
    expect(apps.form(WANTED).action).toBe(`${github.url}/settings/apps/new${state}`)
    const ofAcme = apps.form({ ...WANTED, organization: 'acme' }).action
    expect(ofAcme).toBe(`${github.url}/organizations/acme/settings/apps/new${state}`)
    expect(() => apps.form({ ...WANTED, organization: 'a/../b' })).toThrow('No organization of GitHub')
  })

  it('is traded in once, for all that the fields of a channel take', async () => {
    const code = codeOf()
    const { name, settings, secrets } = await apps.made(code)
    const [app] = github.pages.made
    expect({ name, settings }).toEqual({
      name: 'claviger',
      settings: { handle: 'claviger', appId: String(app?.id), appPage: `${github.url}/apps/claviger` },
    })
    const given = { ...settings, ...secrets }
    expect(secrets).toEqual({ signing: app?.webhookSecret, privateKey: app?.privateKey })
    for (const { name: field, pattern } of channel.fields)
      expect(given[field as keyof typeof given]?.trim() ?? '').toMatch(field in given ? pattern : /^$/)
    expect(channel.installAt?.(settings)).toBe(`${github.url}/apps/claviger/installations/new`)
    await expect(apps.made(code)).rejects.toMatchObject({ code: 'invalid' })
    expect(
      channel.parse(delivery('issues', issueEvent('opened', { body: '@claviger go' })), {
        settings,
        accountId: null,
      }),
    ).toMatchObject({ is: 'call' })
  })

  it.each([['pem'], ['webhook_secret'], ['id'], ['slug']])('is no App without its %s', async (missing) => {
    github.pages.forge = (answer) => ({ ...answer, [missing]: null })
    await expect(apps.made(codeOf())).rejects.toMatchObject({ code: 'unavailable' })
  })

  it('leads nowhere but to that GitHub', async () => {
    for (const html_url of ['https://elsewhere.test/apps/claviger', 'javascript:alert(1)', null]) {
      github.pages.forge = (answer) => ({ ...answer, html_url })
      const { settings } = await apps.made(codeOf())
      expect([html_url, settings['appPage'], channel.installAt?.(settings)]).toEqual([
        html_url,
        undefined,
        null,
      ])
    }
  })
})
