// What the proof of plugins stands on: a provider of its own, which rotates its refresh tokens and can hold a call, a plugin
// for it, and machines with a profile of it whose key has ended.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { AgentPlace } from '../../../src/profiles/place.ts'
import { bundlePrograms } from '../../setup.ts'
import { placeWith, textOf, writtenIn } from '../../support/profile-files.ts'
import { PROGRAMS_DIRECTORY, programFile } from '../../support/programs.ts'

export const PLUGIN_PROFILE = 'acme:default'

export type Hold = 'before-renewal' | 'after-renewal'

export interface Gateway {
  /** The next call for a renewal is held there. */
  hold(at: Hold): void
  /** Resolves when a call is held. */
  untilHeld(): Promise<void>
  /** Resolves when the plugin has written its answer. */
  untilSaid(): Promise<void>
  /** Lets the call that is held go on; with `drop` its connection is broken off, without an answer. */
  release(options?: { readonly drop: boolean }): void
  /** Calls for a renewal since the last `machine`. */
  calls(): number
  /** One whose provider takes a token that was used up again, or ends the login then. */
  machine(forgives: boolean): PluginMachine
  close(): Promise<void>
}

export interface PluginMachine {
  readonly place: AgentPlace
  /** A helper that prints the key. */
  helper(): Helper
  /** The key that the provider takes now; none when it has ended the login. */
  latest(): string
  /** The key in the file. */
  stored(): unknown
}

export interface Helper {
  kill(): void
  readonly ended: Promise<{ readonly code: number | null; readonly key: string; readonly errors: string }>
}

interface Login {
  readonly forgives: boolean
  serial: number
  isOver: boolean
}

export async function startGateway(): Promise<Gateway> {
  const unbundle = process.env[PROGRAMS_DIRECTORY] === undefined ? await bundlePrograms() : () => undefined
  const directory = mkdtempSync(join(tmpdir(), 'claviger-proof-plugins-'))
  const bin = pluginIn(directory)
  const logins: Login[] = []
  let calls = 0
  let hold: Hold | null = null
  let goOn: (isOn: boolean) => void = () => undefined
  let [held, said] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  // False: nothing is to be answered.
  const passes = (at: Hold): Promise<boolean> => {
    if (hold !== at) return Promise.resolve(true)
    hold = null
    const waiting = Promise.withResolvers<boolean>()
    goOn = waiting.resolve
    held.resolve()
    return waiting.promise
  }
  const server = await listening(async (path, body) => {
    if (path === '/said') {
      said.resolve()
      return {}
    }
    calls += 1
    if (!(await passes('before-renewal'))) return null
    const answer = renewed(logins, body)
    return (await passes('after-renewal')) ? answer : null
  })
  return {
    hold(at) {
      hold = at
    },
    untilHeld: () => held.promise,
    untilSaid: () => said.promise,
    release: ({ drop } = { drop: false }) => goOn(!drop),
    calls: () => calls,
    machine(forgives) {
      held = Promise.withResolvers()
      said = Promise.withResolvers()
      calls = 0
      hold = null
      const number = logins.push({ forgives, serial: 0, isOver: false }) - 1
      const stateDirectory = join(directory, `machine-${number}`)
      return machineOf({ stateDirectory, bin, url: server.url }, logins, number)
    },
    async close() {
      server.close()
      rmSync(directory, { recursive: true, force: true })
      unbundle()
    },
  }
}

interface Listening {
  readonly url: string
  close(): void
}

// What is answered is JSON; null: the connection is broken off.
async function listening(answer: (path: string, body: string) => Promise<object | null>): Promise<Listening> {
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const said = await answer(request.url ?? '', Buffer.concat(chunks).toString())
    if (said === null) response.destroy()
    else response.end(JSON.stringify(said))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close() {
      server.close()
      server.closeAllConnections()
    },
  }
}

