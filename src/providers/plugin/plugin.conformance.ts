// What every plugin of a provider must do, in whatever language it is written. It is started as Claviger starts it, and
// asked what Claviger asks. The provider it talks to is the caller's: a sandbox, never the real one.

import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CREDENTIAL_TYPES } from '../../domain/credential-types.ts'
import { Secret } from '../../domain/secret.ts'
import type { FieldValues } from '../../domain/values.ts'
import { createPlugins, type PluginLogin, type Plugins } from './plugins.ts'
import { type Ability, PROGRAM_PREFIX, PROTOCOL } from './protocol.ts'

export interface PluginSubject {
  /** Full path of the program, which is called `claviger-provider-NAME`. */
  readonly program: string
  /** What it is to find in its environment. Called when the tests run. */
  environment(): Readonly<Record<string, string>>
  /** What it can do beside signing in, as it is to say itself. */
  readonly methods: readonly Ability[]
  /** What a person answers to this question in a login that succeeds. */
  answer(question: string, secret: boolean): string
  /** What a person does with this link in a login that succeeds. */
  open?(url: string): Promise<void>
}

/** Declares the suite, with vitest. */
export function describePlugin(subject: PluginSubject): void {
  const name = basename(subject.program).slice(PROGRAM_PREFIX.length)
  describe(`plugin ${name}`, () => {
    let directory: string
    let plugins: Plugins
    const environment = () => ({
      ...subject.environment(),
      PATH: `${dirname(subject.program)}:/usr/local/bin:/usr/bin:/bin`,
    })
    const signIn = () => plugins.login(name, deskOf(subject))

    beforeAll(async () => {
      directory = await mkdtemp(join(tmpdir(), 'claviger-plugin-'))
      plugins = createPlugins({ directory, environment: environment() })
    })
    afterAll(() => rm(directory, { recursive: true, force: true }))

    it('describes itself', async () => {
      const found = (await plugins.list()).find((one) => one.name === name)
      expect(found?.fault).toBe('')
      expect(found?.description?.methods.toSorted()).toEqual(subject.methods.toSorted())
    })

    it('refuses what it does not understand, goes on, and ends with its input', async () => {
      const asked = [
        'no JSON',
        JSON.stringify({ protocol: PROTOCOL + 1, id: 'a', method: 'describe', params: {} }),
        JSON.stringify({ protocol: PROTOCOL, id: 'b', method: 'no-such-method', params: {} }),
        JSON.stringify({ protocol: PROTOCOL, id: 'c', method: 'describe', params: {} }),
      ]
      const { lines, code } = await run(subject.program, environment(), asked)
      expect(lines.map((line) => JSON.parse(line))).toMatchObject([
        { error: { code: 'invalid' } },
        { id: 'a', error: { code: 'invalid' } },
        { id: 'b', error: { code: 'unsupported' } },
        { id: 'c', protocol: PROTOCOL, result: { name } },
      ])
      expect(code).toBe(0)
    })

    it('signs in, with a credential of a type that it has described', async () => {
      const { type, tokens } = await signIn()
      const { description } = (await plugins.list()).find((one) => one.name === name) ?? {}
      expect(description?.types).toContain(type)
      expect(CREDENTIAL_TYPES[type].harness).not.toBeNull()
      expect(tokens.content.shown['plugin']).toBe(name)
    })

    if (subject.methods.includes('probe')) describeProbe(() => plugins, signIn)
    if (subject.methods.includes('refresh')) describeRefresh(() => plugins, signIn)
    if (subject.methods.includes('revoke')) {
      it('ends a login', async () => {
        const { type, tokens } = await signIn()
        expect(await plugins.revoke(type, tokens.content.values)).toBe(true)
      })
    }
  })
}

function describeProbe(plugins: () => Plugins, signIn: () => Promise<PluginLogin>): void {
  it('tells a key that works from one that nobody made', async () => {
    const { type, tokens } = await signIn()
    const { values } = tokens.content
    expect((await plugins().probe(type, values)).result).toBe('works')
    const key = new Secret(`${values['key']?.expose()}x`)
    expect((await plugins().probe(type, { ...values, key })).result).toBe('refused')
  })
}

function describeRefresh(plugins: () => Plugins, signIn: () => Promise<PluginLogin>): void {
  const renewed = async (type: PluginLogin['type'], before: FieldValues) => {
    const said = await plugins().renew(type, before, 30_000)
    if (said.kind !== 'answered') throw new Error(`it was not renewed: ${JSON.stringify(said)}`)
    return plugins().tokensIn(type, said.raw, before, Date.now())
  }

  it('renews a key, of the same account, time after time', async () => {
    const { type, tokens } = await signIn()
    expect(tokens.renewable).toBe(true)
    const first = await renewed(type, tokens.content.values)
    const second = await renewed(type, first?.content.values ?? {})
    expect(first?.account.id).toBe(tokens.account.id)
    expect(second?.account.id).toBe(tokens.account.id)
    expect(second?.expiresAt).toBeGreaterThan(Date.now())
  })

  it('says that a login is over which nobody has', async () => {
    const { type, tokens } = await signIn()
    const refresh = new Secret('nobody-has-this-one')
    const said = await plugins().renew(type, { ...tokens.content.values, refresh }, 30_000)
    expect(said).toEqual({ kind: 'refused', reason: 'refused' })
  })
}

function deskOf({ answer, open }: PluginSubject) {
  return {
    ask: async (question: string, secret: boolean) => new Secret(answer(question, secret)),
    open: (url: string) => void open?.(url),
    note: () => undefined,
  }
}

function run(
  program: string,
  environment: Readonly<Record<string, string>>,
  asked: readonly string[],
): Promise<{ lines: string[]; code: number | null }> {
  const child = spawn(program, [], { env: { ...environment }, stdio: ['pipe', 'pipe', 'ignore'] })
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text
  })
  child.stdin.end(asked.map((line) => `${line}\n`).join(''))
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => resolve({ lines: output.trim().split('\n'), code }))
  })
}
