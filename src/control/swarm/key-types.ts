// What Agent Swarm calls the types of credentials: by the variable that carries them there.

import type { ServingCredential } from '../../domain/runs/serving-credential.ts'

const KEY_TYPES: Readonly<Record<string, string>> = {
  'claude/oauth': 'CLAUDE_CODE_OAUTH_TOKEN',
  'claude/setup-token': 'CLAUDE_CODE_OAUTH_TOKEN',
  'claude/api-key': 'ANTHROPIC_API_KEY',
  'claude/bedrock-api-key': 'AWS_BEARER_TOKEN_BEDROCK',
  'claude/bedrock-access-key': 'AWS_ACCESS_KEY_ID',
  'codex/oauth': 'CODEX_OAUTH',
  'codex/access-token': 'CODEX_ACCESS_TOKEN',
  'codex/api-key': 'OPENAI_API_KEY',
}

/** Null: it is the login of the machine, or nothing yet. */
export function keyTypeOf(credential: Pick<ServingCredential, 'type'> | null): string | null {
  return credential === null ? null : (KEY_TYPES[credential.type] ?? credential.type)
}
