// What the server shows without a token: documentation, health and metrics.

import { describe, expect, it } from 'vitest'
import { createTestApp } from '../../test/support/app.ts'
import { createHouse, fakeKey } from '../../test/support/house.ts'
import { OPERATION_NAMES, OPERATIONS } from '../api/operations.ts'
import { SCHEMAS } from '../api/schemas.ts'
import { openApiDocument } from './openapi.ts'
import { docsPage } from './pages.ts'

type Json = Record<string, unknown>

function* objectsIn(value: unknown): Generator<Json> {
  if (typeof value !== 'object' || value === null) return
  if (!Array.isArray(value)) yield value as Json
  for (const inner of Object.values(value)) yield* objectsIn(inner)
}

function at(document: Json, pointer: string): unknown {
  const steps = pointer.replace(/^#\//, '').split('/')
  return steps.reduce<unknown>((value, step) => (value as Json | undefined)?.[step], document)
}

describe('/openapi.json', () => {
  it('describes every operation, and every reference in it leads somewhere', async () => {
    const { send } = createTestApp(createHouse())
    const document = (await (await send(null, 'GET', '/openapi.json')).json()) as Json
    expect(document['openapi']).toMatch(/^3\.1\./)
    expect(document['info']).toMatchObject({ title: 'Claviger', version: '1.2.3' })
    const described = Object.entries(document['paths'] as Record<string, Json>).flatMap(([path, methods]) =>
      Object.entries(methods).map(
        ([method, one]) => `${method.toUpperCase()} ${path} ${(one as Json)['operationId']}`,
      ),
    )
    const table = OPERATION_NAMES.map((name) => `${OPERATIONS[name].method} ${OPERATIONS[name].path} ${name}`)
    expect(described.sort()).toEqual(table.sort())
    const references = [...objectsIn(document)].flatMap((one) =>
      typeof one['$ref'] === 'string' ? [one['$ref']] : [],
    )
    expect(references.length).toBeGreaterThan(0)
    for (const reference of references) expect([reference, at(document, reference)]).not.toContain(undefined)
  })

  it.each(OPERATION_NAMES)('says of %s what its schema says', (name) => {
    const { method, path, status, answers } = OPERATIONS[name]
    const one = at(openApiDocument('1'), `#/paths`) as Record<string, Record<string, Json>>
    const described = one[path]?.[method.toLowerCase()] ?? {}
    const parameters = (described['parameters'] ?? []) as { name: string; in: string; required: boolean }[]
    const body = at(described, '#/requestBody/content/application~1json/schema') as undefined
    expect(body).toBeUndefined()
    const content = ((described['requestBody'] as Json)?.['content'] ?? {}) as Record<
      string,
      { schema: Json }
    >
    const properties = Object.keys((content['application/json']?.schema['properties'] ?? {}) as Json)
    const names = [...parameters.map((parameter) => parameter.name), ...properties]
    expect(names.sort()).toEqual(Object.keys(SCHEMAS[name].input.shape).sort())
    for (const parameter of parameters.filter((one) => one.in === 'path'))
      expect(path).toContain(`{${parameter.name}}`)
    expect((path.match(/\{/g) ?? []).length).toBe(parameters.filter((one) => one.in === 'path').length)
    const responses = described['responses'] as Record<string, { content: Record<string, { schema: Json }> }>
    const answer = responses[String(status)]?.content[answers ?? 'application/json']?.schema as Json
    if (answers !== undefined) expect(answer).toEqual({ type: 'string', format: 'binary' })
    else
      expect(Object.keys(answer['properties'] as Json).sort()).toEqual(
        Object.keys(SCHEMAS[name].output.shape).sort(),
      )
    expect(responses['default']?.content).toHaveProperty('application/problem+json')
  })
})

describe('the pages', () => {
  it('have a policy that allows no script, and need none', async () => {
    const { send } = createTestApp(createHouse())
    for (const [path, status] of [
      ['/', 503],
      ['/docs', 200],
    ] as const) {
      const response = await send(null, 'GET', path)
      expect(response.status).toBe(status)
      expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8')
      expect(response.headers.get('content-security-policy')).toContain("default-src 'none'")
      expect(response.headers.get('content-security-policy')).toContain("frame-ancestors 'none'")
      expect(response.headers.get('x-content-type-options')).toBe('nosniff')
      expect(response.headers.get('referrer-policy')).toBe('no-referrer')
      expect(response.headers.get('cache-control')).toBe('no-store')
      expect(await response.text()).not.toMatch(/<script|\son\w+=|javascript:/i)
    }
  })

  it('name every operation, and escape what they show', async () => {
    const { send } = createTestApp(createHouse())
    const docs = await (await send(null, 'GET', '/docs')).text()
    for (const name of OPERATION_NAMES) expect(docs).toContain(`id="${name}"`)
    const planted = '<img src=x>"\'&'
    const paths = {
      '/api/v1/whoami': {
        get: {
          summary: planted,
          responses: {},
          parameters: [{ name: planted, in: 'query', required: false, schema: { planted } }],
        },
      },
    }
    const page = docsPage({ paths })
    expect(page).not.toContain('<img')
    expect(page).toContain('&#60;img src=x&#62;&#34;&#39;&#38;')
  })
})

describe('health', () => {
  it('is alive, and ready while the store can be read', async () => {
    const house = createHouse()
    const { send, lines } = createTestApp(house)
    expect((await send(null, 'GET', '/healthz')).status).toBe(200)
    expect(await (await send(null, 'GET', '/readyz')).json()).toEqual({ status: 'ready' })
    await house.ports.store.close()
    expect((await send(null, 'GET', '/healthz')).status).toBe(200)
    const response = await send(null, 'GET', '/readyz')
    expect(response.status).toBe(503)
    expect(await response.json()).toMatchObject({ code: 'unavailable' })
    expect(lines.join()).toContain('not ready')
  })

  it('says nothing of the inside when it is not ready', async () => {
    const ready = () => Promise.reject(new Error('/home/somebody/claviger.db is gone'))
    const { send, lines } = createTestApp(createHouse(), { ready })
    const response = await send(null, 'GET', '/readyz')
    expect(response.status).toBe(503)
    expect(await response.text()).not.toContain('somebody')
    expect(lines.join()).toContain('not ready')
  })
})

describe('/metrics', () => {
  it('counts requests and leases, and names nobody and nothing', async () => {
    const house = createHouse()
    const { send } = createTestApp(house)
    const id = await house.give('bob', 'me', 'release-signing')
    await send('bob', 'POST', '/api/v1/leases', { harness: 'claude' })
    await send('bob', 'POST', '/api/v1/leases', { harness: 'codex' })
    await send('bob', 'POST', '/api/v1/leases', { harness: 'wrong' })
    await send('bob', 'GET', `/api/v1/credentials/${id}`)
    await send(null, 'GET', '/api/v1/whoami')
    const response = await send(null, 'GET', '/metrics')
    expect(response.headers.get('content-type')).toContain('text/plain')
    const text = await response.text()
    for (const line of [
      'claviger_requests_total{operation="leases.create",status="201"} 1',
      'claviger_requests_total{operation="leases.create",status="422"} 1',
      'claviger_requests_total{operation="leases.create",status="400"} 1',
      'claviger_requests_total{operation="whoami",status="401"} 1',
      'claviger_leases_total{harness="claude",outcome="granted"} 1',
      'claviger_leases_total{harness="codex",outcome="no_credential"} 1',
      'claviger_request_seconds_count{operation="leases.create"} 3',
    ])
      expect(text).toContain(line)
    for (const secret of [id, 'release-signing', 'bob', fakeKey('release-signing'), 'wrong', 'acme'])
      expect(text).not.toContain(secret)
  })
})
