// For tests: GitHub's API as far as a channel asks it, on loopback. It believes nobody: JWTs of the App are verified, tokens
// know which repository they are for, what they may do and when they end.

import { generateKeyPairSync, randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { decodeJwt, jwtVerify } from 'jose'
import { graphqlAnswer } from './github-graphql.ts'
import { createManifestPages, type GithubApp } from './github-manifest.ts'

type Json = Readonly<Record<string, unknown>>

export const GITHUB_APP = { id: 4711, slug: 'claviger-app' }
export const GITHUB_TOKEN = 'fake-github-token-of-a-robot'
export const ROBOT = { id: 900, login: 'robot', type: 'User' }
const INSTALLATION = 31

/** A repository of the fake. Everything of it is as the API answers it. */
export interface GithubRepository {
  id: number
  full_name: string
  private: boolean
  clone_url: string
  installed: boolean
  readonly issues: Map<number, Json>
  readonly pulls: Map<number, Json>
  /** Of pull requests, oldest first. */
  readonly commits: Map<number, readonly string[]>
  readonly comments: Map<number, GithubComment>
  readonly reviewComments: Map<number, Json>
  readonly reviews: Map<number, Json>
  /** Who has edited what, by its global id, oldest first. */
  readonly edits: Map<string, Json[]>
  /** Where issues are that were transferred, by their number here. */
  readonly moved: Map<number, string>
}

export interface GithubComment {
  readonly issue: number
  readonly id: number
  readonly node_id: string
  readonly user: Json
  body: string
  readonly created_at: string
  updated_at: string
  readonly performed_via_github_app: Json | null
}

export interface Token {
  readonly repositories: readonly number[] | null
  readonly permissions: Json
  readonly until: number
}

interface Asking {
  readonly method: string
  readonly path: string
  readonly query: URLSearchParams
  readonly bearer: string
  readonly body: Json
}

type Answer = readonly [status: number, body: unknown, headers?: Record<string, string>]

export type GithubOfTest = Awaited<ReturnType<typeof startGithub>>

/** `now`: its clock. */
export async function startGithub(now: () => number) {
  const keys = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const tokens = new Map<string, Token>([
    [GITHUB_TOKEN, { repositories: null, permissions: {}, until: Number.POSITIVE_INFINITY }],
  ])
  const repositories = new Map<number, GithubRepository>()
  const apps = new Map<number, GithubApp>([[GITHUB_APP.id, { ...GITHUB_APP, publicKey: keys.publicKey }]])
  const pages = createManifestPages(apps, now)
  const world = {
    /** Its pages that make Apps, and those Apps. */
    pages,
    /** All that it has ever made. */
    minted: [] as string[],
    ...{ repositories, tokens, asked: [] as string[], installation: INSTALLATION, nextId: 1000 },
    /** Answers everybody so. */
    refuses: null as Answer | null,
    /** When calls are taken again, by its clock, of those that have used up what there is for an hour; null: they have not. */
    spent: { core: null, graphql: null } as Record<'core' | 'graphql', number | null>,
    /** The App is suspended where it is installed. */
    isSuspended: false,
    /** Its GraphQL knows of nothing yet that was written. */
    isBehind: false,
    /** GitHub's own form of a downloaded key (PKCS#1). */
    privateKey: keys.privateKey.export({ type: 'pkcs1', format: 'pem' }).toString(),
  }

  async function answerTo(asking: Asking): Promise<Answer> {
    world.asked.push(`${asking.method} ${asking.path}`)
    if (world.refuses !== null) return world.refuses
    if (asking.path === '/app' || asking.path.startsWith('/app/') || asking.path.endsWith('/installation')) {
      const app = await appOf(asking.bearer)
      return app === undefined ? [401, said('Bad credentials')] : appAnswer(world, asking, app, now())
    }
    const token = tokens.get(asking.bearer)
    if (token === undefined || token.until <= now()) return [401, said('Bad credentials')]
    if (asking.path === '/installation/token') return ended(tokens, asking)
    const of = asking.path === '/graphql' ? 'graphql' : 'core'
    const until = world.spent[of]
    if (until !== null && until > now()) return spentAnswer(of, until)
    if (asking.path === '/user') return [200, ROBOT]
    if (of === 'graphql')
      return [200, await graphqlAnswer(world.isBehind ? new Map() : repositories, asking.body, token)]
    return repositoryAnswer(world, asking, token, now())
  }

  async function appOf(jwt: string): Promise<GithubApp | undefined> {
    try {
      const app = apps.get(Number(decodeJwt(jwt).iss))
      if (app === undefined) return undefined
      const { payload } = await jwtVerify(jwt, app.publicKey, {
        ...{ algorithms: ['RS256'], issuer: String(app.id), currentDate: new Date(now()) },
      })
      const { iat = Number.POSITIVE_INFINITY, exp = Number.POSITIVE_INFINITY } = payload
      return iat <= now() / 1000 && exp - now() / 1000 <= 600 ? app : undefined
    } catch {
      // Whatever is wrong with it, GitHub answers 401.
      return undefined
    }
  }

  const server = createServer(async (request, response) => {
    if (await pages.answers(request, response)) return
    const [status, body, headers] = await answerTo(await askingIn(request))
    const date = new Date(now()).toUTCString()
    if (status === 204) response.writeHead(status, { date }).end()
    else
      response
        .writeHead(status, { 'content-type': 'application/json', date, ...headers })
        .end(JSON.stringify(body))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return Object.assign(world, {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close() {
      server.closeAllConnections()
      server.close()
    },
  })
}

// A token of an App ends itself, and opens nothing from then on: neither the API nor what asks `tokens` who it is.
function ended(tokens: Map<string, Token>, { method, bearer }: Asking): Answer {
  if (method !== 'DELETE' || tokens.get(bearer)?.repositories === null) return missing()
  tokens.delete(bearer)
  return [204, null]
}

type World = Pick<
  GithubOfTest,
  'minted' | 'repositories' | 'tokens' | 'installation' | 'nextId' | 'isSuspended'
>

// As GitHub publishes it: GraphQL answers 200 then, too.
function spentAnswer(resource: 'core' | 'graphql', until: number): Answer {
  const message = 'API rate limit exceeded for user ID 900.'
  const headers = {
    ...{ 'x-ratelimit-limit': '5000', 'x-ratelimit-remaining': '0', 'x-ratelimit-used': '5000' },
    ...{ 'x-ratelimit-reset': String(Math.ceil(until / 1000)), 'x-ratelimit-resource': resource },
  }
  return resource === 'graphql'
    ? [200, { errors: [{ type: 'RATE_LIMITED', message }] }, headers]
    : [403, said(message), headers]
}

/** A repository with nothing in it. */
export function addRepository(
  { repositories }: Pick<GithubOfTest, 'repositories'>,
  changed: Partial<GithubRepository> = {},
): GithubRepository {
  const made = {
    ...{ id: 71, full_name: 'acme/shop', private: true, clone_url: 'https://github.com/acme/shop.git' },
    ...{ installed: true, issues: new Map(), pulls: new Map(), comments: new Map() },
    ...{ commits: new Map(), reviewComments: new Map(), reviews: new Map() },
    ...{ edits: new Map(), moved: new Map(), ...changed },
  }
  repositories.set(made.id, made)
  return made
}

function appAnswer(
  world: World,
  { method, path, body }: Asking,
  { id: appId, slug }: GithubApp,
  now: number,
): Answer {
  if (path === '/app') return [200, { id: appId, slug }]
  const of = /^\/repositories\/(\d+)\/installation$/.exec(path)?.[1]
  if (of !== undefined)
    return world.repositories.get(Number(of))?.installed ? [200, { id: world.installation }] : missing()
  if (method !== 'POST' || path !== `/app/installations/${world.installation}/access_tokens`) return missing()
  if (world.isSuspended) return [403, said('This installation has been suspended')]
  const wanted = Array.isArray(body['repository_ids']) ? body['repository_ids'].map(Number) : []
  if (wanted.length === 0 || !wanted.every((id) => world.repositories.get(id)?.installed))
    return [422, said('There is at least one repository that does not exist or is not accessible')]
  const permissions = (body['permissions'] ?? {}) as Json
  const token = `fake-installation-token-${randomUUID()}`
  world.minted.push(token)
  world.tokens.set(token, { repositories: wanted, permissions, until: now + 3_600_000 })
  const expires_at = new Date(now + 3_600_000).toISOString()
  const reached = wanted.map((id) => ({ id }))
  return [
    201,
    { token, expires_at, permissions: { metadata: 'read', ...permissions }, repositories: reached },
  ]
}

function repositoryAnswer(world: World, asking: Asking, token: Token, now: number): Answer {
  const [, id, rest = ''] = /^\/repositories\/(\d+)(\/.*)?$/.exec(asking.path) ?? []
  const repository = world.repositories.get(Number(id))
  const isReached = token.repositories?.includes(Number(id)) ?? true
  if (repository === undefined || !isReached) return missing()
  if (rest === '') {
    const { id: number, full_name, private: isPrivate, clone_url } = repository
    return [200, { id: number, full_name, private: isPrivate, clone_url }]
  }
  const kind = rest.startsWith('/pulls') ? 'pull_requests' : 'issues'
  const level = token.permissions[kind]
  const isAllowed = token.repositories === null || level === 'write' || (asking.method === 'GET' && level)
  if (!isAllowed) return [403, said('Resource not accessible by integration')]
  const url = repository.moved.get(Number(/^\/(?:issues|pulls)\/(\d+)(?:\/|$)/.exec(rest)?.[1]))
  if (url !== undefined) return [301, { ...said('Moved Permanently'), url }, { location: url }]
  const where = { repository, rest, token, now }
  return commentAnswer(world, asking, where) ?? commitsAnswer(asking, where) ?? readAnswer(repository, rest)
}

interface Where {
  readonly repository: GithubRepository
  readonly rest: string
  readonly token: Token
  readonly now: number
}

function commentAnswer(world: World, { method, query, body }: Asking, where: Where): Answer | null {
  const { repository, rest, token, now } = where
  const text = String(body['body'] ?? '')
  const one = repository.comments.get(Number(/^\/issues\/comments\/(\d+)$/.exec(rest)?.[1]))
  const isApp = token.repositories !== null
  const by = isApp ? { id: 901, login: `${GITHUB_APP.slug}[bot]`, type: 'Bot' } : ROBOT
  if (method === 'PATCH') {
    if (one === undefined) return missing()
    if (one.user['id'] !== by.id) return [403, said('Must have admin rights to Repository.')]
    Object.assign(one, { body: text, updated_at: new Date(now).toISOString() })
    return [200, shown(one)]
  }
  const number = Number(/^\/issues\/(\d+)\/comments$/.exec(rest)?.[1])
  if (one !== undefined) return [200, shown(one)]
  if (Number.isNaN(number)) return null
  if (method === 'GET') {
    const since = query.get('since') ?? ''
    const [size, page] = [Number(query.get('per_page') ?? 30), Number(query.get('page') ?? 1)]
    const all = [...repository.comments.values()].filter(
      ({ issue, updated_at }) => issue === number && Date.parse(updated_at) >= Date.parse(since),
    )
    return [200, all.slice((page - 1) * size, page * size).map(shown)]
  }
  if (!repository.issues.has(number)) return missing()
  if (repository.issues.get(number)?.['locked'] === true)
    return [403, said('Unable to create comment because issue is locked.')]
  return [201, shown(addComment(world, repository, { issue: number, user: by, body: text, isApp, at: now }))]
}

function commitsAnswer({ query }: Asking, { repository, rest }: Where): Answer | null {
  const number = /^\/pulls\/(\d+)\/commits$/.exec(rest)?.[1]
  if (number === undefined) return null
  const [size, page] = [Number(query.get('per_page') ?? 30), Number(query.get('page') ?? 1)]
  const commits = repository.commits.get(Number(number)) ?? []
  return [200, commits.slice((page - 1) * size, page * size).map((sha) => ({ sha }))]
}

/** A comment on an issue or pull request. */
export function addComment(
  world: Pick<GithubOfTest, 'nextId'>,
  repository: GithubRepository,
  written: { issue: number; user: Json; body: string; at: number; isApp?: boolean },
): GithubComment {
  const { issue, user, body, at, isApp = false } = written
  world.nextId += 1
  const time = new Date(at).toISOString()
  const made = {
    ...{ id: world.nextId, node_id: `IC_${world.nextId}`, issue, user, body },
    ...{ created_at: time, updated_at: time },
    performed_via_github_app: isApp ? GITHUB_APP : null,
  }
  repository.comments.set(made.id, made)
  return made
}

function shown({ issue, ...comment }: GithubComment): Json {
  return { ...comment, issue_url: `https://api.github.test/repos/acme/shop/issues/${issue}` }
}

function readAnswer(repository: GithubRepository, rest: string): Answer {
  const [, kind, number] = /^\/(issues|pulls|pulls\/comments|pulls\/\d+\/reviews)\/(\d+)$/.exec(rest) ?? []
  const of = {
    ...{ issues: repository.issues, pulls: repository.pulls, 'pulls/comments': repository.reviewComments },
  }[kind ?? '']
  const found = (of ?? repository.reviews).get(Number(number))
  return found === undefined ? missing() : [200, found]
}

async function askingIn(request: IncomingMessage): Promise<Asking> {
  const parts: Buffer[] = []
  for await (const part of request) parts.push(part as Buffer)
  const text = Buffer.concat(parts).toString('utf8')
  const { pathname: path, searchParams: query } = new URL(request.url ?? '', 'http://localhost')
  const bearer = (request.headers.authorization ?? '').replace(/^Bearer /, '')
  return {
    ...{ method: request.method ?? '', path, query, bearer },
    body: text === '' ? {} : (JSON.parse(text) as Json),
  }
}

function missing(): Answer {
  return [404, said('Not Found')]
}

function said(message: string): Json {
  return { message, documentation_url: 'https://docs.github.com/rest' }
}
