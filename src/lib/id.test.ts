import { expect, it } from 'vitest'
import { newId } from './id.ts'

it('sorts ids in the order they were made, and never repeats one', () => {
  const ids = Array.from({ length: 20_000 }, () => newId('cred'))
  expect(ids.toSorted()).toEqual(ids)
  expect(new Set(ids).size).toBe(ids.length)
  expect(ids[0]).toMatch(/^cred_[0-9a-f]{12}7[0-9a-f]{3}[89ab][0-9a-f]{15}$/)
})
