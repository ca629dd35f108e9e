import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { makeDirectories } from './make-directories.ts'

it('makes what is lacking, for its owner only, leaves what is there, and takes no file for one', () => {
  const root = mkdtempSync(join(tmpdir(), 'claviger-'))
  const path = join(root, 'a/b/c')
  makeDirectories(path)
  makeDirectories(path)
  expect([path, join(path, '..')].map((one) => statSync(one).mode & 0o777)).toEqual([0o700, 0o700])
  writeFileSync(join(root, 'file'), '')
  expect(() => makeDirectories(join(root, 'file'))).toThrow('EEXIST')
  rmSync(root, { recursive: true })
})

it.runIf(process.platform === 'linux')('says so where no directory can be made', () => {
  expect(() => makeDirectories('/proc/claviger/agents')).toThrow('ENOENT')
})
