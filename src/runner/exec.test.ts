// The runner as a process of its own (test/e2e/exec-driver.ts) around small stand-in programs: environment, files,
// signals, exit codes, clean-up. The real programs are in test/e2e.

import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { lstat, mkdir, readdir, readFile, readlink, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type StartedExec, type TestMachine, testMachine } from '../../test/e2e/exec-run.ts'
import { programFile } from '../../test/support/programs.ts'
import { formatHandle, formatToken } from '../domain/token.ts'

const VERSION = 'if [ "$1" = --version ]; then echo "2.1.330 (Claude Code)"; exit; fi'
const CODEX = 'if [ "$1" = --version ]; then echo "codex-cli 0.169.0"; exit; fi'

let machine: TestMachine
let started: StartedExec[]

beforeEach(async () => {
  machine = await testMachine()
  started = []
})

afterEach(async () => {
  for (const { child } of started) child.kill('SIGKILL')
  await machine.remove()
})

function claudeThat(script: string): Promise<void> {
  return machine.program('claude', `${VERSION}\n${script}`)
}

async function startWaiting(spec: Parameters<TestMachine['start']>[0] = {}): Promise<StartedExec> {
  const exec = await machine.start(spec)
  started.push(exec)
  await expect.poll(exec.output, { timeout: 10_000 }).toContain('ready')
  return exec
}

