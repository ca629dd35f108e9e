import { mkdir, mkdtemp, readdir, rename, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { identifyProcess, isAlive } from '../process.ts'
import { CannotStart, type ProgramStart, startProgram } from './bounded-program.ts'
import { makePrivateHome, privateHomes, removePrivateHome } from './private-home.ts'

let directory: string

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'claviger-bounded-'))
})
afterEach(() => rm(directory, { recursive: true, force: true }))

function start(script: string, more: Partial<ProgramStart> = {}) {
  return startProgram({
    program: '/bin/sh',
    words: ['-c', script],
    environment: { PATH: '/usr/bin:/bin' },
    cwd: directory,
    timeoutMs: 20_000,
    maxOutputBytes: 10_000,
    ...more,
  })
}

describe('a bounded program', () => {
  test('gets its environment and nothing of ours', async () => {
    const program = await start('env', { environment: { PATH: '/usr/bin:/bin', ONLY: 'this' } })
    expect(await program.ended).toEqual({ how: 'exit', code: 0 })
    const names = program
      .output()
      .trim()
      .split('\n')
      .map((line) => line.split('=')[0])
    expect(names.sort()).toEqual(['ONLY', 'PATH', 'PWD'])
  })

  test('is talked to by its streams', async () => {
    const program = await start('echo ready; read line; echo "got $line" >&2; exit 3')
    expect(await program.printed((output) => output.includes('ready'))).toBe(true)
    program.write('hello\n')
    expect(await program.ended).toEqual({ how: 'exit', code: 3 })
    expect(program.output()).toBe('ready\ngot hello\n')
    program.write('too late\n')
    expect(await program.printed((output) => output.includes('never'))).toBe(false)
  })

  test('is ended at its deadline with all it started', async () => {
    const program = await start('sleep 60 & echo $!; wait', { timeoutMs: 300 })
    await program.printed((output) => output.includes('\n'))
    const child = identifyProcess(Number(program.output()))
    expect(await program.ended).toEqual({ how: 'timeout', code: null })
    await expect.poll(() => isAlive(child)).toBe(false)
  })

  test('may be given more time', async () => {
    const program = await start('sleep 1', { timeoutMs: 300 })
    program.extend(20_000)
    expect(await program.ended).toEqual({ how: 'exit', code: 0 })
  })

  test('that prints without end is ended', async () => {
    const program = await start('while :; do echo xxxxxxxxxxxxxxxxxxxxxxxx; done')
    expect(await program.ended).toMatchObject({ how: 'output' })
    expect(program.output().length).toBeLessThanOrEqual(10_000)
  })

  test('that leaves something behind with its streams ends all the same', async () => {
    const program = await start('setsid sleep 30 & sleep 0.2; echo $!')
    const ended = await program.ended
    process.kill(Number(program.output()))
    expect(ended).toEqual({ how: 'exit', code: 0 })
  })

  test('can be stopped, twice, and ignores no signal that way', async () => {
    const program = await start('trap "" TERM INT; echo on; while :; do sleep 1; done')
    await program.printed((output) => output.includes('on'))
    await Promise.all([program.stop(), program.stop()])
    expect(await program.ended).toEqual({ how: 'stopped', code: null })
  })

  test.each([
    ['missing', 'ENOENT'],
    ['not executable', 'EACCES'],
  ])('that is %s does not start', async (name, code) => {
    await writeFile(join(directory, 'not executable'), '')
    const started = start('', { program: join(directory, name) })
    await expect(started).rejects.toBeInstanceOf(CannotStart)
    await expect(started).rejects.toMatchObject({ code })
  })
})

describe('a private home', () => {
  test('is for its owner alone, and is removed without following links', async () => {
    const home = await makePrivateHome(join(directory, 'new/parent'), 1_000)
    expect((await stat(home)).mode & 0o777).toBe(0o700)
    await symlink(directory, join(home, 'link'))
    await removePrivateHome(home)
    await expect(stat(home)).rejects.toMatchObject({ code: 'ENOENT' })
    expect((await stat(directory)).isDirectory()).toBe(true)
  })

  test('that was left behind goes at the next start; a young one and what is not ours stay', async () => {
    const old = await makePrivateHome(directory, 60_000)
    await writeFile(join(old, 'file'), 'secret')
    await mkdir(join(directory, 'else'))
    const young = await makePrivateHome(directory, 60_000)
    const longAgo = new Date(Date.now() - 3_600_000)
    await utimes(old, longAgo, longAgo)
    await makePrivateHome(directory, null).then(removePrivateHome)
    expect(await privateHomes(directory)).toEqual(expect.arrayContaining([old, young]))
    const next = await makePrivateHome(directory, 60_000)
    expect((await readdir(directory)).map((name) => join(directory, name)).sort()).toEqual(
      [join(directory, 'else'), young, next].sort(),
    )
  })

  test('that cannot be removed stays without a word, and where there are none there are none', async () => {
    const home = await makePrivateHome(join(directory, 'moved'), 1_000)
    await rename(join(directory, 'moved'), join(directory, 'away'))
    await writeFile(join(directory, 'moved'), 'now a file')
    await removePrivateHome(home)
    expect(await privateHomes(join(directory, 'absent'))).toEqual([])
  })
})
