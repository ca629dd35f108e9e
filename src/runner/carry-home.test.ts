// What a run leaves for the user, with small stand-in programs: nothing that was made or changed in the private home is
// lost without a word, and nothing of the user's is overwritten that changed meanwhile.

import { execFileSync } from 'node:child_process'
import { lstat, mkdir, readdir, readFile, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type TestMachine, testMachine } from '../../test/e2e/exec-run.ts'

const VERSION = 'if [ "$1" = --version ]; then echo "2.1.330 (Claude Code)"; exit; fi'
const CODEX = 'if [ "$1" = --version ]; then echo "codex-cli 0.169.0"; exit; fi'

let machine: TestMachine

beforeEach(async () => {
  machine = await testMachine()
})

afterEach(() => machine.remove())

async function runThat(script: string) {
  await machine.program('claude', `${VERSION}\ncd "$CLAUDE_CONFIG_DIR"\n${script}`)
  const finished = await machine.run({})
  expect(finished).toMatchObject({ code: 0, failed: undefined })
  expect(await machine.runs()).toEqual([])
  const told = /^(not kept|replaced|left behind)/
  return finished.reports.filter((line) => told.test(line))
}

async function keptAside(): Promise<string> {
  const kept = join(machine.state, 'kept')
  const [run = ''] = await readdir(kept)
  return join(kept, run)
}

test('what is new goes home: files, directories, databases with their journals', async () => {
  const told = await runThat(
    'echo mine > CLAUDE.md; mkdir -p commands/deep skills; echo go > commands/deep/go.md; chmod 700 commands/deep/go.md; ln -s CLAUDE.md also.md; : > a.db; : > a.db-wal; mkfifo pipe',
  )
  expect(told).toEqual([])
  expect(await machine.read('.claude/CLAUDE.md')).toBe('mine\n')
  expect(await machine.read('.claude/also.md')).toBe('mine\n')
  expect(await machine.read('.claude/commands/deep/go.md')).toBe('go\n')
  expect((await lstat(join(machine.home, '.claude/commands/deep/go.md'))).mode & 0o777).toBe(0o700)
  const there = await readdir(join(machine.home, '.claude'))
  expect(there).toEqual(expect.arrayContaining(['skills', 'a.db', 'a.db-wal']))
  expect(there).not.toContain('pipe')
})

test('logins and copies of ours stay behind', async () => {
  await runThat(
    'echo x > .credentials.json.bak; echo x > .claude.json.backup; mkdir backups; echo "{"claudeAiOauth":{"accessToken":"x"}}" > .credentials.json',
  )
  const there = await readdir(join(machine.home, '.claude'))
  expect(there.filter((name) => /cred|claude\.json|backups/.test(name))).toEqual([])
})

test('a linked file that was replaced is written back where it really lies, as readable as before', async () => {
  await machine.write('dotfiles/CLAUDE.md', 'old', 0o644)
  await machine.write('.claude/keybindings.json', 'old', 0o640)
  await symlink('../dotfiles/CLAUDE.md', join(machine.home, '.claude/CLAUDE.md'))
  const told = await runThat(
    'for name in CLAUDE.md keybindings.json; do echo new > t; chmod 600 t; mv t $name; done; [ ! -L CLAUDE.md ]',
  )
  expect(told).toEqual([])
  expect(await machine.read('dotfiles/CLAUDE.md')).toBe('new\n')
  expect((await lstat(join(machine.home, '.claude/CLAUDE.md'))).isSymbolicLink()).toBe(true)
  expect((await lstat(join(machine.home, 'dotfiles/CLAUDE.md'))).mode & 0o777).toBe(0o644)
  expect((await lstat(join(machine.home, '.claude/keybindings.json'))).mode & 0o777).toBe(0o640)
  expect(await readdir(join(machine.home, 'dotfiles'))).toEqual(['CLAUDE.md'])
})

test('one that the user has changed meanwhile stays, and the run’s is kept aside and said where', async () => {
  await machine.write('.claude/CLAUDE.md', 'old')
  const told = await runThat(
    `echo new > t; mv t CLAUDE.md; echo theirs > ${machine.home}/.claude/CLAUDE.md; echo b > b.md; echo theirs > ${machine.home}/.claude/b.md; echo same > c; echo same > ${machine.home}/.claude/c`,
  )
  const aside = await keptAside()
  expect(told).toEqual([
    `not kept: CLAUDE.md (yours was changed meanwhile); this run's is ${aside}/CLAUDE.md`,
    `not kept: b.md (you have another of that name); this run's is ${aside}/b.md`,
  ])
  expect(await machine.read('.claude/CLAUDE.md')).toBe('theirs\n')
  expect(await readFile(join(aside, 'CLAUDE.md'), 'utf8')).toBe('new\n')
  expect((await lstat(join(machine.state, 'kept'))).mode & 0o777).toBe(0o700)
})

test('directories made by two runs at once are put together, file by file', async () => {
  const told = await runThat(
    `mkdir -p skills/a cache; echo a > skills/a/A; echo run > skills/both; echo x > cache/x; cd ${machine.home}/.claude; mkdir -p skills/b cache; echo b > skills/b/B; echo user > skills/both; echo y > cache/x`,
  )
  const aside = await keptAside()
  expect(told).toEqual([
    `not kept: skills/both (you have another of that name); this run's is ${aside}/skills/both`,
  ])
  expect(await machine.read('.claude/skills/a/A')).toBe('a\n')
  expect(await machine.read('.claude/skills/b/B')).toBe('b\n')
  expect(await machine.read('.claude/skills/both')).toBe('user\n')
})

