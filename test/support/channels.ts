// For tests: a house with a channel to the platform of tests, and what a server does about it, by hand.

import { type CarryingPorts, carryDue } from '../../src/control/channels/carrying.ts'
import { createReceiving, type Receipt, type Receiving } from '../../src/control/channels/receiving.ts'
import { reportDue } from '../../src/control/channels/reporting.ts'
import { createTurns } from '../../src/control/channels/turns.ts'
import { startRun } from '../../src/control/runs/starting.ts'
import { createWorkshop } from '../../src/control/workshop.ts'
import type { Parsed } from '../../src/domain/channels/call.ts'
import type { ChannelRow } from '../../src/store/channels/channel-groups.ts'
import type { RunRow } from '../../src/store/runs/run-groups.ts'
import type { Store } from '../../src/store/store.ts'
import { createHouse, type House } from './house.ts'
import type { PersonName } from './people.ts'
import {
  accountOf,
  type DeliveryOfTest,
  deliveryOf,
  PLATFORM_ACCOUNTS,
  PLATFORM_SECRETS,
} from './platform.ts'

export interface ChannelHouse extends House {
  readonly channelId: string
  readonly receiving: Receiving
  readonly carrying: CarryingPorts
  deliver(says: Parsed, changed?: Partial<DeliveryOfTest>): Promise<Receipt>
  /** Does what is due, and tells what is to be told. */
  work(): Promise<void>
  /** The person's account over there. */
  link(who: PersonName, accountId: string, name?: string): Promise<void>
  runs(): Promise<RunRow[]>
  texts(): string[]
}

type Changed = Partial<Pick<ChannelRow, 'strangers' | 'agent' | 'access'>>

/** Everybody prefers Claude, the organization has a key, and so has Bob. */
export async function channelHouse(changed: Changed = {}, store?: Store): Promise<ChannelHouse> {
  const house = createHouse(store)
  await house.give('ada', 'org', 'shared')
  await house.give('bob', 'me', 'own')
  await house.ask('ada', 'defaults.set', { harness: 'claude' })
  if (typeof changed.agent === 'string') {
    await house.ask('ada', 'agents.create', { name: changed.agent })
    const key = await house.give('ada', 'org', 'for-agents')
    await house.ask('ada', 'agents.attach', { agent: changed.agent, credential: key })
  }
  const { id: channelId } = await house.ask('ada', 'channels.create', {
    kind: 'github',
    ...{ name: 'shop', settings: { handle: 'claviger' }, secrets: PLATFORM_SECRETS },
    ...changed,
  })
  // Who it is over there: what comes after that is looked at.
  house.platform.asked.splice(0)
  return { ...house, ...serverOf(house), channelId, ...handlesOf(house) }
}

/** What one server has of its own; another of the same house takes part in the same work. */
export function serverOf({ control, clock, ...house }: House, store = house.ports.store) {
  const ports = { ...house.ports, store }
  const lines = {
    debug: () => undefined,
    info: () => undefined,
    warn: () => undefined,
    error: () => undefined,
  }
  const workshop = createWorkshop(ports)
  const resting = new Map<string, number>()
  const turns = () =>
    createTurns({
      ...{ now: () => clock.now, resting, signal: new AbortController().signal },
      failed: (thrown) => {
        throw thrown
      },
    })
  const carrying: CarryingPorts = {
    ...{ ...workshop, control, log: lines, turns: turns() },
    start: (from, input, alongside) => startRun(workshop, from, input, alongside),
  }
  const receiving = createReceiving(carrying)
  const telling = { ...carrying, workerUrl: workshop.workerUrl, turns: turns() }
  return {
    ...{ carrying, receiving },
    deliver: (says: Parsed, changed: Partial<DeliveryOfTest> = {}) =>
      receiving.receive('github', deliveryOf({ at: clock.now, says, ...changed })),
    async work() {
      await carryDue(carrying)
      await carrying.turns.ended()
      await reportDue(telling, () => undefined)
      await telling.turns.ended()
    },
  }
}

function handlesOf({ ports, people, platform, caller }: House) {
  return {
    link: async (who: PersonName, accountId: string, name = accountOf(accountId).name) => {
      const linked = { provider: PLATFORM_ACCOUNTS, accountId, name }
      await ports.store.atomically((unit) =>
        people.identity.changing(unit).linkAccount(caller(who).id, linked),
      )
    },
    runs: () => ports.store.runs.list('org-acme', {}, { limit: 100 }),
    texts: () => [...platform.comments.values()].map(({ text }) => text),
  }
}
