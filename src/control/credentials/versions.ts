// The history of a credential's value, and going back in it.

import { ClavigerError } from '../../domain/errors.ts'
import { changedMeanwhile, findCredential, isAttached, manage } from '../find.ts'
import { mustSeeWhole } from '../guard.ts'
import type { Control } from '../use-case.ts'
import { credentialView, rfc3339 } from '../views.ts'
import type { Workshop } from '../workshop.ts'
import { mustBeTyped } from './changing.ts'
import { stateOfNew, testedView } from './probing.ts'
import { activation, sealedVersion, sealVersion, VERSIONS_KEPT } from './sealing.ts'

export function createVersionUseCases(
  workshop: Workshop,
): Pick<Control, 'credentials.versions' | 'credentials.rollback'> {
  const { guard, vault, store, now } = workshop
  return {
    async 'credentials.versions'(caller, { id }) {
      const row = await findCredential(store, caller, id)
      mustSeeWhole(caller, row, await isAttached(store, caller, row))
      const versions = await store.versions.list(id)
      return {
        versions: versions.map(({ version, createdAt, createdBy, note, suffix }) => ({
          ...{ version, createdBy, note, suffix },
          createdAt: rfc3339(createdAt),
          current: version === row.version,
        })),
      }
    },
    async 'credentials.rollback'(caller, { id, version: wanted, ...trying }) {
      // Two units: the old value is opened only after the row that says so is durable.
      const {
        result: { row, old },
        opened,
      } = await guard.release(caller, async (unit, authorize) => {
        const found = await findCredential(unit, caller, id)
        await authorize(await manage(unit, caller, 'credential.reseal', found, { version: wanted }))
        if (trying.test)
          await authorize(await manage(unit, caller, 'credential.test-new', found, { version: wanted }))
        mustBeTyped(found)
        const old = (await unit.versions.list(id)).find((one) => one.version === wanted)
        if (!old || wanted === found.version) throw noSuchVersion(found.name, wanted, found.version)
        return { result: { row: found, old }, open: [await sealedVersion(unit, found, wanted)] }
      })
      const content = { values: opened[0] ?? {}, suffix: old.suffix, shown: old.shown }
      const found = await workshop.probing.tryOut(row.type, content.values, trying)
      const [version, createdAt] = [row.version + 1, now()]
      return guard.perform(caller, async (unit, authorize) => {
        await authorize(await manage(unit, caller, 'credential.rollback', row, { to: wanted, version }))
        const change = { ...activation(vault, row, content, version, createdAt), ...stateOfNew(found) }
        if (!(await unit.credentials.update(caller.organizationId, id, row.revision, change)))
          throw changedMeanwhile(row.name)
        const note = `rolled back to ${wanted}`
        await unit.versions.insert(
          sealVersion(vault, row, content, { version, note, createdAt, createdBy: caller.name }),
        )
        await unit.versions.prune(id, version - VERSIONS_KEPT + 1)
        await unit.signals.send('grants', id)
        const view = credentialView(caller, await findCredential(unit, caller, id))
        return { ...view, tested: testedView(found) }
      })
    },
  }
}

function noSuchVersion(name: string, wanted: number, current: number): ClavigerError {
  const what =
    wanted === current
      ? `Version ${wanted} of ${name} is the current one.`
      : `${name} has no version ${wanted}.`
  return new ClavigerError('invalid', what, { hint: `See its versions: claviger credential history ${name}` })
}
