import { ALTERATIONS } from './audit/alterations.ts'
import { proveAlterations, proveLength } from './audit-chain.ts'
import { prove as noPlaintext } from './no-plaintext.ts'
import { testProofs } from './proving.ts'
import { prove as swappedRows } from './swapped-rows.ts'

testProofs([
  ['swapped rows', swappedRows, 2],
  ['no plaintext at rest or in output', noPlaintext, 1],
  ['a long audit log', proveLength(2_000), 1],
  ['an altered audit log', proveAlterations, ALTERATIONS.length],
])
