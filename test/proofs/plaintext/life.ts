// A credential's whole life on the command line, mistakes included: what is typed, what is piped in, and how it ends.

import type { Random } from '../random.ts'
import type { Canary } from './search.ts'

/** One command line. */
export interface Step {
  readonly words: readonly string[]
  readonly input?: string
  /** 0 when absent. */
  readonly exitCode?: number
}

export interface Life {
  readonly steps: readonly Step[]
  readonly canaries: readonly Canary[]
}

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'
const CORE_LENGTH = 24
const CREATE = ['credential', 'create']
const EXEC_ENV = ['exec', '--harness', 'claude', '--delivery', 'env', '--']
const EXEC_HELPER = ['exec', '--harness', 'claude', '--delivery', 'helper', '--']

/** A life with secrets that nobody has seen before. */
export function wholeLife(random: Random): Life {
  const canaries: Canary[] = []
  const canary = (name: string) => {
    const text = Array.from({ length: CORE_LENGTH }, () => LETTERS.charAt(random.below(32))).join('')
    canaries.push({ name, text })
    return text
  }
  // The ending is what people are shown of a key, so it is no part of what is looked for.
  const anthropic = (name: string) => `sk-ant-test-${canary(name)}-tail`
  const openai = (name: string) => `sk-test-${canary(name)}-tail`
  const steps = [
    ...claudeSteps(anthropic),
    ...otherSteps(canary, openai),
    ...rawSteps(canary),
    ...mistakes(anthropic, canary),
    ...reading(),
    ...ending(),
  ]
  return { steps, canaries }
}

function claudeSteps(key: (name: string) => string): Step[] {
  const first = key('the first value')
  return [
    { words: [...CREATE, 'claude', 'api-key', '--personal', 'main'], input: `${first}\n` },
    { words: ['credential', 'update', '--value', 'main'], input: key('the second value') },
    { words: ['credential', 'update', '--description', 'rotated by hand', 'main'] },
    { words: ['credential', 'rollback', 'main', '1'] },
    { words: ['credential', 'history', 'main'] },
    { words: ['credential', 'rename', 'main', 'renamed'] },
    { words: ['credential', 'move', '--to', 'org', 'renamed'] },
    {
      words: [...EXEC_ENV, 'sh', '-c', `test "$ANTHROPIC_API_KEY" = ${first}`],
    },
    // Without a prompt the key comes from a helper; here the program asks it, as Claude Code would.
    { words: [...EXEC_HELPER, 'sh', '-c', askHelper(first)] },
    { words: [...EXEC_HELPER, 'sh', '-c', 'kill -9 $$'], exitCode: 137 },
    { words: ['exec', '--harness', 'claude', '--', 'no-such-program'], exitCode: 1 },
    { words: ['credential', 'test', 'renamed'], exitCode: 1 },
    {
      words: [...CREATE, 'claude', 'api-key', '--personal', '--test', 'refused'],
      input: key('a value that the provider refuses'),
      exitCode: 1,
    },
  ]
}

// The settings name the helper as a command line.
function askHelper(value: string): string {
  const read = 'JSON.parse(require("fs").readFileSync(process.argv[1], "utf8")).apiKeyHelper'
  const command = `$(node -p '${read}' "$CLAUDE_CONFIG_DIR/settings.json")`
  return `test "$(sh -c "${command}")" = ${value}`
}

function otherSteps(canary: (name: string) => string, key: (name: string) => string): Step[] {
  const accessKeyId = `AKIA${canary('the access key id')}TAIL`
  const secretAccessKey = `made-up-${canary('the secret access key')}`
  const fields = JSON.stringify({ accessKeyId, secretAccessKey })
  return [
    {
      words: [...CREATE, 'codex', 'api-key', '--org', '--base-url', 'https://example.test/v1', 'oai'],
      input: key('the OpenAI key'),
    },
    { words: ['exec', '--harness', 'codex', '--', 'sh', '-c', 'test -s "$CODEX_HOME/auth.json"'] },
    {
      words: [
        ...CREATE,
        'claude',
        'bedrock-access-key',
        '--team',
        'everyone',
        '--region',
        'us-east-1',
        'aws',
      ],
      input: fields,
    },
    {
      words: ['credential', 'update', '--field', 'secretAccessKey', 'aws'],
      input: `made-up-${canary('the second secret access key')}`,
    },
    {
      words: [...CREATE, 'claude', 'bedrock-api-key', '--org', '--region', 'us-east-1', 'bearer'],
      input: `bedrock-test-${canary('the Bedrock key')}-tail`,
    },
    {
      words: [...CREATE, 'claude', 'setup-token', '--personal', '--accept-notice', 'subscription'],
      input: `sk-ant-oat01-test-${canary('the setup token')}-tail`,
    },
    {
      words: [...CREATE, 'codex', 'access-token', '--personal', 'workspace'],
      input: `at-test-${canary('the access token')}-tail`,
    },
  ]
}

function rawSteps(canary: (name: string) => string): Step[] {
  const text = canary('the raw secret')
  return [
    { words: [...CREATE, 'raw', '--personal', 'PROOF_RAW'], input: text },
    {
      words: ['exec', '--harness', 'claude', '--', 'sh', '-c', `test "$PROOF_RAW" = ${text}`],
    },
  ]
}

// What is refused must not be repeated in the refusal.
function mistakes(key: (name: string) => string, canary: (name: string) => string): Step[] {
  return [
    {
      words: [...CREATE, 'codex', 'api-key', '--personal', 'wrong-type'],
      input: key('a key of the wrong type'),
      exitCode: 2,
    },
    {
      words: [...CREATE, 'claude', 'api-key', '--personal', 'wrong-shape'],
      input: `not a key ${canary('a value of the wrong shape')}`,
      exitCode: 2,
    },
    {
      words: [...CREATE, 'claude', 'api-key', '--personal', 'two-lines'],
      input: `${key('a value of two lines')}\nand more`,
      exitCode: 2,
    },
    {
      words: [...CREATE, 'claude', 'bedrock-access-key', '--org', '--region', 'us-east-1', 'broken'],
      input: `{"accessKeyId": "${canary('broken JSON')}`,
      exitCode: 2,
    },
    {
      words: [...CREATE, 'claude', 'api-key', '--personal', 'too-long'],
      input: `${key('a value that is too long')}${'x'.repeat(140_000)}`,
      exitCode: 2,
    },
    {
      words: [...CREATE, 'claude', 'api-key', '--org', 'renamed'],
      input: key('a value for a name in use'),
      exitCode: 1,
    },
    {
      words: ['credential', 'update', '--value', 'oai'],
      input: key('another key of the wrong type'),
      exitCode: 2,
    },
  ]
}

function reading(): Step[] {
  const lines = [
    ['credential', 'list'],
    ['credential', 'show', 'aws'],
    ['credential', 'history', 'aws'],
    ['credential', 'order', 'set', '--harness', 'claude', '--org', 'bearer', 'renamed'],
    ['credential', 'order', 'get', '--harness', 'claude', '--org'],
    ['explain', '--harness', 'claude'],
    ['explain', '--harness', 'codex'],
    ['audit', 'list'],
    ['admin', 'tokens', 'list'],
    ['whoami'],
  ]
  return lines.flatMap((words) => [{ words }, { words: ['--json', ...words] }])
}

function ending(): Step[] {
  const names = ['renamed', 'oai', 'aws', 'subscription', 'workspace', 'PROOF_RAW']
  return [
    { words: ['credential', 'delete', 'bearer'], exitCode: 2 },
    ...names.map((name) => ({ words: ['credential', 'delete', '--force', name] })),
  ]
}
