// What the API tells of channels.

import type { Output } from '../../../../../src/api/schemas.ts'

type Listed = Output<'channels.list'>
export type Channel = Listed['channels'][number]
export type ChannelKind = Listed['kinds'][number]
export type ChannelField = ChannelKind['fields'][number]
export type ChannelDetail = Output<'channels.get'>

/** By name, as they are typed. */
export type Values = Readonly<Record<string, string>>

export function secretOf(fields: readonly ChannelField[]): readonly ChannelField[] {
  return fields.filter(({ secret }) => secret)
}

export function openOf(fields: readonly ChannelField[]): readonly ChannelField[] {
  return fields.filter(({ secret }) => !secret)
}

/** Of these fields, those that say something. */
export function given(fields: readonly ChannelField[], values: Values): Record<string, string> {
  return Object.fromEntries(
    fields.flatMap(({ name }) => {
      const value = (values[name] ?? '').trim()
      return value === '' ? [] : [[name, value]]
    }),
  )
}

/** Who it is over there. */
export function accountWords({ account, accountName }: Pick<Channel, 'account' | 'accountName'>): string {
  if (account === null) return 'its account is not known yet'
  const name = accountName || account.replace('app:', '')
  return account.startsWith('app:') ? `App ${name}` : `account ${name}`
}
