// What the faults of one token call do: pauses, answers that come instead of the right one, and lies in it.

import { setTimeout as sleep } from 'node:timers/promises'
import { type Answer, jsonAnswer, lostAnswer } from '../http.ts'
import type { FaultPoint, Gate, TokenFault } from './faults.ts'
import type { Account, RefreshOptions, Tokens } from './grants.ts'

/** Waits as the faults say at this point; false when the call was dropped meanwhile. */
export async function pause(faults: readonly TokenFault[], point: FaultPoint, gate: Gate): Promise<boolean> {
  for (const fault of faults) {
    if (pointOf(fault) !== point) continue
    if (fault.kind === 'delay') await sleep(fault.ms, undefined, { ref: false })
    if (fault.kind === 'hang' && !(await gate.pass())) return false
  }
  return true
}

/** The answer that comes instead of the right one at this point, if any. */
export function disturbance(faults: readonly TokenFault[], point: FaultPoint): Answer | undefined {
  for (const fault of faults) {
    const answer = pointOf(fault) === point ? instead(fault) : undefined
    if (answer !== undefined) return answer
  }
  return undefined
}

/** What the faults change in how a refresh is carried out. */
export function refreshOptions(faults: readonly TokenFault[], own: Account | undefined): RefreshOptions {
  const kinds = faults.map(({ kind }) => kind)
  const keep = kinds.includes('no-refresh-token') || kinds.includes('unchanged-refresh-token')
  const account = own === undefined ? undefined : otherAccount(faults, own)
  return { keep, account }
}

/** The account the tokens are to speak of, when the faults say another than `own`. */
export function otherAccount(faults: readonly TokenFault[], own: Account): Account | undefined {
  const fault = faults.find((one) => one.kind === 'other-account')
  if (fault === undefined) return undefined
  return { ...own, id: 'acct-other', email: 'other@sandbox.invalid', ...fault.account }
}

/** The lifetime and refresh token an answer states, lies included. */
export function stated(faults: readonly TokenFault[], tokens: Tokens) {
  const lifetime = faults.find((one) => one.kind === 'expires-in')
  const expiresIn =
    lifetime === undefined ? Math.round((tokens.expiresAt - tokens.issuedAt) / 1000) : lifetime.value
  const refreshToken = faults.some((one) => one.kind === 'no-refresh-token') ? undefined : tokens.refreshToken
  return {
    ...(refreshToken === undefined ? {} : { refresh_token: refreshToken }),
    ...(expiresIn === undefined ? {} : { expires_in: expiresIn }),
  }
}

/** The answer as slow as the faults say. */
export function paced(faults: readonly TokenFault[], answer: Answer): Answer {
  const drip = faults.find((one) => one.kind === 'drip')
  if (drip === undefined) return answer
  const whole = Buffer.concat(answer.chunks.map((chunk) => Buffer.from(chunk)))
  const step = drip.bytes ?? 1
  const count = Math.ceil(whole.length / step)
  const chunks = Array.from({ length: count }, (_, at) => whole.subarray(at * step, (at + 1) * step))
  return { ...answer, chunks, everyMs: drip.everyMs }
}

function pointOf(fault: TokenFault): FaultPoint {
  return ('at' in fault ? fault.at : undefined) ?? 'before-commit'
}

function instead(fault: TokenFault): Answer | undefined {
  switch (fault.kind) {
    case 'status': {
      const code = fault.code ?? (fault.status === 429 ? 'rate_limit_exceeded' : 'server_error')
      const headers: Record<string, string> = {}
      if (fault.retryAfter !== undefined) headers['retry-after'] = fault.retryAfter
      return jsonAnswer(fault.status, { error: { message: 'As told (sandbox).', code } }, headers)
    }
    case 'html':
      return {
        status: 200,
        headers: { 'content-type': 'text/html; charset=utf-8' },
        chunks: ['<!doctype html><title>Just a moment…</title><h1>Checking your browser</h1>'],
      }
    case 'redirect':
      return { status: 307, headers: { location: fault.to }, chunks: [] }
    case 'huge':
      return hugeAnswer(fault.bytes)
    case 'lost':
      return lostAnswer
    default:
      return undefined
  }
}

const FILLING = Buffer.alloc(64 * 1024, 'x')

function hugeAnswer(bytes: number): Answer {
  const start = '{"access_token":"'
  const end = '"}'
  const filling = Math.max(0, bytes - start.length - end.length)
  const pieces = Array.from({ length: Math.ceil(filling / FILLING.length) }, (_, at) =>
    FILLING.subarray(0, Math.min(FILLING.length, filling - at * FILLING.length)),
  )
  return {
    status: 200,
    headers: { 'content-type': 'application/json' },
    chunks: [start, ...pieces, end],
  }
}
