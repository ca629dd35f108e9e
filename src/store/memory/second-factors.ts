// Second factors, in memory.

import type { SecondFactorRow, SecondFactorStore } from '../people-groups.ts'
import type { Tables } from './tables.ts'

export function secondFactorGroup({ secondFactors }: Tables): SecondFactorStore {
  const change = (id: string, fits: (row: SecondFactorRow) => boolean, to: Partial<SecondFactorRow>) => {
    const row = secondFactors.find((one) => one.id === id)[0]
    if (row === undefined || !fits(row)) return false
    secondFactors.put(row.personId, { ...row, ...to })
    return true
  }
  return {
    get: async (personId) => secondFactors.get(personId),
    begin: async (row) => {
      if ((secondFactors.get(row.personId)?.enabledAt ?? null) !== null) return false
      secondFactors.put(row.personId, row)
      return true
    },
    enable: async (id, { at, recovery, lastStep }) =>
      change(id, (row) => row.enabledAt === null, { enabledAt: at, recovery, lastStep }),
    useStep: async (id, step) => change(id, (row) => row.lastStep < step, { lastStep: step }),
    changeRecovery: async (id, seen, left) =>
      change(id, (row) => row.recovery.join() === seen.join(), { recovery: left }),
    remove: async (personId) => secondFactors.remove(personId),
  }
}
