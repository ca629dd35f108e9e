// `explain`: the whole list of candidates for somebody's run, with the reasons.

import type { DecisionView, Output } from '../api/schemas.ts'
import { type Caller, GENERAL_RIGHTS, may, mayCredential, type Role } from '../domain/caller.ts'
import { ClavigerError } from '../domain/errors.ts'
import { type HarnessName, harnessDisabled } from '../domain/harness-names.ts'
import { printable } from '../domain/names.ts'
import { formatOwner } from '../domain/owner.ts'
import type { Decision } from '../domain/resolution/resolve.ts'
import type { Person } from '../identity/identity.ts'
import type { StoreGroups } from '../store/store.ts'
import { type Act, absent, canSee, seesNameOnly } from './guard.ts'
import { howToGetOne, noneFits, noneUsable } from './leasing/nothing-fits.ts'
import { signInAgain } from './leasing/sign-in-hint.ts'
import { type Resolved, type Subject, subjectOf } from './resolution.ts'
import { isDisabled } from './settings/rules.ts'
import type { Control } from './use-case.ts'
import type { Workshop } from './workshop.ts'

type ExplainInput = Parameters<Control['explain']>[1]

/** Whose run is explained, and how it is called. */
interface Explained {
  readonly subject: Subject
  readonly name: string
  /** Of the caller themselves, as nobody else. */
  readonly isOwn?: true
  /** Whether they may begin runs at all. */
  readonly runs: boolean
}

/**
 * Explains a run of the caller's own, or, for those who manage or audit, of another person, a team or an agent. That somebody
 * looked at others is audited, each time. Of oneself it is a read like any list, and a page that stays open repeats it.
 */
export async function explain(
  workshop: Workshop,
  caller: Caller,
  input: ExplainInput,
): Promise<Output<'explain'>> {
  const explained = await subjectOfInput(workshop, caller, input)
  const object = { kind: 'harness', id: input.harness, name: input.harness }
  const details = { for: explained.name }
  const act: Act = { action: 'explain', needs: { general: 'explain' }, object, details }
  if (explained.isOwn) {
    await workshop.guard.check(caller, act)
    return explanation(workshop, workshop.store, caller, input, explained)
  }
  return workshop.guard.perform(caller, async (unit, authorize) => {
    await authorize(act)
    return explanation(workshop, unit, caller, input, explained)
  })
}

const NO_RUNS = 'an auditor begins no runs'

function mayBegin(role: Role): boolean {
  return GENERAL_RIGHTS.startRuns.some((one) => one === role)
}

async function explanation(
  { resolution }: Workshop,
  unit: StoreGroups,
  caller: Caller,
  input: ExplainInput,
  { subject, name, runs }: Explained,
): Promise<Output<'explain'>> {
  const resolved = await resolution.decide(unit, caller.organizationId, subject, input)
  const all = resolved.decisions.map((one) => decisionView(caller, one, resolved))
  const decisions = runs ? all : all.map((one) => ({ ...one, verdict: 'skipped' as const, reason: NO_RUNS }))
  const enabled = !(await isDisabled(unit, caller.organizationId, input.harness))
  const chosen = decisions.findIndex(({ verdict }) => verdict === 'chosen')
  return {
    ...{ harness: input.harness, for: name, enabled, decisions },
    chosen: chosen === -1 ? null : chosen,
    ...(runs
      ? wordsFor(caller, input.harness, { enabled, decisions, resolved, subject })
      : { sentence: 'An auditor begins no runs.', hint: null }),
  }
}

interface Explanation {
  readonly enabled: boolean
  readonly decisions: readonly DecisionView[]
  readonly resolved: Resolved
  readonly subject: Subject
}

// What whoever would start a run is told before they do, in the words that they would get for it.
function wordsFor(
  caller: Caller,
  harness: HarnessName,
  { enabled, decisions, resolved, subject }: Explanation,
): Pick<Output<'explain'>, 'sentence' | 'hint'> {
  if (!enabled) return { sentence: harnessDisabled(harness).message, hint: null }
  if (decisions.some(({ verdict }) => verdict === 'chosen')) return { sentence: null, hint: null }
  if (decisions.length > 0) {
    const over = decisions.find(({ credential }) => credential?.state === 'needs_login')?.credential
    const row = resolved.rows.get(over?.id ?? '')
    return {
      sentence: noneUsable(harness, decisions),
      hint: row === undefined ? null : signInAgain(caller, row),
    }
  }
  const { kind, agent } = caller
  return {
    sentence: noneFits(harness, resolved.raw.length > 0),
    hint: howToGetOne({ kind, agent: subject.agent ?? agent }, harness),
  }
}

