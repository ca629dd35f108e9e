// The command line: parses, runs one verb, and turns what went wrong into a sentence, a hint and an exit code. It knows
// the server through its client only, and starts programs through the runner only.

import { CommanderError } from 'commander'
import { asClavigerError, ClavigerError } from '../domain/errors.ts'
import { createContext, type GlobalOptions, type Verb } from './context.ts'
import type { CliDependencies } from './dependencies.ts'
import { EXIT, EXIT_CODE_OF } from './exit-codes.ts'
import { sayingLocally } from './models/local-words.ts'
import { createProgram } from './program.ts'
import { createUi, type Streams } from './ui.ts'
import { refuseOptionsOfOthers, refuseSecretArguments, refuseSurplusVerb, usageError } from './usage.ts'

export type { CliDependencies } from './dependencies.ts'

/** Runs the command line; returns the exit code and never throws. `argv` is without the program's own name. */
export async function runCli(argv: readonly string[], dependencies: CliDependencies): Promise<number> {
  ignoreClosedPipes(dependencies)
  const ui = createUi(dependencies, asksForJson(argv))
  let exitCode: number = EXIT.ok
  const program = createProgram(dependencies.version, ui, (command, load) => {
    command.action(async () => {
      refuseSurplusVerb(command)
      refuseOptionsOfOthers(command)
      const verb = (await load()) as Verb<GlobalOptions>
      const options = command.optsWithGlobals<GlobalOptions>()
      const context = createContext(dependencies, ui, options)
      try {
        const run = () => verb(context, options, command.args)
        exitCode = context.agent === null ? await run() : await sayingLocally(context, run)
      } finally {
        await context.close()
      }
    })
  })
  try {
    if (argv[0] === '__complete') {
      const { candidates } = await import('./commands/completion.ts')
      ui.raw(candidates(program, argv.slice(1)).join('\n'))
      return EXIT.ok
    }
    refuseSecretArguments(argv)
    await program.parseAsync([...argv], { from: 'user' })
    return exitCode
  } catch (thrown) {
    if (thrown instanceof CommanderError && thrown.exitCode === 0) return EXIT.ok
    // Help was shown because a verb is missing: that has been said already.
    if (thrown instanceof CommanderError && thrown.code === 'commander.help') return EXIT.usage
    const error = thrown instanceof CommanderError ? usageError(thrown, argv) : explained(thrown)
    ui.error(error)
    return EXIT_CODE_OF[error.code]
  }
}

// `--json` must hold for errors of parsing too. What follows two dashes belongs to another program.
function asksForJson(argv: readonly string[]): boolean {
  const end = argv.indexOf('--')
  return (end === -1 ? argv : argv.slice(0, end)).includes('--json')
}

// What we did not expect: the system says what it could not do; from anything else only the place is shown, because
// messages of others may hold a value.
function explained(thrown: unknown): ClavigerError {
  if (thrown instanceof ClavigerError) return thrown
  if (thrown instanceof Error && 'syscall' in thrown) {
    return new ClavigerError('internal', `${thrown.message}.`, {
      hint: 'Check the state directory (CLAVIGER_STATE_DIR), then run: claviger doctor',
      cause: thrown,
    })
  }
  if (thrown instanceof Error && thrown.name === 'UnsafePathError') {
    return new ClavigerError('internal', `Nothing was written: ${thrown.message}`, {
      hint: 'Set CLAVIGER_STATE_DIR to a directory of your own.',
      cause: thrown,
    })
  }
  const { message, cause } = asClavigerError(thrown)
  const place =
    thrown instanceof Error ? (/\(?([^\s()]+:\d+:\d+)\)?/.exec(thrown.stack ?? '')?.[1] ?? '') : ''
  return new ClavigerError('internal', message, {
    hint: place === '' ? 'Please report it.' : `Please report it, with this place: ${place}`,
    cause,
  })
}

// `claviger … | head`: the reader has seen enough; a terminal is gone (EIO): that is no error.
function ignoreClosedPipes({ stdout, stderr }: Streams): void {
  for (const stream of [stdout, stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE' && error.code !== 'EIO') throw error
    })
  }
}
