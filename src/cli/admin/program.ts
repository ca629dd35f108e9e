// The words and options of `claviger admin`: who belongs to the organization, and what holds in it.

import { Argument, type Command, Option } from 'commander'
import { STRANGERS } from '../../domain/channels/serving.ts'
import { HARNESSES } from '../../domain/harness-names.ts'
import { SUBSCRIPTION_POLICIES } from '../../domain/resolution/policy.ts'
import { ACCESS } from '../../domain/runs/conversation.ts'
import type { Attach } from '../context.ts'

export function addAdminCommands(program: Command, attach: Attach): void {
  const admin = program.command('admin').description('Administer the organization.')
  addTokens(admin, attach)
  addMembers(admin, attach)
  addTeams(admin, attach)
  addOrganizations(admin, attach)
}

function addMembers(admin: Command, attach: Attach): void {
  const members = admin.command('members').description('Who belongs to the organization, and as what.')
  attach(members.command('list').description('List members, their roles and teams.'), () =>
    import('./members.ts').then((m) => m.list),
  )
  const role = members.command('role').description('Make a member owner, admin, member or auditor.')
  attach(role.argument('<email>').argument('<role>'), () => import('./members.ts').then((m) => m.role))
  const remove = members
    .command('remove')
    .description('Remove a member with their tokens, leases and personal credentials; or leave.')
    .argument('<email>')
    .option('--force', 'do not ask')
  attach(remove, () => import('./members.ts').then((m) => m.remove))
  addInvitations(members, attach)
}

function addInvitations(members: Command, attach: Attach): void {
  const add = members
    .command('add')
    .description('Invite somebody, by a link that is shown once and works once.')
    .argument('<email>')
    .addOption(
      new Option('--role <role>').choices(['owner', 'admin', 'member', 'auditor']).makeOptionMandatory(),
    )
    .option('--team <slug...>', 'put them into these teams')
    .option('--expires-in <duration>', 'how long the link works: 7d when nothing is said, at most 30d')
  attach(add, () => import('./invitations.ts').then((m) => m.add))
  const link = members
    .command('link')
    .description('Make a link with which a member sets a new password, once.')
    .argument('<email>')
  attach(link, () => import('./invitations.ts').then((m) => m.link))
  attach(members.command('invitations').description('List what was sent and can still be used.'), () =>
    import('./invitations.ts').then((m) => m.list),
  )
  const uninvite = members
    .command('uninvite')
    .description('Make the invitation or link of somebody unusable.')
    .argument('<email>')
  attach(uninvite, () => import('./invitations.ts').then((m) => m.uninvite))
}

function addTeams(admin: Command, attach: Attach): void {
  const teams = admin.command('teams').description('Teams, and who is in them.')
  attach(teams.command('list').description('List teams and their members.'), () =>
    import('./teams.ts').then((m) => m.list),
  )
  const add = teams.command('add').description('Make a team; with e-mails, put these members into it.')
  attach(add.argument('<team>').argument('[email...]'), () => import('./teams.ts').then((m) => m.add))
  const remove = teams.command('remove').description('Delete a team; with e-mails, take these out of it.')
  attach(remove.argument('<team>').argument('[email...]'), () => import('./teams.ts').then((m) => m.remove))
}

function addOrganizations(admin: Command, attach: Attach): void {
  const organizations = admin
    .command('organizations')
    .description('Organizations of the installation, for those who operate it.')
  attach(organizations.command('list').description('List organizations.'), () =>
    import('./organizations.ts').then((m) => m.list),
  )
  const create = organizations
    .command('create')
    .description('Make an organization; you see nothing of what is in it.')
    .argument('<name>')
    .requiredOption('--owner <email>', 'its first owner, who may be new here')
  attach(create, () => import('./organizations.ts').then((m) => m.create))
  addAgents(admin, attach)
  addWorkers(admin, attach)
  addHarnesses(admin, attach)
  addPolicy(admin, attach)
  addChannels(admin, attach)
  addWebhooks(admin, attach)
  addEvents(admin, attach)
}

