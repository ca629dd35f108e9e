// Everything that can be wrong with the place of the profiles: each has its own sentence and says what to do, and nothing
// is changed. A file that cannot be read is never taken for one that is not there.

import { execFileSync, spawnSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { fuseMount } from '../../test/support/fuse-mount.ts'
import { canMount } from '../../test/support/mounting.ts'
import { apiKey, placeWith, textOf, useStateDirectory } from '../../test/support/profile-files.ts'
import { profileStore } from '../../test/support/profile-store.ts'
import { ClavigerError } from '../domain/errors.ts'
import { type AgentPlace, placeOf } from './place.ts'

const isRoot = process.getuid?.() === 0
const GOOD = textOf({ version: 1, profiles: { 'anthropic:default': apiKey('1') } })
const stateDirectory = useStateDirectory()
const store = () =>
  profileStore({ stateDirectory: stateDirectory(), masterKey: new Uint8Array(32), now: Date.now })

/** What a unit that would store something is answered; `reading`: one that only looks is answered the same. */
async function refusal(): Promise<ClavigerError> {
  const { store: one } = store()
  const answers = await Promise.allSettled([
    one.credentials.list('org-acme', {}, { limit: 10 }),
    one.settings.put('org-acme', 'subject', 'name', true),
  ])
  const [reading, writing] = answers.map((answer) => (answer.status === 'rejected' ? answer.reason : answer))
  expect(writing).toBeInstanceOf(ClavigerError)
  expect(reading).toEqual(writing)
  return writing as ClavigerError
}

// Names, kinds, modes, inodes and contents of all there is below.
function everythingIn(directory: string): string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter(({ name }) => !name.startsWith('auth-profiles.lock'))
    .map((entry) => {
      const path = join(entry.parentPath, entry.name)
      const { mode, ino } = statSync(path)
      return `${path} ${mode} ${ino} ${entry.isFile() ? readFileSync(path, 'utf8') : ''}`
    })
    .sort()
}

async function expectRefusal(message: RegExp, hint: RegExp, code = 'invalid'): Promise<void> {
  const before = everythingIn(stateDirectory())
  const refused = await refusal()
  expect(refused.message).toMatch(message)
  expect(refused).toMatchObject({ code, hint: expect.stringMatching(hint) })
  expect(`${refused.message} ${refused.hint}`).not.toMatch(/no credential|sk-ant-test/)
  expect(everythingIn(stateDirectory())).toEqual(before)
}

describe('a file of profiles is refused', () => {
  it.each([
    ['empty', '', /auth-profiles\.json is empty\./, /profiles in it are gone\. Put a copy back/],
    ['torn', GOOD.slice(0, 60), /is cut short, or damaged\./, /Put a copy back.*Nothing was changed/],
    ['foreign', '{"claudeAiOauth":{}}', /is no file of profiles\./, /Move it away\. Nothing was changed/],
    ['newer', '{"version":2}', /is of a version later than 1\./, /update Claviger\. Nothing was changed/],
  ])('when it is %s', async (_, text, message, hint) => {
    placeWith(stateDirectory(), text)
    await expectRefusal(message, hint)
  })

  it('when it is no text', async () => {
    const place = placeWith(stateDirectory(), GOOD)
    writeFileSync(place.profiles, Buffer.from(GOOD.replace('anthropic:', 'é'), 'latin1'))
    await expectRefusal(/is damaged: it is no text\./, /Put a copy back/)
  })

  it('when it is a link, also one to nothing', async () => {
    const place = placeWith(stateDirectory(), GOOD)
    renameSync(place.profiles, join(stateDirectory(), 'shared.json'))
    symlinkSync(join(stateDirectory(), 'shared.json'), place.profiles)
    await expectRefusal(/auth-profiles\.json is a symbolic link\./, /reads the profiles of the main agent/)
    renameSync(join(stateDirectory(), 'shared.json'), join(place.directory, 'away.json'))
    expect((await refusal()).message).toMatch(/is a symbolic link\./)
  })

  it('when it has a second name', async () => {
    const place = placeWith(stateDirectory(), GOOD)
    linkSync(place.profiles, join(stateDirectory(), 'second.json'))
    await expectRefusal(/has a second name \(a hard link\)\./, /two agents would renew one login/)
  })

  it('when it is a directory, or a pipe', async () => {
    const place = placeOf(stateDirectory(), 'main')
    mkdirSync(place.profiles, { recursive: true, mode: 0o700 })
    await expectRefusal(/is not a regular file\./, /Move it away/)
    renameSync(place.profiles, join(stateDirectory(), 'away'))
    execFileSync('mkfifo', [place.profiles])
    expect((await refusal()).message).toMatch(/is not a regular file\./)
  })

  it.runIf(isRoot)('when it belongs to somebody else', async () => {
    const place = placeWith(stateDirectory(), GOOD)
    chownSync(place.profiles, 65534, 65534)
    await expectRefusal(/auth-profiles\.json belongs to another user\./, /Run this as its owner/)
  })

  it('when its ledger is damaged, or of a newer version', async () => {
    const place = placeWith(stateDirectory(), GOOD)
    for (const text of ['', '{"version":1', '{"version":2,"entries":[],"settings":[],"facts":{}}']) {
      writeFileSync(place.ledger, text)
      await expectRefusal(/ledger\.json is damaged, or of a newer version/, /Update Claviger.*move it away/)
    }
  })
})

