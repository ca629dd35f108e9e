// The person at the page of the device, for tests of signing in by one.

import { expect } from 'vitest'
import type { Sandbox } from '../../src/sandbox/sandbox.ts'
import type { Ended } from './program-run.ts'

/** The person agrees; resolves when whoever was signing in has ended. */
export async function approved({ oauth }: Sandbox, signingIn: Promise<Ended>): Promise<Ended> {
  const ended = signingIn.then(({ code, stderr }) => `it ended with ${code}: ${stderr}`)
  const soon = { timeout: 20_000, interval: 50 }
  await Promise.race([expect.poll(() => oauth.waitingDevices(), soon).toHaveLength(1), ended])
  const [code = await ended] = oauth.waitingDevices()
  expect(oauth.decideDevice(code, 'approve'), code).toBe(true)
  return signingIn
}
