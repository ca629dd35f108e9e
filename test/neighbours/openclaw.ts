// `npm run openclaw`: the real OpenClaw and this program on the same files of profiles, each reading what the other wrote. It
// is installed on first use (test/neighbours/openclaw, without its install scripts); nothing is contacted after that but this
// machine, and nothing written outside of a temporary folder. Exits 1 when something is not as it is to be.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ensureInstalled } from '../agents/install.ts'
import { atOnce } from './at-once.ts'
import { type Desk, fileIn, type House, jsonOf, OPENCLAW, openDesk } from './desk.ts'
import { keeping } from './keeping.ts'
import { createReport, type Report } from './report.ts'

const TOKEN = (name: string) => `sk-ant-oat01-${name.padEnd(95, 'x')}`
const KEY = (name: string) => `sk-ant-api03-${name.padEnd(40, 'x')}`

async function main(): Promise<number> {
  await ensureInstalled(OPENCLAW)
  const { version } = JSON.parse(readFileSync(join(OPENCLAW, 'node_modules/openclaw/package.json'), 'utf8'))
  const print = (line: string) => console.log(line)
  print(`OpenClaw ${version}, Node.js ${process.versions.node}, ${new Date().toISOString().slice(0, 10)}`)
  const report = createReport(print)
  const desk = await openDesk()
  try {
    const theirs = desk.house('theirs')
    await readingTheirs(report, desk, theirs)
    await importingTheirs(report, desk, theirs)
    await readingOurs(report, desk, desk.house('ours'))
    await keeping(report, theirs)
    await atOnce(report, desk.house('both'))
    report.part('Beside')
    report.is('nothing was contacted but this machine', desk.contacts(), [])
    await theirs.within("await fetch('http://192.0.2.1/').catch(() => undefined)")
    report.is('what OpenClaw does contact is refused, and seen', desk.contacts(), ['192.0.2.1'])
  } finally {
    await desk.close()
  }
  const failures = report.failures()
  print(failures === 0 ? '\nAll of it is as it is to be.' : `\n${failures} of it are not as they are to be.`)
  return failures === 0 ? 0 : 1
}

