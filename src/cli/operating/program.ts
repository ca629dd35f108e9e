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
}

function addAudit(program: Command, attach: Attach): void {
  const audit = program.command('audit').description('The log of who did what.')
  attach(audit.command('list').description('List it, oldest first.'), () =>
    import('./audit.ts').then((m) => m.run),
  )
}
