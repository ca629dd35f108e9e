// For tests: the pages of GitHub that make an App of a manifest, and the trade of a code for its keys. Whoever sees them is
// signed in there. A code works once, for an hour.

import { generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { escapeHtml, page } from '../../src/server/html.ts'

type Json = Readonly<Record<string, unknown>>

/** An App as its owner knows it. */
export interface GithubApp {
  readonly id: number
  readonly slug: string
  readonly publicKey: KeyObject
}

export interface MadeOfManifest extends GithubApp {
  /** The organization it belongs to; null: whoever is signed in. */
  readonly organization: string | null
  readonly manifest: Json
  readonly webhookSecret: string
  readonly privateKey: string
}

interface Issued {
  readonly app: MadeOfManifest
  readonly until: number
}

const CODE_LIFE = 3_600_000

// As far as anybody here asks for them.
const PERMISSIONS = ['issues', 'pull_requests', 'contents', 'metadata']
const EVENTS = [
  'issues',
  'issue_comment',
  'pull_request',
  'pull_request_review',
  'pull_request_review_comment',
]

/** `apps`: those that there are, to which the new ones are added. */
export function createManifestPages(apps: Map<number, GithubApp>, now: () => number) {
  const codes = new Map<string, Issued>()
  const pages = {
    made: [] as MadeOfManifest[],
    /** Changes what it answers to a code. */
    forge: (answer: Json): Json => answer,
  }

  function make(manifest: Json, name: string, organization: string | null): string {
    const keys = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const app = {
      ...{ id: 5000 + apps.size, slug: slugOf(name), publicKey: keys.publicKey, organization, manifest },
      webhookSecret: randomBytes(20).toString('hex'),
      privateKey: keys.privateKey.export({ type: 'pkcs1', format: 'pem' }).toString(),
    }
    apps.set(app.id, app)
    pages.made.push(app)
    const code = randomBytes(20).toString('hex')
    codes.set(code, { app, until: now() + CODE_LIFE })
    return code
  }

  /** What a code is good for, which is over then. */
  function trade(code: string, site: string): Json | null {
    const issued = codes.get(code)
    codes.delete(code)
    if (issued === undefined || issued.until <= now()) return null
    const { id, slug, webhookSecret, privateKey } = issued.app
    return pages.forge({
      ...{ id, slug, node_id: 'A_x', client_id: `Iv1.${id}`, client_secret: 'fake-client-secret' },
      ...{ webhook_secret: webhookSecret, pem: privateKey, html_url: `${site}/apps/${slug}` },
    })
  }

  async function answers(request: IncomingMessage, response: ServerResponse): Promise<boolean> {
    const site = `http://${request.headers.host}`
    const { pathname, searchParams } = new URL(request.url ?? '', site)
    if (request.method !== 'POST') return false
    const code = /^\/app-manifests\/([^/]+)\/conversions$/.exec(pathname)?.[1]
    if (code !== undefined) {
      const traded = trade(code, site)
      response.writeHead(traded === null ? 404 : 201, { 'content-type': 'application/json' })
      response.end(JSON.stringify(traded ?? { message: 'Not Found' }))
      return true
    }
    const [asks, organization = null] =
      /^(?:\/organizations\/([^/]+))?\/settings\/apps\/new$/.exec(pathname) ?? []
    if (asks === undefined && pathname !== '/settings/apps/manifest') return false
    const form = new URLSearchParams(await textIn(request))
    const manifest = JSON.parse(form.get('manifest') ?? '{}') as Json
    const fault = faultIn(manifest, form.get('name') ?? manifest['name'], apps)
    if (fault !== null) shown(response, page('GitHub', `<h1>Error</h1><p>${escapeHtml(fault)}</p>`), 422)
    else if (asks !== undefined)
      shown(response, confirmPage(manifest, searchParams.get('state') ?? '', organization))
    else {
      const back = new URL(String(manifest['redirect_url']))
      back.searchParams.set('code', make(manifest, form.get('name') ?? '', form.get('organization') || null))
      back.searchParams.set('state', form.get('state') ?? '')
      response.writeHead(302, { location: back.href }).end()
    }
    return true
  }

  return Object.assign(pages, { answers, make })
}

function faultIn(manifest: Json, name: unknown, apps: Map<number, GithubApp>): string | null {
  const hook = (manifest['hook_attributes'] ?? {}) as Json
  const addresses = [manifest['url'], manifest['redirect_url'], hook['url']]
  if (!addresses.every((one) => URL.canParse(String(one)))) return 'Url must be a valid URL'
  if (typeof name !== 'string' || name === '' || name.length > 34) return 'Name is too long (maximum is 34)'
  if ([...apps.values()].some(({ slug }) => slug === slugOf(name))) return 'Name is already taken'
  const permissions = Object.entries((manifest['default_permissions'] ?? {}) as Json)
  if (!permissions.every(([of, level]) => PERMISSIONS.includes(of) && /^(read|write)$/.test(String(level))))
    return 'Default permission records resource is not included in the list'
  const events = (manifest['default_events'] ?? []) as readonly string[]
  return events.every((event) => EVENTS.includes(event)) ? null : 'Default events unsupported'
}

function confirmPage(manifest: Json, state: string, organization: string | null): string {
  const hidden = { manifest: JSON.stringify(manifest), state, organization: organization ?? '' }
  const fields = Object.entries(hidden).map(
    ([name, value]) => `<input type="hidden" name="${name}" value="${escapeHtml(value)}">`,
  )
  return page(
    'GitHub',
    `<h1>Create GitHub App</h1><form method="post" action="/settings/apps/manifest">${fields.join('')}
<label for="name">GitHub App name</label><input id="name" name="name" value="${escapeHtml(String(manifest['name']))}"><button>Create GitHub App</button></form>`,
  )
}

function shown(response: ServerResponse, markup: string, status = 200): void {
  response.writeHead(status, { 'content-type': 'text/html; charset=utf-8' }).end(markup)
}

function slugOf(name: string): string {
  return name
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-|-$/g, '')
}

async function textIn(request: IncomingMessage): Promise<string> {
  let text = ''
  for await (const chunk of request) text += chunk
  return text
}
