import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createLineSplitter } from './lines.ts'

function split(pieces: readonly Uint8Array[], longest?: number): string[] {
  const splitter = createLineSplitter(longest)
  const lines = pieces.flatMap((piece) => splitter.push(piece))
  const last = splitter.end()
  return last === null ? lines : [...lines, last]
}

function cutAt(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  const at = [0, ...places.map((place) => place % (bytes.length + 1)).sort((a, b) => a - b), bytes.length]
  return at.slice(1).map((to, i) => bytes.subarray(at[i], to))
}

describe('lines', () => {
  it('are the same whatever pieces they come in', () => {
    const text = fc.array(fc.string({ unit: 'grapheme' }).map((one) => one.replaceAll(/[\r\n]/g, '')))
    fc.assert(
      fc.property(text, fc.array(fc.nat()), (lines, places) => {
        const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(''))
        expect(split(cutAt(bytes, places))).toEqual(lines.map((line) => line.toWellFormed()))
      }),
    )
  })

  it('end in LF or CRLF, and the last need not end', () => {
    expect(split([Buffer.from('one\r\ntwo\n\nthr'), Buffer.from('ee')])).toEqual(['one', 'two', '', 'three'])
  })

  it('are cut where they are too long, and the next one is whole', () => {
    expect(split([Buffer.from('123456'), Buffer.from('789\nabc\n')], 4)).toEqual(['1234', 'abc'])
  })

  it('may hold what is no text', () => {
    expect(split([Buffer.from([0xff, 0x41, 0x0a])])).toEqual(['\ufffdA'])
  })
})
