import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { programsOnPath } from './on-path.ts'

let directory: string

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'claviger-on-path-'))
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

function program(name: string, mode = 0o755): string {
  const file = join(directory, name)
  writeFileSync(file, '#!/bin/sh\n')
  chmodSync(file, mode)
  return file
}

const found = () => programsOnPath(`bin::${directory}`, 'kind-')

it('finds programs of the kind, and leaves out what everybody may write to', async () => {
  const one = program('kind-one')
  program('kind-two', 0o757)
  program('kind-three', 0o644)
  program('other')
  mkdirSync(join(directory, 'kind-directory'))
  expect(await found()).toEqual(new Map([['kind-one', one]]))
})

it('leaves out a directory in which everybody may write: anybody could put one there', async () => {
  program('kind-one')
  chmodSync(directory, 0o1777)
  expect(await found()).toEqual(new Map())
})

it.runIf(process.geteuid?.() === 0)('leaves out what belongs to somebody else', async () => {
  const one = program('kind-one')
  chownSync(one, 65_534, 65_534)
  expect(await found()).toEqual(new Map())
})
