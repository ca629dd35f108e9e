// The words and options of `claviger admin`: who belongs to the organization, and what holds in it.

import { Argument, type Command, Option } from 'commander'
import { HARNESSES } from '../../domain/harness-names.ts'
import { SUBSCRIPTION_POLICIES } from '../../domain/policy.ts'
import type { Attach } from '../context.ts'

export function addAdminCommands(program: Command, attach: Attach): void {
  const admin = program.command('admin').description('Administer the organization.')
  addTokens(admin, attach)
  addHarnesses(admin, attach)
  addPolicy(admin, attach)
}

function addHarnesses(admin: Command, attach: Attach): void {
  const harness = admin.command('harness').description('Which harnesses the organization may use.')
  attach(harness.command('list').description('List them, and which are off.'), () =>
    import('./harness.ts').then((m) => m.list),
  )
  const enable = harness.command('enable').description('Let runs have credentials again.')
  attach(enable.addArgument(harnessArgument()), () => import('./harness.ts').then((m) => m.enable))
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
