// The program of slow-claude.ts: `node slow-claude-program.ts DIRECTORY`. It notes its refresh token in `runs`, waits until
// there is a file `go`, writes its login and hangs.

import { appendFileSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

const directory = process.argv[2] ?? ''
const home = process.env['CLAUDE_CONFIG_DIR'] ?? ''
const runs = join(directory, 'runs')

appendFileSync(runs, `${process.env['CLAUDE_CODE_OAUTH_REFRESH_TOKEN']}\n`)
const serial = readFileSync(runs, 'utf8').split('\n').length - 1
mkdirSync(home, { recursive: true })
for (const began = Date.now(); !existsSync(join(directory, 'go')); await sleep(10))
  if (Date.now() - began > 30_000) process.exit(1)
const claudeAiOauth = {
  accessToken: `sk-ant-oat01-test-new-${serial}`,
  refreshToken: `sk-ant-ort01-test-new-${serial}`,
  expiresAt: Date.now() + 8 * 3_600_000,
  scopes: ['user:inference', 'user:profile'],
}
writeFileSync(join(home, 'new'), JSON.stringify({ claudeAiOauth }))
renameSync(join(home, 'new'), join(home, '.credentials.json'))
writeFileSync(join(directory, 'written'), '')
// It has more to ask for.
await sleep(30_000)
