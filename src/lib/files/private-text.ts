// A text that only the owner of its file can read, as secrets are handed to programs in files.

import { readFileSync, statSync } from 'node:fs'

export type PrivateText =
  | { readonly text: string }
  | { readonly fault: 'cannot be read' | 'can be read by others' }

/** Without blanks around it; or what is wrong with the file. Links are followed. */
export function readPrivateText(path: string): PrivateText {
  try {
    if ((statSync(path).mode & 0o077) !== 0) return { fault: 'can be read by others' }
    return { text: readFileSync(path, 'utf8').trim() }
  } catch {
    return { fault: 'cannot be read' }
  }
}
