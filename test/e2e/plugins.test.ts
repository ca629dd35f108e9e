// Signing in with the example plugin at a terminal, and what its profile is worth afterwards: renewed once however many
// processes come at its end, given to Codex as any API key, ended at its provider by a logout.

import { spawn } from 'node:child_process'
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { EXAMPLES, useDemoProvider } from '../support/demo-provider.ts'
import { programFile } from '../support/programs.ts'
import { atTerminal } from '../support/terminal.ts'

const demo = useDemoProvider()

let directory: string

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'claviger-plugins-'))
  await mkdir(join(directory, 'bin'))
})
afterEach(() => rm(directory, { recursive: true, force: true }))

interface Ran {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

const environment = () => ({
  ...{ PATH: `${join(directory, 'bin')}:${EXAMPLES}:/usr/bin:/bin`, HOME: directory, TERM: 'xterm' },
  ...{ CLAVIGER_STATE_DIR: join(directory, 'state'), DEMO_URL: demo.url() },
})

/** `opened`: what to do with each link that it shows. */
function claviger(words: readonly string[], input = '', opened?: (url: string) => void): Promise<Ran> {
  const child = spawn(process.execPath, [programFile('claviger'), ...words], {
    ...{ env: environment(), cwd: directory },
  })
  let [stdout, stderr] = ['', '']
  const seen = new Set<string>()
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
    for (const [, url = ''] of stderr.matchAll(/^ {2}(http\S+)\n/gm)) {
      if (!seen.has(url)) opened?.(url)
      seen.add(url)
    }
  })
  child.stdin.on('error', () => undefined)
  child.stdin.end(input)
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => resolve({ code, stdout, stderr }))
  })
}

const OVER = 'sk-key-that-is-over'
const file = () => join(directory, 'state/agents/main/agent/auth-profiles.json')
const readProfiles = async () => JSON.parse(await readFile(file(), 'utf8'))
const signIn = (...more: string[]) =>
  claviger(['models', 'auth', 'login', '--provider', 'demo', ...more], 'sign\n', (url) => void fetch(url))
const statuses = async () => {
  const { stdout } = await claviger(['models', 'status', '--json'])
  return JSON.parse(stdout).profiles as { profile: string; state: string; type: string }[]
}

/** As another program leaves it that has let its key come to its end. */
async function expire(profile: string): Promise<void> {
  const document = await readProfiles()
  Object.assign(document.profiles[profile], { access: OVER, expires: Date.now() - 1_000 })
  await writeFile(file(), JSON.stringify(document))
}

async function plugin(name: string, script: string): Promise<void> {
  const program = join(directory, 'bin', `claviger-provider-${name}`)
  await writeFile(program, script)
  await chmod(program, 0o755)
}

// What it asks for and is never given is not said to be read.
const GREEDY = `#!/bin/sh
read -r line; id=$(printf %s "$line" | sed 's/.*"id":"\\([^"]*\\)".*/\\1/')
echo '{"protocol":1,"id":"'$id'","result":{"name":"greedy","version":"1","types":["codex/api-key"],"methods":[],"environment":["CLAVIGER_X","PATH","HOME","DEMO_URL"]}}'
`

const KEY_OF_CODEX = ['sh', '-c', 'cat "$CODEX_HOME/auth.json"'] as const
const execIt = (profile: string) =>
  claviger(['exec', '--harness', 'codex', '--profile', profile, '--', ...KEY_OF_CODEX])

