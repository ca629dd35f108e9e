// Ending processes that nobody waits for: of a program's own what it has put into sessions of their own.

import { setTimeout as sleep } from 'node:timers/promises'
import { isAlive, type ProcessIdentity, processesWithin } from '../process.ts'

// What forks while it is looked for is found by the next look.
const LOOKS = 20
const LOOK_AGAIN_MS = 25

/** Signals that very process, if it is still there and ours. */
export function signalProcess(identity: ProcessIdentity, signal: NodeJS.Signals): void {
  if (!isAlive(identity)) return
  try {
    process.kill(identity.pid, signal)
  } catch {
    // It is gone by now, or somebody else's.
    return
  }
}

/** Ends those whose environment names a path in this directory under this name. Does nothing where that is not told. */
export async function endProcessesWithin(variable: string, directory: string): Promise<void> {
  for (let look = 0; look < LOOKS; look += 1) {
    const left = processesWithin(variable, directory)
    if (left.length === 0) return
    for (const one of left) signalProcess(one, 'SIGKILL')
    await sleep(LOOK_AGAIN_MS)
  }
}
