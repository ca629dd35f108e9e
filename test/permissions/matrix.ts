// Asks one operation in the name of everybody about everything, and says where the answers are not those that the table
// of permissions gives. What is expected is worked out here, from the table alone.

import { OPERATIONS, type OperationName } from '../../src/api/operations.ts'
import type { Caller, GENERAL_RIGHTS, Relation, RIGHTS, Right, Role } from '../../src/domain/caller.ts'
import { ClavigerError } from '../../src/domain/errors.ts'
import { createHouse, type House } from '../support/house.ts'
import { ACTOR_NAMES, ACTORS, type ActorName, furnish, TARGETS, type Target } from './actors.ts'
import type { Asking, Fixture } from './fixture.ts'
import { FIXTURES } from './fixtures.ts'
import { recordingStore } from './recording-store.ts'

/** The tables of domain/caller.ts, or altered copies. */
export interface Rules {
  readonly rights: typeof RIGHTS
  readonly general: Readonly<Record<keyof typeof GENERAL_RIGHTS, readonly Role[]>>
}

/** `allowed`, or the code of the error. */
type Outcome = string

interface Answer {
  readonly outcome: Outcome
  /** Message and hint, with the id that was asked for taken out. */
  readonly words: string
}

/** Puts something wrong into a house, to see it found. */
type Plant = (house: House) => void

/** Everything that is not as the rules say, one line each: operation, who, what. */
export async function mismatches(
  rules: Rules,
  name: OperationName,
  plant: Plant = () => undefined,
): Promise<string[]> {
  const found: string[] = []
  for (const who of ACTOR_NAMES) {
    const wrong = await askInTheNameOf(rules, name, who, plant)
    found.push(...wrong.map((line) => `${name}: ${who}, ${line}`))
  }
  return found
}

interface Scene {
  readonly house: House
  readonly ids: readonly string[]
  readonly name: OperationName
  readonly fixture: Fixture
  readonly caller: Caller
  readonly rules: Rules
  /** What was written by units that were committed, the audit left out: `credentials.update`, … */
  readonly writes: readonly string[]
}

async function askInTheNameOf(
  rules: Rules,
  name: OperationName,
  who: ActorName,
  plant: Plant,
): Promise<string[]> {
  const writes: string[] = []
  const fixture = FIXTURES[name]
  const targets = fixture.aim === 'credential' ? TARGETS : []
  const { house, ids } = await furnish(createHouse(recordingStore(writes)), targets)
  plant(house)
  const scene: Scene = { house, ids, name, fixture, rules, writes, caller: ACTORS[who](house) }
  return [...(await ASK[fixture.aim](scene)), ...(await askOfPerson(scene))]
}

const ASK: Readonly<Record<Fixture['aim'], (scene: Scene) => Promise<string[]>>> = {
  public: async (scene) => {
    const { outcome, ...happened } = await observed(scene, [], scene.caller)
    const expected = scene.fixture.instead?.(scene.caller) ?? 'allowed'
    const left = expected === 'allowed' ? [] : traces(happened)
    return [
      ...(outcome === expected ? [] : [`expected ${expected}, got ${outcome}`]),
      ...left.map((trace) => `was refused, and yet ${trace}`),
    ]
  },
  nothing: (scene) => expectOutcome(scene, [], byGeneralRight(scene), 'for their organization'),
  credential: async (scene) => {
    const wrong: string[] = []
    for (const [i, target] of TARGETS.entries()) {
      const id = scene.ids[i] ?? ''
      const kind = target.attached ? 'attached credential' : 'credential'
      const what = `the ${kind} of ${target.owner} in ${target.organization}`
      const own = target.organization === scene.caller.organizationId
      if (own) wrong.push(...(await expectOutcome(scene, [id], byRight(scene, target), what)))
      else wrong.push(...(await expectAbsent(scene, id, 'cred_absent', what)))
    }
    return wrong
  },
  owner: async (scene) => {
    const wrong: string[] = []
    for (const target of TARGETS) {
      if (target.organization !== scene.caller.organizationId) continue
      // Who may use one credential of an owner may not for that reason do anything with the owner's others.
      const expected = byRight(scene, { ...target, attached: false })
      wrong.push(...(await expectOutcome(scene, [target.owner], expected, target.owner)))
    }
    const [foreign, absent] = [`user:${foreignPerson(scene)}`, 'user:absent']
    return [...wrong, ...(await expectAbsent(scene, foreign, absent, `${foreign} of another organization`))]
  },
  lease: askAboutLeases,
  thing: askAboutThings,
}

