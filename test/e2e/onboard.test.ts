// `claviger onboard` at a pseudo-terminal, on a machine with an empty home: the real programs, and the sandbox for every host
// that they and we call.

import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts'
import { agentPrograms } from '../agents/install.ts'
import { type Answer, atTerminal } from '../support/terminal.ts'
import { configFor } from './codex-machine.ts'
import { greeting, quiet } from './exec-run.ts'

const KEY = 'sk-ant-test-onboarding-1'
const TOKEN = 'sk-ant-oat01-test-onboarding-1'
const REFUSED = 'sk-ant-test-onboarding-2'
const [DOWN, CTRL_C] = ['\u001b[B', '\u0003']

let sandbox: Sandbox
let root: string
let home: string

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'claviger-onboard-test-'))
  home = join(root, 'home')
  await mkdir(home)
  await mkdir(join(root, 'bin'))
  sandbox = await startSandbox({
    credentials: [
      { provider: 'anthropic', kind: 'api-key', value: KEY },
      { provider: 'anthropic', kind: 'oauth', value: TOKEN },
    ],
    tls: { directory: root },
  })
})
afterEach(async () => {
  await sandbox.close()
  await rm(root, { recursive: true, force: true })
})

/** Only this program is on PATH. Where Codex finds its hosts is not said in the home directory, which stays empty. */
async function install(name: 'claude' | 'codex'): Promise<void> {
  await symlink((await agentPrograms())[name], join(root, 'bin', name))
  await mkdir(join(root, 'codex'))
  await writeFile(join(root, 'codex/config.toml'), configFor(sandbox))
}

function onboard(words: readonly string[], answers: readonly Answer[]) {
  const { proxyUrl = '', caFile = '' } = sandbox.tls ?? {}
  const env = {
    ...{ PATH: `${join(root, 'bin')}:/usr/bin:/bin`, HOME: home, ...quiet },
    ...{ CLAVIGER_ANTHROPIC_URL: sandbox.anthropicUrl, CLAVIGER_OPENAI_ISSUER: sandbox.issuerUrl },
    ...{ HTTPS_PROXY: proxyUrl, NODE_EXTRA_CA_CERTS: caFile, CODEX_HOME: join(root, 'codex') },
  }
  return atTerminal(['onboard', '--no-browser', ...words], answers, { env, cwd: root })
}

async function profiles(): Promise<Record<string, { type: string }>> {
  const file = join(home, '.claviger/agents/main/agent/auth-profiles.json')
  return existsSync(file) ? JSON.parse(await readFile(file, 'utf8')).profiles : {}
}

/** Where the browser of a person who agrees is sent, or what the page shows to be pasted. */
async function agreed(shown: string): Promise<string> {
  const link = new URL(/https?:\S+\/oauth\/authorize\S+/.exec(shown)?.[0] ?? '')
  const isClaude = link.hostname === 'claude.ai'
  const page = isClaude ? `${sandbox.anthropicUrl}${link.pathname}${link.search}` : link
  const answer = await fetch(page, { redirect: 'manual' })
  const code = /<code id="code">([^<]+)</.exec(await answer.text())?.[1]?.replaceAll('&#35;', '#')
  return `${answer.headers.get('location') ?? code}\r`
}

const AGENTS: Answer = [/Which agents do you want to use/, '\r']
// Below what is said of the type; above it stands in the list of ways.
const KEY_ASKED = /what it bills:[\s\S]*API key/
const turns = () =>
  sandbox.requests().filter(({ lastUserMessage }) => lastUserMessage?.startsWith('Say hello'))

test('Codex: from an empty home by a ChatGPT sign-in to an answer', { timeout: 120_000 }, async () => {
  await install('codex')
  const { code, shown, unasked } = await onboard(
    [],
    [AGENTS, [/An account for Codex/, '\r'], [/Paste the code/, agreed]],
  )
  expect({ code, unasked }, shown).toEqual({ code: 0, unasked: [] })
  expect(shown).toContain(
    'Claude Code: not installed; to install it: npm install -g @anthropic-ai/claude-code',
  )
  expect(shown).toContain(
    `Codex answered with openai-codex:person@sandbox.invalid (ChatGPT sign-in): ${greeting}`,
  )
  expect(shown.trimEnd()).toMatch(/Next: claviger exec --harness codex -- codex$/)
  expect(turns()).toMatchObject([{ provider: 'openai', status: 200 }])
  expect(Object.keys(await profiles())).toEqual(['openai-codex:person@sandbox.invalid'])
})

