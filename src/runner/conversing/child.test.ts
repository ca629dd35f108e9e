import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import { type Child, startChild } from './child.ts'

let cwd = ''

beforeEach(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'claviger-child-'))
  return () => rm(cwd, { recursive: true, force: true })
})

function start(script: string): Promise<Child> {
  return startChild({ program: process.execPath, words: ['-e', script], environment: {}, cwd })
}

async function all(child: Child): Promise<string[]> {
  const lines: string[] = []
  for (let line = await child.next(); line !== null; line = await child.next())
    lines.push(`${line.from}: ${line.text}`)
  return lines
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    // A zombie that nobody has waited for is not alive.
    return !readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ')
  } catch {
    return false
  }
}

async function untilGone(pid: number): Promise<void> {
  await expect.poll(() => isAlive(pid), { timeout: 3_000 }).toBe(false)
}

// Says its own id, and goes on for a minute whatever it is told.
const STUBBORN = `process.on('SIGTERM', () => {}); process.on('SIGHUP', () => {}); console.log(process.pid); setTimeout(() => {}, 60000)`

describe('a program that we talk to', () => {
  it.each([0, 5_000])(
    'that is stopped ends its tools too, in sessions of their own, grace %i',
    async (grace) => {
      const tool = `require('child_process').spawn(process.execPath, ['-e', ${JSON.stringify(STUBBORN)}], { detached: true, stdio: ['ignore', 'inherit', 'ignore'] })`
      // A shell in a session of its own that has the tool.
      const shell = `require('child_process').spawn(process.execPath, ['-e', ${JSON.stringify(`${tool}; setTimeout(() => {}, 60000)`)}], { detached: true, stdio: ['ignore', 'inherit', 'ignore'] })`
      const child = await start(`${shell}; setTimeout(() => {}, 60000)`)
      const pid = Number((await child.next())?.text)
      expect(isAlive(pid)).toBe(true)
      await child.stop(grace)
      await untilGone(pid)
    },
  )

  it('answers line by line, and says how it ended', async () => {
    const child = await start(
      `process.stdin.on('data', (d) => { console.log('got ' + String(d).trim()); console.error('noted') }).on('end', () => process.exit(3))`,
    )
    child.write('{"a":1}\n')
    expect(await child.next()).toEqual({ from: 'output', text: 'got {"a":1}' })
    child.closeInput()
    expect(await all(child)).toEqual(['errors: noted'])
    expect(await child.ended).toEqual({ code: 3, signal: null })
    expect(await child.next()).toBeNull()
  })

  it('gives its last words, whole or not', async () => {
    const child = await start(`process.stdout.write('one\\ntwo'); process.exitCode = 1`)
    expect(await all(child)).toEqual(['output: one', 'output: two'])
  })

  it('waits while nobody reads, and loses nothing', async () => {
    const child = await start(
      `let i = 0; const more = () => { while (i < 20000) if (!process.stdout.write(String(i++) + ' ' + 'x'.repeat(500) + '\\n')) return process.stdout.once('drain', more); }; more()`,
    )
    await new Promise((resolve) => setTimeout(resolve, 500))
    const lines = await all(child)
    expect(lines).toHaveLength(20_000)
    expect(lines.at(-1)).toMatch(/^output: 19999 /)
  })

  it('gives all of it to whoever reads slowly, also after its end', async () => {
    const child = await start(`for (let i = 0; i < 3000; i += 1) require('fs').writeSync(1, i + '\\n')`)
    await new Promise((resolve) => setTimeout(resolve, 2_500))
    expect(await all(child)).toHaveLength(3_000)
  })

  it('is asked to end, and then ended', async () => {
    const child = await start(STUBBORN)
    await child.next()
    expect(await child.stop(100)).toEqual({ code: null, signal: 'SIGKILL' })
    expect(await child.stop(100)).toEqual({ code: null, signal: 'SIGKILL' })
  })

  it.each(['asked to', 'by itself'])('takes with it what it has started, when it ends %s', async (how) => {
    const after = how === 'by itself' ? `setTimeout(() => process.exit(0), 300)` : ''
    const child = await start(
      `require('child_process').spawn(process.execPath, ['-e', ${JSON.stringify(STUBBORN)}], { stdio: ['ignore', 'inherit', 'ignore'] }); ${after}`,
    )
    const started = Number((await child.next())?.text)
    expect(isAlive(started)).toBe(true)
    if (how === 'asked to') await child.stop(2_000)
    await child.ended
    await untilGone(started)
  })

  it('has ended though somebody else holds its output open', async () => {
    const child = await start(
      `require('child_process').spawn(process.execPath, ['-e', 'console.log(process.pid); setTimeout(() => {}, 20000)'], { detached: true, stdio: ['ignore', 'inherit', 'ignore'] }); setTimeout(() => process.exit(0), 300)`,
    )
    const left = Number((await child.next())?.text)
    expect(await child.ended).toEqual({ code: 0, signal: null })
    process.kill(left, 'SIGKILL')
  })

  it('that was closed is written to without harm', async () => {
    const child = await start(`process.stdin.destroy(); setTimeout(() => {}, 300)`)
    await new Promise((resolve) => setTimeout(resolve, 150))
    for (let i = 0; i < 50; i += 1) child.write('x'.repeat(10_000))
    expect(await child.ended).toEqual({ code: 0, signal: null })
    child.write('too late')
  })

  it('that is none is refused', async () => {
    const options = { program: join(cwd, 'nothing'), words: [], environment: {}, cwd, lifeline: null }
    await expect(startChild(options)).rejects.toMatchObject({ code: 'invalid' })
  })
})
