// Looking for entries of the audit log. No index helps for every question, so a page looks at a stretch of the log only and
// says where to go on: the same work however long the log is.

import type { Input } from '../../api/schemas.ts'
import type { Anchor } from '../../domain/audit/anchor.ts'
import type { ChainedEntry } from '../../domain/audit/chain.ts'
import { exportEnd, exportEntry, exportHeader } from '../../domain/audit/export-file.ts'
import type { AuditFilter } from '../../domain/audit/filter.ts'
import { ClavigerError } from '../../domain/errors.ts'
import type { Store } from '../../store/store.ts'
import type { Control } from '../use-case.ts'
import type { Workshop } from '../workshop.ts'
import { entryView, signedEnd } from './reading.ts'

const STRETCH = 50_000
const EXPORT_PAGE = 500

type Wanted = Omit<Input<'audit.export'>, 'format'>

export function createSearchingUseCases({
  store,
  guard,
  vault,
  identity,
  now,
}: Workshop): Pick<Control, 'audit.list' | 'audit.export'> {
  return {
    async 'audit.list'({ organizationId }, { after, limit, order, ...wanted }) {
      const page = { after: after === undefined ? null : Number(after), limit }
      const find = order === 'newest' ? findNewest : findOldest
      const { entries, next, searchedTo } = await find(store, organizationId, filterOf(wanted), page)
      return { entries: entries.map(entryView), next: next === null ? null : String(next), searchedTo }
    },
    async 'audit.export'(caller, { format, ...wanted }) {
      const { organizationId } = caller
      if (format === 'signed' && Object.keys(filterOf(wanted)).length > 0) throw onlyWhole()
      const head = await guard.perform(caller, async (unit, authorize) => {
        const details = Object.fromEntries(Object.entries(wanted).filter(([, value]) => value !== undefined))
        await authorize({
          ...{ action: 'audit.export', needs: { general: 'readAudit' }, details: { format, ...details } },
          object: { kind: 'audit', id: organizationId, name: 'audit log' },
        })
        return unit.audit.head(organizationId)
      })
      const entries = everything(store, organizationId, filterOf(wanted), head.position)
      if (format !== 'signed') return bytesOf((format === 'csv' ? csvLines : jsonLines)(entries))
      const end = signedEnd(vault, organizationId, head, now())
      const name = (await identity.organization(organizationId))?.name ?? ''
      return bytesOf(signedLines({ name, end, entries }))
    },
  }
}

function filterOf({ search, from, to, ...wanted }: Wanted): AuditFilter {
  const given = Object.entries(wanted).filter(([, value]) => value !== undefined)
  return {
    ...Object.fromEntries(given),
    ...(search !== undefined && { text: search }),
    ...(from !== undefined && { from: Date.parse(from) }),
    ...(to !== undefined && { to: Date.parse(to) }),
  }
}

interface Page {
  /** Go on after this position; null: from the beginning. */
  readonly after: number | null
  readonly limit: number
}

interface Found {
  readonly entries: readonly ChainedEntry[]
  readonly next: number | null
  readonly searchedTo: number
}

type Audit = Pick<Store, 'audit'>

async function findOldest(
  { audit }: Audit,
  organizationId: string,
  filter: AuditFilter,
  { after, limit }: Page,
): Promise<Found> {
  const from = after ?? 0
  if (Object.keys(filter).length === 0) {
    const entries = await audit.list(organizationId, { after: from, limit })
    const searchedTo = entries.at(-1)?.position ?? from
    return { entries, searchedTo, next: entries.length < limit ? null : searchedTo }
  }
  const { position: end } = await audit.head(organizationId)
  const upTo = Math.min(end, from + STRETCH)
  const entries = await audit.search(organizationId, filter, { after: from, upTo, newest: false, limit })
  const searchedTo = entries.length === limit ? (entries.at(-1)?.position ?? upTo) : Math.max(from, upTo)
  return { entries, searchedTo, next: searchedTo < end ? searchedTo : null }
}

async function findNewest(
  { audit }: Audit,
  organizationId: string,
  filter: AuditFilter,
  { after, limit }: Page,
): Promise<Found> {
  const upTo = after === null ? (await audit.head(organizationId)).position : after - 1
  const from = Math.max(0, upTo - STRETCH)
  const entries = await audit.search(organizationId, filter, { after: from, upTo, newest: true, limit })
  const searchedTo = entries.length === limit ? (entries.at(-1)?.position ?? from + 1) : from + 1
  return { entries, searchedTo, next: searchedTo > 1 ? searchedTo : null }
}

async function* everything(
  store: Audit,
  organizationId: string,
  filter: AuditFilter,
  upTo: number,
): AsyncGenerator<ChainedEntry> {
  for (let after: number | null = 0; after !== null; ) {
    const page: Found = await findOldest(store, organizationId, filter, { after, limit: EXPORT_PAGE })
    yield* page.entries.filter(({ position }) => position <= upTo)
    after = page.searchedTo >= upTo ? null : page.next
  }
}

interface SignedExport {
  /** Of the organization. */
  readonly name: string
  readonly end: Anchor
  readonly entries: AsyncIterable<ChainedEntry>
}

async function* signedLines({ name, end, entries }: SignedExport): AsyncGenerator<string> {
  yield exportHeader(end.organizationId, name, end.at)
  for await (const entry of entries) yield exportEntry(end.organizationId, entryView(entry))
  yield exportEnd(end)
}

function onlyWhole(): ClavigerError {
  return new ClavigerError('invalid', 'Only the whole log can be verified: a signed export has no filters.', {
    hint: 'Leave the filters out, or choose another format.',
  })
}

async function* jsonLines(entries: AsyncIterable<ChainedEntry>): AsyncGenerator<string> {
  for await (const entry of entries) yield `${JSON.stringify(entryView(entry))}\n`
}

const COLUMNS = [
  'position',
  'at',
  'actor',
  'actorId',
  'action',
  'objectKind',
  'object',
  'objectId',
  'outcome',
]

async function* csvLines(entries: AsyncIterable<ChainedEntry>): AsyncGenerator<string> {
  yield `${[...COLUMNS, 'details', 'requestId'].join(',')}\r\n`
  for await (const entry of entries) {
    const { position, at, actor, action, object, outcome, details, requestId } = entryView(entry)
    const cells = [position, at, actor.name, actor.id, action, object.kind, object.name, object.id, outcome]
    yield `${[...cells, JSON.stringify(details), requestId].map(cell).join(',')}\r\n`
  }
}

// A name that begins like a formula must not become one in whatever opens the file.
function cell(value: string | number): string {
  const text = String(value)
  const safe = typeof value === 'string' && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text
  return `"${safe.replaceAll('"', '""')}"`
}

async function* bytesOf(lines: AsyncIterable<string>): AsyncGenerator<Uint8Array> {
  const encoder = new TextEncoder()
  for await (const line of lines) yield encoder.encode(line)
}
