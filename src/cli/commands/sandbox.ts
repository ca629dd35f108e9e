// `claviger sandbox`: the fake providers in the foreground, with made-up credentials that they accept.

import { mkdir } from 'node:fs/promises'
import { resolve } from 'node:path'
import { ClavigerError } from '../../domain/errors.ts'
import { shellCommand } from '../../lib/shell-quote.ts'
import type { Context } from '../context.ts'
import type { StartedSandbox } from '../dependencies.ts'
import { untilEnded } from '../signals.ts'
import { labelled } from '../text.ts'
import { portNumber } from '../usage.ts'

export interface SandboxOptions {
  readonly port?: string
  /** Where `ca.pem` goes. */
  readonly tls?: string
}

// Obviously made up, and put together here so that no scanner takes this file for a leak.
const ACCEPTED = [
  { provider: 'anthropic', kind: 'api-key', value: 'sk-ant-test-sandbox' },
  { provider: 'anthropic', kind: 'oauth', value: 'sk-ant-oat01-test-sandbox' },
  { provider: 'bedrock', kind: 'bearer', value: ['ABSK', 'test', 'sandbox'].join('-') },
  {
    provider: 'bedrock',
    kind: 'access-key',
    accessKeyId: `AKIA${'SANDBOX'.padEnd(16, '0')}`,
    secretAccessKey: 'made-up-secret-access-key',
  },
  { provider: 'openai', kind: 'api-key', value: 'sk-test-sandbox' },
  { provider: 'openai', kind: 'access-token', value: 'at-test-sandbox' },
] as const

export async function run({ dependencies, ui }: Context, options: SandboxOptions): Promise<number> {
  const ended = untilEnded()
  const port = portNumber(options.port ?? '0')
  const tlsOption = options.tls === undefined ? {} : { tls: { directory: await madeDirectory(options.tls) } }
  const sandbox = await dependencies.startSandbox({ port, credentials: ACCEPTED, ...tlsOption })
  const { url, anthropicUrl, openaiUrl, issuerUrl, bedrockUrl, tls } = sandbox
  const { proxyUrl = null, caFile = null, tlsUrl = null } = tls ?? {}
  const providers = `CLAVIGER_ANTHROPIC_URL=${anthropicUrl} CLAVIGER_OPENAI_API_URL=${openaiUrl} CLAVIGER_OPENAI_ISSUER=${issuerUrl} CLAVIGER_BEDROCK_URL=${bedrockUrl} ANTHROPIC_BASE_URL=${anthropicUrl} ANTHROPIC_BEDROCK_BASE_URL=${bedrockUrl}`
  const urls = { url, anthropicUrl, openaiUrl, issuerUrl, bedrockUrl, proxyUrl, caFile, tlsUrl }
  ui.answer({ ...urls, accepted: ACCEPTED }, () => [
    `The sandbox is ready: ${url}/sandbox`,
    '',
    'Fakes of the providers; no model answers here. They accept these and refuse everything else:',
    ...labelled(ACCEPTED.map((one) => [`  ${one.provider} ${one.kind}`, madeUp(one)])),
    '',
    'Claude Code against it:',
    `  ANTHROPIC_BASE_URL=${anthropicUrl} ANTHROPIC_API_KEY=${ACCEPTED[0].value} claude -p "say hi"`,
    'Codex against it, in config.toml:',
    `  openai_base_url = "${openaiUrl}"`,
    'A server that tests credentials against it, and whose own worker carries out runs of Claude Code there:',
    `  ${providers} claviger serve`,
    'Profiles of a machine without a server, in a directory of their own, and runs of Claude Code with them:',
    `  export CLAVIGER_STATE_DIR=$(mktemp -d) ${providers}`,
    `  printf %s ${ACCEPTED[0].value} | claviger models auth paste-api-key --provider anthropic --test`,
    '  claviger --local exec --harness claude -- claude -p "say hi"',
    ...codexLines(sandbox),
    'Runs of Codex go where config.toml of the worker says, as above, or where their credential says:',
    `  claviger credential create codex api-key --personal sandbox --base-url ${openaiUrl}`,
    'Signing in to its OAuth server, which agrees by itself or, by device code, on a page:',
    `  codex login --device-auth --experimental_issuer ${issuerUrl}`,
    `  ${issuerUrl}/codex/device`,
    ...proxyLines(tls),
    'More, and every way to hand a credential over:',
    `  curl ${url}/sandbox`,
  ])
  await ended
  await sandbox.close()
  return 0
}

// A key goes where the line above sends it; a sign-in has other addresses.
function codexLines({ url }: StartedSandbox): string[] {
  const backend = '/openai/backend-api/'
  return [
    'Codex with them too, where its config.toml has the line above; with a sign-in, these instead:',
    `  printf %s ${ACCEPTED[4].value} | claviger models auth paste-api-key --provider openai --test`,
    '  claviger --local exec --harness codex -- codex exec "say hi"',
    `  openai_base_url = "${url}${backend}codex"`,
    `  chatgpt_base_url = "http://localhost:${new URL(url).port}${backend}"`,
  ]
}

// The proxy refuses every host that it does not play, so a mistake cannot reach the real one.
function proxyLines(tls: StartedSandbox['tls']): string[] {
  if (tls === null) return []
  const { proxyUrl, caFile, tlsUrl } = tls
  return [
    "The providers' own hosts, for programs that insist on them (no other host is reachable by this proxy):",
    `  HTTPS_PROXY=${proxyUrl} NODE_EXTRA_CA_CERTS=${shellCommand([caFile])} claude auth login`,
    'A server whose claude program signs in and renews there: put this before the variables above:',
    `  HTTPS_PROXY=${proxyUrl} NODE_EXTRA_CA_CERTS=${shellCommand([caFile])}`,
    `  curl --proxy ${proxyUrl} --cacert ${shellCommand([caFile])} LINK-IT-PRINTS`,
    `  HTTPS_PROXY=${proxyUrl} CODEX_CA_CERTIFICATE=${shellCommand([caFile])} codex login --device-auth`,
    'The sandbox itself by TLS:',
    `  curl --cacert ${shellCommand([caFile])} ${tlsUrl}/anthropic/api/hello`,
  ]
}

async function madeDirectory(path: string): Promise<string> {
  const directory = resolve(path)
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 })
  } catch (cause) {
    throw new ClavigerError('invalid', `The directory ${directory} could not be made.`, {
      hint: 'Give --tls a directory that you may write to.',
      cause,
    })
  }
  return directory
}

function madeUp(one: (typeof ACCEPTED)[number]): string {
  return 'value' in one ? one.value : `${one.accessKeyId} with ${one.secretAccessKey}`
}
