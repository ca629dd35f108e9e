// `node verify-database.ts FILE`: verifies the audit log in a database and says, as JSON, what that took. A process of its
// own, so that its memory holds nothing but that.

import { writeSync } from 'node:fs'
import { openSqlStore } from '../../../src/store/sql/sql-store.ts'
import { verify } from './log.ts'

const { store, close } = await openSqlStore({ url: `sqlite:${process.argv[2] ?? ''}` })
const before = process.memoryUsage.rss()
const started = performance.now()
const { entries, calls, findings } = await verify(store)
const seconds = (performance.now() - started) / 1000
const growth = process.resourceUsage().maxRSS * 1024 - before
await close()
writeSync(1, JSON.stringify({ entries, calls, findings: findings.length, seconds, growth }))
