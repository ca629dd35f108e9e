// The words and options of `claviger credential`, also reachable as `claviger secret`. The types of credentials come
// from their table: a new type is a new row there and nothing here.

import { type Command, Option } from 'commander'
import {
  CREDENTIAL_TYPE_NAMES,
  CREDENTIAL_TYPES,
  type CredentialType,
  type CredentialTypeDefinition,
} from '../domain/credential-types.ts'
import { HARNESS_TITLE, HARNESSES, type HarnessName } from '../domain/harness-names.ts'
import { NOTICE } from '../domain/resolution/policy.ts'
import { CREDENTIAL_STATES } from '../domain/state.ts'
import type { Attach } from './context.ts'

// What Oz's documents call the harnesses of these providers.
const OZ_NAME: Readonly<Record<HarnessName, string>> = { claude: 'anthropic', codex: 'openai' }

const INPUT_HELP = `
The value is asked for without showing it; when standard input is no terminal it is read from there.
A type with several fields reads a JSON object, {"accessKeyId":"…","secretAccessKey":"…"}, or lines of field=value.
Secrets are never taken from the command line.`

const NAME = '[name]'

export function addCredentialCommands(program: Command, attach: Attach): void {
  const group = program
    .command('credential')
    .alias('secret')
    .summary('Store, see and change credentials.')
    .description('Store, see and change credentials. `claviger secret` is the same.')
  addCreate(group, attach)
  addReading(group, attach)
  addChanging(group, attach)
  addLogins(group, attach)
  addOrder(group, attach)
}

function addCreate(group: Command, attach: Attach): void {
  const create = group
    .command('create')
    .description('Store a credential: create HARNESS KIND NAME, create raw NAME, or create NAME --type TYPE.')
    .argument(NAME, 'name, for the form with --type')
    .allowExcessArguments()
    .option('-t, --type <type>', 'type, for example claude/api-key; raw when absent')
    .option('--base-url <baseUrl>', 'base URL (codex/api-key)')
    .option('--region <region>', 'AWS region (Bedrock)')
    .option('--accept-notice', 'the notice about Claude subscriptions was read and is accepted')
  attach(entryOptions(ownerOptions(create)), () => import('./credential/create.ts').then((m) => m.run))
  for (const harness of HARNESSES) {
    const kinds = create
      .command(harness)
      .alias(OZ_NAME[harness])
      .description(`Store a credential for ${HARNESS_TITLE[harness]}.`)
    for (const type of typesOf(harness)) addKind(kinds, type, attach)
    addSignIn(kinds, harness, attach)
  }
  addKind(create, 'raw', attach)
}

function addKind(parent: Command, type: CredentialType, attach: Attach): void {
  const { kind, title, fields, subscription, harness }: CredentialTypeDefinition = CREDENTIAL_TYPES[type]
  const command = parent.command(kind).description(`Store: ${title}.`).argument(NAME)
  for (const field of fields.filter((one) => !one.secret)) {
    command.option(`--${kebab(field.name)} <${field.name}>`, `${field.label}, for example ${field.example}`)
  }
  if (subscription && harness !== null && NOTICE[harness] !== null) {
    command.option('--accept-notice', 'the notice about subscriptions was read and is accepted')
  }
  attach(entryOptions(ownerOptions(command)), async () => {
    const { create } = await import('./credential/create.ts')
    return (context, options: Parameters<typeof create>[2], words) => create(type, context, options, words)
  })
}

function addSignIn(parent: Command, harness: HarnessName, attach: Attach): void {
  const type = `${harness}/oauth` as const
  const command = parent
    .command(CREDENTIAL_TYPES[type].kind)
    .description(`Store: ${CREDENTIAL_TYPES[type].title}, by signing in.`)
    .argument(NAME)
    .option('-d, --description <text>', 'notes, for example who signed in')
  if (NOTICE[harness] !== null)
    command.option('--accept-notice', 'the notice about subscriptions was read and is accepted')
  attach(signInOptions(ownerOptions(command)), async () => {
    const { create } = await import('./credential/create.ts')
    return (context, options: Parameters<typeof create>[2], words) => create(type, context, options, words)
  })
}

/** What the verbs that sign in at a provider have in common. */
export function signInOptions(command: Command): Command {
  return command
    .addOption(
      new Option('--method <method>', 'browser and paste: by a link; device: by a code (Codex only)').choices(
        ['browser', 'paste', 'device'],
      ),
    )
    .option('--no-browser', 'show the link, and open no browser')
}

