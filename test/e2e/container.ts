// A container without an engine: what the Dockerfile says of a target, run as it would be. Own file system (read-only, with
// this machine's /usr and the files that the Dockerfile copies), own processes (the entrypoint is number 1), the Dockerfile's
// user without any capability. It shares the machine's network and kernel, and has no seccomp profile. Needs root.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  chownSync,
  existsSync,
  globSync,
  mkdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { vi } from 'vitest'
import { agentPrograms } from '../agents/install.ts'
import { findOrInstall } from '../support/debian.ts'
import { type Image, imageOf } from '../support/dockerfile.ts'
import { ROOT } from '../support/programs.ts'
import type { Ended } from './program-run.ts'

export interface ContainerOptions {
  readonly target: string
  /** An empty directory for it, in which its file system is put together. */
  readonly directory: string
  /** Directories of the machine that it may write to, by where they are in it. */
  readonly volumes: Readonly<Record<string, string>>
  readonly environment: Readonly<Record<string, string>>
  /** In the place of CMD; with `entrypoint` in the place of both. */
  readonly command?: readonly string[]
  readonly entrypoint?: readonly string[]
  readonly stdin?: string
}

export interface Container {
  readonly image: Image
  said(): string
  logged(): string
  /** Runs one more command in it, as its user. */
  exec(words: readonly string[], stdin?: string): Promise<Ended>
  /** To its process number 1. Resolves to its exit code when it has ended. */
  end(signal: NodeJS.Signals): Promise<number | null>
  ended(): Promise<Ended>
}

/** What makes a directory a volume: it belongs to the user of the image, or to root where an orchestrator leaves it so. */
export function makeVolume(path: string, { user, mode = 0o700 }: { user: number; mode?: number }): string {
  mkdirSync(path, { recursive: true })
  chownSync(path, user, 65_532)
  chmodSync(path, mode)
  return path
}

export async function startContainer(options: ContainerOptions): Promise<Container> {
  mustHaveTini()
  const image = imageOf(options.target)
  const root = join(options.directory, 'root')
  const mounts = await assemble(image, root)
  const script = setUp(root, [...mounts, ...volumesOf(root, options.volumes)], image.workdir)
  const words = options.entrypoint ?? [...image.entrypoint, ...(options.command ?? image.command)]
  const environment = { ...image.environment, ...options.environment }
  const isolated = ['--mount', '--pid', '--fork', '--kill-child', '--', '/bin/sh', '-ec', script, 'sh']
  const child = start('unshare', [...isolated, ...asUser(image, words)], environment, options.stdin)
  const running = listen(child)
  return {
    image,
    ...{ said: running.said, logged: running.logged, ended: running.ended },
    exec(more, stdin) {
      const inside = ['--target', String(firstProcess(child)), '--mount', '--pid', '--root']
      return listen(start('nsenter', [...inside, '--', ...asUser(image, more)], environment, stdin)).ended()
    },
    async end(signal) {
      if (child.exitCode === null && child.signalCode === null) process.kill(firstProcess(child), signal)
      return (await running.ended()).code
    },
  }
}

