// A profile that is on its way to another holder: no program finds it in the file, and nothing of it is lost.

import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { useProfileDesk } from '../../test/support/profile-desk.ts'
import { apiKey, codexLogin, editFile, writtenIn } from '../../test/support/profile-files.ts'
import { leavingFact } from '../domain/moving/leaving.ts'
import type { Store } from '../store/store.ts'
import { placeOf } from './place.ts'

const { fresh, named, namesIn, open, stateDirectory, values, write } = useProfileDesk()
const NAME = 'openai-codex:ada'

async function send(store: Store): Promise<string> {
  const { id, version } = await named(store, NAME)
  await store.installation.put(
    leavingFact(id),
    JSON.stringify({ to: 'x', title: 'x', version, by: 'x', at: 0 }),
  )
  return id
}

describe('a profile that is on its way', () => {
  it('is in the ledger only, sealed, for every process, and comes back as it was', async () => {
    const main = write(
      { [NAME]: codexLogin('1'), 'anthropic:default': apiKey('1') },
      { order: { 'openai-codex': [NAME] } },
    )
    const { store } = open()
    const id = await send(store)
    expect(writtenIn(main).profiles).toEqual({ 'anthropic:default': apiKey('1') })
    expect(readFileSync(main.ledger, 'utf8')).not.toContain('rt-test-1')
    expect(await namesIn(open().store)).toEqual(['anthropic:default', NAME])
    // Whatever else is done meanwhile.
    editFile(main, (document) => {
      document.profiles['anthropic:other'] = apiKey('2')
    })
    await open('work', 'main').store.installation.put('anything', 'x')
    const later = open().store
    expect(await values(later, await named(later, NAME))).toMatchObject({ refresh: 'rt-test-1' })
    await later.installation.remove(leavingFact(id))
    expect(writtenIn(main).profiles[NAME]).toMatchObject({ access: 'at-test-1', refresh: 'rt-test-1' })
    expect((await fresh(NAME)).id).toBe(id)
  })

  it('is another login when somebody puts one of its name there', async () => {
    const main = write({ [NAME]: codexLogin('1') })
    const id = await send(open().store)
    editFile(main, (document) => {
      document.profiles[NAME] = codexLogin('2')
    })
    const { store } = open()
    const row = await named(store, NAME)
    expect(row).toMatchObject({ id, version: 2, state: 'ok' })
    expect(await values(store, row)).toMatchObject({ refresh: 'rt-test-2' })
    expect(writtenIn(placeOf(stateDirectory(), 'main')).profiles[NAME]).toEqual(codexLogin('2'))
  })
})
