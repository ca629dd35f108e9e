import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { describeStore } from '../conformance/store.conformance.ts'
import type { Store } from '../store.ts'
import { openSqlStore, type SqlStoreOptions } from './sql-store.ts'

const MODULE = new URL('./sql-store.ts', import.meta.url).href

let directory: string
let path: string
const cleanups: (() => unknown)[] = []

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'claviger-store-'))
  path = join(directory, 'claviger.db')
})

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
  rmSync(directory, { recursive: true, force: true })
})

async function open(options: Partial<SqlStoreOptions> = {}) {
  const opened = await openSqlStore({ url: `sqlite:${path}`, ...options })
  cleanups.push(() => opened.close())
  return opened
}

// Another process with an open store; its code sees `store`, and `say` writes a line to us.
async function child(code: string): Promise<{ process: ChildProcess; lines: AsyncIterator<string> }> {
  const program = `
    import { openSqlStore } from ${JSON.stringify(MODULE)}
    import { writeSync } from 'node:fs'
    const say = (line) => writeSync(1, line + '\\n')
    process.umask(0)
    try {
      const { store } = await openSqlStore({ url: ${JSON.stringify(`sqlite:${path}`)} })
      say('open')
      ${code}
    } catch (error) {
      say(error.code + ': ' + error.message)
    }`
  const started = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  cleanups.push(() => kill(started))
  return { process: started, lines: createInterface({ input: started.stdout })[Symbol.asyncIterator]() }
}

async function kill(started: ChildProcess): Promise<void> {
  if (started.exitCode !== null || started.signalCode !== null) return
  const exited = once(started, 'exit')
  started.kill('SIGKILL')
  await exited
}

async function nextLine(lines: AsyncIterator<string>): Promise<string> {
  const { value, done } = await lines.next()
  return done ? 'end of output' : value
}

describeStore('SQLite in memory', async () => {
  const { store } = await openSqlStore({ url: 'sqlite::memory:' })
  return { store }
})

describeStore('SQLite in a file', async () => {
  const { store } = await open()
  return {
    store,
    reopen: async () => {
      await store.close()
      return (await open()).store
    },
  }
})

describe('one process', () => {
  it('refuses a second process with a message that names the file', async () => {
    await open()
    const other = await child('')
    expect(await nextLine(other.lines)).toBe(`conflict: Another process is using ${path}.`)
  })

  it('is refused while another process has it, and gets it as soon as that one is gone', async () => {
    const other = await child('setInterval(() => undefined, 1000)')
    expect(await nextLine(other.lines)).toBe('open')
    await expect(open()).rejects.toMatchObject({
      code: 'conflict',
      message: `Another process is using ${path}.`,
      hint: expect.stringContaining('--database'),
    })
    await kill(other.process)
    await expect(open()).resolves.toBeDefined()
  })

  it('refuses a second store in the same process and keeps the lock of the first', async () => {
    const { store } = await open()
    await expect(open()).rejects.toMatchObject({ code: 'conflict' })
    expect(await nextLine((await child('')).lines)).toMatch(/^conflict: /)
    await expect(store.installation.put('a', 'b')).resolves.toBeUndefined()
  })
})

describe('a process killed at any moment', () => {
  it('has stored everything it acknowledged', async () => {
    const { process: writer, lines } = await child(`
      let next = 0
      const write = async () => {
        for (;;) {
          const name = 'write-' + next++
          await store.atomically(async (unit) => {
            await unit.installation.put(name, 'first half')
            await unit.settings.put('org-a', '*', name, 'second half')
          })
          say(name)
        }
      }
      await Promise.all(Array.from({ length: 8 }, write))`)
    expect(await nextLine(lines)).toBe('open')
    const acknowledged: string[] = []
    while (acknowledged.length < 300) acknowledged.push(await nextLine(lines))
    await kill(writer)
    for (;;) {
      const line = await nextLine(lines)
      if (line === 'end of output') break
      acknowledged.push(line)
    }
    expect(existsSync(`${path}-wal`)).toBe(true)
    const { store } = await open()
    for (const name of acknowledged) {
      expect(await store.installation.get(name)).toBe('first half')
      expect(await store.settings.get('org-a', '*', name)).toBe('second half')
    }
  })
})

