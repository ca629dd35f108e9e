// `explain`: the whole list of candidates for somebody's run, with the reasons.

import type { DecisionView, Output } from '../api/schemas.ts'
import { type Caller, may, mayCredential } from '../domain/caller.ts'
import { ClavigerError } from '../domain/errors.ts'
import { formatOwner } from '../domain/owner.ts'
import type { Decision } from '../domain/resolve.ts'
import type { Person } from '../identity/identity.ts'
import { absent } from './guard.ts'
import { type Subject, subjectOf } from './resolution.ts'
import type { Control } from './use-case.ts'
import type { Workshop } from './workshop.ts'

type ExplainInput = Parameters<Control['explain']>[1]

/** Explains a run of the caller's own, or, for those who manage or audit, of another person. Audited. */
export async function explain(
  workshop: Workshop,
  caller: Caller,
  input: ExplainInput,
): Promise<Output<'explain'>> {
  const { subject, name } = await subjectOfInput(workshop, caller, input)
  if (subject.agent !== null) mustDescribe(caller, subject.agent)
  return workshop.guard.perform(caller, async (unit, authorize) => {
    const object = { kind: 'harness', id: input.harness, name: input.harness }
    await authorize({ action: 'explain', needs: { general: 'explain' }, object, details: { for: name } })
    const { decisions } = await workshop.resolution.decide(unit, caller.organizationId, subject, input)
    return { harness: input.harness, for: name, decisions: decisions.map((one) => decisionView(caller, one)) }
  })
}

async function subjectOfInput(
  workshop: Workshop,
  caller: Caller,
  input: ExplainInput,
): Promise<{ subject: Subject; name: string }> {
  const agent = input.agent ?? null
  if (input.user === undefined) return { subject: subjectOf(caller, agent), name: caller.name }
  const person = await findPerson(workshop, caller, input.user)
  if (person.id !== caller.id && !may(caller, 'readAudit')) {
    throw new ClavigerError('forbidden', 'You can explain your own runs only.', {
      hint: 'Leave out --user, or ask an admin.',
    })
  }
  return { subject: { user: person.id, teams: person.teams, agent }, name: person.email }
}

async function findPerson({ identity }: Workshop, caller: Caller, wanted: string): Promise<Person> {
  const person = wanted.includes('@')
    ? await identity.findByEmail(caller.organizationId, wanted)
    : await identity.person(caller.organizationId, wanted)
  if (!person) throw absent('member', wanted)
  return person
}

function mustDescribe(caller: Caller, agent: string): void {
  if (mayCredential(caller, 'describe', { kind: 'agent', name: agent })) return
  throw new ClavigerError('forbidden', `You may not see the credentials of the agent ${agent}.`, {
    hint: 'Leave out --agent, or ask an admin.',
  })
}

// Of another person's own credentials an admin learns that they exist, nothing more.
function decisionView(caller: Caller, { scope, credential, verdict, reason }: Decision): DecisionView {
  if (credential === null) return { scope, credential: null, verdict, reason }
  const { owner, type, state } = credential
  const foreign = owner.kind === 'user' && owner.id !== caller.id
  const { id, name } = foreign ? { id: '', name: '(personal)' } : credential
  return { scope, verdict, reason, credential: { id, name, type, state, owner: formatOwner(owner) } }
}
