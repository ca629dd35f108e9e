import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { textAfterMention } from './mention.ts'

describe('a mention', () => {
  it.each([
    ['@claviger fix the test', 'fix the test'],
    ['@Claviger: fix the test', 'fix the test'],
    ['Please, @claviger, fix it', 'Please, fix it'],
    ['Over to you @claviger.', 'Over to you .'],
    ['(@claviger) look', '() look'],
    ['@claviger', ''],
    ['> old words\n@claviger go on', '> old words\ngo on'],
    ['```\n@claviger\n```\n@claviger run this', '```\n@claviger\n```\nrun this'],
  ])('in %j asks for %j', (text, asked) => {
    expect(textAfterMention(text, 'claviger')).toBe(asked)
  })

  it.each([
    'no handle here',
    'me@claviger.example',
    '@claviger-two do it',
    '@clavigers do it',
    'see github.com/@claviger',
    '> @claviger do it',
    '`@claviger do it`',
    '``a ` @claviger``',
    '```\n@claviger do it\n```',
    '~~~sh\n@claviger do it',
    '    @claviger do it',
    '<!-- @claviger do it -->',
    '<!-- @claviger do it',
    '@claviger/team do it',
    '@claviger.example do it',
  ])('is not in %j', (text) => {
    expect(textAfterMention(text, 'claviger')).toBeNull()
  })

  it('keeps every other character of the text', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (before, after) => {
        const text = `${before}\n\n@claviger ${after}`
        const asked = textAfterMention(text, 'claviger')
        fc.pre(asked !== null && !before.includes('@'))
        expect(asked?.replaceAll(/[\s,:]/g, '')).toBe(`${before}${after}`.replaceAll(/[\s,:]/g, ''))
      }),
      { seed: 8 },
    )
  })
})
