// Which directories of a machine its runs may work in. A path is looked at as the file system has it: a link in an allowed
// directory that leads out of it is a way out for whoever can make one, and agents can.

import { realpath, stat } from 'node:fs/promises'
import { isAbsolute } from 'node:path'
import { ClavigerError } from '../../domain/errors.ts'
import { isWithin } from '../../domain/runs/workspace.ts'
import { errorCode } from '../../lib/atomic-file.ts'

/** The directory without links, when it is in one of these. Throws `invalid`, or `forbidden` when it is in none. */
export async function allowedDirectory(path: string, directories: readonly string[]): Promise<string> {
  const real = await realDirectory(path)
  if (isWithin(real, await realRoots(directories))) return real
  // Where a link leads is nobody's business who may not go there.
  throw new ClavigerError('forbidden', `Runs may not work in ${path} on this machine.`, {
    hint: `Start the worker with --directory and the directory itself, without links: claviger worker --directory DIR`,
  })
}

async function realDirectory(path: string): Promise<string> {
  if (!isAbsolute(path)) throw notADirectory(path, 'is no full path')
  try {
    const real = await realpath(path)
    if ((await stat(real)).isDirectory()) return real
  } catch (error) {
    throw notADirectory(path, errorCode(error) === 'ENOENT' ? 'is not on this machine' : 'cannot be entered')
  }
  throw notADirectory(path, 'is no directory')
}

// One that is not there lets nobody in.
async function realRoots(directories: readonly string[]): Promise<string[]> {
  const found = await Promise.all(directories.map((root) => realpath(root).catch(() => null)))
  return found.filter((root) => root !== null)
}

function notADirectory(path: string, what: string): ClavigerError {
  return new ClavigerError('invalid', `The workspace ${path} ${what}.`, {
    hint: 'Start the run where the directory is, or name a git URL: --workspace URL',
  })
}
