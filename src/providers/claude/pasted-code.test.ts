import { expect, test } from 'vitest'
import { pastedCode } from './pasted-code.ts'
import { firstLink } from './sign-in.ts'
import { failureOf } from './verdict.ts'

test.each([
  ['itself', 'ac_1#st_2'],
  ['itself with blanks and line breaks around', '  ac_1#st_2\r\n'],
  ['itself in quotes', '"ac_1#st_2"'],
  ['itself in the quotes of a mail', '“ac_1#st_2”'],
  ['itself in those of other languages', ' „ac_1#st_2“ '],
  ['itself in French ones with blanks', '«\u00a0ac_1#st_2\u00a0»'],
  ['itself in a quote of which a half was missed', 'ac_1#st_2"'],
  ['a URL in angle brackets', '<https://platform.claude.com/oauth/code/callback?code=ac_1&state=st_2>'],
  ['a URL in both', '"<https://platform.claude.com/oauth/code/callback?code=ac_1&state=st_2>"'],
  ['a whole URL', 'https://platform.claude.com/oauth/code/callback?code=ac_1&state=st_2'],
  ['a URL with a fragment', 'https://platform.claude.com/oauth/code/callback?state=st_2&code=ac_1#top'],
  ['a query string', '?code=ac_1&state=st_2'],
  ['parameters', 'code=ac_1&state=st_2&scope=x'],
])('code#state is found in %s', (_, pasted) => {
  expect(pastedCode(pasted)).toBe('ac_1#st_2')
})

test.each([
  ['nothing', ''],
  ['a code without its state', 'ac_1'],
  ['a code with an empty state', 'ac_1#'],
  ['a state alone', '#st_2'],
  ['two marks', 'a#b#c'],
  ['a URL without a state', 'https://x.example/?code=ac_1'],
  ['a URL without a code', 'https://x.example/?state=st_2&codex=1'],
  ['a line break within', 'ac_1\n#st_2'],
  ['a control character', 'ac_1\u001b#st_2'],
  ['an escaped line break', '?code=ac_1%0A&state=st_2'],
  ['a sentence', 'I did not get a code'],
  ['something endless', `${'a'.repeat(5000)}#b`],
])('there is no code in %s', (_, pasted) => {
  expect(pastedCode(pasted)).toBeNull()
})

test('the link is the first https URL that is there as a whole', () => {
  const link = 'https://claude.ai/oauth/authorize?z-1jBg'
  expect(firstLink(`If the browser didn't open, visit:\n${link}\nPaste code here`)).toBe(link)
  expect(firstLink(`If the browser didn't open, visit:\n${link}`)).toBeNull()
  expect(firstLink('http://claude.ai/ is no such link\n')).toBeNull()
})

// The program's own words, as 2.1.330 printed them.
test.each([
  ["Couldn't log in: Request failed with status code 400\n", 'refused'],
  ["Couldn't log in: Request failed with status code 401\n", 'refused'],
  ["Couldn't log in: Request failed with status code 403\n", 'blocked'],
  ["Couldn't log in: Request failed with status code 429\n", 'limited'],
  ["Couldn't log in: Request failed with status code 500\n", 'server'],
  ["Couldn't log in: Request failed with status code 503\n", 'server'],
  [
    "Couldn't log in: That code wasn't accepted. It may be incomplete, expired, already used, or from an earlier sign-in attempt. Sign in again to get a new code.\n",
    'refused',
  ],
  ["Couldn't log in: socket hang up\n", 'broken'],
  ["Couldn't log in: timeout of 30000ms exceeded\n", 'broken'],
  ["Couldn't log in: connect ECONNREFUSED 127.0.0.1:1\n", 'unreachable'],
  [
    "Couldn't log in: unable to verify the first certificate\nSSL certificate error (UNABLE_TO_VERIFY_LEAF_SIGNATURE).",
    'unreachable',
  ],
  ["error: unknown option '--claudeai'\n", 'too_old'],
  ['', 'unknown'],
  ['Something new.', 'unknown'],
])('%j means %s', (output, failure) => {
  expect(failureOf(output)).toBe(failure)
})