async function askAboutLeases(scene: Scene): Promise<string[]> {
  const { house, caller, rules } = scene
  const take = async (holder: Caller) =>
    (await house.ask(holder, 'leases.create', { harness: 'codex', ambient: 'login' })).id
  const wrong: string[] = []
  if (rules.general.lease.includes(caller.role)) {
    const id = await take({ ...caller, leaseId: null })
    const holder = caller.leaseId === null ? caller : { ...caller, leaseId: id }
    wrong.push(...(await expectOutcome({ ...scene, caller: holder }, [id], 'allowed', 'their own lease')))
  }
  for (const other of ['ada', 'bob', 'eve'] as const) {
    const holder = house.caller(other)
    // The handle of a lease is good for that lease, not for others of its person.
    if (holder.id === caller.id && holder.kind === caller.kind && caller.leaseId === null) continue
    wrong.push(...(await expectAbsent(scene, await take(holder), 'lease_absent', `a lease of ${other}`)))
  }
  return wrong
}

async function askAboutThings(scene: Scene): Promise<string[]> {
  const { house, caller, fixture } = scene
  if (fixture.aim !== 'thing') return []
  const expected = byGeneralRight(scene)
  const owners = { acme: house.caller('ada'), globex: house.caller('eve') }
  const [home, abroad] =
    caller.organizationId === owners.acme.organizationId
      ? [owners.acme, owners.globex]
      : [owners.globex, owners.acme]
  const by = fixture.theirs && expected === 'allowed' ? caller : home
  const own = await fixture.prepare(house, { caller: by, unique: 'thing-at-home' })
  if (fixture.nobodys) return expectOutcome(scene, [own], expected, 'one that is nobody’s yet')
  const foreign = await fixture.prepare(house, { caller: abroad, unique: 'thing-abroad' })
  return [
    ...(await expectOutcome(scene, [own], expected, 'one of their organization')),
    ...(await expectAbsent(scene, foreign, 'thing-absent', 'one of another organization')),
  ]
}

async function askOfPerson(scene: Scene): Promise<string[]> {
  const { fixture } = scene
  const { ofPerson } = fixture
  if (!ofPerson) return []
  const asking: Scene = { ...scene, fixture: { ...fixture, aim: 'owner', request: ofPerson } }
  return expectAbsent(asking, foreignPerson(scene), 'absent', 'a person of another organization')
}

function foreignPerson({ caller }: Scene): string {
  return caller.id === 'eve' ? 'bob' : 'eve'
}

// What the table says

function byGeneralRight({ rules, name, caller }: Scene): Outcome {
  const { permission } = OPERATIONS[name]
  if (caller.leaseId !== null) return 'forbidden'
  if (permission === 'signed-in') return 'allowed'
  if (permission === 'operate' && !caller.operator) return 'forbidden'
  const roles = rules.general[permission as keyof Rules['general']]
  return roles.includes(caller.role) ? 'allowed' : 'forbidden'
}

function byRight(scene: Scene, target: Target): Outcome {
  const { name, fixture, caller } = scene
  const right = OPERATIONS[name].permission.replace('credential:', '') as Right
  if (caller.leaseId !== null) return 'forbidden'
  if (has(scene, right, target)) {
    const nameOnly = target.owner === 'org' && (caller.role === 'member' || caller.role === 'agent')
    return fixture.whole && (nameOnly || isAttached(caller, target)) ? 'forbidden' : 'allowed'
  }
  // Who names an owner knows that there is one; who may not see a credential does not know of it.
  if (fixture.aim === 'owner') return 'forbidden'
  if (right === 'describe' || !has(scene, 'exists', target)) return 'not_found'
  return 'forbidden'
}

/** Whether the rules give this caller that right over the target. */
export function has(
  { rules, caller }: Pick<Scene, 'rules' | 'caller'>,
  right: Right,
  target: Target,
): boolean {
  if (isAttached(caller, target) && rules.rights.attached[caller.role].includes(right)) return true
  const relation = relationOf(caller, target.owner)
  // A worker that runs as an agent has that agent's rights only.
  if (caller.role === 'worker' && caller.agent !== null && relation !== 'self') return false
  return rules.rights[relation][caller.role].includes(right)
}

/** Whether it is attached to the agent that the caller runs as. */
export function isAttached(caller: Caller, { attached }: Target): boolean {
  return attached && caller.agent === 'nightly'
}

function relationOf(caller: Caller, owner: string): Relation {
  const [kind, who = ''] = owner.split(':')
  if (kind === 'org') return 'organization'
  if (kind === 'team') return caller.teams.includes(who) ? 'own-team' : 'other-team'
  if (kind === 'user') return caller.kind === 'person' && caller.id === who ? 'self' : 'other-person'
  return caller.agent === who ? 'self' : 'other-agent'
}

// Asking, and looking at what happened

