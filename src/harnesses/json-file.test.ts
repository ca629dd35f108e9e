import { expect, test } from 'vitest'
import { mergeObjects, readJsonObject } from './json-file.ts'

test.each([
  ['the program changed a key', { a: 1 }, { a: 1 }, { a: 2 }, { a: 1 }, { a: 2 }],
  ['it added one', {}, {}, { a: 1 }, { b: 1 }, { b: 1, a: 1 }],
  ['it removed one', { a: 1, b: 1 }, { a: 1, b: 1 }, { b: 1 }, { a: 1, b: 1 }, { b: 1 }],
  ['it changed nothing', { a: 1 }, { a: 1, ours: 1 }, { a: 1, ours: 1 }, { a: 1 }, null],
  ['it changed what was ours', {}, { ours: 1 }, { ours: 2 }, {}, null],
  ['it removed what was ours', {}, { ours: 1 }, {}, {}, null],
  ['we had removed what is the user’s', { a: 1 }, {}, {}, { a: 1 }, null],
  ['it set what we had removed', { a: 1 }, {}, { a: 2 }, { a: 1 }, null],
  ['somebody changed the same key meanwhile', { a: 1 }, { a: 1 }, { a: 2 }, { a: 3 }, null],
  ['somebody changed another key meanwhile', { a: 1 }, { a: 1 }, { a: 2 }, { a: 1, b: 3 }, { a: 2, b: 3 }],
  [
    'inner keys',
    { p: { x: 1 } },
    { p: { x: 1 } },
    { p: { x: 1, y: 2 } },
    { p: { x: 1, z: 3 } },
    { p: { x: 1, z: 3, y: 2 } },
  ],
  ['lists are taken whole', { l: [1] }, { l: [1] }, { l: [1, 2] }, { l: [1] }, { l: [1, 2] }],
])('what a program changed is merged back: %s', (_name, before, delivered, after, now, expected) => {
  expect(mergeObjects({ before, delivered, after, now })).toEqual(expected)
})

test('a key named __proto__ stays a key', () => {
  const after = JSON.parse('{"__proto__":{"polluted":1}}')
  const merged = mergeObjects({ before: {}, delivered: {}, after, now: {} })
  expect(JSON.stringify(merged)).toBe('{"__proto__":{"polluted":1}}')
  expect(Object.getPrototypeOf(merged)).toBe(Object.prototype)
})

test('no file, an empty one and one with a byte order mark are read', () => {
  expect(readJsonObject('f', undefined)).toEqual({})
  expect(readJsonObject('f', ' \n')).toEqual({})
  expect(readJsonObject('f', '\uFEFF{"a":1}')).toEqual({ a: 1 })
})

test.each(['{', '[]', '"text"', 'null', '{"a":1,}'])('malformed text is one clear sentence: %s', (text) => {
  expect(() => readJsonObject('settings.json', text)).toThrow(
    'settings.json is not a JSON object, so it was left alone and nothing was started.',
  )
})
