// What a server meets the world with: randomness, and the providers. A new provider is one line here.

import { join } from 'node:path'
import { createGithubChannel } from './channels/github/github.ts'
import { createLinearChannel } from './channels/linear/linear.ts'
import { environment, type ServerSettings } from './config.ts'
import { GRANT_TIMINGS } from './control/grants/tools.ts'
import type { CredentialType } from './domain/credential-types.ts'
import { randomSource } from './lib/random.ts'
import { createAnthropicProvider } from './providers/anthropic.ts'
import { anthropicRenewer, type ClaudeRenewal } from './providers/anthropic-login.ts'
import { createBedrockProvider } from './providers/bedrock.ts'
import { claudeProgram } from './providers/claude-program.ts'
import { claudeSignIn } from './providers/claude-sign-in.ts'
import { configuredProviders } from './providers/identity/configured.ts'
import { githubAccounts, githubApiOf } from './providers/identity/github.ts'
import type { IdentityProvider } from './providers/identity/identity-provider.ts'
import type { LoginProgram } from './providers/login-program.ts'
import { createOpenAiProvider } from './providers/openai.ts'
import { createPlugins } from './providers/plugin/plugins.ts'
import { withPlugins } from './providers/plugin/with-plugins.ts'
import type { SignIn } from './providers/provider.ts'
import { createWebhookSender } from './providers/webhooks.ts'
import { findCommand } from './runner/programs.ts'

/** The randomness and the providers of the real world, and the settings that go to them. */
export function edges(settings: ServerSettings, clockOffset: () => number) {
  const { allowPrivateUpstreams: allowPrivate } = settings
  const plugins = createPlugins({
    directory: join(settings.stateDirectory, 'plugins'),
    environment: environment(),
  })
  const builtIn = [
    createAnthropicProvider({
      ...{ baseUrl: settings.anthropicUrl, allowPrivate },
      renewer: anthropicRenewer(claudeRenewal(settings), clockOffset),
    }),
    createOpenAiProvider({ baseUrl: settings.openaiApiUrl, issuer: settings.openaiIssuer, allowPrivate }),
    createBedrockProvider({
      allowPrivate,
      ...(settings.bedrockUrl !== null && { baseUrl: settings.bedrockUrl }),
    }),
  ]
  const providers = [...builtIn.flatMap((one) => withPlugins(one, plugins)), ...builtIn]
  const identityProviders = configuredProviders(settings.identityClients, { allowPrivate, now: Date.now })
  const signIns: SignIn[] = [
    ...builtIn.flatMap(({ signIn }) => signIn ?? []),
    claudeSignIns(settings, clockOffset),
  ]
  return {
    plugins,
    random: randomSource(),
    webhooks: createWebhookSender({ allowPrivate }),
    channels: channelsOf(settings, identityProviders),
    identityProviders,
    leaseLife: settings.leaseLife,
    sessionLife: settings.sessionLife,
    runTimings: settings.runTimings,
    poolOrder: settings.poolOrder,
    providerOf: (type: CredentialType) =>
      providers.find(({ probes, renewer }) => probes.includes(type) || renewer?.renews.includes(type)),
    signInOf: (type: CredentialType) => signIns.find(({ signsIn }) => signsIn === type),
    grantTimings: { ...GRANT_TIMINGS, ...settings.renewal },
    endSignIns: async () => void (await Promise.all(signIns.map((signIn) => signIn.close?.()))),
  }
}

function channelsOf(
  { githubUrl, githubApi, linearApi, allowPrivateUpstreams: allowPrivate }: ServerSettings,
  identityProviders: readonly IdentityProvider[],
) {
  const url = githubApi ?? githubApiOf(githubUrl)
  // As people link theirs.
  const accounts = identityProviders.find(({ id }) => id === 'linear')?.accounts ?? 'linear'
  return {
    github: createGithubChannel({ url, allowPrivate, accounts: githubAccounts(githubUrl) }),
    linear: createLinearChannel({ api: linearApi, allowPrivate, accounts }),
  }
}

function claudeRenewal(settings: ServerSettings): ClaudeRenewal {
  const { renewalLimitMs, read, leftBehind } = claudeAt(settings, 'renewals', 'claude')
  return {
    ...{ renewalLimitMs, read, leftBehind },
    renew: async (grant) => (await foundClaude(settings, 'renewals')).renew(grant),
  }
}

function claudeSignIns(settings: ServerSettings, clockOffset: () => number): SignIn {
  const signIn = async () => (await foundClaude(settings, 'sign-ins')).signIn()
  return claudeSignIn({ signIn }, clockOffset)
}

// The program is looked for when it is needed: it may be installed later than the server is started.
async function foundClaude(settings: ServerSettings, directory: string): Promise<LoginProgram> {
  const program = await findCommand(settings.claudeBin ?? 'claude', environment(), process.cwd())
  return claudeAt(settings, directory, program ?? 'claude')
}

function claudeAt({ stateDirectory }: ServerSettings, name: string, program: string): LoginProgram {
  return claudeProgram({ program, directory: join(stateDirectory, name), environment: environment() })
}
