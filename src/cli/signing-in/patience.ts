// A server that says "too often" also says when to come back: that is waited for, and said.

import { setTimeout as sleep } from 'node:timers/promises'
import { ClavigerError } from '../../domain/errors.ts'

const TRIES = 3
const LONGEST_SECONDS = 60

/** Calls again after the time the server named, a few times. Nothing was done by a call that was refused so. */
export async function patiently<T>(
  note: (line: string) => void,
  call: () => Promise<T>,
  tries = TRIES,
): Promise<T> {
  try {
    return await call()
  } catch (thrown) {
    if (!(thrown instanceof ClavigerError) || thrown.code !== 'rate_limited' || tries <= 1) throw thrown
    const seconds = thrown.retryAfter ?? LONGEST_SECONDS
    if (seconds > LONGEST_SECONDS) throw thrown
    note(`${thrown.message} Waiting for ${seconds} s.`)
    await sleep(seconds * 1000)
    return patiently(note, call, tries - 1)
  }
}
