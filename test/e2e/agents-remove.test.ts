// An agent is removed whose process was killed when it had renewed a login of the main agent and not stored the answer yet.

import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { addAgent } from '../../src/profiles/agents.ts'
import { placeOf } from '../../src/profiles/place.ts'
import { takeTurn } from '../../src/profiles/processes/turn.ts'
import { servedBy } from '../proofs/profiles/asking.ts'
import { type LocalGround, prepareProfiles } from '../proofs/profiles/ground.ts'
import { programFile } from '../support/programs.ts'

let ground: LocalGround

beforeEach(async () => {
  ground = await prepareProfiles()
})
afterEach(() => ground.close())

test('the answer that only its journal has is not removed with it', async () => {
  const { main, ...machine } = ground.machine()
  const { stateDirectory } = main
  await addAgent(stateDirectory, 'work')
  const { oauth } = ground.sandbox
  oauth.teach({ kind: 'hang', at: 'after-commit' }, { grant: 'refresh_token' })
  const killed = machine.launch('work')
  await killed.ready
  killed.ask().catch(() => undefined)
  await oauth.untilHeld()
  // Nobody gets at the files of the main agent: what arrives is in the journal alone.
  const unlock = await takeTurn(main)
  oauth.release()
  const journal = join(placeOf(stateDirectory, 'work').renewals, '0.journal')
  while (!readFileSync(journal, 'utf8').includes('"answer"')) await sleep(20)
  killed.signal('SIGKILL')
  await killed.ended
  unlock()
  const words = [programFile('claviger'), 'agents', 'remove', 'work', '--force']
  const env = { CLAVIGER_STATE_DIR: stateDirectory, CLAVIGER_OPENAI_ISSUER: ground.sandbox.issuerUrl }
  await promisify(execFile)(process.execPath, words, { env: { PATH: '/usr/bin:/bin', ...env } })
  const { access } = await servedBy(machine.launch(), 20_000)
  expect(access).toBe(machine.latest())
  expect(oauth.counters().refreshCalls).toBe(1)
})
