// Writing down what an organization is to be told, in the unit of what has happened: it is told if and only if it did.

import type { EventSubject } from '../../domain/telling/events.ts'
import { newId } from '../../lib/id.ts'
import type { WebhookRow } from '../../store/outbox-group.ts'
import type { CredentialRow } from '../../store/store.ts'
import type { GrantPorts, Notice } from '../grants/tools.ts'
import type { Ports } from '../use-case.ts'

/** What is told goes to the webhooks that the organization has at that moment. Of a credential that is gone nothing is told. */
export function createTell({ now }: Pick<Ports, 'now'>): GrantPorts['tell'] {
  return async (unit, { event, organizationId, credentialId, reason, link = null, once = null }) => {
    const row = await unit.credentials.get(organizationId, credentialId)
    if (row === undefined) return
    const webhooks = await unit.webhooks.list(organizationId)
    const told = { id: newId('evt'), organizationId, name: event, reason, link, once, createdAt: now() }
    await unit.outbox.insert({ ...told, subject: subjectOf(row) }, wantedBy(webhooks, event))
  }
}

/** Ids of the webhooks that want events of this name. */
export function wantedBy(webhooks: readonly WebhookRow[], name: Notice['event']): string[] {
  return webhooks.filter(({ events }) => events?.includes(name) ?? true).map(({ id }) => id)
}

function subjectOf({ id, name, type, owner, suffix }: CredentialRow): EventSubject {
  return { id, name, type, owner, suffix }
}
