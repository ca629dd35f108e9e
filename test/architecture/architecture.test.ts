// The house holds (design §3), and the rules that say so do fail when a forbidden thing is planted.

import { globSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { violations } from './rules.ts'

const root = new URL('../../', import.meta.url).pathname
const tree = new Map(
  globSync(['src/**/*.ts', 'console/src/**/*.{ts,tsx}'], { cwd: root }).map((path) => [
    path,
    readFileSync(root + path, 'utf8'),
  ]),
)

describe('the house', () => {
  it('is in order', () => {
    expect(tree.size).toBeGreaterThan(50)
    expect(violations(tree)).toEqual([])
  })
})

describe('the rules notice', () => {
  const planted: [string, string, string, RegExp][] = [
    ['a node module in the domain', 'src/domain/bad.ts', "import { readFileSync } from 'node:fs'", /pure/],
    ['a package in the domain', 'src/domain/bad.ts', "import { z } from 'zod'", /pure/],
    [
      'a layer above',
      'src/control/bad.ts',
      "import type { App } from '../server/app.ts'",
      /may not import server/,
    ],
    [
      'a dynamic import',
      'src/cli/bad.ts',
      "const s = await import('../store/sql/sql-store.ts')",
      /may not import store/,
    ],
    [
      'an implementation behind a port',
      'src/control/bad.ts',
      "import { createVault } from '../vault/envelope.ts'",
      /only vault.ts/,
    ],
    [
      'an export-from',
      'src/api/bad.ts',
      "export { createClient } from '../client/client.ts'",
      /may not import client/,
    ],
    ['a side-effect import', 'src/sandbox/bad.ts', "import '../domain/errors.ts'", /may not import domain/],
    ['a new room', 'src/utils/bad.ts', 'export const one = 1', /no room/],
    ['a plaintext', 'src/control/bad.ts', 'export const text = (s: Secret) => s.expose()', /expose/],
    ['the environment', 'src/runner/bad.ts', 'export const home = process.env.HOME', /process\.env/],
    ['a second opener', 'src/control/bad.ts', 'vault.open(a, b, c, d)', /only control\/guard/],
    ['a long file', 'src/lib/bad.ts', '\n'.repeat(401), /401 lines/],
    ['an escape from src', 'src/lib/bad.ts', "import x from '../../test/x.ts'", /outside of src/],
    [
      'the console in src',
      'src/cli/bad.ts',
      "import { x } from '../../console/src/next.ts'",
      /outside of src/,
    ],
    [
      'the domain in the console',
      'console/src/ui/bad.tsx',
      "import { Secret } from '../../../src/domain/secret.ts'",
      /src\/api and src\/client only/,
    ],
    ['a part of Node.js in the console', 'console/src/bad.ts', "import 'node:fs'", /a page has no node:fs/],
    [
      'markup from text',
      'console/src/bad.tsx',
      '<p dangerouslySetInnerHTML={{ __html: name }} />',
      /makes markup/,
    ],
    ['a long file of the console', 'console/src/bad.tsx', '\n'.repeat(401), /401 lines/],
  ]

  it.each(planted)('%s', (_, path, source, expected) => {
    const found = violations(new Map([...tree, [path, source]]))
    expect(found.join('\n')).toMatch(expected)
  })

  it('a cycle', () => {
    const cycle: [string, string][] = [
      ['src/lib/one.ts', "import { two } from './two.ts'"],
      ['src/lib/two.ts', "import { one } from './one.ts'"],
    ]
    expect(violations(new Map([...tree, ...cycle])).join('\n')).toMatch(/cycle: .*one\.ts → .*two\.ts/)
  })

  it.each(['src/vault/deep', 'console/src/pages/deep'])('a crowded folder %s', (folder) => {
    const crowd = Array.from({ length: 16 }, (_, i): [string, string] => [`${folder}/f${i}.ts`, ''])
    expect(violations(new Map([...tree, ...crowd])).join('\n')).toMatch(/16 files/)
  })

  it.each(['store', 'people-groups', 'machine-groups', 'signal-group'])(
    'a group that grew in %s.ts',
    (file) => {
      const path = `src/store/${file}.ts`
      const methods = Array.from({ length: 8 }, (_, i) => `  method${i}(): void\n`).join('')
      const grown = `${tree.get(path)}\nexport interface FatStore {\n${methods}\n}`
      expect(violations(new Map([...tree, [path, grown]]))).toEqual([
        `${path}: FatStore has 8 methods, more than 7`,
      ])
    },
  )

  it('a group behind the port', () => {
    const source = "import type { one } from '../store/memory/machines.ts'"
    expect(violations(new Map([...tree, ['src/control/bad.ts', source]])).join('\n')).toMatch(
      /only store\.ts, people-groups\.ts, machine-groups\.ts, grant-groups\.ts, login-groups\.ts, outbox-group\.ts, channels\/channel-groups\.ts, runs\/run-groups\.ts, runs\/use-group\.ts, installation-group\.ts, signal-group\.ts, transfer\.ts, memory\/tables\.ts, refusals\.ts may be imported/,
    )
  })
})
