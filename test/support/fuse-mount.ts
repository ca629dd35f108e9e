// A real file system of another program (FUSE), as small as one can be: every name in it is an empty directory of ours. For
// tests of what is said of file systems that are not of this machine. Needs root and /dev/fuse.

import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** Mounts it; the result unmounts it and waits for its program to end. */
export async function fuseMount(at: string): Promise<() => Promise<void>> {
  const device = openSync('/dev/fuse', 'r+')
  const options = `fd=3,rootmode=40000,user_id=0,group_id=0`
  execFileSync('mount', ['-i', '-t', 'fuse', '-o', options, 'claviger-test', at], {
    stdio: ['ignore', 'ignore', 'inherit', device],
  })
  const program = fileURLToPath(new URL('./fuse-program.ts', import.meta.url))
  const child = spawn(process.execPath, [program], { stdio: ['ignore', 'ignore', 'inherit', device] })
  const ended = once(child, 'exit')
  closeSync(device)
  return async () => {
    execFileSync('umount', [at])
    await ended
  }
}
