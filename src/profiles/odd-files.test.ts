// Files of profiles that are right, and odd: what other programs put in them, and when they are looked at.

import { truncateSync, writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { useProfileDesk } from '../../test/support/profile-desk.ts'
import { apiKey, editFile, placeWith, textOf } from '../../test/support/profile-files.ts'
import { placeOf } from './place.ts'

const { list, open, stateDirectory, write } = useProfileDesk()

describe('a profile of a provider that is called as what every object has', () => {
  const plugin = (provider: string) => apiKey('1', { provider, metadata: { credential: 'claude/api-key' } })

  it.each(['constructor', 'toString', '__proto__'])('%s: it is in nobody’s way', async (provider) => {
    write({ 'anthropic:default': apiKey('1'), [`${provider}:odd`]: plugin(provider) })
    editFile(placeOf(stateDirectory(), 'main'), (document) => {
      document.order = { anthropic: ['anthropic:default'] }
    })
    const { keeper, store } = open()
    expect((await list(store)).map(({ name }) => name)).toEqual(['anthropic:default'])
    expect(keeper.unusable()).toMatchObject([{ profile: `${provider}:odd` }])
  })
})

describe('a time that no calendar has', () => {
  const LAST = 8_640_000_000_000_000

  it.each([Number.MAX_SAFE_INTEGER, 1e300])('%d is the last there is', async (time) => {
    const token = { type: 'token', provider: 'anthropic', token: 'sk-ant-oat01-test-1', expires: time }
    write({ 'anthropic:default': apiKey('1'), 'anthropic:token': token })
    editFile(placeOf(stateDirectory(), 'main'), (document) => {
      document.usageStats = { 'anthropic:default': { cooldownUntil: time, lastUsed: time } }
    })
    const { store } = open()
    const rows = await list(store)
    expect(rows).toMatchObject([
      { name: 'anthropic:default', state: 'cooling_down', stateUntil: LAST },
      { name: 'anthropic:token', expiresAt: LAST },
    ])
  })
})

describe('a file that another program is writing', () => {
  it.each(['', '{"version": 1, "prof'])('%j is waited for', async (part) => {
    const whole = textOf({ version: 1, profiles: { 'anthropic:default': apiKey('1') } })
    const { profiles } = placeWith(stateDirectory(), whole)
    truncateSync(profiles)
    writeFileSync(profiles, part)
    const listed = list(open().store)
    await sleep(50)
    writeFileSync(profiles, whole)
    expect((await listed).map(({ name }) => name)).toEqual(['anthropic:default'])
  })
})
