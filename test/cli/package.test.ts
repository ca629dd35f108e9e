// The package as others install it: packed, unpacked below a node_modules, and used from there. Needs the build.

import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

let directory: string
let installed: string

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'claviger-package-'))
  const modules = join(directory, 'node_modules')
  mkdirSync(modules)
  const PATH = [dirname(process.execPath), process.env['PATH']].join(delimiter)
  const env = { PATH, HOME: directory, npm_config_update_notifier: 'false' }
  const pack = ['pack', '--ignore-scripts', '--silent', '--pack-destination', directory]
  const archive = execFileSync('npm', pack, { cwd: ROOT, env, encoding: 'utf8' }).trim()
  execFileSync('tar', ['xzf', join(directory, archive), '-C', directory])
  installed = join(modules, 'claviger')
  renameSync(join(directory, 'package'), installed)
  // What whoever writes a provider has: the suites run in vitest.
  symlinkSync(join(ROOT, 'node_modules/vitest'), join(modules, 'vitest'))
})

afterAll(() => rmSync(directory, { recursive: true, force: true }))

function node(source: string): string {
  const file = join(directory, 'consumer.mjs')
  writeFileSync(file, source)
  return execFileSync(process.execPath, [file], {
    cwd: directory,
    env: { HOME: directory },
    encoding: 'utf8',
  })
}

test('it holds the program, the bundle and the sources, and no tests', () => {
  expect(readdirSync(installed)).toEqual(expect.arrayContaining(['bin', 'dist', 'src', 'README.md']))
  const files = readdirSync(installed, { recursive: true, encoding: 'utf8' })
  expect(files.filter((file) => file.endsWith('.test.ts'))).toEqual([])
  expect(files).toEqual(
    expect.arrayContaining(['dist/console/index.html', 'dist/console/manifest.webmanifest']),
  )
  expect(files.filter((file) => file.startsWith('console'))).toEqual([])
})

test('its server finds the console', async () => {
  const stateDirectory = join(directory, 'state')
  const env = { PATH: dirname(process.execPath), HOME: directory, CLAVIGER_STATE_DIR: stateDirectory }
  const flags = ['serve', '--port', '0', '--no-embedded-worker', '--json']
  const server = spawn(process.execPath, [join(installed, 'dist/claviger.js'), ...flags], { env })
  try {
    const [said] = await once(server.stdout, 'data')
    const page = await fetch(JSON.parse(String(said)).url, { headers: { accept: 'text/html' } })
    expect(page.status).toBe(200)
    expect(await page.text()).toContain('<div id="root">')
  } finally {
    server.kill()
    await once(server, 'exit')
  }
})

test('all three entry points can be imported, and the sandbox starts', () => {
  const said = node(`
    import { ClavigerError, Secret } from 'claviger'
    import { createClient } from 'claviger/client'
    import { createMemoryStore, describeProvider, describeStore, startSandbox } from 'claviger/testing'
    const sandbox = await startSandbox()
    const answer = await fetch(sandbox.anthropicUrl + '/v1/models')
    await sandbox.close()
    const client = createClient({ server: 'http://127.0.0.1:1', token: null })
    const error = await client.call('whoami', {}).catch((thrown) => thrown)
    console.log(JSON.stringify({
      status: answer.status,
      same: error instanceof ClavigerError,
      secret: String(new Secret('x')),
      suites: typeof describeProvider + typeof describeStore + typeof createMemoryStore,
    }))
  `)
  expect(JSON.parse(said)).toEqual({
    status: 401,
    same: true,
    secret: '[redacted]',
    suites: 'functionfunctionfunction',
  })
})

test('the program starts from there', () => {
  const PATH = [dirname(process.execPath), '/usr/bin', '/bin'].join(delimiter)
  const env = { PATH, HOME: directory }
  const said = execFileSync(join(installed, 'bin/claviger'), ['--version'], { env, encoding: 'utf8' })
  expect(said).toMatch(/^\d+\.\d+\.\d+\n$/)
})
