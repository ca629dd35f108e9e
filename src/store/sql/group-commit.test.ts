import { CompiledQuery } from 'kysely'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { contended, outcomeUnknown } from '../refusals.ts'
import type { Engine } from './engine.ts'
import { createGroupCommit, type GroupCommit, type GroupCommitOptions } from './group-commit.ts'
import type { Execute } from './prepared.ts'
import { openSqlite } from './sqlite.ts'

let engine: Engine
/** Statements and answers in the order they happened. */
let events: string[]

beforeEach(async () => {
  engine = openSqlite({ path: ':memory:' })
  events = []
  await run('create table parent (id text primary key)')
  await run('create table child (parent text references parent (id) deferrable initially deferred)')
})

afterEach(() => engine.close())

async function run(sql: string): Promise<unknown[]> {
  return (await engine.database.executeQuery(CompiledQuery.raw(sql))).rows
}

function committer(maxUnits = 256, pipelined = false): GroupCommit {
  return createGroupCommit({
    begin: engine.begin,
    pipelined,
    maxUnits,
    connected: (use) =>
      engine.database.getExecutor().provideConnection((connection) =>
        use((query) => {
          events.push(query.sql)
          return connection.executeQuery(query)
        }),
      ),
  })
}

const insert = (id: string) => async (execute: Execute) => {
  await execute(CompiledQuery.raw('insert into parent values (?)', [id]))
  return id
}

const ids = async () =>
  (await run('select id from parent order by id')).map((row) => Object.values(row ?? {})[0])
const count = (sql: string) => events.filter((event) => event === sql).length

describe('group commit', () => {
  it('lets the units of one turn share one transaction, a savepoint each', async () => {
    const { atomically } = committer()
    const names = Array.from({ length: 10 }, (_, place) => `unit-${place}`)
    expect(await Promise.all(names.map((name) => atomically(insert(name))))).toEqual(names)
    expect(await ids()).toEqual(names)
    expect(count('begin immediate')).toBe(1)
    expect(count('commit')).toBe(1)
    expect(count('savepoint unit')).toBe(10)
    expect(count('release savepoint unit')).toBe(10)
  })

  it('makes no savepoint for a unit that is alone', async () => {
    const { atomically } = committer()
    await atomically(insert('a'))
    const failed = atomically(async (execute) => {
      await insert('b')(execute)
      throw new RangeError('no')
    })
    await expect(failed).rejects.toThrow(RangeError)
    expect(await ids()).toEqual(['a'])
    expect(events).not.toContain('savepoint unit')
  })

  it('answers nobody before the commit has returned', async () => {
    const { atomically } = committer()
    const asked = ['a', 'b', 'c'].map((id) =>
      atomically(insert(id)).then(() => events.push(`answered ${id}`)),
    )
    const failed = atomically(async () => {
      throw new RangeError('no')
    }).catch(() => events.push('answered d'))
    await Promise.all([...asked, failed])
    expect(events.slice(events.indexOf('commit'))).toEqual([
      'commit',
      'answered a',
      'answered b',
      'answered c',
      'answered d',
    ])
  })

  it('takes the steps for after the commit then, of the run that is kept, before it answers', async () => {
    const { atomically } = committer()
    let runs = 0
    const stored = atomically(async (execute, _, afterCommit) => {
      runs += 1
      const run = runs
      afterCommit(() => events.push(`step of run ${run}`))
      if (run < 2) throw contended('a deadlock')
      return insert('a')(execute)
    }).then(() => events.push('answered'))
    const failed = atomically(async (_, __, afterCommit) => {
      afterCommit(() => events.push('step of one that failed'))
      throw new RangeError('no')
    })
    await Promise.allSettled([stored, failed])
    expect(events.slice(events.lastIndexOf('commit'))).toEqual(['commit', 'step of run 2', 'answered'])
    expect(events).not.toContain('step of one that failed')
  })

  it('shares a commit among no more than the cap', async () => {
    const { atomically } = committer(2)
    await Promise.all(['a', 'b', 'c', 'd', 'e'].map((id) => atomically(insert(id))))
    expect(count('commit')).toBe(3)
    expect(await ids()).toEqual(['a', 'b', 'c', 'd', 'e'])
  })

  it('puts what is asked for meanwhile into the next commit', async () => {
    const { atomically } = committer()
    let later: Promise<string> | undefined
    await atomically(async (execute) => {
      later = atomically(insert('later'))
      return insert('first')(execute)
    })
    expect(count('commit')).toBe(1)
    expect(await later).toBe('later')
    expect(count('commit')).toBe(2)
  })

  it('rejects every unit of a commit that fails, stores none, and goes on', async () => {
    const { atomically } = committer()
    const orphan = atomically((execute) => execute(CompiledQuery.raw("insert into child values ('nobody')")))
    const results = await Promise.allSettled([atomically(insert('a')), orphan, atomically(insert('b'))])
    expect(results.map((result) => result.status)).toEqual(['rejected', 'rejected', 'rejected'])
    expect(count('rollback')).toBe(1)
    expect(await ids()).toEqual([])
    expect(await atomically(insert('after'))).toBe('after')
    expect(await ids()).toEqual(['after'])
  })

  it('rejects every unit when the engine took the transaction back by itself', async () => {
    const { atomically } = committer()
    const lost = atomically((execute) => execute(CompiledQuery.raw('rollback')))
    const results = await Promise.allSettled([atomically(insert('a')), lost, atomically(insert('b'))])
    expect(results.map((result) => result.status)).toEqual(['rejected', 'rejected', 'rejected'])
    expect(await ids()).toEqual([])
    expect(await atomically(insert('after'))).toBe('after')
    expect(await ids()).toEqual(['after'])
  })

  it('runs a unit again that another server stood in the way of, and keeps what its last run did', async () => {
    const { atomically } = committer()
    let runs = 0
    const unlucky = atomically(async (execute) => {
      runs += 1
      await insert(`run-${runs}`)(execute)
      if (runs < 3) throw contended('a deadlock')
      return runs
    })
    const neighbour = atomically(insert('neighbour'))
    expect(await Promise.all([unlucky, neighbour])).toEqual([3, 'neighbour'])
    expect(await ids()).toEqual(['neighbour', 'run-3'])
  })

  it('gives up on a unit that others always stand in the way of', async () => {
    const { atomically, drained } = committer()
    let runs = 0
    const failed = atomically(async () => {
      runs += 1
      throw contended('a deadlock')
    })
    await expect(failed).rejects.toMatchObject({
      code: 'unavailable',
      hint: expect.stringContaining('Try again'),
    })
    expect(runs).toBe(8)
    await drained()
    expect(await atomically(insert('after'))).toBe('after')
  })

  it('commits nothing when a savepoint that was sent ahead failed', async () => {
    const { atomically } = committer(256, true)
    const lost = atomically((execute) => execute(CompiledQuery.raw('release savepoint unit')))
    const results = await Promise.allSettled([atomically(insert('a')), lost, atomically(insert('b'))])
    expect(results.map((result) => result.status)).toEqual(['rejected', 'rejected', 'rejected'])
    expect(events).not.toContain('commit')
    expect(await ids()).toEqual([])
    expect(await atomically(insert('after'))).toBe('after')
  })

  it('has answered everybody when it is drained', async () => {
    const { atomically, drained } = committer(1)
    const answered: string[] = []
    for (const id of ['a', 'b', 'c']) void atomically(insert(id)).then(() => answered.push(id))
    await drained()
    expect(answered).toEqual(['a', 'b', 'c'])
    await expect(drained()).resolves.toBeUndefined()
  })
})

