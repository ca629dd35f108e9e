// Whether a server that came back has exactly what is known: every credential with its value, every version, lease,
// token and order, and nothing else.

import type { CredentialView } from '../../../src/api/schemas.ts'
import { ClavigerError } from '../../../src/domain/errors.ts'
import { type Call, connection, eachOf } from '../connection.ts'
import { currentValues, type Known, type KnownCredential, type KnownLease } from './known.ts'

const AT_ONCE = 16

export interface Verification {
  readonly url: string
  readonly call: Call
  readonly known: readonly Known[]
  /** Unique among all verifications: it begins the request ids. */
  readonly name: string
}

export interface Findings {
  /** Single things that were compared. */
  compared: number
  readonly lost: string[]
  readonly half: string[]
  /** Request id → how many credentials it released; their audit rows are looked at in the next round. */
  readonly releases: Map<string, number>
}

/** Compares everything. What is missing or other than acknowledged is `lost`, what contradicts itself is `half`. */
export async function verify(verification: Verification): Promise<Findings> {
  const findings: Findings = { compared: 0, lost: [], half: [], releases: new Map() }
  const stored = await allCredentials(verification.call)
  const known = new Map(verification.known.flatMap((one) => [...one.credentials]))
  compareSets(stored, known, findings)
  const answered = (what: string, work: Promise<void>) => mustBeAnswered(what, work, findings)
  await eachOf(known.values(), AT_ONCE, async (credential) => {
    const { id, type } = credential
    await answered(`credential ${id}`, compareVersions(verification, credential, findings))
    if (type === 'raw') return
    await answered(`the value of ${id}`, compareValues(verification, credential, findings))
  })
  await answered('the raw secrets', compareRawValues(verification, known, findings))
  const leases = verification.known.flatMap((one) => [...one.leases.values()])
  await eachOf(leases, AT_ONCE, (lease) =>
    answered(`lease ${lease.id}`, compareLease(verification, lease, known, findings)),
  )
  await compareTokens(verification, findings)
  await compareOrders(verification, findings)
  return findings
}

// What is known must be answered for: a refusal is a finding, not the end of the comparison.
async function mustBeAnswered(what: string, work: Promise<void>, findings: Findings): Promise<void> {
  try {
    await work
  } catch (thrown) {
    if (!(thrown instanceof ClavigerError)) throw thrown
    const kind = thrown.code === 'not_found' || thrown.code === 'no_credential' ? 'lost' : 'half'
    findings[kind].push(`${what} was answered ${thrown.code}: ${thrown.message}`)
  }
}

async function allCredentials(call: Call): Promise<CredentialView[]> {
  const all: CredentialView[] = []
  let after: string | null = ''
  while (after !== null) {
    const page: Awaited<ReturnType<typeof call<'credentials.list'>>> = await call(
      'proof_list',
      'credentials.list',
      { limit: 500, ...(after !== '' && { after }) },
    )
    all.push(...page.credentials)
    after = page.next
  }
  return all
}

function compareSets(
  stored: readonly CredentialView[],
  known: ReadonlyMap<string, KnownCredential>,
  findings: Findings,
): void {
  const byId = new Map(stored.map((view) => [view.id, view]))
  for (const { id, name, owner, type, description, version } of known.values()) {
    const found = byId.get(id)
    const wanted = [name, owner, type, description, version].join(' | ')
    const is = found && [found.name, found.owner, found.type, found.description, found.version].join(' | ')
    compare(findings, 'lost', wanted, is ?? 'nothing', `credential ${id}`)
  }
  for (const { id, name } of stored) {
    if (!known.has(id)) findings.half.push(`credential ${id} (${name}) is there and was never acknowledged`)
  }
  const names = new Set(stored.map(({ owner, name }) => `${owner}/${name}`))
  compare(findings, 'half', stored.length, names.size, 'different names of credentials')
}

async function compareVersions(
  { call }: Verification,
  { id, version, values }: KnownCredential,
  findings: Findings,
): Promise<void> {
  const { versions } = await call('proof_versions', 'credentials.versions', { id })
  const wanted = [...values.keys()].sort((a, b) => b - a).join(' ')
  const found = versions.map((one) => one.version).join(' ')
  compare(findings, 'half', wanted, found, `the versions of credential ${id}`)
  const current = versions.filter((one) => one.current).map((one) => one.version)
  compare(findings, 'half', version, current.join(' '), `the current version of credential ${id}`)
}