const keyOf = (number: number, serial: number) => `sk-acme-${number}-${serial}-made-up`
const refreshOf = (number: number, serial: number) => `acme-refresh-${number}-${serial}`

function credentialOf(number: number, serial: number): object {
  return {
    ...{ type: 'codex/api-key', key: keyOf(number, serial), account: { id: `account-${number}` } },
    renewal: { refresh: refreshOf(number, serial), expiresInSeconds: 3_600 },
  }
}

// A token is good once. Sent again, it brings the same answer or ends the login.
function renewed(logins: readonly Login[], refresh: string): object {
  const [, number, serial] = /^acme-refresh-(\d+)-(\d+)$/.exec(refresh)?.map(Number) ?? []
  const login = logins[number ?? -1]
  if (number === undefined || serial === undefined || login === undefined || login.isOver) return {}
  if (serial === login.serial) {
    login.serial += 1
    return credentialOf(number, login.serial)
  }
  if (login.forgives && serial === login.serial - 1) return credentialOf(number, login.serial)
  login.isOver = true
  return {}
}

interface Place {
  readonly stateDirectory: string
  readonly bin: string
  readonly url: string
}

function machineOf(
  { stateDirectory, bin, url }: Place,
  logins: readonly Login[],
  number: number,
): PluginMachine {
  const values = { access: keyOf(number, 0), refresh: refreshOf(number, 0), expires: Date.now() - 60_000 }
  const profile = { type: 'oauth', provider: 'acme', ...values, accountId: `account-${number}` }
  const profiles = { [PLUGIN_PROFILE]: { ...profile, metadata: { credential: 'codex/api-key' } } }
  const place = placeWith(stateDirectory, textOf({ version: 1, profiles }))
  const words = ['helper', 'codex-token', '--profile', PLUGIN_PROFILE]
  return {
    place,
    helper() {
      const child = spawn(process.execPath, [programFile('claviger'), ...words], {
        env: {
          ...{ PATH: `${bin}:/usr/bin:/bin`, HOME: '/nonexistent', ACME_URL: url },
          CLAVIGER_STATE_DIR: stateDirectory,
        },
        stdio: ['ignore', 'pipe', 'pipe'],
      })
      let [key, errors] = ['', '']
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        key += text
      })
      child.stderr.setEncoding('utf8').on('data', (text: string) => {
        errors += text
      })
      const ended = once(child, 'close').then(([code]) => ({ code, key: key.trim(), errors }))
      return { kill: () => void child.kill('SIGKILL'), ended }
    },
    latest: () => (logins[number]?.isOver === false ? keyOf(number, logins[number].serial) : ''),
    stored: () => writtenIn(place).profiles[PLUGIN_PROFILE]?.['access'],
  }
}

// The directory that it is in.
function pluginIn(directory: string): string {
  const bin = join(directory, 'bin')
  mkdirSync(bin, { mode: 0o700 })
  writeFileSync(join(bin, 'claviger-provider-acme'), PLUGIN, { mode: 0o700 })
  return bin
}

const PLUGIN = `#!${process.execPath}
const readline = require('node:readline')
const ask = (path, body) => fetch(process.env.ACME_URL + path, { method: 'POST', body }).then((answer) => answer.json())
const describes = { name: 'acme', version: '1', types: ['codex/api-key'], methods: ['refresh'], environment: ['ACME_URL'] }
readline.createInterface({ input: process.stdin }).on('line', async (line) => {
  const { id, method, params } = JSON.parse(line)
  const say = (answer) =>
    new Promise((resolve) => process.stdout.write(JSON.stringify({ protocol: 1, id, ...answer }) + '\\n', resolve))
  if (method === 'describe') return say({ result: describes })
  const credential = await ask('/renew', params.credential.refresh).catch(() => process.exit(1))
  await say(credential.key === undefined ? { error: { code: 'refused' } } : { result: { credential } })
  await ask('/said', '').catch(() => process.exit(1))
})
`
