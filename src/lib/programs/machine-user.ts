// A user of this machine, as whom root may start a program.

import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

export interface MachineUser {
  readonly name: string
  readonly uid: number
  readonly gid: number
  /** As the machine has it: it need not be there. */
  readonly home: string
}

const run = promisify(execFile)

// The machine's lists of users may be slow to ask.
const TIMEOUT_MS = 10_000

/** By name or number; null when there is none. Rejects when a process of theirs cannot be started: only root may do that. */
export async function findMachineUser(nameOrNumber: string): Promise<MachineUser | null> {
  const uid = await uidOf(nameOrNumber)
  if (uid === null) return null
  // Wherever the machine keeps its users: a process of theirs knows who it is, if anybody does.
  const script = 'try { process.stdout.write(JSON.stringify(os.userInfo())) } catch {}'
  const options = { uid, env: {}, cwd: '/', timeout: TIMEOUT_MS }
  const { stdout } = await run(process.execPath, ['-e', script], options)
  if (stdout === '') return null
  const { username, gid, homedir } = JSON.parse(stdout)
  return { name: String(username), uid, gid: Number(gid), home: String(homedir) }
}

async function uidOf(nameOrNumber: string): Promise<number | null> {
  if (/^\d{1,9}$/.test(nameOrNumber)) return Number(nameOrNumber)
  if (!/^[A-Za-z_][\w.@-]*$/.test(nameOrNumber)) return null
  try {
    const { stdout } = await run('id', ['-u', nameOrNumber], { timeout: TIMEOUT_MS })
    return /^\d+$/.test(stdout.trim()) ? Number(stdout) : null
  } catch {
    // There is none of that name.
    return null
  }
}