async function compareValues(
  { call, name }: Verification,
  credential: KnownCredential,
  findings: Findings,
): Promise<void> {
  const { id, type } = credential
  const requestId = `${name}_${id}`
  const harness = type.startsWith('claude/') ? 'claude' : 'codex'
  const lease = await call(requestId, 'leases.create', { harness, credential: id, raw: false })
  findings.releases.set(requestId, 1)
  compare(findings, 'lost', currentValues(credential), lease.credential?.fields, `the value of ${id}`)
}

async function compareRawValues(
  { call, name }: Verification,
  known: ReadonlyMap<string, KnownCredential>,
  findings: Findings,
): Promise<void> {
  const requestId = `${name}_raw`
  const lease = await call(requestId, 'leases.create', { harness: 'claude', ambient: 'login' })
  findings.releases.set(requestId, 1 + lease.raw.length)
  const released = new Map(lease.raw.map((one) => [one.id, one.value]))
  for (const credential of known.values()) {
    if (credential.type !== 'raw') continue
    const wanted = currentValues(credential)['value']
    compare(findings, 'lost', wanted, released.get(credential.id), `the value of raw ${credential.id}`)
  }
}

async function compareLease(
  { url, name }: Verification,
  { id, handle, credentialId, running }: KnownLease,
  known: ReadonlyMap<string, KnownCredential>,
  findings: Findings,
): Promise<void> {
  if (handle === null) return
  const requestId = `${name}_${id}`
  const credential = known.get(credentialId)
  const wanted = running && credential ? currentValues(credential) : 'over'
  const found = await readLease(connection(url, handle), requestId, id)
  if (found !== 'over') findings.releases.set(requestId, 1)
  compare(findings, 'lost', wanted, found, `lease ${id}`)
}

async function readLease(call: Call, requestId: string, id: string): Promise<unknown> {
  try {
    return (await call(requestId, 'leases.read', { id })).credential?.fields
  } catch (thrown) {
    if (thrown instanceof ClavigerError && thrown.code === 'unauthenticated') return 'over'
    throw thrown
  }
}

async function compareTokens({ url, call, known }: Verification, findings: Findings): Promise<void> {
  const { tokens } = await call('proof_tokens', 'tokens.list', {})
  const listed = new Map(tokens.map((one) => [one.name, one.revokedAt === null ? 'good' : 'revoked']))
  const all = known.flatMap((one) => [...one.tokens.values()])
  await eachOf(all, AT_ONCE, async ({ name, token, revoked }) => {
    const wanted = revoked ? 'revoked' : 'good'
    compare(findings, 'lost', wanted, listed.get(name), `token ${name} in the list`)
    if (token !== null) compare(findings, 'lost', wanted, await tryToken(url, token), `token ${name} in use`)
  })
}

async function tryToken(url: string, token: string): Promise<string> {
  try {
    await connection(url, token)('proof_whoami', 'whoami', {})
    return 'good'
  } catch (thrown) {
    if (thrown instanceof ClavigerError && thrown.code === 'unauthenticated') return 'revoked'
    throw thrown
  }
}

async function compareOrders({ call, known }: Verification, findings: Findings): Promise<void> {
  for (const { order } of known) {
    if (order === null) continue
    const { harness, ids } = order
    const found = await call('proof_order', 'credentials.getOrder', { owner: 'org', harness })
    const placed = found.credentials.map((one) => one.id)
    compare(findings, 'lost', ids, placed, `the order of the organization's ${harness} credentials`)
  }
}

function compare(
  findings: Findings,
  kind: 'lost' | 'half',
  wanted: unknown,
  found: unknown,
  what: string,
): void {
  findings.compared += 1
  const [a, b] = [sorted(wanted), sorted(found)]
  if (a !== b) findings[kind].push(`${what} is ${b}, not ${a}`)
}

// The order of fields in an object says nothing.
function sorted(value: unknown): string {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return typeof value === 'string' ? value : (JSON.stringify(value) ?? 'nothing')
  }
  return JSON.stringify(Object.fromEntries(Object.entries(value).sort(([x], [y]) => (x < y ? -1 : 1))))
}
