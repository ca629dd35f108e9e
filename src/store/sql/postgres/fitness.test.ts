import { describe, expect, it } from 'vitest'
import { postgresAddress } from './address.ts'
import { refuseUnfit, type ServerFacts } from './fitness.ts'

const address = postgresAddress('postgres://ada:not-a-secret@db.example.test:6432/claviger')

const fit: ServerFacts = {
  number: '130000',
  version: '13.0',
  encoding: 'UTF8',
  read_only: 'off',
  search_path: '"$user", public',
  schema: 'public',
}

describe('a Postgres server', () => {
  it('that will do tells our schema', () => {
    expect(refuseUnfit(fit, address)).toBe('public')
    expect(refuseUnfit({ ...fit, number: '180001', schema: 'claviger' }, address)).toBe('claviger')
  })

  it('that is too old is refused with its version and the one it takes', () => {
    const old = { ...fit, number: '120022', version: '12.22 (Debian 12.22-1)' }
    expect(() => refuseUnfit(old, address)).toThrow(
      expect.objectContaining({
        code: 'unavailable',
        message: 'The Postgres database db.example.test:6432/claviger is of version 12.22 (Debian 12.22-1).',
        hint: 'Claviger needs Postgres 13 or newer.',
      }),
    )
    expect(() => refuseUnfit({ ...fit, number: '90624', version: '9.6.24' }, address)).toThrow(
      /version 9\.6\.24/,
    )
  })
})
