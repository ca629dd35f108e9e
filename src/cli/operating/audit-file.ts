// Reads an export of an audit log (domain/audit/export-file.ts) line by line and says what does not fit.

import { z } from 'zod'
import { AUDIT_SCHEMAS, auditEntry } from '../../api/schemas/audit.ts'
import type { Output } from '../../api/schemas.ts'
import { anchorText } from '../../domain/audit/anchor.ts'
import { type ChainedEntry, type ChainPlace, chainStart } from '../../domain/audit/chain.ts'
import { type ChainCheck, checkChain, compareWithSeen, endsBefore } from '../../domain/audit/check.ts'
import { EXPORT_FORMAT, EXPORT_VERSION } from '../../domain/audit/export-file.ts'
import { ClavigerError } from '../../domain/errors.ts'
import { sha256 } from '../../lib/digest.ts'
import { isSigned } from '../../lib/signature.ts'

export type Anchor = Output<'audit.anchor'>

const header = z.strictObject({
  format: z.literal(EXPORT_FORMAT),
  version: z.int(),
  organizationId: z.string(),
  organization: z.string(),
  exportedAt: z.string(),
})
const entryLine = auditEntry.extend({ organizationId: z.string() }).strict()
const endLine = z.strictObject({ end: AUDIT_SCHEMAS['audit.anchor'].output.strict() })

/** What is wrong with a file, and in which of its lines. */
export interface FileFinding {
  readonly line: number
  readonly message: string
}

export interface FileCheck {
  /** Takes the next line, without its end. Throws `invalid` when the file is no export we can read. */
  add(text: string): FileFinding[]
  /** After the last line. */
  finish(): FileFinding[]
  readonly entries: number
  /** The last entry. */
  readonly last: ChainPlace
  /** The signed end; null when there was none. */
  readonly end: Anchor | null
}

export interface Expected {
  /** A place noted earlier, which must be in the log. */
  readonly anchor?: ChainPlace | undefined
  /** The key that must have signed the end. */
  readonly publicKey?: string | undefined
}

/** Reads a file of any length; holds one line of it. */
export function checkFile(expected: Expected): FileCheck {
  let state: State | undefined
  let lines = 0
  return {
    add(text) {
      lines += 1
      if (state === undefined) {
        state = begin(text)
        return []
      }
      return state.add(text, expected).map((message) => ({ line: lines, message }))
    },
    finish() {
      if (state === undefined) throw notAnExport()
      return state.finish(expected).map((message) => ({ line: lines, message }))
    },
    get entries() {
      return state?.entries ?? 0
    },
    get last() {
      return state?.chain.last ?? { position: 0, hash: '' }
    },
    get end() {
      return state?.end ?? null
    },
  }
}

class State {
  readonly organizationId: string
  readonly chain: ChainCheck
  entries = 0
  end: Anchor | null = null

  constructor(organizationId: string) {
    this.organizationId = organizationId
    this.chain = checkChain(sha256, organizationId, chainStart(sha256, organizationId))
  }

  add(text: string, expected: Expected): string[] {
    const found = readLine(text)
    const after = this.end === null ? [] : ['There is more after the end.']
    if (found === null) return [...after, 'This is no line of an export.']
    if ('end' in found) {
      this.end = found.end
      return [...after, ...this.#endFaults(found.end, expected)]
    }
    this.entries += 1
    const { anchor } = expected
    const findings = this.chain.add(found.entry)
    if (anchor?.position === found.entry.position) findings.push(...compareWithSeen(anchor, found.entry.hash))
    return [...after, ...findings.map(({ message }) => message)]
  }

  finish({ anchor }: Expected): string[] {
    const gone = anchor === undefined ? [] : endsBefore(this.chain.last, anchor)
    return [
      ...(this.end === null
        ? [`The end is missing: the file stops after entry ${this.chain.last.position}.`]
        : []),
      ...gone.map(({ message }) => message),
    ]
  }

  #endFaults(end: Anchor, { publicKey }: Expected): string[] {
    return [
      ...this.chain.end(end).map(({ message }) => message),
      ...(end.organizationId === this.organizationId ? [] : ['The end is that of another organization.']),
      ...(isSigned(anchorText(end), end) ? [] : ['The signature of the end is wrong.']),
      ...(publicKey === undefined || publicKey === end.publicKey
        ? []
        : ['The end was signed with another key than the one you named.']),
    ]
  }
}

function begin(text: string): State {
  const content = parse(text)
  const version = z.object({ format: z.literal(EXPORT_FORMAT), version: z.int() }).safeParse(content)
  if (version.success && version.data.version > EXPORT_VERSION) {
    throw new ClavigerError('invalid', 'This export was written by a newer Claviger.', {
      hint: `Verify it with that version: this one reads version ${EXPORT_VERSION}, the file is of version ${version.data.version}.`,
    })
  }
  const read = header.safeParse(content)
  if (!read.success) throw notAnExport()
  return new State(read.data.organizationId)
}

function readLine(text: string): { entry: ChainedEntry } | { end: Anchor } | null {
  const content = parse(text)
  // Not a blank may be added.
  if (content === undefined || JSON.stringify(content) !== text) return null
  const end = endLine.safeParse(content)
  if (end.success) return end.data
  const entry = entryLine.safeParse(content)
  return entry.success ? asWritten(entry.data) : null
}

// The entry that was hashed, from the one that was shown.
function asWritten(shown: z.output<typeof entryLine>): { entry: ChainedEntry } | null {
  const { actor, object, at, ...entry } = shown
  const time = new Date(at)
  if (Number.isNaN(time.getTime()) || time.toISOString() !== at) return null
  const people = { actorKind: actor.kind, actorId: actor.id, actorName: actor.name }
  const things = { objectKind: object.kind, objectId: object.id, objectName: object.name }
  return { entry: { ...entry, ...people, ...things, at: time.getTime() } }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function notAnExport(): ClavigerError {
  return new ClavigerError('invalid', 'This is no export of an audit log.', {
    hint: 'Make one: claviger audit export --output FILE',
  })
}
