// Looks for secrets in bytes, also in the disguises that code gives them without meaning harm: base64 at every
// alignment, hexadecimal, percent signs, UTF-16, back to front.

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** A secret's own part, which occurs nowhere else: upper-case letters and digits. */
export interface Canary {
  readonly name: string
  readonly text: string
}

export interface Search {
  /** Searches one thing and says what was found in it, a line each. */
  look(where: string, bytes: Uint8Array): string[]
  /** As `look`, for every file below a directory. */
  lookBelow(directory: string, title: string): string[]
  /** Bytes searched so far. */
  readonly bytes: number
  /** Files and outputs searched so far. */
  readonly things: number
}

/** The forms in which a text is looked for: name → bytes. */
export function disguises(text: string): ReadonlyMap<string, Buffer> {
  const bytes = Buffer.from(text)
  const forms = new Map<string, Buffer>([
    ['plain', bytes],
    ['reversed', Buffer.from([...text].reverse().join(''))],
    ['hexadecimal', Buffer.from(bytes.toString('hex'))],
    ['capital hexadecimal', Buffer.from(bytes.toString('hex').toUpperCase())],
    ['UTF-16', Buffer.from(text, 'utf16le')],
  ])
  for (const offset of [0, 1, 2]) forms.set(`base64 at ${offset}`, Buffer.from(alignedBase64(bytes, offset)))
  return forms
}

export function createSearch(canaries: readonly Canary[]): Search {
  const wanted = canaries.flatMap(({ name, text }) =>
    [...disguises(text)].map(([form, bytes]) => ({ what: `${name} (${form})`, bytes })),
  )
  let [searched, things] = [0, 0]
  function look(where: string, bytes: Uint8Array): string[] {
    const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    searched += buffer.length
    things += 1
    return wanted.filter((one) => buffer.includes(one.bytes)).map((one) => `${one.what} is in ${where}`)
  }
  return {
    look,
    lookBelow(directory, title) {
      const entries = readdirSync(directory, { recursive: true, withFileTypes: true })
      return entries
        .filter((entry) => entry.isFile())
        .flatMap(({ parentPath, name }) => look(`${title}: ${name}`, readFileSync(join(parentPath, name))))
    },
    get bytes() {
      return searched
    },
    get things() {
      return things
    },
  }
}

// The characters of a base64 text that do not depend on what stands before and after.
function alignedBase64(bytes: Buffer, offset: number): string {
  const encoded = Buffer.concat([Buffer.alloc(offset), bytes])
    .toString('base64')
    .replace(/=+$/, '')
  return encoded.slice(offset === 0 ? 0 : offset + 1, encoded.length - 1)
}
