import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { pastedSetupToken, runSetupToken } from './setup-token.ts'

test('a token is taken without what surrounds it', () => {
  expect(pastedSetupToken('  sk-ant-oat01-test_A-1\r\n')).toEqual({ token: 'sk-ant-oat01-test_A-1' })
})

test.each([
  ['nothing', ' \n', 'Nothing was pasted'],
  ['the code of the page', 'abc123#state456', 'Paste it into claude setup-token'],
  ['the link', 'https://claude.ai/oauth/authorize?I_abc', 'Open it in a browser'],
  ['a refresh token', 'sk-ant-ort01-test-refresh', 'refresh token'],
  ['an API key', 'sk-ant-api03-test-key', 'claude api-key'],
  ['a token with a line break in it', 'sk-ant-oat01-test\nrest', 'line breaks'],
  ['a token with dots in it', 'sk-ant-oat01-test…', 'characters'],
  ['anything else', 'hello', 'start with sk-ant-oat01-'],
])('%s is refused with a sentence that does not repeat it', (_, text, said) => {
  const checked = pastedSetupToken(text)
  expect(checked).toEqual({ fault: expect.stringContaining(said) })
  if (text.trim() !== '') expect(JSON.stringify(checked)).not.toContain(text.trim())
})

test('the program is run with the words it knows, the user’s environment, and nothing of ours', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'claviger-setup-'))
  const program = join(directory, 'claude')
  await writeFile(program, `#!/bin/sh\necho "$@" > ${directory}/seen; env >> ${directory}/seen; exit 7\n`)
  await chmod(program, 0o755)
  const environment = { PATH: '/usr/bin:/bin', OWN: 'kept', CLAVIGER_TOKEN: 'clv_test' }
  expect(await runSetupToken(program, environment, directory)).toBe(7)
  const seen = await readFile(join(directory, 'seen'), 'utf8')
  expect(seen).toMatch(/^setup-token\n/)
  expect(seen).toContain('OWN=kept')
  expect(seen).not.toContain('CLAVIGER')
  await rm(directory, { recursive: true })
})
