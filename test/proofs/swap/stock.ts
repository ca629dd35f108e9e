// The database that is tampered with: credentials of several types and owners, two versions each, and what is sealed in
// them, cell by cell.

import { DatabaseSync } from 'node:sqlite'
import type { CredentialType } from '../../../src/domain/credential-types.ts'
import type { Call } from '../connection.ts'

export interface Stored {
  readonly id: string
  readonly name: string
  readonly owner: string
  readonly type: CredentialType
  readonly wrappedKey: Uint8Array
}

/** One sealed value at its place. */
export interface Cell {
  readonly credential: Stored
  readonly version: number
  readonly field: string
  readonly sealed: Uint8Array
}

/** A credential that nothing is ever done to: what opens must still open. */
export const CONTROL = 'control'

interface Wanted {
  readonly name: string
  readonly type: CredentialType
  readonly owner: string
  readonly fields: (n: number) => Record<string, string>
}

const WANTED: readonly Wanted[] = [
  { name: 'a1', type: 'claude/api-key', owner: 'org', fields: (n) => ({ key: `sk-ant-test-a1-${n}` }) },
  { name: 'a2', type: 'claude/api-key', owner: 'org', fields: (n) => ({ key: `sk-ant-test-a2-${n}` }) },
  { name: 'a3', type: 'claude/api-key', owner: 'me', fields: (n) => ({ key: `sk-ant-test-a3-${n}` }) },
  {
    name: 'b1',
    type: 'claude/bedrock-api-key',
    owner: 'org',
    fields: (n) => ({ token: `bedrock-test-b1-${n}`, region: `us-east-${n}` }),
  },
  {
    name: 'b2',
    type: 'claude/bedrock-access-key',
    owner: 'team:everyone',
    fields: (n) => ({
      accessKeyId: `AKIATESTB2000000${n}`,
      secretAccessKey: `made-up-b2-${n}`,
      region: `us-west-${n}`,
    }),
  },
  {
    name: 'c1',
    type: 'codex/api-key',
    owner: 'org',
    fields: (n) => ({ key: `sk-test-c1-${n}`, baseUrl: `https://example.test/${n}` }),
  },
  { name: 'RAW_1', type: 'raw', owner: 'me', fields: (n) => ({ value: `raw-test-${n}` }) },
]

/** Stores everything with two versions. Returns the current values by name. */
export async function store(call: Call): Promise<Map<string, Readonly<Record<string, string>>>> {
  const values = new Map<string, Readonly<Record<string, string>>>()
  for (const { name, type, owner, fields } of WANTED) {
    const made = await call('proof_store', 'credentials.create', { type, owner, name, fields: fields(1) })
    await call('proof_store', 'credentials.update', { id: made.id, fields: fields(2) })
    values.set(name, fields(2))
  }
  const fields = { key: 'sk-ant-test-control' }
  await call('proof_store', 'credentials.create', {
    type: 'claude/api-key',
    owner: 'org',
    name: CONTROL,
    fields,
  })
  values.set(CONTROL, fields)
  return values
}

/** Reads the sealed cells from the file of a server that does not run; the control's are left out. */
export function readCells(file: string): Cell[] {
  const database = new DatabaseSync(file, { readOnly: true })
  try {
    const rows = database
      .prepare(
        `select c.id, c.name, c.owner, c.type, c.wrapped_key, v.version, v.field, v.sealed
         from credential_value v join credential c on c.id = v.credential_id
         where c.name <> '${CONTROL}' order by c.id, v.version, v.field`,
      )
      .all() as unknown as (Stored & {
      version: number
      field: string
      sealed: Uint8Array
      wrapped_key: Uint8Array
    })[]
    const stored = new Map<string, Stored>()
    return rows.map(({ id, name, owner, type, wrapped_key, version, field, sealed }) => {
      const credential = stored.get(id) ?? { id, name, owner, type, wrappedKey: wrapped_key }
      stored.set(id, credential)
      return { credential, version, field, sealed }
    })
  } finally {
    database.close()
  }
}
