import { parse, stringify } from 'smol-toml'
import { describe, expect, test } from 'vitest'
import { LEASE } from '../../test/support/deliverable.ts'
import type { CredentialType } from '../domain/credential-types.ts'
import type { Delivery } from '../domain/delivery.ts'
import { Secret } from '../domain/secret.ts'
import { codex } from './codex.ts'
import type { DeliveryInput } from './harness.ts'

const OURS = { cli_auth_credentials_store: 'file' }

function inputFor(
  type: CredentialType,
  fields: Readonly<Record<string, string>>,
  more: Partial<DeliveryInput> = {},
): DeliveryInput {
  const secrets = Object.entries(fields).map(([name, value]) => [name, new Secret(value)] as const)
  return {
    credential: { name: 'main', type, fields: Object.fromEntries(secrets) },
    lease: LEASE,
    mode: 'env',
    environment: {},
    userFiles: {},
    projectFiles: {},
    helperCommand: () => 'never',
    ...more,
  }
}

function text(delivery: Pick<Delivery, 'files'>, path: string): string {
  return delivery.files.find((file) => file.path === path)?.content.expose() ?? ''
}

function deliverKey(config?: string, baseUrl?: string) {
  const fields = { key: 'sk-test-1', ...(baseUrl === undefined ? {} : { baseUrl }) }
  const userFiles: Record<string, string> = config === undefined ? {} : { 'config.toml': config }
  const delivery = codex.deliver(inputFor('codex/api-key', fields, { userFiles }))
  return { report: delivery.report, config: parse(text(delivery, 'config.toml')) }
}

test('an API key becomes a complete auth.json, and no variable', () => {
  const delivery = codex.deliver(inputFor('codex/api-key', { key: 'sk-test-1' }))
  expect(JSON.parse(text(delivery, 'auth.json'))).toEqual({
    auth_mode: 'apikey',
    OPENAI_API_KEY: 'sk-test-1',
    tokens: null,
    last_refresh: null,
  })
  expect(parse(text(delivery, 'config.toml'))).toEqual(OURS)
  expect(delivery).toMatchObject({ mode: 'env', set: {}, report: [] })
})

test('an access token becomes the auth.json that the program itself would write', () => {
  const delivery = codex.deliver(inputFor('codex/access-token', { token: 'at-test-1' }))
  expect(JSON.parse(text(delivery, 'auth.json'))).toEqual({
    OPENAI_API_KEY: null,
    tokens: null,
    last_refresh: null,
    personal_access_token: 'at-test-1',
  })
})

test('removes every variable that would outrank the file, and names it', () => {
  const environment = {
    CODEX_API_KEY: 'stray',
    CODEX_ACCESS_TOKEN: 'stray',
    OPENAI_API_KEY: 'stray',
    OPENAI_FEDERATION_RULE_ID: 'stray',
    OPENAI_IDENTITY_TOKEN_FILE: '/stray',
    CODEX_REFRESH_TOKEN_URL_OVERRIDE: 'http://stray',
    CODEX_REVOKE_TOKEN_URL_OVERRIDE: 'http://stray',
    GH_TOKEN: 'mine',
  }
  const delivery = codex.deliver(inputFor('codex/api-key', { key: 'sk-test-1' }, { environment }))
  const { GH_TOKEN: _kept, ...removed } = environment
  expect(delivery.unset).toEqual(expect.arrayContaining(Object.keys(removed)))
  expect(delivery.unset).not.toContain('GH_TOKEN')
  expect(delivery.report.toSorted()).toEqual(
    Object.keys(removed)
      .map((name) => `set aside: ${name} in the environment`)
      .toSorted(),
  )
})

