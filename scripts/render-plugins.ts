// The page for authors of plugins, from the shapes that check what plugins say.

import { z } from 'zod'
import {
  credentialShape,
  descriptionShape,
  ERRORS,
  LIMITS,
  PROBE_RESULTS,
  PROTOCOL,
  probeShape,
  renewalShape,
  revokeShape,
  stepShape,
} from '../src/providers/plugin/protocol.ts'
import { code, page, table } from './render.ts'

interface Property {
  readonly type?: string
  readonly description?: string
  readonly enum?: readonly string[]
  readonly const?: string
  readonly items?: Property
}

export function plugins(): string {
  return page('Plugins of providers', [
    ...INTRODUCTION,
    '## What is said',
    ...WIRE,
    table(['method', 'what Claviger asks', 'the result'], METHODS),
    '### `describe`',
    fields(descriptionShape),
    '### Steps of a login',
    'The first comes as the result of `login`, each further one as that of `continue`, whose `params` hold the `answer` to a prompt and nothing after any other step. After an `open` or a `note` the plugin may take its time, to wait for a browser for example.',
    ...stepShape.options.flatMap((shape) => [`\`"step": "${stepOf(shape)}"\`:`, fields(shape)]),
    '### A credential',
    fields(credentialShape),
    'Its `renewal`:',
    fields(renewalShape),
    '### `probe` and `revoke`',
    `\`result\` of a probe is one of ${PROBE_RESULTS.map(code).join(', ')}: what it does not know for certain is \`unknown\`.`,
    fields(probeShape),
    fields(revokeShape),
    '### Errors',
    'An answer with an `error` instead of a `result`: `code`, and if it likes a `message` and `retryAfterSeconds`.',
    table(
      ['code', 'meaning'],
      Object.entries(ERRORS).map(([name, meaning]) => [code(name), meaning]),
    ),
    '## Bounds',
    ...BOUNDS,
    '## A renewal that is not lost',
    ...RENEWAL,
    '## An example, and the suite',
    ...EXAMPLE,
  ])
}

const INTRODUCTION = [
  'A provider that Claviger does not know can be brought by a program of its own: `claviger-provider-NAME`, executable, in a directory that `PATH` names in full. Both are yours or the system’s, and not everybody may write to them; others are passed over. It may be written in any language. `claviger models providers` lists those that are found; `claviger models auth login --provider NAME` signs in with one, and keeps what comes of that as the profile `NAME:EMAIL`, or `NAME:default`.',
  'What a plugin brings is a credential of one of our types, so that Claude Code and Codex are given it as any other: an API key, with a base URL for Codex. A key may end and be renewed: then the plugin renews it, under the same rules as any sign-in ([logins](logins.md)). Signing in to Claude and ChatGPT accounts is not for plugins: that is built in. The name of a built-in provider cannot be taken.',
  'A plugin runs as you, and sees what it is given: install only what you trust with the accounts it is for.',
]

const WIRE = [
  `JSON over standard input and output, one object a line, in UTF-8: a request, and then its answer, which has the same \`id\`. This page is version ${PROTOCOL}; a plugin that is asked in a version it does not speak answers with the error \`invalid\`. Fields that it does not know are to be ignored. It never speaks without being asked. It ends when its input ends.`,
  `\`\`\`
> {"protocol":${PROTOCOL},"id":"ask_1","method":"describe","params":{}}
< {"protocol":${PROTOCOL},"id":"ask_1","result":{"name":"demo","version":"1.0.0","types":["codex/api-key"],"methods":["refresh"]}}
\`\`\``,
]

const METHODS = [
  ['`describe`', 'Who are you? Asked first, without any variable of yours.', 'below'],
  ['`login`', 'Begin a sign-in.', 'a step'],
  ['`continue`', 'Go on with it; `params.answer` is what the person typed.', 'the next step'],
  [
    '`refresh`',
    'Renew `params.credential`: `type`, `key`, `baseUrl`, `account`, `refresh`.',
    '`{"credential": …}`, with its `renewal`',
  ],
  ['`probe`', 'Does `params.credential` work? With the least costly call there is.', '`{"result": …}`'],
  ['`revoke`', 'End the login of `params.credential` at the provider.', '`{"revoked": …}`'],
]

const seconds = (milliseconds: number) => `${milliseconds / 1_000} s`

const BOUNDS = [
  `Each sign-in and each renewal is a start of its own; nothing is kept between them. \`describe\` may take ${seconds(LIMITS.describe)}, \`refresh\`, \`probe\` and \`revoke\` ${seconds(LIMITS.call)}, all steps of a login ${LIMITS.login / 60_000} minutes and ${LIMITS.steps} steps. An answer has at most ${LIMITS.lineBytes / 1024} KiB, and everything it prints, errors included, ${LIMITS.outputBytes / 1024} KiB. It is then killed, with what it has started and what has its \`HOME\`; a process that leaves its group and clears its environment is not found.`,
  'It has `PATH`, `LANG`, a private `HOME` (also `TMPDIR` and the working directory), which is removed afterwards, and the variables it has declared. What it writes to standard error is thrown away: it might hold a secret. Texts of steps and the message of a failed login are shown to whoever signs in, and nobody else; nothing in them can steer a terminal.',
]

const RENEWAL = [
  'A refresh token is often good once. So the difference between *refused*, *unavailable* and *unknown* matters: after `refused` a new login is asked for; after `unavailable` the same refresh token is sent again when the time has come; after `unknown`, or when the plugin ends, hangs or answers nonsense, it is tried once more, carefully. Say `unavailable` only where the provider has certainly not renewed it. The answer is stored, durably, before it is looked at. An answer for another account is refused.',
]

const EXAMPLE = [
  '[`examples/plugins/claviger-provider-demo`](../examples/plugins/claviger-provider-demo) is a whole plugin, in Python without any package, and [`demo-server.py`](../examples/plugins/demo-server.py) beside it the provider it is for.',
  `\`\`\`sh
python3 examples/plugins/demo-server.py 7799 &
export PATH="$PWD/examples/plugins:$PATH" DEMO_URL=http://127.0.0.1:7799
claviger models providers
claviger models auth login --provider demo
\`\`\``,
  'What every plugin has to do is a suite for [vitest](https://vitest.dev), which starts the program as Claviger does; no server and no state of Claviger is needed:',
  `\`\`\`ts
import { describePlugin } from 'claviger/testing'

describePlugin({
  program: '/full/path/claviger-provider-demo',
  environment: () => ({ DEMO_URL: 'http://127.0.0.1:7799' }),
  methods: ['refresh', 'probe', 'revoke'],
  answer: (question, secret) => 'sign',
  open: async (url) => void (await fetch(url)),
})
\`\`\``,
]

function fields(shape: z.ZodObject): string {
  const { properties = {}, required = [] } = z.toJSONSchema(shape, { io: 'input' }) as {
    properties?: Record<string, Property>
    required?: readonly string[]
  }
  const rows = Object.entries(properties)
    .filter(([name]) => name !== 'step')
    .map(([name, property]) => [
      code(name),
      kindOf(property),
      required.includes(name) ? 'yes' : 'no',
      property.description ?? '',
    ])
  return table(['field', 'kind', 'required', ''], rows)
}

function kindOf({ type = '', enum: values, items }: Property): string {
  if (values !== undefined) return values.map(code).join(', ')
  return type === 'array' && items !== undefined ? `list: ${kindOf(items)}` : type
}

function stepOf(shape: (typeof stepShape.options)[number]): string {
  return String(shape.shape.step.value)
}
