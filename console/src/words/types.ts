// The types of credentials as the server describes them: what people call them, and what they should know.

import type { Output } from '../../../src/api/schemas.ts'
import { useRead } from '../api/queries.ts'

export type TypeInfo = Output<'credentialTypes.list'>['types'][number]
export type FieldInfo = TypeInfo['fields'][number]

/** Empty until they are known. */
export function useTypes(): readonly TypeInfo[] {
  return useRead('credentialTypes.list', {}).data?.types ?? []
}

/** Whether a credential of this type comes of signing in. */
export function useIsLogin(): (type: string) => boolean {
  const types = useTypes()
  return (type) => types.find((one) => one.type === type)?.entry === 'sign-in'
}

/** From a type as the API writes it to what people call it. */
export function useTypeWords(): (type: string) => string {
  const types = useTypes()
  return (type) => types.find((one) => one.type === type)?.title ?? type
}
