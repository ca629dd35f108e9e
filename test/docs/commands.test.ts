// What we tell people to type can be typed: every `claviger …` of hints, pages and documents is a command of the real
// tree, with options it has and those it cannot do without.

import { globSync, readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { faultsOf, type Said } from '../support/typed-commands.ts'

const root = new URL('../../', import.meta.url).pathname

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
