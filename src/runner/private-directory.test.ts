import { spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  chmod,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { identifyProcess } from '../lib/process.ts'
import { createRunDirectory, linkEntries, reapLeftovers } from './private-directory.ts'

let root: string
let state: string

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'claviger-private-'))
  state = join(root, 'state')
})

afterEach(() => rm(root, { recursive: true, force: true }))

const own = identifyProcess(process.pid)
const dead = { ...own, start: '1' }

async function leftover(run: object | string | null): Promise<string> {
  const path = join(state, 'runs', `left-${Math.random().toString(36).slice(2)}`)
  await mkdir(join(path, 'config'), { recursive: true, mode: 0o700 })
  await writeFile(join(path, 'config', 'auth.json'), 'secret')
  if (run !== null)
    await writeFile(join(path, 'run.json'), typeof run === 'string' ? run : JSON.stringify(run))
  return path
}

async function age(path: string): Promise<void> {
  const then = new Date(Date.now() - 10 * 60_000)
  await utimes(path, then, then)
}

test('a run has a directory that only its owner can enter, whatever the umask', async () => {
  const before = process.umask(0)
  try {
    const run = await createRunDirectory(state, 'lease-1')
    for (const path of [state, join(state, 'runs'), run.path, run.configuration]) {
      expect((await stat(path)).mode & 0o777).toBe(0o700)
    }
    const noted = JSON.parse(await readFile(join(run.path, 'run.json'), 'utf8'))
    expect(noted).toEqual({ supervisor: own, child: null, leaseId: 'lease-1' })
    await run.remove()
    expect(await readdir(join(state, 'runs'))).toEqual([])
  } finally {
    process.umask(before)
  }
})

test('removing a run removes its links and not what they point to', async () => {
  const home = join(root, 'home')
  await mkdir(join(home, 'projects'), { recursive: true })
  await writeFile(join(home, 'projects', 'session'), 'mine')
  const run = await createRunDirectory(state, null)
  await linkEntries(home, run.configuration, [])
  expect(await readFile(join(run.configuration, 'projects', 'session'), 'utf8')).toBe('mine')
  await run.remove()
  expect(await readFile(join(home, 'projects', 'session'), 'utf8')).toBe('mine')
})

test('links everything but the exceptions', async () => {
  const [home, target] = [join(root, 'home'), join(root, 'target')]
  await mkdir(home)
  await mkdir(target)
  const names = ['auth.json', 'auth.json.lock', 'a.lock', 'config.toml', 'config_toml', 'sessions', '.hidden']
  for (const name of names) await writeFile(join(home, name), '')
  await linkEntries(home, target, ['auth.json*', '*.lock', 'config.toml'])
  expect((await readdir(target)).sort()).toEqual(['.hidden', 'config_toml', 'sessions'])
  await linkEntries(join(root, 'no-such-home'), target, [])
})

describe('leftovers', () => {
  test('of a dead supervisor are removed, and their leases named', async () => {
    await leftover({ supervisor: dead, child: null, leaseId: 'lease-1' })
    await leftover({ supervisor: dead, child: dead, leaseId: null })
    expect(await reapLeftovers(state)).toEqual(
      expect.arrayContaining([{ leaseId: 'lease-1' }, { leaseId: null }]),
    )
    expect(await readdir(join(state, 'runs'))).toEqual([])
  })

  test('of a living one are not', async () => {
    await leftover({ supervisor: own, child: null, leaseId: 'lease-1' })
    expect(await reapLeftovers(state)).toEqual([])
    expect(await readdir(join(state, 'runs'))).toHaveLength(1)
  })

  test('an orphan is ended by its id and start time, not by its id alone', async () => {
    const orphan = spawn('/bin/sleep', ['30'])
    await once(orphan, 'spawn')
    const child = identifyProcess(orphan.pid ?? 0)
    await leftover({ supervisor: dead, child: { ...child, start: '1' }, leaseId: null })
    await reapLeftovers(state)
    expect(orphan.exitCode ?? orphan.signalCode).toBeNull()
    await leftover({ supervisor: dead, child, leaseId: null })
    const exit = once(orphan, 'exit')
    await reapLeftovers(state)
    expect(await exit).toEqual([null, 'SIGTERM'])
    expect(await readdir(join(state, 'runs'))).toEqual([])
  })

  test('an orphan that does not listen keeps its directory until the next start', async () => {
    const orphan = spawn('/bin/sh', ['-c', 'trap "" TERM; echo; sleep 30 & wait; wait'], {
      stdio: ['ignore', 'pipe', 'ignore'],
      detached: true,
    })
    await once(orphan.stdout, 'data')
    const run = { supervisor: dead, child: identifyProcess(orphan.pid ?? 0), leaseId: 'lease-1' }
    try {
      await leftover(run)
      expect(await reapLeftovers(state)).toEqual([])
      expect(await readdir(join(state, 'runs'))).toHaveLength(1)
    } finally {
      process.kill(-(orphan.pid ?? 0), 'SIGKILL')
      await once(orphan, 'exit')
    }
    expect(await reapLeftovers(state)).toEqual([{ leaseId: 'lease-1' }])
  })

  test('of another machine or container are removed when they have shown no life for long', async () => {
    const path = await leftover({
      supervisor: { ...own, host: 'elsewhere' },
      child: null,
      leaseId: 'lease-1',
    })
    expect(await reapLeftovers(state)).toEqual([])
    await age(join(path, 'run.json'))
    expect(await reapLeftovers(state)).toEqual([{ leaseId: 'lease-1' }])
  })

  test.each([null, '', '{"supervisor":', '{}'])(
    'that were left half made are removed when they are old: %j',
    async (run) => {
      const path = await leftover(run)
      expect(await reapLeftovers(state)).toEqual([])
      await age(run === null ? path : join(path, 'run.json'))
      expect(await reapLeftovers(state)).toEqual([{ leaseId: null }])
    },
  )

  test('a link among them is removed, and not followed', async () => {
    const outside = join(root, 'outside')
    await mkdir(outside)
    await writeFile(
      join(outside, 'run.json'),
      JSON.stringify({ supervisor: dead, child: null, leaseId: null }),
    )
    await mkdir(join(state, 'runs'), { recursive: true })
    await symlink(outside, join(state, 'runs', 'link'))
    await reapLeftovers(state)
    expect(await readdir(outside)).toEqual(['run.json'])
    expect(await readdir(join(state, 'runs'))).toEqual([])
  })

  test('are none where nothing ever ran', async () => {
    expect(await reapLeftovers(join(root, 'never'))).toEqual([])
  })
})

test.each(['state', 'runs'])('no run is made where others can write in the %s directory', async (which) => {
  await mkdir(join(state, 'runs'), { recursive: true, mode: 0o700 })
  await chmod(which === 'state' ? state : join(state, 'runs'), 0o770)
  await expect(createRunDirectory(state, null)).rejects.toThrow('can be written by others')
})
