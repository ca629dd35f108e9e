// What stands in the auth.json of a ChatGPT sign-in, as Codex itself would write it; whoever hands one out fills it in.
// Every key that the program may look for is there; a missing one makes it send requests without a credential.

/** The client that the codex program is registered as: what it signs in as, and sends along when it renews. */
export const CODEX_CLIENT = 'app_EMoamEEZ73f0CkXaXp7hrann'

/** `Text`: a text, or a secret that becomes one later. */
export interface CodexLogin<Text> {
  readonly id: Text
  readonly access: Text
  /** What stands in the place of the refresh token. */
  readonly refresh: Text
  readonly accountId: Text
  /** Where it renews; newer versions go by this alone. */
  readonly issuer: string
  /** When the tokens were handed out, in milliseconds since 1970. */
  readonly at: number
}

export interface CodexLoginFile<Text> {
  readonly auth_mode: 'chatgpt'
  readonly OPENAI_API_KEY: null
  readonly tokens: {
    readonly id_token: Text
    readonly access_token: Text
    readonly refresh_token: Text
    readonly account_id: Text
    readonly oauth_provenance: { readonly issuer: string; readonly client_id: string }
  }
  readonly last_refresh: string
}

export function codexLoginFile<Text>(login: CodexLogin<Text>): CodexLoginFile<Text> {
  const { id, access, refresh, accountId, issuer, at } = login
  return {
    auth_mode: 'chatgpt',
    OPENAI_API_KEY: null,
    tokens: {
      ...{ id_token: id, access_token: access, refresh_token: refresh, account_id: accountId },
      oauth_provenance: { issuer, client_id: CODEX_CLIENT },
    },
    last_refresh: new Date(at).toISOString(),
  }
}

/** Where Codex finds our endpoint: its issuer. */
export function codexIssuer(server: string): string {
  return `${server.replace(/\/+$/, '')}/codex`
}
