// `codex_oauth` in Agent Swarm's configuration: the ChatGPT login that a token may have, as a worker's script reads it with
// curl and jq. Its refresh token is the handle of a lease on that token. Scripts ask each time their machine starts, and
// nobody gives such a lease back; so the same token is answered with the same lease, one a day for each login, and asking
// again makes none.

import type { Caller } from '../../domain/caller.ts'
import { codexIssuer, codexLoginFile } from '../../domain/codex/login-file.ts'
import { ClavigerError } from '../../domain/errors.ts'
import { formatOwner, parseOwner } from '../../domain/owner.ts'
import { chosen } from '../../domain/resolution/resolve.ts'
import { Secret, secretJson } from '../../domain/secret.ts'
import { formatRefreshHandle } from '../../domain/token.ts'
import { isConflict } from '../../store/refusals.ts'
import type { CredentialRow, StoreGroups } from '../../store/store.ts'
import { type Freshness, withFresh } from '../grants/freshness.ts'
import type { Authorize, Sealed } from '../guard.ts'
import { disabledAct, forHolder, leaseAct, planOf } from '../leases.ts'
import { choiceOf } from '../leasing/choice.ts'
import { nothingFits } from '../leasing/nothing-fits.ts'
import { type Query, type Resolved, subjectOf } from '../resolution.ts'
import type { Control, Result } from '../use-case.ts'
import { rfc3339 } from '../views.ts'
import type { Workshop } from '../workshop.ts'
import { type StandingLease, standingLease } from './standing-lease.ts'

const KEY = 'codex_oauth'
const MASKED = new Secret('********')
const QUERY: Query = { harness: 'codex', ambient: 'none', types: ['codex/oauth'] }

// Many machines start at once, and one of them makes the lease of all that ask with the same token.
const TRIES = 5

const NOTHING_FITS = ['no_credential', 'needs_login']

type Entry = Result<'config.resolved'>['configs'][number]

export function createConfigUseCase(workshop: Workshop): Pick<Control, 'config.resolved'> {
  return {
    async 'config.resolved'(caller, { key, includeSecrets, agentId }) {
      // A script that exports whatever it is sent would have the login in its environment.
      if (key === undefined) return { configs: [], message: `Name what you want: key=${KEY}` }
      if (key !== KEY) return { configs: [] }
      try {
        const isWhole = includeSecrets === 'true'
        return {
          configs: [isWhole ? await handOut(workshop, caller, agentId) : await show(workshop, caller)],
        }
      } catch (thrown) {
        // Agent Swarm's answer where nothing is stored. What to do about it people read, and programs pass over.
        if (!(thrown instanceof ClavigerError) || !NOTHING_FITS.includes(thrown.code)) throw thrown
        return { configs: [], message: [thrown.message, thrown.hint].filter(Boolean).join(' ') }
      }
    },
  }
}

async function show({ store, resolution, now }: Workshop, caller: Caller): Promise<Entry> {
  const resolved = await resolution.decide(store, caller.organizationId, subjectOf(caller), QUERY)
  const id = chosen(resolved.decisions)?.credential?.id
  const row = id === undefined ? undefined : await store.credentials.get(caller.organizationId, id)
  if (row === undefined) throw nothingServes(caller, resolved)
  return entryOf(row, MASKED, now())
}

async function handOut(workshop: Workshop, caller: Caller, agentId: string | undefined): Promise<Entry> {
  if (caller.tokenId === null) {
    const act = { action: 'lease.create', object: { kind: 'harness', id: 'codex', name: 'codex' } }
    await workshop.guard.check(caller, { ...act, needs: { forbiddenBy: noToken() } })
  }
  for (let tries = 1; ; tries += 1) {
    try {
      return await withFresh(workshop, (freshness) => released(workshop, caller, agentId, freshness))
    } catch (thrown) {
      if (tries === TRIES || !isConflict(thrown)) throw thrown
    }
  }
}

