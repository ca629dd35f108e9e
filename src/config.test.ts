import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { commandLineSettings, hideFromLibraries, serverSettings } from './config.ts'

afterEach(() => void vi.unstubAllEnvs())

describe('the state directory', () => {
  it('is in the home directory unless one is given', () => {
    expect(serverSettings({}).stateDirectory).toBe(join(homedir(), '.claviger'))
  })

  it.each(['', 'relative/home'])('is refused when HOME is %j: it would be in the current project', (home) => {
    vi.stubEnv('HOME', home)
    const told = /There is no home directory/
    expect(() => serverSettings({})).toThrow(told)
    expect(() => commandLineSettings({})).toThrow(told)
    expect(serverSettings({ stateDirectory: '/srv/claviger' }).stateDirectory).toBe('/srv/claviger')
  })

  it('is absolute, however it was written', () => {
    const { stateDirectory, databaseUrl } = serverSettings({ stateDirectory: './state/' })
    expect([stateDirectory, databaseUrl]).toEqual([
      resolve('state'),
      `sqlite:${resolve('state')}/claviger.db`,
    ])
    expect(commandLineSettings({ stateDirectory: 'state' }).stateDirectory).toBe(resolve('state'))
  })
})

describe('the URL of the database in a file', () => {
  const URL_TEXT = 'postgres://claviger:not-a-secret@127.0.0.1/claviger'
  let file: string

  beforeEach(() => {
    file = join(mkdtempSync(join(tmpdir(), 'claviger-config-')), 'url')
    writeFileSync(file, `${URL_TEXT}\n`, { mode: 0o400 })
  })

  afterEach(() => rmSync(dirname(file), { recursive: true }))

  it('is read, and gives way to one that is said', () => {
    expect(serverSettings({ databaseUrlFile: file }).databaseUrl).toBe(URL_TEXT)
    expect(serverSettings({ databaseUrlFile: file, databaseUrl: 'sqlite:/x' }).databaseUrl).toBe('sqlite:/x')
  })

  it('is refused where others can read it, and where it is not there', () => {
    chmodSync(file, 0o440)
    const refused = (path: string) => () => serverSettings({ databaseUrlFile: path })
    expect(refused(file)).toThrow(`CLAVIGER_DATABASE_URL_FILE names ${file}, which can be read by others.`)
    expect(refused(`${file}-not-there`)).toThrow('which cannot be read.')
  })
})

describe('a URL', () => {
  it('loses its closing slashes, in a time that grows with its length only', () => {
    const many = `${'/'.repeat(200_000)}x`
    expect(serverSettings({ anthropicUrl: `https://a.test/${many}//` }).anthropicUrl.endsWith('/x')).toBe(
      true,
    )
  })
})

describe('the environment', () => {
  it('keeps nothing that would change how people sign in', () => {
    const env = {
      BETTER_AUTH_SECRETS: '1:theirs',
      BETTER_AUTH_SECRET: 'theirs',
      BETTER_AUTH_TRUSTED_ORIGINS: 'https://evil.test',
      AUTH_SECRET: 'theirs',
      TEST: '1',
      NODE_ENV: 'test',
      PATH: '/bin',
      CLAVIGER_PORT: '1',
    }
    hideFromLibraries(env)
    expect(env).toEqual({ PATH: '/bin', CLAVIGER_PORT: '1' })
    const production = { NODE_ENV: 'production' }
    hideFromLibraries(production)
    expect(production).toEqual({ NODE_ENV: 'production' })
  })

  it('that links begin with has no query, and none is needed', () => {
    expect(serverSettings({}).publicUrl).toBeNull()
    expect(serverSettings({ publicUrl: 'https://a.test/keys/' }).publicUrl).toBe('https://a.test/keys')
    for (const publicUrl of [
      'https://a.test/?x=1',
      'https://a.test/#x',
      'claviger.test',
      'https://u:p@a.test',
    ])
      expect(() => serverSettings({ publicUrl })).toThrow(/^CLAVIGER_PUBLIC_URL /)
    expect(() => serverSettings({ proxies: 'yes' })).toThrow(/^CLAVIGER_PROXIES /)
  })
})

it('a browser stays signed in for as many days as are set', () => {
  const DAY = 86_400_000
  expect(serverSettings({}).sessionLife).toEqual({ whole: 30 * DAY, idle: 7 * DAY })
  const given = { sessionDays: '2', sessionIdleDays: '1' }
  expect(serverSettings(given).sessionLife).toEqual({ whole: 2 * DAY, idle: DAY })
  for (const days of ['0', '366', '1.5', '-1', 'a week']) {
    expect(() => serverSettings({ sessionDays: days })).toThrow(/^CLAVIGER_SESSION_DAYS /)
    expect(() => serverSettings({ sessionIdleDays: days })).toThrow(/^CLAVIGER_SESSION_IDLE_DAYS /)
  }
})

it('a login is renewed for longer than one call may take, or nothing would ever be sent', () => {
  const given = { renewLease: '15', renewTimeout: '15' }
  expect(() => serverSettings(given)).toThrow('CLAVIGER_RENEW_LEASE_SECONDS is not longer than')
  expect(() => serverSettings({ renewTimeout: '45' })).toThrow('CLAVIGER_RENEW_LEASE_SECONDS')
  expect(serverSettings({ renewLease: '16', renewTimeout: '15' }).renewal.lease).toBe(16_000)
})
