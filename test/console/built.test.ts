// The console as it was built: small enough for a first look over a slow line, with nothing in it that the page's policy
// would refuse, and nothing of the server. Needs the build.

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { expect, it } from 'vitest'

const BUILT = fileURLToPath(new URL('../../dist/console', import.meta.url))
const FIRST_LOAD_AT_MOST = 250_000

const files = readdirSync(BUILT, { recursive: true, encoding: 'utf8' })
const page = readFileSync(join(BUILT, 'index.html'), 'utf8')
const read = (name: string) => readFileSync(join(BUILT, 'assets', name), 'utf8')

const namesIn = (text: string, pattern: RegExp) => [...text.matchAll(pattern)].map(([, name]) => name ?? '')
const entry = namesIn(page, /<script type="module"[^>]* src="\.\/assets\/([\w.-]+)"/g)[0] ?? ''
const importedBy = (name: string) => namesIn(read(name), /(?:from|import)\s*["'`]\.\/([\w.-]+\.js)["'`]/g)
const loadedLater = (name: string) => namesIn(read(name), /import\(\s*["'`]\.\/([\w.-]+\.js)["'`]\s*\)/g)

/** These scripts and all that they cannot run without. */
function closure(names: readonly string[], known = new Set<string>()): Set<string> {
  for (const name of names.filter((one) => !known.has(one))) {
    known.add(name)
    closure(importedBy(name), known)
  }
  return known
}

it('loads less than 250 KB of compressed script for any first page', () => {
  const pages = loadedLater(entry)
  expect(pages.length).toBeGreaterThan(5)
  for (const first of pages) {
    const bytes = [...closure([entry, first])]
      .map((name) => gzipSync(read(name), { level: 9 }).length)
      .reduce((sum, size) => sum + size)
    expect([first, bytes > 50_000, bytes < FIRST_LOAD_AT_MOST]).toEqual([first, true, true])
  }
})

it('has nothing inline, and names that change with what is in them', () => {
  expect(page).not.toMatch(/<script(?![^>]*\ssrc=)|<style|\sstyle=|\son\w+=/)
  expect(page.match(/<script/g)).toHaveLength(2)
  const assets = files.filter((file) => /^assets\/.+/.test(file))
  expect(assets.length).toBeGreaterThan(5)
  for (const asset of assets) expect(asset).toMatch(/^assets\/[\w-]+-[\w-]{8}\.(js|css)$/)
})

it('holds every file that the page and its manifest name', () => {
  const manifest = readFileSync(join(BUILT, 'manifest.webmanifest'), 'utf8')
  const named = [
    ...namesIn(page, /(?:src|href)="\.\/([^"]+)"/g),
    ...namesIn(manifest, /"src": "\.\/([^"]+)"/g),
    'service-worker.js',
  ]
  expect(named.length).toBeGreaterThan(8)
  for (const name of named) expect([name, existsSync(join(BUILT, name))]).toEqual([name, true])
})

it('holds nothing of the server, and no source map', () => {
  expect(files.filter((file) => file.endsWith('.map'))).toEqual([])
  for (const file of files.filter((one) => one.endsWith('.js'))) {
    const text = readFileSync(join(BUILT, file), 'utf8')
    expect([
      file,
      /sourceMappingURL|["'`]node:|src\/(control|store|server|vault)|vault\.open|better-auth|kysely/.exec(
        text,
      ),
    ]).toEqual([file, null])
  }
})