function start(
  program: string,
  words: readonly string[],
  environment: Readonly<Record<string, string>>,
  stdin?: string,
): ChildProcess {
  const child = spawn(program, words, {
    ...{ cwd: '/', env: { ...environment } },
    stdio: [stdin === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
  })
  child.stdin?.end(stdin)
  return child
}

function mustHaveTini(): void {
  const find = () => (existsSync('/usr/bin/tini') ? '/usr/bin/tini' : undefined)
  if (findOrInstall({ name: 'tini', called: 'the tini of the image' }, find) === undefined)
    throw new Error('The tests need tini. Type: apt-get install -y tini')
}

interface Mount {
  readonly from: string
  readonly to: string
  readonly writable?: boolean
}

// Directories that Debian has in its root, and what of them is this machine's.
const SKELETON = ['usr', 'proc', 'dev', 'tmp', 'etc/ssl', 'opt', 'var/lib', 'home', 'root', 'run', 'old']
const LINKS = ['bin', 'sbin', 'lib', 'lib64']

async function assemble(image: Image, root: string): Promise<Mount[]> {
  for (const name of SKELETON) mkdirSync(join(root, name), { recursive: true, mode: 0o755 })
  for (const name of LINKS) symlinkSync(`usr/${name}`, join(root, name))
  // The user of the image is in no list: orchestrators may choose another number.
  writeFileSync(join(root, 'etc/passwd'), 'root:x:0:0:root:/root:/bin/sh\n')
  // The name that servers have in the manifests is no loopback to whoever goes by names.
  writeFileSync(join(root, 'etc/hosts'), '127.0.0.1 localhost server.claviger.svc\n')
  writeFileSync(join(root, 'etc/resolv.conf'), '')
  const local = join(dirname(root), 'local-bin')
  mkdirSync(local, { recursive: true, mode: 0o755 })
  writeFileSync(join(local, 'node'), readFileSync(process.execPath), { mode: 0o755 })
  const ran = image.ran.join('\n')
  for (const [, target = '', name = ''] of ran.matchAll(/ln -s (\S+) (\S+)/g)) {
    const path = name.startsWith('/usr/local/bin/')
      ? join(local, name.slice('/usr/local/bin/'.length))
      : join(root, name)
    mkdirSync(dirname(path), { recursive: true, mode: 0o755 })
    symlinkSync(target, path)
  }
  for (const [, owner = '', mode = '', names = ''] of ran.matchAll(
    /install -d -o (\d+) -g \d+ -m (\d+) ([^&\n]+)/g,
  ))
    for (const name of names.trim().split(/\s+/)) {
      mkdirSync(join(root, name), { recursive: true })
      chownSync(join(root, name), Number(owner), Number(owner))
      chmodSync(join(root, name), Number.parseInt(mode, 8))
    }
  const copied = await Promise.all(
    image.copied.map(async ({ from, to }) => ({ from: await sourceOf(from), to })),
  )
  for (const { from, to } of copied) makePlace(join(root, to), from)
  return [
    { from: '/usr', to: join(root, 'usr') },
    { from: local, to: join(root, 'usr/local/bin') },
    { from: '/etc/ssl', to: join(root, 'etc/ssl') },
    ...copied.map(({ from, to }) => ({ from, to: join(root, to) })),
  ]
}

/** Where what the stages of the build have made lies here. */
async function sourceOf(path: string): Promise<string> {
  const { claude, codex } = await agentPrograms()
  const places: Readonly<Record<string, string>> = {
    '/programs/claude': dirname(claude),
    '/programs/codex': dirname(dirname(codex)),
  }
  const place = places[path] ?? path.replace(/^\/build\//, `${ROOT}/`)
  if (!existsSync(place)) throw new Error(`${path} of the Dockerfile is not here: ${place}`)
  return place
}

function makePlace(path: string, from: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o755 })
  if (globSync(`${from}/*`).length > 0) mkdirSync(path, { recursive: true, mode: 0o755 })
  else writeFileSync(path, '')
}

function volumesOf(root: string, volumes: Readonly<Record<string, string>>): Mount[] {
  return Object.entries(volumes).map(([place, from]) => {
    mkdirSync(join(root, place), { recursive: true, mode: 0o755 })
    return { from, to: join(root, place), writable: true }
  })
}

// The arguments of the script are what becomes process number 1.
function setUp(root: string, mounts: readonly Mount[], workdir: string): string {
  const lines = [
    'mount --make-rprivate /',
    `mount --bind ${root} ${root}`,
    ...mounts.flatMap(({ from, to, writable }) => [
      `mount --bind ${from} ${to}`,
      `mount -o remount,bind,nosuid${writable ? '' : ',ro'} ${to}`,
    ]),
    `mount --rbind /dev ${root}/dev`,
    `mount -t proc proc ${root}/proc`,
    `mount -t tmpfs -o mode=1777 tmpfs ${root}/tmp`,
    `mount -o remount,bind,ro ${root}`,
    `cd ${root}`,
    'pivot_root . old',
    'umount -l old',
    `cd ${workdir}`,
    'exec "$@"',
  ]
  return lines.join('\n')
}

function asUser({ user }: Image, words: readonly string[]): string[] {
  const [uid = '', gid = ''] = user.split(':')
  const without = ['--clear-groups', '--no-new-privs', '--bounding-set=-all', '--inh-caps=-all']
  return ['setpriv', `--reuid=${uid}`, `--regid=${gid}`, ...without, '--', ...words]
}

// What unshare has started, by its number on the machine.
function firstProcess({ pid }: ChildProcess): number {
  const [first] = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')
  if (first === undefined || first === '') throw new Error('The container has ended.')
  return Number(first)
}

function listen(child: ChildProcess) {
  const texts = { stdout: '', stderr: '' }
  const keep = (name: keyof typeof texts) => (part: string) => {
    texts[name] += part
  }
  child.stdout?.setEncoding('utf8').on('data', keep('stdout'))
  child.stderr?.setEncoding('utf8').on('data', keep('stderr'))
  const closed = once(child, 'close')
  return {
    said: () => texts.stdout,
    logged: () => texts.stderr,
    async ended(): Promise<Ended> {
      const [code] = await closed
      return { code, ...texts }
    },
  }
}

/** Until a command of the container ends with 0, as an engine asks. */
export async function untilHealthy(container: Container): Promise<void> {
  await vi.waitFor(
    async () => {
      const { code, stderr } = await container.exec(container.image.healthcheck)
      if (code !== 0) throw new Error(`${code} ${stderr}\n${container.logged()}`)
    },
    { timeout: 60_000, interval: 500 },
  )
}
