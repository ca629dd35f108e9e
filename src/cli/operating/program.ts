// The words and options of the verbs for those who operate a server: the audit log, backups, keys, moving house.

import type { Command } from 'commander'
import type { Attach } from '../context.ts'

export function addOperatingCommands(program: Command, attach: Attach): void {
  addAudit(program, attach)
}

function addAudit(program: Command, attach: Attach): void {
  const audit = program.command('audit').description('The log of who did what.')
  attach(audit.command('list').description('List it, oldest first.'), () =>
    import('./audit.ts').then((m) => m.run),
  )
}