describe('what units leave', () => {
  type Closing = NonNullable<GroupCommitOptions<string>['closing']>
  const written: Closing = async (left) => ({
    statements: left.map((id) => CompiledQuery.raw('insert into parent values (?)', [id])),
    decisions: [],
  })
  let fails: { readonly sql: string; readonly error: Error } | undefined

  beforeEach(() => {
    fails = undefined
  })

  function leaving(closing: Closing, pipelined = false): GroupCommit<string> {
    return createGroupCommit({
      begin: engine.begin,
      pipelined,
      closing,
      connected: (use) =>
        engine.database.getExecutor().provideConnection((connection) =>
          use(async (query) => {
            events.push(query.sql)
            if (query.sql === fails?.sql) throw fails.error
            return connection.executeQuery(query)
          }),
        ),
    })
  }

  it('is written last, in their order, with the same commit; a unit that failed leaves nothing', async () => {
    const { atomically } = leaving(written)
    const units = ['a', 'b', 'c'].map((id) =>
      atomically(async (execute, leave) => {
        leave(`first of ${id}`)
        await insert(id)(execute)
        leave(`second of ${id}`)
        if (id === 'b') throw new RangeError('no')
      }),
    )
    await Promise.allSettled(units)
    expect(count('commit')).toBe(1)
    expect(events.slice(-5, -1)).toEqual(Array.from({ length: 4 }, () => 'insert into parent values (?)'))
    expect(await ids()).toEqual(['a', 'c', 'first of a', 'first of c', 'second of a', 'second of c'])
  })

  it('is asked for only when something was left', async () => {
    const asked: (readonly string[])[] = []
    const { atomically } = leaving(async (left) => {
      asked.push(left)
      return { statements: [], decisions: [] }
    })
    await atomically(insert('a'))
    await atomically(async (_, leave) => leave('left alone'))
    expect(asked).toEqual([['left alone']])
  })

  it.each([false, true])(
    'that cannot be written fails every unit of the group (ahead: %s)',
    async (ahead) => {
      const { atomically } = leaving(written, ahead)
      fails = { sql: 'insert into parent values (?)', error: new RangeError('full') }
      const results = await Promise.allSettled([
        atomically(async (_, leave) => leave('x')),
        atomically(async () => 'nothing left'),
      ])
      expect(results).toMatchObject([
        { status: 'rejected', reason: { message: 'full' } },
        { status: 'rejected', reason: { message: 'full' } },
      ])
      expect(await ids()).toEqual([])
    },
  )

  it('that another server is in the way of is written by the next run', async () => {
    let runs = 0
    const { atomically } = leaving(async (left, ...rest) => {
      runs += 1
      if (runs < 3) throw contended('a deadlock')
      return written(left, ...rest)
    })
    await Promise.all(['a', 'b'].map((id) => atomically(async (_, leave) => leave(id))))
    expect(runs).toBe(3)
    expect(await ids()).toEqual(['a', 'b'])
  })

  it('is refused after the end of its unit, and after a statement of it failed', async () => {
    const { atomically } = leaving(written)
    let late: ((id: string) => void) | undefined
    await atomically(async (_, leave) => {
      late = leave
    })
    expect(() => late?.('late')).toThrow('after its end')
    const failed = atomically(async (execute, leave) => {
      await execute(CompiledQuery.raw('no sql')).catch(() => undefined)
      leave('x')
    })
    await expect(failed).rejects.toThrow('syntax error')
    expect(await ids()).toEqual([])
  })

  it('leaves the outcome open when it travelled with a commit of which nobody knows', async () => {
    const { atomically } = leaving(written, true)
    fails = { sql: 'commit', error: outcomeUnknown('cut') }
    await expect(atomically(async (_, leave) => leave('x'))).rejects.toMatchObject({
      message: expect.stringContaining('may have been stored'),
    })
  })
})

