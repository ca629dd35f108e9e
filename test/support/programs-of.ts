// For tests that kill programs: which ones a worker has started, from /proc.

import { readdirSync, readFileSync } from 'node:fs'

/** The conversations that a worker has with programs just now; what it only asks them is none. */
export function programsOf(pid: number): number[] {
  const ids = readdirSync('/proc').filter((name) => /^\d+$/.test(name))
  return ids.map(Number).filter((id) => parentOf(id) === pid && isConversation(id))
}

function isConversation(pid: number): boolean {
  const words = textOf(`/proc/${pid}/cmdline`).split('\0')
  return words.includes('stream-json') || (words.includes('exec') && words.includes('--json'))
}

function parentOf(pid: number): number | null {
  const [, rest = ''] = textOf(`/proc/${pid}/stat`).split(/\) (?=[A-Z] )/)
  const [state, parent] = rest.split(' ')
  return state === 'Z' || parent === undefined ? null : Number(parent)
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    // It has ended meanwhile.
    return ''
  }
}
