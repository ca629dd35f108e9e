// What an operator should know before it hurts. Each is a small function in one list; the status shows what they find.

import { counted } from '../../domain/counted.ts'
import { isEmbedded, whyOff } from '../machines/embedded.ts'
import type { Ports } from '../use-case.ts'

export interface Warning {
  /** A word to look for: it stays the same. */
  readonly code: string
  readonly message: string
  /** What to do. */
  readonly hint: string
}

type Look = (
  ports: Pick<Ports, 'store' | 'server' | 'operatorOrganization' | 'identity'>,
) => Promise<Warning | null>

/** Beyond this a clock is wrong, not just imprecise. In milliseconds. */
export const TOLERATED_OFFSET = 2_000

const MANY_FIRST_TOKENS = 8

const LOOKS: readonly Look[] = [clock, firstTokens, undelivered, embeddedWorker]

/** Everything there is to warn of now, in the order of the list. */
export async function warningsOf(ports: Parameters<Look>[0]): Promise<Warning[]> {
  const found = await Promise.all(LOOKS.map((look) => look(ports)))
  return found.flatMap((warning) => warning ?? [])
}

/** How far a clock is off, as a sentence. */
export function clockSentence(offset: number): string {
  const seconds = (Math.abs(offset) / 1000).toFixed(1)
  return `The clock of this machine is ${seconds} s ${offset > 0 ? 'behind' : 'ahead of'} the database's.`
}

async function clock({ server }: Pick<Ports, 'server'>): Promise<Warning | null> {
  const offset = server.clockOffset()
  if (Math.abs(offset) <= TOLERATED_OFFSET) return null
  const hint = 'Claviger goes by the database. Set both by NTP: other programs go by their own machine.'
  return { code: 'clock', message: clockSentence(offset), hint }
}

// Each state directory has one, good for ever: servers that come and go leave theirs behind.
async function firstTokens({
  store,
  operatorOrganization,
}: Pick<Ports, 'store' | 'operatorOrganization'>): Promise<Warning | null> {
  const rows = await store.tokens.list(operatorOrganization)
  const live = rows.filter(({ name, revokedAt }) => /^admin-[0-9a-f]{8}$/.test(name) && revokedAt === null)
  if (live.length <= MANY_FIRST_TOKENS) return null
  return {
    code: 'first-tokens',
    message: `${live.length} state directories have, or had, a token of the first person.`,
    hint: 'Revoke those no server uses any more: claviger admin tokens list, then claviger admin tokens revoke NAME',
  }
}

// Of all organizations; whose they are is theirs to see.
async function undelivered({ store }: Pick<Ports, 'store'>): Promise<Warning | null> {
  const { waiting, givenUp } = await store.deliveries.counts()
  if (givenUp === 0) return null
  const rest = waiting === 0 ? '' : `; ${waiting} more wait`
  return {
    code: 'events',
    message: `Sending an event was given up ${counted(givenUp, 'time')}, after a day of trying${rest}.`,
    hint: 'See which of your organization, and send them again: claviger admin events list, then claviger admin events replay ID',
  }
}

// Where others carry out runs, nobody misses it.
async function embeddedWorker({
  store,
  identity,
  operatorOrganization,
}: Pick<Ports, 'store' | 'identity' | 'operatorOrganization'>): Promise<Warning | null> {
  const workers = await store.workers.list(operatorOrganization)
  const live = workers.filter(({ enrolledAt, revokedAt }) => enrolledAt !== null && revokedAt === null)
  if (live.length === 0 || !live.every(isEmbedded)) return null
  const off = await whyOff({ store, identity })
  if (off === null) return null
  return {
    code: 'embedded-worker',
    message: `The worker of the server is off, because ${off}: an agent there could read what the server can.`,
    hint: 'Carry out runs on another machine or as another user: claviger admin worker enrol NAME',
  }
}
