// Real git: a clone that an agent has worked in, and a repository to which somebody pushes meanwhile.

import { execFileSync } from 'node:child_process'
import {
  appendFile,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import { type PrivateRepository, startPrivateRepository } from '../../../test/support/private-repository.ts'
import { Secret } from '../../domain/secret.ts'
import { bringCode } from './bringing.ts'
import type { CloneAccess } from './clone-access.ts'
import { textGiven } from './code-record.ts'
import { openRunPlace, type RunPlace, type WorkspaceOptions } from './workspace.ts'

const ENVIRONMENT = { PATH: '/usr/bin:/bin', HOME: '/nonexistent' }
const NEWEST = 'refs/claviger/newest'

let root = ''
let repository = ''
let place: RunPlace

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'claviger-bringing-'))
  repository = join(root, 'repository')
  await mkdir(repository)
  git(repository, 'init', '--quiet', '--initial-branch=main')
  await push('first')
  return () => rm(root, { recursive: true, force: true })
})

function git(cwd: string, ...words: string[]): string {
  const identity = ['-c', 'user.name=ada', '-c', 'user.email=ada@example.com']
  return execFileSync('git', [...identity, ...words], { cwd, encoding: 'utf8', env: ENVIRONMENT }).trim()
}

/** Somebody's commit; returns its id. */
async function push(text: string, file = 'story.txt'): Promise<string> {
  await writeFile(join(repository, file), text)
  git(repository, 'add', '.')
  git(repository, 'commit', '--quiet', '-m', text)
  return git(repository, 'rev-parse', 'HEAD')
}

const source = (ref: string | null) => ({ kind: 'git', url: `file://${repository}`, ref }) as const

function options(changed: Partial<WorkspaceOptions> = {}): WorkspaceOptions {
  return { environment: ENVIRONMENT, timeoutMs: 20_000, directories: ['/'], ...changed }
}

async function open(ref: string | null = null): Promise<void> {
  place = await openRunPlace(join(root, 'runs'), 'run_1', source(ref), options())
}

function bring(ref: string, message = 'm1', changed: Partial<WorkspaceOptions> = {}): Promise<string | null> {
  return bringCode(place, source(null), { message, ref }, options(changed))
}

const inClone = (...words: string[]) => git(place.workspace, ...words)
const story = () => readFile(join(place.workspace, 'story.txt'), 'utf8')

/** Only what belongs there is there. */
async function mustBeTidy(): Promise<void> {
  const names = await readdir(join(root, 'runs', 'run_1'))
  expect(names.toSorted()).toEqual(['code.json', 'config', 'tmp', 'workspace'])
}

describe('what was pushed since', () => {
  it('is checked out where the agent has changed nothing, on the branch that the clone is on', async () => {
    await open()
    const [before, after] = [inClone('rev-parse', 'HEAD'), await push('second')]
    const line = await bring('HEAD')
    expect(line).toMatch(new RegExp(`was at ${before}, and is at ${after} now`))
    expect([await story(), inClone('rev-parse', 'HEAD'), inClone('status', '--porcelain')]).toEqual([
      'second',
      after,
      '',
    ])
    expect(inClone('symbolic-ref', 'HEAD')).toBe('refs/heads/main')
    expect(inClone('fsck', '--no-dangling')).toBe('')
    await mustBeTidy()
  })

  it('is nothing where nobody has pushed, and is not fetched then', async () => {
    const first = git(repository, 'rev-parse', 'HEAD')
    await open(first)
    await rename(repository, `${repository}.gone`)
    expect(await bring(first)).toBeNull()
    await rename(`${repository}.gone`, repository)
    expect(await bring('HEAD', 'm2')).toBeNull()
    const second = await push('second')
    expect(await bring(second, 'm3')).toMatch(/is at/)
    expect(await bring(second, 'm4')).toBeNull()
  })

  it('is checked out without a branch where there was none, also after a push by force', async () => {
    const first = git(repository, 'rev-parse', 'HEAD')
    await open(await push('second'))
    git(repository, 'reset', '--quiet', '--hard', first)
    const other = await push('another second')
    expect(await bring(other)).toMatch(/is at/)
    expect([await story(), inClone('rev-parse', '--abbrev-ref', 'HEAD')]).toEqual(['another second', 'HEAD'])
  })

  it('goes away with files that are gone, and stays where it is ignored', async () => {
    await push('here for now', 'old.txt')
    await push('built/\n', '.gitignore')
    await open()
    await mkdir(join(place.workspace, 'built'))
    await writeFile(join(place.workspace, 'built/out'), 'mine')
    git(repository, 'rm', '--quiet', 'old.txt')
    await push('without')
    expect(await bring('main')).toMatch(/is at/)
    expect((await readdir(place.workspace)).toSorted()).toEqual(['.git', '.gitignore', 'built', 'story.txt'])
  })
})

