// The words and options of `claviger models` and `claviger agents`: the profiles of this machine, without a server.

import { type Command, Option } from 'commander'
import { HARNESSES } from '../../domain/harness-names.ts'
import type { Attach, Verb } from '../context.ts'
import { signInOptions } from '../program-credential.ts'
import { sayingLocally } from './local-words.ts'
import { PROVIDERS, SIGN_IN_PROVIDERS } from './providers.ts'

export function addModelCommands(program: Command, attachPlainly: Attach): void {
  const attach = locally(attachPlainly)
  const models = program.command('models').description('The accounts of this machine, without a server.')
  const status = models
    .command('status')
    .description('Show every profile, how it stands, and until when.')
    .option('--check', 'exit 1 when one is expired, missing or needs its owner, 2 when one ends soon')
    .option('--probe', 'ask the provider of each with a real call')
    .addOption(new Option('--harness <name>', 'only this agent program').choices(HARNESSES))
  attach(ofAgent(status), () => import('./status.ts').then((m) => m.run))
  // These talk to a server as well, in its words.
  addMoving(models, attachPlainly)
  const all = models
    .command('providers')
    .description('Whose accounts can be used: built in, and plugins on PATH.')
  attach(ofAgent(all), () => import('./plugins.ts').then((m) => m.providers))
  addAuth(models.command('auth').description('Sign in, store and order accounts.'), attach)
  addAgents(program, attach)
}

// What verbs of a server do here too is said in the words of here.
function locally(attach: Attach): Attach {
  return <O>(command: Command, load: () => Promise<Verb<O>>) =>
    attach<O>(command, async () => {
      const verb = await load()
      return (context, options, words) => {
        const { agent = null } = options as { readonly agent?: string }
        return sayingLocally({ agent }, () => verb(context, options, words))
      }
    })
}

function addMoving(models: Command, attach: Attach): void {
  const push = models
    .command('push')
    .description('Move profiles to the server: it keeps them from then on, and they are no longer here.')
    .argument('[profiles...]', 'all of the agent when absent')
    .option('--org', 'to the organization')
    .option('--team [slug]', 'to a team; without a slug, to your only one')
    .option('--personal', 'to yourself, as without any of these')
    .option('--name <name>', 'what it is called there')
    .option('--accept-notice', 'the notice about Claude subscriptions was read and is accepted')
  attach(ofAgent(push), () => import('./moving.ts').then((m) => m.push))
  const pull = models
    .command('pull')
    .description(
      'Move a personal credential of yours from the server to this machine; it is no longer there.',
    )
    .argument('[name]')
    .option('--profile-id <id>', 'what it is called here: PROVIDER:NAME')
    .option('--accept-notice', 'the notice about Claude subscriptions was read and is accepted')
  attach(ofAgent(pull), () => import('./moving.ts').then((m) => m.pull))
}

function addAuth(auth: Command, attach: Attach): void {
  const login = auth.command('login').description('Sign in at a provider.')
  login
    .requiredOption('--provider <id>', `${SIGN_IN_PROVIDERS.join(', ')}, or the NAME of a plugin`)
    .option('--profile-id <id>', 'what it is called: PROVIDER:NAME')
    .option('--accept-notice', 'the notice about Claude subscriptions was read and is accepted')
    .option('--replace-account', 'even when it is another account than before')
  attach(signInOptions(ofAgent(login)), () => import('./login.ts').then((m) => m.login))
  const token = auth
    .command('setup-token')
    .description(
      'Store a setup token of Claude; `claude setup-token` is run here if you like. A profile of this name gets it.',
    )
  attach(entry(token), () => import('./login.ts').then((m) => m.setupToken))
  const paste = auth
    .command('paste-token')
    .description(
      'Store a token that another program has printed; a profile of this name gets it as its new value.',
    )
  attach(entry(paste), () => import('./login.ts').then((m) => m.pasteToken))
  const key = auth
    .command('paste-api-key')
    .description('Store an API key; a profile of this name gets it as its new value.')
  attach(entry(key), () => import('./login.ts').then((m) => m.pasteApiKey))
  const take = auth
    .command('import')
    .description('Take over accounts that another program keeps on this machine; its copies are dead then.')
    .addOption(
      new Option(
        '--from <source>',
        'codex, claude, openclaw, coderclaw, or the path of a file or directory',
      ).makeOptionMandatory(),
    )
    .option('--profile-id <id>', 'what it is called here: PROVIDER:NAME')
    .option('--dry-run', 'only show what would be taken over')
    .option('--accept-notice', 'the notice about Claude subscriptions was read and is accepted')
  attach(ofAgent(take), () => import('./import.ts').then((m) => m.run))
  const notice = auth
    .command('accept-notice')
    .description('Show the notice about Claude subscriptions, and accept it: without that none serves here.')
  attach(ofAgent(notice), () => import('./login.ts').then((m) => m.acceptNotice))
  const list = auth.command('list').description('List profiles and what they are called.')
  attach(ofAgent(list), () => import('./status.ts').then((m) => m.list))
  const logout = auth
    .command('logout')
    .description(
      'Forget a profile. A login goes on at its provider until it is ended there; one of a plugin is ended by it.',
    )
  attach(ofAgent(logout.argument('[profile]').option('--force', 'do not ask')), () =>
    import('./login.ts').then((m) => m.logout),
  )
  addOrder(auth.command('order').description('Which profile of a provider is tried first.'), attach)
}

function addOrder(order: Command, attach: Attach): void {
  const get = order.command('get').description('Show the order.')
  attach(ofAgent(anyProvider(get)), () => import('./order.ts').then((m) => m.get))
  const set = order.command('set').description('Set it: the profiles, first to be tried first.')
  attach(ofAgent(anyProvider(set.argument('[profiles...]'))), () => import('./order.ts').then((m) => m.set))
  const clear = order
    .command('clear')
    .description('Go back to the order of kinds, then to the one used longest ago.')
  attach(ofAgent(anyProvider(clear)), () => import('./order.ts').then((m) => m.clear))
}

function addAgents(program: Command, attach: Attach): void {
  const agents = program
    .command('agents')
    .description('Agents of this machine: each has profiles, sessions and a workspace of its own.')
  attach(agents.command('list').description('List them.'), () => import('./agents.ts').then((m) => m.list))
  const add = agents.command('add').description('Make one; it also reads the profiles of the main agent.')
  attach(add.argument('[name]'), () => import('./agents.ts').then((m) => m.add))
  const remove = agents.command('remove').description('Remove one with its profiles. It cannot be undone.')
  attach(remove.argument('[name]').option('--force', 'do not ask'), () =>
    import('./agents.ts').then((m) => m.remove),
  )
}

function ofAgent(command: Command): Command {
  return command.option('--agent <name>', 'an agent of this machine; main when absent')
}

function provider(command: Command): Command {
  return command.addOption(
    new Option('--provider <id>', 'whose account').choices(PROVIDERS).makeOptionMandatory(),
  )
}

function anyProvider(command: Command): Command {
  return command.addOption(
    new Option('--provider <id>', `${PROVIDERS.join(', ')}, or the NAME of a plugin`).makeOptionMandatory(),
  )
}

function named(command: Command): Command {
  return provider(command).option('--profile-id <id>', 'what it is called: PROVIDER:NAME')
}

function entry(command: Command): Command {
  return ofAgent(named(command))
    .option('--value-file <file>', 'read it from this file')
    .option('--test', 'ask the provider first, and store nothing when it refuses')
    .option('--accept-notice', 'the notice about Claude subscriptions was read and is accepted')
}
