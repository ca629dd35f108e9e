import { expect, test } from 'vitest'
import { ClavigerError } from '../domain/errors.ts'
import { refuseSecretArguments } from './usage.ts'

const KEY = 'sk-ant-test-0123456789abcdef'

function refusal(line: string): ClavigerError | null {
  try {
    refuseSecretArguments(line.split(' '))
    return null
  } catch (thrown) {
    if (thrown instanceof ClavigerError) return thrown
    throw thrown
  }
}

test.each([
  KEY,
  `credential ${KEY}`,
  `credential create claude ${KEY}`,
  `credential create claude api-key ${KEY}`,
  `credential list --type ${KEY}`,
  `credential list --type=${KEY}`,
  `credential create x -t${KEY}`,
  `credential update main --field ${KEY}`,
  `credential move main --to ${KEY}`,
  `credential move main --to team:${KEY}`,
  `exec --harness ${KEY}`,
  `exec --harness claude ${KEY}`,
  `exec --harness claude --credential ${KEY} -- claude`,
  `explain --harness claude --user ${KEY}`,
  `explain --harness claude --credential ${KEY}`,
  `admin tokens revoke ${KEY}`,
  `admin tokens create --name ${KEY}`,
  `whoami --server http://${KEY}@127.0.0.1`,
  'list AKIATESTTESTTEST',
  'list at-test-0123456789abcdef',
  `credential create claude api-key --value=${KEY} main`,
  `credential create codex api-key --api-key ${KEY}`,
  `codex-login --api-key x ${KEY}`,
])('a key on the command line is refused and not repeated: %s', (line) => {
  const error = refusal(line)
  expect(error?.code).toBe('invalid')
  expect(`${error?.message} ${error?.hint}`).not.toMatch(/0123456789|TESTTEST/)
})

test.each([
  `exec --harness claude -- claude -p ${KEY}`,
  'credential update --value main',
  'login --token',
  `codex-login --api-url http://127.0.0.1 --api-key ${KEY}`,
  `codex-login --api-key=${KEY}`,
  'credential create claude api-key main --description rotates-in-May',
])('everything else passes: %s', (line) => {
  expect(refusal(line)).toBeNull()
})
