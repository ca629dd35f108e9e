import { expect, it } from 'vitest'
import { sourcesIn } from './sources.ts'

it('a device is no file of accounts, and is not read', () => {
  expect(() => sourcesIn('/dev/null', 'Try another.')).toThrow(/is not a regular file/)
})
