// Plugins that do harm, and what that comes to.

import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, test } from 'vitest'
import { Secret } from '../../domain/secret.ts'
import { identifyProcess, isAlive } from '../../lib/process.ts'
import { createPlugins, type PluginDesk } from './plugins.ts'

let directory: string
let bin: string

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'claviger-plugins-'))
  bin = join(directory, 'bin')
  await mkdir(bin)
})
afterEach(() => rm(directory, { recursive: true, force: true }))

const FIELDS = {
  key: new Secret('sk-plugin-key-000001'),
  plugin: new Secret('acme'),
  refresh: new Secret('acme-refresh-000001'),
  accountId: new Secret('account-1'),
}
const DESCRIPTION = {
  ...{ name: 'acme', version: '1', types: ['codex/api-key'] },
  ...{ methods: ['refresh', 'probe', 'revoke'], environment: ['OUT', 'CLAVIGER_TOKEN'] },
}
const CREDENTIAL = {
  ...{ type: 'codex/api-key', key: 'sk-plugin-key-000002', account: { id: 'account-1' } },
  renewal: { refresh: 'acme-refresh-000002', expiresInSeconds: 3_600 },
}

// `say JSON` answers the last request, `result` its result.
async function plugin(script: string, description: object = DESCRIPTION): Promise<void> {
  const program = join(bin, 'claviger-provider-acme')
  await writeFile(
    program,
    `#!/bin/sh
hear() { read -r line || exit 0; id=\${line#*'"id":"'}; id=\${id%%'"'*}; }
say() { printf '{"protocol":1,"id":"%s",%s}\\n' "$id" "$1"; }
result() { say "\\"result\\":$1"; }
CREDENTIAL='${JSON.stringify(CREDENTIAL)}'
hear
case "$line" in *'"method":"describe"'*) result '${JSON.stringify(description)}'; hear;; esac
${script}
`,
  )
  await chmod(program, 0o755)
}

function plugins(more: Readonly<Record<string, string>> = {}) {
  const environment = { PATH: `${bin}:/usr/bin:/bin`, OUT: join(directory, 'out'), ...more }
  return createPlugins({ directory: join(directory, 'homes'), environment })
}

const renew = (timeoutMs = 20_000) => plugins().renew('codex/api-key', FIELDS, timeoutMs)
const out = () => readFile(join(directory, 'out'), 'utf8')

const desk = (answers: readonly string[] = []): PluginDesk & { readonly said: string[] } => {
  const [left, said] = [[...answers], [] as string[]]
  return {
    said,
    ask: async (question, secret) => {
      said.push(`${secret ? 'secret' : 'text'}: ${question}`)
      return new Secret(left.shift() ?? '')
    },
    open: (url, text) => void said.push(`${text} ${url}`),
    note: (text) => void said.push(text),
  }
}

describe('a plugin that renews', () => {
  it('is asked with the credential, and its answer is kept as it came', async () => {
    await plugin(`echo "$line" > "$OUT"; result "{\\"credential\\":$CREDENTIAL}"`)
    const said = await renew()
    if (said.kind !== 'answered') throw new Error(said.kind)
    const tokens = plugins().tokensIn('codex/api-key', said.raw, FIELDS, 1_000_000)
    expect(tokens).toMatchObject({ renewable: true, expiresAt: 4_600_000, account: { id: 'account-1' } })
    expect(tokens?.content.values['refresh']?.expose()).toBe('acme-refresh-000002')
    expect(JSON.parse(await out())).toMatchObject({
      protocol: 1,
      method: 'refresh',
      params: { credential: { key: 'sk-plugin-key-000001', refresh: 'acme-refresh-000001' } },
    })
  })

  it('has only the variables that it declares, and none of ours', async () => {
    await plugin(`env | sed 's/=.*//' | sort > "$OUT"; result "{\\"credential\\":$CREDENTIAL}"`)
    await plugins({ OTHER: 'x', CLAVIGER_TOKEN: 'x' }).renew('codex/api-key', FIELDS, 20_000)
    const names = (await out()).trim().split('\n')
    expect(names.filter((name) => !['PWD', '_', 'OLDPWD', 'SHLVL'].includes(name))).toEqual([
      'HOME',
      'LANG',
      'OUT',
      'PATH',
      'TMPDIR',
    ])
  })

  it('leaves nothing in its home', async () => {
    await plugin(`echo secret > "$HOME/file"; result "{\\"credential\\":$CREDENTIAL}"`)
    await renew()
    expect(await readdir(join(directory, 'homes'))).toEqual([])
  })

  it('that answers twice is believed once', async () => {
    await plugin(`result "{\\"credential\\":$CREDENTIAL}"; result '{"credential":{"key":"sk-another"}}'`)
    const said = await renew()
    expect(said.kind === 'answered' && JSON.parse(said.raw.expose())).toEqual({ credential: CREDENTIAL })
  })

  it('says that the login is over', async () => {
    await plugin(`say '"error":{"code":"refused","message":"sk-plugin-key-000001"}'`)
    expect(await renew()).toEqual({ kind: 'refused', reason: 'refused' })
  })

  it('may ask for time', async () => {
    await plugin(`say '"error":{"code":"unavailable","retryAfterSeconds":9}'`)
    expect(await renew()).toMatchObject({ kind: 'failed', doubtful: false, retryAfterMs: 9_000 })
  })
})

