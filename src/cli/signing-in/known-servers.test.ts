// What a machine remembers of servers, by several real processes at once.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'

const PROCESSES = 6
const SERVERS = 10

let directory: string

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'claviger-known-'))
})

afterEach(() => {
  rmSync(directory, { recursive: true })
})

/** A process that remembers servers of its own, once it is told to. */
function remembering(name: string) {
  const source = `
    import { remember } from ${JSON.stringify(join(import.meta.dirname, 'known-servers.ts'))}
    const context = {
      settings: () => ({ stateDirectory: ${JSON.stringify(directory)} }),
      ui: { note: (line) => { console.error(line); process.exitCode = 1 } },
    }
    await new Promise((go) => process.stdin.once('data', go))
    for (let number = 0; number < ${SERVERS}; number += 1)
      await remember(context, 'http://${name}.test:' + (8000 + number), { organization: 'Acme', fingerprint: '${name}' })
    process.stdin.destroy()`
  const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', source], {
    stdio: ['pipe', 'ignore', 'pipe'],
  })
  const said: Buffer[] = []
  child.stderr.on('data', (chunk) => said.push(chunk))
  return {
    start: () => void child.stdin.write('go\n'),
    ended: once(child, 'close'),
    said: () => Buffer.concat(said).toString(),
  }
}

it('all of them are remembered, whoever does so at the same time', async () => {
  const processes = Array.from({ length: PROCESSES }, (_, i) => remembering(`server-${i}`))
  for (const { start } of processes) start()
  const exits = await Promise.all(processes.map(({ ended }) => ended))
  expect(processes.map(({ said }) => said()).join('')).toBe('')
  expect(exits).toEqual(processes.map(() => [0, null]))
  const known = JSON.parse(readFileSync(join(directory, 'known-servers.json'), 'utf8'))
  expect(Object.keys(known)).toHaveLength(PROCESSES * SERVERS)
})

it('a list that cannot be locked is not written, and that is said', async () => {
  const file = join(directory, 'known-servers.json')
  mkdirSync(`${file}.lock`)
  const { start, ended, said } = remembering('server')
  start()
  expect(await ended).toEqual([1, null])
  expect(said()).toContain(`warning: ${file} was not written (`)
})
