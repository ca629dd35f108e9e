// Everything that is done to the database: one change each, to one credential, after which one of its values must not
// open.

import type { DatabaseSync, SQLInputValue } from 'node:sqlite'
import type { CredentialType } from '../../../src/domain/credential-types.ts'
import type { Random } from '../random.ts'
import type { Cell, Stored } from './stock.ts'

export interface Trial {
  /** What kind of change it is, for the table. */
  readonly kind: string
  readonly credential: Stored
  /** The version that must not open afterwards; 2 is the current one. */
  readonly version: number
  /** Whether only that version is concerned, so that another trial may use the other one. */
  readonly single: boolean
  /** The type and version it is asked for by afterwards, where the change is to those. */
  readonly as?: { readonly id?: string; readonly type?: CredentialType }
  tamper(run: (sql: string, ...values: SQLInputValue[]) => void): void
}

const TYPES: readonly CredentialType[] = [
  'claude/api-key',
  'claude/bedrock-api-key',
  'claude/bedrock-access-key',
  'codex/api-key',
  'raw',
]
const CURRENT = 2
const SET_VALUE =
  'update credential_value set sealed = ? where credential_id = ? and version = ? and field = ?'

/** Every trial there is for these cells, in a fixed order. */
export function allTrials(cells: readonly Cell[], owners: readonly string[], random: Random): Trial[] {
  const stored = [...new Set(cells.map((cell) => cell.credential))]
  return [
    ...cells.flatMap((to) => cells.filter((from) => from !== to).map((from) => valueMoved(from, to))),
    ...pairs(stored).flatMap(([from, to]) => [keyMoved(from, to), contentMoved(from, to, cells)]),
    ...stored.map(anotherId),
    ...stored.flatMap((one) => owners.filter((to) => to !== one.owner).map((to) => anotherOwner(one, to))),
    ...stored.flatMap((one) => TYPES.filter((to) => to !== one.type).map((to) => anotherType(one, to))),
    ...stored.flatMap((one) => [anotherName(one), anotherVersion(one), olderVersion(one)]),
    ...cells.map((cell) => valueFlipped(cell, random)),
    ...cells.filter(({ version }) => version === CURRENT).map(valueRemoved),
    ...stored.map((one) => keyFlipped(one, random)),
  ]
}

/** Changes one credential after another as the trials say; a database must not object, only the server. */
export function tamper(database: DatabaseSync, trials: readonly Trial[]): void {
  database.exec('pragma foreign_keys = off; begin')
  for (const trial of trials) {
    trial.tamper((sql, ...values) => {
      if (database.prepare(sql).run(...values).changes === 0)
        throw new Error(`Nothing was changed by: ${sql}`)
    })
  }
  database.exec('commit')
}

function valueMoved(from: Cell, to: Cell): Trial {
  return {
    kind: `a value from another ${difference(from, to)}`,
    credential: to.credential,
    version: to.version,
    single: true,
    tamper: (run) => run(SET_VALUE, from.sealed, to.credential.id, to.version, to.field),
  }
}

function difference(from: Cell, to: Cell): string {
  const [a, b] = [from.credential, to.credential]
  const differing = [
    ...(a.id === b.id ? [] : ['id']),
    ...(a.owner === b.owner ? [] : ['owner']),
    ...(a.type === b.type ? [] : ['type']),
    ...(from.field === to.field ? [] : ['field']),
    ...(from.version === to.version ? [] : ['version']),
  ]
  return differing.join(', ')
}

function keyMoved(from: Stored, to: Stored): Trial {
  return whole("another credential's data key", to, (run) =>
    run('update credential set wrapped_key = ? where id = ?', from.wrappedKey, to.id),
  )
}

// The other credential's key comes along, so that the value itself would open.
function contentMoved(from: Stored, to: Stored, cells: readonly Cell[]): Trial {
  const source = cells.filter((cell) => cell.credential === from && cell.version === CURRENT)
  const target = cells.filter((cell) => cell.credential === to && cell.version === CURRENT)
  return whole("another credential's data key and values", to, (run) => {
    run('update credential set wrapped_key = ? where id = ?', from.wrappedKey, to.id)
    for (const { field } of target) {
      const value = source.find((cell) => cell.field === field) ?? source[0]
      if (value !== undefined) run(SET_VALUE, value.sealed, to.id, CURRENT, field)
    }
  })
}

function anotherId(credential: Stored): Trial {
  const id = `cred_${'0'.repeat(28)}${credential.id.slice(-4)}`
  const trial = whole('the whole credential under another id', credential, (run) => {
    for (const table of ['credential_version', 'credential_value']) {
      run(`update ${table} set credential_id = ? where credential_id = ?`, id, credential.id)
    }
    run('update credential set id = ? where id = ?', id, credential.id)
  })
  return { ...trial, as: { id } }
}

function anotherOwner(credential: Stored, owner: string): Trial {
  return whole('the whole credential under another owner', credential, (run) =>
    run('update credential set owner = ? where id = ?', owner, credential.id),
  )
}

function anotherType(credential: Stored, type: CredentialType): Trial {
  const harness = type === 'raw' ? 'raw' : (type.split('/')[0] ?? '')
  const trial = whole('the whole credential as another type', credential, (run) =>
    run('update credential set type = ?, harness = ? where id = ?', type, harness, credential.id),
  )
  return { ...trial, as: { type } }
}

function anotherVersion(credential: Stored): Trial {
  return whole('the whole credential as another version', credential, (run) => {
    for (const table of ['credential_version', 'credential_value']) {
      run(`update ${table} set version = 3 where credential_id = ? and version = 2`, credential.id)
    }
    run('update credential set version = 3 where id = ?', credential.id)
  })
}

function anotherName(credential: Stored): Trial {
  return whole('the whole credential under another name', credential, (run) =>
    run('update credential set name = ? where id = ?', `X_${credential.name}`, credential.id),
  )
}

function olderVersion(credential: Stored): Trial {
  return whole('an older version of it, made the current one', credential, (run) =>
    run('update credential set version = 1 where id = ?', credential.id),
  )
}

function valueFlipped({ credential, version, field, sealed }: Cell, random: Random): Trial {
  const flipped = flip(sealed, random)
  return {
    kind: 'a value with one bit flipped',
    credential,
    version,
    single: true,
    tamper: (run) => run(SET_VALUE, flipped, credential.id, version, field),
  }
}

// Of a credential that has several, an optional one too: the others must not be handed out without it.
function valueRemoved({ credential, field }: Cell): Trial {
  return whole('a value removed', credential, (run) =>
    run(
      'delete from credential_value where credential_id = ? and version = ? and field = ?',
      credential.id,
      CURRENT,
      field,
    ),
  )
}

function keyFlipped(credential: Stored, random: Random): Trial {
  const flipped = flip(credential.wrappedKey, random)
  return whole('a data key with one bit flipped', credential, (run) =>
    run('update credential set wrapped_key = ? where id = ?', flipped, credential.id),
  )
}

function whole(kind: string, credential: Stored, change: Trial['tamper']): Trial {
  return { kind, credential, version: CURRENT, single: false, tamper: change }
}

function flip(bytes: Uint8Array, random: Random): Uint8Array {
  const copy = Uint8Array.from(bytes)
  const at = random.below(copy.length)
  copy[at] = (copy[at] ?? 0) ^ (1 << random.below(8))
  return copy
}

function pairs<T>(all: readonly T[]): [T, T][] {
  return all.flatMap((a) => all.filter((b) => b !== a).map((b): [T, T] => [a, b]))
}
