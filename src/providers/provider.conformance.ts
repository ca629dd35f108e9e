// What every provider must do, whatever it asks: tell the states of a credential apart, call an outage an
// outage, and never show what the upstream said. It brings its own misbehaving servers; the fake that knows
// the provider's API is the caller's.

import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { CREDENTIAL_TYPE_NAMES, CREDENTIAL_TYPES, type CredentialType } from '../domain/credential-types.ts'
import type { FieldValues } from '../domain/values.ts'
import type { Probe, ProbeResult, Provider } from './provider.ts'

/** How a fake upstream can be told to treat a credential. */
export type UpstreamState =
  | 'ok'
  | 'revoked'
  | 'expired'
  | 'no-credit'
  | 'rate-limited'
  | 'overloaded'
  | 'forbidden'

/** A running fake of the provider's API that accepts the credential. */
export interface FakeUpstream {
  readonly baseUrl: string
  teach(state: UpstreamState): void
  close(): Promise<void>
}

export interface ProviderSubject {
  readonly type: CredentialType
  readonly fields: FieldValues
  /** Another credential of the type, which the fake does not know. */
  readonly unknownFields: FieldValues
  /** A provider that asks everything at `baseUrl` and waits at most `timeoutMs` for each answer. */
  create(options: { baseUrl: string; timeoutMs: number }): Provider
  start(): Promise<FakeUpstream>
  /** Results that differ from the usual ones, for a probe that makes no billed call. */
  readonly results?: Partial<Record<UpstreamState, ProbeResult>>
}

const USUAL_RESULTS: Readonly<Record<UpstreamState, ProbeResult>> = {
  ok: 'works',
  revoked: 'refused',
  expired: 'refused',
  'no-credit': 'no_credit',
  'rate-limited': 'limited',
  overloaded: 'unknown',
  forbidden: 'forbidden',
}

const STATUSES = [200, 202, 302, 400, 401, 402, 403, 404, 409, 429, 500, 503, 529]
const MARKER = 'upstream-text-marker'
const TIMEOUT_MS = 5_000

/** Declares the suite for one credential type of a provider. */
export function describeProvider(name: string, subject: ProviderSubject): void {
  describe(`provider ${name}, ${subject.type}`, () => {
    describeStates(subject)
    describeOutages(subject)
    describeSilence(subject)
  })
}

function describeStates(subject: ProviderSubject): void {
  let upstream: FakeUpstream
  let provider: Provider

  beforeEach(async () => {
    upstream = await subject.start()
    provider = subject.create({ baseUrl: upstream.baseUrl, timeoutMs: TIMEOUT_MS })
  })
  afterEach(() => upstream.close())

  const expected = { ...USUAL_RESULTS, ...subject.results }
  for (const [state, result] of Object.entries(expected) as [UpstreamState, ProbeResult][]) {
    it(`says ${result} when the credential is ${state}`, async () => {
      upstream.teach(state)
      const probe = await provider.probe(subject.type, subject.fields)
      expect(probe.result, probe.message).toBe(result)
      expectOwnSentence(probe, subject.fields)
    })
  }

  it('says refused for a credential nobody made', async () => {
    const probe = await provider.probe(subject.type, subject.unknownFields)
    expect(probe.result, probe.message).toBe('refused')
    expectOwnSentence(probe, subject.unknownFields)
  })

  it('takes a base URL with a closing slash', async () => {
    const slashed = subject.create({ baseUrl: `${upstream.baseUrl}/`, timeoutMs: TIMEOUT_MS })
    expect((await slashed.probe(subject.type, subject.fields)).result).toBe('works')
  })

  it('says which types it probes, and refuses the others', async () => {
    expect(provider.probes).toContain(subject.type)
    for (const type of CREDENTIAL_TYPE_NAMES) {
      if (provider.probes.includes(type)) expect(CREDENTIAL_TYPES[type].provider).toBe(provider.name)
      else await expect(provider.probe(type, subject.fields)).rejects.toMatchObject({ code: 'invalid' })
    }
  })

  it('refuses to probe without the required fields', async () => {
    await expect(provider.probe(subject.type, {})).rejects.toMatchObject({ code: 'invalid' })
  })
}

