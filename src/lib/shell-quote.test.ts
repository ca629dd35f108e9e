import { execFileSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { shellCommand } from './shell-quote.ts'

test.each([
  ['plain', 'a/b.c'],
  ['empty', ''],
  ['blank', 'a b'],
  ['quotes', `it's "so"`],
  ['expansion', '$HOME `id` $(id) *'],
  ['line break', 'a\nb'],
  ['backslash', 'a\\b'],
])('a shell reads the same word back: %s', (_name, word) => {
  expect(execFileSync('/bin/sh', ['-c', shellCommand(['printf', '%s', word])], { encoding: 'utf8' })).toBe(
    word,
  )
})
