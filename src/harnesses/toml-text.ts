// Small changes to a TOML text that leave the rest of it, comments and order, as the user wrote it. Every change is
// checked by parsing: what cannot be done by lines is refused, never guessed. It does not know what the keys mean.

import { parse, stringify, type TomlTable, type TomlValue } from 'smol-toml'

export interface TomlChange {
  readonly path: readonly string[]
  /** Undefined: the key or table goes. */
  readonly value: TomlValue | undefined
}

export interface ChangedToml {
  readonly text: string
  /** Changes that could not be made by lines. */
  readonly failed: readonly TomlChange[]
}

interface Section {
  readonly path: readonly string[]
  /** The line of the header; -1 for the root. */
  readonly header: number
  /** The line after the last one. */
  readonly end: number
}

interface Span {
  readonly start: number
  readonly end: number
}

/** Makes the changes one after the other in a valid text. */
export function changeToml(text: string, changes: readonly TomlChange[]): ChangedToml {
  const failed: TomlChange[] = []
  let current = text
  for (const change of changes) {
    const next = changeOnce(current, change)
    if (next === null) failed.push(change)
    else current = next
  }
  return { text: current, failed }
}

/** The table a text stands for; null when it is malformed. */
export function parseToml(text: string): TomlTable | null {
  try {
    return parse(text)
  } catch {
    return null
  }
}

export function isTable(value: unknown): value is TomlTable {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date)
}

/** Whether two values mean the same, whatever the order of their keys. */
export function sameToml(a: unknown, b: unknown): boolean {
  return JSON.stringify(sorted(a)) === JSON.stringify(sorted(b))
}

function changeOnce(text: string, change: TomlChange): string | null {
  const expected = withValue(parseToml(text) ?? {}, change.path, change.value)
  if (expected === null) return null
  const isRight = (candidate: string) => {
    const result = parseToml(candidate)
    return result !== null && sameToml(result, expected)
  }
  return candidates(text, change).find(isRight) ?? null
}

// From the gentlest on.
function candidates(text: string, { path, value }: TomlChange): string[] {
  const lines = text.split('\n')
  const sections = sectionsOf(lines)
  const own = sections.filter((section) => startsWith(section.path, path))
  const tables = own.map(({ header, end }) => ({ start: header, end: endWithoutComments(lines, end) }))
  const home = sections.find((section) => isSamePath(section.path, path.slice(0, -1)))
  const statement = home === undefined ? null : statementIn(lines, home, path.at(-1) ?? '')
  if (value === undefined)
    return [cut(lines, tables), ...(statement === null ? [] : [cut(lines, [statement])])]
  const line = stringify({ [path.at(-1) ?? '']: value }).trimEnd()
  const isOneStatement = !line.trimStart().startsWith('[')
  const appended = (rest: string) =>
    `${rest.trimEnd()}${rest.trim() === '' ? '' : '\n\n'}${stringify(nested(path, value))}`
  return [
    ...(isOneStatement && statement !== null ? [cut(lines, [statement], line)] : []),
    ...(isOneStatement && home !== undefined ? [insertAt(lines, lastStatementEnd(lines, home), line)] : []),
    appended(text),
    appended(cut(lines, tables)),
    ...(statement === null ? [] : [appended(cut(lines, [statement]))]),
  ]
}

function sectionsOf(lines: readonly string[]): Section[] {
  const headers = lines.flatMap((line, index) => {
    const path = /^\s*\[/.test(line) ? headerPath(line) : null
    return path === null ? [] : [{ path, header: index }]
  })
  const all = [{ path: [] as string[], header: -1 }, ...headers]
  return all.map((one, index) => ({ ...one, end: all[index + 1]?.header ?? lines.length }))
}

function headerPath(line: string): string[] | null {
  const path: string[] = []
  let level: unknown = parseToml(line)
  while (isTable(level) || Array.isArray(level)) {
    if (Array.isArray(level)) level = level[0]
    else {
      const [key] = Object.keys(level)
      if (key === undefined) break
      path.push(key)
      level = level[key]
    }
  }
  return path.length === 0 ? null : path
}

// A value may go on over several lines: as many as it takes to be whole.
function statementIn(lines: readonly string[], { header, end }: Section, key: string): Span | null {
  for (let start = header + 1; start < end; start += 1) {
    const [, found] = /^\s*("(?:[^"\\]|\\.)*"|'[^']*'|[A-Za-z0-9_-]+)\s*=/.exec(lines[start] ?? '') ?? []
    if (found === undefined || Object.keys(parseToml(`${found} = 0`) ?? {})[0] !== key) continue
    for (let last = start; last < end; last += 1) {
      if (parseToml(lines.slice(start, last + 1).join('\n')) !== null) return { start, end: last + 1 }
    }
  }
  return null
}

function lastStatementEnd(lines: readonly string[], { header, end }: Section): number {
  const last = endWithoutComments(lines, end)
  return Math.max(last, header + 1)
}

// Comments above the next header are about that.
function endWithoutComments(lines: readonly string[], end: number): number {
  let last = end
  while (last > 0 && /^\s*(#.*)?$/.test(lines[last - 1] ?? '')) last -= 1
  return last
}

function cut(lines: readonly string[], spans: readonly Span[], instead?: string): string {
  const kept = lines.flatMap((line, index) => {
    const span = spans.find(({ start, end }) => index >= start && index < end)
    if (span === undefined) return [line]
    return instead !== undefined && index === span.start ? [instead] : []
  })
  return kept.join('\n')
}

function insertAt(lines: readonly string[], index: number, line: string): string {
  const before = lines.slice(0, index)
  const after = lines.slice(index)
  return [...before, line, ...(after.length === 0 ? [''] : after)].join('\n')
}

function nested(path: readonly string[], value: TomlValue): TomlTable {
  const [key = '', ...rest] = path
  return { [key]: rest.length === 0 ? value : nested(rest, value) }
}

// Null where the path leads through something that is no table.
function withValue(
  table: TomlTable,
  path: readonly string[],
  value: TomlValue | undefined,
): TomlTable | null {
  const [key = '', ...rest] = path
  const others = Object.fromEntries(Object.entries(table).filter(([name]) => name !== key))
  if (rest.length === 0) return value === undefined ? others : { ...others, [key]: value }
  const below = Object.hasOwn(table, key) ? table[key] : {}
  if (!isTable(below)) return null
  const inner = withValue(below, rest, value)
  return inner === null ? null : { ...others, [key]: inner }
}

function startsWith(path: readonly string[], start: readonly string[]): boolean {
  return path.length > 0 && start.every((key, index) => path[index] === key)
}

function isSamePath(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && startsWith([...a, ''], b)
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (!isTable(value)) return value instanceof Date ? value.toISOString() : value
  return Object.fromEntries(
    Object.keys(value)
      .sort()
      .map((key) => [key, sorted(value[key])]),
  )
}
