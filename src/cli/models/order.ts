// `models auth order get|set|clear`: which profile of a provider is tried first.

import type { Context } from '../context.ts'
import { get as getOrder, set as setOrder } from '../credential/order.ts'
import { over } from './login.ts'
import { type ProviderId, wordsOf } from './providers.ts'

export interface OrderOptions {
  readonly provider: ProviderId
  readonly agent?: string
}

export function get(context: Context, options: OrderOptions): Promise<number> {
  return getOrder(over(context, options), { harness: wordsOf(options.provider).harness })
}

export function set(context: Context, options: OrderOptions, profiles: readonly string[]): Promise<number> {
  return setOrder(over(context, options), { harness: wordsOf(options.provider).harness }, profiles)
}

export function clear(context: Context, options: OrderOptions): Promise<number> {
  return setOrder(over(context, options), { harness: wordsOf(options.provider).harness, clear: true }, [])
}