describe('a hostile plugin', () => {
  const LEAK = 'sk-plugin-key-000001'
  it.each([
    ['prints no JSON', 'echo nothing', 'Its answer is none.'],
    ['prints an empty line', 'echo', 'Its answer is none.'],
    ['answers null', 'echo null', 'Its answer is none.'],
    ['answers with nothing in it', `say '"x":1'`, 'Its answer is none.'],
    ['answers yes and no', `say '"result":{},"error":{"code":"refused"}'`, 'Its answer is none.'],
    ['has an error of its own', `say '"error":{"code":"${LEAK}"}'`, 'Its answer is none.'],
    ['answers another question', `id=other; result '{}'`, 'It answered something that it was not asked.'],
    [
      'speaks another version',
      `printf '{"protocol":2,"id":"%s","result":{}}\\n' "$id"`,
      'It does not speak version 1 of the protocol.',
    ],
    ['ends in the middle', `printf '{"protocol":1,'; exit 3`, 'It ended before it answered.'],
    ['ends at once', 'exit 0', 'It ended before it answered.'],
    ['kills itself', 'kill -9 $$', 'It ended before it answered.'],
    [
      'answers with a line that is too long',
      `head -c 70000 /dev/zero | tr '\\0' x; echo`,
      'It said more than fits in an answer.',
    ],
    ['prints without a line', `yes | tr -d '\\n'`, 'It said more than fits in an answer.'],
    ['floods its standard error', 'yes >&2', 'It printed without end.'],
    ['prints secrets to its standard error', `echo ${LEAK} >&2; exit 1`, 'It ended before it answered.'],
  ])('that %s harms nobody', async (_, script, message) => {
    await plugin(script)
    const said = await renew()
    expect(said).toMatchObject({ kind: 'failed', doubtful: true, message: `The plugin acme: ${message}` })
    expect(JSON.stringify(said)).not.toContain(LEAK)
    expect(await readdir(join(directory, 'homes'))).toEqual([])
  })

  it.each([
    ['hangs', 'sleep 60 & echo "$! $$" > "$OUT"; wait'],
    [
      'does not listen to signals',
      `trap '' TERM INT HUP; sleep 60 & echo "$! $$" > "$OUT"; while :; do wait; done`,
    ],
  ])('that %s is ended with all it has started', async (_, script) => {
    await plugin(script)
    const said = await renew(2_000)
    expect(said).toMatchObject({ kind: 'failed', doubtful: true })
    expect(JSON.stringify(said)).toContain('did not answer in time')
    for (const pid of (await out()).trim().split(' '))
      await expect.poll(() => isAlive(identifyProcess(Number(pid)))).toBe(false)
  })

  it('that leaves a process behind, in a session of its own, does not keep it', async () => {
    await plugin(
      `setsid sh -c 'echo $$ > "$OUT"; exec sleep 60' & while [ ! -s "$OUT" ]; do sleep 0.05; done
result "{\\"credential\\":$CREDENTIAL}"`,
    )
    expect((await renew()).kind).toBe('answered')
    expect(isAlive(identifyProcess(Number(await out())))).toBe(false)
  })

  it.each([
    ['no credential', '{}'],
    ['a type it may not bring', '{"credential":{"type":"claude/oauth","key":"sk-ant-oat01-x"}}'],
    [
      'a key that is none',
      '{"credential":{"type":"codex/api-key","key":"two words","renewal":{"refresh":"x","expiresInSeconds":60}}}',
    ],
    [
      'a key that is not renewed any more',
      '{"credential":{"type":"codex/api-key","key":"sk-plugin-key-000002"}}',
    ],
    [
      'an end that is none',
      '{"credential":{"type":"codex/api-key","key":"sk-x","renewal":{"refresh":"x","expiresInSeconds":-1}}}',
    ],
  ])('that answers with %s has brought no tokens', (_, answer) => {
    expect(plugins().tokensIn('codex/api-key', new Secret(answer), FIELDS, 1)).toBeNull()
  })
})

