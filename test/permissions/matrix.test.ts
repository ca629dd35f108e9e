// Every operation × everybody × their own and another organization (design §2; attacks T1, T2), against the real
// use-cases. The requests are in fixtures.ts, which also says how an operation is added.

import { describe, expect, it } from 'vitest'
import {
  fillPath,
  OPERATION_NAMES,
  OPERATIONS,
  type OperationName,
  takesQuery,
} from '../../src/api/operations.ts'
import type { UseCase } from '../../src/control/use-case.ts'
import { GENERAL_RIGHTS, isGeneralRight, may, mayCredential, RIGHTS } from '../../src/domain/caller.ts'
import { ClavigerError } from '../../src/domain/errors.ts'
import { parseOwner } from '../../src/domain/owner.ts'
import { createTestApp } from '../support/app.ts'
import { createHouse, errorOf, type House } from '../support/house.ts'
import { ACTOR_NAMES, ACTORS, furnish, TARGETS } from './actors.ts'
import { FIXTURES } from './fixtures.ts'
import { has, isAttached, mismatches, type Rules } from './matrix.ts'

const RULES: Rules = { rights: RIGHTS, general: GENERAL_RIGHTS }

const OTHER_PERMISSIONS = ['public', 'signed-in', 'own-lease']
const CREDENTIAL_PERMISSIONS = ['exists', 'describe', 'use', 'manage', 'take'].map(
  (right) => `credential:${right}`,
)

describe('every operation', () => {
  it('says who may ask', () => {
    const known = [...OTHER_PERMISSIONS, ...CREDENTIAL_PERMISSIONS]
    const permissionOf = (name: keyof typeof OPERATIONS) => OPERATIONS[name].permission ?? 'nothing'
    const without = OPERATION_NAMES.filter(
      (name) => !known.includes(permissionOf(name)) && !isGeneralRight(permissionOf(name)),
    )
    expect(without, 'operations without a permission').toEqual([])
  })

  it('has a request in fixtures.ts, and no request is for an operation that is gone', () => {
    const without = OPERATION_NAMES.filter((name) => !Object.hasOwn(FIXTURES, name))
    expect(without, 'operations without a fixture').toEqual([])
    expect(Object.keys(FIXTURES).sort()).toEqual([...OPERATION_NAMES].sort())
  })

  it('is aimed at what its permission is about', () => {
    const aimOf = (permission: string) => {
      if (permission === 'public') return ['public']
      if (permission === 'own-lease') return ['lease']
      return permission.startsWith('credential:') ? ['credential', 'owner'] : ['nothing', 'thing']
    }
    const wrong = OPERATION_NAMES.filter(
      (name) => !aimOf(OPERATIONS[name].permission).includes(FIXTURES[name].aim),
    )
    expect(wrong).toEqual([])
  })
})

describe('everybody, in both organizations', () => {
  it.each(OPERATION_NAMES)('%s', async (name) => {
    expect(await mismatches(RULES, name)).toEqual([])
  })
})

describe('nobody', () => {
  it.each(OPERATION_NAMES.filter((name) => OPERATIONS[name].permission !== 'public'))('%s', async (name) => {
    const house = createHouse()
    const operation = OPERATIONS[name]
    const request = FIXTURES[name].request as (...aimedAt: unknown[]) => object
    const asking = { caller: house.caller('ada'), unique: 'n0' }
    const aimed = ['nothing', 'public'].includes(FIXTURES[name].aim) ? [asking] : ['x', asking]
    const { path, rest } = fillPath(operation.path, { ...request(...aimed) })
    const query = new URLSearchParams(rest as Record<string, string>)
    const response = await createTestApp(house).send(
      ...([null, operation.method] as const),
      takesQuery(operation) ? `${path}?${query}` : path,
      takesQuery(operation) ? undefined : rest,
    )
    expect([response.status, await response.json()]).toMatchObject([401, { code: 'unauthenticated' }])
  })
})

describe('a credential that is asked for by name', () => {
  it.each(ACTOR_NAMES)('serves a run of the %s only when they may use it', async (who) => {
    const { house, ids } = await furnish()
    const caller = ACTORS[who](house)
    for (const [i, target] of TARGETS.entries()) {
      const own = target.organization === caller.organizationId
      const mayLease = caller.leaseId === null && may(caller, 'lease')
      const allowed = own && mayLease && has({ rules: RULES, caller }, 'use', target)
      const lease = house.ask(caller, 'leases.create', { harness: 'claude', credential: ids[i] ?? '' })
      const served = await lease.then(
        ({ credential }) => credential?.id === ids[i],
        () => false,
      )
      // A machine is served only what its run draws on; a person everything they may use.
      if (caller.kind === 'person') expect({ target, served }).toEqual({ target, served: allowed })
      else expect({ target, wrong: served && !allowed }).toEqual({ target, wrong: false })
    }
  })

  it('and belongs to another organization is like one there is not', async () => {
    const { house, ids } = await furnish()
    const foreign = ids[TARGETS.findIndex(({ organization }) => organization === 'org-globex')] ?? ''
    const answers = await Promise.all(
      [foreign, 'cred_absent'].map(async (credential) => {
        const error = await errorOf(house.ask('ada', 'leases.create', { harness: 'claude', credential }))
        return [error.code, error.message.replace(credential, '…'), error.hint]
      }),
    )
    expect(answers[0]).toEqual(answers[1])
  })
})

