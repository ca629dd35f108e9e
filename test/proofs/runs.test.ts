import { testProofs } from './proving.ts'
import { prove as runsKill } from './runs/kill.ts'
import { proveWith as runsMany } from './runs/many.ts'
import { proveAway as runsServerAway } from './runs/server-away.ts'

testProofs([
  ['kill -9 of program, worker and server in the middle of turns', runsKill, 1],
  ['short runs, three workers and three servers', runsMany(12), 1],
  ['a server that is away under runs', runsServerAway(5_000), 1],
])
