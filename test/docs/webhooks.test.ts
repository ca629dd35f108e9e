// The ways to check a signature that docs/webhooks.md shows: they find genuine what the sender signs, and nothing else.

import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { Webhook } from 'standardwebhooks'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { EVENT_NAMES } from '../../src/domain/telling/events.ts'

const page = readFileSync(join(import.meta.dirname, '../../docs/webhooks.md'), 'utf8')
const secret = `whsec_${Buffer.from('a secret of thirty-two bytes ……').toString('base64')}`
const body = '{"type":"grant.login_needed","data":{"reason":"ü \\u2028"}}'
const [id, at] = ['evt_test', Date.UTC(2026, 5, 1)]
const signature = new Webhook(secret).sign(id, new Date(at), body)
const headers = {
  ...{ 'webhook-id': id, 'webhook-timestamp': `${at / 1000}` },
  'webhook-signature': signature,
}

let directory: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'claviger-docs-'))
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

function block(language: string): string {
  const found = new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, 'ms').exec(page)?.[1]
  if (found === undefined) throw new Error(`There is no ${language} on the page.`)
  return found
}

it('names every event', () => {
  for (const name of EVENT_NAMES) expect(page).toContain(`| \`${name}\` |`)
})

it('by hand, in Node.js', async () => {
  const file = join(directory, 'check.mjs')
  writeFileSync(file, block('js'))
  const { isGenuine } = await import(/* @vite-ignore */ pathToFileURL(file).href)
  const asked = (changed: object, text = body, key = secret, now = at) =>
    isGenuine(key, text, { ...headers, ...changed }, now)
  expect(asked({})).toBe(true)
  expect(asked({ 'webhook-signature': `v1,AAAA ${signature}` })).toBe(true)
  expect([
    asked({}, `${body} `),
    asked({}, body, `whsec_${Buffer.alloc(32).toString('base64')}`),
    asked({}, body, secret, at + 301_000),
    asked({ 'webhook-id': 'evt_other' }),
    asked({ 'webhook-timestamp': 'soon' }),
    asked({ 'webhook-signature': '' }),
    asked({ 'webhook-signature': undefined }),
  ]).toEqual(Array(7).fill(false))
})

it('by openssl', () => {
  writeFileSync(join(directory, 'body'), body)
  const env = { PATH: process.env['PATH'], SECRET: secret, ID: id, TIMESTAMP: `${at / 1000}` }
  const said = execFileSync('/bin/sh', ['-c', block('bash')], { cwd: directory, env, encoding: 'utf8' })
  expect(`v1,${said.trim()}`).toBe(signature)
})
