import { expect, it } from 'vitest'
import type { Run } from './ending.ts'
import { linesOf } from './show.ts'

const credential = { id: 'crd_1', name: 'main', type: 'codex/api-key', suffix: 'aaaa', generation: 1 }

const run = {
  ...{ id: 'run_1', harness: 'codex', state: 'waiting_for_credentials', reason: '', wish: null, link: null },
  ...{ hint: null, team: null, worker: null, since: '2026-01-01T00:00:00Z', until: '2026-01-01T01:00:00Z' },
  for: { kind: 'person', id: 'rz6', name: 'ada@example.test' },
  wanted: { credential: null, model: null, access: 'write', worker: null, workspace: { kind: 'fresh' } },
  ...{ chosen: null, served: [], tried: [], messages: [], usage: { input: 0, cachedInput: 0, output: 0 } },
}

function shown(changed: object): string {
  return linesOf({ ...run, ...changed } as unknown as Run, Date.parse('2026-01-01T00:30:00Z')).join('\n')
}

it('names the owner of a credential as people do, and no id of a person', () => {
  expect(shown({ credential: { ...credential, owner: 'user:rz6' } })).toContain(
    'main (codex/api-key of ada@example.test, …aaaa)',
  )
  expect(shown({ credential: { ...credential, owner: 'org' } })).toContain(
    'main (codex/api-key of org, …aaaa)',
  )
})

it('says when a run that waits goes on, and nothing of that otherwise', () => {
  const then = /^then: +It goes on by itself at 2026-01-01T01:00:00Z, or as soon as there is another\.$/m
  expect(shown({ credential: null })).toMatch(then)
  expect(shown({ credential: null, state: 'ready' })).not.toContain('by itself')
})
