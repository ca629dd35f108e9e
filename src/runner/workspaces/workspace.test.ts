import { execFileSync } from 'node:child_process'
import { cp, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import type { Workspace } from '../../domain/runs/workspace.ts'
import { openRunPlace, removeRunPlace } from './workspace.ts'

let place = ''
let repository = ''

const ENVIRONMENT = { PATH: '/usr/bin:/bin', HOME: '/nonexistent' }
const GIT = { environment: ENVIRONMENT, timeoutMs: 20_000 }

function inRepository(...words: string[]): string {
  const identity = ['-c', 'user.name=ada', '-c', 'user.email=ada@example.com']
  return execFileSync('git', [...identity, ...words], { cwd: repository, encoding: 'utf8', env: ENVIRONMENT })
}

beforeEach(async () => {
  place = await mkdtemp(join(tmpdir(), 'claviger-place-'))
  repository = join(place, 'repository')
  await mkdir(repository)
  inRepository('init', '--quiet', '--initial-branch=main')
  for (const text of ['first', 'second']) {
    await writeFile(join(repository, 'story.txt'), text)
    inRepository('add', '.')
    inRepository('commit', '--quiet', '-m', text)
    if (text === 'first') inRepository('tag', 'v1')
  }
  inRepository('branch', 'side', 'v1')
  return () => rm(place, { recursive: true, force: true })
})

/** Takes connections, and never says a word. */
async function silentServer(): Promise<{ url: string; asked: Promise<void>; close(): void }> {
  const asked = Promise.withResolvers<void>()
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    asked.resolve()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    ...{ url: `git://127.0.0.1:${port}/a.git`, asked: asked.promise },
    close() {
      for (const socket of sockets) socket.destroy()
      server.close()
    },
  }
}

function open(source: Workspace, id = 'run_1', directories = ['/']) {
  return openRunPlace(join(place, 'runs'), id, source, { ...GIT, directories })
}

const url = () => `file://${repository}`

describe('the place of a run', () => {
  it('is private, and found again as it was left', async () => {
    const { workspace, configuration } = await open({ kind: 'fresh' })
    expect((await stat(configuration)).mode & 0o777).toBe(0o700)
    await writeFile(join(workspace, 'mine'), 'kept')
    const again = await open({ kind: 'fresh' })
    expect(await readFile(join(again.workspace, 'mine'), 'utf8')).toBe('kept')
    await removeRunPlace(join(place, 'runs'), 'run_1')
    expect(await readdir(join(place, 'runs'))).toEqual([])
    await removeRunPlace(join(place, 'runs'), 'run_1')
  })

  it.each(['', '..', 'a/b', '../a'])('is of no run called %j', async (id) => {
    await expect(open({ kind: 'fresh' }, id)).rejects.toMatchObject({ code: 'invalid' })
    await expect(removeRunPlace(place, id)).rejects.toMatchObject({ code: 'invalid' })
  })

  it('is not waited for when nobody wants it any more, and leaves nothing half made', async () => {
    const silent = await silentServer()
    try {
      const over = new AbortController()
      const source = { kind: 'git', url: silent.url, ref: null } as const
      const making = openRunPlace(join(place, 'runs'), 'run_1', source, {
        ...GIT,
        directories: ['/'],
        signal: over.signal,
      })
      making.catch(() => undefined)
      await silent.asked
      over.abort()
      await expect(making).rejects.toMatchObject({ message: expect.stringContaining('It was interrupted.') })
      expect((await readdir(join(place, 'runs', 'run_1'))).sort()).toEqual(['config', 'tmp'])
      const again = openRunPlace(join(place, 'runs'), 'run_1', source, {
        ...GIT,
        directories: ['/'],
        signal: over.signal,
      })
      await expect(again).rejects.toMatchObject({ message: expect.stringContaining('It was interrupted.') })
    } finally {
      silent.close()
    }
  })

  it('leaves a directory of the user’s where it is', async () => {
    const { workspace } = await open({ kind: 'directory', path: repository })
    expect(workspace).toBe(repository)
    await removeRunPlace(join(place, 'runs'), 'run_1')
    expect(await readFile(join(repository, 'story.txt'), 'utf8')).toBe('second')
  })

  it.each(['nowhere', '/nonexistent/place', '/etc/passwd'])('is not made at %s', async (path) => {
    await expect(open({ kind: 'directory', path })).rejects.toMatchObject({ code: 'invalid' })
  })
})

