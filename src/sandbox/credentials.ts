// The table of credentials the sandbox accepts, and how it has been told to treat each of them.
// It does not know how a credential travels (see the provider files) or what a refusal looks like.

/** A credential a fake provider accepts. Anything that was not accepted is refused. */
export type SandboxCredential =
  | AnthropicCredential
  | OpenAiCredential
  | BedrockBearerCredential
  | BedrockAccessKeyCredential

/**
 * `api-key` travels as `x-api-key`; `oauth` as a bearer token together with the OAuth beta header, as
 * subscription tokens do; `bearer` as a bearer token and nothing else, as for a gateway.
 */
export type AnthropicCredential = {
  readonly provider: 'anthropic'
  readonly kind: 'api-key' | 'oauth' | 'bearer'
  readonly value: string
}

/** `api-key` is good for the platform API only, `access-token` (`at-…`) for the ChatGPT API only. */
export type OpenAiCredential = {
  readonly provider: 'openai'
  readonly kind: 'api-key' | 'access-token'
  readonly value: string
  /** The ChatGPT account an access token belongs to; `acct-sandbox` when left out. */
  readonly accountId?: string
}

export type BedrockBearerCredential = {
  readonly provider: 'bedrock'
  readonly kind: 'bearer'
  readonly value: string
}

/** With a session token, requests must carry exactly that one; with a region, be signed for that one. */
export type BedrockAccessKeyCredential = {
  readonly provider: 'bedrock'
  readonly kind: 'access-key'
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string
  readonly region?: string
}

export type ProviderName = SandboxCredential['provider']

export const credentialStates = [
  'ok',
  'revoked',
  'expired',
  'no-credit',
  'rate-limited',
  'used-up',
  'overloaded',
  'forbidden',
] as const

/**
 * How a credential is treated. `no-credit`, `rate-limited`, `used-up` (what its plan allows, for {@link USED_UP_FOR_MS}
 * from each refusal) and `overloaded` refuse model calls only.
 */
export type CredentialState = (typeof credentialStates)[number]

export type AcceptedCredential = {
  readonly credential: SandboxCredential
  readonly state: CredentialState
}

export type CredentialTable = {
  /** Accepts a credential from now on, in state `ok`; accepting it again forgets what it was taught. */
  accept(credential: SandboxCredential): void
  /**
   * Sets the state of a credential, or of every accepted one with this value or access key id; with
   * `times`, only until it has refused that many requests; with `after`, once that many more have passed which it
   * would have refused. Throws when nothing of the kind was accepted.
   */
  teach(credential: SandboxCredential | string, state: CredentialState, times?: number, after?: number): void
  /** The accepted credentials for which `matches` holds. */
  find<K extends SandboxCredential>(matches: (credential: SandboxCredential) => credential is K): readonly K[]
  /** The state that applies to one request now; a limited state is used up by one. */
  use(credential: SandboxCredential, isModelCall: boolean): CredentialState
  list(): readonly AcceptedCredential[]
}

/** When what a plan allows is there again, from the refusal that says so. */
export const USED_UP_FOR_MS = 60 * 60 * 1000

type Entry = {
  readonly credential: SandboxCredential
  state: CredentialState
  /** What comes after `passes` requests, for `left` of them. */
  limited: { state: CredentialState; passes: number; left: number } | undefined
}

const modelCallStates: ReadonlySet<CredentialState> = new Set([
  'no-credit',
  'rate-limited',
  'used-up',
  'overloaded',
])

/** An empty table that accepts `initial`. */
export function credentialTable(initial: readonly SandboxCredential[]): CredentialTable {
  const entries = new Map<string, Entry>() // identity → entry

  function accept(credential: SandboxCredential): void {
    entries.set(identity(credential), { credential, state: 'ok', limited: undefined })
  }

  function teach(
    credential: SandboxCredential | string,
    state: CredentialState,
    times?: number,
    after = 0,
  ): void {
    const taught = [...entries.values()].filter((entry) => names(credential, entry.credential))
    if (taught.length === 0) throw new Error('The sandbox was not told to accept this credential.')
    if (times !== undefined && !(Number.isInteger(times) && times > 0)) {
      throw new RangeError('times must be a whole number above 0.')
    }
    if (!(Number.isInteger(after) && after >= 0)) {
      throw new RangeError('after must be a whole number, 0 or more.')
    }
    const isForGood = times === undefined && after === 0
    for (const entry of taught) {
      entry.limited = isForGood
        ? undefined
        : { state, passes: after, left: times ?? Number.POSITIVE_INFINITY }
      if (isForGood) entry.state = state
    }
  }

  function use(credential: SandboxCredential, isModelCall: boolean): CredentialState {
    const entry = entries.get(identity(credential))
    if (entry === undefined) return 'revoked'
    const applies = (state: CredentialState) => isModelCall || !modelCallStates.has(state)
    if (entry.limited !== undefined && applies(entry.limited.state)) {
      const { state, passes, left } = entry.limited
      if (passes > 0) {
        entry.limited = { state, passes: passes - 1, left }
        return entry.state
      }
      entry.limited = left > 1 ? { state, passes, left: left - 1 } : undefined
      return state
    }
    return applies(entry.state) ? entry.state : 'ok'
  }

  for (const credential of initial) accept(credential)
  return {
    accept,
    teach,
    find: (matches) => [...entries.values()].map((entry) => entry.credential).filter(matches),
    use,
    list: () =>
      [...entries.values()].map(({ credential, state, limited }) => ({
        credential,
        state: limited?.passes === 0 ? limited.state : state,
      })),
  }
}

/** Every secret of a credential that may travel in a request (a secret access key never does). */
export function travellingSecrets(credential: SandboxCredential): readonly string[] {
  if (credential.kind !== 'access-key') return [credential.value]
  return credential.sessionToken === undefined ? [] : [credential.sessionToken]
}

/** What a person calls the credential: its value, or the access key id of a pair. */
export function credentialHandle(credential: SandboxCredential): string {
  return credential.kind === 'access-key' ? credential.accessKeyId : credential.value
}

function names(wanted: SandboxCredential | string, credential: SandboxCredential): boolean {
  if (typeof wanted === 'string') return credentialHandle(credential) === wanted
  return identity(wanted) === identity(credential)
}

// An access key id may be accepted with several session tokens at once, as when one is rotated.
function identity(credential: SandboxCredential): string {
  const session = credential.kind === 'access-key' ? (credential.sessionToken ?? null) : null
  return JSON.stringify([credential.provider, credential.kind, credentialHandle(credential), session])
}
