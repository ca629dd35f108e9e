// Starting the real server on a state directory: what it makes, what it keeps, what it refuses.

import { createHash } from 'node:crypto'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createClient } from '../../src/client/client.ts'
import { serverSettings } from '../../src/config.ts'
import { Secret } from '../../src/domain/secret.ts'
import type { GivenSettings } from '../../src/domain/settings/settings.ts'
import { startServer } from '../../src/main.ts'
import type { RunningServer } from '../../src/server/running.ts'
import { errorOf, fakeKey } from '../support/house.ts'
import { startServerProcess } from '../support/server-process.ts'

let parent: string
let directory: string
const running: RunningServer[] = []

beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'claviger-start-'))
  directory = join(parent, 'state')
})

afterEach(async () => {
  for (const server of running.splice(0)) await server.close()
  rmSync(parent, { recursive: true, force: true })
})

function given(changed: GivenSettings = {}): GivenSettings {
  return { stateDirectory: directory, port: '0', logLevel: 'silent', ...changed }
}

async function start(changed: GivenSettings = {}): Promise<RunningServer> {
  const server = await startServer(serverSettings(given(changed)))
  running.push(server)
  return server
}

async function stop(): Promise<void> {
  for (const server of running.splice(0)) await server.close()
}

function clientOf(server: RunningServer, token = file('admin.token').trim()) {
  return createClient({ server: server.url, token: new Secret(token) })
}

function file(name: string): string {
  return readFileSync(join(directory, name), 'utf8')
}

// Name, mode and content of every file; the database only while no server of this process has it open.
function snapshot(): string[] {
  return readdirSync(directory).map((name) => {
    const path = join(directory, name)
    const digest = createHash('sha256').update(readFileSync(path)).digest('hex')
    return `${name} ${(statSync(path).mode & 0o777).toString(8)} ${digest}`
  })
}

async function storeOne(server: RunningServer): Promise<string> {
  const credential = {
    type: 'claude/api-key',
    owner: 'me',
    name: 'main',
    fields: { key: fakeKey('main') },
  } as const
  return (await clientOf(server).call('credentials.create', credential)).id
}

describe('the first start', () => {
  it('makes the files for their owner only, and is ready', async () => {
    const server = await start()
    expect(server.firstStart).toBe(true)
    expect(statSync(directory).mode & 0o777).toBe(0o700)
    for (const name of readdirSync(directory))
      expect([name, statSync(join(directory, name)).mode & 0o077]).toEqual([name, 0])
    expect(readdirSync(directory)).toEqual(
      expect.arrayContaining(['admin.token', 'claviger.db', 'master.key', 'server.json']),
    )
    expect(JSON.parse(file('server.json'))).toMatchObject({ url: server.url })
    expect((await fetch(`${server.url}/readyz`)).status).toBe(200)
    const who = await clientOf(server).call('whoami', {})
    expect(who).toMatchObject({ name: 'owner@claviger.local', role: 'owner', teams: ['everyone'] })
  })
})

describe('a later start', () => {
  it('keeps people, token, key and credentials', async () => {
    const first = await start()
    const id = await storeOne(first)
    const [token, key] = [file('admin.token'), file('master.key')]
    await stop()
    const second = await start()
    expect(second.firstStart).toBe(false)
    expect([file('admin.token'), file('master.key')]).toEqual([token, key])
    const lease = await clientOf(second).call('leases.create', { harness: 'claude' })
    expect(lease.credential).toMatchObject({ id, fields: { key: fakeKey('main') } })
    expect((await clientOf(second).call('audit.list', {})).entries.length).toBeGreaterThan(2)
  })

  it('makes a new token when the file is gone, empty or no token, and revokes the old', async () => {
    const tokens = new Set<string>()
    let old = ''
    for (const damage of [null, () => rmSync(join(directory, 'admin.token')), '', 'not a token\n']) {
      if (typeof damage === 'function') damage()
      else if (damage !== null) writeFileSync(join(directory, 'admin.token'), damage)
      const server = await start()
      if (old !== '')
        expect((await errorOf(clientOf(server, old).call('whoami', {}))).message).toContain('was revoked')
      expect((await clientOf(server).call('whoami', {})).role).toBe('owner')
      old = file('admin.token').trim()
      tokens.add(old)
      await stop()
    }
    expect(tokens.size).toBe(4)
  })

  it('completes a first start that was cut short between the token’s file and its row', async () => {
    await start()
    await stop()
    const database = new DatabaseSync(join(directory, 'claviger.db'))
    database.exec('delete from token')
    database.close()
    const token = file('admin.token')
    const server = await start()
    expect(file('admin.token')).toBe(token)
    expect((await clientOf(server).call('whoami', {})).role).toBe('owner')
  })
})

