import { cpSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Hold, holdStateDirectory, mustBeFree } from './hold.ts'

let directory: string
const holds: Hold[] = []

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'claviger-hold-'))
})

afterEach(() => {
  for (const { release } of holds.splice(0)) release()
  rmSync(directory, { recursive: true })
})

function hold(at = directory): Hold {
  const held = holdStateDirectory(at)
  holds.push(held)
  return held
}

describe('the state directory of a worker', () => {
  it('is one process’s, and the next one’s when that has left', () => {
    const first = hold()
    expect(() => hold()).toThrow(
      expect.objectContaining({
        code: 'conflict',
        message: `Another worker, process ${process.pid}, carries out runs in ${directory}.`,
        hint: expect.stringContaining('CLAVIGER_STATE_DIR'),
      }),
    )
    holds.pop()?.release()
    const second = hold()
    expect(second.process).not.toBe(first.process)
    expect([first.ended, second.ended]).toEqual([[], [first.process]])
    expect(() => mustBeFree(directory)).toThrow(expect.objectContaining({ code: 'conflict' }))
    expect(() => mustBeFree(join(directory, 'other'))).not.toThrow()
    expect(readdirSync(directory).sort()).toEqual(['worker.json', 'worker.lock'])
  })

  it('is made when it is not there yet', () => {
    expect(hold(join(directory, 'new', 'one')).ended).toEqual([])
  })

  it('may be that of a server which carries out runs itself, and that is said', () => {
    hold()
    writeFileSync(join(directory, 'server.json'), JSON.stringify({ pid: process.pid }))
    expect(() => hold()).toThrow(
      expect.objectContaining({
        code: 'conflict',
        message: `The server of ${directory}, process ${process.pid}, carries out runs there itself.`,
        hint: expect.stringContaining('--no-embedded-worker'),
      }),
    )
  })

  it('as a copy says nothing of who has ended: they may be at work in the first one', () => {
    hold()
    const copy = `${directory}-copy`
    cpSync(directory, copy, { recursive: true, preserveTimestamps: true })
    const { ended } = hold(copy)
    rmSync(copy, { recursive: true })
    expect(ended).toEqual([])
  })

  it('may have a note in it that nobody can read', () => {
    for (const text of ['not json', '{}', '[1]', 'null', '{"process":1}']) {
      writeFileSync(join(directory, 'worker.json'), text)
      expect(hold().ended).toEqual([])
      holds.pop()?.release()
    }
  })

  it('is refused when it cannot be locked, with what to do', () => {
    writeFileSync(join(directory, 'worker.lock'), 'x'.repeat(5000))
    expect(() => hold()).toThrow(expect.objectContaining({ code: 'unavailable', hint: expect.any(String) }))
  })
})
