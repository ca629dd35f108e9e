// Reads what the claude program keeps in `.credentials.json` and `.claude.json`. Pure, and strict about
// what a login needs: a file without it is refused rather than half understood.

import { z } from 'zod'
import { Secret } from '../../domain/secret.ts'
import type { LoginReading, ProgramLogin } from '../login-program.ts'

const MAX_FILE_CHARACTERS = 256 * 1024
const MAX_TOKEN_CHARACTERS = 8 * 1024

// 2001 and 2100, in milliseconds: a number of seconds, or nonsense, is outside.
const EARLIEST_MS = 1_000_000_000_000
const LATEST_MS = 4_102_444_800_000

// The program ignores a login without it.
const NEEDED_SCOPE = 'user:inference'

const token = z
  .string()
  .max(MAX_TOKEN_CHARACTERS)
  .regex(/^[\x21-\x7e]+$/)
const moment = z.int().min(EARLIEST_MS).max(LATEST_MS)
const word = z
  .string()
  .max(100)
  .regex(/^[\x20-\x7e]+$/)
const uuid = z.string().regex(/^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i)

const loginShape = z.object({
  accessToken: token,
  refreshToken: token,
  expiresAt: moment,
  refreshTokenExpiresAt: moment.nullish().catch(null),
  scopes: z
    .array(
      z
        .string()
        .max(100)
        .regex(/^[\w:./-]+$/),
    )
    .max(50)
    .refine((all) => all.includes(NEEDED_SCOPE)),
  // What is said of the account besides: an odd word there must not cost the tokens, which are spent by then.
  subscriptionType: word.nullish().catch(null),
  rateLimitTier: word.nullish().catch(null),
  accountUuid: uuid.nullish().catch(null),
  organizationUuid: uuid.nullish().catch(null),
})

const stateShape = z.object({ oauthAccount: z.object({ emailAddress: z.email().max(254) }) })

/**
 * The login in the text of a `.credentials.json`. Other keys, such as the grants of MCP servers, are passed over. When
 * it cannot be read, `message` names the key at fault and never a value.
 */
export function readLoginFile(file: Secret): LoginReading {
  const text = file.expose()
  if (text.length > MAX_FILE_CHARACTERS) return malformed('The file is too large to be a login of claude.')
  const whole = parsed(text)
  if (!isRecord(whole)) return malformed('The file is not a JSON object.')
  const kept = whole['claudeAiOauth']
  if (kept === undefined || isBlank(kept)) return blank()
  const checked = loginShape.safeParse(kept)
  if (checked.success) return { login: loginOf(checked.data) }
  const key = String(checked.error.issues[0]?.path[0] ?? '')
  return malformed(
    key === ''
      ? 'claudeAiOauth of the file is not an object.'
      : `claudeAiOauth.${key} of the file is missing or is not what claude writes there.`,
  )
}

/** Whether the text is a login file with tokens in it, however odd the rest: what the program has minted is kept. */
export function holdsTokens(text: string): boolean {
  const whole = parsed(text)
  const kept = isRecord(whole) ? whole['claudeAiOauth'] : undefined
  if (!isRecord(kept)) return false
  const { accessToken } = kept
  return typeof accessToken === 'string' && accessToken !== ''
}

/** The e-mail address of the account in the text of a `.claude.json`; null when it does not say. */
export function readEmail(state: string): string | null {
  const checked = stateShape.safeParse(parsed(state))
  return checked.success ? checked.data.oauthAccount.emailAddress : null
}

function loginOf(kept: z.infer<typeof loginShape>): ProgramLogin {
  return {
    access: new Secret(kept.accessToken),
    refresh: new Secret(kept.refreshToken),
    expiresAt: kept.expiresAt,
    refreshExpiresAt: kept.refreshTokenExpiresAt ?? null,
    scopes: kept.scopes,
    accountId: kept.accountUuid ?? null,
    organizationId: kept.organizationUuid ?? null,
    subscriptionType: kept.subscriptionType ?? null,
    rateLimitTier: kept.rateLimitTier ?? null,
  }
}

// After a refused renewal the program empties both tokens and sets expiresAt to 0.
function isBlank(kept: unknown): boolean {
  return isRecord(kept) && kept['accessToken'] === '' && kept['refreshToken'] === ''
}

function blank(): LoginReading {
  return { login: null, fault: 'blank', message: 'The file holds no login: claude is not signed in there.' }
}

function malformed(message: string): LoginReading {
  return { login: null, fault: 'malformed', message }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // Not JSON: no object either, which is what the callers ask.
    return undefined
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
