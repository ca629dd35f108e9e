// An App of GitHub that becomes a channel: the whole way of a browser, there and back, with an honest GitHub; and everything
// that others may try on that way.

import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ORIGIN } from '../../../test/support/app.ts'
import { givePassword, PASSWORD } from '../../../test/support/browsers.ts'
import { type GithubOfTest, startGithub } from '../../../test/support/github-api.ts'
import { delivery, issueComment } from '../../../test/support/github-deliveries.ts'
import { type OutsideBrowser, problem, useOutside } from '../../../test/support/outside.ts'
import { createGithubChannel } from '../../channels/github/github.ts'

const { outside, browser } = useOutside()

let github: GithubOfTest

beforeEach(async () => {
  const { house } = outside
  github = await startGithub(() => house.clock.now)
  const { url } = github
  Object.assign(house.ports.channels, {
    github: createGithubChannel({ url, allowPrivate: false, accounts: 'github', site: url }),
  })
})

afterEach(() => github.close())

const settings = (said: string) => `${ORIGIN}/settings/channels?${said}`
const channels = async () => (await outside.house.ask('ada', 'channels.list', {})).channels
const secrets = () =>
  github.pages.made.flatMap(({ webhookSecret, privateKey }) => [webhookSecret, privateKey.slice(40, 90)])

async function signedIn(who: 'ada' | 'bob' = 'ada'): Promise<OutsideBrowser> {
  await givePassword(outside.house, who)
  const one = browser()
  const given = { email: `${who}@example.test`, password: PASSWORD }
  expect((await one.send('POST', '/api/v1/session', given)).status).toBe(201)
  return one
}

const begin = async (one: OutsideBrowser, more: object = {}) =>
  one.start('/api/v1/channels/apps', undefined, { kind: 'github', name: 'Claviger of Acme', ...more })

/** What the form on the page has, as a browser would send it. */
async function formAt(one: OutsideBrowser, url: string) {
  const response = await one.send('GET', url, undefined, {})
  const text = await response.text()
  const unescaped = (value = '') => value.replaceAll(/&#(\d+);/g, (_, code) => String.fromCharCode(code))
  const action = unescaped(/action="([^"]*)"/.exec(text)?.[1])
  const manifest = unescaped(/name="manifest" value="([^"]*)"/.exec(text)?.[1])
  return { response, text, action, manifest }
}

/** Agrees at GitHub; returns where it sends the browser back to. */
async function agreed({ action, manifest }: { action: string; manifest: string }): Promise<string> {
  const state = new URL(action).searchParams.get('state') ?? ''
  const organization = /organizations\/([^/]+)/.exec(action)?.[1] ?? ''
  const name = (JSON.parse(manifest) as { name: string }).name
  expect((await fetch(action, { method: 'POST', body: new URLSearchParams({ manifest }) })).status).toBe(200)
  const answer = await fetch(`${github.url}/settings/apps/manifest`, {
    ...{ method: 'POST', redirect: 'manual' },
    body: new URLSearchParams({ manifest, state, organization, name }),
  })
  return answer.headers.get('location') ?? ''
}

const whole = async (one: OutsideBrowser, more: object = {}) =>
  agreed(await formAt(one, (await begin(one, more)).url))

