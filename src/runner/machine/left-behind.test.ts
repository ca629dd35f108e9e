import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { claude } from '../../harnesses/claude.ts'
import { codex } from '../../harnesses/codex.ts'
import { cleanPlaces, endTools } from './left-behind.ts'

let directory: string
const children: ChildProcess[] = []

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'claviger-left-'))
})

afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
  await rm(directory, { recursive: true })
})

async function tool(temporary: string): Promise<ChildProcess> {
  const child = spawn(process.execPath, ['-e', 'setTimeout(() => {}, 60000)'], {
    ...{ env: { TMPDIR: temporary }, detached: true, stdio: 'ignore' },
  })
  children.push(child)
  await once(child, 'spawn')
  return child
}

it('what a killed worker has left of runs goes, and their sessions and workspaces stay', async () => {
  const gone = [
    'a/config/auth.json',
    'a/config/config.toml',
    'b/config/settings.json',
    'b/config/.claude.json',
  ]
  const kept = [
    'a/config/sessions/x.jsonl',
    'b/config/projects/y.jsonl',
    'b/workspace/auth.json',
    'a/giving.json',
  ]
  for (const path of [...gone, ...kept]) {
    await mkdir(join(directory, path, '..'), { recursive: true })
    await writeFile(join(directory, path), 'x')
  }
  const [left, other] = [await tool(join(directory, 'a/tmp')), await tool(`${directory}-of-another/tmp`)]
  const ended = once(left, 'exit')
  await cleanPlaces(directory, [claude, codex])
  expect(gone.filter((path) => existsSync(join(directory, path)))).toEqual([])
  expect(kept.filter((path) => !existsSync(join(directory, path)))).toEqual([])
  expect((await ended)[1]).toBe('SIGKILL')
  expect(other.exitCode ?? other.signalCode).toBeNull()
})

it('nothing was left where no run ever was', async () => {
  await cleanPlaces(join(directory, 'conversations'), [claude, codex])
  expect(existsSync(join(directory, 'conversations'))).toBe(false)
})

it('the tools of one run end, and those of no other', async () => {
  const [one, other] = [await tool(join(directory, 'a/tmp/deeper')), await tool(join(directory, 'ab/tmp'))]
  const ended = once(one, 'exit')
  await endTools(join(directory, 'a/tmp'))
  await ended
  expect(other.exitCode ?? other.signalCode).toBeNull()
})