test('Claude Code: a refused key is not stored, the right one answers, and the next time it is there', {
  timeout: 120_000,
}, async () => {
  await install('claude')
  const way: Answer = [/An account for Claude Code/, `${DOWN}${DOWN}\r`]
  const first = await onboard([], [AGENTS, way, [KEY_ASKED, `${REFUSED}\r`], way, [KEY_ASKED, `${KEY}\r`]])
  expect({ code: first.code, unasked: first.unasked }, first.shown).toEqual({ code: 0, unasked: [] })
  expect(first.shown).toContain(
    `Claude Code answered with anthropic:default (Anthropic API key): ${greeting}`,
  )
  expect(first.shown).toContain('Nothing was stored.')
  expect(first.shown).toContain('Next: claviger exec --harness claude -- claude')
  expect(first.shown).not.toMatch(/sk-ant-test-onboarding/)
  const again = await onboard([], [AGENTS, [/An account for Claude Code[\s\S]*Keep anthropic:default/, '\r']])
  expect({ code: again.code, unasked: again.unasked }, again.shown).toEqual({ code: 0, unasked: [] })
  expect(again.shown).toContain('anthropic:default (claude/api-key) serves it')
  expect(await profiles()).toEqual({ 'anthropic:default': expect.objectContaining({ type: 'api_key' }) })
  expect(turns().map(({ credentials }) => credentials.map(({ value }) => value))).toEqual([[KEY], [KEY]])
  const kept = await readdir(join(home, '.claude/projects'), { recursive: true })
  expect(kept.filter((name) => name.endsWith('.jsonl'))).toEqual([])
})

test('Claude Code: a subscription, after its notice, by the real program', { timeout: 120_000 }, async () => {
  await install('claude')
  const { code, shown, unasked } = await onboard(
    ['--harness', 'claude'],
    [
      [/An account for Claude Code/, '\r'],
      [/Do you accept this/, 'y'],
      [/Paste the code/, agreed],
    ],
  )
  expect({ code, unasked }, shown).toEqual({ code: 0, unasked: [] })
  expect(shown).toContain("Anthropic's terms restrict")
  expect(shown).toMatch(/Claude Code answered with anthropic:\S+ \(Claude subscription\): Hello/)
  expect(turns().map(({ credentials }) => credentials.map(({ value }) => value))).toEqual([
    [sandbox.oauth.logins()[0]?.accessToken],
  ])
})

test('what OpenClaw keeps is taken over; where that does not work another account is chosen, past a notice', {
  timeout: 120_000,
}, async () => {
  await install('claude')
  const old = join(home, '.openclaw/agents/main/agent')
  await mkdir(old, { recursive: true })
  const team = { type: 'api_key', provider: 'anthropic', key: REFUSED }
  await writeFile(
    join(old, 'auth-profiles.json'),
    JSON.stringify({ version: 1, profiles: { 'anthropic:team': team } }),
  )
  const { code, shown, unasked } = await onboard(
    [],
    [
      [/Take over what OpenClaw keeps/, `${DOWN}\r`],
      AGENTS,
      [/Keep anthropic:team/, '\r'],
      [/anthropic:team is stored, and did not work/, `${DOWN}\r`],
      // The login first, whose notice is not accepted; then a token.
      [/An account for Claude Code/, '\r'],
      [/Do you accept this/, '\r'],
      [/notice was not accepted[\s\S]*An account for Claude Code/, `${DOWN}\r`],
      [/Do you accept this/, 'y'],
      [/Run `claude setup-token` here now/, '\r'],
      [/what it bills:[\s\S]*[sS]etup token/, `${TOKEN}\r`],
    ],
  )
  expect({ code, unasked }, shown).toEqual({ code: 0, unasked: [] })
  expect(shown).toContain('OpenClaw keeps anthropic:team in')
  expect(shown).toContain('must not be used any more')
  expect(shown).toContain(`Claude Code answered with anthropic:default (Claude setup token): ${greeting}`)
  expect(Object.keys(await profiles())).toEqual(['anthropic:team', 'anthropic:default'])
})

test('an answer that is broken off leaves what was stored', { timeout: 120_000 }, async () => {
  await install('claude')
  const asked = Promise.withResolvers<void>()
  sandbox.reply(({ lastUserMessage }) => {
    if (!lastUserMessage?.startsWith('Say hello')) return 'Hello.'
    asked.resolve()
    return new Promise(() => undefined)
  })
  const untilAsked = async () => {
    await asked.promise
    return CTRL_C
  }
  const { code, shown, unasked } = await onboard(
    ['--harness', 'claude', '--way', 'api-key'],
    [
      [KEY_ASKED, `${KEY}\r`],
      [/is asked for a first answer/, untilAsked],
    ],
  )
  expect({ code, unasked }, shown).toEqual({ code: 1, unasked: [] })
  expect(shown).toContain('What is stored stays: anthropic:default.')
  expect(Object.keys(await profiles())).toEqual(['anthropic:default'])
})

const WAY: Answer = [/An account for Codex/, '\r']
test.each<[string, readonly string[], readonly Answer[]]>([
  ['which agents', [], [[AGENTS[0], CTRL_C]]],
  ['which way', [], [AGENTS, [WAY[0], CTRL_C]]],
  ['the code of the browser', ['--harness', 'codex'], [WAY, [/Paste the code/, CTRL_C]]],
  ['the device', ['--harness', 'codex', '--method', 'device'], [WAY, [/Waiting for ten minutes/, CTRL_C]]],
  ['the key', ['--harness', 'claude', '--way', 'api-key'], [[KEY_ASKED, CTRL_C]]],
])('giving up at %s leaves nothing', async (_, words, answers) => {
  await install('codex')
  const { code, shown, unasked } = await onboard(words, answers)
  expect({ code, unasked }, shown).toEqual({ code: 1, unasked: [] })
  expect(shown).toContain('Nothing was changed.')
  expect(await profiles()).toEqual({})
  expect(sandbox.oauth.logins()).toEqual([])
})
