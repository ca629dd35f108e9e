// The words and options of `claviger onboard`.

import { type Command, Option } from 'commander'
import { HARNESSES } from '../../domain/harness-names.ts'
import type { Attach } from '../context.ts'
import { signInOptions } from '../program-credential.ts'
import { TRIALS, waysOf } from './options.ts'

const WAYS = [...new Set(HARNESSES.flatMap(waysOf))]

const HELP = `
On a terminal everything that is not said is asked. Elsewhere say --harness and --way; a value is piped to standard input, or
read with --value-file. Run again, it says what is there, and does what is missing.`

export function addOnboarding(program: Command, attach: Attach): void {
  const onboard = program
    .command('onboard')
    .description('From nothing to an agent that answers: looks at what is here, signs in, and tries it out.')
    .addOption(new Option('--harness <name>', 'for this agent program').choices(HARNESSES))
    .addOption(new Option('--way <way>', 'how to come by an account').choices(WAYS))
    .option('--from <source>', 'take over: codex, claude, openclaw, coderclaw, or a path')
    .option('--name <name>', 'what the account is called here; a profile is PROVIDER:NAME')
    .option('--agent <name>', 'an agent of this machine; main when absent')
    .option('-f, --value-file <file>', 'read the value from a file')
    .option('--base-url <baseUrl>', 'base URL (an API key of OpenAI)')
    .option('--region <region>', 'AWS region (Bedrock)')
    .option('--accept-notice', 'the notice about Claude subscriptions was read and is accepted')
    .addOption(
      new Option('--try <how>', 'turn: the program answers; probe: its provider is asked; no').choices(
        TRIALS,
      ),
    )
    .option('--non-interactive', 'ask nothing, also on a terminal')
    .addHelpText('after', HELP)
  attach(signInOptions(onboard), () => import('./onboard.ts').then((m) => m.run))
}
