// The types that authors of providers and harnesses program against.

export type { Caller } from './domain/caller.ts'
export type {
  CredentialType,
  CredentialTypeDefinition,
  FieldDefinition,
  ProviderName,
} from './domain/credential-types.ts'
export type { DeliveredFile, Delivery, DeliveryMode } from './domain/delivery.ts'
export { ClavigerError, type ErrorCode } from './domain/errors.ts'
export type { HarnessName } from './domain/harness-names.ts'
export { Secret } from './domain/secret.ts'
export type { CredentialState } from './domain/state.ts'
export type { FieldValues } from './domain/values.ts'
export type { DeliveryInput, Harness } from './harnesses/harness.ts'
export type {
  Description as PluginDescription,
  ErrorName as PluginError,
  Method as PluginMethod,
  PluginCredential,
  PluginStep,
} from './providers/plugin/protocol.ts'
export type { Probe, ProbeResult, Provider } from './providers/provider.ts'
export type { Store, StoreGroups } from './store/store.ts'
