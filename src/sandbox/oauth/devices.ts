// Device sign-ins under way: a code the device polls with, and a short one that a person types elsewhere and
// agrees or declines to. Serves RFC 8628 and OpenAI's own dialect alike.

import { randomInt } from 'node:crypto'
import type { Account } from './grants.ts'
import { unguessable } from './tokens.ts'

const DEVICE_MS = 15 * 60_000
const SLOW_DOWN_SECONDS = 5 // what RFC 8628 adds after every slow_down
const letters = 'BCDFGHJKLMNPQRSTVWXZ' // no vowels, as the RFC advises: no words

export type DeviceDecision = 'approve' | 'deny'

/** The state of a device sign-in as its next poll finds it. */
export type DevicePoll =
  | { readonly approved: Device; readonly account: Account }
  | { readonly error: 'authorization_pending' | 'slow_down' | 'expired_token' | 'access_denied' | 'unknown' }

export type Device = {
  readonly deviceCode: string
  readonly userCode: string
  readonly clientId: string
  readonly scope: string
}

export type Devices = {
  begin(wanted: { clientId: string; scope: string; intervalSeconds: number }): Device & {
    readonly expiresInSeconds: number
  }
  /**
   * Asks once. An approval is given out once; a poll before the interval is over is `slow_down` and makes the
   * interval longer, unless `patient` is false. With `userCode`, only the device that has it.
   */
  poll(deviceCode: string, how?: { patient?: boolean; userCode?: string }): DevicePoll
  /** What the person says. False when there is no such code, or it is decided or too old. */
  decide(userCode: string, decision: DeviceDecision, account: Account): boolean
  /** The user codes nobody has decided on. */
  waiting(): readonly string[]
}

type Entry = {
  readonly device: Device
  readonly expiresAt: number
  intervalMs: number
  /** When it may be polled next. */
  dueAt: number
  state: 'waiting' | 'approved' | 'denied' | 'used'
  account: Account | undefined
}

export function createDevices(now: () => number): Devices {
  const entries = new Map<string, Entry>()
  const isWaiting = (entry: Entry) => entry.state === 'waiting' && now() < entry.expiresAt

  return {
    begin({ clientId, scope, intervalSeconds }) {
      const device = { deviceCode: `dc_sandbox_${unguessable()}`, userCode: newUserCode(), clientId, scope }
      entries.set(device.deviceCode, {
        device,
        expiresAt: now() + DEVICE_MS,
        intervalMs: intervalSeconds * 1000,
        dueAt: now(),
        state: 'waiting',
        account: undefined,
      })
      return { ...device, expiresInSeconds: DEVICE_MS / 1000 }
    },
    poll(deviceCode, { patient = true, userCode } = {}) {
      const entry = entries.get(deviceCode)
      if (entry === undefined || entry.state === 'used') return { error: 'unknown' }
      if (userCode !== undefined && userCode !== entry.device.userCode) return { error: 'unknown' }
      if (now() >= entry.expiresAt) return { error: 'expired_token' }
      const isEarly = patient && now() < entry.dueAt
      if (isEarly) entry.intervalMs += SLOW_DOWN_SECONDS * 1000
      entry.dueAt = now() + entry.intervalMs
      if (isEarly) return { error: 'slow_down' }
      if (entry.state === 'denied') return { error: 'access_denied' }
      if (entry.account === undefined) return { error: 'authorization_pending' }
      entry.state = 'used'
      return { approved: entry.device, account: entry.account }
    },
    decide(userCode, decision, account) {
      const typed = userCode.trim().toUpperCase()
      const entry = [...entries.values()].find((one) => one.device.userCode === typed && isWaiting(one))
      if (entry === undefined) return false
      entry.state = decision === 'approve' ? 'approved' : 'denied'
      if (decision === 'approve') entry.account = account
      return true
    },
    waiting: () => [...entries.values()].filter(isWaiting).map(({ device }) => device.userCode),
  }
}

function newUserCode(): string {
  const four = () => Array.from({ length: 4 }, () => letters[randomInt(letters.length)]).join('')
  return `${four()}-${four()}`
}
