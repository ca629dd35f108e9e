// A server as a process of its own: `node serve-driver.ts SETTINGS` with the settings as JSON. Says `url URL` or
// `error CODE` on standard output, logs to standard error, and stops on SIGTERM.

import { writeSync } from 'node:fs'
import { type GivenSettings, serverSettings } from '../../src/config.ts'
import { asClavigerError } from '../../src/domain/errors.ts'
import { startServer } from '../../src/main.ts'

const given = JSON.parse(process.argv[2] ?? '{}') as GivenSettings
try {
  const server = await startServer(serverSettings(given))
  process.once('SIGTERM', () => void server.close().then(() => process.exit(0)))
  writeSync(1, `url ${server.url}\n`)
} catch (thrown) {
  writeSync(1, `error ${asClavigerError(thrown).code}\n`)
  process.exitCode = 1
}
