// `claviger migrate --from URL --to URL`: everything to another database, while no server runs on either.

import { givenSettings, serverSettings } from '../../config.ts'
import { serveOn } from '../../domain/backup.ts'
import { ClavigerError } from '../../domain/errors.ts'
import type { Context } from '../context.ts'
import { EXIT } from '../exit-codes.ts'
import { countsText } from './backup-create.ts'
import { allOpen, opened } from './backup-restore.ts'

export interface MigrateOptions {
  readonly from?: string
  readonly to?: string
  readonly takeBack?: string
}

const BEGINNING = {
  new: 'Moved',
  resumed: 'Moved, going on where it was interrupted,',
  again: 'Moved, anew because the source has changed since,',
} as const

// Rows.
const SAY_EVERY = 100_000

export async function run(context: Context, options: MigrateOptions): Promise<number> {
  const { from, to, takeBack } = options
  for (const url of [from, to, takeBack]) warnOfPassword(context, url)
  if (takeBack !== undefined && from === undefined && to === undefined) return back(context, takeBack)
  if (from === undefined || to === undefined || takeBack !== undefined) {
    throw new ClavigerError('invalid', 'It needs --from URL and --to URL.', {
      hint: 'For example: claviger migrate --from sqlite:PATH --to postgres://USER@HOST/DATABASE',
    })
  }
  return move(context, from, to)
}

async function move({ dependencies, ui }: Context, from: string, to: string): Promise<number> {
  const settings = serverSettings(givenSettings(dependencies.env))
  const offline = await dependencies.offline()
  let said = 0
  const report = await offline.migrate(settings, { from, to }, (rows) => {
    if (rows - said < SAY_EVERY) return
    said = rows
    ui.note(`${rows.toLocaleString('en-US')} rows so far`)
  })
  const { state, counts } = report
  ui.answer(report, () =>
    state === 'done'
      ? [`It has been moved already: ${report.from} to ${report.to}.`]
      : [
          `${BEGINNING[state]} from ${report.from} to ${report.to}: ${countsText(counts)}. Every row was compared.`,
          ...opened(report),
          `Servers refuse ${report.from} from now on. Next: ${serveOn(report.to)}`,
        ],
  )
  return allOpen(report) ? EXIT.ok : EXIT.failed
}

async function back({ dependencies, ui }: Context, url: string): Promise<number> {
  const takenBack = await (await dependencies.offline()).takeBack(url)
  ui.answer({ takenBack }, () => [
    takenBack
      ? 'A server may use this database again. What was written to the other one since is not in it.'
      : 'This database was not moved away; nothing was changed.',
  ])
  return EXIT.ok
}

function warnOfPassword({ ui }: Context, url = ''): void {
  if (!URL.canParse(url) || new URL(url).password === '') return
  ui.note('warning: others can see a password in a flag: leave it out of the URL and set PGPASSWORD.')
}