describe('what the agent has done', () => {
  it.each([
    ['a file that it has changed', () => writeFile(join(place.workspace, 'story.txt'), 'mine')],
    ['a file that it has made', () => writeFile(join(place.workspace, 'notes.txt'), 'mine')],
    ['a file that it has removed', () => rm(join(place.workspace, 'story.txt'))],
    ['a merge that has begun', () => writeFile(join(place.workspace, '.git/MERGE_HEAD'), '')],
  ])('stays: %s', async (_, change) => {
    await open()
    await change()
    const files = await readdir(place.workspace)
    const [before, after] = [inClone('rev-parse', 'HEAD'), await push('second')]
    expect(await bring('HEAD')).toMatch(new RegExp(`up to ${after}.*${NEWEST}`))
    expect([inClone('rev-parse', 'HEAD'), inClone('rev-parse', NEWEST)]).toEqual([before, after])
    expect(await readdir(place.workspace)).toEqual(files)
    await rm(join(place.workspace, '.git/MERGE_HEAD'), { force: true })
    expect(inClone('fsck', '--no-dangling')).toBe('')
    await mustBeTidy()
  })

  it('is merged by itself where it has commits of its own', async () => {
    await open()
    await writeFile(join(place.workspace, 'notes.txt'), 'mine')
    inClone('add', '.')
    inClone('commit', '--quiet', '-m', 'mine')
    await push('second')
    expect(await bring('HEAD')).toMatch(/commits in the clone/)
    expect(await story()).toBe('first')
    inClone('merge', '--quiet', NEWEST, '-m', 'both')
    expect([await story(), await readFile(join(place.workspace, 'notes.txt'), 'utf8')]).toEqual([
      'second',
      'mine',
    ])
  })
})

describe('a message', () => {
  it('begins with the same, however often it is made ready', async () => {
    await open()
    await push('second')
    const line = await bring('HEAD')
    await push('third')
    expect(await bring('HEAD')).toBe(line)
    expect(await textGiven(place.codeFile, { id: 'm1', text: 'look again' })).toBe(`${line}\n\nlook again`)
    expect(await textGiven(place.codeFile, { id: 'm0', text: 'look' })).toBe('look')
    expect(await story()).toBe('second')
    expect(await bring('HEAD', 'm2')).toMatch(/is at/)
  })

  it('goes on with what is there when nothing can be fetched, and the next one looks again', async () => {
    await open()
    await rename(repository, `${repository}.gone`)
    expect(await bring('HEAD')).toMatch(/could not be found out\..*The clone is as it was/)
    await rename(`${repository}.gone`, repository)
    await push('second')
    expect(await bring('no-such-branch', 'm2')).toMatch(/There is no no-such-branch in it/)
    expect(await bring('--upload-pack=x', 'm3')).toMatch(/could not be found out/)
    expect(await bring('HEAD', 'm4')).toMatch(/is at/)
    await mustBeTidy()
  })

  it('finds what a try has left that was killed in the middle', async () => {
    await push('more', 'more.txt')
    await open()
    const after = await push('second')
    await push('and more', 'even-more.txt')
    // As that left it: files of the new commit, all else as before, and its own places.
    await writeFile(join(place.workspace, 'even-more.txt'), 'and more')
    await mkdir(`${place.workspace}.meeting/.git`, { recursive: true })
    await mkdir(`${place.workspace}.fetched`)
    expect(await bring('HEAD')).toMatch(/is at/)
    expect([await story(), inClone('status', '--porcelain')]).toEqual(['second', ''])
    expect(inClone('rev-parse', 'HEAD~1')).toBe(after)
    await mustBeTidy()
  })

  it('is not made ready when nobody wants it any more', async () => {
    await open()
    await push('second')
    const signal = AbortSignal.abort()
    await expect(bring('HEAD', 'm1', { signal })).rejects.toMatchObject({ code: 'invalid' })
    expect(await bring('HEAD')).toMatch(/is at/)
  })
})

const TOKEN = 'fake-clone-token-0123456789'

