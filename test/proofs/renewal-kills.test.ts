import { prove as grantKill } from './grants/kill.ts'
import { testProofs } from './proving.ts'

testProofs([['kill -9 at each step of a renewal', grantKill, 1]])