describe('an App that GitHub makes', () => {
  it('becomes a channel that is who it is over there, and takes what is signed with its secret', async () => {
    const ada = await signedIn()
    const { url } = await begin(ada, { organization: 'acme' })
    const form = await formAt(ada, url)
    expect(form.response.headers.get('content-security-policy')).toContain(`form-action ${github.url};`)
    expect(form.response.headers.get('referrer-policy')).toBe('strict-origin')
    expect(form.action).toMatch(`${github.url}/organizations/acme/settings/apps/new?state=`)
    expect(JSON.parse(form.manifest)).toEqual({
      ...{ name: 'Claviger of Acme', url: ORIGIN, public: false },
      hook_attributes: { url: `${ORIGIN}/webhooks/github`, active: true },
      redirect_url: `${ORIGIN}/auth/callback/github-app`,
      default_permissions: {
        ...{ issues: 'write', pull_requests: 'write', contents: 'read', metadata: 'read' },
      },
      default_events: [
        ...['issues', 'pull_request', 'issue_comment', 'pull_request_review_comment', 'pull_request_review'],
      ],
    })
    expect(await ada.back(await agreed(form))).toBe(settings('made=claviger-of-acme'))
    const [app] = github.pages.made
    expect(app?.organization).toBe('acme')
    const page = `${github.url}/apps/claviger-of-acme`
    expect(await channels()).toMatchObject([
      {
        ...{ kind: 'github', name: 'claviger-of-acme', strangers: 'refuse', access: 'write' },
        // Nobody has tried it yet.
        ...{ account: `app:${app?.id}`, accountName: 'claviger-of-acme' },
        settings: { handle: 'claviger-of-acme', appId: String(app?.id), appPage: page },
        ...{ secretNames: ['privateKey', 'signing'], installAt: `${page}/installations/new` },
      },
    ])
    const tried = await outside.house.ask('ada', 'channels.test', { id: 'claviger-of-acme' })
    expect(tried).toEqual({ works: true, account: 'claviger-of-acme', message: '', hint: null })
    const comment = { ...(issueComment()['comment'] as object), body: '@claviger-of-acme fix it' }
    const delivered = async (signing?: string) => {
      const { headers, body } = delivery('issue_comment', issueComment({ comment }), 'd-1', signing)
      const request = { method: 'POST', headers: headers as Record<string, string>, body: Buffer.from(body) }
      return (await outside.app.fetch(new Request(`${ORIGIN}/webhooks/github`, request))).status
    }
    expect(await delivered()).toBe(401)
    expect(await delivered(app?.webhookSecret)).toBe(202)
    const left = JSON.stringify([outside.lines, await outside.house.audit()])
    for (const secret of secrets()) expect(left).not.toContain(secret)
    expect(left).not.toMatch(/code=|state=|fake-client-secret/)
    expect((await outside.house.audit()).map(({ action }) => action)).toContain('channel.create')
  })

  it('has another name when there is a channel of that name', async () => {
    const ada = await signedIn()
    await ada.back(await whole(ada))
    const { id = '' } = (await channels())[0] ?? {}
    await outside.house.ask('ada', 'channels.update', { id, name: 'other' })
    expect(await ada.back(await whole(ada, { name: 'other' }))).toBe(settings('made=other-2'))
  })
})

