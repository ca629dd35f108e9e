// Programs that are not the claude program we know, and people who do not come back. The real one is in test/e2e.

import { chmod, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Secret } from '../../domain/secret.ts'
import { renewByProgram } from './renew.ts'
import { signInByProgram } from './sign-in.ts'

const grant = { refresh: new Secret('sk-ant-ort01-test-refresh'), scopes: ['user:inference'] }
const link = 'https://claude.ai/oauth/authorize?z-test'

let directory: string

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'claviger-program-'))
})
afterEach(() => rm(directory, { recursive: true, force: true }))

async function settings(script: string) {
  const program = join(directory, 'claude')
  await writeFile(program, `#!/bin/sh\n${script}\n`)
  await chmod(program, 0o755)
  return { program, directory: join(directory, 'homes'), environment: {} }
}

const missing = () => ({
  program: join(directory, 'missing'),
  directory: join(directory, 'homes'),
  environment: {},
})
const leftBehind = () => readdir(join(directory, 'homes'))
const waits = `echo ${link}; read code; exit 1`

describe('a sign-in', () => {
  test('says that there is no program', async () => {
    await expect(signInByProgram(missing())).rejects.toMatchObject({ code: 'unavailable', hint: /install/i })
    expect(await leftBehind()).toEqual([])
  })

  test('says that the program is too old, without its words', async () => {
    const old = await settings(`echo "error: unknown command 'auth' sk-ant-oat01-test" >&2; exit 1`)
    const refused = await signInByProgram(old).catch((error: unknown) => error)
    expect(refused).toMatchObject({ code: 'unavailable', hint: expect.stringContaining('Update') })
    expect(String(refused)).not.toMatch(/sk-ant|unknown/)
    expect(await leftBehind()).toEqual([])
  })

  test('nobody comes back to is over in time, and leaves nothing', async () => {
    const started = await signInByProgram(await settings(waits), 400)
    expect(started.url).toBe(link)
    expect(started.expiresAt - Date.now()).toBeLessThanOrEqual(400)
    await expect.poll(leftBehind).toEqual([])
    expect(await started.submit(new Secret('a#b'))).toMatchObject({ outcome: 'expired' })
  })

  test('can be cancelled, also while a code is checked', async () => {
    const idle = await signInByProgram(await settings(waits))
    await idle.cancel()
    await idle.cancel()
    expect(await idle.submit(new Secret('a#b'))).toMatchObject({ outcome: 'cancelled' })
    const slow = await signInByProgram(await settings(`echo ${link}; read code; sleep 60`))
    const checked = slow.submit(new Secret('a#b'))
    await slow.cancel()
    expect(await checked).toMatchObject({ outcome: 'cancelled' })
    expect(await leftBehind()).toEqual([])
  })

  test('whose program ends by itself is over', async () => {
    const started = await signInByProgram(await settings(`echo ${link}; exit 1`))
    await expect.poll(leftBehind).toEqual([])
    expect(await started.submit(new Secret('a#b'))).toMatchObject({ outcome: 'failed' })
  })

  test('checks one code at a time', async () => {
    const started = await signInByProgram(
      await settings(
        `echo ${link}; read one; sleep 0.3; echo "status code 400: Request failed with status code 400"; exit 1`,
      ),
    )
    const outcomes = await Promise.all([started.submit(new Secret('a#b')), started.submit(new Secret('c#d'))])
    expect(outcomes.map(({ outcome }) => outcome)).toEqual(['refused', 'refused'])
  })

  test('gives the program nothing of our environment but the way out', async () => {
    const script = `env | sort > ${directory}/seen; ${waits}`
    const own = {
      HTTPS_PROXY: 'http://127.0.0.1:1',
      ANTHROPIC_API_KEY: 'sk-ant-test-own',
      CLAVIGER_X: 'y',
      NO_PROXY: '',
    }
    const started = await signInByProgram({
      ...(await settings(`PATH=/usr/bin:/bin; ${script}`)),
      environment: own,
    })
    await started.cancel()
    const names = (await readFile(join(directory, 'seen'), 'utf8'))
      .trim()
      .split('\n')
      .map((line) => line.split('=')[0])
    expect(names).toEqual([
      'CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC',
      'CLAUDE_CONFIG_DIR',
      'DISABLE_AUTOUPDATER',
      'HOME',
      'HTTPS_PROXY',
      'NO_COLOR',
      'PATH',
      'PWD',
      'TERM',
      'TMPDIR',
    ])
  })
})

describe('a renewal', () => {
  test('says that there is no program, or that it is too old', async () => {
    expect(await renewByProgram(missing(), grant)).toMatchObject({
      ...{ outcome: 'unavailable', message: expect.stringContaining('Install one') },
    })
    const old = await settings(`echo "error: unknown option '--claudeai'" >&2; exit 1`)
    expect(await renewByProgram(old, grant)).toMatchObject({ outcome: 'unavailable' })
    expect(await leftBehind()).toEqual([])
  })

  test('takes the file as it is written, byte by byte, and does not wait for the program to end', async () => {
    const file = '{"claudeAiOauth":{"accessToken":"sk-ant-test-1","odd":"ä"}}\n'
    const write = `mkdir -p $CLAUDE_CONFIG_DIR; cd $CLAUDE_CONFIG_DIR; printf '{"claudeAiOauth":' > .credentials.json; sleep 0.2`
    const script = `PATH=/usr/bin:/bin; ${write}; printf '%s\\n' '${file.trim()}' > .credentials.json; sleep 60`
    const before = Date.now()
    const outcome = await renewByProgram(await settings(script), grant)
    expect(outcome.outcome === 'tokens' ? outcome.file.expose() : outcome).toBe(file)
    expect(Date.now() - before).toBeLessThan(30_000)
    // What came lies there until it is in a safe place.
    expect(await leftBehind()).toHaveLength(1)
    if (outcome.outcome === 'tokens') await outcome.remove()
    expect(await leftBehind()).toEqual([])
  })

  test('a program that prints without end, or dies, may have used the token up', async () => {
    const endless = await settings('while :; do echo xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx; done')
    expect(await renewByProgram(endless, grant)).toMatchObject({ outcome: 'transient', mayBeUsedUp: true })
    const dying = await settings('kill -9 $$')
    expect(await renewByProgram(dying, grant)).toMatchObject({ outcome: 'transient', mayBeUsedUp: true })
  })

  test.each([
    ['an empty token', '', ['user:inference']],
    ['a token with a line break', 'sk-ant-ort01-test\n', ['user:inference']],
    ['no scopes', 'sk-ant-ort01-test', []],
    ['a scope that is no word', 'sk-ant-ort01-test', ['user:inference x']],
  ])('with %s starts nothing', async (_, refresh, scopes) => {
    const program = await settings(`touch ${directory}/started`)
    const refused = renewByProgram(program, { refresh: new Secret(refresh), scopes })
    await expect(refused).rejects.toMatchObject({ code: 'invalid' })
    expect(await readdir(directory)).not.toContain('started')
  })
})
