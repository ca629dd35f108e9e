// The team on the pictures of the README: invented, with a year behind it. Its server runs in this process, whose clock is
// set from one day to the next until it is now.

import { vi } from 'vitest'
import { type Client, createClient } from '../../src/client/client.ts'
import type { CredentialType } from '../../src/domain/credential-types.ts'
import { Secret } from '../../src/domain/secret.ts'
import { claudeFile, codexFile } from '../e2e/run-world.ts'
import { codeIn } from '../support/links.ts'
import { type ConsoleWorld, PASSWORD } from '../support/use-console.ts'
import type { RunsHouse } from './runs-house.ts'

export const ADA = 'ada@lumen.example'
export const BELA = 'bela@lumen.example'

export interface Team {
  readonly ada: Client
  readonly bela: Client
  /** What the provider calls the login of Bela. */
  readonly login: string
}

const DAY = 24 * 3_600_000
const NOW = Date.now()

/** Before the server is started. */
export function goBack(): void {
  vi.useFakeTimers({ toFake: ['Date'], now: NOW - 341 * DAY })
}

function goTo(daysAgo: number): void {
  vi.setSystemTime(NOW - daysAgo * DAY)
}

// Values that nobody could take for real ones, but for the end that is shown.
const claudeKey = (end: string) => `sk-ant-test-lumenworks-${end}`
const openaiKey = (end: string) => `sk-test-lumenworks-${end}`

/** What Anthropic takes. */
export const KEYS = ['T4mq', 'w8Kd', 'Zr2e'].map(claudeKey)

export async function gatherTeam(world: ConsoleWorld, house: RunsHouse): Promise<Team> {
  const name = 'Lumenworks'
  const { link = '' } = await world.owner.call('organizations.create', { name, owner: ADA, ownerName: 'Ada' })
  const ada = await accept(world, link)
  await ada.call('teams.create', { team: 'platform' })
  await ada.call('teams.create', { team: 'research' })
  await ada.call('teams.join', { team: 'platform', member: ADA })
  const arrive = async (email: string, role: 'admin' | 'member', team: string) => {
    const invitation = await ada.call('invitations.create', { email, role, teams: [team] })
    return accept(world, invitation.link, email)
  }
  const bela = await arrive(BELA, 'admin', 'platform')
  await setupToken(ada, 'old-laptop', 'q3Vn')
  goTo(201)
  await setupToken(ada, 'workstation', 'Hc7x')
  await store(ada, 'claude/bedrock-api-key', 'bedrock-eu', 'org', {
    ...{ token: 'ABSK-not-a-real-key-9fWb', region: 'eu-central-1' },
  })
  goTo(120)
  await store(ada, 'claude/api-key', 'anthropic-main', 'org', { key: claudeKey('T4mq') }, 'rotates every May')
  await store(
    bela,
    'codex/api-key',
    'openai-main',
    'org',
    { key: openaiKey('m2Xs') },
    'billed to project core',
  )
  await store(bela, 'claude/api-key', 'platform-ci', 'team:platform', { key: claudeKey('w8Kd') })
  goTo(64)
  const chen = await arrive('chen@lumen.example', 'member', 'research')
  await store(chen, 'claude/api-key', 'own', 'me', { key: claudeKey('Zr2e') })
  await setupToken(ada, 'build-box', 'e6Lt')
  await store(chen, 'codex/api-key', 'research-openai', 'team:research', { key: openaiKey('b5Np') })
  await ada.call('agents.create', { name: 'nightly-triage' })
  return { ada, bela, login: await lately(house, ada, bela) }
}

async function lately(house: RunsHouse, ada: Client, bela: Client): Promise<string> {
  goTo(6)
  await logInToCodex(house, ada)
  await use(ada, 'codex', 'openai-main')
  goTo(3)
  await use(ada, 'claude', 'workstation')
  await use(bela, 'claude', 'bedrock-eu')
  const { credentials } = await ada.call('credentials.list', { name: 'anthropic-main' })
  goTo(1.2)
  await bela.call('teams.join', { team: 'research', member: BELA })
  await use(bela, 'codex', 'research-openai')
  await ada.call('agents.attach', { agent: 'nightly-triage', credential: credentials[0]?.id ?? '' })
  await store(
    bela,
    'claude/api-key',
    'anthropic-spare',
    'org',
    { key: claudeKey('u7Gy') },
    'from the pilot',
    true,
  )
  goTo(5 / 24)
  await use(bela, 'claude', 'platform-ci')
  await ada.call('invitations.create', { email: 'dana@lumen.example', role: 'member', teams: ['platform'] })
  goTo(1.4 / 24)
  await use(bela, 'claude', 'anthropic-main')
  await use(bela, 'codex', 'chatgpt-team')
  await use(ada, 'claude', 'build-box')
  vi.useRealTimers()
  await logInToClaude(house, ada, 'claude-max', 11.4)
  return logInToClaude(house, bela, 'max-plan', 26)
}

async function accept({ server }: ConsoleWorld, link: string, email?: string): Promise<Client> {
  const stranger = createClient({ server: server.url, token: null })
  const code = codeIn(link)
  const name = email?.replace(/@.*/, '').replace(/^./, (letter) => letter.toUpperCase())
  const { token } = await stranger.call('invitations.accept', {
    ...{ code, password: PASSWORD, token: true },
    ...(name !== undefined && { name }),
  })
  const arrived = createClient({ server: server.url, token: new Secret(token ?? '') })
  const { role } = await arrived.call('whoami', {})
  const lasting = { name: `lasting-${name ?? 'Ada'}`, role: role as 'admin', expiresInSeconds: null }
  const made = await arrived.call('tokens.create', lasting)
  return createClient({ server: server.url, token: new Secret(made.token) })
}

async function store(
  who: Client,
  type: CredentialType,
  name: string,
  owner: string,
  fields: Record<string, string>,
  description = '',
  test = false,
): Promise<void> {
  const given = { type, name, owner, fields, description, test, saveAnyway: test, acceptNotice: true }
  await who.call('credentials.create', given)
}

function setupToken(who: Client, name: string, end: string): Promise<void> {
  return store(who, 'claude/setup-token', name, 'me', { token: `sk-ant-oat01-not-a-real-token-${end}` })
}

async function use(who: Client, harness: 'claude' | 'codex', credential: string): Promise<void> {
  const { id } = await who.call('leases.create', { harness, credential })
  await who.call('leases.end', { id })
}

async function logInToCodex({ sandbox }: RunsHouse, who: Client): Promise<void> {
  const account = { email: 'agents@lumen.example', plan: 'business' }
  const file = codexFile(sandbox.oauth.login({ provider: 'openai', account }))
  await who.call('logins.import', {
    from: 'codex',
    name: 'chatgpt-team',
    owner: 'org',
    file,
    acceptNotice: true,
  })
}

/** A login that ends after so many days, whatever happens. Returns what the provider calls it. */
async function logInToClaude(
  { sandbox }: RunsHouse,
  who: Client,
  name: string,
  days: number,
): Promise<string> {
  const made = sandbox.oauth.login({ provider: 'anthropic', settings: { chainMs: days * DAY } })
  const { claudeAiOauth } = JSON.parse(claudeFile(made))
  const refreshTokenExpiresAt = Date.now() + days * DAY
  const file = JSON.stringify({ claudeAiOauth: { ...claudeAiOauth, refreshTokenExpiresAt } })
  await who.call('logins.import', {
    from: 'claude',
    name,
    owner: 'me',
    file,
    acceptNotice: true,
  })
  return made.id
}
