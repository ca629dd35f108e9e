// Profiles from elsewhere among those that are there: what is the same login, and what goes with one.

import { describe, expect, it } from 'vitest'
import { apiKey, codexLogin } from '../../../test/support/profile-files.ts'
import { sha256 } from '../../lib/digest.ts'
import { type Found, mergeIn, type Shelf } from './merging.ts'

const shelf = (profiles: object = {}, more: object = {}, facts: Shelf['facts'] = {}): Shelf => ({
  document: { version: 1, profiles: { ...profiles }, ...more },
  facts,
  spent: [],
})
const found = (profiles: object, more: Partial<Found> = {}): Found => ({
  ...{ path: '/theirs', agent: null, profiles: { ...profiles }, order: {}, usageStats: {} },
  ...more,
})
const merge = (
  own: Shelf,
  files: readonly Found[],
  others: readonly Shelf[] = [],
  options = { rename: true },
) => mergeIn(own, others, files, options)
const outcomesOf = ({ outcomes }: ReturnType<typeof merge>) =>
  outcomes.map(({ theirs, profile, outcome }) => `${theirs} → ${profile}: ${outcome}`)

describe('what comes from elsewhere', () => {
  it('keeps what is not known of it, and goes under a free name', () => {
    const own = shelf({ 'anthropic:a': apiKey('ours') })
    const theirs = apiKey('theirs', { note: 'kept' })
    const merged = merge(own, [
      found({ 'anthropic:a': theirs }),
      found({ 'anthropic:a': apiKey('of-work') }, { path: '/other', agent: 'work' }),
    ])
    expect(merged.document.profiles).toEqual({
      'anthropic:a': apiKey('ours'),
      'anthropic:a-2': theirs,
      'anthropic:a-work': apiKey('of-work'),
    })
    const named = merge(own, [found({ 'anthropic:a': theirs })], [], { rename: false })
    expect(outcomesOf(named)).toEqual(['anthropic:a → anthropic:a: taken-name'])
  })

  it('brings its order after ours, and how it was used', () => {
    const own = shelf({ 'anthropic:a': apiKey('a') }, { order: { anthropic: ['anthropic:a'] } })
    const file = found(
      { 'anthropic:b': apiKey('b'), 'anthropic:same': apiKey('a') },
      {
        order: { anthropic: ['anthropic:same', 'anthropic:b', 'anthropic:gone'] },
        usageStats: { 'anthropic:b': { lastUsed: 5, errorCount: 2 }, 'anthropic:gone': { lastUsed: 6 } },
      },
    )
    expect(merge(own, [file]).document).toMatchObject({
      order: { anthropic: ['anthropic:a', 'anthropic:b'] },
      usageStats: { 'anthropic:b': { lastUsed: 5, errorCount: 2 } },
    })
  })

  it('is the same login wherever its token is, whatever its access token', () => {
    const files = [found({ 'openai-codex:x': codexLogin('1', { access: 'at-test-later' }) })]
    const here = shelf({ 'openai-codex:here': codexLogin('1') })
    expect(outcomesOf(merge(here, files))).toEqual(['openai-codex:x → openai-codex:here: same'])
    expect(outcomesOf(merge(shelf(), files, [here]))).toEqual(['openai-codex:x → openai-codex:here: same'])
    const twice = merge(shelf(), [...files, found({ 'openai-codex:y': codexLogin('1') }, { path: '/copy' })])
    expect(outcomesOf(twice)).toEqual([
      'openai-codex:x → openai-codex:x: new',
      'openai-codex:y → openai-codex:x: same',
    ])
  })

  it('is known again when it was renewed, called otherwise, or pushed since', () => {
    const files = [found({ 'openai-codex:x': codexLogin('1') })]
    const { facts } = merge(shelf(), files)
    const renewed = shelf({ 'openai-codex:x': codexLogin('2') }, {}, facts)
    expect(outcomesOf(merge(renewed, files))).toEqual(['openai-codex:x → openai-codex:x: same'])
    const renamed = shelf({ 'openai-codex:y': codexLogin('2') }, {}, facts)
    expect(outcomesOf(merge(renamed, files))).toEqual(['openai-codex:x → openai-codex:y: same'])
    const pushed = shelf({}, {}, { ...facts, 'moved:openai-codex:x': '{}' })
    expect(outcomesOf(merge(pushed, files))).toEqual(['openai-codex:x → openai-codex:x: same'])
    const forgotten = shelf({}, {}, facts)
    expect(outcomesOf(merge(forgotten, files))).toEqual(['openai-codex:x → openai-codex:x: new'])
  })

  it('is an older copy when its refresh token was used up here, whatever became of the login', () => {
    const spent = [sha256('rt-test-1')]
    const files = [found({ 'openai-codex:x': codexLogin('1'), 'openai-codex:y': codexLogin('2') })]
    const said = ['openai-codex:x → openai-codex:x: used-up', 'openai-codex:y → openai-codex:y: new']
    expect(outcomesOf(merge({ ...shelf(), spent }, files))).toEqual(said)
    const merged = merge(shelf(), files, [{ ...shelf(), spent }])
    expect(outcomesOf(merged)).toEqual(said)
    expect(Object.keys(merged.document.profiles)).toEqual(['openai-codex:y'])
  })

  it('names the others of the same account', () => {
    const own = shelf({ 'openai-codex:a': codexLogin('1') })
    const { outcomes } = merge(own, [found({ 'openai-codex:b': codexLogin('2') })])
    expect(outcomes[0]?.twins).toEqual(['openai-codex:a'])
  })
})