describe('the example plugin', () => {
  it('is found', async () => {
    await plugin('broken', '#!/bin/sh\nexit 1\n')
    await plugin('openai', '#!/bin/sh\nexit 1\n')
    await plugin('greedy', GREEDY)
    const { stdout, code } = await claviger(['models', 'providers', '--json'])
    expect(code).toBe(0)
    expect(JSON.parse(stdout).providers).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ provider: 'openai-codex', from: 'built in' }),
        expect.objectContaining({
          provider: 'demo',
          types: ['codex/api-key'],
          reads: ['DEMO_URL'],
          fault: '',
        }),
        expect.objectContaining({ provider: 'greedy', reads: ['DEMO_URL'] }),
        expect.objectContaining({ provider: 'broken', fault: 'It ended before it answered.' }),
        expect.objectContaining({ provider: 'openai', fault: 'A provider of this name is built in.' }),
      ]),
    )
  })

  it('signs in; its key is renewed once for all who come at its end, and ends with a logout', async () => {
    const before = await demo.counts()
    const signedIn = await signIn()
    expect(signedIn.stderr).toContain('Agree there, then come back:')
    expect(signedIn).toMatchObject({ code: 0, stdout: 'Created demo:ada@demo.test (OpenAI API key).\n' })
    const { profiles } = await readProfiles()
    const first = profiles['demo:ada@demo.test']
    expect(first).toMatchObject({
      ...{ type: 'oauth', provider: 'demo', accountId: 'demo-account-1', email: 'ada@demo.test' },
      metadata: { credential: 'codex/api-key', baseUrl: `${demo.url()}/v1` },
    })
    expect(await statuses()).toMatchObject([
      { profile: 'demo:ada@demo.test', state: 'ok', type: 'codex/api-key' },
    ])
    expect((await execIt('demo:ada@demo.test')).stdout).toContain(first.access)

    await expire('demo:ada@demo.test')
    const runs = await Promise.all([1, 2, 3, 4].map(() => execIt('demo:ada@demo.test')))
    const second = (await readProfiles()).profiles['demo:ada@demo.test']
    expect([OVER, first.access]).not.toContain(second.access)
    expect(second.refresh).not.toBe(first.refresh)
    expect(second.metadata).toEqual(first.metadata)
    expect(second.expires).toBeGreaterThan(Date.now())
    for (const { stdout, stderr } of runs) {
      expect(stdout, stderr).toContain(second.access)
      expect(stdout).not.toContain(second.refresh)
    }
    expect((await demo.counts()).renewals).toBe(before.renewals + 1)

    const asked = await claviger(['models', 'status', '--probe', '--json'])
    expect(JSON.parse(asked.stdout).profiles).toMatchObject([{ state: 'ok', probe: { result: 'works' } }])
    expect((await readProfiles()).profiles['demo:ada@demo.test'].access).not.toBe(second.access)
    expect((await demo.counts()).renewals).toBe(before.renewals + 2)

    // So soon it is not renewed again: the provider is asked about the key that it has.
    const again = await claviger(['models', 'status', '--probe', '--json'])
    expect(JSON.parse(again.stdout).profiles).toMatchObject([
      { state: 'ok', probe: { result: 'works', message: expect.stringContaining('accepts the key') } },
    ])
    expect((await demo.counts()).renewals).toBe(before.renewals + 2)

    const out = await claviger(['models', 'auth', 'logout', 'demo:ada@demo.test', '--force'])
    expect(out, out.stderr).toMatchObject({ code: 0 })
    expect((await readProfiles()).profiles).toEqual({})
    expect((await demo.counts()).revocations).toBe(before.revocations + 1)
  })

  it('takes a key that somebody pastes, which nobody renews', async () => {
    const answers = 'key\nsk-demo-static-key-0001\n'
    const pasted = await claviger(['models', 'auth', 'login', '--provider', 'demo'], answers)
    expect(pasted, pasted.stderr).toMatchObject({
      code: 0,
      stdout: 'Created demo:default (OpenAI API key).\n',
    })
    expect((await readProfiles()).profiles['demo:default']).toMatchObject({
      ...{ type: 'api_key', provider: 'demo', key: 'sk-demo-static-key-0001' },
    })
    const { stdout } = await claviger(['models', 'status', '--probe', '--json'])
    expect(JSON.parse(stdout).profiles).toMatchObject([{ state: 'ok', probe: { result: 'works' } }])
    const wrong = await claviger(['models', 'auth', 'login', '--provider', 'demo'], 'key\nsk-demo-nobody\n')
    expect(wrong.code).toBe(1)
    expect(wrong.stderr).toContain('It says: The demo gateway refuses this key.')
    expect(wrong.stderr).not.toContain('sk-demo-nobody')
  })

  it('says that an account is here already, under another name', async () => {
    expect((await signIn()).stderr).not.toContain('same account')
    const again = await signIn('--profile-id', 'work')
    expect(again).toMatchObject({ code: 0, stdout: expect.stringContaining('Created demo:work') })
    expect(again.stderr).toContain(
      'warning: a login of the same account is stored as demo:ada@demo.test too; both share its limits.',
    )
    const paste = (...more: string[]) =>
      claviger(['models', 'auth', 'login', '--provider', 'demo', ...more], 'key\nsk-demo-static-key-0001\n')
    expect((await paste()).stderr).not.toContain('warning')
    expect((await paste('--profile-id', 'twice')).stderr).toContain(
      'the very same login is stored as demo:default too',
    )
  })

  it('asks at a terminal, and does not show what is secret', async () => {
    const { code, shown } = await atTerminal(
      ['models', 'auth', 'login', '--provider', 'demo', '--profile-id', 'typed'],
      [
        [/Type key to paste/, 'key\r'],
        [/API key of the demo gateway/, 'sk-demo-static-key-0001\r'],
      ],
      { env: environment(), cwd: directory },
    )
    expect(code, shown).toBe(0)
    expect(shown).toContain('Created demo:typed (OpenAI API key).')
    expect(shown).not.toContain('sk-demo')
  })

  it('that is not there any more leaves a profile that can be used until its key ends', async () => {
    await signIn('--profile-id', 'work')
    const { access } = (await readProfiles()).profiles['demo:work']
    await plugin('demo', '#!/bin/sh\necho "$0" >&2; exit 9\n')
    expect((await execIt('demo:work')).stdout).toContain(access)
    await expire('demo:work')
    const late = await execIt('demo:work')
    expect(late.code).not.toBe(0)
    expect(late.stdout).toBe('')
    expect(late.stderr).not.toContain('claviger-provider-demo')
  })
})

