// Signing in at a provider on a terminal: the browser that comes back against the prompt for pasting, and the questions of
// codex-login. The command line runs in this process on streams that say they are terminals, against a real server.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { runCli } from '../../src/cli/cli.ts'
import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts'
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
  expect(stdout + stderr).not.toContain(token)
})
