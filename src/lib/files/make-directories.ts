// Node's own `mkdir` with `recursive` never returns where the system makes no directories, as below /proc: it takes ENOENT
// for a parent that is lacking, over and over.

import { mkdirSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { errorCode } from '../atomic-file.ts'

/** Makes this directory and those above it, 0700, where there are none. Throws the system's error. */
export function makeDirectories(path: string): void {
  if (isDirectory(path)) return
  const parent = dirname(path)
  if (parent !== path) makeDirectories(parent)
  try {
    mkdirSync(path, { mode: 0o700 })
  } catch (error) {
    // Another process was faster.
    if (errorCode(error) !== 'EEXIST' || !isDirectory(path)) throw error
  }
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true
}
