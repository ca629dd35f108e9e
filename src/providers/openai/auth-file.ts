// The login in a file of the codex program, `$CODEX_HOME/auth.json`: which of its kinds of credential it holds, and the
// tokens or key of it. Pure, and strict: what is not quite right is refused.

import { ClavigerError } from '../../domain/errors.ts'
import type { Secret } from '../../domain/secret.ts'
import { checkFields } from '../../domain/values.ts'
import { isObject, type JsonObject, parseObject, textOf } from '../../lib/json/ask-json.ts'
import { claimsOf, openAiTokens } from '../openai-tokens.ts'
import type { ForeignLogin } from '../provider.ts'

/** See SignIn.read. */
export function readCodexFile(file: Secret, at: number): ForeignLogin {
  const json = parseObject(file.expose())
  if (json === undefined) throw unfit('The file is not a JSON object.')
  switch (modeOf(json)) {
    case 'chatgpt':
      return login(json, at)
    case 'apikey':
      return fields('codex/api-key', { key: textOf(json['OPENAI_API_KEY']) })
    case 'personalAccessToken':
      return fields('codex/access-token', { token: textOf(json['personal_access_token']) })
    case 'chatgptAuthTokens':
      throw unfit('The file holds tokens that another program renews, and nothing to renew them with.')
    case 'none':
      throw unfit('The file holds no login: codex is not signed in there.')
    default:
      throw unfit('The file holds a credential of a kind that cannot be imported.')
  }
}

// As the program itself decides.
function modeOf(json: JsonObject): string {
  const said = textOf(json['auth_mode'])
  if (said !== '') return said
  if (textOf(json['personal_access_token']) !== '') return 'personalAccessToken'
  if (isObject(json['bedrock_api_key'])) return 'bedrockApiKey'
  if (textOf(json['OPENAI_API_KEY']) !== '') return 'apikey'
  return isObject(json['tokens']) ? 'chatgpt' : 'none'
}

function login(json: JsonObject, at: number): ForeignLogin {
  const tokens = json['tokens']
  if (!isObject(tokens)) throw unfit('The file holds no login: codex is not signed in there.')
  const { id_token, access_token, refresh_token, account_id } = tokens
  if (textOf(refresh_token) === '')
    throw unfit('The file holds no refresh token, so the login in it cannot be kept alive.')
  if (textOf(refresh_token).startsWith('clv_')) {
    throw unfit('The file was written by Claviger: the login in it is stored on a server already.')
  }
  if (Object.keys(claimsOf(textOf(id_token))).length === 0) throw unfit('The id token of the file is none.')
  try {
    const set = openAiTokens({ id_token, access_token, refresh_token }, {}, at)
    if (set !== null && mayBe(account_id, set.account.id))
      return { kind: 'login', type: 'codex/oauth', tokens: set }
  } catch (error) {
    if (!(error instanceof ClavigerError)) throw error
  }
  throw unfit('The tokens of the file do not say whose they are.')
}

function mayBe(written: unknown, account: string): boolean {
  return textOf(written) === '' || textOf(written) === account
}

function fields(type: 'codex/api-key' | 'codex/access-token', given: Record<string, string>): ForeignLogin {
  return { kind: 'fields', type, content: checkFields(type, 'import', given) }
}

function unfit(message: string): ClavigerError {
  return new ClavigerError('invalid', message, {
    hint: 'Nothing was stored. Sign in instead: claviger credential create codex oauth NAME',
  })
}
