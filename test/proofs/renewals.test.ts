import { prove as grantClocks } from './grants/clocks.ts'
import { prove as grantPauses } from './grants/pauses.ts'
import { prove as grantStorm } from './grants/storm.ts'
import { testProofs } from './proving.ts'

testProofs([
  ['a thousand callers and one ended login', grantStorm, 1],
  ['servers that sleep, and a database that is away, during a renewal', grantPauses, 1],
  ['clocks that are off during a renewal', grantClocks, 1],
])
