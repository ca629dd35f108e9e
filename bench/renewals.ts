// How long callers wait when a login has ended and its provider takes 150 ms to renew it, and how soon after a kill the next
// one is served. The yardstick is the provider's own time.

import { setTimeout as sleep } from 'node:timers/promises'
import { askUntilServed, type EngineName, prepareGround } from '../test/proofs/grants/ground.ts'
import { callers } from '../test/proofs/grants/storm.ts'
import { launchServer, type ServerProcess, startServer } from '../test/proofs/server-process.ts'
import { median, type Section } from './report.ts'

const PROVIDER_MS = 150
const WARM_UP = 200

interface Waited {
  readonly p50: number
  readonly max: number
  /** Of as many callers who want a login that is good: what their number alone costs. */
  readonly maxOfGood: number
  readonly calls: number
}

export async function benchRenewals(short: boolean): Promise<Section> {
  const rounds = short ? 1 : 5
  const few = await waits('postgres', 1, 40, rounds)
  const many = await waits('postgres', 3, 1_000, rounds)
  const sqlite = await servedAfterKill('sqlite', rounds)
  const postgres = await servedAfterKill('postgres', rounds)
  const row = (name: string, waited: readonly Waited[]) => {
    const p50 = median(waited.map((one) => one.p50))
    const max = median(waited.map((one) => one.max))
    const ratio = (ms: number) => `${(ms / PROVIDER_MS).toFixed(1)}×`
    const calls = String(Math.max(...waited.map((one) => one.calls)))
    const good = median(waited.map((one) => one.maxOfGood))
    return [name, p50.toFixed(0), ratio(p50), max.toFixed(0), ratio(max), good.toFixed(0), calls]
  }
  return {
    title: 'A login that has ended',
    text: `Its provider takes ${PROVIDER_MS} ms. All callers come at once, each on a new connection; ${rounds} rounds, medians of each figure. Everything shares this machine's cores: provider, Postgres, servers and callers.`,
    head: [
      ...['what', 'p50 ms', 'of the provider', 'max ms', 'of the provider'],
      ...['max ms of as many who want a good login', 'calls of the provider'],
    ],
    rows: [row('40 callers, one server', few), row('1,000 callers, three servers', many)],
    after: `40 callers must reach a p50 of 1.5× and a maximum of 3×; 1,000 callers a maximum of 5×, with one call. A server that is killed while the provider holds its answer serves the next caller, after its restart, within ${seconds(sqlite)} on SQLite and ${seconds(postgres)} on Postgres, the start included (must be at most 5 s after it).`,
  }
}

async function waits(engine: EngineName, servers: number, many: number, rounds: number): Promise<Waited[]> {
  const ground = await prepareGround(engine, servers)
  const running: ServerProcess[] = []
  try {
    for (const start of ground.starts) running.push(await startServer(start))
    // Programs that have run for a while are compiled; a good login is wanted meanwhile.
    const good = await ground.login(3_600_000)
    for (let i = 0; i < 3; i += 1) await callers(ground, running, good.id, WARM_UP * servers)
    const waited: Waited[] = []
    for (let round = 0; round < rounds; round += 1) {
      const { sandbox } = ground
      const same = await callers(ground, running, good.id, many)
      sandbox.oauth.resetCounters()
      sandbox.oauth.teach({ kind: 'delay', ms: PROVIDER_MS })
      const { id } = await ground.login(-60_000)
      const answers = await callers(ground, running, id, many)
      const refused = answers.find(({ status }) => status >= 300)
      if (refused !== undefined) throw new Error(refused.body)
      const times = answers.map(({ took }) => took)
      waited.push({
        p50: median(times),
        max: Math.max(...times),
        maxOfGood: Math.max(...same.map(({ took }) => took)),
        calls: sandbox.oauth.counters().tokenCalls,
      })
      sandbox.oauth.clearFaults()
    }
    return waited
  } finally {
    for (const server of running) await server.kill()
    await ground.close()
  }
}

// The longest, in milliseconds, from starting it again.
async function servedAfterKill(engine: EngineName, rounds: number): Promise<number> {
  const ground = await prepareGround(engine, 1)
  const [start] = ground.starts
  if (start === undefined) throw new Error('There is no server.')
  const { oauth } = ground.sandbox
  let longest = 0
  try {
    for (let round = 0; round < rounds; round += 1) {
      const { id } = await ground.login(-60_000, { rotation: 'grace', graceMs: 60_000 })
      oauth.teach({ kind: 'hang', at: 'after-commit' }, { times: 1 })
      const victim = launchServer(start)
      await oauth.untilHeld()
      await sleep(PROVIDER_MS)
      await victim.kill()
      oauth.release({ drop: true })
      const started = performance.now()
      const server = await startServer(start)
      await askUntilServed(server, start, id, 10_000)
      longest = Math.max(longest, performance.now() - started)
      await server.kill()
    }
    return longest
  } finally {
    await ground.close()
  }
}

function seconds(milliseconds: number): string {
  return `${(milliseconds / 1_000).toFixed(2)} s`
}