async function expectOutcome(
  scene: Scene,
  ids: readonly string[],
  expected: Outcome,
  what: string,
): Promise<string[]> {
  const { outcome, ...happened } = await observed(scene, ids, scene.caller)
  const instead = expected === 'allowed' ? scene.fixture.instead?.(scene.caller) : undefined
  const wanted = instead ?? expected
  const wrong = outcome === wanted ? [] : [`${what}: expected ${wanted}, got ${outcome}`]
  const { permission, method } = OPERATIONS[scene.name]
  const { refused, allowed } = happened
  if (expected === 'allowed') {
    if (method === 'GET' && happened.written.length > 0)
      wrong.push(`${what}: was asked for with GET, and yet it changed ${happened.written.join(', ')}`)
    if (outcome === 'allowed' && method !== 'GET' && allowed === 0 && !scene.fixture.silent)
      wrong.push(`${what}: was done without an audit row`)
    if (instead === undefined) return wrong
  }
  wrong.push(...traces(happened).map((trace) => `${what}: was refused, and yet ${trace}`))
  const guarded =
    instead === undefined && (permission !== 'credential:describe' || scene.caller.leaseId !== null)
  if (guarded && refused === 0) wrong.push(`${what}: was refused without an audit row`)
  return wrong
}

// What belongs to another organization, or to nobody: one answer, no difference in a word.
async function expectAbsent(scene: Scene, id: string, absent: string, what: string): Promise<string[]> {
  const foreign = await observed(scene, [id], scene.caller)
  const nothing = await observed(scene, [absent], scene.caller)
  const wrong = [...traces(foreign), ...traces(nothing)].map((trace) => `${what}: ${trace}`)
  if (!['not_found', 'forbidden'].includes(foreign.outcome)) wrong.push(`${what}: got ${foreign.outcome}`)
  if (foreign.outcome !== nothing.outcome || foreign.words !== nothing.words || foreign.rows !== nothing.rows)
    wrong.push(`${what}: answered otherwise than what does not exist: ${foreign.words} | ${nothing.words}`)
  return wrong
}

interface Happened {
  /** Audit rows of each outcome, and all of them together as text. */
  readonly refused: number
  readonly allowed: number
  readonly rows: string
  /** As `writes`, and `people` when any of them changed. */
  readonly written: readonly string[]
  readonly opened: number
  /** Rows in the log of an organization that is not the caller's. */
  readonly elsewhere: number
}

function traces({ allowed, written, opened, elsewhere }: Omit<Happened, 'rows'>): string[] {
  return [
    ...(written.length > 0 ? [`it changed something: ${written.join(', ')}`] : []),
    ...(opened > 0 ? ['a value was opened'] : []),
    ...(allowed > 0 ? ['the audit says it was allowed'] : []),
    ...(elsewhere > 0 ? ['it is in the audit of another organization'] : []),
  ]
}

let asked = 0

async function observed(scene: Scene, ids: readonly string[], caller: Caller): Promise<Answer & Happened> {
  const { house, name, fixture, writes } = scene
  asked += 1
  const asking: Asking = { caller, unique: `n${asked}` }
  const request = fixture.request as (...aimedAt: unknown[]) => object
  const input = request(...ids, asking)
  const before = {
    ...{ rows: await allRows(house), opened: house.opened(), writes: writes.length },
    people: house.people.contents(),
  }
  const answer = await answerOf(house, caller, name, input, ids[0] ?? '')
  const rows = (await allRows(house)).filter((row) => !before.rows.some(({ id }) => id === row.id))
  return {
    ...answer,
    refused: rows.filter(({ outcome }) => outcome === 'refused').length,
    allowed: rows.filter(({ outcome }) => outcome === 'allowed').length,
    rows: rows.map(({ action, outcome }) => `${action} ${outcome}`).join(', '),
    written: [
      ...writes.slice(before.writes),
      ...(house.people.contents() === before.people ? [] : ['people']),
    ],
    opened: house.opened() - before.opened,
    elsewhere: rows.filter((row) => row.organizationId !== caller.organizationId).length,
  }
}

async function allRows(house: House) {
  return [...(await house.audit('ada')), ...(await house.audit('eve'))]
}

async function answerOf(
  house: House,
  caller: Caller,
  name: OperationName,
  input: object,
  id: string,
): Promise<Answer> {
  try {
    // Behind a public operation nobody is known yet: whoever asks is a visitor.
    const visitor = { address: '192.0.2.1', requestId: caller.requestId }
    const who = OPERATIONS[name].permission === 'public' ? (visitor as unknown as Caller) : caller
    await house.ask(who, name, input as never)
    return { outcome: 'allowed', words: '' }
  } catch (thrown) {
    if (!(thrown instanceof ClavigerError)) throw thrown
    const words = `${thrown.code}: ${thrown.message} ${thrown.hint ?? ''}`
    return { outcome: thrown.code, words: without(words, id) }
  }
}

// An id, and the tail of an owner: `user:eve` may be answered as `eve`.
function without(words: string, id: string): string {
  const tail = id.slice(id.indexOf(':') + 1)
  return id === '' ? words : words.replaceAll(id, '…').replaceAll(tail, '…')
}
