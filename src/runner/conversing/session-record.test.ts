import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import { createSessionRecord, type SessionRecord } from './session-record.ts'

let place = ''
let record: SessionRecord

beforeEach(async () => {
  place = await mkdtemp(join(tmpdir(), 'claviger-record-'))
  record = createSessionRecord(join(place, 'giving.json'), place)
  return () => rm(place, { recursive: true, force: true })
})

const TOLD = { session: 's1', model: 'opus' }

const CLAUDE = 'projects/-work/s1.jsonl'
const CODEX = 'sessions/2026/11/22/rollout-2026-11-22T10-00-00-s1.jsonl'

async function write(path: string, lines: readonly unknown[], end = '\n'): Promise<void> {
  await mkdir(join(place, path, '..'), { recursive: true })
  await writeFile(join(place, path), lines.map((line) => JSON.stringify(line)).join('\n') + end)
}

const claudeLine = (text: string) => ({
  type: 'user',
  message: { role: 'user', content: [{ type: 'text', text }] },
})
const codexLine = (text: string) => ({
  type: 'response_item',
  payload: { type: 'message', role: 'user', content: [{ type: 'input_text', text }] },
})

describe.each([
  [CLAUDE, claudeLine],
  [CODEX, codexLine],
] as const)('a message in %s', (path, line) => {
  it('was taken down since it was given, or was not', async () => {
    await write(path, [line('go on')])
    await record.giving('m2', 's1', TOLD)
    // The same words were said before.
    expect(await record.holds('m2', 'go on', 's1')).toBe(false)
    await write(path, [line('go on'), line('go on')])
    expect(await record.holds('m2', 'go on', 's1')).toBe(true)
  })

  it('of a session that begins with it', async () => {
    await record.giving('m1', null, null)
    expect(await record.holds('m1', 'say "hi"\nto all', 's1')).toBe(false)
    await write(path, [line('say "hi"\nto all')])
    expect(await record.holds('m1', 'say "hi"\nto all', 's1')).toBe(true)
    expect(await record.holds('m1', 'say "hi"', 's1')).toBe(false)
  })

  it('was not taken down when only a part of it is there', async () => {
    await record.giving('m1', null, null)
    await write(path, [line('said before'), line('long text')], '')
    const whole = JSON.stringify(line('long text'))
    await write(path, [line('said before')], `\n${whole.slice(0, -3)}`)
    expect(await record.holds('m1', 'long text', 's1')).toBe(false)
  })

  it('that was never given, or is another one, is in none', async () => {
    await write(path, [line('hello')])
    expect(await record.holds('m1', 'hello', 's1')).toBe(false)
    await record.giving('m1', null, null)
    expect(await record.holds('m2', 'hello', 's1')).toBe(false)
    expect(await record.holds('m1', 'hello', null)).toBe(false)
  })
})

const ID = '0192f0c4-7a11-7bc3-9d3e-0123456789ab'

describe('what the session of the last message is called', () => {
  it('is known from the moment the program has said so, and whether there is a record of it', async () => {
    expect(await record.recall()).toBeNull()
    await record.begun(TOLD)
    expect(await record.recall()).toBeNull()
    await record.giving('m1', null, null)
    expect(await record.recall()).toEqual({ message: 'm1', told: null, isThere: false, begins: true })
    await record.begun(TOLD)
    expect(await record.recall()).toMatchObject({ told: TOLD, isThere: false })
    await write(CODEX, [codexLine('hello')])
    expect(await record.recall()).toMatchObject({ told: TOLD, isThere: true })
    await record.giving('m2', 's1', TOLD)
    expect(await record.recall()).toEqual({ message: 'm2', told: TOLD, isThere: true, begins: false })
  })

  it('is known before that where it was chosen', async () => {
    await record.giving('m1', null, TOLD)
    expect(await record.recall()).toMatchObject({ told: TOLD, begins: true })
    const other = { session: 's2', model: null }
    await record.giving('m1', null, other)
    expect(await record.recall()).toMatchObject({ told: other, begins: true })
  })

  it('stands in the name of the record that holds the text, where nobody has heard it', async () => {
    await write(`sessions/2026/11/22/rollout-2026-11-22T10-00-00-${ID}.jsonl`, [codexLine('hello there')])
    expect(await record.sessionWith('hello there')).toBe(ID)
    expect(await record.sessionWith('hello')).toBeNull()
  })
})
