// One line of the doctor's answer.

import { asClavigerError, ClavigerError, type ErrorCode } from '../../domain/errors.ts'
import { errorCode } from '../../lib/atomic-file.ts'
import { EXIT, EXIT_CODE_OF } from '../exit-codes.ts'

/** Why a run on this machine would not get a credential. The first words of the finding say the same. */
export type Problem = 'not_reachable' | 'wrong_server' | 'not_allowed' | 'not_stored' | 'not_usable'

export interface Finding {
  readonly level: 'ok' | 'warn' | 'fail'
  readonly what: string
  readonly said: string
  readonly problem?: Problem
  /** Of the error that it comes of. */
  readonly code?: ErrorCode
  /** What to type. */
  readonly hint?: string
}

export function ok(what: string, said: string): Finding {
  return { level: 'ok', what, said }
}

// As the command that fails of it would end.
const EXIT_OF: Readonly<Record<Problem, number>> = {
  not_reachable: EXIT.failed,
  wrong_server: EXIT.failed,
  not_allowed: EXIT.notAllowed,
  not_stored: EXIT.noCredential,
  not_usable: EXIT.needsLogin,
}

/** Of all that was found the first that is broken. */
export function exitOf(findings: readonly Finding[]): number {
  const broken = findings.find(({ level }) => level === 'fail')
  if (broken === undefined) return EXIT.ok
  if (broken.code !== undefined) return EXIT_CODE_OF[broken.code]
  return broken.problem === undefined ? EXIT.failed : EXIT_OF[broken.problem]
}

/** What was thrown, as a finding. */
export function failed(what: string, thrown: unknown): Finding {
  const { message, hint } = sentenceOf(thrown)
  return { level: 'fail', what, said: message, ...(hint !== undefined && { hint }) }
}

/** A problem named in the first words. */
export function problem(kind: Problem, what: string, said: string, hint?: string): Finding {
  const text = `${kind.replace('_', ' ')}: ${said}`
  return { level: 'fail', what, said: text, problem: kind, ...(hint !== undefined && { hint }) }
}

export function inWords({ level, what, said, hint }: Finding): string[] {
  const first = `${level.padEnd(4)}  ${what}: ${said}`
  return hint === undefined ? [first] : [first, `      ${hint}`]
}

// A system error says itself what it could not do; anything else unexpected is not repeated.
function sentenceOf(thrown: unknown): { message: string; hint?: string | undefined } {
  if (thrown instanceof ClavigerError || errorCode(thrown) === '') return asClavigerError(thrown)
  return { message: (thrown as Error).message }
}
