// What a reader of Markdown makes of it: one that is not ours says what is code, what a link and what is left of HTML.

import fc from 'fast-check'
import MarkdownIt from 'markdown-it'
import { describe, expect, it } from 'vitest'
import { harmless, harmlessLine, MAX_SHOWN } from './harmless.ts'

const reader = new MarkdownIt({ html: true })

/** What is read as no code. */
function readAsProse(markdown: string): string {
  const html = reader.render(markdown)
  return html.replaceAll(/<(code|pre)\b[\s\S]*?<\/\1>/g, ' ')
}

describe('what a model says', () => {
  it.each([
    ['a person', '@octocat and @acme/all, me@x', /@\w/],
    ['a person, by entities', '&#64;octocat &#x40;octocat &commat;octocat @&#111;ctocat', /@\w/],
    ['a person of Linear', 'https://linear.app/acme/profiles/bob', /profiles\/bob/],
    ['a picture', '![x](https://evil.example/?c=1) ![y][1]\n\n[1]: https://evil.example', /<img|<a /],
    ['a link that says something else', '[Sign in again](https://evil.example/x)', /<a /],
    ['a link by its name', '[Sign in again][1] [1]\n\n[1]: https://evil.example', /<a /],
    ['an address in brackets', '<https://evil.example> <img src=x> <!-- x', /<a |<img|<!--/],
    ['a fence in a quote', '> ```\n> @octocat\n> ```', /@\w/],
    ['a fence in a list that ends with it', '- a\n  ```\n@octocat\n  ```', /@\w/],
    ['a fence behind the mark of a list', '- ```\n  ```\n  @octocat\n  ```', /@\w/],
    ['backticks over two lines', 'a `b\nc` @octocat `d`', /@\w/],
    ['backticks of two items', '- a `b\n- @octocat` c', /@\w/],
    ['backticks of two cells', '| a | b |\n|-|-|\n| `x | @octocat` |', /@\w/],
    ['a fence that ends further in', '```\n   ```\n@octocat\n```', /@\w/],
    ['escaped backticks', '\\`@octocat`', /@\w/],
    ['another issue', '#12, other/repo#12 and GH-12, gh-12', /#\d|gh-\d/i],
    ['another issue, by an entity', '&#35;12 &num;12', /#\d+(?!;)/],
  ])('calls %s no more', (_, markdown, what) => {
    expect(readAsProse(harmless(markdown))).not.toMatch(what)
  })

  it.each([
    '```ts\nconst a: Array<string> = []\n@Injectable()\nclass A {}\n```',
    'See `Array<string>`, ``a ` @b`` and `&amp;`.',
    '1. Do:\n\n   ```sh\n   /usr/bin/env <x>\n   ```\n2. Done',
    '~~~\n/usr/bin/env\n```\n~~~~',
    '| a | b |\n|---|---|\n| `@x` | `<y>` |',
    'Plain words: 1 < 2'.replace('<', '>'),
  ])('stays as it is in %j', (markdown) => {
    expect(harmless(markdown)).toBe(markdown)
  })

  it.each([
    'mermaid',
    'Mermaid',
    'geojson',
    'topojson',
    'stl',
    'math',
    'math,x',
    '{.mermaid}',
    '&#109;ath',
    'm\\ath',
  ])('is a drawing in no block of %s, which stays as code', (language) => {
    const block = 'graph TD\nclick A "https://evil.example" "x"'
    for (const [before, after] of [
      ['```', '```'],
      ['  ~~~~ ', '  ~~~~'],
    ] as const) {
      const indent = /^ */.exec(before)?.[0] ?? ''
      const lines = block.split('\n').map((line) => indent + line)
      const shown = harmless([`${before}${language} title`, ...lines, after].join('\n'))
      expect(shown).toBe([before.trimEnd(), ...lines, after].join('\n'))
    }
  })

  it.each([
    '$\\href{https://evil.example}{\\text{ok}}$',
    'a $$\\href{https://evil.example}{\\text{ok}}$$',
    '$$\n\\href{https://evil.example}{\\text{ok}}\n$$',
    '$`\\href{https://evil.example}{\\text{ok}}`$',
    '\\$\\href{https://evil.example}{\\text{ok}}\\$',
    '\\\\$\\href{https://evil.example}{\\text{ok}}\\\\$',
  ])('is no mathematics in %j', (markdown) => {
    const shown = harmless(markdown)
    // Every sign is escaped, none stands at a span of code, and no command is left outside of one.
    expect(shown.replaceAll(/\\[\\$]/g, '')).not.toContain('$')
    expect(shown).not.toMatch(/\$`|`\\?\$/)
    expect(shown.replaceAll(/`[^`]*`/g, '')).not.toContain('\\href')
    expect(readAsProse(shown).replaceAll('\u200b', '')).toContain('$')
  })

  it('leaves backslashes alone where there is no mathematics', () => {
    expect(harmless('In C:\\Users\\bob, and `$HOME`.')).toBe('In C:\\Users\\bob, and `$HOME`.')
  })

  it('gives no command to other programs, also where its lines end in another way', () => {
    expect(harmless('ok\n  /merge')).toContain('\\/merge')
    expect(harmless('ok\r/merge\r\n/merge')).not.toMatch(/^\/merge/m)
  })

  it('ends the block that it begins', () => {
    expect(harmless('```\nunclosed')).toBe('```\nunclosed\n```')
    expect(harmless(`~~~~ts\n${'x\n'.repeat(40_000)}`)).toMatch(/ …\n~~~~$/)
  })

  // What is not text in itself, put together at random.
  const pieces = fc.array(
    fc.constantFrom(
      ...[
        '`',
        '``',
        '```',
        '~~~',
        '\n',
        '\n\n',
        '  ',
        '   ',
        '    ',
        '\t',
        '- ',
        '1. ',
        '> ',
        '|',
        '\\',
        '\r',
      ],
      ...['@octocat', '<b>', '[a](https://evil.example)', '[a]: https://evil.example\n', '[a]', '![a](b)'],
      ...['&#64;octocat', 'x', ' ', '$', '*', '#', '12', 'GH-', '---\n', '\u2028'],
    ),
    { maxLength: 24 },
  )

  it('calls nobody and leads nowhere, however it is put together', () => {
    fc.assert(
      fc.property(pieces, (parts) => {
        expect(readAsProse(harmless(parts.join('')))).not.toMatch(/@\w|#\d|\bGH-\d|<a |<img|<b>/)
      }),
      { seed: 8, numRuns: 5_000 },
    )
  })

  it('never hides what comes after it', () => {
    fc.assert(
      fc.property(pieces, (parts) => {
        const html = reader.render(`${harmless(parts.join(''))}\n\n---\n\n**after**`)
        expect(html).toMatch(/<p><strong>after<\/strong><\/p>\n$/)
      }),
      { seed: 8, numRuns: 5_000 },
    )
  })

  it('is never longer than there is room', () => {
    fc.assert(
      fc.property(fc.constantFrom('<', '&a', '@a', '![', 'x', '😀', '`<', '\n', '```\n'), (piece) => {
        expect(harmless(piece.repeat(40_000)).length).toBeLessThanOrEqual(MAX_SHOWN)
      }),
      { seed: 8, numRuns: 30 },
    )
  })
})

describe('a sentence of somebody else', () => {
  it('is one line, and no code', () => {
    expect(harmlessLine('a\n```\n@b `c` <d>')).toBe('a \\`\\`\\` @\u200bb \\`c\\` &lt;d>')
    expect(harmlessLine('<'.repeat(90_000)).length).toBeLessThan(10_000)
  })
})
