// Serves the web console: one page for all its addresses, under a policy that lets in nothing but its own files; and those.
// The page is the same for everybody: who is signed in is the business of what its scripts ask the API.

import { randomBytes } from 'node:crypto'
import type { Context, Hono } from 'hono'
import { CONSOLE_PATHS } from '../../api/console-paths.ts'
import { htmlHeaders } from '../html.ts'
import { notBuiltPage } from '../pages.ts'
import type { Connection } from '../visitors.ts'
import { type ConsoleFile, type ConsoleFiles, readConsole } from './files.ts'

export interface ConsoleOptions {
  /** Where it was built. */
  readonly directory: string
  /** Where people reach this server; it may be below a path of a proxy. */
  readonly publicUrl: () => string
}

type Served = Hono<{ Bindings: Connection }>

// The plain pages of these stay, for programs and for browsers without scripts of ours.
const ALSO_PLAIN = ['join', 'device']

/** Its page for a browser that asks for an address that nobody answers at; null for programs, or while it is not built. */
export type ElsewherePage = (request: Request) => Response | null

export function addConsole(app: Served, { directory, publicUrl }: ConsoleOptions): ElsewherePage {
  let known: ConsoleFiles | null = null
  const read = () => {
    known ??= readConsole(directory)
    return known
  }
  for (const path of CONSOLE_PATHS) {
    const answer = (c: Context, next: () => Promise<void>) => {
      const built = read()
      if (ALSO_PLAIN.includes(path) && (built === null || !isBrowser(c.req.raw))) return next()
      return built === null ? notBuilt() : pageOf(built, publicUrl())
    }
    app.get(`/${path}`, answer)
    if (path !== '') app.get(`/${path}/*`, answer)
  }
  const file = (c: Context, next: () => Promise<void>) => {
    const found = read()?.files.get(new URL(c.req.url).pathname.slice(1))
    return found === undefined ? next() : fileAnswer(found, c.req.raw)
  }
  app.get('/assets/*', file)
  app.get('/:name{[a-z0-9-]+\\.[a-z]+}', file)
  return (request) => {
    const isRead = request.method === 'GET' || request.method === 'HEAD'
    if (!isRead || !isBrowser(request) || isOfApi(new URL(request.url).pathname)) return null
    const built = read()
    return built === null ? null : pageOf(built, publicUrl(), 404)
  }
}

function isOfApi(path: string): boolean {
  return path === '/api' || path.startsWith('/api/')
}

function isBrowser(request: Request): boolean {
  return (request.headers.get('accept') ?? '').includes('text/html')
}

const SHARED = {
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
}

function pageOf(built: ConsoleFiles, publicUrl: string, status = 200): Response {
  const nonce = randomBytes(16).toString('base64')
  const base = new URL(publicUrl).pathname.replace(/\/+$/, '')
  const text = built.page.replaceAll('="./', `="${base}/`).replace('STYLE_NONCE', nonce)
  return new Response(text, { status, headers: pageHeaders(nonce) })
}

function pageHeaders(nonce: string): Record<string, string> {
  const policy = [
    "default-src 'none'",
    "script-src 'self'",
    `style-src 'self' 'nonce-${nonce}'`,
    "img-src 'self' data:",
    "connect-src 'self'",
    "font-src 'self'",
    "manifest-src 'self'",
    "worker-src 'self'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    'trusted-types claviger',
  ]
  return {
    ...SHARED,
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': policy.join('; '),
    'cache-control': 'no-store',
  }
}

function notBuilt(): Response {
  return new Response(notBuiltPage(), { status: 503, headers: htmlHeaders() })
}

const FILE_POLICY = "default-src 'none'; connect-src 'self'; frame-ancestors 'none'"

function fileAnswer({ type, bytes, gzipped, etag, hashed }: ConsoleFile, request: Request): Response {
  const headers = {
    ...SHARED,
    'content-type': type,
    // For what would be a page or a worker of its own.
    'content-security-policy': FILE_POLICY,
    'cache-control': hashed ? 'public, max-age=31536000, immutable' : 'no-cache',
    etag,
    vary: 'accept-encoding',
  }
  if (request.headers.get('if-none-match') === etag) return new Response(null, { status: 304, headers })
  const zipped = gzipped !== null && /\bgzip\b/.test(request.headers.get('accept-encoding') ?? '')
  return zipped
    ? new Response(gzipped, { headers: { ...headers, 'content-encoding': 'gzip' } })
    : new Response(bytes, { headers })
}
