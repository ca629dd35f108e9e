// `claviger completion SHELL`: a small script that asks this program what may come next, so that it never goes stale.

import type { Command } from 'commander'
import { ClavigerError } from '../../domain/errors.ts'
import type { Context } from '../context.ts'

const SCRIPTS = new Map<string, string>([
  [
    'bash',
    `_claviger() {
  local IFS=$'\\n'
  COMPREPLY=($(claviger __complete "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
}
complete -o default -F _claviger claviger
`,
  ],
  [
    'zsh',
    `#compdef claviger
_claviger() {
  local -a found
  found=("\${(@f)$(claviger __complete "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  compadd -- $found
}
compdef _claviger claviger
`,
  ],
  [
    'fish',
    `function __claviger_complete
  set -l words (commandline -opc)
  set -l last (commandline -ct)
  claviger __complete $words[2..-1] "$last" 2>/dev/null
end
complete -c claviger -f -a '(__claviger_complete)'
`,
  ],
])

const WHERE: Readonly<Record<string, string>> = {
  bash: 'claviger completion bash > ~/.local/share/bash-completion/completions/claviger',
  zsh: 'claviger completion zsh > a file named _claviger in a directory of $fpath',
  fish: 'claviger completion fish > ~/.config/fish/completions/claviger.fish',
}

export async function run({ ui }: Context, _: unknown, [shell = '']: readonly string[]): Promise<number> {
  const script = SCRIPTS.get(shell)
  if (script === undefined) {
    throw new ClavigerError('invalid', 'Which shell?', {
      hint: `Type: claviger completion ${[...SCRIPTS.keys()].join('|')}`,
    })
  }
  ui.raw(script)
  if (ui.interactive) ui.note(`# Keep it: ${WHERE[shell]}`)
  return 0
}

/** What may stand in the place of the last word. `words` is what was typed after the program's name. */
export function candidates(program: Command, words: readonly string[]): string[] {
  const last = words.at(-1) ?? ''
  const before = words.slice(0, -1)
  if (before.includes('--')) return []
  let command = program
  for (const word of before) {
    command = command.commands.find((one) => one.name() === word || one.aliases().includes(word)) ?? command
  }
  const options = [...command.options, ...program.options]
  const previous = options.find((option) => option.long === before.at(-1))
  const found = previous?.argChoices ?? namesIn(command, options, last)
  return [...new Set(found)].filter((one) => one.startsWith(last))
}

function namesIn(command: Command, options: Command['options'], last: string): string[] {
  if (last.startsWith('-')) return options.flatMap((option) => option.long ?? [])
  return command.commands.flatMap((one) => [one.name(), ...one.aliases()])
}
