// What we tell people to type can be typed: every `claviger …` of hints, pages and documents is a command of the real
// tree, with options it has and those it cannot do without.

import { globSync, readFileSync } from 'node:fs'
import type { Command } from 'commander'
import { expect, it } from 'vitest'
import { createProgram } from '../../src/cli/program.ts'
import type { Ui } from '../../src/cli/ui.ts'

const root = new URL('../../', import.meta.url).pathname
const program = createProgram('0', {} as Ui, () => undefined)

interface Said {
  readonly where: string
  readonly words: readonly string[]
}

it('what sources tell people to type', () => {
  const said = globSync('src/**/*.ts', { cwd: root })
    .filter((path) => !/\.(test|conformance)\.ts$|completion\.ts$/.test(path))
    .flatMap((path) => inSource(path, readFileSync(root + path, 'utf8')))
  expect(said.length).toBeGreaterThan(80)
  expect(said.flatMap(faultsOf)).toEqual([])
})

it('what documents tell people to type', () => {
  const said = globSync('{*,docs/*,docs/coming-from/*}.md', { cwd: root }).flatMap((path) =>
    inDocument(path, readFileSync(root + path, 'utf8')),
  )
  expect(said.length).toBeGreaterThan(40)
  expect(said.flatMap(faultsOf)).toEqual([])
})

it.each([
  ["'Type: claviger tokens list'", 'there is no claviger tokens'],
  ["'claviger admin members invite EMAIL'", 'there is no claviger admin members invite'],
  ["'claviger rekey --hard'", 'claviger rekey has no --hard'],
  // biome-ignore lint/suspicious/noTemplateCurlyInString: it is looked for in sources.
  ['`claviger admin agent token ${name}`', 'claviger admin agent token needs --name'],
  ["'claviger admin agent token NAME --name NAME'", 'claviger admin agent token needs --expires-in'],
  ["'claviger admin members role EMAIL'", 'claviger admin members role needs <role>'],
  ["'claviger logout NOW'", 'claviger logout takes no NOW'],
])('%s is noticed', (source, expected) => {
  expect(inSource('here', source).flatMap(faultsOf)).toEqual([`here: ${expected}`])
})

// Labels under which keys are derived, and names of connections.
const NO_COMMAND = /^claviger ((.* )?v1\b|listening|copy)/

function inSource(path: string, source: string): Said[] {
  const text = source
    .replaceAll(/^ *(\/\/|\*|\/\*).*$/gm, '')
    .replaceAll(/\$\{[^{}]*(\{[^{}]*\})?[^{}]*\}/g, 'X')
  return [...text.matchAll(/(?<![\w/.-])claviger [^'`\n<"]+/g)]
    .filter(([found]) => !NO_COMMAND.test(found))
    .map(([found]) => ({ where: path, words: wordsOf(found) }))
}

function inDocument(path: string, text: string): Said[] {
  const inBlocks = [...text.matchAll(/^```sh\n(.*?)^```/gms)].flatMap(([, block = '']) =>
    [...block.matchAll(/(?<![\w/.-])claviger .*/g)].map(([found]) => found.replace(/ +#.*$/, '')),
  )
  const inLine = [...text.matchAll(/`(?:CLAVIGER_\w+=\S+ )?(claviger [^`]+)`/g)].map(
    ([, found = '']) => found,
  )
  return [...inBlocks, ...inLine].map((found) => ({ where: path, words: wordsOf(found) }))
}

// Up to where the sentence goes on.
function wordsOf(found: string): string[] {
  const [command = ''] = found.split(/[,;:)]( |$)|\.( |$)| [(|>&<]|\n/)
  return (command.match(/"[^"]*"?|'[^']*'?|\S+/g) ?? []).slice(1)
}

function faultsOf({ where, words }: Said): string[] {
  let command: Command = program
  let rest = [...words]
  while (command.commands.length > 0 && rest.length > 0) {
    const [word = ''] = rest
    // What is put in only when it is said.
    if (word.startsWith('-') || /^(X|…)/.test(word)) return []
    const alternatives = word.split('|')
    const next = alternatives.map((one) => find(command, one))
    const missing = alternatives.find((_, index) => next[index] === undefined)
    if (missing !== undefined) return [`${where}: there is no ${pathOf(command)} ${missing}`]
    command = next[0] ?? command
    rest = rest.slice(1)
  }
  return command.commands.length > 0 ? [] : useFaults(command, rest).map((fault) => `${where}: ${fault}`)
}

function useFaults(command: Command, rest: readonly string[]): string[] {
  const name = pathOf(command)
  const options = [...command.options, ...program.options]
  const given = new Set<string>()
  let taken = 0
  for (let i = 0; i < rest.length; i += 1) {
    const word = rest[i] ?? ''
    if (word === '--') break
    if (word.startsWith('-')) {
      const [flag = ''] = word.split('=')
      const option = options.find(({ long, short }) => long === flag || short === flag)
      if (!option) return word === '--help' || name === 'claviger helper' ? [] : [`${name} has no ${flag}`]
      given.add(option.long ?? '')
      if ((option.required || option.optional) && !word.includes('=') && !rest[i + 1]?.startsWith('-')) i += 1
    } else if (/^[a-z]+$/.test(word) && taken >= command.registeredArguments.length) {
      return [] // Prose goes on.
    } else {
      taken += 1
      const last = command.registeredArguments.at(-1)
      if (taken > command.registeredArguments.length && !last?.variadic && name !== 'claviger helper')
        return [`${name} takes no ${word}`]
    }
  }
  // Named, and not spelled out.
  if (rest.length === 0 || rest[0] === '--') return []
  return missingIn(command, given, taken).map((missing) => `${name} needs ${missing}`)
}

function missingIn(command: Command, given: ReadonlySet<string>, taken: number): string[] {
  const needed = command.options.filter(({ mandatory }) => mandatory).map(({ long }) => long ?? '')
  const missing = needed.filter((long) => !given.has(long))
  const hasLifetime = command.options.some(({ long }) => long === '--no-expiry')
  if (missing.length === 0 && hasLifetime && !given.has('--expires-in') && !given.has('--no-expiry'))
    missing.push('--expires-in')
  const argument = command.registeredArguments.slice(taken).find(({ required }) => required)
  return argument ? [...missing, `<${argument.name()}>`] : missing
}

function find(command: Command, word: string): Command | undefined {
  return command.commands.find((one) => one.name() === word || one.aliases().includes(word))
}

function pathOf(command: Command): string {
  return command.parent ? `${pathOf(command.parent)} ${command.name()}` : 'claviger'
}
