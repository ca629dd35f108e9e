import { expect, it } from 'vitest'
import { proofsPage, type Run } from './page.ts'

const PLACE = { commit: 'abc1234', when: '2026-11-22 10:00', machine: 'Node.js on a machine.' }

function run(what: string, value: string, failures: string[] = []): Run {
  const details = { headings: ['where', 'times'], rows: [['here', value]] }
  return {
    name: what,
    seconds: 1,
    result: { what, rounds: 2, figures: [{ name: 'done', value }], failures, details },
  }
}

it('running some again replaces theirs, and leaves the others with the commit they were run on', () => {
  const whole = proofsPage(null, PLACE, [run('one', '1'), run('two', '2', ['it broke'])])
  expect(whole).toContain('## What failed\n\n- it broke')
  const later = { ...PLACE, commit: 'def5678' }
  const page = proofsPage(whole, later, [run('two', '22'), run('three', '3')])
  const rows = page.split('\n').filter((line) => line.includes('| 1 s |'))
  expect(rows).toEqual([
    '| one | 2 | done: 1 | holds | 1 s | abc1234 | 2026-11-22 10:00 |',
    '| two | 2 | done: 22 | holds | 1 s | def5678 | 2026-11-22 10:00 |',
    '| three | 2 | done: 3 | holds | 1 s | def5678 | 2026-11-22 10:00 |',
  ])
  expect(page).not.toContain('What failed')
  expect(page.match(/^## .*$/gm)).toEqual(['## one', '## two', '## three', '## What they do not show'])
  expect(page).toContain('| here | 1 |')
  expect(page).toContain('| here | 22 |')
  expect(page).not.toContain('| here | 2 |')
  expect(proofsPage(page, later, [])).toBe(page)
})
