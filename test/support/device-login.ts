// A login of Codex in the organization of a client, signed in by a code that is agreed to at once.

import { expect } from 'vitest'
import type { Client } from '../../src/client/client.ts'
import type { Sandbox } from '../../src/sandbox/sandbox.ts'

/** Returns the id of the credential. The server's issuer is the sandbox. */
export async function signInByDevice(client: Client, { oauth }: Sandbox, name: string): Promise<string> {
  const wanted = { type: 'codex/oauth', owner: 'org', name, method: 'device' } as const
  const { id, userCode } = await client.call('logins.start', wanted)
  oauth.decideDevice(userCode ?? '', 'approve')
  const now = () => client.call('logins.get', { id })
  await expect.poll(async () => (await now()).state, { timeout: 20_000 }).toBe('complete')
  return (await now()).credential?.id ?? ''
}
