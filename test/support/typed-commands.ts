// Whether what is written somewhere as a command line of ours can be typed.

import type { Command } from 'commander'
import { createProgram } from '../../src/cli/program.ts'
import type { Ui } from '../../src/cli/ui.ts'

const program = createProgram('0', {} as Ui, () => undefined)

export interface Said {
  readonly where: string
  /** After `claviger`. */
  readonly words: readonly string[]
}

/** What keeps it from being a command of the real tree, with options it has and those it cannot do without. */
export function faultsOf({ where, words }: Said): string[] {
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