describe('what was prepared outside', () => {
  const insertOf = (id: string) => CompiledQuery.raw('insert into parent values (?)', [id])

  /** What was seen is an id that must not be there. */
  function adding(): GroupCommit<string, string> {
    return createGroupCommit<string, string>({
      begin: engine.begin,
      connected: (use) =>
        engine.database.getExecutor().provideConnection((connection) =>
          use((query) => {
            events.push(query.sql)
            return connection.executeQuery(query)
          }),
        ),
      closing: async (left, prepared, execute) => {
        const { rows } = await execute(CompiledQuery.raw('select id from parent'))
        const there = rows.map((row) => (row as { id: string }).id)
        const decisions = await Promise.all(
          prepared.map((one) => (there.includes(one.seen) ? one.again(execute) : one)),
        )
        const kept = decisions.flatMap((one) => one.left)
        return { statements: [...left, ...kept].map(insertOf), decisions }
      },
    })
  }

  /** Adds `left`; the answer is "first", or what is in the table when it is decided again. */
  async function added(
    { add }: Pick<GroupCommit<string, string>, 'add'>,
    left: readonly string[],
    seen: string,
  ): Promise<string | undefined> {
    let answer: string | undefined
    const answered = (value: string) => () => {
      answer = value
    }
    const again = async (execute: Execute) => {
      const { rows } = await execute(CompiledQuery.raw('select id from parent order by id'))
      const there = rows.map((row) => (row as { id: string }).id).join()
      return { left: left.map((id) => `${id} again`), answer: answered(there) }
    }
    await add({ left, seen, answer: answered('first'), again })
    return answer
  }

  it('is written with the same commit, or decided again there when it is outdated by then', async () => {
    const committer = adding()
    const outcomes = await Promise.all([
      added(committer, ['kept', 'with it'], 'nobody'),
      added(committer, ['decided'], 'a'),
      committer.atomically(insert('a')),
      committer.atomically(async (_, leave) => leave('left')),
    ])
    expect(outcomes.slice(0, 3)).toEqual(['first', 'a', 'a'])
    expect(count('commit')).toBe(1)
    expect(await ids()).toEqual(['a', 'decided again', 'kept', 'left', 'with it'])
  })

  it('is not disturbed by units that fail beside it', async () => {
    const committer = adding()
    const failed = committer.atomically(async (execute) => {
      await insert('a')(execute)
      throw new RangeError('no')
    })
    const [answer] = await Promise.all([added(committer, ['x'], 'a'), failed.catch(() => undefined)])
    expect([answer, await ids()]).toEqual(['first', ['x']])
  })

  it('is answered before the committer is drained, and fails with its commit', async () => {
    const committer = adding()
    const outcomes = Promise.allSettled([added(committer, ['x'], ''), added(committer, ['x'], '')])
    await committer.drained()
    expect(await outcomes).toMatchObject([{ status: 'rejected' }, { status: 'rejected' }])
    expect(await ids()).toEqual([])
  })

  it('may be decided inside by units that only leave: after all others, without a savepoint', async () => {
    const { atomically } = adding()
    const looked: number[] = []
    const looking = Array.from({ length: 3 }, (_, place) =>
      atomically(async (execute, leave) => {
        looked.push((await execute(CompiledQuery.raw('select id from parent'))).rows.length)
        leave(`left by ${place}`)
        if (place === 1) throw new RangeError('no')
      }, 'onlyLeaves'),
    )
    await Promise.allSettled([...looking, atomically(insert('a'))])
    expect(looked).toEqual([1, 1, 1])
    expect(count('savepoint unit')).toBe(1)
    expect(await ids()).toEqual(['a', 'left by 0', 'left by 2'])
  })
})