test('a directory that took the place of a link takes that of the user’s, whose former one is kept', async () => {
  await machine.write('.claude/commands/old.md', 'old')
  const told = await runThat('rm commands; mkdir commands; echo new > commands/new.md')
  const aside = await keptAside()
  expect(told).toEqual([`replaced: commands; what was there is ${aside}/commands.before`])
  expect(await readdir(join(machine.home, '.claude/commands'))).toEqual(['new.md'])
  expect(await readdir(join(aside, 'commands.before'))).toEqual(['old.md'])
})

test('a program that removes its own home loses nothing of the user’s', async () => {
  await machine.write('.claude/commands/mine.md', 'mine')
  expect(await runThat('cd /; rm -r "$CLAUDE_CONFIG_DIR"')).toEqual([])
  expect(await machine.read('.claude/commands/mine.md')).toBe('mine')
})

test('a journal does not go to a database it does not belong to', async () => {
  const told = await runThat(`: > a.db; : > a.db-wal; echo other > ${machine.home}/.claude/a.db`)
  expect(told).toHaveLength(1)
  expect(await readdir(join(machine.home, '.claude'))).not.toContain('a.db-wal')
})

test.runIf(process.getuid?.() === 0)('a home that cannot be written is said once, by name', async () => {
  const home = join(machine.home, '.claude')
  await mkdir(home)
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'ro,size=4k', 'tmpfs', home])
  try {
    const told = await runThat('echo a > a.md; mkdir b')
    expect(told).toEqual([expect.stringMatching(/^not kept: a\.md, b \(.* cannot be written\)$/)])
  } finally {
    execFileSync('umount', [home])
  }
})

test.runIf(process.getuid?.() === 0)('a home on another file system gets them too', async () => {
  const home = join(machine.home, '.claude')
  await mkdir(home)
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=400k,mode=700', 'tmpfs', home])
  try {
    await machine.write('.claude/CLAUDE.md', 'old')
    expect(await runThat('mkdir -p skills/a; echo a > skills/a/A; echo new > t; mv t CLAUDE.md')).toEqual([])
    expect(await machine.read('.claude/skills/a/A')).toBe('a\n')
    expect(await machine.read('.claude/CLAUDE.md')).toBe('new\n')
    expect((await readdir(home)).filter((name) => name.endsWith('.tmp'))).toEqual([])
  } finally {
    execFileSync('umount', [home])
  }
})

test('grants of MCP servers are there without the login, and come back renewed', async () => {
  const grants = { 'docs|1': { accessToken: 'mcp-old', refreshToken: 'r' } }
  const login = { accessToken: 'claude-login' }
  await machine.write('.claude/.credentials.json', JSON.stringify({ claudeAiOauth: login, mcpOAuth: grants }))
  await machine.program(
    'claude',
    `${VERSION}\ncd "$CLAUDE_CONFIG_DIR"; cat .credentials.json; stat -c %a .credentials.json; sed -i 's/mcp-old/mcp-new/; s/^{/{"claudeAiOauth":{"accessToken":"other"},/' .credentials.json`,
  )
  const { stdout, reports } = await machine.run({})
  expect(stdout).toContain('mcp-old')
  expect(stdout).not.toContain('claude-login')
  expect(stdout).toMatch(/600\n$/)
  expect(reports).toContain("left out: the machine's own login")
  expect(JSON.parse(await machine.read('.claude/.credentials.json'))).toEqual({
    claudeAiOauth: login,
    mcpOAuth: { 'docs|1': { accessToken: 'mcp-new', refreshToken: 'r' } },
  })
})

test('a grant of an MCP server that was made in the run is kept, a login to Claude is not', async () => {
  await runThat(
    `printf '%s' '{"claudeAiOauth":{"accessToken":"x"},"mcpOAuth":{"docs|1":{"accessToken":"m"}}}' > .credentials.json`,
  )
  expect(JSON.parse(await machine.read('.claude/.credentials.json'))).toEqual({
    mcpOAuth: { 'docs|1': { accessToken: 'm' } },
  })
})

test('Codex: changes of its configuration and of a profile go into the user’s text, ours do not', async () => {
  await machine.write('.codex/config.toml', '# mine\nmodel = "gpt" # best\nmodel_provider = "gone"\n')
  await machine.write('.codex/work.config.toml', '# work\nforced_login_method = "chatgpt"\n')
  await machine.program(
    'codex',
    `${CODEX}
if [ "$1 $2" = "login status" ]; then echo "API key configured"; exit; fi
cd "$CODEX_HOME"; cat work.config.toml; printf '[mcp_servers.docs]\\ncommand = "docs"\\n' >> config.toml
echo 'model = "other"' >> work.config.toml; echo 'model = "new"' > new.config.toml; echo '{"OPENAI_API_KEY":"other"}' > auth.json`,
  )
  const credential = { type: 'codex/api-key', fields: { key: 'sk-test-1' } } as const
  const { stdout, reports } = await machine.run({ harness: 'codex', command: ['codex'], credential })
  expect(stdout.trim()).toBe('')
  expect(reports).toContain('set aside: forced_login_method in work.config.toml')
  expect(reports.filter((line) => line.startsWith('not kept'))).toEqual([])
  expect(await machine.read('.codex/config.toml')).toBe(
    '# mine\nmodel = "gpt" # best\nmodel_provider = "gone"\n\n[mcp_servers.docs]\ncommand = "docs"\n',
  )
  expect(await machine.read('.codex/work.config.toml')).toBe(
    '# work\nforced_login_method = "chatgpt"\nmodel = "other"\n',
  )
  expect(await machine.read('.codex/new.config.toml')).toBe('model = "new"\n')
  expect(await readdir(join(machine.home, '.codex'))).not.toContain('auth.json')
})
