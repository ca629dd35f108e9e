// `claviger serve`: the server in the foreground, until it is interrupted.

import { join } from 'node:path'
import { givenSettings, serverSettings } from '../../config.ts'
import type { GivenSettings } from '../../domain/settings/settings.ts'
import type { Context } from '../context.ts'
import { shownOnce } from '../secrets.ts'
import { untilEnded } from '../signals.ts'
import { openInBrowser } from '../signing-in/browser.ts'

export interface ServeOptions {
  readonly port?: string
  readonly host?: string
  readonly database?: string
  readonly open?: boolean
  /** False with --no-embedded-worker. */
  readonly embeddedWorker: boolean
}

// Other ways to start a server have no worker in it unless it is asked for.
const STANDARD: GivenSettings = { embeddedWorker: 'yes' }

export async function run({ dependencies, ui }: Context, options: ServeOptions): Promise<number> {
  const given = { ...STANDARD, ...givenSettings(dependencies.env), ...fromFlags(options) }
  const settings = serverSettings(given)
  if (!isLoopback(settings.host)) {
    ui.note(
      `warning: ${settings.host} can be reached from other machines, over plain http: put a TLS proxy in front of it.`,
    )
    if (settings.publicUrl === null)
      ui.note(
        'Set CLAVIGER_PUBLIC_URL to its address: links begin with it, and forms are taken from there only.',
      )
  }
  const ended = untilEnded()
  const server = await dependencies.startServer(settings)
  const { stateDirectory, masterKey, masterKeyFile } = settings
  const address = `${server.url}/`
  if (server.firstStart) {
    const ownKey = masterKey === null && masterKeyFile === null
    ui.note(`It keeps its database and your token in ${stateDirectory}.`)
    ui.note(
      `Back up ${ownKey ? join(stateDirectory, 'master.key') : 'the master key'}: without it nothing stored can be read.`,
    )
    if (server.signInLink !== null)
      ui.note(`Give your e-mail and a password, once, within a day: ${shownOnce(server.signInLink)}`)
    ui.note('Next, in another terminal: claviger credential create claude api-key --personal main')
  }
  ui.answer({ ready: true, url: address, stateDirectory, firstStart: server.firstStart }, () => [
    `Claviger is ready: ${address}`,
  ])
  if (options.open === true) openInBrowser(address, ui.note)
  await ended
  ui.note('Stopping.')
  await server.close()
  return 0
}

function fromFlags({ port, host, database, embeddedWorker }: ServeOptions): GivenSettings {
  return {
    ...(!embeddedWorker && { embeddedWorker: 'no' }),
    ...(port !== undefined && { port }),
    ...(host !== undefined && { host }),
    ...(database !== undefined && { databaseUrl: database }),
  }
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host)
}
