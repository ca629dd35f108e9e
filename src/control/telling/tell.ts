// Writing down what an organization is to be told, in the unit of what has happened: it is told if and only if it did.

import { CREDENTIALS_PATH, TO_SIGN_IN } from '../../api/link-paths.ts'
import { CREDENTIAL_TYPES } from '../../domain/credential-types.ts'
import type { EventName, EventSubject } from '../../domain/telling/events.ts'
import { newId } from '../../lib/id.ts'
import type { WebhookRow } from '../../store/outbox-group.ts'
import type { CredentialRow } from '../../store/store.ts'
import type { GrantPorts, Notice } from '../grants/tools.ts'
import type { Ports } from '../use-case.ts'

/** What is told goes to the webhooks that the organization has at that moment. Of a credential that is gone nothing is told. */
export function createTell({ now, publicUrl }: Pick<Ports, 'now' | 'publicUrl'>): GrantPorts['tell'] {
  return async (unit, { event, organizationId, credentialId, reason, once = null }) => {
    const row = await unit.credentials.get(organizationId, credentialId)
    if (row === undefined) return
    const place = placeFor(event, row)
    const link = place === null ? null : `${publicUrl()}${place}`
    const webhooks = await unit.webhooks.list(organizationId)
    const told = { id: newId('evt'), organizationId, name: event, reason, link, once, createdAt: now() }
    await unit.outbox.insert({ ...told, subject: subjectOf(row) }, wantedBy(webhooks, event))
  }
}

// What a new sign-in mends.
const SIGNED_OVER: readonly EventName[] = ['grant.login_needed', 'grant.ends_soon', 'grant.duplicate_found']

// The page of the credential; for those who keep it, right to signing in. Nobody gets in by it (0018).
function placeFor(event: EventName, { id, type }: CredentialRow): string | null {
  if (event === 'grant.recovered') return null
  const signsIn = SIGNED_OVER.includes(event) && CREDENTIAL_TYPES[type].entry === 'sign-in'
  return `${CREDENTIALS_PATH}/${id}${signsIn ? TO_SIGN_IN : ''}`
}

/** Ids of the webhooks that want events of this name. */
export function wantedBy(webhooks: readonly WebhookRow[], name: Notice['event']): string[] {
  return webhooks.filter(({ events }) => events?.includes(name) ?? true).map(({ id }) => id)
}

function subjectOf({ id, name, type, owner, suffix }: CredentialRow): EventSubject {
  return { id, name, type, owner, suffix }
}