describe('a program that is no plugin', () => {
  it.each([
    ['another name', { ...DESCRIPTION, name: 'openai' }, 'It says that it is another than its name says.'],
    ['no version', { name: 'acme', types: ['codex/api-key'], methods: [] }, 'It does not describe itself.'],
    ['a login of Claude', { ...DESCRIPTION, types: ['claude/oauth'] }, 'It does not describe itself.'],
  ])('because it describes %s', async (_, description, fault) => {
    await plugin('', description)
    expect(await plugins().list()).toMatchObject([{ name: 'acme', description: null, fault }])
    expect(await renew()).toMatchObject({ kind: 'failed', doubtful: false })
    await expect(plugins().login('acme', desk())).rejects.toMatchObject({ code: 'upstream' })
  })

  it('is not looked for where PATH does not say in full, nor taken from where others may write', async () => {
    await plugin('')
    expect(await plugins({ PATH: '.:bin:/usr/bin:/bin' }).list()).toEqual([])
    await chmod(join(bin, 'claviger-provider-acme'), 0o777)
    expect(await plugins().list()).toEqual([])
    await expect(plugins().login('acme', desk())).rejects.toMatchObject({ code: 'not_found' })
    expect(await renew()).toMatchObject({ kind: 'failed', doubtful: false })
  })
})

describe('signing in', () => {
  const done = `result "{\\"step\\":\\"done\\",\\"credential\\":$CREDENTIAL}"`

  it('goes step by step', async () => {
    await plugin(`result '{"step":"prompt","text":"Key?","secret":true}'; hear
echo "$line" > "$OUT"
result '{"step":"open","text":"Look:","url":"https://acme.test/x"}'; hear
result '{"step":"note","text":"Nearly."}'; hear
${done}`)
    const at = desk(['sk-plugin-typed-key'])
    const { type, tokens } = await plugins().login('acme', at)
    expect(type).toBe('codex/api-key')
    expect(tokens.account.id).toBe('account-1')
    expect(at.said).toEqual(['secret: Key?', 'Look: https://acme.test/x', 'Nearly.'])
    expect(JSON.parse(await out())).toMatchObject({
      method: 'continue',
      params: { answer: 'sk-plugin-typed-key' },
    })
  })

  test.each([
    ['asks for what there is not', `result '{"step":"shell","text":"x"}'`, 'upstream'],
    ['opens what is no page', `result '{"step":"open","text":"x","url":"javascript:alert(1)"}'`, 'upstream'],
    ['asks without end', `while :; do result '{"step":"note","text":"x"}'; hear; done`, 'upstream'],
    [
      'speaks without being asked',
      `result '{"step":"note","text":"x"}'; result '{"step":"note","text":"y"}'; sleep 1; hear; ${done}`,
      'upstream',
    ],
    ['is denied', `say '"error":{"code":"denied","message":"No."}'`, 'rejected'],
    [
      'brings a type it has not described',
      `result '{"step":"done","credential":{"type":"claude/api-key","key":"sk-ant-x"}}'`,
      'upstream',
    ],
    [
      'brings a key that is none',
      `result '{"step":"done","credential":{"type":"codex/api-key","key":"x y"}}'`,
      'upstream',
    ],
  ])('with one that %s stores nothing', async (_, script, code) => {
    await plugin(script)
    await expect(plugins().login('acme', desk())).rejects.toMatchObject({ code })
  })

  it('with one that brings a key that ends, and cannot renew it, stores nothing', async () => {
    await plugin(done, { ...DESCRIPTION, methods: [] })
    await expect(plugins().login('acme', desk())).rejects.toMatchObject({ code: 'upstream' })
  })

  it('shows nothing that was typed without being shown', async () => {
    await plugin(`result '{"step":"prompt","text":"Key?","secret":true}'; hear
result '{"step":"note","text":"You typed sk-plugin-typed-key."}'; hear
say '"error":{"code":"denied","message":"sk-plugin-typed-key is wrong."}'`)
    const at = desk(['sk-plugin-typed-key'])
    const denied = plugins().login('acme', at)
    await expect(denied).rejects.toMatchObject({ message: expect.stringContaining('[redacted] is wrong.') })
    expect(at.said).toEqual(['secret: Key?', 'You typed [redacted].'])
  })

  it('that a person gives up ends the program', async () => {
    await plugin(`echo $$ > "$OUT"; result '{"step":"prompt","text":"Key?"}'; sleep 60`)
    const givesUp = { ...desk(), ask: () => Promise.reject(new Error('given up')) }
    await expect(plugins().login('acme', givesUp)).rejects.toThrow('given up')
    await expect.poll(async () => isAlive(identifyProcess(Number(await out())))).toBe(false)
  })
})

describe('asking about a key, and ending a login', () => {
  it.each([
    [`result '{"result":"no_credit"}'`, 'no_credit'],
    [`result '{"result":"wonderful"}'`, 'unknown'],
    [`say '"error":{"code":"unavailable"}'`, 'unknown'],
    ['exit 1', 'unknown'],
  ])('%s means %s', async (script, result) => {
    await plugin(script)
    expect((await plugins().probe('codex/api-key', FIELDS)).result).toBe(result)
  })

  it.each([
    [`result '{"revoked":true}'`, true],
    [`result '{"revoked":false}'`, false],
    [`say '"error":{"code":"unsupported"}'`, true],
    ['exit 1', false],
  ])('%s: told %s', async (script, told) => {
    await plugin(script)
    expect(await plugins().revoke('codex/api-key', FIELDS)).toBe(told)
  })
})
