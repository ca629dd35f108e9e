// A server as a process of its own: `node serve-driver.ts SETTINGS [MILLISECONDS]` with the settings as JSON, on a machine
// whose clock is ahead by so many milliseconds. Says `url URL` or `error CODE` on standard output, with the sentence of the
// error on standard error, logs to standard error, and stops on SIGTERM.

import { writeSync } from 'node:fs'
import { serverSettings } from '../../src/config.ts'
import { asClavigerError } from '../../src/domain/errors.ts'
import type { GivenSettings } from '../../src/domain/settings/settings.ts'
import { startServer } from '../../src/main.ts'

const given = JSON.parse(process.argv[2] ?? '{}') as GivenSettings
const ahead = Number(process.argv[3] ?? '0')
try {
  const server = await startServer(serverSettings(given), () => Date.now() + ahead)
  process.once('SIGTERM', () => void server.close().then(() => process.exit(0)))
  writeSync(1, `url ${server.url}\n`)
} catch (thrown) {
  const { code, message, hint } = asClavigerError(thrown)
  writeSync(2, `${message}\n${hint ?? ''}\n`)
  writeSync(1, `error ${code}\n`)
  process.exitCode = 1
}
