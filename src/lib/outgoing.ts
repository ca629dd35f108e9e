// One guarded HTTP call to a place that people can configure: it cannot be led into a private network, to
// another host by a redirect, or into waiting or reading without end. It knows nothing of who is called, does
// not retry, does not decompress and reuses no connection (so that the checked address is the one called).

import { lookup } from 'node:dns/promises'
import { request as httpRequest, type IncomingHttpHeaders, type IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { isIP, isIPv4, type LookupFunction } from 'node:net'
import { addressKind } from './address.ts'

// Scheme, authority of plain host characters (so no userinfo, escapes or look-alikes), then printable ASCII
// without the backslash that URL parsers read as a slash.
const PLAIN_URL = /^https?:\/\/([\w.:[\]-]+)(?:[/?#][\x21-\x5b\x5d-\x7e]*)?$/i

export interface UpstreamCall {
  readonly method: string
  /** Text, not a URL object: parsing would hide that an address was written in an unusual form. */
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array
  /** For everything together: resolving, connecting, sending and reading to the end. */
  readonly timeoutMs: number
  /** The longest body that is accepted. */
  readonly maxBytes: number
  /** The response is over with its head: its body is not read, however long or slow. */
  readonly ignoreBody?: boolean
}

export interface OutgoingPolicy {
  /**
   * Permits addresses of private networks. Link-local, metadata, multicast and other special addresses stay
   * refused, and so does http to anything but this machine.
   */
  readonly allowPrivate: boolean
  /** Permits URLs that name this machine: for those that its operator has set, not for what others can enter. */
  readonly allowLoopback: boolean
  /** Name → all its addresses; the system's resolver by default. */
  readonly resolve?: (host: string) => Promise<readonly string[]>
}

export interface UpstreamResponse {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

/**
 * `refused-url`: not a plain https URL (http: this machine only), or a header that cannot be sent.
 * `refused-address`: it leads where the policy does not allow. `too-large`: the body exceeds the limit.
 * `network`: no connection, no such name, bad TLS, or the connection broke.
 */
export type OutgoingReason = 'refused-address' | 'refused-url' | 'timeout' | 'too-large' | 'network'

/** Why there is no response. The message names the host at most: no path, query, header or body. */
export class OutgoingError extends Error {
  readonly reason: OutgoingReason

  constructor(reason: OutgoingReason, message: string) {
    super(message)
    this.name = 'OutgoingError'
    this.reason = reason
  }
}

/**
 * Makes one call and reads the whole response; a redirect is a response like any other. Plain http is for URLs
 * that name this machine (`localhost`, `127.x.x.x`, `[::1]`), and those need `allowLoopback`.
 * Rejects with an {@link OutgoingError} only.
 */
export async function callUpstream(call: UpstreamCall, policy: OutgoingPolicy): Promise<UpstreamResponse> {
  const url = checkedUrl(call.url)
  return await withDeadline(call.timeoutMs, url, async (signal) => {
    const addresses = await checkedAddresses(url, policy)
    signal.throwIfAborted()
    return await exchange(call, url, addresses, signal)
  })
}

/**
 * What can be said of a URL before anything is asked: rejects as `callUpstream` would, except for what a name turns out
 * to lead to. For URLs that are stored and called later.
 */
export function checkCallable(text: string, policy: OutgoingPolicy): URL {
  const url = checkedUrl(text)
  const host = bareHost(url)
  if (
    (isIP(host) !== 0 || namesThisMachine(url)) &&
    !isAllowed(isIP(host) === 0 ? '127.0.0.1' : host, url, policy)
  )
    throw leadsNowhere(url)
  return url
}

function checkedUrl(text: string): URL {
  const authority = PLAIN_URL.exec(text)?.[1]
  if (authority === undefined || !URL.canParse(text)) {
    throw new OutgoingError('refused-url', 'Not a plain http or https URL.')
  }
  const url = new URL(text)
  const writtenHost = authority.replace(/:\d*$/, '').toLowerCase()
  if (isIPv4(url.hostname) && writtenHost !== url.hostname) {
    throw new OutgoingError('refused-url', 'The URL writes an IP address in an unusual form.')
  }
  if (url.protocol !== 'https:' && !namesThisMachine(url)) {
    throw new OutgoingError('refused-url', `Plain http is for this machine only, not for ${url.host}.`)
  }
  return url
}

async function checkedAddresses(url: URL, policy: OutgoingPolicy): Promise<readonly string[]> {
  const host = bareHost(url)
  const addresses = isIP(host) === 0 ? await resolved(host, policy.resolve ?? systemResolve) : [host]
  // One bad address among good ones refuses them all: which one is called must not be a matter of luck.
  if (!addresses.every((address) => isAllowed(address, url, policy))) {
    throw leadsNowhere(url)
  }
  return addresses
}

function leadsNowhere(url: URL): OutgoingError {
  return new OutgoingError('refused-address', `${url.host} leads to an address that may not be called.`)
}

function isAllowed(address: string, url: URL, policy: OutgoingPolicy): boolean {
  const kind = addressKind(address)
  if (namesThisMachine(url)) return kind === 'loopback' && policy.allowLoopback
  return kind === 'public' || (policy.allowPrivate && kind !== 'special')
}

function namesThisMachine(url: URL): boolean {
  const host = bareHost(url)
  return host === 'localhost' || addressKind(host) === 'loopback'
}

function bareHost(url: URL): string {
  return url.hostname.replace(/^\[|\]$/g, '')
}

async function resolved(
  host: string,
  resolve: (host: string) => Promise<readonly string[]>,
): Promise<readonly string[]> {
  const addresses = await resolve(host).catch((error: unknown) => {
    throw networkError(`The name ${host} could not be resolved`, error)
  })
  if (addresses.length === 0) throw new OutgoingError('network', `The name ${host} has no address.`)
  return addresses
}

async function systemResolve(host: string): Promise<readonly string[]> {
  const found = await lookup(host, { all: true, order: 'verbatim' })
  return found.map(({ address }) => address)
}

// A timer that is so late tells that this process has slept; how long it may then read what has come meanwhile.
const SLEPT = 250
const AWAKE = 500

function withDeadline<T>(timeoutMs: number, url: URL, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const controller = new AbortController()
    const due = performance.now() + timeoutMs
    const end = () => {
      // Rejecting here, not when the work notices: resolving a name cannot be interrupted.
      reject(new OutgoingError('timeout', `${url.host} did not answer within ${timeoutMs} ms.`))
      controller.abort()
    }
    let timer = setTimeout(() => {
      const hasSlept = performance.now() - due > SLEPT
      // The answer may lie there since, and is read first.
      if (hasSlept) timer = setTimeout(end, AWAKE)
      else end()
    }, timeoutMs)
    work(controller.signal)
      .then(resolve, reject)
      .finally(() => clearTimeout(timer))
  })
}

async function exchange(
  call: UpstreamCall,
  url: URL,
  addresses: readonly string[],
  signal: AbortSignal,
): Promise<UpstreamResponse> {
  try {
    const response = await send(call, url, addresses, signal)
    const body = call.ignoreBody === true ? dropped(response) : await readBody(response, call.maxBytes, url)
    return { status: response.statusCode ?? 0, headers: response.headers, body }
  } catch (error) {
    throw error instanceof OutgoingError ? error : networkError(`The connection to ${url.host} failed`, error)
  }
}

function send(
  call: UpstreamCall,
  url: URL,
  addresses: readonly string[],
  signal: AbortSignal,
): Promise<IncomingMessage> {
  const request = url.protocol === 'https:' ? httpsRequest : httpRequest
  const headers = { 'accept-encoding': 'identity', ...call.headers }
  const options = { method: call.method, headers, agent: false, signal, lookup: pinned(addresses) }
  return new Promise((resolve, reject) => {
    const outgoing = sendable(() => request(url, options))
    outgoing.on('response', resolve)
    outgoing.on('error', reject)
    // Nothing here asks for another protocol; without this, Node would wait for the deadline.
    outgoing.on('upgrade', (_response, socket) => {
      socket.destroy()
      reject(new OutgoingError('network', `${url.host} switched to another protocol.`))
    })
    outgoing.end(call.body)
  })
}

// Node throws at once for a method or header that cannot be written, naming it but not its value.
function sendable<T>(start: () => T): T {
  try {
    return start()
  } catch {
    throw new OutgoingError('refused-url', 'The request has a header or method that cannot be sent.')
  }
}

function pinned(addresses: readonly string[]): LookupFunction {
  const found = addresses.map((address) => ({ address, family: isIP(address) }))
  return (_host, options, done) => {
    if (options.all) done(null, found)
    else done(null, found[0]?.address ?? '', found[0]?.family)
  }
}

function dropped(response: IncomingMessage): Buffer {
  // An error of a body that nobody waits for is nobody's.
  response.on('error', () => undefined).destroy()
  return Buffer.alloc(0)
}

async function readBody(response: IncomingMessage, maxBytes: number, url: URL): Promise<Buffer> {
  const parts: Buffer[] = []
  let bytes = 0
  // Leaving the loop by an error destroys the response and with it the connection.
  for await (const part of response as AsyncIterable<Buffer>) {
    bytes += part.length
    if (bytes > maxBytes) {
      throw new OutgoingError('too-large', `${url.host} answered with more than ${maxBytes} bytes.`)
    }
    parts.push(part)
  }
  return Buffer.concat(parts)
}

// The code of an error of Node (ECONNREFUSED, ERR_TLS_…), never its text.
function networkError(what: string, error: unknown): OutgoingError {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  return new OutgoingError('network', /^[A-Z][A-Z0-9_]*$/.test(code) ? `${what} (${code}).` : `${what}.`)
}
