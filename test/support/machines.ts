// For tests: agents and workers of a house.

import { createAuthenticator } from '../../src/control/authenticate.ts'
import type { Caller } from '../../src/domain/caller.ts'
import type { House } from './house.ts'
import type { PersonName } from './people.ts'

/** Makes an agent and returns the caller its token makes. */
export async function makeAgent(house: House, name: string, by: PersonName = 'ada'): Promise<Caller> {
  await house.ask(by, 'agents.create', { name })
  return callerOf(house, await agentToken(house, name, by))
}

/** A token of an agent that exists. */
export async function agentToken(
  house: House,
  agent: string,
  by: PersonName = 'ada',
  name = `${agent}-token-${house.ports.random(4).join('')}`,
): Promise<string> {
  const made = await house.ask(by, 'agents.token', { agent, name, expiresInSeconds: null })
  return made.token.expose()
}

/** The code for a worker that is expected from now on. */
export async function enrolmentCode(
  house: House,
  name: string,
  agent?: string,
  by: PersonName = 'ada',
): Promise<string> {
  const made = await house.ask(by, 'workers.enrol', { name, ...(agent !== undefined && { agent }) })
  return made.code.expose()
}

/** Enrols a worker; its token, and the caller that token makes. */
export async function enrolWorker(
  house: House,
  name: string,
  agent?: string,
): Promise<{ token: string; caller: Caller }> {
  const joined = await house.visit('workers.join', { code: await enrolmentCode(house, name, agent) })
  const token = joined.token.expose()
  return { token, caller: await callerOf(house, token) }
}

/** Who a token belongs to now, by an authenticator that remembers nothing. */
export function callerOf(house: House, token: string): Promise<Caller> {
  return createAuthenticator(house.ports)(token, 'request-of-a-machine')
}
