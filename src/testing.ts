// What others can test with: the sandbox of fake providers, and the suites every implementation of a port must pass.
// The suites import vitest; the sandbox needs nothing.

export { describePlugin, type PluginSubject } from './providers/plugin/plugin.conformance.ts'
export { describeProvider } from './providers/provider.conformance.ts'
export type { SandboxUrls } from './sandbox/control.ts'
export type { CredentialState as SandboxCredentialState, SandboxCredential } from './sandbox/credentials.ts'
export type { PresentedCredential, SandboxRequest } from './sandbox/journal.ts'
export type { FaultScope, TokenFault } from './sandbox/oauth/faults.ts'
export type { Account as SandboxAccount, GrantSettings, LoginView } from './sandbox/oauth/grants.ts'
export type { MadeLogin, OAuthServer, WantedLogin } from './sandbox/oauth/oauth.ts'
export type { OAuthNote, OAuthTotals } from './sandbox/oauth/state.ts'
export type { ReplyBlock, ReplyScript } from './sandbox/reply.ts'
export { type Sandbox, type SandboxMount, type SandboxOptions, startSandbox } from './sandbox/sandbox.ts'
export { describeStore } from './store/conformance/store.conformance.ts'
export { createMemoryStore } from './store/memory.ts'
