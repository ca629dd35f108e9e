import { execFileSync, spawnSync } from 'node:child_process'
import {
  chmod,
  link,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { canMount } from '../../test/support/mounting.ts'
import { createSynced, UnsafePathError, writeFileAtomically } from './atomic-file.ts'

let directory: string
let path: string

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'claviger-file-'))
  path = join(directory, 'file')
})

afterEach(() => rm(directory, { recursive: true, force: true }))

test('writes a new file that only its owner can read, and replaces it with a new one', async () => {
  const before = process.umask(0)
  try {
    await writeFileAtomically(path, 'one')
  } finally {
    process.umask(before)
  }
  const first = await stat(path)
  expect(first.mode & 0o777).toBe(0o600)
  await writeFileAtomically(path, 'two')
  expect(await readFile(path, 'utf8')).toBe('two')
  expect((await stat(path)).ino).not.toBe(first.ino)
  expect(await readdir(directory)).toEqual(['file'])
})

test('a file whose mode was too wide becomes private', async () => {
  await writeFile(path, 'one', { mode: 0o644 })
  await writeFileAtomically(path, 'two')
  expect((await stat(path)).mode & 0o777).toBe(0o600)
})

test('a reader sees the old or the new text, never a part', async () => {
  const texts = ['a', 'b'].map((letter) => letter.repeat(200_000))
  await writeFileAtomically(path, texts[0] ?? '')
  let isDone = false
  const seen = new Set<string>()
  const reading = (async () => {
    while (!isDone) seen.add(await readFile(path, 'utf8'))
  })()
  for (let round = 0; round < 20; round++) await writeFileAtomically(path, texts[round % 2] ?? '')
  isDone = true
  await reading
  expect([...seen].every((text) => texts.includes(text))).toBe(true)
})

describe('is refused, and nothing is touched', () => {
  test('when the file is a symbolic link', async () => {
    const target = join(directory, 'target')
    await writeFile(target, 'theirs')
    await symlink(target, path)
    await expect(writeFileAtomically(path, 'ours')).rejects.toThrow(UnsafePathError)
    expect(await readFile(target, 'utf8')).toBe('theirs')
  })

  test('when the file has a second name', async () => {
    const second = join(directory, 'second')
    await writeFile(second, 'theirs')
    await link(second, path)
    await expect(writeFileAtomically(path, 'ours')).rejects.toThrow('hard link')
    expect(await readFile(second, 'utf8')).toBe('theirs')
  })

  test('when it is a directory, or a pipe', async () => {
    await mkdir(path)
    await expect(writeFileAtomically(path, 'ours')).rejects.toThrow('is not a regular file')
    const pipe = join(directory, 'pipe')
    execFileSync('mkfifo', [pipe])
    await expect(writeFileAtomically(pipe, 'ours')).rejects.toThrow('is not a regular file')
  })

  test('when its directory is a link', async () => {
    await mkdir(join(directory, 'real'))
    await symlink(join(directory, 'real'), join(directory, 'link'))
    await expect(writeFileAtomically(join(directory, 'link', 'file'), 'ours')).rejects.toThrow(
      'symbolic link',
    )
    expect(await readdir(join(directory, 'real'))).toEqual([])
  })

  test.each([0o770, 0o707, 0o1777])('when others may write in its directory (%o)', async (mode) => {
    await chmod(directory, mode)
    await expect(writeFileAtomically(path, 'ours')).rejects.toThrow('can be written by others')
    expect(await readdir(directory)).toEqual([])
  })

  test.runIf(process.getuid?.() === 0)('when it belongs to someone else', async () => {
    await writeFile(path, 'theirs')
    execFileSync('chown', ['65534', path])
    await expect(writeFileAtomically(path, 'ours')).rejects.toThrow('belongs to another user')
    execFileSync('chown', ['65534', directory])
    await expect(writeFileAtomically(join(directory, 'new'), 'ours')).rejects.toThrow(
      'belongs to another user',
    )
    expect(await readFile(path, 'utf8')).toBe('theirs')
  })
})

test('a file that cannot be written whole leaves the old one and no rest', async () => {
  await writeFile(path, 'old', { mode: 0o600 })
  const script = `import { writeFileAtomically } from ${JSON.stringify(join(import.meta.dirname, 'atomic-file.ts'))}
    await writeFileAtomically(${JSON.stringify(path)}, 'x'.repeat(100_000)).catch((error) => console.log(error.code))`
  // A limit on the size of files stands for a full disk.
  const words = [
    '-c',
    'ulimit -f 8; exec "$0" --input-type=module-typescript -e "$1"',
    process.execPath,
    script,
  ]
  const { stdout } = spawnSync('/bin/sh', words, { encoding: 'utf8' })
  expect(stdout.trim()).toBe('EFBIG')
  expect(await readFile(path, 'utf8')).toBe('old')
  expect(await readdir(directory)).toEqual(['file'])
})

test.runIf(canMount('bind'))('a file that is a mount point is written in place', async () => {
  const source = join(directory, 'source')
  await writeFile(source, 'old and longer', { mode: 0o600 })
  await writeFile(path, '')
  execFileSync('mount', ['--bind', source, path])
  try {
    await writeFileAtomically(path, 'new')
    expect(await readFile(source, 'utf8')).toBe('new')
    expect((await readdir(directory)).sort()).toEqual(['file', 'source'])
  } finally {
    execFileSync('umount', [path])
  }
})

test('a file that must be new is not written through a link or over another', async () => {
  await symlink(join(directory, 'elsewhere'), path)
  await expect(createSynced(path, 'ours')).rejects.toMatchObject({ code: 'EEXIST' })
  expect(await readdir(directory)).toEqual(['file'])
})