describe('a directory that runs may not work in', () => {
  const checkouts = () => join(place, 'checkouts')
  const within = (source: Workspace) => open(source, 'run_1', [checkouts()])
  const asDirectory = (path: string): Workspace => ({ kind: 'directory', path })
  const asRepository = (path: string): Workspace => ({ kind: 'git', url: `file://${path}`, ref: null })

  beforeEach(async () => {
    await mkdir(join(checkouts(), 'project'), { recursive: true })
    await mkdir(join(place, 'checkouts-of-others'))
    await symlink(place, join(checkouts(), 'project/out'))
    await symlink(repository, join(checkouts(), 'project/repository'))
    await symlink(join(checkouts(), 'project'), join(place, 'to-project'))
    await symlink(checkouts(), join(checkouts(), 'project/around'))
  })

  it.each([
    'project/out',
    'project/out/repository',
    'project/repository',
    '../repository',
    '../to-project/out',
  ])('is not reached through %s', async (path) => {
    for (const source of [asDirectory, asRepository])
      await expect(within(source(join(checkouts(), path)))).rejects.toMatchObject({
        code: 'forbidden',
        message: expect.not.stringContaining(join(place, 'runs')),
      })
    expect(await readdir(join(place, 'runs/run_1'))).toEqual(['config', 'tmp'])
  })

  it('is not one whose name only begins like an allowed one', async () => {
    await expect(within(asDirectory(join(place, 'checkouts-of-others')))).rejects.toMatchObject({
      code: 'forbidden',
    })
  })

  it('is none that a link leads back from, nor is an allowed one a link', async () => {
    const project = join(checkouts(), 'project')
    expect((await within(asDirectory(join(project, 'around/project')))).workspace).toBe(project)
    const linked = [join(place, 'to-project'), join(place, 'gone')]
    expect((await open(asDirectory(project), 'run_2', linked)).workspace).toBe(project)
    await expect(open(asDirectory(project), 'run_3', [])).rejects.toMatchObject({ code: 'forbidden' })
  })

  it('is not asked for again once its repository was cloned', async () => {
    const source = asRepository(repository)
    await open(source, 'run_1', [repository])
    await rm(repository, { recursive: true })
    const { workspace } = await open(source, 'run_1', [repository])
    expect(await readFile(join(workspace, 'story.txt'), 'utf8')).toBe('second')
  })

  it('may have a name that no URL can hold as it is', async () => {
    const named = join(checkouts(), '100%25 #1')
    await cp(repository, named, { recursive: true })
    await symlink(named, join(checkouts(), 'named'))
    const { workspace } = await within(asRepository(join(checkouts(), 'named')))
    expect(await readFile(join(workspace, 'story.txt'), 'utf8')).toBe('second')
  })
})

