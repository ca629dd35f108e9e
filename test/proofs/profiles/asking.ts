// A process that wants a login until there is an answer that will stay.

import { setTimeout as sleep } from 'node:timers/promises'
import type { LocalAnswer } from '../../support/local-driver.ts'
import { inTime } from '../waiting.ts'
import type { LocalProcess } from './ground.ts'

export interface Served extends LocalAnswer {
  /** Its owner must sign in again. */
  readonly needsLogin: boolean
}

/** Asks again and again, for as long as `patience` milliseconds; the result is what was said last. */
export async function servedBy(one: LocalProcess, patience: number): Promise<Served> {
  const started = performance.now()
  await inTime(one.ready, 'a process that is ready')
  for (;;) {
    const [answer = { access: '', error: 'no answer' }] = await one.ask()
    const served = { ...answer, needsLogin: answer.error.includes('must sign in again') }
    if (isDone(served) || performance.now() - started > patience) return served
    await sleep(50)
  }
}

/** Whether this is an answer that will stay. */
export function isDone({ access, needsLogin }: Served): boolean {
  return access !== '' || needsLogin
}
