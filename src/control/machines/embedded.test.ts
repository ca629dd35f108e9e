import { describe, expect, it } from 'vitest'
import { createHouse, errorOf, type House } from '../../../test/support/house.ts'
import { enrolWorker } from '../../../test/support/machines.ts'
import { workerOf } from '../../../test/support/runs.ts'
import type { Secret } from '../../domain/secret.ts'
import { sha256 } from '../../lib/digest.ts'
import type { TokenFile } from '../admin-token.ts'
import { createAuthenticator } from '../authenticate.ts'
import { APART, ensureEmbedded, findEmbedded, firstPerson, isAlone, isOff } from './embedded.ts'

type FileInMemory = TokenFile & { text: string | null }

function fileInMemory(text: string | null = null): FileInMemory {
  return {
    text,
    async digest() {
      return this.text === null ? null : sha256(this.text)
    },
    async write(token: Secret) {
      this.text = token.expose()
    },
  }
}

async function ensure(house: House, file: TokenFile, place: string | null = null) {
  return ensureEmbedded(house.ports, await house.ports.identity.bootstrap(), file, place)
}

async function callerWith(house: House, { text }: FileInMemory) {
  return createAuthenticator(house.ports)(text ?? '', 'r')
}

/** Only ada is left. */
function sendOthersAway(house: House): void {
  for (const who of ['ann', 'bob', 'cyd', 'aud', 'eve'] as const) house.people.change(who, null)
}

describe('the worker that is a process of another user', () => {
  it('is not the one inside: it has a name and a token of its own, and is on whoever is there', async () => {
    const house = createHouse()
    const [inside, apart] = [fileInMemory(), fileInMemory()]
    const people = await house.ports.identity.bootstrap()
    const one = await ensure(house, inside)
    const other = await ensureEmbedded(house.ports, people, apart, null, APART)
    if (one === null || other === null) throw new Error('there is none')
    expect([one.name, other.name]).toEqual(['embedded', 'embedded-apart'])
    expect([await isOff(house.ports, one, 'ada'), await isOff(house.ports, other, undefined)]).toEqual([
      true,
      false,
    ])
    // The token of one is never taken for the other's.
    expect(await findEmbedded(house.ports, apart)).toBeUndefined()
    expect(await findEmbedded(house.ports, inside, APART)).toBeUndefined()
    expect(await ensureEmbedded(house.ports, people, apart, null, APART)).toEqual(other)
  })
})

describe('ensureEmbedded', () => {
  it('makes a worker with a token once, and records it', async () => {
    const house = createHouse()
    const file = fileInMemory()
    const made = await ensure(house, file)
    const text = file.text
    expect(await ensure(house, file)).toEqual(made)
    expect(file.text).toBe(text)
    expect(await callerWith(house, file)).toMatchObject({ kind: 'worker', id: made?.id, name: 'embedded' })
    const joined = (await house.audit()).filter(({ action }) => action === 'worker.join')
    expect(joined).toMatchObject([{ actorKind: 'server', objectName: 'embedded', outcome: 'allowed' }])
    expect((await house.ask('ada', 'workers.list', {})).workers).toMatchObject([
      { name: 'embedded', state: 'enrolled' },
    ])
  })

  it('completes a start that was cut short after its file was written', async () => {
    const house = createHouse()
    const file = fileInMemory()
    await ensure(createHouse(), file)
    const text = file.text
    expect(await ensure(house, file)).toMatchObject({ name: 'embedded' })
    expect(file.text).toBe(text)
  })

  it('keeps its id without its file, and the token that was in it is good no more', async () => {
    const house = createHouse()
    const [lost, file] = [fileInMemory(), fileInMemory()]
    const made = await ensure(house, lost)
    expect((await ensure(house, file))?.id).toBe(made?.id)
    expect((await errorOf(callerWith(house, lost))).code).toBe('unauthenticated')
    expect(await callerWith(house, file)).toMatchObject({ id: made?.id })
  })

  it('makes none again when it was revoked, as long as the file is there', async () => {
    const house = createHouse()
    const file = fileInMemory()
    await ensure(house, file)
    await house.ask('ada', 'workers.revoke', { name: 'embedded' })
    expect(await ensure(house, file)).toBeNull()
    expect(await ensure(house, fileInMemory())).toMatchObject({ name: 'embedded', revokedAt: null })
  })

  it('has a name of its own for each place, also with a copy of another’s file', async () => {
    const house = createHouse()
    const one = fileInMemory()
    const first = await ensure(house, one, 'aaaa')
    const two = fileInMemory(one.text)
    const second = await ensure(house, two, 'bbbb')
    expect([first?.name, second?.name]).toEqual(['embedded', 'embedded-bbbb'])
    expect(two.text).not.toBe(one.text)
    expect([await ensure(house, one, 'aaaa'), await ensure(house, two, 'bbbb')]).toEqual([first, second])
  })

  it('leaves a worker alone that somebody called so, and a token that is no worker’s', async () => {
    const house = createHouse()
    await enrolWorker(house, 'embedded')
    const error = await errorOf(ensure(house, fileInMemory()))
    expect([error.code, error.message]).toEqual(['conflict', 'Another worker is called embedded.'])
    expect(await findEmbedded(house.ports, fileInMemory('clv_none'))).toBeUndefined()
  })
})