describe('a start is refused, and changes nothing,', () => {
  // Starts once, changes something, and expects the next start to fail and to leave every file as it is.
  async function refusal(change: () => GivenSettings | undefined, withRows = true) {
    const server = await start()
    if (withRows) await storeOne(server)
    await stop()
    const settings = change() ?? {}
    const before = snapshot()
    const error = await errorOf(start(settings))
    expect(snapshot()).toEqual(before)
    expect(error.hint).toBeTruthy()
    return error
  }

  it('when others can enter the state directory', async () => {
    const error = await refusal(() => void chmodSync(directory, 0o755))
    expect([error.code, error.hint]).toEqual(['unavailable', `Type: chmod 700 ${directory}`])
  })

  it('when the state directory is a file', async () => {
    writeFileSync(directory, '')
    const error = await errorOf(start())
    expect([error.code, error.message]).toEqual(['unavailable', expect.stringContaining(directory)])
    expect(error.hint).toContain('CLAVIGER_STATE_DIR')
  })

  it('when the state directory is a link, before anything is written', async () => {
    const elsewhere = join(parent, 'elsewhere')
    mkdirSync(elsewhere, { mode: 0o700 })
    symlinkSync(elsewhere, directory)
    const error = await errorOf(start())
    expect([error.code, error.message]).toEqual(['unavailable', `${directory} is a symbolic link.`])
    expect(readdirSync(elsewhere)).toEqual([])
  })

  it('when the first token’s file can be read by others', async () => {
    const path = join(directory, 'admin.token')
    const error = await refusal(() => void chmodSync(path, 0o644))
    expect([error.code, error.message]).toEqual(['unavailable', `${path} can be read by others.`])
    expect(error.hint).toContain(`chmod 600 ${path}`)
  })

  it.each([true, false])('when the master key is missing (rows exist: %s)', async (withRows) => {
    const error = await refusal(() => void rmSync(join(directory, 'master.key')), withRows)
    expect([error.code, error.message]).toEqual([
      'unavailable',
      expect.stringContaining('master key is missing'),
    ])
    expect(existsSync(join(directory, 'master.key'))).toBe(false)
  })

  it('when the master key is another one', async () => {
    const error = await refusal(() => ({ masterKey: '0f'.repeat(32) }))
    expect([error.code, error.message]).toEqual([
      'unavailable',
      expect.stringContaining('CLAVIGER_MASTER_KEY'),
    ])
    expect(error.message + error.hint).not.toContain('0f0f0f')
  })

  it('when the master key’s file can be read by others', async () => {
    const error = await refusal(() => void chmodSync(join(directory, 'master.key'), 0o644))
    expect([error.code, error.hint]).toEqual([
      'unavailable',
      `Type: chmod 600 ${join(directory, 'master.key')}`,
    ])
  })

  it('when the database was written by a newer Claviger', async () => {
    const error = await refusal(() => {
      const database = new DatabaseSync(join(directory, 'claviger.db'))
      database.exec("insert into kysely_migration (name, timestamp) values ('store-9999', '2030-01-01')")
      database.close()
      return undefined
    })
    expect([error.code, error.message]).toEqual(['unavailable', expect.stringContaining('newer Claviger')])
  })

  it('when the database is damaged', async () => {
    const error = await refusal(
      () => void writeFileSync(join(directory, 'claviger.db'), 'not a database '.repeat(400)),
    )
    expect([error.code, error.message]).toEqual(['unavailable', expect.stringContaining('is damaged')])
  })

  it('when the port is taken, and nothing is left running', async () => {
    const taken = createServer()
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve))
    const { port } = taken.address() as AddressInfo
    try {
      const error = await refusal(() => ({ port: String(port) }))
      expect([error.code, error.message]).toEqual(['conflict', `Port ${port} of 127.0.0.1 is taken.`])
      expect(error.hint).toContain('--port')
    } finally {
      await new Promise((resolve) => taken.close(resolve))
    }
    await start() // the database was let go of
  })

  it('when it cannot say where it listens, and nothing is left running', async () => {
    const server = await start()
    const port = new URL(server.url).port
    await stop()
    rmSync(join(directory, 'server.json'))
    // A directory in its place cannot be replaced by a file.
    mkdirSync(join(directory, 'server.json', 'in-the-way'), { recursive: true })
    const error = await errorOf(start({ port }))
    expect([error.code, error.message]).toEqual([
      'unavailable',
      expect.stringContaining('server.json cannot be written'),
    ])
    await expect(fetch(`http://127.0.0.1:${port}/healthz`)).rejects.toThrow()
  })

  it('when another process has the database', async () => {
    const server = await start()
    const second = await startServerProcess(given({ logLevel: 'info' }))
    await second.stop()
    expect(second.said).toBe('error conflict')
    expect((await fetch(`${server.url}/readyz`)).status).toBe(200)
    expect(JSON.parse(file('server.json'))).toMatchObject({ url: server.url })
  })
})
