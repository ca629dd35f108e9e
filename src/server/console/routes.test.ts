// The console as the server serves it: one page under a strict policy, its files, and nothing else.

import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createTestApp } from '../../../test/support/app.ts'
import { createHouse } from '../../../test/support/house.ts'
import { CONSOLE_PATHS } from '../../api/console-paths.ts'
import { consoleDirectory } from './files.ts'

const PAGE = `<meta property="csp-nonce" nonce="STYLE_NONCE"><meta name="claviger-base" content="./"><script src="./assets/index-abc.js"></script>`
const SCRIPT = `export const long = '${'x'.repeat(2000)}'`

let parent: string

beforeAll(() => {
  parent = mkdtempSync(join(tmpdir(), 'claviger-console-'))
  mkdirSync(join(parent, 'console/assets'), { recursive: true })
  writeFileSync(join(parent, 'console/index.html'), PAGE)
  writeFileSync(join(parent, 'console/assets/index-abc.js'), SCRIPT)
  writeFileSync(join(parent, 'console/icon.svg'), '<svg/>')
  writeFileSync(join(parent, 'console/notes.txt'), 'no type of ours')
  writeFileSync(join(parent, 'secret.js'), 'beside it')
})

afterAll(() => rmSync(parent, { recursive: true, force: true }))

function serving(publicUrl = 'http://claviger.test') {
  const options = { consoleDirectory: join(parent, 'console'), publicUrl: () => publicUrl }
  const { app } = createTestApp(createHouse(), options)
  return async (path: string, headers: Record<string, string> = {}, method = 'GET') =>
    app.fetch(new Request(`http://claviger.test${path}`, { method, headers }))
}

describe('the page', () => {
  it.each(CONSOLE_PATHS)('answers at /%s and below it', async (path) => {
    const get = serving()
    for (const place of [`/${path}`, ...(path === '' ? [] : [`/${path}/some/thing`])]) {
      const response = await get(place, { accept: 'text/html,*/*' })
      expect([place, response.status]).toEqual([place, 200])
      expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8')
      expect(response.headers.get('cache-control')).toBe('no-store')
    }
  })

  it('says to a browser that there is nothing at an address, and to a program as the API does', async () => {
    const get = serving()
    const browser = await get('/nowhere/at/all', { accept: 'text/html,*/*' })
    expect([browser.status, browser.headers.get('content-type')]).toEqual([404, 'text/html; charset=utf-8'])
    expect(browser.headers.get('content-security-policy')).toContain("default-src 'none'")
    for (const [path, accept] of [
      ['/nowhere', '*/*'],
      ['/api/v1/nowhere', 'text/html,*/*'],
    ] as const) {
      const response = await get(path, { accept })
      expect([path, response.status]).toEqual([path, 404])
      expect(response.headers.get('content-type')).toBe('application/problem+json')
    }
  })

  it('has a policy that lets in its own files only, and a new word for styles each time', async () => {
    const get = serving()
    const words = []
    for (let time = 0; time < 2; time += 1) {
      const response = await get('/')
      const policy = response.headers.get('content-security-policy') ?? ''
      const nonce = /'nonce-([\w+/=]{24})'/.exec(policy)?.[1]
      expect(await response.text()).toContain(`nonce="${nonce}"`)
      words.push(nonce)
      expect(policy).not.toMatch(/unsafe|\*|https?:/)
      for (const rule of [
        "default-src 'none'",
        "script-src 'self'",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
      ])
        expect(policy.split('; ')).toContain(rule)
      expect(response.headers.get('x-frame-options')).toBe('DENY')
    }
    expect(words[0]).not.toBe(words[1])
  })

  it('says where its files are, below a path of a proxy too', async () => {
    expect(await (await serving()('/runs/abc')).text()).toContain('src="/assets/index-abc.js"')
    const text = await (await serving('https://example.test/keys/')('/runs/abc')).text()
    expect(text).toContain('src="/keys/assets/index-abc.js"')
    expect(text).toContain('content="/keys/"')
  })

  it('leaves every other address alone', async () => {
    const get = serving()
    const html = { accept: 'text/html' }
    for (const path of [
      '/nowhere',
      '/api/v1/nowhere',
      '/api',
      '/webhooks/github',
      '/assets/none.js',
      '/codex/x',
    ])
      expect([path, (await get(path, html)).status]).toEqual([path, 404])
    expect((await get('/docs', html)).headers.get('content-security-policy')).not.toContain('script-src')
    expect((await get('/healthz', html)).headers.get('content-type')).toBe('application/json')
    expect((await get('/openapi.json', html)).status).toBe(200)
    expect((await get('/api/v1/credentials', html)).status).toBe(401)
    expect((await get('/credentials', html, 'POST')).status).toBe(404)
  })

  it('leaves the plain pages to programs', async () => {
    const get = serving()
    expect(await (await get('/device')).text()).toContain('<form')
    expect(await (await get('/device', { accept: 'text/html' })).text()).toContain('index-abc.js')
  })
})

