// A state directory that was copied as a whole, as with a snapshot of a machine, while its server renews a login: real
// servers on one Postgres, and a provider whose answer is held back.

import { chmodSync, cpSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, expect, it } from 'vitest'
import { ask, askUntilServed, type Ground, prepareGround } from '../proofs/grants/ground.ts'
import { type ServerProcess, type StartOptions, startServer } from '../proofs/server-process.ts'

const endings: (() => Promise<void>)[] = []

afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end()
})

async function started(options: StartOptions): Promise<ServerProcess> {
  const server = await startServer(options)
  endings.push(server.kill)
  return server
}

/** A server that waits for the answer to a renewal, and whoever waits for it. */
async function renewing(ground: Ground) {
  const [start] = ground.starts
  if (start === undefined) throw new Error('There is no server.')
  const { id } = await ground.login(-60_000)
  ground.sandbox.oauth.resetCounters()
  ground.sandbox.oauth.teach({ kind: 'hang', at: 'after-commit' }, { times: 1 })
  const server = await started(start)
  const waiting = ask(server, start, id).catch(() => null)
  await ground.sandbox.oauth.untilHeld()
  return { id, start, server, waiting }
}

/** Its state directory as another one, with everything in it. */
function copyOf(start: StartOptions): StartOptions {
  const stateDirectory = `${start.stateDirectory}-copy`
  // What is replaced in this moment is gone before it is copied: then once more, as whoever copies does it.
  for (let tries = 1; ; tries += 1)
    try {
      cpSync(start.stateDirectory, stateDirectory, { recursive: true, preserveTimestamps: true })
      break
    } catch (error) {
      if (tries === 20 || (error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    }
  chmodSync(stateDirectory, 0o700)
  return { ...start, stateDirectory, logFile: `${start.logFile}-copy` }
}

it('sends nothing a second time while the server it is a copy of lives', async () => {
  const ground = await prepareGround('postgres', 1)
  endings.push(ground.close)
  const { id, start, waiting } = await renewing(ground)
  const copy = copyOf(start)
  const second = await started(copy)
  const served = askUntilServed(second, copy, id, 30_000)
  // Longer than one of which nothing is heard is waited for.
  await sleep(6_000)
  expect(ground.sandbox.oauth.counters().tokenCalls).toBe(1)
  ground.sandbox.oauth.release()
  const [first, next] = [await waiting, await served]
  expect([first?.status, next?.status]).toEqual([201, 201])
  expect(next?.access).toBe(first?.access)
  expect(ground.sandbox.oauth.counters().tokenCalls).toBe(1)
}, 90_000)

it.each([
  ['the server itself', (start: StartOptions) => start, 3_000],
  ['a copy', copyOf, 12_000],
])(
  '%s goes on soon when its server has died',
  async (_, next, patience) => {
    const ground = await prepareGround('postgres', 1)
    endings.push(ground.close)
    const { id, start, server } = await renewing(ground)
    await server.kill()
    ground.sandbox.oauth.release({ drop: true })
    const options = next(start)
    const again = await started(options)
    // The provider forgives nothing, so whether the token was sent again is what is seen.
    expect(await askUntilServed(again, options, id, patience)).toMatchObject({ needsLogin: true })
    expect(ground.sandbox.oauth.counters().tokenCalls).toBe(2)
  },
  90_000,
)
