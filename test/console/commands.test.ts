// The API's sentences name commands. In a browser they are places, and every command that a sentence can name was decided on.

import { globSync, readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { commandsIn, partsOf, placeOf } from '../../console/src/words/commands.ts'

const titles = (sentence: string) =>
  partsOf(sentence)
    .map((part) => (typeof part === 'string' ? part : `[${part.title}]`))
    .join('')

it.each([
  [
    'See which there are: claviger admin teams list. Make one: claviger admin teams add TEAM',
    'See which there are: [Settings → Organization]. Make one: [Settings → Organization]',
  ],
  [
    'Change its value with: claviger credential update --value my.key, or choose another name.',
    'Change its value with: [Credentials], or choose another name.',
  ],
  [
    'Ask an admin for a code (claviger admin worker enrol NAME), then: claviger worker --enrol',
    'Ask an admin for a code ([Settings → Agents and workers]), then: claviger worker --enrol',
  ],
  [
    'Enter its value again with `claviger credential update --value`.',
    'Enter its value again with [Credentials].',
  ],
  [
    'On the command line: claviger credential create codex api-key --personal NAME. To take it over: claviger credential import --from codex',
    '[Add a credential]. To take it over: claviger credential import --from codex',
  ],
  ['Sign in: claviger login, or set CLAVIGER_TOKEN.', 'Sign in: claviger login, or set CLAVIGER_TOKEN.'],
  ['Something else: clavigers run.', 'Something else: clavigers run.'],
])('%s', (sentence, shown) => {
  expect(titles(sentence)).toBe(shown)
})

it('a login that is over is found by its name', () => {
  expect(partsOf('Sign in again: claviger credential login --team a chat.gpt')).toEqual([
    'Sign in again: ',
    { title: 'Credentials', to: '/credentials', search: { search: 'chat.gpt' } },
  ])
})

// What a program on a machine does, or the operator of the server: there is no place for it in a browser.
const OF_TERMINALS = [
  ...['login', 'worker', 'exec', 'serve', 'rekey', 'migrate', 'backup', 'credential import', 'codex-login'],
  // Profiles are of a machine without a server.
  ...['models auth login', 'models providers'],
  // What is sent to webhooks again is not in the console yet.
  'admin events',
]

it('every command of a sentence of the API has a place, or was said to have none', () => {
  const folders = ['control', 'domain', 'identity', 'providers', 'store']
  const files = globSync(folders.map((folder) => `src/${folder}/**/*.ts`)).filter(
    (path) => !/\.(test|conformance)\.ts$/.test(path),
  )
  const undecided = files.flatMap((path) =>
    readFileSync(path, 'utf8')
      .split('\n')
      .filter((line) => !/^\s*(\/\/|\*|\/\*)/.test(line))
      .flatMap((line) => line.replaceAll(/\$\{[^}]*\}/g, 'X').match(/'[^']*'|"[^"]*"|`[^`]*`/g) ?? [])
      .map((literal) => literal.slice(1, -1))
      // What begins so is a name: of who did something, or of what a digest is for.
      .filter((text) => !text.startsWith('claviger '))
      .flatMap(commandsIn)
      .filter((command) => placeOf(command) === undefined)
      .filter((command) => !OF_TERMINALS.some((one) => command === one || command.startsWith(`${one} `)))
      .map((command) => `${path}: ${command}`),
  )
  expect(undecided).toEqual([])
})
