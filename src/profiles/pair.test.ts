// The file of profiles and its ledger, of one agent or two: whoever is killed at any step, and whatever fails in the middle,
// the next reader has all of the old or all of the new, and nothing that another program has written is lost.

import { execFileSync, spawnSync } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate as breathe } from 'node:timers/promises'
import { beforeEach, describe, expect, it } from 'vitest'
import { canMount } from '../../test/support/mounting.ts'
import { apiKey, codexLogin, editFile, textOf, useStateDirectory } from '../../test/support/profile-files.ts'
import { documentIn, type Pair, type PairChange, readPairs, writePairs } from './pair.ts'
import { type AgentPlace, placeOf, preparePlace } from './place.ts'

const stateDirectory = useStateDirectory()
const ledger = (generation: number, size = 0) =>
  `${JSON.stringify({ version: 1, entries: [], settings: [], facts: { generation: `${generation}`, more: 'x'.repeat(size) } })}\n`
const profiles = (serial: string, more: object = {}) =>
  textOf({
    version: 1,
    profiles: { 'openai-codex:a': codexLogin(serial), 'anthropic:b': apiKey('1') },
    ...more,
  })

let places: AgentPlace[]
const OLD: Pair = { profiles: profiles('old'), ledger: ledger(1) }
const NEW = { profiles: profiles('new'), ledger: ledger(2) }

beforeEach(async () => {
  places = ['work', 'main'].map((agent) => placeOf(stateDirectory(), agent))
  for (const place of places) await preparePlace(place)
})

function put(place: AgentPlace, pair: Pair): void {
  for (const [path, text] of [
    [place.profiles, pair.profiles],
    [place.ledger, pair.ledger],
    [place.state, pair.state ?? null],
  ] as const)
    if (text === null) rmSync(path, { force: true })
    else writeFileSync(path, text, { mode: 0o600 })
}

const changes = (all: readonly AgentPlace[], before: Pair, now: PairChange['now']) =>
  all.map((place) => ({ place, before, now }))

/**
 * A process that writes these, and is killed by its own hand before the call of the file system of this number. True: it was;
 * false: it came to its end before.
 */
function writeAndDie(all: readonly PairChange[], at: number): boolean {
  const source = `
    import fs from 'node:fs'
    import { syncBuiltinESMExports } from 'node:module'
    import { writePairs } from ${JSON.stringify(join(import.meta.dirname, 'pair.ts'))}
    const changes = JSON.parse(fs.readFileSync(0, 'utf8'))
    let left = ${at}
    const counted = (call) => (...given) => {
      left -= 1
      if (left === 0) process.kill(process.pid, 'SIGKILL')
      return call(...given)
    }
    for (const name of ['open', 'rename', 'unlink']) fs.promises[name] = counted(fs.promises[name])
    fs.rmSync = counted(fs.rmSync)
    syncBuiltinESMExports()
    await writePairs(changes)`
  const { signal, status, stderr } = spawnSync(
    process.execPath,
    ['--input-type=module-typescript', '-e', source],
    {
      input: JSON.stringify(all),
      encoding: 'utf8',
    },
  )
  if (signal === null) expect(status, stderr).toBe(0)
  return signal === 'SIGKILL'
}

/** Kills at one step after another until there is none left; `look` after each. The result is the number of steps. */
async function atEachStep(
  all: readonly AgentPlace[],
  before: Pair,
  look: (step: number) => Promise<void>,
  after = NEW,
): Promise<number> {
  for (let step = 1; ; step += 1) {
    for (const place of all) put(place, before)
    rmSync(placeOf(stateDirectory(), 'main').pending, { force: true })
    if (!writeAndDie(changes(all, before, after), step)) return step - 1
    await look(step)
    for (const { directory } of all)
      expect(
        readdirSync(directory).filter((name) => /tmp|pending/.test(name)),
        `step ${step}`,
      ).toEqual([])
  }
}

// Another program writes before anybody has looked, in a copy of all there is.
async function lookAfterAnother(): Promise<void> {
  const copy = mkdtempSync(join(tmpdir(), 'claviger-profiles-'))
  try {
    cpSync(stateDirectory(), copy, { recursive: true, preserveTimestamps: true })
    const main = placeOf(copy, 'main')
    editFile(main, (document) => {
      document.profiles['anthropic:b'] = apiKey('2')
      document.usageStats = { 'anthropic:b': { lastUsed: 5 } }
    })
    const [pair] = await readPairs([main])
    // A login is new where its ledger is.
    expect(documentIn(main, pair?.profiles ?? null)).toEqual({
      version: 1,
      profiles: {
        'openai-codex:a': codexLogin(pair?.ledger === NEW.ledger ? 'new' : 'old'),
        'anthropic:b': apiKey('2'),
      },
      usageStats: { 'anthropic:b': { lastUsed: 5 } },
    })
  } finally {
    rmSync(copy, { recursive: true })
  }
}

