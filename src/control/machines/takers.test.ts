import { describe, expect, it } from 'vitest'
import { createHouse, type House } from '../../../test/support/house.ts'
import { workerOf } from '../../../test/support/runs.ts'
import type { Request } from '../../api/schemas.ts'

const CODEX: Partial<Request<'runs.claim'>> = { harnesses: ['codex'] }
const CLAUDE: Partial<Request<'runs.claim'>> = { harnesses: ['claude'] }

async function queued(house: House, changed: object = {}) {
  await house.give('ada', 'me', 'own')
  const { id } = await house.ask('ada', 'runs.create', { harness: 'claude', prompt: 'Do it.', ...changed })
  return async () => (await house.ask('ada', 'runs.read', { id })).hint
}

describe('the hint of a run that is queued', () => {
  it('names those who are there without the program, and is gone when one has it', async () => {
    const house = createHouse()
    const hint = await queued(house)
    for (const name of ['b1', 'b2', 'b3', 'b4']) {
      expect(await (await workerOf(house, name)).claim(CODEX)).toEqual([])
      house.clock.now += 1
    }
    expect(await hint()).toBe(
      'No worker has Claude Code. Install it on b1 or b2 or b3 and start its worker again (npm install -g @anthropic-ai/claude-code), or enrol one that has it: claviger worker --server http://claviger.test --enrol, with a code from an admin: claviger admin worker enrol NAME',
    )
    await (await workerOf(house, 'good')).claim({ ...CLAUDE, directories: ['/srv'], onlyFor: 'bob' })
    expect(await hint()).toBeNull()
  })

  it('says which program is missing where the server would carry it out itself', async () => {
    const house = createHouse()
    const hint = await queued(house)
    const bare = 'Claude Code is not installed on the machine of the server. Install it there'
    expect(await hint()).toContain('No worker takes it.')
    await house.ports.store.installation.putIfAbsent('embedded-worker-for', 'ada')
    for (const who of ['ann', 'bob', 'cyd', 'aud', 'eve'] as const) house.people.change(who, null)
    expect(await hint()).toContain(bare)
    const { harnesses } = await house.ask('ada', 'overview', {})
    expect(harnesses.map(({ untaken }) => untaken?.slice(0, 24))).toEqual([
      ...['Claude Code is not insta', 'Codex is not installed o'],
    ])
  })

  it('says so when the only one that may take it lacks the program, or is away', async () => {
    const house = createHouse()
    const other = await workerOf(house, 'good')
    const pinned = await workerOf(house, 'box')
    const hint = await queued(house, { worker: 'box' })
    await pinned.claim(CODEX)
    await other.claim(CLAUDE)
    expect(await hint()).toBe(
      'The worker box, which alone can take it, has no Claude Code. Install it there (npm install -g @anthropic-ai/claude-code), and start claviger worker again.',
    )
    house.clock.now += 10 * 60_000
    expect(await hint()).toContain('has not been heard of')
  })

  it('says which directory nobody offers', async () => {
    const house = createHouse()
    const hint = await queued(house, { workspace: { kind: 'directory', path: '/home/ada/shop' } })
    const worker = await workerOf(house, 'box')
    await worker.claim({ ...CLAUDE, directories: ['/home/ada/sho'] })
    expect(await hint()).toBe(
      'No worker may work in /home/ada/shop. Where that directory is: claviger worker --directory /home/ada/shop',
    )
    await worker.claim({ ...CLAUDE, directories: ['/home/ada'], capacity: 1, onlyFor: 'bob' })
    expect(await hint()).toBeNull()
  })

  it('says so when the only one that may take it was revoked: another could not', async () => {
    const house = createHouse()
    await workerOf(house, 'box')
    const hint = await queued(house, { worker: 'box' })
    await house.ask('ada', 'workers.revoke', { name: 'box' })
    await (await workerOf(house, 'other')).claim(CLAUDE)
    expect(await hint()).toMatch(
      /^The worker box, which alone may take it, was revoked. Cancel it \(claviger run cancel run_\w+\), and start another without --worker box\.$/,
    )
  })

  it('names who could take it when all are full of runs at work, and waits for those that have an idle one', async () => {
    const house = createHouse()
    await queued(house)
    const worker = await workerOf(house, 'box')
    const [run] = await worker.claim({ ...CLAUDE, capacity: 1 })
    if (run === undefined) throw new Error('nothing was claimed')
    const { id } = await house.ask('ada', 'runs.create', { harness: 'claude', prompt: 'And that.' })
    const hint = async () => (await house.ask('ada', 'runs.read', { id })).hint
    expect(await hint()).toBe(
      'All that can take it are full of runs at work: box. It comes next. More at a time: claviger worker --runs N, or claviger worker --server http://claviger.test --enrol, with a code from an admin: claviger admin worker enrol NAME',
    )
    await worker.report(run, { is: 'state', state: 'ready' })
    expect(await hint()).toBeNull()
  })

  it('believes of a worker that has not asked yet that it has everything', async () => {
    const house = createHouse()
    const hint = await queued(house)
    const { caller } = await workerOf(house, 'box')
    await house.ports.store.workers.seen(caller.id, house.clock.now, house.clock.now + 1)
    expect(await hint()).toBeNull()
  })
})
