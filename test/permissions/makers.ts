// What requests of the matrix are aimed at, made anew for each.

import { fakeKey, type House } from '../support/house.ts'
import { PLATFORM_SECRETS } from '../support/platform.ts'
import type { Asking } from './fixture.ts'

// Of whoever may have runs; of an owner for whoever may only see them. Something serves it then, and not before.
export async function newRun(house: House, { caller, unique }: Asking): Promise<string> {
  const home = caller.organizationId === 'org-acme' ? 'ada' : 'eve'
  const owner = caller.kind === 'agent' ? `agent:${caller.id}` : 'org'
  const { id } = await house.ask(home, 'credentials.create', {
    ...{ type: 'codex/api-key', owner, name: `for-${unique}`, fields: { key: 'sk-test-0123456789abcdef' } },
  })
  const may = caller.role !== 'auditor' && caller.kind !== 'worker'
  const run = await house.ask(may ? caller : home, 'runs.create', { harness: 'codex', prompt: unique })
  await house.ask(home, 'credentials.delete', { id })
  return run.id
}

export const HOOK = 'https://hooks.example.test/claviger'

// Of the right form, and nobody waits under it.
export const NO_TERMINAL = 'BCDF-GHJK'

export async function newLogin(house: House, { caller, unique }: Asking): Promise<string> {
  const request = { type: 'codex/oauth', owner: 'me', name: unique, method: 'paste' } as const
  return (await house.ask(caller, 'logins.start', request)).id
}

export async function newTeam(house: House, { caller, unique }: Asking): Promise<string> {
  return (await house.ask(caller, 'teams.create', { team: unique })).team
}

export async function newAgent(house: House, { caller, unique }: Asking): Promise<string> {
  return (await house.ask(caller, 'agents.create', { name: unique })).name
}

export async function newCredential(house: House, { caller, unique }: Asking): Promise<string> {
  const request = {
    type: 'claude/api-key',
    owner: 'org',
    name: unique,
    fields: { key: fakeKey(unique) },
  } as const
  return (await house.ask(caller, 'credentials.create', request)).id
}

export async function newTerminal(house: House, { unique }: Asking): Promise<string> {
  return (await house.visit('device.start', { client: unique })).userCode
}

export async function newWebhook(house: House, { caller }: Asking): Promise<string> {
  return (await house.ask(caller, 'webhooks.create', { url: HOOK })).id
}

export function channelNamed(name: string) {
  return { kind: 'github', name, settings: { handle: 'claviger' }, secrets: PLATFORM_SECRETS } as const
}

export async function newChannel(house: House, { caller, unique }: Asking): Promise<string> {
  return (await house.ask(caller, 'channels.create', channelNamed(unique))).id
}

export async function newEvent({ ports: { store } }: House, { caller, unique }: Asking): Promise<string> {
  const subject = { id: 'c', name: 'main', type: 'claude/api-key', owner: 'org', suffix: '' } as const
  const row = { id: `evt_${unique}`, organizationId: caller.organizationId, subject, createdAt: 0 }
  const told = { name: 'grant.recovered', reason: '', link: null, once: null } as const
  await store.outbox.insert({ ...row, ...told }, [])
  return row.id
}