describe('the file', () => {
  it('and its log are readable for their owner only, whatever the umask', async () => {
    const other = await child(
      'await store.installation.put("a", "b"); say("written"); setInterval(() => 0, 1000)',
    )
    expect(await nextLine(other.lines)).toBe('open')
    expect(await nextLine(other.lines)).toBe('written')
    expect(statSync(path).mode & 0o777).toBe(0o600)
    expect(statSync(`${path}-wal`).mode & 0o777).toBe(0o600)
    expect(existsSync(`${path}-shm`)).toBe(false)
  })

  it('is made private when it was not', async () => {
    await (await open()).close()
    chmodSync(path, 0o644)
    await open()
    expect(statSync(path).mode & 0o777).toBe(0o600)
  })

  it('leaves no log behind when it is closed', async () => {
    const { store, close } = await open()
    await store.installation.put('a', 'b')
    await close()
    expect(existsSync(`${path}-wal`)).toBe(false)
  })

  it('is set to lose nothing', async () => {
    const { database } = await open()
    const pragma = async (name: string) => {
      const { rows } = await database.executeQuery<Record<string, unknown>>({
        ...database.selectFrom('installation').select('name').compile(),
        sql: `pragma ${name}`,
      })
      return Object.values(rows[0] ?? {})[0]
    }
    expect(await pragma('journal_mode')).toBe('wal')
    expect(await pragma('synchronous')).toBe(2)
    expect(await pragma('locking_mode')).toBe('exclusive')
    expect(await pragma('foreign_keys')).toBe(1)
    expect(await pragma('secure_delete')).toBe(1)
  })

  it('is refused with `unavailable` and its name when it cannot be used', async () => {
    symlinkSync(join(directory, 'missing', 'target'), join(directory, 'dangling'))
    for (const wrong of [directory, join(directory, 'missing', 'x.db'), join(directory, 'dangling')]) {
      await expect(openSqlStore({ url: `sqlite:${wrong}` }), wrong).rejects.toMatchObject({
        code: 'unavailable',
        message: expect.stringContaining(wrong),
        hint: expect.any(String),
      })
    }
  })

  it('is named by a sqlite: URL', async () => {
    for (const url of ['', 'sqlite:', '/tmp/x.db', 'mysql://localhost/x']) {
      await expect(openSqlStore({ url })).rejects.toMatchObject({ code: 'invalid' })
    }
  })
})

describe('a damaged database', () => {
  it('that is no database is refused, told to be restored and left as it is', async () => {
    const content = Buffer.alloc(8192, 'not a database ')
    writeFileSync(path, content)
    await expect(open()).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining(path),
      hint: 'Restore it from a backup.',
    })
    expect(readFileSync(path).equals(content)).toBe(true)
  })

  it('whose pages are overwritten is refused', async () => {
    await (await open()).close()
    const content = readFileSync(path)
    writeFileSync(path, content.fill(0xff, 4096))
    await expect(open()).rejects.toMatchObject({ code: 'unavailable', hint: 'Restore it from a backup.' })
  })
})

describe('a full disk', () => {
  const large = 'x'.repeat(3000)
  const put = (store: Store, name: string) =>
    store.atomically(async (unit) => {
      await unit.settings.put('org-a', '*', name, 'small')
      await unit.installation.put(name, large)
    })

  it('answers `storage_full`, keeps what it acknowledged and nothing else', async () => {
    const { store, close } = await open({ maxPages: 180 })
    const acknowledged: string[] = []
    const refused: string[] = []
    for (let round = 0; refused.length < 40; round += 1) {
      const names = Array.from({ length: 20 }, (_, place) => `row-${round}-${place}`)
      const results = await Promise.allSettled(names.map((name) => put(store, name)))
      for (const [place, result] of results.entries()) {
        const list = result.status === 'fulfilled' ? acknowledged : refused
        list.push(names[place] ?? '')
        if (result.status === 'rejected') expect(result.reason).toMatchObject({ code: 'storage_full' })
      }
    }
    expect(acknowledged.length).toBeGreaterThan(20)
    // Alone there is less to take back: what is left of the room is filled up.
    let failure: unknown
    for (let place = 0; failure === undefined; place += 1) {
      await put(store, `alone-${place}`).then(
        () => acknowledged.push(`alone-${place}`),
        (error: unknown) => {
          failure = error
          refused.push(`alone-${place}`)
        },
      )
    }
    expect(failure).toMatchObject({ code: 'storage_full', message: expect.stringContaining(path) })
    await expect(store.check()).resolves.toBeUndefined()
    await close()

    const { store: again } = await open()
    for (const name of acknowledged) expect(await again.installation.get(name)).toBe(large)
    for (const name of refused) {
      expect(await again.installation.get(name)).toBeUndefined()
      expect(await again.settings.get('org-a', '*', name)).toBeUndefined()
    }
    await expect(put(again, 'room')).resolves.toBeUndefined()
  })
})
