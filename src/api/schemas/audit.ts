// Shapes of the audit log.

import { z } from 'zod'
import { FINDING_KINDS } from '../../domain/audit/check.ts'
import { id, limit, time } from './shared.ts'

const hash = z
  .string()
  .regex(/^[0-9a-f]{64}$/, 'it is no SHA-256 in lower-case hexadecimal')
  .describe('SHA-256, lower-case hexadecimal')
const place = z.object({ position: z.int(), hash: z.string() })
const position = z.coerce.number().int().min(0).max(Number.MAX_SAFE_INTEGER)

export const auditEntry = z.object({
  position: z.int().describe('1, 2, 3 … without gaps'),
  hash: z.string().describe('Of the entry and the hash before it'),
  id,
  at: time,
  actor: z.object({ kind: z.string(), id: z.string(), name: z.string() }),
  action: z.string(),
  object: z.object({ kind: z.string(), id: z.string(), name: z.string() }),
  outcome: z.enum(['allowed', 'refused']),
  details: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])),
  requestId: z.string(),
})

const finding = z.object({
  kind: z.enum(FINDING_KINDS),
  from: z.number().describe('First position it is about'),
  to: z.number().describe('Last position it is about'),
  message: z.string(),
})

// Postgres keeps no NUL in a text, and refuses to look for one.
const word = z
  .string()
  .min(1)
  .max(200)
  .refine((value) => !value.includes('\u0000'), 'it holds a NUL')

const filter = {
  actor: word.optional().describe('Id, or part of the name'),
  action: word.optional().describe('The whole of it; with a dot at its end, how it begins: `credential.`'),
  object: word.optional().describe('Id, or part of the name'),
  objectKind: word.optional(),
  outcome: z.enum(['allowed', 'refused']).optional(),
  from: time.optional(),
  to: time.optional(),
  search: word.optional().describe('Part of a name, of the action or of the details'),
}

export const AUDIT_SCHEMAS = {
  'audit.list': {
    input: z.strictObject({
      after: z
        .string()
        .regex(/^\d{1,15}$/, 'it is no position')
        .optional()
        .describe('Cursor: entries after this position, in the order that is asked for'),
      limit: limit(200),
      order: z.enum(['oldest', 'newest']).default('oldest').describe('Which come first'),
      ...filter,
    }),
    output: z.object({
      entries: z.array(auditEntry),
      next: z
        .string()
        .nullable()
        .describe('A page looks at a stretch of the log only: also one without entries may have a next'),
      searchedTo: z.int().describe('The position up to which, or down to which, has been looked'),
    }),
  },
  'audit.export': {
    input: z.strictObject({
      format: z
        .enum(['jsonl', 'csv', 'signed'])
        .default('jsonl')
        .describe('`signed`: the whole log with its signed end, which `claviger audit verify --file` proves'),
      ...filter,
    }),
    output: z.object({}),
  },
  'audit.verify': {
    input: z.strictObject({
      position: position.default(0).describe('Go on after this position'),
      hash: hash.optional(),
      anchorPosition: position.min(1).optional().describe('A place noted earlier, which must be in the log'),
      anchorHash: hash.optional(),
    }),
    output: z.object({
      from: z.int(),
      to: z.int(),
      hash: z.string().describe('Of the entry at `to`'),
      entries: z.int().describe('Entries that were read'),
      findings: z.array(finding).describe('Empty when everything fits'),
      omitted: z.int().describe('Findings that were left out because there were too many'),
      next: place.nullable().describe('Where to go on; null at the end of the log'),
    }),
  },
  'audit.anchor': {
    input: z.strictObject({}),
    output: z.object({
      organizationId: id,
      position: z.int(),
      hash: z.string(),
      at: time,
      publicKey: z.string().describe('Ed25519, hexadecimal'),
      signature: z.string().describe('Ed25519, hexadecimal'),
    }),
  },
  'audit.warnings': {
    input: z.strictObject({}),
    output: z.object({
      warnings: z.array(
        z.object({
          kind: z.enum(['rolled-back']),
          at: time,
          seen: place,
          found: place,
          message: z.string(),
        }),
      ),
    }),
  },
  'audit.acknowledge': {
    input: z.strictObject({}),
    output: z.object({ acknowledged: z.int().describe('Organizations that it had happened to') }),
  },
} as const