// Signs in at once, and does with a renewal what it is told.
const hostile = (renewal: string) => `#!/usr/bin/env python3
import json, sys
def credential(account, n):
    return {"type": "codex/api-key", "key": "sk-evil-key-%08d" % n, "account": {"id": account},
            "renewal": {"refresh": "evil-refresh-%08d" % n, "expiresInSeconds": 3600}}
for line in sys.stdin:
    request = json.loads(line)
    def say(result):
        print(json.dumps({"protocol": 1, "id": request["id"], "result": result}), flush=True)
    if request["method"] == "describe":
        say({"name": "evil", "version": "1", "types": ["codex/api-key"], "methods": ["refresh"]})
    elif request["method"] == "login":
        say({"step": "done", "credential": credential("account-1", 1)})
    else:
        ${renewal}
`

describe('a hostile plugin', () => {
  const login = () => claviger(['models', 'auth', 'login', '--provider', 'evil'])

  it('that answers for another account puts nothing into the profile', async () => {
    await plugin('evil', hostile('say({"credential": credential("account-2", 2)})'))
    expect(await login()).toMatchObject({ code: 0 })
    await expire('evil:default')
    const ran = await execIt('evil:default')
    expect(ran.code).not.toBe(0)
    expect(ran.stdout).toBe('')
    expect((await readProfiles()).profiles['evil:default'].access).toBe(OVER)
    expect(await statuses()).toMatchObject([{ profile: 'evil:default', state: 'needs_login' }])
  })

  it('that prints secrets to its standard error and dies shows them to nobody', async () => {
    const script = 'sys.stderr.write(line + request["params"]["credential"]["refresh"]); sys.exit(1)'
    await plugin('evil', hostile(script))
    await login()
    await expire('evil:default')
    const ran = await execIt('evil:default')
    const all = `${ran.stdout}${ran.stderr}${(await claviger(['models', 'status'])).stdout}`
    expect(ran.code).not.toBe(0)
    expect(all).not.toContain(OVER)
    expect(all).not.toContain('evil-refresh')
  })

  it('does not take the place of another account', async () => {
    await plugin('evil', hostile('sys.exit(1)'))
    await login()
    await plugin('evil', hostile('sys.exit(1)').replace('"account-1"', '"account-2"'))
    const again = await login()
    expect(again.code).toBe(1)
    expect(again.stderr).toContain('evil:default is of a different account.')
  })
})
