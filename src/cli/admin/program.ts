// The words and options of `claviger admin`: who belongs to the organization, and what holds in it.

import { type Command, Option } from 'commander'
import type { Attach } from '../context.ts'

export function addAdminCommands(program: Command, attach: Attach): void {
  const admin = program.command('admin').description('Administer the organization.')
  addTokens(admin, attach)
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
