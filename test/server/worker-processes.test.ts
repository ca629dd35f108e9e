// Two processes of one worker, as in a rolling update: in the end one of them works, and no message is given twice. One
// state directory has one process. Programs are played.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, it, vi } from 'vitest'
import { createClient } from '../../src/client/client.ts'
import { Secret } from '../../src/domain/secret.ts'
import { carryOut } from '../../src/runner/worker/carrying-out.ts'
import { runsOf } from '../../src/runner/worker/client-runs.ts'
import { startWorker, type Worker } from '../../src/runner/worker/worker.ts'
import { MAIN } from '../e2e/program-run.ts'
import { createTestApp, ORIGIN } from '../support/app.ts'
import { GOING_ON, NO_PLACES, newProcess } from '../support/carrying.ts'
import { createHouse } from '../support/house.ts'
import { enrolWorker } from '../support/machines.ts'
import { type Played, played, playedSeat } from '../support/played-seat.ts'
import { startServerProcess } from '../support/server-process.ts'

const cleanups: (() => unknown)[] = []

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

const until = (test: () => Promise<void>) => vi.waitFor(test, { timeout: 20_000, interval: 20 })

function startIn(app: ReturnType<typeof createTestApp>, token: string, disk: Played) {
  const claimed: string[] = []
  const fetch = async (request: Request) => app.app.fetch(request)
  const server = runsOf(createClient({ server: ORIGIN, token: new Secret(token), fetch }))
  const worker: Worker = startWorker({
    ...{ server, capacity: 2, directories: [], said: () => undefined },
    machine: { version: '1.0.0', programs: [{ harness: 'claude', version: null }] },
    ...{ places: NO_PLACES, names: newProcess() },
    carryOut(run) {
      claimed.push(run.claim)
      return carryOut({
        ...{ server, run, continuation: GOING_ON, now: Date.now },
        ambient: async () => 'none',
        seat: async (hear) => playedSeat(disk, hear),
        clear: async () => undefined,
      })
    },
  })
  const over = worker.over.then(
    () => null,
    (error: unknown) => error,
  )
  return { worker, claimed, over }
}

it('an older process is dismissed in the middle of a turn, and the newer one goes on', async () => {
  const house = createHouse()
  const app = createTestApp(house)
  await house.give('bob', 'me', 'own')
  const { token } = await enrolWorker(house, 'box')
  const { id } = await house.ask('bob', 'runs.create', { harness: 'claude', prompt: 'one' })
  const disk = played({ is: 'hangs' })
  const older = startIn(app, token, disk)
  await until(async () => expect(disk.taken).toEqual(['one']))

  const newer = startIn(app, token, disk)
  expect(await older.over).toMatchObject({ code: 'forbidden' })
  await older.worker.stop()
  await house.ask('bob', 'runs.send', { id, text: 'two' })
  await until(async () => {
    const { state, messages } = await house.ask('bob', 'runs.read', { id })
    expect([state, ...messages.map((one) => one.state)]).toEqual(['ready', 'done', 'done'])
  })
  expect(disk.taken).toEqual(['one', GOING_ON, 'two'])
  expect([older.claimed.length, newer.claimed.length]).toEqual([1, 1])
  await newer.worker.stop()
  expect(await newer.over).toBeNull()
}, 60_000)

it('a worker that is full of conversations nobody talks to takes up what waits', async () => {
  const house = createHouse()
  const app = createTestApp(house)
  await house.give('bob', 'me', 'own')
  const { token } = await enrolWorker(house, 'box')
  const disk = played()
  const { worker } = startIn(app, token, disk)
  const ids: string[] = []
  for (const prompt of ['one', 'two', 'three', 'four']) {
    house.clock.now += 1_000
    ids.push((await house.ask('bob', 'runs.create', { harness: 'claude', prompt })).id)
    await until(async () => expect(disk.taken).toContain(prompt))
  }
  const read = async (id: string) => house.ask('bob', 'runs.read', { id })
  await until(async () => {
    const states = (await Promise.all(ids.map(read))).map(({ state }) => state)
    expect(states).toEqual(['hibernated', 'hibernated', 'ready', 'ready'])
  })
  expect((await read(ids[0] ?? '')).reason).toContain('it makes room')
  expect(disk.taken).toEqual(['one', 'two', 'three', 'four'])
  await worker.stop()
}, 90_000)

function newDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'claviger-processes-'))
  cleanups.push(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}

interface Started {
  readonly child: ChildProcess
  readonly exited: Promise<number | null>
  output(): string
}

function startProcess(program: string, server: string, stateDirectory: string, ...words: string[]): Started {
  const own = { CLAVIGER_STATE_DIR: stateDirectory, CLAVIGER_SERVER: server, CLAVIGER_CODEX_BIN: program }
  const child = spawn(process.execPath, [MAIN, 'worker', ...words], {
    ...{ cwd: stateDirectory, env: { PATH: '/usr/bin:/bin', HOME: stateDirectory, ...own } },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding('utf8').on('data', (text: string) => {
      output += text
    })
  const exited = once(child, 'exit').then(([code]) => code as number | null)
  cleanups.push(() => {
    child.kill('SIGKILL')
    return exited
  })
  return { child, exited, output: () => output }
}

async function isAtWork(started: Started): Promise<void> {
  await vi.waitFor(() => expect(started.output()).toContain('Carrying out runs'), {
    ...{ timeout: 30_000, interval: 50 },
  })
}

it('one state directory has one process, the one of a server too; a copy of it takes over', async () => {
  const [ofServer, ofWorker, ofCopy] = [newDirectory(), newDirectory(), newDirectory()]
  const program = join(ofWorker, 'codex')
  writeFileSync(program, '#!/bin/sh\necho codex-cli 0.160.0\n', { mode: 0o755 })
  const settings = { stateDirectory: ofServer, port: '0', embeddedWorker: 'yes', codexBin: program }
  const server = await startServerProcess(settings)
  cleanups.push(() => server.stop())
  const url = server.said.slice('url '.length)
  const token = new Secret(readFileSync(join(ofServer, 'admin.token'), 'utf8').trim())
  const client = createClient({ server: url, token })
  const workers = async () =>
    (await client.call('workers.list', {})).workers.map(({ name, state }) => `${name} ${state}`)
  await until(async () => expect(await workers()).toEqual(['embedded enrolled']))
  const { code } = await client.call('workers.enrol', { name: 'box' })

  const inServer = startProcess(program, url, ofServer, `--enrol=${code}`)
  expect(await inServer.exited).toBe(1)
  expect(inServer.output()).toContain(
    `The server of ${ofServer}, process ${server.pid}, carries out runs there itself.`,
  )
  expect(await workers()).toEqual(['embedded enrolled', 'box expected'])

  const first = startProcess(program, url, ofWorker, `--enrol=${code}`)
  await isAtWork(first)
  const second = startProcess(program, url, ofWorker)
  expect(await second.exited).toBe(1)
  expect(second.output()).toContain(
    `Another worker, process ${first.child.pid}, carries out runs in ${ofWorker}.`,
  )

  cpSync(join(ofWorker, 'login.json'), join(ofCopy, 'login.json'))
  const elsewhere = startProcess(program, url, ofCopy)
  await isAtWork(elsewhere)
  expect(await first.exited).toBe(4)
  expect(first.output()).toContain('A newer process of the worker box has taken over.')
  expect(elsewhere.child.exitCode).toBeNull()
}, 120_000)