async function released(
  workshop: Workshop,
  caller: Caller,
  agentId: string | undefined,
  freshness: Freshness,
): Promise<Entry> {
  const { result, opened } = await workshop.guard.release(caller, (unit, authorize) =>
    take({ workshop, caller, agentId, freshness }, unit, authorize),
  )
  const { row, handle } = result
  const { shown, version, expiresAt } = row
  const { id, access, accountId } = opened[0] ?? {}
  if (id === undefined || access === undefined || accountId === undefined)
    throw new ClavigerError('internal', `The login ${row.name} is not whole.`)
  workshop.useNotes.used(row.id)
  const refresh = new Secret(formatRefreshHandle(handle, version, shown['accountId'] ?? ''))
  const issuer = codexIssuer(workshop.workerUrl ?? workshop.publicUrl())
  const at = workshop.now()
  const file = codexLoginFile({ id, access, refresh, accountId, issuer, at })
  return entryOf(row, secretJson({ ...file, access, refresh, expires: expiresAt, accountId }), at)
}

interface Asked {
  readonly workshop: Workshop
  readonly caller: Caller
  readonly agentId: string | undefined
  readonly freshness: Freshness
}

type Taken = { readonly row: CredentialRow } & Pick<StandingLease, 'handle'>

// Inside of the unit: which login, by whose leave, and under which lease.
async function take(
  { workshop, caller, agentId, freshness }: Asked,
  unit: StoreGroups,
  authorize: Authorize,
): Promise<{ result: Taken; open: Sealed[] }> {
  const { organizationId, tokenId } = caller
  const { hindrances } = freshness
  const query = { ...QUERY, hindrances }
  const disabled = () => authorize(disabledAct('lease.create', 'codex'))
  const subject = subjectOf(caller)
  const resolved = await workshop.resolution.decide(unit, organizationId, subject, query, disabled)
  const decision = chosen(resolved.decisions)
  const id = decision?.credential?.id
  const row = id === undefined ? undefined : await unit.credentials.get(organizationId, id)
  if (decision === null || row === undefined) throw orLater(nothingServes(caller, resolved), freshness)
  freshness.mustBeFresh(row)
  const whose = { organizationId, tokenId: tokenId ?? '', agentId: agentId ?? '', credentialId: row.id }
  const { handle, there, ...identity } = await standingLease(workshop, unit, whose)
  const choice = choiceOf({ harness: 'codex', ambient: 'none', raw: false })
  const plan = planOf(workshop, caller, {
    ...{ resolved, decision, choice, identity: { ...identity, tokenId } },
  })
  const bound = { for: `config/resolved${agentId === undefined ? '' : ` of ${agentId}`}` }
  const act = leaseAct(plan, 'codex', bound)
  await authorize(there === null ? act : { ...act, action: 'lease.read' })
  const { expiresAt } = plan.lease
  if (there === null) await unit.leases.insert(plan.lease)
  else if (expiresAt > there.expiresAt) await unit.leases.change(there.id, { expiresAt })
  return { result: { row, handle }, open: [await forHolder(unit, row)] }
}

function nothingServes(caller: Caller, resolved: Resolved): ClavigerError {
  if (resolved.decisions.length > 0) return nothingFits(caller, 'codex', resolved)
  const { agent } = caller
  return new ClavigerError('no_credential', 'There is no ChatGPT login for this token.', {
    hint:
      agent === null
        ? 'Sign in: claviger codex-login'
        : `Attach one: claviger admin agent attach ${agent} NAME. Or sign in: claviger codex-login --agent ${agent}`,
  })
}

// One that only its provider keeps from being handed out is there again by itself.
function orLater(error: ClavigerError, { hindrances }: Freshness): ClavigerError {
  if (hindrances.size === 0 || error.code !== 'no_credential') return error
  const { message, hint } = error
  return new ClavigerError('unavailable', message, { hint: hint ?? '', retryAfter: 2 })
}

function noToken(): ClavigerError {
  return new ClavigerError('forbidden', 'A login is handed to a token, not to a browser.', {
    hint: 'Make a token: claviger admin tokens create --name NAME --role member --expires-in 30d',
  })
}

// Who may use what the organization owns learns its name, and not since when it is there.
function entryOf({ id, name, owner }: CredentialRow, value: Secret, at: number): Entry {
  const facts = { scope: 'global', scopeId: null, isSecret: true, envPath: null, encrypted: true } as const
  const asked = rfc3339(at)
  return {
    ...{ id, key: KEY, value, ...facts, description: `${name} of ${formatOwner(parseOwner(owner))}` },
    ...{ createdAt: asked, lastUpdatedAt: asked },
  }
}
