import { expect, test } from 'vitest'
import type { DecisionView, Output } from '../../api/schemas.ts'
import { judge } from './worker.ts'

const WHO: Output<'whoami'> = {
  kind: 'person',
  id: 'ada',
  name: 'ada@example.test',
  role: 'member',
  organization: { id: 'o', name: 'O' },
  teams: ['web'],
  agent: null,
  operator: true,
}

function decision(
  changed: Partial<DecisionView> & { state?: 'ok' | 'rejected'; owner?: string } = {},
): DecisionView {
  const { state = 'ok', owner = 'team:web', ...rest } = changed
  const credential = { id: 'c', name: 'main', type: 'claude/api-key', state, owner } as const
  return { scope: 'team', verdict: 'chosen', reason: 'because', credential, ...rest } as DecisionView
}

const AMBIENT = decision({ scope: 'ambient', credential: null })

function verdict(decisions: DecisionView[], role: (typeof WHO)['role'] = 'member') {
  const { level, problem = null, said } = judge('it', 'claude', decisions, { ...WHO, role })
  return { level, problem, said }
}

test('a credential that would be handed over is named', () => {
  expect(verdict([decision()])).toEqual({
    level: 'ok',
    problem: null,
    said: 'claude/api-key main of team:web: because',
  })
})

test('nothing stored is a failure, and a warning where the machine has its own', () => {
  expect(verdict([])).toMatchObject({ level: 'fail', problem: 'not_stored' })
  expect(verdict([AMBIENT])).toMatchObject({ level: 'warn', problem: 'not_stored' })
})

test('one that was refused by its provider is stored, but not usable', () => {
  const refused = decision({ verdict: 'skipped', state: 'rejected', reason: 'the provider refused it' })
  expect(verdict([refused])).toEqual({
    level: 'fail',
    problem: 'not_usable',
    said: 'not usable: main: the provider refused it.',
  })
})

test('one that a policy keeps back is stored, but not allowed', () => {
  const kept = decision({ verdict: 'skipped', reason: 'the policy is off' })
  expect(verdict([kept])).toMatchObject({ level: 'fail', problem: 'not_allowed' })
})

test('a role that may not run anything is not allowed, whatever is stored', () => {
  expect(verdict([decision()], 'auditor')).toMatchObject({ level: 'fail', problem: 'not_allowed' })
  expect(verdict([decision({ owner: 'user:bob' })])).toMatchObject({ level: 'fail', problem: 'not_allowed' })
})