describe('the program', () => {
  test('gets the credential, the worker’s own variables, and nothing of ours', async () => {
    await claudeThat('env; echo "args: $*"')
    const environment = {
      CLAVIGER_TOKEN: 'cvg_test',
      CLAVIGER_SERVER: 'http://127.0.0.1:1',
      ANTHROPIC_AUTH_TOKEN: 'stray',
      GH_TOKEN: 'mine',
    }
    const { stdout, code, reports } = await machine.run({
      environment,
      command: ['claude', '-p', 'two words'],
    })
    expect(code).toBe(0)
    expect(stdout).toContain('ANTHROPIC_API_KEY=sk-ant-test-right\n')
    expect(stdout).toContain('GH_TOKEN=mine\n')
    expect(stdout).toContain('args: -p two words\n')
    expect(stdout).not.toContain('CLAVIGER_')
    expect(stdout).not.toContain('ANTHROPIC_AUTH_TOKEN')
    expect(reports[0]).toBe(
      'claude uses claude/api-key "main" of org (…last): it belongs to the organization',
    )
    expect(reports).toContain('set aside: ANTHROPIC_AUTH_TOKEN in the environment')
    expect(reports.join()).not.toContain('sk-ant')
  })

  test('never gets a token of ours, whatever its variable is called', async () => {
    await claudeThat('env')
    const environment = {
      API_KEY: formatToken(randomBytes(64)),
      SOME_HANDLE: `${formatHandle(`lease_${'0'.repeat(32)}`, randomBytes(64))}\n`,
      OTHER_API_KEY: 'clv_api_of_somebody_else',
    }
    for (const more of [{}, { credential: null }, { keepEnvironment: true }]) {
      const { stdout } = await machine.run({ environment, ...more, raw: [{ name: 'API_KEY', value: 'raw' }] })
      expect(stdout).not.toMatch(/clv_lease|SOME_HANDLE/)
      expect(stdout).not.toContain(environment.API_KEY)
      expect(stdout).toContain('OTHER_API_KEY=clv_api_of_somebody_else\n')
      expect(stdout).toContain('\nAPI_KEY=raw\n')
    }
  })

  test('gets raw secrets with names that every object knows', async () => {
    await claudeThat('env')
    const raw = ['constructor', '__proto__', 'toString'].map((name) => ({ name, value: `raw-${name}` }))
    const { stdout, reports } = await machine.run({ raw })
    for (const { name, value } of raw) expect(stdout).toContain(`${name}=${value}\n`)
    expect(reports.join()).not.toContain('skipped')
  })

  test('that has no suffix to show is named without one', async () => {
    await claudeThat('exit')
    const credential = { type: 'claude/api-key', fields: { key: 'sk-ant-test-1' }, suffix: '' } as const
    const { reports } = await machine.run({ credential })
    expect(reports[0]).toBe('claude uses claude/api-key "main" of org: it belongs to the organization')
  })

  test('finds its home by a full path, however the user has written it', async () => {
    await machine.write('../work/conf/.claude.json', '{"inConf":true}')
    await machine.write('../work/conf/agents/mine.md', 'mine')
    await claudeThat(
      'cd /; cat "$CLAUDE_CONFIG_DIR/.claude.json" "$CLAUDE_CONFIG_DIR/agents/mine.md"; echo "$CLAUDE_CONFIG_DIR"',
    )
    const spec = { environment: { CLAUDE_CONFIG_DIR: 'conf' }, stateDirectory: 'state' }
    const { stdout } = await machine.run({ ...spec, driverDirectory: machine.work })
    expect(stdout).toContain('"inConf": true')
    expect(stdout).toContain(`}\nmine${join(machine.work, 'state/runs')}`)
    expect(await machine.read('../work/conf/.claude.json')).toBe('{"inConf":true}')
  })

  test('finds a private home with the user’s own things linked into it, and none of their logins', async () => {
    await machine.write('.claude/settings.json', '{"model":"opus"}')
    await machine.write('.claude/.credentials.json', '{"claudeAiOauth":{"accessToken":"theirs"}}')
    await machine.write('.claude/agents/mine.md', 'mine')
    await machine.write('.claude.json', '{"mcpServers":{"a":{}},"oauthAccount":{}}')
    await claudeThat(
      'cd "$CLAUDE_CONFIG_DIR"; pwd; ls -A; cat agents/mine.md .claude.json; echo session > projects/s; stat -c %a . settings.json',
    )
    const { stdout, reports } = await machine.run({})
    expect(stdout).toContain(join(machine.state, 'runs'))
    expect(stdout).toMatch(/^mine\{/m)
    expect(stdout).toContain('"mcpServers"')
    expect(stdout).not.toContain('oauthAccount')
    expect(stdout).not.toContain('.credentials.json')
    expect(stdout).toMatch(/700\n600\n$/)
    expect(reports).toContain("left out: the machine's own login")
    expect(await machine.read('.claude/projects/s')).toBe('session\n')
    expect(await machine.read('.claude/settings.json')).toBe('{"model":"opus"}')
    expect(await machine.read('.claude.json')).toBe('{"mcpServers":{"a":{}},"oauthAccount":{}}')
  })

  test('reads its configuration from the place that the user has chosen', async () => {
    await machine.write('other/.claude.json', '{"inOther":true}')
    await machine.write('.claude.json', '{"inHome":true}')
    await claudeThat('cat "$CLAUDE_CONFIG_DIR/.claude.json"')
    const { stdout } = await machine.run({ environment: { CLAUDE_CONFIG_DIR: join(machine.home, 'other') } })
    expect(JSON.parse(stdout)).toEqual({
      inOther: true,
      hasCompletedOnboarding: true,
      customApiKeyResponses: expect.anything(),
    })
  })

  test('may change its settings: what it changed goes back to the user’s own, nothing of ours does', async () => {
    await machine.write('.claude/settings.json', '{"env":{"ANTHROPIC_AUTH_TOKEN":"theirs"}}', 0o644)
    await claudeThat(
      `cd "$CLAUDE_CONFIG_DIR"; sed -i 's/"hasComp/"projects":{"x":{"hasTrustDialogAccepted":true}},"hasComp/' .claude.json; echo '{"model":"opus"}' > settings.json`,
    )
    await machine.run({})
    expect(JSON.parse(await machine.read('.claude.json'))).toEqual({
      projects: { x: { hasTrustDialogAccepted: true } },
    })
    expect(JSON.parse(await machine.read('.claude/settings.json'))).toEqual({
      env: { ANTHROPIC_AUTH_TOKEN: 'theirs' },
      model: 'opus',
    })
    expect((await lstat(join(machine.home, '.claude/settings.json'))).mode & 0o777).toBe(0o644)
  })

  test('asks the helper with its lease where the command is interactive', async () => {
    await claudeThat(
      'cat "$CLAUDE_CONFIG_DIR/settings.json" "$CLAUDE_CONFIG_DIR/../lease.json"; stat -c %a "$CLAUDE_CONFIG_DIR/../lease.json"; env',
    )
    const { stdout } = await machine.run({
      command: ['claude'],
      helpers: { 'api-key': 'print-key', aws: '' },
    })
    expect(stdout).toContain('"apiKeyHelper": "print-key"')
    expect(stdout).toContain('"handle":"handle-test-1"')
    expect(stdout).toContain('}600\n')
    expect(stdout).not.toContain('sk-ant-test-right')
  })

  test('gets raw secrets last: what the worker or the credential has set wins', async () => {
    await claudeThat('env')
    const raw = ['NEW', 'TAKEN', 'ANTHROPIC_BASE_URL', 'CLAVIGER_TOKEN', 'NEW'].map((name) => ({
      name,
      value: `raw-${name}`,
    }))
    const { stdout, reports } = await machine.run({ raw, environment: { TAKEN: 'own' } })
    expect(stdout).toContain('NEW=raw-NEW\n')
    expect(stdout).toContain('TAKEN=own\n')
    expect(stdout).not.toContain('raw-ANTHROPIC_BASE_URL')
    expect(stdout).not.toContain('raw-CLAVIGER_TOKEN')
    expect(reports.filter((line) => line.startsWith('skipped'))).toEqual([
      'skipped: raw secret TAKEN of org, the environment has set it',
      'skipped: raw secret ANTHROPIC_BASE_URL of org, it would steer the credential of claude',
      'skipped: raw secret CLAVIGER_TOKEN of org, names with CLAVIGER_ are ours',
      'skipped: raw secret NEW of org, another one of that name comes first',
    ])
  })

  test('runs with the machine’s own environment when that was chosen, raw secrets added', async () => {
    await claudeThat('env')
    const environment = { ANTHROPIC_AUTH_TOKEN: 'own', CLAVIGER_TOKEN: 'cvg_test' }
    const raw = [{ name: 'NEW', value: 'x' }]
    const { stdout, reports } = await machine.run({ credential: null, environment, raw })
    expect(stdout).toContain('ANTHROPIC_AUTH_TOKEN=own\n')
    expect(stdout).toContain('NEW=x\n')
    expect(stdout).not.toMatch(/CLAUDE_CONFIG_DIR|CLAVIGER_/)
    expect(reports[0]).toContain('claude uses what this machine has of its own')
  })

  test('--keep-env: an environment that carries a credential wins, with a warning; one that does not, does not', async () => {
    await claudeThat('env')
    const kept = await machine.run({ keepEnvironment: true, environment: { ANTHROPIC_AUTH_TOKEN: 'own' } })
    expect(kept.stdout).toContain('ANTHROPIC_AUTH_TOKEN=own\n')
    expect(kept.stdout).not.toContain('sk-ant-test-right')
    expect(kept.reports[0]).toMatch(
      /^warning: claude\/api-key "main" .* is not used: .*ANTHROPIC_AUTH_TOKEN in the environment$/,
    )
    const used = await machine.run({ keepEnvironment: true })
    expect(used.stdout).toContain('ANTHROPIC_API_KEY=sk-ant-test-right\n')
  })
})

describe('the end', () => {
  test.each([0, 3, 255])(
    'exit code %i is ours, the lease is ended and the directory is gone',
    async (code) => {
      await claudeThat(`exit ${code}`)
      const finished = await machine.run({})
      expect(finished.code).toBe(code)
      expect(finished.released).toHaveLength(1)
      expect(await machine.runs()).toEqual([])
    },
  )

  test('a program ended by a signal gives 128 + its number', async () => {
    await claudeThat('kill -KILL $$')
    expect((await machine.run({})).code).toBe(137)
    expect(await machine.runs()).toEqual([])
  })

  test.each(['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2'] as const)(
    '%s reaches the program, whose answer counts',
    async (signal) => {
      await claudeThat(
        `trap 'echo got; exit 42' ${signal.slice(3)}; echo ready; while :; do sleep 0.05; done`,
      )
      const exec = await startWaiting()
      exec.child.kill(signal)
      expect(await exec.finished).toMatchObject({
        code: 42,
        stdout: 'ready\ngot\n',
        released: [expect.anything()],
      })
      expect(await machine.runs()).toEqual([])
    },
  )

  test('Ctrl-C in a terminal reaches the program once', async () => {
    await claudeThat(
      `trap 'n=$((n+1))' INT; n=0; echo ready; i=0; while [ $i -lt 12 ]; do sleep 0.05; i=$((i+1)); done; echo "interrupted $n"`,
    )
    const { file } = await machine.prepare({ command: ['claude', '-p'] })
    const driver = programFile('exec-driver')
    const words = ['-qefc', `${process.execPath} ${driver} ${file}`, '/dev/null']
    const terminal = spawn('script', words, { stdio: ['pipe', 'pipe', 'ignore'] })
    let screen = ''
    terminal.stdout.on('data', (part: Buffer) => {
      screen += String(part)
    })
    const exit = once(terminal, 'exit')
    await expect.poll(() => screen, { timeout: 10_000 }).toContain('ready')
    terminal.stdin.write('\x03')
    await exit
    expect(screen).toContain('interrupted 1')
  })

  test('a signal that comes before there is a program ends everything at once', async () => {
    await claudeThat('echo ran')
    const exec = await machine.start({ leaseDelay: 1_500 })
    started.push(exec)
    await expect.poll(exec.events, { timeout: 10_000 }).toContainEqual({ acquired: expect.anything() })
    exec.child.kill('SIGINT')
    await expect(exec.finished).resolves.toMatchObject({
      code: 130,
      stdout: '',
      released: [expect.anything()],
    })
  })
})

describe('a supervisor that was killed', () => {
  test('takes the program with it, and its successor removes what it left', async () => {
    await claudeThat(
      `trap 'echo ended >> ${machine.home}/trace; exit' TERM; echo $$ > ${machine.home}/pid; echo ready; while :; do sleep 0.05; done`,
    )
    const exec = await startWaiting()
    await expect.poll(() => readRun(machine)).toMatchObject({ child: { pid: expect.anything() } })
    exec.child.kill('SIGKILL')
    await exec.finished
    expect(await machine.runs()).toHaveLength(1)
    await machine.program('claude', `${VERSION}\nexit 0`)
    const next = await machine.run({})
    expect(next.released).toEqual(expect.arrayContaining([`lease-${exec.child.pid}`, expect.anything()]))
    expect(next.released).toHaveLength(2)
    expect(next.reports[0]).toBe(`cleaned up after a run that was killed (lease lease-${exec.child.pid})`)
    expect(await machine.runs()).toEqual([])
    await expect.poll(() => machine.read('trace').catch(() => '')).toBe('ended\n')
  })

  test('is not confused with one that lives', async () => {
    await claudeThat('echo ready; exec sleep 30')
    const exec = await startWaiting()
    await machine.program('claude', `${VERSION}\nexit 0`)
    await machine.run({})
    expect(await machine.runs()).toHaveLength(1)
    exec.child.kill('SIGTERM')
    await exec.finished
    expect(await machine.runs()).toEqual([])
  })
})

test('Codex gets auth.json and config.toml in a private home, which its own check has seen', async () => {
  await machine.program(
    'codex',
    `${CODEX}
if [ "$1 $2" = "login status" ]; then grep -q sk-test-1 "$CODEX_HOME/auth.json" && echo "API key configured"; exit; fi
cd "$CODEX_HOME"; cat auth.json config.toml; ls sessions; env`,
  )
  await machine.write('.codex/config.toml', 'model = "gpt"\n')
  await machine.write('.codex/auth.json', '{"OPENAI_API_KEY":"theirs"}')
  await machine.write('.codex/sessions/old', '')
  const credential = { type: 'codex/api-key', fields: { key: 'sk-test-1' } } as const
  const { stdout, code } = await machine.run({
    harness: 'codex',
    command: ['codex', 'exec', 'hi'],
    credential,
  })
  expect(code).toBe(0)
  expect(stdout).toContain('"auth_mode": "apikey"')
  expect(stdout).toContain('model = "gpt"')
  expect(stdout).toMatch(/^old$/m)
  expect(stdout.match(/sk-test-1/g)).toHaveLength(1)
  expect(await machine.read('.codex/auth.json')).toBe('{"OPENAI_API_KEY":"theirs"}')
})

test('a wrapper script gets the same, without a version check of what we cannot see', async () => {
  await machine.program('wrapper', 'echo "key: $ANTHROPIC_API_KEY"; cat "$CLAUDE_CONFIG_DIR/settings.json"')
  const { stdout } = await machine.run({ command: ['wrapper', '-p'], delivery: 'env' })
  expect(stdout).toContain('key: sk-ant-test-right')
})

test('a home that holds hostile links is read, never written through', async () => {
  const outside = join(machine.home, 'outside')
  await writeFile(outside, '{"theirs":true}')
  await mkdir(join(machine.home, '.claude'))
  await symlink(outside, join(machine.home, '.claude/settings.json'))
  await claudeThat('readlink "$CLAUDE_CONFIG_DIR/settings.json" || echo own file')
  const { stdout } = await machine.run({})
  expect(stdout).toBe('own file\n')
  expect(await readFile(outside, 'utf8')).toBe('{"theirs":true}')
  expect(await readlink(join(machine.home, '.claude/settings.json'))).toBe(outside)
})

async function readRun({ state }: TestMachine): Promise<unknown> {
  const [name = ''] = await readdir(join(state, 'runs'))
  return JSON.parse(await readFile(join(state, 'runs', name, 'run.json'), 'utf8'))
}