/** OpenClaw writes; this program reads the same directory. */
async function readingTheirs(report: Report, { sandbox }: Desk, house: House): Promise<void> {
  report.part('What OpenClaw writes, read here')
  const login = sandbox.oauth.login({
    provider: 'openai',
    account: { id: 'acct-eve', email: 'eve@sandbox.invalid' },
  })
  const credential = {
    ...{ type: 'oauth', provider: 'openai-codex', access: login.accessToken, refresh: login.refreshToken },
    ...{ expires: Date.parse(login.expiresAt), accountId: 'acct-eve', email: 'eve@sandbox.invalid' },
  }
  await house.within(`
    sdk.upsertAuthProfile({ profileId: 'anthropic:default', agentDir,
      credential: { type: 'api_key', provider: 'anthropic', key: '${KEY('default')}', email: 'eve@sandbox.invalid' } })
    sdk.upsertAuthProfile({ profileId: 'openai-codex:eve@sandbox.invalid', agentDir, credential: ${JSON.stringify(credential)} })`)
  const paste = (id: string, provider: string, token: string, ...more: string[]) =>
    house.openclaw(
      ['models', 'auth', 'paste-token', '--provider', provider, '--profile-id', id, ...more],
      `${token}\r`,
    )
  const pasted = [
    await paste('anthropic:work', 'anthropic', TOKEN('work'), '--expires-in', '30d'),
    await paste('anthropic:spare', 'anthropic', TOKEN('spare')),
    await paste('openrouter:manual', 'openrouter', 'sk-or-v1-test'),
  ]
  report.is(
    'its `models auth paste-token` has stored three tokens',
    pasted.map(({ code }) => code),
    [0, 0, 0],
  )
  const { auth } = jsonOf(await house.claviger(['models', 'auth', 'list', '--json']))
  report.is(
    'ids and types of all; what serves no harness here has none',
    (auth as { id: string; type: string }[]).map(({ id, type }) => `${id} ${type}`).sort(),
    [
      ...['anthropic:default claude/api-key', 'anthropic:spare claude/setup-token'],
      ...['anthropic:work claude/setup-token', 'openai-codex:eve@sandbox.invalid codex/oauth'],
      'openrouter:manual ',
    ],
  )
  await house.openclaw(orderSet('anthropic:spare', 'anthropic:work'))
  const { order } = jsonOf(
    await house.claviger(['models', 'auth', 'order', 'get', '--provider', 'anthropic', '--json']),
  )
  report.is('the order that its `models auth order set` has set', order, [
    'anthropic:spare',
    'anthropic:work',
  ])
  await house.within(`
    const store = sdk.ensureAuthProfileStore(agentDir)
    await sdk.markAuthProfileUsed({ store, profileId: 'anthropic:default', agentDir })
    await sdk.markAuthProfileFailure({ store, profileId: 'anthropic:work', reason: 'rate_limit', agentDir })
    await sdk.markAuthProfileFailure({ store, profileId: 'anthropic:spare', reason: 'billing', agentDir })`)
  report.is(
    'the state of each: what it found rate limited or without money is cooling down',
    await statesHere(house),
    {
      'anthropic:default': 'ok used',
      'anthropic:spare': 'cooling_down',
      'anthropic:work': 'cooling_down',
      'openai-codex:eve@sandbox.invalid': 'ok',
      'openrouter:manual': 'unusable',
    },
  )
  await house.within(`
    const store = sdk.ensureAuthProfileStore(agentDir)
    for (const profileId of ['anthropic:work', 'anthropic:spare'])
      await sdk.clearAuthProfileCooldown({ store, profileId, agentDir })`)
  report.is('and is not when it has cleared that', Object.values(await statesHere(house)).filter(isHeld), [])
}

const isHeld = (state: string) => state === 'cooling_down'
const orderSet = (...ids: string[]) => ['models', 'auth', 'order', 'set', '--provider', 'anthropic', ...ids]