function addHarnesses(admin: Command, attach: Attach): void {
  const harness = admin.command('harness').description('Which harnesses the organization may use.')
  attach(harness.command('list').description('List them, and which are off.'), () =>
    import('./harness.ts').then((m) => m.list),
  )
  const enable = harness.command('enable').description('Let runs have credentials again.')
  attach(enable.addArgument(harnessArgument()), () => import('./harness.ts').then((m) => m.enable))
  const prefer = harness
    .command('default')
    .description('What runs use when neither they nor their person say; without a word: say what it is.')
    .addArgument(new Argument('[harness]').choices([...HARNESSES, 'none']))
    .option('--model <name>', 'the model of it; empty: its own choice')
  attach(prefer, () => import('./harness.ts').then((m) => m.prefer))
  const disable = harness.command('disable').description('Refuse every run a credential, at once.')
  attach(disable.addArgument(harnessArgument()), () => import('./harness.ts').then((m) => m.disable))
}

function addPolicy(admin: Command, attach: Attach): void {
  const policy = admin.command('policy').description('Whom subscriptions may serve.')
  attach(policy.command('get').description('Say what holds.'), () => import('./policy.ts').then((m) => m.get))
  const set = policy
    .command('set')
    .description('off: nobody. owner: only runs of the person it belongs to. shared: also others.')
    .addArgument(harnessArgument())
    .addArgument(new Argument('<policy>').choices([...SUBSCRIPTION_POLICIES, 'default']))
    .option('--accept-terms', 'the terms that stand against sharing were read')
  attach(set, () => import('./policy.ts').then((m) => m.set))
  const takeOut = policy
    .command('take-out')
    .description('Whether people may move personal credentials of theirs from the server to a machine.')
    .addArgument(new Argument('<harness>').choices(HARNESSES))
    .addArgument(new Argument('<switch>').choices(['on', 'off']))
  attach(takeOut, () => import('./policy.ts').then((m) => m.takeOut))
}

function addWebhooks(admin: Command, attach: Attach): void {
  const webhooks = admin.command('webhook').description('Where the organization is told of its logins.')
  const add = webhooks
    .command('add')
    .description('Send events to an https address, signed; the secret is shown once.')
    .argument('<url>')
    .option('-d, --description <text>', 'what it is for')
    .option('--event <name...>', 'only these; all when nothing is said')
  attach(add, () => import('./webhooks.ts').then((m) => m.add))
  attach(webhooks.command('list').description('List webhooks.'), () =>
    import('./webhooks.ts').then((m) => m.list),
  )
  const remove = webhooks.command('remove').description('Send nothing there any more.').argument('<id>')
  attach(remove, () => import('./webhooks.ts').then((m) => m.remove))
  const test = webhooks.command('test').description('Send a test event there now.').argument('<id>')
  attach(test, () => import('./webhooks.ts').then((m) => m.test))
}

function addChannels(admin: Command, attach: Attach): void {
  const channels = admin.command('channel').description('Places outside where people ask for work.')
  const add = channels.command('add').description('Add a channel: github or linear.')
  attach(channelOptions(add.argument('<kind>').argument('<name>')), () =>
    import('./channels.ts').then((m) => m.add),
  )
  attach(channels.command('list').description('List channels, and what was heard last.'), () =>
    import('./channels.ts').then((m) => m.list),
  )
  const show = channels.command('show').description('One channel, and what was delivered to it last.')
  attach(show.argument('<name>'), () => import('./channels.ts').then((m) => m.show))
  const update = channels.command('update').description('Change a channel; what is not said stays.')
  update
    .argument('<name>')
    .option('--name <name>', 'call it so')
    .option('--secrets', 'ask for the secrets anew; with --secret-file alone the others stay')
  attach(channelOptions(update), () => import('./channels.ts').then((m) => m.update))
  const remove = channels.command('remove').description('Hear nothing from there any more. Its runs stay.')
  attach(remove.argument('<name>'), () => import('./channels.ts').then((m) => m.remove))
  const test = channels.command('test').description('Ask who the channel is over there.')
  attach(test.argument('<name>'), () => import('./channels.ts').then((m) => m.test))
}

const STRANGERS_HELP =
  'who serves accounts that no member has linked, and code of others; organization: the agent does, whoever asks, and its ' +
  'answers are public where the issue is'

function channelOptions(command: Command): Command {
  return command
    .option('--set <name=value...>', 'settings of the platform')
    .option('--secret-file <name=file...>', 'secrets, each in a file; others are asked for')
    .addOption(new Option('--strangers <policy>', STRANGERS_HELP).choices(STRANGERS))
    .option('--agent <name>', 'the agent that serves where no person may')
    .option('--no-agent', 'nobody serves there')
    .addOption(new Option('--access <access>', 'what runs of members may do').choices(ACCESS))
}

