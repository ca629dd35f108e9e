import { proveCrowd } from './profiles/crowd.ts'
import { proveKills } from './profiles/kill.ts'
import { provePauses } from './profiles/pauses.ts'
import { testProofs } from './proving.ts'

testProofs([
  ['a crowd and a login in a file of profiles', proveCrowd(6), 1],
  ['kill -9 of a process without a server at each step of a renewal', proveKills, 1],
  ['a process without a server that is stopped in the middle of a call', provePauses, 1],
])