async function statesHere(house: House): Promise<Record<string, string>> {
  const { profiles } = jsonOf(await house.claviger(['models', 'status', '--json']))
  const all = profiles as { profile: string; state: string; lastUsedAt: string | null }[]
  const inWords = all.map(
    ({ profile, state, lastUsedAt }) => [profile, `${state}${lastUsedAt === null ? '' : ' used'}`] as const,
  )
  return Object.fromEntries(inWords.sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** Another state directory takes over what is in OpenClaw's. */
async function importingTheirs(report: Report, desk: Desk, theirs: House): Promise<void> {
  report.part('What OpenClaw writes, taken over with `models auth import`')
  const house = desk.house('importing')
  const ran = await house.claviger(['models', 'auth', 'import', '--from', theirs.stateDirectory, '--dry-run'])
  report.is('a dry run says what would be', ran.code, 0)
  const { order, usageStats } = fileIn(theirs.main.state)
  const state = { order, usageStats }
  await house.claviger([...'models auth import --accept-notice --from'.split(' '), theirs.main.profiles])
  const taken = fileIn(house.main.profiles)
  report.is('it brings the order', taken['order'], state.order)
  report.is(
    'and how each was used',
    Object.keys(taken['usageStats'] ?? {}).sort(),
    Object.keys(state.usageStats ?? {}).sort(),
  )
}

/** This program writes; OpenClaw reads the same directory. */
async function readingOurs(report: Report, { sandbox }: Desk, house: House): Promise<void> {
  report.part('What is written here, read by OpenClaw')
  sandbox.oauth.signInAs('openai', { id: 'acct-ada', email: 'ada@sandbox.invalid' })
  const agree = (said: string) => {
    const [, code] = said.match(/type this code: (\S+)/) ?? []
    if (code !== undefined) sandbox.oauth.decideDevice(code, 'approve')
  }
  const login = ['models', 'auth', 'login', '--provider', 'openai-codex', '--method', 'device']
  const paste = (verb: string, name: string) => [
    'models',
    'auth',
    verb,
    '--provider',
    'anthropic',
    '--profile-id',
    name,
  ]
  const ran = [
    await house.claviger(login, '', agree),
    await house.claviger(paste('paste-api-key', 'anthropic:key'), KEY('key')),
    await house.claviger([...paste('paste-token', 'anthropic:work'), '--accept-notice'], TOKEN('work')),
    await house.claviger(orderSet('anthropic:work', 'anthropic:key')),
  ]
  report.is(
    'a sign-in, a key, a token and an order are stored',
    ran.map(({ code, stderr }) => (code === 0 ? 0 : stderr)),
    [0, 0, 0, 0],
  )
  const file = fileIn(house.main.profiles)['profiles'] as Record<string, Record<string, unknown>>
  const ada = 'openai-codex:ada@sandbox.invalid'
  const { auth } = jsonOf(await house.openclaw(['models', 'status', '--json'])) as { auth: TheirStatus }
  report.is(
    'its `models status` has their types and providers, and how many there are of each',
    auth.providers.map(({ provider, profiles: { apiKey, oauth, token } }) => ({
      provider,
      apiKey,
      oauth,
      token,
    })),
    [
      { provider: 'anthropic', apiKey: 1, oauth: 0, token: 1 },
      { provider: 'openai-codex', apiKey: 0, oauth: 1, token: 0 },
    ],
  )
  report.is(
    'its state of each, and when it ends',
    auth.oauth.profiles.map(({ profileId, type, status, expiresAt }) => ({
      profileId,
      type,
      status,
      expiresAt,
    })),
    [
      { profileId: 'anthropic:key', type: 'api_key', status: 'static', expiresAt: undefined },
      {
        profileId: 'anthropic:work',
        type: 'token',
        status: 'static',
        expiresAt: file['anthropic:work']?.['expires'],
      },
      { profileId: ada, type: 'oauth', status: 'ok', expiresAt: file[ada]?.['expires'] },
    ],
  )
  const { order } = jsonOf(
    await house.openclaw(['models', 'auth', 'order', 'get', '--provider', 'anthropic', '--json']),
  )
  report.is('its `models auth order get` has the order', order, ['anthropic:work', 'anthropic:key'])
  const profiles = await house.within('return sdk.ensureAuthProfileStore(agentDir).profiles')
  report.is('it has every key of every profile, account and e-mail among them', profiles, file)
  report.is(
    'it would give a run of it these values',
    await house.within(`
      const store = sdk.ensureAuthProfileStore(agentDir)
      const of = async (profileId) => (await sdk.resolveApiKeyForProfile({ cfg: {}, store, profileId, agentDir }))?.apiKey
      return Promise.all(Object.keys(store.profiles).sort().map(of))`),
    [KEY('key'), TOKEN('work'), file[ada]?.['access']],
  )
  await house.claviger(['agents', 'add', 'work'])
  await house.claviger([...paste('paste-api-key', 'anthropic:own'), '--agent', 'work'], KEY('own'))
  report.is(
    'its agent of the name of one of ours has the key of that, and reads the others through',
    await house.within(`return sdk.ensureAuthProfileStore(agentDir.replace('/main/', '/work/')).profiles`),
    { ...file, 'anthropic:own': { type: 'api_key', provider: 'anthropic', key: KEY('own') } },
  )
}

interface TheirStatus {
  readonly providers: readonly {
    readonly provider: string
    readonly profiles: { readonly apiKey: number; readonly oauth: number; readonly token: number }
  }[]
  readonly oauth: {
    readonly profiles: readonly { profileId: string; type: string; status: string; expiresAt?: number }[]
  }
}

process.exitCode = await main()
