// The words and options of the command line, and which module does the work. A verb's module is loaded when that verb was
// chosen.

import { Command, Option } from 'commander'
import { HARNESSES } from '../domain/harness-names.ts'
import { ACCESS } from '../domain/runs/conversation.ts'
import { SETTINGS } from '../domain/settings/settings.ts'
import { addAdminCommands } from './admin/program.ts'
import type { Attach } from './context.ts'
import { addModelCommands } from './models/program.ts'
import { addOnboarding } from './onboard/program.ts'
import { addOperatingCommands } from './operating/program.ts'
import { addCredentialCommands, collect, ownerOptions, signInOptions } from './program-credential.ts'
import { addRunCommands } from './run/program.ts'
import type { Ui } from './ui.ts'

/** The whole tree. `attach` decides how a verb is run; help and version go to the ui. */
export function createProgram(version: string, ui: Ui, attach: Attach): Command {
  const program: Command = new Command('claviger')
    .description('Keeps the credentials of coding agents: sealed, alive, and handed to the right run.')
    .version(version, '--version')
    .option('--json', 'answer with JSON; errors too')
    .addOption(setting(SETTINGS.server))
    .option('--local', 'the profiles of this machine, and no server')
    .exitOverride()
    .configureHelp({
      showGlobalOptions: true,
      // Those of the commands in between belong to other forms of the verb.
      visibleGlobalOptions: (command) =>
        command === program ? [] : program.options.filter(({ long }) => long !== '--version'),
    })
    .configureOutput({
      writeOut: (text) => ui.raw(text),
      writeErr: (text) => {
        for (const line of text.trimEnd().split('\n')) ui.note(line)
      },
      // Errors are put into our own words (usage.ts).
      outputError: () => undefined,
    })
    .addHelpText('after', settingsHelp)
  addServing(program, attach)
  addSigningIn(program, attach)
  addCredentialCommands(program, attach)
  addRunning(program, attach)
  addRunCommands(program, attach)
  addAdminCommands(program, attach)
  addOperatingCommands(program, attach)
  addModelCommands(program, attach)
  addOnboarding(program, attach)
  return program
}

function addServing(program: Command, attach: Attach): void {
  const serve = program
    .command('serve')
    .description('Run the server until it is interrupted.')
    .addOption(setting(SETTINGS.port))
    .addOption(setting(SETTINGS.host))
    .addOption(setting(SETTINGS.databaseUrl))
    .option('--no-embedded-worker', 'carry out no runs here')
    .option('--open', 'open it in the browser')
  attach(serve, () => import('./commands/serve.ts').then((m) => m.run))
  const sandbox = program
    .command('sandbox')
    .description('Run fakes of the providers, to try things out without an account.')
    .option('--port <number>', 'port to listen on; a free one when absent')
    .option('--tls <directory>', "also play the providers' own hosts, by a proxy; ca.pem goes there")
  attach(sandbox, () => import('./commands/sandbox.ts').then((m) => m.run))
}

const ACCEPT_SERVER = ['--accept-server', 'also when another server was at this address before'] as const

function addSigningIn(program: Command, attach: Attach): void {
  const login = program
    .command('login')
    .description('Sign this terminal in to a server: it shows a code, and you let it in on a page.')
    .option('--organization <name>', 'into this one of your organizations')
    .option('--open', 'open the page in the browser')
    .option('--invitation', 'with an invitation or a sign-in link, asked for or read from standard input')
    .option('--name <name>', 'with an invitation: the name others will see')
    .option('--approve <code>', 'let another terminal in, which shows this code')
    .option('--force', 'with --approve: do not ask')
    .option('--token', 'with an API token, asked for or read from standard input')
    .option(...ACCEPT_SERVER)
  attach(login, () => import('./signing-in/login.ts').then((m) => m.run))
  const codexLogin = program
    .command('codex-login')
    .description(
      'Sign in with ChatGPT and store the login: credential create codex oauth, asking for the server.',
    )
    .argument('[name]', 'codex when absent')
    .option('--api-url <url>', 'address of the server')
    .option('--api-key <key>', 'token for it; better asked for than given here')
    .option('--replace-account', 'even when it is another account than before')
    .option(...ACCEPT_SERVER)
  attach(signInOptions(ownerOptions(codexLogin)), () => import('./logins/codex-login.ts').then((m) => m.run))
  const logout = program.command('logout').description('Forget the saved login.')
  attach(logout, () => import('./commands/logout.ts').then((m) => m.run))
  const whoami = program.command('whoami').description('Say who this terminal is, and to which server.')
  attach(whoami, () => import('./commands/whoami.ts').then((m) => m.run))
  const completion = program
    .command('completion')
    .description('Print a completion script for a shell: bash, zsh or fish.')
    .argument('[shell]')
  attach(completion, () => import('./commands/completion.ts').then((m) => m.run))
  const doctor = program
    .command('doctor')
    .description('Check this machine and its server, or its profiles where there is none.')
    .option('--worker', 'also whether runs on this machine would get a credential, and if not, why')
    .addOption(new Option('--harness <name>', 'only this agent program').choices(HARNESSES))
  attach(doctor, () => import('./doctor/doctor.ts').then((m) => m.run))
  const worker = program
    .command('worker')
    .description('Carry out runs on this machine, with a token of its own.')
    .option(
      '--enrol [code]',
      'first make this machine a worker; the code is asked for, or read from standard input, when it is not given',
    )
    .option('--enrol-only', 'and carry out nothing yet')
    .option(...ACCEPT_SERVER)
    .option('--directory <dir>', 'let runs work in this directory too; may be repeated', collect)
    .option('--runs <n>', 'so many at a time; 4 when absent')
    .option('--no-ambient', 'what this machine has of its own serves no run')
    .option('--wait [seconds]', 'for a credential no longer than so; then exit 78')
    .option('--attached', 'end when standard input ends: for whoever starts it as a part of something')
  attach(worker, () => import('./commands/worker.ts').then((m) => m.run))
}

