// Checks of texts that are settings. What is wrong with one is said by its name, with what it means.

import { isPrivateWay } from '../delivery.ts'
import { ClavigerError } from '../errors.ts'

export interface SettingDefinition {
  /** On the command line, where it can be given there. */
  readonly flag?: string
  readonly variable: string
  /** Other variables read when the first is not set. */
  readonly aliases?: readonly string[]
  /** As text for people; the code computes it. */
  readonly standard: string
  readonly meaning: string
}

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const

export function databaseUrl(setting: SettingDefinition, text: string): string {
  if (/^(sqlite:|postgres(ql)?:\/\/).+/.test(text)) return text
  throw wrong(setting, 'is neither sqlite:PATH nor postgres://USER:PASSWORD@HOST/DATABASE')
}

export function httpUrl(setting: SettingDefinition, text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null
  if (url === null || !/^https?:$/.test(url.protocol) || url.username !== '' || url.password !== '') {
    throw wrong(setting, 'is not an http or https URL without a user in it')
  }
  // One spelling of an address: it is compared, and what is kept for it is found by it.
  return text.replace(/(?<!\/)\/+$/, '').replace(/^[^/]+\/\/[^/?#]+/, (origin) => origin.toLowerCase())
}

// Refresh tokens go there: never over the network in the clear.
export function issuerUrl(setting: SettingDefinition, text: string): string {
  const url = httpUrl(setting, text)
  if (isPrivateWay(url)) return url
  throw wrong(setting, 'is plain http to another machine: use https')
}

// Something is put behind it.
export function baseUrl(setting: SettingDefinition, text: string): string {
  const url = httpUrl(setting, text)
  if (!/[?#]/.test(url)) return url
  throw wrong(setting, 'may not have a query or a fragment')
}

export function wholeNumber(setting: SettingDefinition, text: string, least: number, most: number): number {
  const value = Number(text)
  if (/^\d+$/.test(text) && value >= least && value <= most) return value
  throw wrong(setting, `is not a whole number from ${least} to ${most}`)
}

export function oneOf<T extends string>(setting: SettingDefinition, text: string, allowed: readonly T[]): T {
  const found = allowed.find((one) => one === text)
  if (found !== undefined) return found
  throw wrong(setting, `is not one of ${allowed.join(', ')}`)
}

export function wrong(setting: SettingDefinition, what: string): ClavigerError {
  const { variable, meaning, flag } = setting
  const label = flag === undefined ? variable : `${flag.split(' ')[0]} (${variable})`
  return new ClavigerError('invalid', `${label} ${what}.`, { hint: meaning })
}
