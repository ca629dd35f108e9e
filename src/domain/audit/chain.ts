// The audit as a chain: each entry's hash covers the entry, its position and the hash before it, so that an entry that was
// changed, taken out, put in or moved does not fit its neighbours. Pure: the digest is passed in.

import type { AuditEntry } from './entry.ts'

/** SHA-256 of a text's UTF-8 bytes, in lower-case hexadecimal. */
export type Digest = (text: string) => string

/** A place in the chain of one organization: positions are 1, 2, 3 … without gaps. */
export interface ChainPlace {
  readonly position: number
  readonly hash: string
}

/** An entry in its place. */
export interface ChainedEntry extends AuditEntry, ChainPlace {}

/** The place before the first entry. */
export function chainStart(digest: Digest, organizationId: string): ChainPlace {
  return { position: 0, hash: digest(JSON.stringify(['claviger audit chain v1', organizationId])) }
}

/**
 * The entry as the next one after `before`. Its texts become what every database keeps as it is: lone halves of
 * characters and NUL are replaced by U+FFFD.
 */
export function chained(digest: Digest, before: ChainPlace, entry: AuditEntry): ChainedEntry {
  const normal = normalEntry(entry)
  const position = before.position + 1
  return { ...normal, position, hash: linkOf(digest, before.hash, normal, position) }
}

/** The hash of an entry at this position after the entry with that hash. */
export function linkOf(digest: Digest, before: string, entry: AuditEntry, position: number): string {
  return digest(before + canonicalText(entry, position))
}

// Every field, in an order that never changes. What JSON does not say about its own form, JSON.stringify decides: no
// blanks, `\u` escapes only where there must be one.
function canonicalText(entry: AuditEntry, position: number): string {
  return JSON.stringify([
    'claviger audit entry v1',
    entry.organizationId,
    position,
    entry.id,
    entry.at,
    entry.actorKind,
    entry.actorId,
    entry.actorName,
    entry.action,
    entry.objectKind,
    entry.objectId,
    entry.objectName,
    entry.outcome,
    detailsText(entry.details),
    entry.requestId,
  ])
}

type Details = AuditEntry['details']

/** Details as they are kept and hashed: a JSON object with its names in order. */
export function detailsText(details: Details): string {
  const names = Object.keys(details)
  const inOrder = names.every((name, place) => place === 0 || (names[place - 1] ?? '') < name)
  return JSON.stringify(inOrder ? details : sorted(details))
}

function sorted(details: Details): Details {
  const names = Object.keys(details).sort()
  return Object.fromEntries(names.map((name) => [name, details[name] ?? null]))
}

/** Details from their text. A text that is not what `detailsText` writes comes back as one detail, `altered`. */
export function readDetails(text: string): Details {
  const read = parsed(text)
  return isDetails(read) && detailsText(read) === text ? read : { altered: String(text) }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function isDetails(value: unknown): value is Details {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  return Object.values(value).every((one) => one === null || typeof one !== 'object')
}

function normalEntry(entry: AuditEntry): AuditEntry {
  return {
    id: normalText(entry.id),
    organizationId: normalText(entry.organizationId),
    at: Math.trunc(entry.at),
    actorKind: normalText(entry.actorKind),
    actorId: normalText(entry.actorId),
    actorName: normalText(entry.actorName),
    action: normalText(entry.action),
    objectKind: normalText(entry.objectKind),
    objectId: normalText(entry.objectId),
    objectName: normalText(entry.objectName),
    outcome: entry.outcome,
    details: normalDetails(entry.details),
    requestId: normalText(entry.requestId),
  }
}

function normalDetails(details: Details): Details {
  const entries = Object.entries(details).map(([name, value]) => [normalText(name), normalValue(value)])
  return sorted(Object.fromEntries(entries))
}

function normalValue(value: Details[string] | undefined): Details[string] {
  if (typeof value === 'string') return normalText(value)
  if (typeof value !== 'number') return value ?? null
  // JSON has neither infinity nor a negative zero.
  return Number.isFinite(value) ? value + 0 : null
}

function normalText(text: string): string {
  const whole = text.isWellFormed() ? text : text.toWellFormed()
  return whole.includes('\0') ? whole.replaceAll('\0', '\uFFFD') : whole
}