function addReading(group: Command, attach: Attach): void {
  const list = group
    .command('list')
    .description('List credentials. Values are never shown.')
    .addOption(new Option('--harness <name>', 'only for this harness').choices([...HARNESSES, 'raw']))
    .addOption(new Option('--type <type>', 'only of this type').choices(CREDENTIAL_TYPE_NAMES))
    .addOption(new Option('--state <state>', 'only in this state').choices(CREDENTIAL_STATES))
  attach(ownerOptions(list), () => import('./credential/list.ts').then((m) => m.run))
  const show = group.command('show').description('Show one credential, without its value.').argument(NAME)
  attach(ownerOptions(show), () => import('./credential/show.ts').then((m) => m.run))
  const test = group
    .command('test')
    .description('Ask the provider whether a credential works. Exit 0 when it does.')
    .argument(NAME)
  attach(ownerOptions(test), () => import('./credential/test.ts').then((m) => m.run))
  const history = group.command('history').description('List the versions of a value.').argument(NAME)
  attach(ownerOptions(history), () => import('./credential/history.ts').then((m) => m.run))
}

function addChanging(group: Command, attach: Attach): void {
  const update = group
    .command('update')
    .description('Change the value, single fields of it, or the description.')
    .argument(NAME)
    .option('--value', 'ask for a new value (or read it from standard input)')
    .option('--field <name>', 'only this field, the others are kept; may be repeated', collect)
    .option('--clear-field <name>', 'remove an optional field; may be repeated', collect)
    .option('--base-url <baseUrl>', 'a new base URL (codex/api-key)')
    .option('--region <region>', 'a new AWS region (Bedrock)')
  attach(entryOptions(ownerOptions(update)), () => import('./credential/update.ts').then((m) => m.run))
  const rename = group.command('rename').description('Give a credential another name.').argument(NAME)
  attach(ownerOptions(rename.argument('[new-name]')), () =>
    import('./credential/rename.ts').then((m) => m.run),
  )
  const move = group
    .command('move')
    .description('Give a credential to another owner.')
    .argument(NAME)
    .option('--to <owner>', 'org, team:SLUG, agent:NAME or personal')
  attach(ownerOptions(move), () => import('./credential/move.ts').then((m) => m.run))
  const rollback = group
    .command('rollback')
    .description('Make the value of an older version current again.')
    .argument(NAME)
    .argument('[version]')
  attach(ownerOptions(rollback), () => import('./credential/rollback.ts').then((m) => m.run))
  const remove = group
    .command('delete')
    .description('Delete a credential with all its versions. It cannot be undone.')
    .argument(NAME)
    .option('--force', 'do not ask')
  attach(ownerOptions(remove), () => import('./credential/delete.ts').then((m) => m.run))
}

function addLogins(group: Command, attach: Attach): void {
  const login = group
    .command('login')
    .description('Sign in again for a credential that was made by signing in.')
    .argument(NAME)
    .option('--replace-account', 'even when it is another account than before')
    .option('--accept-notice', 'the notice about Claude subscriptions was read and is accepted')
  attach(signInOptions(ownerOptions(login)), () => import('./logins/login.ts').then((m) => m.run))
  const take = group
    .command('import')
    .description('Take over the login that codex or claude keeps on this machine; its own copy is dead then.')
    .argument(NAME, 'codex or claude when absent')
    .addOption(new Option('--from <source>', 'codex, claude, or the path of a file').makeOptionMandatory())
    .option('-d, --description <text>', 'notes')
    .option('--accept-notice', 'the notice about Claude subscriptions was read and is accepted')
  attach(ownerOptions(take), () => import('./logins/import.ts').then((m) => m.run))
}

function addOrder(group: Command, attach: Attach): void {
  const order = group.command('order').description("The order in which an owner's credentials are tried.")
  const harness = () => new Option('--harness <name>').choices(HARNESSES).makeOptionMandatory()
  const get = order.command('get').description('Show the order that is set.').addOption(harness())
  attach(ownerOptions(get), () => import('./credential/order.ts').then((m) => m.get))
  const set = order
    .command('set')
    .description('Set the order; the first is tried first.')
    .argument('[names...]')
    .addOption(harness())
    .option('--clear', 'let the order of the types hold again')
  attach(ownerOptions(set), () => import('./credential/order.ts').then((m) => m.set))
}

/** Whose it is. */
export function ownerOptions(command: Command): Command {
  return command
    .option('--org', 'of the organization')
    .option('--team [slug]', 'of a team; without a slug, of your only one')
    .option('--personal', 'your own')
    .option('--agent <name>', 'of an agent')
}

function entryOptions(command: Command): Command {
  return command
    .option('-f, --value-file <file>', 'read the value from a file')
    .option('-d, --description <text>', 'notes, for example when it was rotated and who owns it')
    .option('--test', 'ask the provider first, and store nothing when it refuses')
    .addHelpText('after', INPUT_HELP)
}

function typesOf(harness: HarnessName): CredentialType[] {
  return CREDENTIAL_TYPE_NAMES.filter((name) => {
    const type = CREDENTIAL_TYPES[name]
    return type.harness === harness && type.entry === 'typed'
  })
}

export function collect(word: string, before: readonly string[] = []): readonly string[] {
  return [...before, word]
}

function kebab(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
}
