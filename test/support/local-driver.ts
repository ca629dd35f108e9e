// A process without a server, as `exec` is one: `node local-driver.ts SETTINGS AGENT [FILE]` with the settings as JSON. Says
// `ready` when the profiles are open. Each line of standard input, `PROFILE CALLS MILLISECONDS`, is so many calls for a lease
// spread over that time; what came of them is said as a line of JSON. With FILE, it ends as by kill -9 as soon as a renewal
// has put that file of the profiles in its place.

import fs from 'node:fs/promises'
import { syncBuiltinESMExports } from 'node:module'
import { basename } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { createClient } from '../../src/client/client.ts'
import { serverSettings, workerSettings } from '../../src/config.ts'
import { asClavigerError } from '../../src/domain/errors.ts'
import { type LocalHouse, openLocal } from '../../src/local.ts'

/** What came of one call. */
export interface LocalAnswer {
  /** What was handed out, or empty. */
  readonly access: string
  /** The sentence of what went wrong, or empty. */
  readonly error: string
}

// As long as somebody may have to wait for all others of a proof.
const PATIENCE_MS = 300_000

const [settings = '{}', agent = 'main', file] = process.argv.slice(2)
if (file !== undefined) endAt(file)
const given = JSON.parse(settings)
const worker = () => workerSettings(given)
const house = await openLocal(serverSettings(given), { version: '0', agent, worker })
say('ready')
for await (const line of createInterface({ input: process.stdin })) {
  const [profile = '', calls = '1', over = '0'] = line.split(' ')
  const each = Number(over) / Number(calls)
  const answers = Array.from({ length: Number(calls) }, async (_, i) => {
    await sleep(i * each)
    return lease(house, profile)
  })
  say(JSON.stringify(await Promise.all(answers)))
}
await house.close()

async function lease({ url, token, fetch }: LocalHouse, profile: string): Promise<LocalAnswer> {
  const client = createClient({ server: url, token, fetch, timeoutMs: PATIENCE_MS })
  try {
    const request = { harness: 'codex', credential: profile, raw: false } as const
    const { credential } = await client.call('leases.create', request)
    return { access: credential?.fields['access'] ?? '', error: '' }
  } catch (error) {
    return { access: '', error: asClavigerError(error).message }
  }
}

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}

// Of the files that are replaced the renewal is known by the one that says what is to be in both.
function endAt(name: string): void {
  const { rename } = fs
  let isRenewal = false
  fs.rename = async (from, to) => {
    await rename(from, to)
    const file = basename(String(to))
    if (file === 'auth-profiles.pending.json') isRenewal = changesTokens(await fs.readFile(to, 'utf8'))
    if (isRenewal && file === name) process.kill(process.pid, 'SIGKILL')
  }
  syncBuiltinESMExports()
}

// Other changes of the file are none of a renewal.
function changesTokens(text: string): boolean {
  const { parts } = JSON.parse(text) as Pending
  return parts.some(
    ({ base, profiles }) => profiles !== null && tokensIn(profiles) !== tokensIn(base.profiles),
  )
}

interface Pending {
  readonly parts: readonly {
    readonly base: { readonly profiles: string | null }
    readonly profiles: string | null
  }[]
}

function tokensIn(profiles: string | null): string {
  return (profiles?.match(/"access": *"[^"]*"/g) ?? []).join()
}
