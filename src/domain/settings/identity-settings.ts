// Where people may show who they are, beside their password here. Each is on when it has a client id.

import { Secret } from '../secret.ts'
import { issuerUrl, type SettingDefinition, wrong } from './setting-checks.ts'

const SECRET = 'Secret of that client. In a variable or a file, never on a command line.'
const SECRET_FILE = 'File with that secret, readable by its owner only.'

export const IDENTITY_SETTINGS = {
  githubClientId: {
    variable: 'CLAVIGER_GITHUB_CLIENT_ID',
    standard: 'none',
    meaning:
      'Client id of an OAuth app of GitHub: people sign in with GitHub, and link their accounts. Its callback is PUBLIC_URL/auth/callback/github.',
  },
  githubClientSecret: { variable: 'CLAVIGER_GITHUB_CLIENT_SECRET', standard: 'none', meaning: SECRET },
  githubClientSecretFile: {
    variable: 'CLAVIGER_GITHUB_CLIENT_SECRET_FILE',
    standard: 'none',
    meaning: SECRET_FILE,
  },
  githubUrl: {
    variable: 'CLAVIGER_GITHUB_URL',
    standard: 'https://github.com',
    meaning: 'Where GitHub is; of a GitHub Enterprise Server its own address.',
  },
  oidcIssuer: {
    variable: 'CLAVIGER_OIDC_ISSUER',
    standard: 'none',
    meaning:
      'An OpenID provider that people sign in with, as it names itself. Its callback is PUBLIC_URL/auth/callback/oidc. Who is known to it with a verified e-mail is taken for the person who was invited by that e-mail.',
  },
  oidcClientId: {
    variable: 'CLAVIGER_OIDC_CLIENT_ID',
    standard: 'none',
    meaning: 'Client id at that provider.',
  },
  oidcClientSecret: { variable: 'CLAVIGER_OIDC_CLIENT_SECRET', standard: 'none', meaning: SECRET },
  oidcClientSecretFile: {
    variable: 'CLAVIGER_OIDC_CLIENT_SECRET_FILE',
    standard: 'none',
    meaning: SECRET_FILE,
  },
  oidcName: {
    variable: 'CLAVIGER_OIDC_NAME',
    standard: 'Single sign-on',
    meaning: 'What people call that provider.',
  },
  linearClientId: {
    variable: 'CLAVIGER_LINEAR_CLIENT_ID',
    standard: 'none',
    meaning:
      'Client id of an OAuth application of Linear: people link their accounts. Its callback is PUBLIC_URL/auth/callback/linear.',
  },
  linearClientSecret: { variable: 'CLAVIGER_LINEAR_CLIENT_SECRET', standard: 'none', meaning: SECRET },
  linearClientSecretFile: {
    variable: 'CLAVIGER_LINEAR_CLIENT_SECRET_FILE',
    standard: 'none',
    meaning: SECRET_FILE,
  },
  linearUrl: {
    variable: 'CLAVIGER_LINEAR_URL',
    standard: 'https://linear.app',
    meaning: 'Where Linear is.',
  },
} as const satisfies Record<string, SettingDefinition>

type Given = Partial<Record<keyof typeof IDENTITY_SETTINGS, string>>

/** A client of ours at one of them. The secret, or where it is. */
export interface IdentityClient {
  readonly clientId: string
  readonly secret: Secret | { readonly file: string }
  /** Where it is; of an OpenID provider its issuer. */
  readonly url: string
  /** What people call it. */
  readonly name: string
}

/** Those that are on. */
export interface IdentityClients {
  readonly github: IdentityClient | null
  readonly oidc: IdentityClient | null
  readonly linear: IdentityClient | null
}

/** Checked; throws `invalid` naming the setting. */
export function identityClients(given: Given): IdentityClients {
  const { oidcIssuer, oidcClientId } = given
  if ((oidcIssuer === undefined) !== (oidcClientId === undefined))
    throw wrong(IDENTITY_SETTINGS.oidcClientId, 'and CLAVIGER_OIDC_ISSUER go together')
  return {
    github: clientOf(given, 'github', given.githubUrl ?? 'https://github.com', 'GitHub'),
    oidc: clientOf(given, 'oidc', oidcIssuer ?? '', given.oidcName ?? 'Single sign-on'),
    linear: clientOf(given, 'linear', given.linearUrl ?? 'https://linear.app', 'Linear'),
  }
}

function clientOf(
  given: Given,
  id: 'github' | 'oidc' | 'linear',
  url: string,
  name: string,
): IdentityClient | null {
  const clientId = given[`${id}ClientId`]
  if (clientId === undefined) return null
  const [value, file] = [given[`${id}ClientSecret`], given[`${id}ClientSecretFile`]]
  if ((value === undefined) === (file === undefined))
    throw wrong(IDENTITY_SETTINGS[`${id}ClientSecret`], 'or its file must be set, and not both')
  const secret = value === undefined ? { file: file ?? '' } : new Secret(value)
  const place = id === 'oidc' ? IDENTITY_SETTINGS.oidcIssuer : IDENTITY_SETTINGS[`${id}Url`]
  return { clientId, secret, url: issuerUrl(place, url), name }
}