describe('coming back without a channel', () => {
  const nothingMore = async (count = 0) => {
    expect(await channels()).toHaveLength(count)
    expect(outside.lines.join('')).not.toMatch(/code=|state=/)
  }

  it('works once', async () => {
    const ada = await signedIn()
    const address = await whole(ada)
    const [name, value] = [...ada.cookies].find(([one]) => one.includes('trip')) ?? ['', '']
    expect(await ada.back(address)).toBe(settings('made=claviger-of-acme'))
    expect(await ada.back(address)).toBe(settings('problem=expired'))
    ada.cookies.set(name, value)
    expect(await ada.back(address)).toBe(settings('problem=expired'))
    await nothingMore(1)
  })

  it('is too late after ten minutes, also for the page', async () => {
    const ada = await signedIn()
    const { url } = await begin(ada)
    const address = await agreed(await formAt(ada, url))
    outside.house.clock.now += 600_001
    const late = await formAt(ada, url)
    expect([late.response.status, late.action]).toEqual([403, ''])
    expect(await ada.back(address)).toBe(settings('problem=expired'))
    await nothingMore()
  })

  it('is of the browser that began, also when the same person has another', async () => {
    const [ada, other] = [await signedIn(), await signedIn()]
    const { url } = await begin(ada)
    await begin(other)
    for (const one of [other, browser()]) expect((await formAt(one, url)).action).toBe('')
    const address = await agreed(await formAt(ada, url))
    for (const one of [other, browser()]) expect(await one.back(address)).toBe(settings('problem=expired'))
    // Whoever has only tried has ended nothing.
    expect(await ada.back(address)).toBe(settings('made=claviger-of-acme'))
    await nothingMore(1)
  })

  it('is of who may add channels now, and is signed in still; the code is not even used', async () => {
    const ada = await signedIn()
    const first = await whole(ada)
    await outside.house.ports.store.sessions.end({ personId: 'ada' })
    expect(await ada.back(first)).toBe(settings('problem=signed-out'))
    const again = await signedIn()
    const second = await whole(again, { name: 'Second' })
    const { identity, store } = outside.house.ports
    await store.atomically(async (unit) => {
      await identity.changing(unit).setRole('org-acme', 'bob', 'owner')
      await identity.changing(unit).setRole('org-acme', 'ada', 'member')
    })
    expect(await again.back(second)).toBe(settings('problem=forbidden'))
    for (const address of [first, second]) {
      const code = new URL(address).searchParams.get('code')
      const url = `${github.url}/app-manifests/${code}/conversions`
      expect((await fetch(url, { method: 'POST' })).status).toBe(201)
    }
    await nothingMore()
    const refused = (await outside.house.audit()).filter(({ outcome }) => outcome === 'refused')
    expect(refused.map(({ action }) => action)).toContain('channel.create')
  })

  it.each([
    ['a code that GitHub does not know', 'unknown', 'refused'],
    ['no code', '', 'refused'],
    ['what is no code', '../../app', 'refused'],
  ])('with %s', async (_, code, said) => {
    const ada = await signedIn()
    const address = new URL(await whole(ada))
    address.searchParams.set('code', code)
    expect(await ada.back(address.href)).toBe(settings(`problem=${said}`))
    expect(github.asked).toEqual([])
    await nothingMore()
  })

  it('when GitHub is away', async () => {
    const ada = await signedIn()
    const address = await whole(ada)
    github.close()
    expect(await ada.back(address)).toBe(settings('problem=unavailable'))
    await nothingMore()
  })

  it('when there are as many channels as there may be', async () => {
    const ada = await signedIn()
    const address = await whole(ada)
    const settingsOf = { handle: 'claviger', appId: '1' }
    const privateKey = `-----BEGIN PRIVATE KEY-----\n${'A'.repeat(200)}\n-----END PRIVATE KEY-----`
    const secrets = { signing: 'fake-signing-secret', privateKey }
    for (let n = 0; n < 20; n += 1)
      await outside.house.ask('ada', 'channels.create', {
        ...{ kind: 'github', name: `shop-${n}`, settings: settingsOf, secrets },
      })
    expect(await ada.back(address)).toBe(settings('problem=full'))
    await nothingMore(20)
  })

  it('is no way to link an account, nor is linking a way to an App', async () => {
    const ada = await signedIn()
    const address = await whole(ada)
    const { search } = new URL(address)
    expect(await ada.back(`${ORIGIN}/auth/callback/github${search}`)).toBe(problem('expired'))
    expect(await ada.back(address)).toBe(settings('made=claviger-of-acme'))
    const { url } = await ada.start('/api/v1/accounts/github', undefined, { password: PASSWORD })
    const linking = new URL(await ada.there(url))
    expect(linking.searchParams.get('state')).toMatch(/./)
    expect(await ada.back(`${ORIGIN}/auth/callback/github-app${linking.search}`)).toBe(
      settings('problem=expired'),
    )
    await nothingMore(1)
  })

  it('whoever only looks at the address uses nothing up', async () => {
    const ada = await signedIn()
    const address = await whole(ada)
    expect((await ada.send('HEAD', address)).status).toBe(405)
    expect(await ada.back(address)).toBe(settings('made=claviger-of-acme'))
  })
})

describe('beginning', () => {
  it('is for browsers of who may, to an organization that there could be', async () => {
    const [ada, bob] = [await signedIn(), await signedIn('bob')]
    expect((await begin(bob)).response.status).toBe(403)
    const wrong = await begin(ada, { organization: 'acme/../x' })
    expect([wrong.response.status, wrong.response.headers.getSetCookie()]).toEqual([400, []])
    expect((await begin(ada, { name: '<b>' })).response.status).toBe(400)
    const asked = outside.house.ask('ada', 'channels.startApp', { kind: 'github', name: 'Claviger' })
    await expect(asked).rejects.toMatchObject({ code: 'conflict' })
  })

  it('another site cannot make a browser begin', async () => {
    const ada = await signedIn()
    const body = { kind: 'github', name: 'Claviger' }
    const elsewhere = { origin: 'https://elsewhere.test', 'sec-fetch-site': 'cross-site' }
    expect((await ada.send('POST', '/api/v1/channels/apps', body, elsewhere)).status).toBe(403)
  })
})