it('a file that its owner has made read-only is read, and nothing is written to it', async () => {
  const place = placeWith(stateDirectory(), GOOD)
  const { store: one } = store()
  const [row] = await one.credentials.list('org-acme', {}, { limit: 10 })
  chmodSync(place.profiles, 0o400)
  const before = everythingIn(stateDirectory())
  await expect(store().store.credentials.list('org-acme', {}, { limit: 10 })).resolves.toEqual([row])
  await expect(one.credentials.update('org-acme', row?.id ?? '', 1, { name: 'x' })).rejects.toMatchObject({
    code: 'invalid',
    message: `${place.profiles} is read-only.`,
    hint: `Nothing was changed. A login that is renewed must be written there: chmod u+w ${place.profiles}`,
  })
  expect(everythingIn(stateDirectory())).toEqual(before)
  await expect(one.credentials.list('org-acme', {}, { limit: 10 })).resolves.toEqual([row])
})

describe('a directory is refused', () => {
  it.each([
    ['it', (place: AgentPlace) => place.directory],
    ['its agent', (place: AgentPlace) => join(place.directory, '..')],
    ['that of all agents', (place: AgentPlace) => join(place.directory, '../..')],
  ])('when %s is a link', async (_, which) => {
    const path = which(placeWith(stateDirectory(), GOOD))
    renameSync(path, join(stateDirectory(), 'elsewhere'))
    symlinkSync(join(stateDirectory(), 'elsewhere'), path)
    await expectRefusal(/is a symbolic link\./, /Nothing was changed/)
  })

  it('when others may write in it', async () => {
    const place = placeWith(stateDirectory(), GOOD)
    chmodSync(place.directory, 0o770)
    await expectRefusal(/main\/agent can be written by others\./, /Nothing was changed/)
  })

  it('when a file is in its place', async () => {
    const place = placeOf(stateDirectory(), 'main')
    mkdirSync(join(place.directory, '..'), { recursive: true, mode: 0o700 })
    writeFileSync(place.directory, '')
    await expectRefusal(
      /is not a directory\.|cannot be used \(EEXIST\)/,
      /CLAVIGER_STATE_DIR|Nothing was changed/,
    )
  })

  it.runIf(isRoot)('when it belongs to somebody else', async () => {
    const place = placeWith(stateDirectory(), GOOD)
    chownSync(place.directory, 65534, 65534)
    await expectRefusal(/main\/agent belongs to another user\./, /Nothing was changed/)
  })

  it.runIf(isRoot)('when this user may not write in it', async () => {
    const place = placeWith(stateDirectory(), GOOD)
    chmodSync(stateDirectory(), 0o711)
    for (const path of [join(place.directory, '../..'), join(place.directory, '..'), place.directory])
      chownSync(path, 65534, 65534)
    chownSync(place.profiles, 65534, 65534)
    chmodSync(place.directory, 0o500)
    const script = `
      import { preparePlace, placeOf } from ${JSON.stringify(join(import.meta.dirname, 'place.ts'))}
      process.setgid(65534); process.setuid(65534)
      await preparePlace(placeOf(${JSON.stringify(stateDirectory())}, 'main')).catch(({ message }) => console.log(message))`
    const { stdout } = spawnSync(process.execPath, ['--input-type=module-typescript', '-e', script], {
      encoding: 'utf8',
    })
    expect(stdout.trim()).toBe(`${place.directory} is not readable or writable for this user.`)
  })

  it.runIf(canMount('tmpfs'))('when its file system is mounted read-only', async () => {
    await withTmpfs('1m', async (remount) => {
      const place = placeWith(stateDirectory(), GOOD)
      await store().store.credentials.list('org-acme', {}, { limit: 10 })
      remount('ro')
      await expectRefusal(/main\/agent is on a file system that is mounted read-only\./, /CLAVIGER_STATE_DIR/)
      remount('rw')
      expect(readFileSync(place.profiles, 'utf8')).toBe(GOOD)
    })
  })

  it.runIf(canMount('tmpfs'))('when its disk is full', async () => {
    await withTmpfs('64k', async () => {
      const place = placeWith(stateDirectory(), GOOD)
      spawnSync('/bin/sh', ['-c', 'exec cat /dev/zero > "$0"', join(stateDirectory(), 'filler')])
      await expectRefusal(/cannot be written: the disk is full\./, /Make room there/, 'storage_full')
      execFileSync('rm', [join(stateDirectory(), 'filler')])
      await expect(store().store.credentials.list('org-acme', {}, { limit: 10 })).resolves.toHaveLength(1)
      expect(existsSync(place.pending)).toBe(false)
    })
  })

  it.runIf(canMount('tmpfs') && existsSync('/dev/fuse'))(
    'when it is on a file system of a network',
    async () => {
      const unmount = await fuseMount(stateDirectory())
      try {
        const refused = await refusal()
        expect(refused).toMatchObject({
          code: 'invalid',
          message: `${placeOf(stateDirectory(), 'main').directory} is on a network file system (FUSE).`,
          hint: expect.stringMatching(/^Two machines cannot .* CLAVIGER_STATE_DIR\.$/),
        })
      } finally {
        await unmount()
      }
    },
  )
})

async function withTmpfs(
  size: string,
  work: (remount: (how: string) => void) => Promise<void>,
): Promise<void> {
  const at = stateDirectory()
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size},mode=700`, 'tmpfs', at])
  try {
    await work((how) => execFileSync('mount', ['-o', `remount,${how}`, at]))
  } finally {
    execFileSync('umount', [at])
  }
}