function addEvents(admin: Command, attach: Attach): void {
  const events = admin.command('events').description('What the organization was told.')
  const list = events
    .command('list', { isDefault: true })
    .description('List events, and what became of sending them.')
    .option('--undelivered', 'only those that some webhook has not taken')
    .option('--after <id>', 'those after this one')
    .option('--limit <n>', 'at most so many')
  attach(list, () => import('./events.ts').then((m) => m.list))
  const replay = events.command('replay').description('Send an event again.').argument('<id>')
  attach(replay, () => import('./events.ts').then((m) => m.replay))
}

function harnessArgument(): Argument {
  return new Argument('<harness>').choices(HARNESSES)
}

function addTokens(admin: Command, attach: Attach): void {
  const tokens = admin.command('tokens').description('API tokens, for your other machines and for programs.')
  const create = tokens
    .command('create')
    .description('Make a token; it is shown once.')
    .requiredOption('--name <name>')
    .addOption(
      new Option('--role <role>').choices(['owner', 'admin', 'member', 'auditor']).makeOptionMandatory(),
    )
    .option('--expires-in <duration>', 'for example 30d, 12h or 90m')
    .option('--no-expiry', 'it never expires')
  attach(create, () => import('./tokens.ts').then((m) => m.create))
  attach(tokens.command('list').description('List tokens.'), () => import('./tokens.ts').then((m) => m.list))
  const revoke = tokens.command('revoke').description('Revoke a token, everywhere.').argument('<name>')
  attach(revoke, () => import('./tokens.ts').then((m) => m.revoke))
}

function addAgents(admin: Command, attach: Attach): void {
  const agents = admin.command('agent').description('Agents: identities without a person.')
  const create = agents.command('create').description('Make an agent.').argument('<name>')
  attach(create.option('-d, --description <text>', 'what it is for'), () =>
    import('./agents.ts').then((m) => m.create),
  )
  attach(agents.command('list').description('List agents.'), () => import('./agents.ts').then((m) => m.list))
  const show = agents.command('show').description('Show what an agent has.').argument('<name>')
  attach(show, () => import('./agents.ts').then((m) => m.show))
  const give = agents
    .command('attach')
    .description("Let an agent use the organization's or a team's credential.")
  attach(attachment(give), () => import('./agents.ts').then((m) => m.attach))
  const take = agents
    .command('detach')
    .description('Take an attached credential away; its running leases end.')
  attach(attachment(take), () => import('./agents.ts').then((m) => m.detach))
  const token = agents
    .command('token')
    .description('Make a token for the runs of an agent; it is shown once.')
    .argument('<name>')
    .requiredOption('--name <token>', 'name of the token')
    .option('--expires-in <duration>', 'for example 30d, 12h or 90m')
    .option('--no-expiry', 'it never expires')
  attach(token, () => import('./agents.ts').then((m) => m.token))
  const remove = agents
    .command('delete')
    .description('Delete an agent that owns no credentials; its tokens and workers are revoked.')
    .argument('<name>')
    .option('--force', 'do not ask')
  attach(remove, () => import('./agents.ts').then((m) => m.remove))
}

function addWorkers(admin: Command, attach: Attach): void {
  const workers = admin.command('worker').description('Workers: machines with a token of their own.')
  const enrol = workers
    .command('enrol')
    .description('Make a code that enrols one machine, once.')
    .argument('<name>')
    .option('--agent <name>', 'it will run as this agent, and only as it')
    .option('--expires-in <duration>', 'how long the code works, for example 1h or 30m', '1h')
  attach(enrol, () => import('./workers.ts').then((m) => m.enrol))
  attach(workers.command('list').description('List workers.'), () =>
    import('./workers.ts').then((m) => m.list),
  )
  const revoke = workers.command('revoke').description('Revoke a worker, everywhere.').argument('<name>')
  attach(revoke, () => import('./workers.ts').then((m) => m.revoke))
}

function attachment(command: Command): Command {
  return command
    .argument('<agent>')
    .argument('[credential]')
    .option('--org', 'of the organization')
    .option('--team [slug]', 'of a team; without a slug, of your only one')
}