function describeOutages(subject: ProviderSubject): void {
  async function expectUnknown(listener: RequestListener, timeoutMs = TIMEOUT_MS): Promise<void> {
    await withServer(listener, async (baseUrl) => {
      const probe = await subject.create({ baseUrl, timeoutMs }).probe(subject.type, subject.fields)
      expect(probe.result, probe.message).toBe('unknown')
      expectOwnSentence(probe, subject.fields)
    })
  }

  it.each([200, 401, 403, 429, 500])('says unknown when a web page answers with %i', async (status) => {
    await expectUnknown((_request, response) => {
      response.writeHead(status, { 'content-type': 'text/html' }).end(`<h1>${MARKER}</h1>`)
    })
  })

  it.each(['null', '[]', '"text"', '{}', '{"data":{}}', '{"data":', ''])(
    'says unknown when the answer is %j',
    async (body) => {
      await expectUnknown((_request, response) => {
        response.writeHead(200, { 'content-type': 'application/json' }).end(body)
      })
    },
  )

  it('says unknown on a redirect, and takes the credential nowhere', async () => {
    let reached = 0
    const elsewhere: RequestListener = (_request, response) => {
      reached += 1
      response.end()
    }
    await withServer(elsewhere, async (location) => {
      await expectUnknown((_request, response) => response.writeHead(302, { location }).end())
    })
    expect(reached).toBe(0)
  })

  it('says unknown when the answer drips', async () => {
    await expectUnknown((_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' })
      const timer = setInterval(() => response.write(' '), 20)
      response.on('close', () => clearInterval(timer))
    }, 200)
  })

  it('says unknown when the answer has no end', async () => {
    await expectUnknown((_request, response) => {
      const more = () => {
        while (response.write(' '.repeat(64 * 1024)));
      }
      response.on('drain', more)
      more()
    })
  })

  it('says unknown when the connection breaks', async () => {
    await expectUnknown((request) => request.socket.resetAndDestroy())
  })

  it('says unknown when nobody is there', async () => {
    let baseUrl = ''
    await withServer(
      () => undefined,
      async (url) => {
        baseUrl = url
      },
    )
    const provider = subject.create({ baseUrl, timeoutMs: TIMEOUT_MS })
    const probe = await provider.probe(subject.type, subject.fields)
    expect(probe.result, probe.message).toBe('unknown')
    expectOwnSentence(probe, subject.fields)
  })
}

function describeSilence(subject: ProviderSubject): void {
  // Once for the first question of a probe, and once for the one after a good list of models.
  for (const isListGood of [false, true]) {
    const which = isListGood ? 'after a good list' : 'from the start'
    it.each(STATUSES)(`repeats nothing of what comes with status %i ${which}`, async (status) => {
      const echo: RequestListener = (request, response) => {
        const isList = isListGood && request.method === 'GET'
        const text = `${MARKER} ${JSON.stringify(request.headers)}`
        response.writeHead(isList ? 200 : status, {
          'content-type': 'application/json',
          'x-amzn-errortype': MARKER,
        })
        response.end(JSON.stringify(isList ? goodList() : badAnswer(text)))
      }
      await withServer(echo, async (baseUrl) => {
        const provider = subject.create({ baseUrl, timeoutMs: TIMEOUT_MS })
        expectOwnSentence(await provider.probe(subject.type, subject.fields), subject.fields)
      })
    })
  }
}

// One body that is a good list for every provider we know; the model's name is upstream text too.
function goodList() {
  return {
    data: [{ id: `haiku-${MARKER}` }],
    inferenceProfileSummaries: [{ inferenceProfileId: `anthropic.claude-haiku-${MARKER}` }],
  }
}

function badAnswer(text: string) {
  return { error: { type: text, code: text, message: text }, message: text, Message: text, __type: text }
}

function expectOwnSentence({ message }: Probe, fields: FieldValues): void {
  expect(message).toMatch(/^[A-Z][^\n]{10,300}\.$/)
  expect(message).not.toContain(MARKER)
  for (const value of Object.values(fields)) expect(message).not.toContain(value.expose())
}

async function withServer(listener: RequestListener, use: (baseUrl: string) => Promise<void>): Promise<void> {
  const server = createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  try {
    await use(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  } finally {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
}