describe('config.toml', () => {
  test('keeps what the user has set, tables after keys', () => {
    const { config, report } = deliverKey(
      'model = "gpt"\nnotify = ["a", "b"]\n[mcp_servers.docs]\ncommand = "docs"\n[projects."/my work"]\ntrust_level = "trusted"\n',
    )
    expect(config).toEqual({
      model: 'gpt',
      notify: ['a', 'b'],
      mcp_servers: { docs: { command: 'docs' } },
      projects: { '/my work': { trust_level: 'trusted' } },
      ...OURS,
    })
    expect(report).toEqual([])
  })

  test('loses what forces another kind of login, in the root and in profiles', () => {
    const { config, report } = deliverKey(
      'forced_login_method = "chatgpt"\nforced_chatgpt_workspace_id = ["a"]\npreferred_auth_method = "chatgpt"\nprofile = "p"\n[profiles.p]\nmodel = "gpt"\nmodel_provider = "mine"\nforced_login_method = "chatgpt"\n[model_providers.mine]\nname = "m"\nbase_url = "http://127.0.0.1:1"\nenv_key = "MINE"\n',
    )
    expect(config).toMatchObject({ profile: 'p', profiles: { p: { model: 'gpt' } } })
    expect(config['profiles']).toEqual({ p: { model: 'gpt' } })
    for (const key of ['forced_login_method', 'forced_chatgpt_workspace_id', 'preferred_auth_method']) {
      expect(config).not.toHaveProperty(key)
      expect(report).toContain(`set aside: ${key} in config.toml`)
    }
    expect(report).toContain('set aside: profiles.p.model_provider in config.toml (mine)')
    expect(report).toContain('set aside: profiles.p.forced_login_method in config.toml')
  })

  const gateway = 'name = "Gate"\nbase_url = "https://gate.example/v1"\nwire_api = "responses"\n'

  test.each([
    ['has no login', ''],
    ['reads a variable', 'requires_openai_auth = true\nenv_key = "X"\n'],
    ['runs a command', 'requires_openai_auth = true\nauth = { command = "x" }\n'],
    ['sends headers', 'requires_openai_auth = true\nhttp_headers = { Authorization = "x" }\n'],
  ])('does not select a provider of the user that %s', (_name, more) => {
    const { config, report } = deliverKey(
      `model_provider = "gate"\n[model_providers.gate]\n${gateway}${more}`,
    )
    expect(config).not.toHaveProperty('model_provider')
    expect(config).toHaveProperty('model_providers.gate')
    expect(report).toEqual(['set aside: model_provider in config.toml (gate)'])
  })

  test('keeps a gateway that takes our credential, unless that has its own base URL', () => {
    const config = `model_provider = "gate"\n[model_providers.gate]\n${gateway}requires_openai_auth = true\n`
    const kept = deliverKey(config)
    expect(kept.config).toMatchObject({ model_provider: 'gate' })
    expect(kept.report).toEqual(['kept: model_provider in config.toml, requests go to gate.example'])
    const ours = deliverKey(config, 'https://ours.example/v1')
    expect(ours.config).not.toHaveProperty('model_provider')
    expect(ours.config).toMatchObject({ openai_base_url: 'https://ours.example/v1' })
  })

  test('keeps a base URL of the user, unless the credential has its own', () => {
    const config = 'openai_base_url = "https://theirs.example/v1"\n'
    expect(deliverKey(config)).toMatchObject({
      config: { openai_base_url: 'https://theirs.example/v1' },
      report: ['kept: openai_base_url in config.toml, requests go to theirs.example'],
    })
    expect(deliverKey(config, 'https://ours.example/v1')).toMatchObject({
      config: { openai_base_url: 'https://ours.example/v1' },
      report: ['set aside: openai_base_url in config.toml (the credential has its own)'],
    })
  })

  test('lets nothing out of a value', () => {
    const hostile = 'https://x.example/"\nmodel_provider = "evil"\n#'
    expect(deliverKey('', hostile).config).toEqual({ openai_base_url: hostile, ...OURS })
  })

  test('leaves the shell policy to the user', () => {
    expect(deliverKey('').config).not.toHaveProperty('shell_environment_policy')
    const { config } = deliverKey('[shell_environment_policy]\nignore_default_excludes = false\n')
    expect(config['shell_environment_policy']).toEqual({ ignore_default_excludes: false })
  })

  test('that is malformed is one clear sentence', () => {
    expect(() => deliverKey('a = ')).toThrow('config.toml is not valid TOML, so it was left alone')
  })
})

test.each([
  [{}, {}, 'none'],
  [{ CODEX_API_KEY: 'x' }, {}, 'environment'],
  [{ CODEX_ACCESS_TOKEN: 'x' }, {}, 'environment'],
  [{ OPENAI_API_KEY: 'x' }, {}, 'none'],
  [{}, { 'auth.json': '{}' }, 'login'],
  [{}, { 'auth.json': '' }, 'none'],
] as const)('with %j and %j the machine has: %s', (environment, userFiles, expected) => {
  expect(codex.ambient({ environment, userFiles, projectFiles: {} })).toBe(expected)
})

test('--keep-env hears what already carries a credential', () => {
  const machine = {
    environment: { CODEX_API_KEY: 'x' },
    userFiles: { 'config.toml': 'model_provider = "m"' },
    projectFiles: {},
  }
  expect(codex.carries('codex/api-key', machine)).toEqual([
    'CODEX_API_KEY in the environment',
    'model_provider in config.toml',
  ])
})

