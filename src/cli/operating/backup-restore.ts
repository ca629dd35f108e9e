// `claviger backup restore FILE`: into an empty state directory or database, while no server runs on it.

import { givenSettings, serverSettings } from '../../config.ts'
import type { Openability, RestoreReport } from '../../domain/backup.ts'
import { counted } from '../../domain/counted.ts'
import type { Context } from '../context.ts'
import { EXIT } from '../exit-codes.ts'
import { countsText } from './backup-create.ts'

export interface BackupRestoreOptions {
  readonly database?: string
}

export async function run(
  { dependencies, ui }: Context,
  { database }: BackupRestoreOptions,
  [file = '']: readonly string[],
): Promise<number> {
  const given = givenSettings(dependencies.env)
  const settings = serverSettings({ ...given, ...(database !== undefined && { databaseUrl: database }) })
  const report = await (await dependencies.offline()).restore(settings, file)
  const { header, ...rest } = report
  ui.answer({ file, createdAt: header.createdAt, ...rest }, () => lines(report))
  return allOpen(report) ? EXIT.ok : EXIT.failed
}

function lines({ header, counts, place, ...done }: RestoreReport): string[] {
  return [
    `Restored the backup of ${header.createdAt} into ${place}: ${countsText(counts)}.`,
    ...opened(done),
    ...(done.quarantined > 0
      ? [`Set aside until they have been tried, because they renew themselves: ${done.quarantined} logins.`]
      : []),
    ...(done.leasesEnded > 0
      ? [`Runs that were under way then have ended: ${done.leasesEnded} leases.`]
      : []),
    'Tokens that were revoked after the backup are good again: see claviger admin tokens list.',
    'Next: claviger serve',
  ]
}

/** Whether the master key opens everything. */
export function allOpen({ closed, closedWebhooks, closedFactors, closedChannels }: Openability): boolean {
  return [closed, closedWebhooks, closedChannels].every(({ length }) => length === 0) && closedFactors === 0
}

/** For people: what opens with the master key, and what to do about the rest. */
export function opened(found: Openability): string[] {
  const { credentials, closed, closedWebhooks, webhooks, closedFactors, channels, closedChannels } = found
  return [
    closed.length === 0
      ? `All credentials open with the master key: ${credentials}.`
      : `${closed.length} of ${credentials} credentials do not open with the master key; enter their values again: ${closed.join(', ')}`,
    ...(closedWebhooks.length === 0
      ? []
      : [
          `The secrets of ${closedWebhooks.length} of ${webhooks} webhooks do not open with the master key; remove them and add them again: ${closedWebhooks.join(', ')}`,
        ]),
    ...(closedChannels.length === 0
      ? []
      : [
          `The secrets of ${closedChannels.length} of ${channels} channels do not open with the master key; enter them again: ${closedChannels.join(', ')}`,
        ]),
    ...(closedFactors === 0
      ? []
      : [
          `The second factors of ${counted(closedFactors, 'person')} do not open with the master key: only their recovery codes work, or an admin takes them away.`,
        ]),
  ]
}
