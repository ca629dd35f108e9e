// The words and options of the verbs for those who operate a server: the audit log, backups, keys, moving house.

import type { Command } from 'commander'
import type { Attach } from '../context.ts'

export function addOperatingCommands(program: Command, attach: Attach): void {
  addAudit(program, attach)
  addRekey(program, attach)
}

function addRekey(program: Command, attach: Attach): void {
  const rekey = program
    .command('rekey')
    .description('Bring everything under another master key, while the server goes on serving.')
    .option('--status', 'only say which keys there are, and how far it is')
    .option('--force', 'do not ask')
  attach(rekey, () => import('./rekey.ts').then((m) => m.run))
  addBackup(program, attach)
  addMigrate(program, attach)
}

function addAudit(program: Command, attach: Attach): void {
  const audit = program.command('audit').description('The log of who did what.')
  const list = audit
    .command('list')
    .description('List it, oldest first.')
    .option('--after <entry>', 'begin after the entry of this number')
    .option('--limit <number>', 'at most this many')
  attach(list, () => import('./audit.ts').then((m) => m.list))
  const verify = audit
    .command('verify')
    .description('Verify that nothing in it was changed, taken out or put in.')
    .option('--anchor <place>', 'POSITION:HASH of an earlier verification, which must be in it still')
    .option('--file <file>', 'an export; needs no server')
    .option('--public-key <key>', 'the key that must have signed the export')
  attach(verify, () => import('./audit-verify.ts').then((m) => m.run))
  const exporting = audit
    .command('export')
    .description('Write all of it, signed, to be verified anywhere.')
    .option('--output <file>', 'a new file; standard output when absent')
  attach(exporting, () => import('./audit-export.ts').then((m) => m.run))
  const acknowledge = audit
    .command('acknowledge')
    .description('End the warning that the database was put back to an older copy.')
  attach(acknowledge, () => import('./audit.ts').then((m) => m.acknowledge))
}

function addBackup(program: Command, attach: Attach): void {
  const backup = program.command('backup').description('Everything but the master key in one file.')
  const create = backup
    .command('create')
    .description('Write a backup, also while the server runs. It never contains the master key.')
    .argument('<file>', 'a new file')
    .option('--database <url>', 'of this database itself, while no server runs on it')
  attach(create, () => import('./backup-create.ts').then((m) => m.run))
  const restore = backup
    .command('restore')
    .description('Put a backup into an empty state directory, while no server runs. It needs the master key.')
    .argument('<file>')
    .option('--database <url>', 'into this empty database')
  attach(restore, () => import('./backup-restore.ts').then((m) => m.run))
}

function addMigrate(program: Command, attach: Attach): void {
  const migrate = program
    .command('migrate')
    .description('Move everything to another database; interrupted, type it again.')
    .option('--from <url>', 'the database as it is: sqlite:PATH or postgres://USER@HOST/DATABASE')
    .option('--to <url>', 'an empty one; the password is taken from PGPASSWORD')
    .option('--take-back <url>', 'let a database be used again that was moved away')
  attach(migrate, () => import('./migrate.ts').then((m) => m.run))
}