describe('a clone', () => {
  it.each([
    [null, 'second', 'main'],
    ['main', 'second', 'main'],
    ['side', 'first', 'side'],
    ['v1', 'first', 'HEAD'],
  ])('of %s holds what is there', async (ref, text, branch) => {
    const { workspace } = await open({ kind: 'git', url: url(), ref })
    expect(await readFile(join(workspace, 'story.txt'), 'utf8')).toBe(text)
    const head = execFileSync('git', ['rev-parse', '--abbrev-ref', 'HEAD'], {
      cwd: workspace,
      encoding: 'utf8',
    })
    expect(head.trim()).toBe(branch)
  })

  it.each(['fix/#12', 'ann@fix', 'fix+1', 'größe', '_x', 'a(b)', "it's"])(
    'takes the branch %s',
    async (ref) => {
      inRepository('branch', ref, 'v1')
      const { workspace } = await open({ kind: 'git', url: url(), ref })
      const head = execFileSync('git', ['symbolic-ref', '--short', 'HEAD'], {
        cwd: workspace,
        encoding: 'utf8',
      })
      expect([head.trim(), await readFile(join(workspace, 'story.txt'), 'utf8')]).toEqual([ref, 'first'])
    },
  )

  it('takes what is in no branch or tag by its whole name', async () => {
    inRepository('checkout', '--quiet', '--detach')
    await writeFile(join(repository, 'story.txt'), 'of a fork')
    inRepository('commit', '--quiet', '-am', 'third')
    inRepository('update-ref', 'refs/pull/13/head', 'HEAD')
    inRepository('checkout', '--quiet', 'main')
    const { workspace } = await open({ kind: 'git', url: url(), ref: 'refs/pull/13/head' })
    expect(await readFile(join(workspace, 'story.txt'), 'utf8')).toBe('of a fork')
    await expect(open({ kind: 'git', url: url(), ref: 'refs/pull/14/head' }, 'run_2')).rejects.toMatchObject({
      message: expect.stringMatching(/no branch, tag or commit refs\/pull\/14\/head/),
    })
  })

  it('of a commit holds that', async () => {
    const commit = inRepository('rev-parse', 'v1').trim()
    const { workspace } = await open({ kind: 'git', url: url(), ref: commit })
    expect(await readFile(join(workspace, 'story.txt'), 'utf8')).toBe('first')
  })

  it('is not made anew over what the run has done', async () => {
    const source = { kind: 'git', url: url(), ref: null } as const
    const { workspace } = await open(source)
    await writeFile(join(workspace, 'story.txt'), 'changed by the run')
    await open(source)
    expect(await readFile(join(workspace, 'story.txt'), 'utf8')).toBe('changed by the run')
  })

  it('that was killed is made anew', async () => {
    await mkdir(join(place, 'runs/run_1/workspace.unfinished'), { recursive: true })
    await writeFile(join(place, 'runs/run_1/workspace.unfinished/half'), '')
    const { workspace } = await open({ kind: 'git', url: url(), ref: null })
    expect((await readdir(workspace)).sort()).toEqual(['.git', 'story.txt'])
  })

  it.each([
    ['a ref that is not there', () => ({ url: url(), ref: 'nothing' })],
    ['a ref that is no name', () => ({ url: url(), ref: 'main..side' })],
    ['a ref that is a place in the past', () => ({ url: url(), ref: 'main@{1}' })],
    ['a ref that is many', () => ({ url: url(), ref: 'refs/pull/*' })],
    ['a ref that is an option', () => ({ url: url(), ref: '--upload-pack=/bin/true' })],
    ['a URL that is an option', () => ({ url: '--upload-pack=/bin/true', ref: null })],
    ['a host that is an option', () => ({ url: 'ssh://-oProxyCommand=touch', ref: null })],
    ['a transport that runs commands', () => ({ url: 'ext::sh -c touch% /tmp/x', ref: null })],
    ['a repository that is not there', () => ({ url: `${url()}-not`, ref: null })],
  ])('is not made of %s, and leaves nothing', async (_, repositoryOf) => {
    await expect(open({ kind: 'git', ...repositoryOf() })).rejects.toMatchObject({
      code: 'invalid',
      hint: expect.stringMatching(/./),
    })
    expect(await readdir(join(place, 'runs/run_1'))).toEqual(['config', 'tmp'])
  })

  it('of what is there says that the ref is not', async () => {
    await expect(open({ kind: 'git', url: url(), ref: 'nothing' })).rejects.toMatchObject({
      message: `There is no branch, tag or commit nothing in ${url()}.`,
    })
  })

  it('repeats no password of its URL', async () => {
    const source = { kind: 'git', url: 'http://ada:sk-test-1@127.0.0.1:1/x.git', ref: null } as const
    const error = await open(source).catch((thrown: Error) => thrown)
    expect(String(error)).toContain('http://127.0.0.1:1/x.git cannot be cloned')
    expect(JSON.stringify(error)).not.toContain('sk-test-1')
  })

  it('needs git', async () => {
    const git = { ...GIT, environment: { PATH: place }, directories: ['/'] }
    await symlink('/bin/sh', join(place, 'sh'))
    const made = openRunPlace(join(place, 'runs'), 'run_1', { kind: 'git', url: url(), ref: null }, git)
    await expect(made).rejects.toMatchObject({ code: 'not_found' })
  })
})