describe('a profile file', () => {
  const deliverProfile = (profile: string, config = '', baseUrl?: string) => {
    const fields = { key: 'sk-test-1', ...(baseUrl === undefined ? {} : { baseUrl }) }
    const userFiles = { 'config.toml': config, 'work.config.toml': profile }
    const delivery = codex.deliver(inputFor('codex/api-key', fields, { userFiles }))
    return { report: delivery.report, profile: parse(text(delivery, 'work.config.toml')) }
  }
  const provider = (more: string) =>
    `[model_providers.gate]\nname = "Gate"\nbase_url = "https://gate.example/v1"\n${more}`

  test('loses what would choose another provider, login or store of it', () => {
    const { profile, report } = deliverProfile(
      `model = "gpt"\nmodel_provider = "gate"\nforced_login_method = "chatgpt"\ncli_auth_credentials_store = "keyring"\n${provider('env_key = "X"\n')}`,
    )
    expect(profile).toMatchObject({ model: 'gpt' })
    for (const key of ['model_provider', 'forced_login_method', 'cli_auth_credentials_store'])
      expect(profile).not.toHaveProperty(key)
    expect(report).toEqual([
      'set aside: forced_login_method in work.config.toml',
      'set aside: model_provider in work.config.toml (gate)',
      'set aside: cli_auth_credentials_store in work.config.toml',
    ])
  })

  test('may choose a gateway of config.toml, but give it no credential of its own', () => {
    const config = provider('requires_openai_auth = true\n')
    expect(deliverProfile('model_provider = "gate"\n', config).report).toEqual([
      'kept: model_provider in work.config.toml, requests go to gate.example',
    ])
    const { profile, report } = deliverProfile(
      provider('env_key = "X"\n'),
      `model_provider = "gate"\n${config}`,
    )
    expect(profile).toEqual({ model_providers: {} })
    expect(report).toContain('set aside: model_providers.gate in work.config.toml')
  })

  test('has no base URL beside that of the credential', () => {
    const { profile, report } = deliverProfile(
      'openai_base_url = "https://x.example"\n',
      '',
      'https://ours.example',
    )
    expect(profile).toEqual({})
    expect(report).toEqual(['set aside: openai_base_url in work.config.toml (the credential has its own)'])
  })

  test('that is malformed is left out and named', () => {
    const { profile, report } = deliverProfile('a = ')
    expect(profile).toEqual({})
    expect(report).toEqual(['left out: work.config.toml (it is not valid TOML)'])
  })
})

describe('what the program changed in its copy', () => {
  const merge = (before: string | null, after: string, now = before, delivered = before ?? '') =>
    codex.mergeBack('config.toml', { before, delivered, after, now })

  const user =
    '# mine\nmodel = "gpt" # best\nnotify = [\n  "a",\n  "b",\n]\n\n# servers\n[mcp_servers.old]\ncommand = "old" # keep\nargs = []\n\n# trust\n[projects."/w"]\ntrust_level = "trusted"\n'

  test.each<[string, string, string]>([
    [
      'a new table',
      `${user}[mcp_servers.foo]\ncommand = "foo"\n[mcp_servers.foo.env]\nA = "1"\n`,
      `${user}\n[mcp_servers.foo]\ncommand = "foo"\n\n[mcp_servers.foo.env]\nA = "1"\n`,
    ],
    ['a new root key', `personality = "x"\n${user}`, user.replace(']\n\n#', ']\npersonality = "x"\n\n#')],
    ['a changed root key', user.replace('"gpt" # best', '"o"'), user.replace('"gpt" # best', '"o"')],
    [
      'a changed value of several lines',
      user.replace('  "a",\n', ''),
      user.replace('notify = [\n  "a",\n  "b",\n]', 'notify = [ "b" ]'),
    ],
    [
      'a changed key of a table',
      user.replace('args = []', 'args = ["x"]'),
      user.replace('args = []', 'args = [ "x" ]'),
    ],
    [
      'a new key of a table',
      user.replace('args = []', 'args = []\nb = 1'),
      user.replace('args = []', 'args = []\nb = 1'),
    ],
    ['a key that went', user.replace('args = []\n', ''), user.replace('args = []\n', '')],
    [
      'a table that went',
      user.replace('[mcp_servers.old]\ncommand = "old" # keep\nargs = []\n', ''),
      user.replace('[mcp_servers.old]\ncommand = "old" # keep\nargs = []\n', ''),
    ],
    [
      'a folder with a strange name',
      `${user}[projects."/a \\"b\\" ]"]\ntrust_level = "trusted"\n`,
      `${user}\n[projects."/a \\"b\\" ]"]\ntrust_level = "trusted"\n`,
    ],
    [
      'tables in a row',
      `${user}[[hooks]]\na = 1\n[[hooks]]\na = 2\n`,
      `${user}\n[[hooks]]\na = 1\n\n[[hooks]]\na = 2\n`,
    ],
  ])('%s goes into the user’s text, which stays as it is otherwise', (_name, after, expected) => {
    const { text: result, lost } = merge(user, after)
    expect(lost).toEqual([])
    expect(result).toBe(expected)
    expect(parse(result ?? '')).toEqual(parse(after))
  })

  test('is none where only the writing differs', () => {
    expect(merge(user, stringify(parse(user)))).toEqual({ text: null, lost: [] })
  })

  test('goes to a user who had no file', () => {
    expect(merge(null, 'a = 1\n[b]\nc = 1\n', null, 'a = 1\n')).toEqual({ text: '[b]\nc = 1\n', lost: [] })
  })

  test('what we had changed ourselves stays the user’s, and is named', () => {
    const before = 'model_provider = "mine"\nopenai_base_url = "https://theirs"\n'
    const delivered = 'openai_base_url = "https://ours"\ncli_auth_credentials_store = "file"\n'
    expect(merge(before, delivered, before, delivered)).toEqual({ text: null, lost: [] })
    const after = 'openai_base_url = "https://new"\nmodel_provider = "new"\nmodel = "m"\n'
    const { text: result, lost } = merge(before, after, before, delivered)
    expect(parse(result ?? '')).toEqual({ ...parse(before), model: 'm' })
    expect(lost).toEqual(['openai_base_url', 'model_provider'])
  })

  test('what the user changed meanwhile stays, and is named', () => {
    expect(merge('a = 1\n', 'a = 2\nb = 2\n', 'a = 3\n')).toEqual({ text: 'a = 3\nb = 2\n', lost: ['a'] })
    expect(merge('a = 1\n', 'a = 2\n', 'a = 2\n')).toEqual({ text: null, lost: [] })
  })

  test('what cannot be put into the text is named', () => {
    const after = '[projects."/a"]\ntrust_level = "trusted"\n'
    expect(merge('projects = {}\n', after)).toEqual({ text: null, lost: ['projects./a'] })
    expect(merge('', after, 'broken =')).toEqual({
      text: null,
      lost: ['all of it, for it is not valid TOML'],
    })
    expect(
      codex.mergeBack('auth.json', { before: null, delivered: '{}', after: '{"x":1}', now: null }),
    ).toEqual({ text: null, lost: [] })
  })
})

