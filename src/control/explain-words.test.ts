// What `explain` says beside its list: the words that whoever starts a run would get (O7, O9).

import { describe, expect, it } from 'vitest'
import { createHouse, errorOf } from '../../test/support/house.ts'

const RAW = { type: 'raw', fields: { value: 'sk-ant-raw-of-a-test' } } as const

describe('the words of explain', () => {
  it('say that an auditor begins no runs, as the overview does, whoever asks', async () => {
    const house = createHouse()
    await house.give('ada', 'org', 'shared')
    for (const [who, user] of [
      ['aud', 'me'],
      ['ada', 'aud'],
    ] as const)
      expect(await house.ask(who, 'explain', { harness: 'claude', user })).toMatchObject({
        ...{ chosen: null, sentence: 'An auditor begins no runs.' },
        decisions: [
          { credential: { name: 'shared' }, verdict: 'skipped', reason: 'an auditor begins no runs' },
        ],
      })
    const { harnesses } = await house.ask('aud', 'overview', {})
    expect(harnesses[0]).toMatchObject({ harness: 'claude', works: false, untaken: null })
  })

  it('are those of O7 when there is nothing, or raw secrets only', async () => {
    const house = createHouse()
    expect(await house.ask('bob', 'explain', { harness: 'codex' })).toMatchObject({
      ...{ enabled: true, chosen: null, decisions: [], sentence: 'No Codex credential fits.' },
      hint: 'Store one: claviger credential create codex api-key --personal NAME',
    })
    await house.give('bob', 'me', 'ANTHROPIC_API_KEY', RAW)
    const { sentence } = await house.ask('bob', 'explain', { harness: 'claude' })
    expect(sentence).toBe(
      'No Claude Code credential fits. A raw secret cannot be used here: create it again as a typed credential.',
    )
    expect((await errorOf(house.ask('bob', 'runs.create', { harness: 'claude' }))).message).toBe(sentence)
  })

  it('are those of O9 while the harness is off, whoever asks', async () => {
    const house = createHouse()
    await house.give('bob', 'me', 'own')
    await house.ask('ada', 'harnesses.set', { harness: 'claude', enabled: false })
    expect(await house.ask('bob', 'explain', { harness: 'claude' })).toMatchObject({
      ...{ enabled: false, chosen: null },
      sentence: 'Claude Code is disabled for this organization. Ask an admin, or choose another harness.',
    })
  })

  it('say what automatic would choose, and show last characters where they are theirs to see', async () => {
    const house = createHouse()
    await house.give('ada', 'org', 'orgs')
    await house.give('bob', 'me', 'own')
    const { chosen, sentence, decisions } = await house.ask('bob', 'explain', { harness: 'claude' })
    expect([chosen, sentence]).toEqual([0, null])
    expect(decisions.map(({ credential }) => [credential?.name, typeof credential?.suffix])).toEqual([
      ['own', 'string'],
      ['orgs', 'object'],
    ])
  })

  it('name nothing that belongs to another person', async () => {
    const house = createHouse()
    const id = await house.give('bob', 'me', 'secret-project')
    house.provider.result = 'refused'
    await house.ask('bob', 'credentials.test', { id })
    const answer = await house.ask('ada', 'explain', { harness: 'claude', user: 'bob@example.test' })
    expect(answer.sentence).toContain('No Claude Code credential can be used now: (personal): ')
    expect(JSON.stringify(answer)).not.toContain('secret-project')
  })
})