async function subjectOfInput(workshop: Workshop, caller: Caller, input: ExplainInput): Promise<Explained> {
  const { agent, team } = input
  if (agent !== undefined) await mustExplain(workshop, caller, agent)
  if (input.user !== undefined) {
    const { id, teams, email, role } = await findPerson(workshop, caller, input.user)
    const name = agent === undefined ? email : `${email} as the agent ${agent}`
    const isOwn = isSelf(caller, id)
    const ofAnother = isOwn ? {} : ({ ownUnnamed: true } as const)
    const subject = { user: id, teams, agent: agent ?? null, ...ofAnother }
    const runs = agent !== undefined || mayBegin(role)
    return { subject, name, runs, ...(isOwn && agent === undefined && { isOwn }) }
  }
  if (agent !== undefined && agent !== caller.agent) return runOfAgent(workshop, caller, agent)
  if (team !== undefined && may(caller, 'readAudit')) return runInTeam(workshop, caller, team)
  const runs = caller.kind !== 'person' || mayBegin(caller.role)
  return { subject: subjectOf(caller), name: caller.name, isOwn: true, runs }
}

// What an agent does not draw on is listed for those who could attach it.
async function runOfAgent(
  { identity }: Workshop,
  { organizationId }: Caller,
  agent: string,
): Promise<Explained> {
  const teams = await identity.teams(organizationId)
  const subject = { user: null, teams, agent, listsUnattached: true } as const
  return { subject, name: `the agent ${agent}`, runs: true }
}

// Nobody's run in a team: for those who answer for it, whether they are in it or not.
async function runInTeam(
  { identity }: Workshop,
  { organizationId }: Caller,
  team: string,
): Promise<Explained> {
  const teams = (await identity.teams(organizationId)).filter((slug) => slug === team)
  const subject = { user: null, teams, agent: null }
  return { subject, name: `nobody in the team ${printable(team)}`, runs: true }
}

// Oneself, or anybody for those who may.
async function findPerson({ identity }: Workshop, caller: Caller, wanted: string): Promise<Person> {
  const { organizationId, id, kind } = caller
  const person = wanted.includes('@')
    ? await identity.findByEmail(organizationId, wanted)
    : await identity.person(organizationId, wanted === 'me' && kind === 'person' ? id : wanted)
  if (person && isSelf(caller, person.id)) return person
  // Before it is said whether there is such a member: not everybody may know who is one.
  if (may(caller, 'readAudit')) {
    if (person) return person
    throw absent('member', wanted)
  }
  throw new ClavigerError('forbidden', 'You can explain your own runs only.', {
    hint: 'Leave out --user, or ask an admin.',
  })
}

// An agent may have the name that is a person's id.
function isSelf({ kind, id }: Caller, personId: string): boolean {
  return kind === 'person' && id === personId
}

async function mustExplain({ store }: Workshop, caller: Caller, agent: string): Promise<void> {
  if (mayCredential(caller, 'describe', { kind: 'agent', name: agent })) {
    if (await store.agents.get(caller.organizationId, agent)) return
    throw absent('agent', agent)
  }
  throw new ClavigerError('forbidden', `You may not see the credentials of the agent ${printable(agent)}.`, {
    hint: 'Leave out --agent, or ask an admin.',
  })
}

// Of another person's own credentials an admin learns that they exist, nothing more.
function decisionView(
  caller: Caller,
  { scope, credential, verdict, reason }: Decision,
  { rows }: Resolved,
): DecisionView {
  if (credential === null) return { scope, credential: null, verdict, reason }
  const { owner, type, state } = credential
  const foreign = owner.kind === 'user' && !isSelf(caller, owner.id)
  const { id, name } = foreign ? { id: '', name: '(personal)' } : credential
  const row = rows.get(credential.id)
  const isShown = row !== undefined && !foreign && canSee(caller, row, false) && !seesNameOnly(caller, row)
  const suffix = isShown ? row.suffix : null
  return { scope, verdict, reason, credential: { id, name, type, state, suffix, owner: formatOwner(owner) } }
}