describe('restore', () => {
  const restore = (config: string | undefined, baseUrl?: string) => {
    const { credential } = inputFor('codex/api-key', {
      key: 'sk-test-1',
      ...(baseUrl === undefined ? {} : { baseUrl }),
    })
    const userFiles: Record<string, string> = config === undefined ? {} : { 'config.toml': config }
    return codex.restore(credential, { environment: {}, userFiles, projectFiles: {} }, LEASE)
  }

  test('writes a complete auth.json and keeps the text of config.toml', () => {
    const config =
      '# mine\nmodel = "gpt" # best\nopenai_base_url = "https://old.example"\n\n[features]\nopenai_base_url = 1\n'
    const restoration = restore(config, 'https://ours.example/v1')
    expect(JSON.parse(text(restoration, 'auth.json'))).toMatchObject({
      auth_mode: 'apikey',
      OPENAI_API_KEY: 'sk-test-1',
    })
    const written = text(restoration, 'config.toml')
    expect(written).toContain('# mine\nmodel = "gpt" # best\n')
    expect(parse(written)).toEqual({
      cli_auth_credentials_store: 'file',
      openai_base_url: 'https://ours.example/v1',
      model: 'gpt',
      features: { openai_base_url: 1 },
    })
    expect(restoration.report).toEqual([
      'replaced: openai_base_url in config.toml (the credential has its own)',
    ])
  })

  test('twice changes nothing more', () => {
    const once = text(restore(undefined), 'config.toml')
    expect(once).toBe('cli_auth_credentials_store = "file"\n')
    expect(text(restore(once), 'config.toml')).toBe(once)
  })

  test('names what it leaves in the way', () => {
    expect(restore('forced_login_method = "chatgpt"\n').report).toEqual([
      'in the way: forced_login_method in config.toml',
    ])
  })

  test('refuses a file that it cannot change line by line', () => {
    const config = 'openai_base_url = """\nhttps://x.example\n"""\n'
    expect(() => restore(config, 'https://ours.example/v1')).toThrow('could not be changed safely')
  })
})

test.each([
  ['codex/api-key', 'API key configured - sk-test-***12345', true],
  ['codex/api-key', 'Logged in using ChatGPT', false],
  ['codex/access-token', 'Logged in using personal access token', true],
  ['codex/access-token', 'Not logged in', false],
] as const)('the status of %s: %s', (type, output, expected) => {
  expect(codex.statusAgrees(type, '', output)).toBe(expected)
})