describe('kill -9 at each step of writing', () => {
  it('a pair leaves all of the old or all of the new, no part of a file, and what others write', async () => {
    const [, main] = places as [AgentPlace, AgentPlace]
    const seen: string[] = []
    const steps = await atEachStep([main], OLD, async () => {
      await lookAfterAnother()
      const [pair] = await readPairs([main])
      expect([OLD, NEW]).toContainEqual(pair)
      seen.push(pair?.ledger === NEW.ledger ? 'new' : 'old')
    })
    // Three files of a temporary one, its renaming, and the directory; then one is removed.
    expect(steps).toBe(10)
    expect(seen.join(' ')).toMatch(/^(old ){2,}(new ?){2,}$/)
  }, 120_000)

  it('the first pair there is leaves none or all of it', async () => {
    const [, main] = places as [AgentPlace, AgentPlace]
    const none = { profiles: null, ledger: null }
    await atEachStep([main], none, async () => {
      const [pair] = await readPairs([main])
      expect([none, NEW]).toContainEqual(pair)
    })
  }, 120_000)

  it('with what OpenClaw keeps beside leaves the three as they were or as they are to be', async () => {
    const [, main] = places as [AgentPlace, AgentPlace]
    const [before, after] = [
      { ...OLD, state: textOf({ version: 1, order: { anthropic: ['anthropic:b'] } }) },
      { ...NEW, state: textOf({ version: 1, order: {} }) },
    ]
    const look = async () => {
      const [pair] = await readPairs([main])
      expect([before, after]).toContainEqual(pair)
    }
    await atEachStep([main], before, look, after)
  }, 120_000)

  it('two pairs leaves both old or both new, whoever looks first', async () => {
    const [work, main] = places as [AgentPlace, AgentPlace]
    await atEachStep(places, OLD, async (step) => {
      const [first] = step % 2 === 0 ? await readPairs([main]) : await readPairs([work, main])
      expect(await readPairs([work, main])).toEqual([first, first])
      expect([OLD, NEW]).toContainEqual(first)
    })
  }, 180_000)
})

describe('what was begun', () => {
  const begin = (base: Pair, now: Pair) =>
    writeFileSync(places[1]?.pending ?? '', JSON.stringify({ parts: [{ agent: 'main', base, ...now }] }), {
      mode: 0o600,
    })

  it('is not done again when others have come after it', async () => {
    const [, main] = places as [AgentPlace, AgentPlace]
    const later = { profiles: profiles('later'), ledger: ledger(3) }
    put(main, later)
    begin(OLD, NEW)
    expect(await readPairs([main])).toEqual([later])
    expect(existsSync(main.pending)).toBe(false)
  })

  it('waits while the file is no file of profiles, and is done when that is put right', async () => {
    const [, main] = places as [AgentPlace, AgentPlace]
    put(main, { ...OLD, profiles: profiles('old').slice(0, 50) })
    begin(OLD, NEW)
    await expect(readPairs([main])).rejects.toMatchObject({ message: expect.stringMatching(/cut short/) })
    expect(readFileSync(main.ledger, 'utf8')).toBe(OLD.ledger)
    put(main, OLD)
    expect(await readPairs([main])).toEqual([NEW])
  })

  it('does not bring a file back that somebody has removed', async () => {
    const [, main] = places as [AgentPlace, AgentPlace]
    put(main, { ...OLD, profiles: null })
    begin(OLD, NEW)
    expect(await readPairs([main])).toEqual([{ profiles: null, ledger: NEW.ledger }])
  })

  it('leaves what another program has written beside meanwhile', async () => {
    const [, main] = places as [AgentPlace, AgentPlace]
    const state = (more: object) => textOf({ version: 1, order: { anthropic: ['anthropic:b'] }, ...more })
    put(main, { ...OLD, state: state({ lastGood: { anthropic: 'anthropic:b' } }) })
    begin(
      { ...OLD, state: state({}) },
      { ...NEW, state: state({ order: {}, usageStats: { 'anthropic:b': { lastUsed: 5 } } }) },
    )
    const [pair] = await readPairs([main])
    expect({ ...pair, state: JSON.parse(pair?.state ?? '') }).toEqual({
      ...NEW,
      state: {
        ...{ version: 1, order: {} },
        lastGood: { anthropic: 'anthropic:b' },
        usageStats: { 'anthropic:b': { lastUsed: 5 } },
      },
    })
  })

  it('was nothing when it cannot be read', async () => {
    const [, main] = places as [AgentPlace, AgentPlace]
    put(main, OLD)
    writeFileSync(main.pending, '{"parts":[{"agent":')
    expect(await readPairs([main])).toEqual([OLD])
    expect(existsSync(main.pending)).toBe(false)
  })
})

