// The files of the web console as they were built: read once, when somebody first asks, so that a page and its scripts are
// always of one build. Whatever is asked for is looked up by name; nothing is made into a path of the disk.

import { hash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, extname, join, sep } from 'node:path'
import { gzipSync } from 'node:zlib'

export interface ConsoleFile {
  readonly type: string
  readonly bytes: Uint8Array<ArrayBuffer>
  /** Compressed; null where that gains nothing. */
  readonly gzipped: Uint8Array<ArrayBuffer> | null
  readonly etag: string
  /** Its name changes with its content. */
  readonly hashed: boolean
}

export interface ConsoleFiles {
  /** The page that all addresses of the console answer with, as it was built. */
  readonly page: string
  /** Name below the console, for example `assets/index-abc.js` → the file. */
  readonly files: ReadonlyMap<string, ConsoleFile>
}

const TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.webmanifest': 'application/manifest+json',
  '.woff2': 'font/woff2',
}

const PAGE = 'index.html'

/** Where `npm ci` puts the console: beside the bundle, of the package that this module belongs to. */
export function consoleDirectory(from = import.meta.dirname): string {
  const up = dirname(from)
  if (existsSync(join(from, 'package.json')) || up === from) return join(from, 'dist', 'console')
  return consoleDirectory(up)
}

/** The console in this directory; null when it was not built. */
export function readConsole(directory: string): ConsoleFiles | null {
  if (!existsSync(join(directory, PAGE))) return null
  const names = readdirSync(directory, { recursive: true, encoding: 'utf8' }).filter(
    (name) => extname(name) in TYPES && statSync(join(directory, name)).isFile(),
  )
  return {
    page: readFileSync(join(directory, PAGE), 'utf8'),
    files: new Map(names.map((name) => [name.split(sep).join('/'), readConsoleFile(directory, name)])),
  }
}

function readConsoleFile(directory: string, name: string): ConsoleFile {
  const bytes = new Uint8Array(readFileSync(join(directory, name)))
  const type = TYPES[extname(name)] ?? 'application/octet-stream'
  const gzipped = /^image\/png|^font/.test(type) ? null : new Uint8Array(gzipSync(bytes, { level: 9 }))
  return {
    type,
    bytes,
    gzipped,
    etag: `"${hash('sha256', bytes, 'hex').slice(0, 32)}"`,
    hashed: name.startsWith(`assets${sep}`),
  }
}
