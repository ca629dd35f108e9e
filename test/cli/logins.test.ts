// Signing in at a provider on a terminal: the browser that comes back against the prompt for pasting, and the questions of
// codex-login. The command line runs in this process on streams that say they are terminals, against a real server.

import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { runCli } from '../../src/cli/cli.ts'
import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts'
import { digTunnel } from '../support/tunnel.ts'
import { createWorkshop, type Workshop } from './workshop.ts'

let sandbox: Sandbox
let workshop: Workshop

beforeAll(async () => {
  sandbox = await startSandbox()
  workshop = await createWorkshop({ CLAVIGER_OPENAI_ISSUER: sandbox.issuerUrl })
  await workshop.startServer()
})

afterAll(async () => {
  await workshop.dispose()
  await sandbox.close()
})

const never = () => Promise.reject(new Error('This verb does not start anything.'))

type Reaction = (typing: (text: string) => void, said: string) => void | Promise<void>

// Does what a person would when they have read something.
async function onTerminal(
  argv: readonly string[],
  reactions: readonly (readonly [RegExp, Reaction])[],
  env = workshop.env,
) {
  const terminal = () => Object.assign(new PassThrough(), { isTTY: true, columns: 400, rows: 50 })
  const [stdin, stdout, stderr] = [
    Object.assign(terminal(), { setRawMode: () => undefined }),
    new PassThrough(),
    terminal(),
  ]
  const waiting = [...reactions]
  const printed = { stdout: '', stderr: '' }
  stdout.on('data', (text: Buffer) => {
    printed.stdout += text.toString()
  })
  let from = 0
  stderr.on('data', (text: Buffer) => {
    printed.stderr += text.toString()
    const [sign, react] = waiting[0] ?? []
    if (react === undefined || sign?.test(printed.stderr.slice(from)) !== true) return
    waiting.shift()
    from = printed.stderr.length
    setTimeout(() => void react((typed) => void stdin.write(typed), printed.stderr), 50)
  })
  const exitCode = await runCli([...argv, '--no-browser'], {
    ...{ version: '0', env, stdin: stdin as never, stdout: stdout as never, stderr: stderr as never },
    ...{
      selfCommand: [],
      startServer: never,
      startSandbox: never,
      offline: never,
      openProfiles: never,
      agentFolders: never,
      machineLook: never,
      harnessOf: never,
    },
  })
  expect(waiting, `Not asked. It said:\n${printed.stderr}`).toEqual([])
  return { exitCode, ...printed }
}

/** Where the browser is sent to when the person has agreed. */
async function agree(said: string): Promise<string> {
  const links = said.match(/http:\S+\/oauth\/authorize\S+/g) ?? []
  const answer = await fetch(links.at(-1) ?? '', { redirect: 'manual' })
  return answer.headers.get('location') ?? ''
}

const PROMPT = /Paste the code/

