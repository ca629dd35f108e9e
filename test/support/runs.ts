// For tests: a worker that carries out runs of a house, by hand.

import type { Request } from '../../src/api/schemas.ts'
import type { RunNews } from '../../src/control/runs/run-news.ts'
import type { Result } from '../../src/control/use-case.ts'
import type { Caller } from '../../src/domain/caller.ts'
import type { House } from './house.ts'
import { enrolWorker } from './machines.ts'
import type { PersonName } from './people.ts'

type Claimed = Result<'runs.claim'>['runs'][number]
type Item = Request<'runs.report'>['items'][number]
type Unnumbered = Item extends infer I ? (I extends Item ? Omit<I, 'seq' | 'at'> : never) : never

export interface WorkerOfTest {
  readonly caller: Caller
  claim(changed?: Partial<Request<'runs.claim'>>): Promise<Claimed[]>
  /** Says these of a run, numbered on from what it has said under this claim. */
  report(run: Claimed, ...items: Unnumbered[]): Promise<Result<'runs.report'>>
  lease(run: Claimed, changed?: Partial<Request<'leases.create'>>): Promise<Result<'leases.create'>>
  heartbeat(run: Claimed, bell?: number): Promise<Result<'runs.heartbeat'>>
}

export async function workerOf(house: House, name = 'box', agent?: string): Promise<WorkerOfTest> {
  const { caller } = await enrolWorker(house, name, agent)
  const said = new Map<string, number>()
  let asked = 0
  return {
    caller,
    claim: async (changed = {}) => {
      asked += 1
      const known = { process: `process of ${name}`, asked, ...changed }
      const sought = { harnesses: ['claude', 'codex'], capacity: 10, waitSeconds: 0, ...known } as const
      return (await house.ask(caller, 'runs.claim', { ...sought, harnesses: [...sought.harnesses] })).runs
    },
    report: async ({ id, claim }, ...items) => {
      const first = said.get(claim) ?? 0
      const at = new Date(house.clock.now).toISOString()
      const numbered = items.map((item, i) => ({ ...item, seq: first + i + 1, at }) as Item)
      const answer = await house.ask(caller, 'runs.report', { id, claim, items: numbered })
      said.set(claim, first + items.length)
      return answer
    },
    lease: ({ id, claim, harness }, changed = {}) =>
      house.ask(caller, 'leases.create', { harness, run: id, claim, ...changed }),
    heartbeat: ({ id, claim, bell }, known = bell) =>
      house.ask(caller, 'runs.heartbeat', {
        process: `process of ${name}`,
        ...{ runs: [{ id, claim, bell: known }], waitSeconds: 0 },
      }),
  }
}

/** What is there of a run's events after a position. */
export async function eventsOf(house: House, who: PersonName, id: string, after = 0): Promise<RunNews[]> {
  const all: RunNews[] = []
  for await (const one of await house.ask(who, 'runs.events', { id, after, follow: 'false' })) {
    if (one !== null) all.push(one)
  }
  return all
}

/** Events as short lines. */
export function lines(news: readonly RunNews[]): string[] {
  return news.map(({ event }) => {
    switch (event.kind) {
      case 'state':
        return event.reason === '' ? event.state : `${event.state}: ${event.reason}`
      case 'message':
        return `message ${event.state}`
      case 'credential':
        return `credential ${event.credential?.name ?? 'ambient'}`
      case 'text':
        return `text ${event.text}`
      default:
        return event.kind
    }
  })
}