describe('a private repository', () => {
  let there: PrivateRepository
  let asked: string[]

  const access = async <T>(work: (access: CloneAccess) => Promise<T>): Promise<T> => {
    asked.push('lent')
    const result = await work({ url: there.url, username: 'x-access-token', token: new Secret(TOKEN) })
    asked.push('over')
    return result
  }
  const from = () => ({ kind: 'git', url: there.url, ref: null }) as const

  beforeEach(async () => {
    asked = []
    there = await startPrivateRepository(root, TOKEN)
    place = await openRunPlace(join(root, 'runs'), 'run_1', from(), options({ access }))
    return () => there.close()
  })

  it('is fetched with a token of its own, which settings of the clone lead nowhere', async () => {
    const stolen = join(root, 'stolen')
    const thief = join(root, 'thief')
    await writeFile(thief, `#!/bin/sh\nenv >> ${stolen}\ncat >> ${stolen}\n`, { mode: 0o755 })
    const traps = [
      `[core]\n\tsshCommand = ${thief}\n\tfsmonitor = ${thief}\n\thooksPath = ${join(root, 'hooks')}\n`,
      `\taskPass = ${thief}\n\tgitProxy = ${thief}\n\talternateRefsCommand = ${thief}\n\tworktree = ${root}\n`,
      `[credential]\n\thelper = !${thief}\n[url "http://127.0.0.1:1/"]\n\tinsteadOf = ${there.url}\n`,
      `[http]\n\tproxy = http://127.0.0.1:1\n[filter "x"]\n\tsmudge = ${thief}\n\tclean = ${thief}\n\tprocess = ${thief}\n`,
      `[uploadpack]\n\tpackObjectsHook = ${thief}\n[diff]\n\texternal = ${thief}\n`,
      `[remote "origin"]\n\tuploadpack = ${thief}\n\tpromisor = true\n[extensions]\n\tpartialClone = origin\n`,
    ]
    await mkdir(join(root, 'hooks'))
    for (const hook of ['post-checkout', 'reference-transaction', 'post-index-change', 'post-merge'])
      for (const hooks of [join(root, 'hooks'), join(place.workspace, '.git/hooks')])
        await writeFile(join(hooks, hook), `#!/bin/sh\n${thief}\n`, { mode: 0o755 })
    await appendFile(join(place.workspace, '.git/config'), traps.join(''))
    await appendFile(join(place.workspace, '.git/info/attributes'), '* filter=x\n')
    await there.push('main', 'story.txt', 'second')
    const wanted = { message: 'm1', ref: 'HEAD' }
    expect(await bringCode(place, from(), wanted, options({ access }))).toMatch(/is at/)
    expect(await story()).toBe('second')
    expect(await readdir(root)).not.toContain('stolen')
    expect(asked).toEqual(['lent', 'over', 'lent', 'over'])
    await mustBeTidy()
    const files = await readdir(join(root, 'runs'), { recursive: true, withFileTypes: true })
    for (const file of files.filter((one) => one.isFile()))
      expect(await readFile(join(file.parentPath, file.name), 'latin1')).not.toContain(TOKEN)
    // They are traps: git that runs in the clone itself falls into them.
    inClone('status')
    expect(await readdir(root)).toContain('stolen')
  })

  it('is not fetched for another one', async () => {
    await there.push('main', 'story.txt', 'second')
    const other = { ...from(), url: `${there.url}/other` }
    const line = await bringCode(place, other, { message: 'm1', ref: 'HEAD' }, options({ access }))
    expect(line).toMatch(/for another repository/)
    expect(await story()).toBe('private')
  })
})

describe('a clone that is not as git makes it', () => {
  it.each([
    ['links to objects elsewhere', 'objects/pack'],
    ['links to branches elsewhere', 'refs/heads'],
  ])('is written to nowhere where it %s', async (_, name) => {
    await open()
    const elsewhere = join(root, 'elsewhere')
    await rename(join(place.workspace, '.git', name), elsewhere)
    const before = await readdir(elsewhere)
    await symlink(elsewhere, join(place.workspace, '.git', name))
    await push('second')
    expect(await bring('HEAD')).toMatch(/not as git makes it/)
    expect(await readdir(elsewhere)).toEqual(before)
    await mustBeTidy()
  })

  it('is left alone without a directory of git, and files behind a link stay', async () => {
    await push('there', 'dir')
    await open()
    const elsewhere = join(root, 'elsewhere')
    await mkdir(elsewhere)
    git(repository, 'rm', '--quiet', 'dir')
    await mkdir(join(repository, 'dir'))
    await push('inside', 'dir/file')
    await rm(join(place.workspace, 'dir'))
    await symlink(elsewhere, join(place.workspace, 'dir'))
    expect(await bring('HEAD')).toMatch(/files of the clone were changed/)
    expect(await readdir(elsewhere)).toEqual([])
    await rm(join(place.workspace, '.git'), { recursive: true })
    await push('third')
    expect(await bring('HEAD', 'm2')).toMatch(/not as git makes it/)
  })
})