function addRunning(program: Command, attach: Attach): void {
  const exec = program
    .command('exec')
    .description('Run a command with a credential for its harness: exec --harness claude -- claude -p "…"')
    .argument('[command...]', 'after two dashes')
    .addOption(new Option('--delivery <mode>', 'how it is handed over').choices(['env', 'helper']))
    .option('--keep-env', 'what the environment carries already wins')
  attach(profileOptions(choosing(waiting(exec))), () => import('./commands/exec.ts').then((m) => m.run))
  const chat = program
    .command('chat')
    .description(
      'Talk to a coding agent in this terminal, in this directory. /help there says what else may be typed.',
    )
    .addOption(new Option('--harness <name>', 'the agent program').choices(HARNESSES))
    .option('--credential <name>', 'this one and no other')
    .option('--team <slug>', 'draw on this team only')
    .option('--agent <name>', 'as this agent')
    .option('--workspace <place>', 'another directory; of a server as for claviger run')
    .addOption(new Option('--access <what>', 'what the agent may do in its workspace').choices(ACCESS))
    .option('--model <name>', "instead of the program's own choice")
  attach(profileOptions(chat), () => import('./chat/chat.ts').then((m) => m.run))
  const restore = program
    .command('restore')
    .description("At boot: write a credential into the harness's own files.")
  attach(profileOptions(choosing(waiting(restore))), () => import('./commands/restore.ts').then((m) => m.run))
  const explain = program
    .command('explain')
    .description('Say which credential a run would get, and why the others not.')
    .option('--user <who>', 'e-mail or id of another person, or me')
  attach(profileOptions(choosing(explain, true)), () => import('./commands/explain.ts').then((m) => m.run))
  program
    .command('helper')
    .description(
      "Print the credential of a run, for the harness's own hooks: helper api-key|aws|codex-token --lease-file FILE; or that of a profile of this machine: helper api-key --profile PROVIDER:NAME",
    )
}

// The table writes `--port N`, for documentation; the parser wants `--port <N>`.
function setting({ flag, meaning }: { readonly flag: string; readonly meaning: string }): Option {
  return new Option(flag.replace(/ (\w+)$/, ' <$1>'), meaning)
}

// What the verbs have in common that can do without a server.
function profileOptions(command: Command): Command {
  return command.option('--profile <id>', 'this profile of this machine, without a server')
}

// For machines that may be started before anything is stored.
function waiting(command: Command): Command {
  return command.option('--wait [seconds]', 'until something serves, or so long; then exit 78')
}

// What the verbs that choose a credential for a run have in common. Those of machines also read the harness from variables.
function choosing(command: Command, isMandatory = false): Command {
  return command
    .addOption(
      new Option('--harness <name>', 'the agent program').choices(HARNESSES).makeOptionMandatory(isMandatory),
    )
    .option('--credential <name>', 'this one and no other')
    .option('--team <slug>', 'only this one of your teams')
    .option('--agent <name>', 'as this agent')
    .option('--no-ambient', 'never what this machine has of its own')
}

function settingsHelp(): string {
  const all = Object.values(SETTINGS)
  const width = Math.max(...all.map(({ variable }) => variable.length)) + 2
  const lines = all.map(({ variable, meaning }) => `  ${variable.padEnd(width)}${meaning}`)
  return `\nVariables:\n${lines.join('\n')}\n\nExit codes: 0 ok, 1 failed, 2 usage, 3 not signed in, 4 not allowed, 5 needs login, 78 no credential.`
}
