// Design §2, "Who may do what", written down by hand: the tables of domain/caller.ts must say the same. A change of a rule
// is a change of both, and of the design.

import { describe, expect, it } from 'vitest'
import { GENERAL_RIGHTS, RIGHTS, ROLES } from '../../src/domain/caller.ts'

// e: that it exists, d: everything but the value, u: a lease for oneself, m: create, change and delete, t: take it away
// whole, so that it is nowhere else (decision 0020).
// A member sees of the organization's the name and type only (R3): views.ts cuts the rest, storing.test.ts holds it.
// A worker without an agent runs without a person and draws on the organization's, unseen, until runs exist.
const OVER_CREDENTIALS = `
                owner  admin  member  auditor  agent  worker
organization    edum   edum   edu     ed       -      u
own-team        edum   edum   edum    ed       -      -
other-team      edm    edm    -       ed       -      -
self            edumt  edumt  edumt   edumt    edu    edu
other-person    e      e      -       e        -      -
other-agent     edm    edm    -       ed       -      -
attached        -      -      -       -        edu    edu
`

const IN_GENERAL = `
                    owner  admin  member  auditor  agent  worker
lease               yes    yes    yes     -        yes    yes
startRuns           yes    yes    yes     -        yes    -
readRuns            yes    yes    yes     yes      yes    yes
followRuns          yes    yes    yes     -        yes    -
carryOutRuns        -      -      -       -        -      yes
explain             yes    yes    yes     yes      yes    yes
manageTokens        yes    yes    yes     yes      -      -
manageLogins        yes    yes    yes     yes      -      -
readAudit           yes    yes    -       yes      -      -
readSettings        yes    yes    yes     yes      -      -
manageSettings      yes    yes    -       -        -      -
shareSubscriptions  yes    -      -       -        -      -
readPeople          yes    yes    -       yes      -      -
managePeople        yes    yes    -       -        -      -
manageOwners        yes    -      -       -        -      -
readMachines        yes    yes    -       yes      -      -
manageMachines      yes    yes    -       -        -      -
operate             yes    -      -       -        -      -
`

const LETTERS = { exists: 'e', describe: 'd', use: 'u', manage: 'm', take: 't' } as const

function written(table: string): Record<string, Record<string, string>> {
  const [head = [], ...rows] = table
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
  const cells = (row: readonly string[]) =>
    Object.fromEntries(head.map((role, i) => [role, row[i + 1] ?? '']))
  return Object.fromEntries(rows.map((row) => [row[0] ?? '', cells(row)]))
}

describe('the tables of permissions', () => {
  it('say of credentials what the design says', () => {
    const cell = (rights: readonly (keyof typeof LETTERS)[]) =>
      rights.map((right) => LETTERS[right]).join('') || '-'
    const coded = Object.entries(RIGHTS).map(([relation, byRole]) => [
      relation,
      Object.fromEntries(ROLES.map((role) => [role, cell(byRole[role])])),
    ])
    expect(Object.fromEntries(coded)).toEqual(written(OVER_CREDENTIALS))
  })

  it('say of everything else what the design says', () => {
    const coded = Object.entries(GENERAL_RIGHTS).map(([right, roles]: [string, readonly string[]]) => [
      right,
      Object.fromEntries(ROLES.map((role) => [role, roles.includes(role) ? 'yes' : '-'])),
    ])
    expect(Object.fromEntries(coded)).toEqual(written(IN_GENERAL))
  })

  it('let nobody read a value that stays', () => {
    const rights = Object.values(RIGHTS).flatMap((byRole) => Object.values(byRole).flat())
    expect([...new Set(rights)].sort()).toEqual(['describe', 'exists', 'manage', 'take', 'use'])
  })
})
