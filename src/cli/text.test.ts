import { expect, test } from 'vitest'
import { columns, durationSeconds, labelled, plain, relativeTime } from './text.ts'

const NOW = Date.parse('2026-05-12T12:00:00Z')

test.each([
  ['2026-05-12T12:00:00Z', 'just now'],
  ['2026-05-12T11:59:59Z', '1 second ago'],
  ['2026-05-12T11:00:01Z', '59 minutes ago'],
  ['2026-05-12T11:00:00Z', '1 hour ago'],
  ['2026-05-09T12:00:00Z', '3 days ago'],
  ['2026-06-12T12:00:00Z', 'in 1 month'],
  ['2026-05-19T11:59:55Z', 'in 7 days'],
  ['2026-05-19T11:30:00Z', 'in 6 days'],
  ['2024-05-12T12:00:00Z', '2 years ago'],
  ['no time', 'no time'],
])('%s is %s', (time, words) => expect(relativeTime(time, NOW)).toBe(words))

test.each([
  ['30d', 2_592_000],
  ['12h', 43_200],
  ['90m', 5400],
  ['1s', 1],
  ['30', null],
  ['-1d', null],
  ['1w', null],
])('%s is %s seconds', (text, seconds) => expect(durationSeconds(text)).toBe(seconds))

test('columns are as wide as their widest cell, counted in characters', () => {
  expect(
    columns(
      ['NAME', 'STATE'],
      [
        ['é', 'ok'],
        ['longer', 'rejected'],
        ['a', ''],
      ],
    ),
  ).toEqual(['NAME    STATE', 'é       ok', 'longer  rejected', 'a'])
})

test('labels are aligned, and empty values left out', () => {
  expect(
    labelled([
      ['name', 'main'],
      ['description', ''],
      ['id', undefined],
      ['state', 'ok'],
    ]),
  ).toEqual(['name:   main', 'state:  ok'])
})

test('text of others cannot steer the terminal', () => {
  expect(plain('a\u001b[2Jb\r\nc\u202e')).toBe('a\\u{1b}[2Jb\\u{d}\\u{a}c\\u{202e}')
})