describe('what another program has written since it was read', () => {
  it('stays, in both files, beside what is written here', async () => {
    const [, main] = places as [AgentPlace, AgentPlace]
    const state = (more: object) => textOf({ version: 1, order: { anthropic: ['anthropic:b'] }, ...more })
    put(main, { ...OLD, state: state({ lastGood: { anthropic: 'anthropic:b' } }) })
    editFile(main, ({ profiles }) => {
      profiles['anthropic:c'] = apiKey('3')
    })
    const now = { ...NEW, state: state({ order: {} }) }
    await writePairs([{ place: main, before: { ...OLD, state: state({}) }, now }])
    const [pair] = await readPairs([main])
    expect(documentIn(main, pair?.profiles ?? null).profiles).toEqual({
      'openai-codex:a': codexLogin('new'),
      'anthropic:b': apiKey('1'),
      'anthropic:c': apiKey('3'),
    })
    expect(JSON.parse(pair?.state ?? '')).toEqual({
      ...{ version: 1, order: {} },
      lastGood: { anthropic: 'anthropic:b' },
    })
    expect(pair?.ledger).toBe(NEW.ledger)
  })

  it('is waited for while it has its lock', async () => {
    const [, main] = places as [AgentPlace, AgentPlace]
    put(main, OLD)
    writeFileSync(
      main.lockOfOthers,
      JSON.stringify({ pid: process.ppid, createdAt: new Date().toISOString() }),
    )
    const writing = writePairs(changes([main], OLD, NEW))
    await breathe()
    expect(await readPairs([main])).toEqual([OLD])
    rmSync(main.lockOfOthers)
    await writing
    expect(await readPairs([main])).toEqual([NEW])
    expect(existsSync(main.lockOfOthers)).toBe(false)
  })
})

describe('a failure', () => {
  it('before anything is replaced stores nothing', async () => {
    const [work, main] = places as [AgentPlace, AgentPlace]
    for (const place of places) put(place, OLD)
    rmSync(work.profiles)
    mkdirSync(work.profiles)
    await expect(writePairs(changes(places, OLD, NEW))).rejects.toMatchObject({
      code: 'invalid',
      message: `${work.profiles} is not a regular file.`,
    })
    rmSync(work.profiles, { recursive: true })
    put(work, OLD)
    expect(await readPairs([work, main])).toEqual([OLD, OLD])
  })

  it('in the middle is none: it is stored, and whoever comes next goes on with it', async () => {
    const [work, main] = places as [AgentPlace, AgentPlace]
    for (const place of places) put(place, OLD)
    rmSync(main.ledger)
    mkdirSync(main.ledger)
    await writePairs(changes(places, OLD, NEW))
    await expect(readPairs([work, main])).rejects.toMatchObject({
      message: `${main.ledger} is not a regular file.`,
    })
    rmSync(main.ledger, { recursive: true })
    put(main, { profiles: readFileSync(main.profiles, 'utf8'), ledger: OLD.ledger })
    expect(await readPairs([work, main])).toEqual([NEW, NEW])
  })

  it.runIf(canMount('tmpfs'))('of a disk that is full between the two files is none either', async () => {
    const [, main] = places as [AgentPlace, AgentPlace]
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=120k,mode=700', 'tmpfs', main.directory])
    try {
      put(main, OLD)
      // Room for what is begun and the profiles, and not for this once more.
      const now = { profiles: NEW.profiles, ledger: ledger(2, 80_000) }
      await writePairs([{ place: main, before: OLD, now }])
      expect(readFileSync(main.profiles, 'utf8')).toBe(NEW.profiles)
      expect(readFileSync(main.ledger, 'utf8')).toBe(OLD.ledger)
      await expect(readPairs([main])).rejects.toMatchObject({ code: 'storage_full' })
      execFileSync('mount', ['-o', 'remount,size=1m', main.directory])
      expect(await readPairs([main])).toEqual([now])
      execFileSync('mount', ['-o', 'remount,size=96k', main.directory])
      const tooLarge = { profiles: profiles('later'), ledger: ledger(3, 90_000) }
      await expect(writePairs([{ place: main, before: now, now: tooLarge }])).rejects.toMatchObject({
        code: 'storage_full',
      })
      expect(await readPairs([main])).toEqual([now])
    } finally {
      execFileSync('umount', [main.directory])
    }
  })
})
