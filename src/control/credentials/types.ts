// The types of credentials as whoever enters one sees them.

import type { Output } from '../../api/schemas.ts'
import {
  CREDENTIAL_TYPE_NAMES,
  CREDENTIAL_TYPES,
  type CredentialType,
  enteredFields,
  type FieldDefinition,
} from '../../domain/credential-types.ts'
import type { Control } from '../use-case.ts'
import type { Workshop } from '../workshop.ts'

type TypeView = Output<'credentialTypes.list'>['types'][number]

export function createTypeUseCases(workshop: Workshop): Pick<Control, 'credentialTypes.list'> {
  return {
    'credentialTypes.list': async () => ({
      types: CREDENTIAL_TYPE_NAMES.map((type) => typeView(workshop, type)),
    }),
  }
}

function typeView({ probing, signInOf }: Workshop, type: CredentialType): TypeView {
  const { harness, kind, title, entry, subscription, whereToGet, rights, bills } = CREDENTIAL_TYPES[type]
  return {
    ...{ type, harness: harness ?? 'raw', kind, title, entry, subscription, whereToGet, rights, bills },
    testable: entry === 'typed' && probing.isAble(type),
    methods: entry === 'typed' ? [] : [...(signInOf(type)?.methods ?? [])],
    fields: entry === 'typed' ? enteredFields(type).map(fieldView) : [],
  }
}

function fieldView(field: FieldDefinition): TypeView['fields'][number] {
  const { name, label, secret, required, multiline = false, example, pattern, expectation } = field
  return {
    ...{ name, label, secret, required, multiline, example, expectation },
    ...{ pattern: pattern.source, flags: pattern.flags },
    mistakenFor: { ...field.mistakenFor } as Record<string, CredentialType>,
  }
}
