import { expect, it } from 'vitest'
import { leaseRow } from '../../store/conformance/rows.ts'
import { createMemoryStore } from '../../store/memory.ts'
import { pruneLeases } from './pruning.ts'

const DAY = 86_400_000
const NOW = Date.UTC(2026, 0, 31)

async function prune(signal = new AbortController().signal) {
  const store = createMemoryStore()
  const ids = []
  for (let i = 0; i < 1200; i += 1) {
    const createdAt = NOW - 60 * DAY + i * 3_600_000
    const row = leaseRow({ createdAt, expiresAt: createdAt + DAY })
    await store.leases.insert(row)
    ids.push(row.id)
  }
  const lines: object[] = []
  const write = (fields: object) => lines.push(fields)
  const log = { debug: write, info: write, warn: write, error: write }
  await pruneLeases({ store, now: () => NOW, log, keep: 30 * DAY, signal })
  const rows = await Promise.all(ids.map((id) => store.leases.lookUp(id)))
  return { left: rows.filter((row) => row !== undefined), lines }
}

it('removes, batch by batch, what was over thirty days ago, and says how many', async () => {
  const { left, lines } = await prune()
  expect(left).toHaveLength(1200 - 29 * 24)
  expect(Math.min(...left.map(({ expiresAt }) => expiresAt))).toBe(NOW - 30 * DAY)
  expect(lines).toEqual([{ removed: 29 * 24 }])
})

it('stops when the server does', async () => {
  const { left, lines } = await prune(AbortSignal.abort())
  expect(left).toHaveLength(1200)
  expect(lines).toEqual([])
})
