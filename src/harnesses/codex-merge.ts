// What Codex changed in its copy of a configuration file, carried into the user's: folder trust, MCP servers, models.
// What we adjusted for the run stays the user's own, and so does what somebody changed meanwhile.

import type { TomlTable, TomlValue } from 'smol-toml'
import type { FileHistory, Merged } from './harness.ts'
import { changeToml, isTable, parseToml, sameToml, type TomlChange } from './toml-text.ts'

interface Tables {
  readonly before: TomlTable
  readonly delivered: TomlTable
  readonly after: TomlTable
  readonly now: TomlTable
}

interface Changes {
  readonly changes: readonly TomlChange[]
  readonly lost: readonly string[]
}

/** The user's text with what the program changed; what could not be carried over is named in `lost`. */
export function mergeConfig({ before, delivered, after, now }: FileHistory): Merged {
  if (after === delivered) return { text: null, lost: [] }
  if (before === null && delivered === '' && now === null) return { text: after, lost: [] }
  const [a, b, c, d] = [before, delivered, after, now].map((text) => parseToml(text ?? ''))
  if (!a || !b || !c || !d) return { text: null, lost: ['all of it, for it is not valid TOML'] }
  const { changes, lost } = compare({ before: a, delivered: b, after: c, now: d }, [])
  const { text, failed } = changeToml(now ?? '', changes)
  return {
    text: failed.length === changes.length ? null : text,
    lost: [...lost, ...failed.map(({ path }) => path.join('.'))],
  }
}

function compare(tables: Tables, path: readonly string[]): Changes {
  const keys = new Set([...Object.keys(tables.delivered), ...Object.keys(tables.after)])
  const all = [...keys].map((key) => compareKey(tables, [...path, key], key))
  return { changes: all.flatMap(({ changes }) => changes), lost: all.flatMap(({ lost }) => lost) }
}

function compareKey(tables: Tables, path: readonly string[], key: string): Changes {
  const [before, delivered, now] = [tables.before, tables.delivered, tables.now].map((one) => own(one, key))
  const after = own(tables.after, key)
  const nothing: Changes = { changes: [], lost: [] }
  if (sameToml(delivered, after) || sameToml(now, after)) return nothing
  const others = [before, delivered, now]
  if (isTable(after) && others.some(isTable) && others.every((one) => one === undefined || isTable(one))) {
    const [b, d, n] = others.map((one) => (isTable(one) ? one : {}))
    return compare({ before: b ?? {}, delivered: d ?? {}, after, now: n ?? {} }, path)
  }
  // Changed by us for the run, or by somebody else meanwhile.
  if (!sameToml(delivered, before) || !sameToml(now, before)) return { changes: [], lost: [path.join('.')] }
  return { changes: [{ path, value: after }], lost: [] }
}

function own(table: TomlTable, key: string): TomlValue | undefined {
  return Object.hasOwn(table, key) ? table[key] : undefined
}