describe('the files', () => {
  it('have their type, and are kept for ever when their name says what is in them', async () => {
    const get = serving()
    const script = await get('/assets/index-abc.js')
    expect(script.headers.get('content-type')).toBe('text/javascript; charset=utf-8')
    expect(script.headers.get('cache-control')).toContain('immutable')
    expect(await script.text()).toBe(SCRIPT)
    const icon = await get('/icon.svg')
    expect(icon.headers.get('content-type')).toBe('image/svg+xml')
    expect(icon.headers.get('cache-control')).toBe('no-cache')
    const etag = icon.headers.get('etag') ?? ''
    expect((await get('/icon.svg', { 'if-none-match': etag })).status).toBe(304)
  })

  it('may do next to nothing where one is a worker, or opened as a page', async () => {
    const { headers } = await serving()('/assets/index-abc.js')
    const policy = "default-src 'none'; connect-src 'self'; frame-ancestors 'none'"
    expect(headers.get('content-security-policy')).toBe(policy)
  })

  it('come compressed to whoever takes that, and without a body for HEAD', async () => {
    const get = serving()
    const response = await get('/assets/index-abc.js', { 'accept-encoding': 'br, gzip' })
    expect(response.headers.get('content-encoding')).toBe('gzip')
    expect(response.headers.get('vary')).toBe('accept-encoding')
    expect(gunzipSync(await response.arrayBuffer()).toString()).toBe(SCRIPT)
    const head = await get('/assets/index-abc.js', {}, 'HEAD')
    expect(head.status).toBe(200)
    expect(await head.text()).toBe('')
  })

  it('are those of the console only', async () => {
    symlinkSync(join(parent, 'secret.js'), join(parent, 'console/assets/link.txt'))
    const get = serving()
    for (const path of [
      '/assets/../../secret.js',
      '/assets/..%2f..%2fsecret.js',
      '/assets/%2e%2e/%2e%2e/secret.js',
      '/assets/..\\..\\secret.js',
      '/assets/link.txt',
      '/..%2fsecret.js',
      '/notes.txt',
      '/index.html',
      '/assets/',
      '/assets//index-abc.js',
    ])
      expect([path, (await get(path)).status]).toEqual([path, 404])
  })
})

it('says what to type when it was not built, and what it serves all the same', async () => {
  const { send } = createTestApp(createHouse(), { consoleDirectory: join(parent, 'missing') })
  const response = await send(null, 'GET', '/credentials')
  expect(response.status).toBe(503)
  expect(await response.text()).toContain('npm ci')
  expect((await send(null, 'GET', '/healthz')).status).toBe(200)
})

it('is found beside the bundle of its package', () => {
  const root = new URL('../../../', import.meta.url).pathname
  expect(consoleDirectory()).toBe(join(root, 'dist/console'))
  expect(consoleDirectory(join(root, 'dist/chunks'))).toBe(join(root, 'dist/console'))
})