describe('the first person', () => {
  it('is alone when nobody else is a member of anything', async () => {
    const house = createHouse()
    const { identity } = house.ports
    expect(await isAlone(identity, 'ada')).toBe(false)
    for (const who of ['ann', 'bob', 'cyd', 'aud'] as const) house.people.change(who, null)
    expect(await isAlone(identity, 'ada')).toBe(false)
    house.people.change('eve', null)
    expect([await isAlone(identity, 'ada'), await isAlone(identity, 'bob')]).toEqual([true, false])
  })

  it('stays the same whoever owns the first organization later', async () => {
    const house = createHouse()
    const people = await house.ports.identity.bootstrap()
    expect(await firstPerson(house.ports, people)).toBe('ada')
    expect(await firstPerson(house.ports, { ...people, owner: { ...people.owner, id: 'bob' } })).toBe('ada')
  })
})

describe('who asks why it does nothing', () => {
  it('is told by the list of workers and by the status, as long as nothing else carries out runs', async () => {
    const house = createHouse()
    await ensure(house, fileInMemory())
    const offOf = async () => (await house.ask('ada', 'workers.list', {})).workers.map(({ off }) => off)
    const warned = async () => (await house.ask('ada', 'status.get', {})).warnings
    expect([await offOf(), await warned()]).toEqual([[null], []])
    await firstPerson(house.ports, await house.ports.identity.bootstrap())
    expect(await offOf()).toEqual(['there is a second person'])
    expect(await warned()).toMatchObject([
      {
        code: 'embedded-worker',
        message: expect.stringContaining('is off, because there is a second person'),
      },
    ])
    await enrolWorker(house, 'box')
    expect([await offOf(), await warned()]).toEqual([['there is a second person', null], []])
    await house.ask('ada', 'workers.revoke', { name: 'box' })
    expect(await warned()).toHaveLength(1)
    sendOthersAway(house)
    expect([await offOf(), await warned()]).toEqual([[null, null], []])
  })
})

describe('a run that is queued', () => {
  async function queued(house: House) {
    await house.give('ada', 'me', 'own')
    const { id, hint } = await house.ask('ada', 'runs.create', { harness: 'claude', prompt: 'Do it.' })
    return { id, hint, read: () => house.ask('ada', 'runs.read', { id }) }
  }

  it('is not given to the embedded worker while there are others, whatever it asks for', async () => {
    const house = createHouse()
    const file = fileInMemory()
    await ensure(house, file)
    const caller = await callerWith(house, file)
    await queued(house)
    const claim = (onlyFor?: string) =>
      house.ask(caller, 'runs.claim', {
        ...{ harnesses: ['claude'], capacity: 1, waitSeconds: 0, process: 'p1', asked: 1 },
        ...(onlyFor !== undefined && { onlyFor }),
      })
    expect((await claim('ada')).runs).toEqual([])
    sendOthersAway(house)
    expect((await claim()).runs).toEqual([])
    expect((await claim('ada')).runs).toHaveLength(1)
  })

  it('says what to do when nobody is there who would take it', async () => {
    const house = createHouse()
    const { hint, read } = await queued(house)
    expect(hint).toContain(
      'No worker takes it. On a machine with Claude Code: claviger worker --server http://claviger.test --enrol, with a code',
    )
    const file = fileInMemory()
    await ensure(house, file)
    await callerWith(house, file)
    await firstPerson(house.ports, await house.ports.identity.bootstrap())
    expect((await read()).hint).toBe(
      hint?.replace(
        'No worker takes it.',
        'No worker takes it: that of the server is off, because there is a second person.',
      ),
    )
    sendOthersAway(house)
    expect((await read()).hint).toBeNull()
    house.clock.now += 10 * 60_000
    expect((await read()).hint).toBe(hint)
  })

  it('says which worker has to come back for it', async () => {
    const house = createHouse()
    const { id, read } = await queued(house)
    const worker = await workerOf(house, 'box')
    const [run] = await worker.claim()
    if (run === undefined) throw new Error('it was not claimed')
    expect((await read()).hint).toBeNull()
    await worker.report(run, { is: 'state', state: 'failed', reason: 'no reason' })
    await house.ask('ada', 'runs.wake', { id })
    expect((await read()).hint).toBeNull()
    house.clock.now += 10 * 60_000
    expect((await read()).hint).toContain('The worker box')
  })
})
