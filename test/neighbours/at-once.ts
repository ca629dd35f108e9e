// Both programs write the same files at the same time: OpenClaw under its lock, one change after another; this program as
// many short processes.

import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileIn, type House } from './desk.ts'
import type { Report } from './report.ts'

const OURS = 16
const TOGETHER = 4

export async function atOnce(report: Report, house: House): Promise<void> {
  report.part('Both at once')
  const going = join(house.stateDirectory, 'going')
  writeFileSync(going, '')
  const theirs = house.within(`
    const { existsSync } = await import('node:fs')
    const done = []
    for (let i = 0; existsSync(${JSON.stringify(going)}); i += 1) {
      const profileId = 'anthropic:theirs-' + (i % 20)
      const key = 'sk-ant-api03-' + String(i).padEnd(40, 'x')
      const credential = { type: 'api_key', provider: 'anthropic', key }
      if ((await sdk.upsertAuthProfileWithLock({ profileId, agentDir, credential })) !== null) done.push([profileId, key])
    }
    return done`)
  const names = Array.from({ length: OURS }, (_, i) => `anthropic:ours-${i}`)
  const codes: (number | null)[] = []
  const waiting = [...names]
  const one = async () => {
    for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) {
      const words = ['models', 'auth', 'paste-api-key', '--provider', 'anthropic', '--profile-id', name]
      const { code } = await house.claviger(words, `sk-ant-api03-${name.padEnd(40, 'x')}`)
      codes.push(code)
    }
  }
  await Promise.all(Array.from({ length: TOGETHER }, one))
  rmSync(going)
  const done = (await theirs) as [string, string][]
  const profiles = fileIn(house.main.profiles)['profiles'] as Record<string, { key?: string }>
  report.is(`${OURS} processes of ours have ended well`, codes, Array(OURS).fill(0))
  report.is(
    `and each of their keys is there, after ${done.length} changes by OpenClaw meanwhile`,
    names.filter((name) => profiles[name] === undefined),
    [],
  )
  const last = Object.fromEntries(done)
  report.is(
    'and so is the last of each that OpenClaw wrote',
    Object.keys(last).filter((id) => profiles[id]?.key !== last[id]),
    [],
  )
}