describe('the rules themselves', () => {
  it('are what domain/caller.ts decides by', () => {
    const house = createHouse()
    for (const who of ACTOR_NAMES) {
      const caller = ACTORS[who](house)
      if (caller.leaseId !== null) continue
      for (const target of TARGETS) {
        for (const right of ['exists', 'describe', 'use', 'manage'] as const) {
          const decided = mayCredential(caller, right, parseOwner(target.owner), isAttached(caller, target))
          expect([who, target.owner, right, decided]).toEqual([
            ...[who, target.owner, right, has({ rules: RULES, caller }, right, target)],
          ])
        }
      }
    }
  })
})

describe('a wrong rule is found', () => {
  it('one too many over credentials', async () => {
    const rights = { ...RIGHTS, 'other-team': { ...RIGHTS['other-team'], member: ['exists', 'describe'] } }
    const found = await mismatches({ ...RULES, rights } as Rules, 'credentials.get')
    expect(found).toEqual([
      'credentials.get: member, of the team, the credential of team:mobile in org-acme: expected allowed, got not_found',
      'credentials.get: member, of another team, the credential of team:platform in org-acme: expected allowed, got not_found',
      'credentials.get: member, of another team, the attached credential of team:platform in org-acme: expected allowed, got not_found',
    ])
  })

  it('one too few over credentials', async () => {
    const rights = { ...RIGHTS, organization: { ...RIGHTS.organization, admin: ['exists', 'describe'] } }
    const found = await mismatches({ ...RULES, rights } as Rules, 'credentials.delete')
    expect(found[0]).toBe(
      'credentials.delete: admin, the credential of org in org-acme: expected forbidden, got allowed',
    )
    expect(found.every((line) => line.startsWith('credentials.delete: admin'))).toBe(true)
  })

  it('one too many and one too few among the general ones', async () => {
    const general = { ...GENERAL_RIGHTS, manageSettings: ['owner', 'auditor'] } as const
    const found = await mismatches({ ...RULES, general }, 'harnesses.set')
    expect(found.map((line) => line.split(',')[0])).toContain('harnesses.set: admin')
    expect(found).toContain('harnesses.set: auditor, for their organization: expected allowed, got forbidden')
  })
})

describe('a wrong use-case is found', () => {
  const planting =
    <N extends OperationName>(
      name: N,
      useCase: (house: House, ...asked: Parameters<UseCase<N>>) => unknown,
    ) =>
    (house: House) =>
      Object.assign(house.control, {
        [name]: (...asked: Parameters<UseCase<N>>) => useCase(house, ...asked),
      })
  const linesAbout = async (name: OperationName, plant: (house: House) => void) =>
    (await mismatches(RULES, name, plant)).join('\n')

  it('that asks nobody', async () => {
    const found = await linesAbout(
      'tokens.list',
      planting('tokens.list', () => ({ tokens: [] })),
    )
    expect(found).toContain('tokens.list: handle of a lease, for their organization: expected forbidden')
  })

  it('that looks into every organization', async () => {
    const anywhere = planting('credentials.get', async ({ ports }, _, { id }) => {
      const all = ['org-acme', 'org-globex'].map((one) => ports.store.credentials.get(one, id))
      if ((await Promise.all(all)).every((row) => !row)) throw new ClavigerError('not_found', 'Nothing.')
      throw new ClavigerError('forbidden', 'Not yours.')
    })
    const found = await linesAbout('credentials.get', anywhere)
    expect(found).toContain(
      'owner of another organization, the credential of org in org-acme: answered otherwise',
    )
  })

  it('that changes something before it refuses, or leaves no trace of the refusal', async () => {
    const hasty = planting('harnesses.set', async ({ ports: { store } }, caller) => {
      if (caller.role === 'owner') return {}
      await store.settings.put(caller.organizationId, '*', 'harness:claude', { enabled: false })
      throw new ClavigerError('forbidden', 'No.')
    })
    const found = await linesAbout('harnesses.set', hasty)
    expect(found).toContain(
      'member, of the team, for their organization: was refused, and yet it changed something',
    )
    expect(found).toContain('auditor, for their organization: was refused without an audit row')
    expect(found).toContain('harnesses.set: owner, for their organization: was done without an audit row')
  })

  it('that changes people before it refuses, or when it is only to look', async () => {
    const addTeam = ({ ports: { store, identity } }: House, team: string) =>
      store.atomically((unit) => identity.changing(unit).addTeam('org-acme', team))
    const hasty = planting('teams.create', async (house, caller, { team }) => {
      await addTeam(house, team)
      if (caller.role !== 'owner') throw new ClavigerError('forbidden', 'No.')
    })
    expect(await linesAbout('teams.create', hasty)).toContain(
      'auditor, for their organization: was refused, and yet it changed something: people',
    )
    const curious = planting('teams.list', (house) => addTeam(house, 'new'))
    expect(await linesAbout('teams.list', curious)).toContain(
      'teams.list: owner, for their organization: was asked for with GET, and yet it changed people',
    )
  })
})