test('the browser comes back while the prompt waits; what is wrong leaves both waiting', async () => {
  const pages: string[] = []
  const { exitCode, stdout } = await onTerminal(
    ['credential', 'create', 'codex', 'oauth', 'main'],
    [
      [
        PROMPT,
        async (_, said) => {
          const back = await agree(said)
          for (const state of ['state=another', 'state=', 'from=a+page+elsewhere']) {
            const wrong = await fetch(back.replace(/state=[^&]*/, state))
            pages.push(`${wrong.status} ${await wrong.text()}`)
          }
          // A page elsewhere can ask as often as it likes.
          await Promise.all(Array.from({ length: 30 }, () => fetch(back.replace(/state=[^&]*/, 'state=x'))))
          const good = await fetch(back)
          pages.push(`${good.status} ${await good.text()}`)
        },
      ],
    ],
  )
  await expect.poll(() => pages.length).toBe(4)
  expect(pages).toEqual([
    ...Array(3).fill(expect.stringMatching(/^400 This belongs to another sign-in\.[\s\S]*still waiting/)),
    expect.stringMatching(/^200 You are signed in\./),
  ])
  expect({ exitCode, stdout }).toMatchObject({ exitCode: 0 })
  expect(stdout).toMatch(/^Created codex\/oauth main \(personal, …/)
})

test('pasting wins when it is first, and a wrong paste is asked for again', async () => {
  const { exitCode, stderr } = await onTerminal(
    ['credential', 'login', 'main'],
    [
      [PROMPT, (type) => type('nonsense of a code\r')],
      [
        /no code in what was entered[\s\S]*Paste the code/,
        async (type, said) => type(`${await agree(said)}\r`),
      ],
    ],
  )
  expect({ exitCode, stderr: exitCode === 0 ? '' : stderr }).toEqual({ exitCode: 0, stderr: '' })
})

test('giving up cancels the sign-in and stores nothing', async () => {
  const { exitCode } = await onTerminal(
    ['credential', 'create', 'codex', 'oauth', 'given-up'],
    [[PROMPT, (type) => type('\u0003')]],
  )
  expect(exitCode).toBe(1)
  expect((await workshop.run('claviger credential show given-up')).exitCode).toBe(1)
  expect((await workshop.run('claviger audit list --json')).stdout).toContain('login.cancel')
})

test('codex-login asks for the server and the key, which is not shown, and says where it stored the login', async () => {
  const { url } = JSON.parse(readFileSync(join(workshop.stateDirectory, 'server.json'), 'utf8'))
  const token = readFileSync(join(workshop.stateDirectory, 'admin.token'), 'utf8').trim()
  const elsewhere = { ...workshop.env, CLAVIGER_STATE_DIR: join(workshop.directory, 'laptop') }
  const { exitCode, stdout, stderr } = await onTerminal(
    ['codex-login'],
    [
      [/Server \(Enter for http/, (type) => type(`${url}\r`)],
      [/API key for http/, (type) => type(`${token}\r`)],
      [PROMPT, async (type, said) => type(`${await agree(said)}\r`)],
    ],
    elsewhere,
  )
  expect({ exitCode, stderr: exitCode === 0 ? '' : stderr }).toEqual({ exitCode: 0, stderr: '' })
  expect(stdout).toContain('Stored codex/oauth codex (org, ')
  expect(stdout).toContain(`On ${url}, in the organization My organization.`)
  expect(stdout).toMatch(/^Fingerprint of the server: [0-9a-f-]{39}$/m)
  expect(stdout + stderr).not.toContain(token)
})

test('codex-login goes through a tunnel: it is told that it is the same server, and the browser comes back here', async () => {
  const { url } = JSON.parse(readFileSync(join(workshop.stateDirectory, 'server.json'), 'utf8'))
  const token = readFileSync(join(workshop.stateDirectory, 'admin.token'), 'utf8').trim()
  const elsewhere = { ...workshop.env, CLAVIGER_STATE_DIR: join(workshop.directory, 'laptop') }
  const tunnel = await digTunnel(url)
  try {
    const { exitCode, stdout, stderr } = await onTerminal(
      ['codex-login', '--api-url', tunnel.url],
      [
        [/API key for http/, (type) => type(`${token}\r`)],
        [PROMPT, async (_, said) => void (await fetch(await agree(said)))],
      ],
      elsewhere,
    )
    expect({ exitCode, stderr: exitCode === 0 ? '' : stderr }).toEqual({ exitCode: 0, stderr: '' })
    const [first, second] = stderr.split('\n')
    expect(first).toMatch(new RegExp(`^Server: ${tunnel.url}, My organization, fingerprint [0-9a-f-]{39}$`))
    expect(second).toBe(`This terminal knows it as ${url}.`)
    expect(stdout).toContain(`On ${tunnel.url}, in the organization My organization.`)
  } finally {
    await tunnel.close()
  }
})

test('where another server was before, a person is asked before the key is', async () => {
  const { url } = JSON.parse(readFileSync(join(workshop.stateDirectory, 'server.json'), 'utf8'))
  const laptop = join(workshop.directory, 'laptop')
  const elsewhere = { ...workshop.env, CLAVIGER_STATE_DIR: laptop }
  const file = join(laptop, 'known-servers.json')
  const known = JSON.parse(readFileSync(file, 'utf8'))
  const before = { organization: 'Production', fingerprint: '0000-1111' }
  writeFileSync(file, JSON.stringify({ ...known, [url]: before }))
  const refused = await onTerminal(
    ['codex-login', '--api-url', url],
    [[/Go on with this server\?/, (type) => type('n')]],
    elsewhere,
  )
  expect(refused.exitCode).toBe(1)
  expect(refused.stderr).toContain(
    `warning: this is not the server that was at ${url} before: Production, fingerprint 0000-1111`,
  )
  expect(refused.stderr).not.toContain('API key')
  expect(JSON.parse(readFileSync(file, 'utf8'))[url]).toEqual(before)
})
