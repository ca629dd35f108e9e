// Making a backup while serving. It is audited before its first byte exists; one is made at a time.

import { ClavigerError } from '../../domain/errors.ts'
import type { Control } from '../use-case.ts'
import type { Workshop } from '../workshop.ts'
import { backupOf } from './writing.ts'

const OBJECT = { kind: 'installation', id: 'installation', name: 'everything' }

export function createBackupUseCases(workshop: Workshop): Pick<Control, 'backup.create'> {
  const { guard, vault, now, snapshot, server } = workshop
  let underWay = false
  return {
    async 'backup.create'(caller) {
      const at = now()
      const act = { action: 'backup.create', needs: { general: 'operate' }, object: OBJECT } as const
      await guard.perform(caller, (_, authorize) => authorize(act))
      if (underWay) {
        throw new ClavigerError('conflict', 'A backup is being made already.', {
          hint: 'Wait until it is done, then try again.',
        })
      }
      underWay = true
      try {
        return backupOf(await snapshot(), { vault, program: server.version, at }, () => {
          underWay = false
        })
      } catch (error) {
        underWay = false
        throw error
      }
    },
  }
}
