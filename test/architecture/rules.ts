// The house as rules over source text: which folder may import which, what a port hides, what stays pure, how large
// things may grow. Written without a compiler, so that it runs on any tree and on planted ones.

import { posix } from 'node:path'

/** Path relative to the root, with slashes → source text. */
export type Tree = ReadonlyMap<string, string>

// Folder of src → folders it may import. What is not listed may not exist.
const MAY: Readonly<Record<string, readonly string[]>> = {
  domain: [],
  lib: [],
  api: ['domain'],
  vault: ['domain', 'lib'],
  store: ['domain', 'lib'],
  identity: ['domain', 'lib'],
  profiles: ['domain', 'lib', 'store', 'providers'],
  providers: ['domain', 'lib'],
  channels: ['domain', 'lib'],
  harnesses: ['domain'],
  control: ['api', 'domain', 'lib', 'store', 'vault', 'identity', 'providers', 'channels'],
  server: ['control', 'api', 'domain', 'lib'],
  client: ['api', 'domain', 'lib'],
  runner: ['client', 'harnesses', 'api', 'domain', 'lib'],
  cli: ['runner', 'client', 'api', 'domain', 'lib', 'config.ts', 'harnesses'],
  sandbox: ['lib'],
  embedded: [],
  'config.ts': ['domain', 'lib'],
}

// Folder → the only files of it that others may import.
const PORTS: Readonly<Record<string, readonly string[]>> = {
  store: [
    'store.ts',
    'people-groups.ts',
    'machine-groups.ts',
    'grant-groups.ts',
    'login-groups.ts',
    'outbox-group.ts',
    'channels/channel-groups.ts',
    'runs/run-groups.ts',
    'runs/use-group.ts',
    'installation-group.ts',
    'signal-group.ts',
    'transfer.ts',
    'memory/tables.ts', // what a keeper of them keeps
    'refusals.ts', // and how it says that it may have
  ],
  vault: ['vault.ts'],
  identity: ['identity.ts'],
  providers: ['provider.ts', 'login-program.ts', 'webhook-sender.ts', 'identity/identity-provider.ts'],
  harnesses: ['harness.ts', 'conversing.ts'],
  channels: ['channel.ts'],
}

// Folders that use no part of Node.js, and the packages they may use all the same.
const PURE: Readonly<Record<string, readonly string[]>> = {
  domain: [],
  api: ['zod'],
  harnesses: ['smol-toml'],
}

// The composition root and the entry points may name anything.
const ROOTS = [
  'src/main.ts',
  'src/assembly.ts',
  'src/serving.ts',
  'src/edges.ts',
  'src/embedded/embedded.ts',
  'src/embedded/inside.ts',
  'src/embedded/on-call.ts',
  'src/embedded/working.ts',
  'src/embedded/apart.ts',
  'src/embedded/keeper.ts',
  'src/offline.ts',
  'src/local.ts',
  'src/local-plugins.ts',
  'src/local-look.ts',
  'src/local-renewals.ts',
  'src/local-vault.ts',
  'src/testing.ts',
  'src/index.ts',
]

// Where a Secret may become text: folders, and single files that do nothing else.
const MAY_EXPOSE = [
  /^src\/(vault|providers|channels|runner|profiles)\//,
  /^src\/harnesses\/(claude|codex)\.ts$/, // they compose the files a program reads
  /^src\/domain\/secret\.ts$/,
  /^src\/server\/(reveal|state-directory)\.ts$/,
  /^src\/client\/client\.ts$/,
  /^src\/cli\/secrets\.ts$/,
  /^src\/identity\/passwords\.ts$/, // a password goes into its hash
  /^src\/identity\/app-codes\.ts$/, // the secret of an app goes into the code it is compared with
]

const MAX_LINES = 400
const MAX_FILES = 15
const MAX_PORT_METHODS = 7

/** Every broken rule as one line; empty for a tree in order. */
export function violations(tree: Tree): string[] {
  const all = new Map([...tree].filter(([path]) => /^(src|console)\//.test(path) && !isTest(path)))
  const console = [...all].filter(([path]) => path.startsWith('console/'))
  const sources = new Map([...all].filter(([path]) => path.startsWith('src/')))
  return [
    ...[...sources].flatMap(([path, source]) => [
      ...importViolations(path, source),
      ...textViolations(path, source),
    ]),
    ...console.flatMap(([path, source]) => [
      ...consoleImports(path, source),
      ...textViolations(path, source),
      ...markup(path, source),
    ]),
    ...folderViolations([...all.keys()]),
    ...cycles(all),
    ...portSizes(sources),
  ]
}

function isTest(path: string): boolean {
  return /\.(test|conformance)\.ts$/.test(path) || path.includes('/conformance/')
}

const IMPORT =
  /(?:^|[\s;}])(?:import|export)\s+(?:type\s+)?(?:[\w*{}\s,$]+?\s+from\s+)?['"]([^'"]+)['"]|import\(\s*['"]([^'"]+)['"]\s*\)/g

function importsOf(source: string): string[] {
  const code = source.replace(/^\s*\/\/.*$/gm, '').replace(/\/\*[\s\S]*?\*\//g, '')
  return [...code.matchAll(IMPORT)].map(([, fixed, dynamic]) => fixed ?? dynamic ?? '')
}

function importViolations(path: string, source: string): string[] {
  if (ROOTS.includes(path)) return []
  const folder = folderOf(path)
  const found: string[] = []
  for (const specifier of importsOf(source)) {
    if (!specifier.startsWith('.')) {
      const allowed = PURE[folder]
      if (allowed && !allowed.includes(specifier))
        found.push(`${path}: ${folder}/ is pure and may not import ${specifier}`)
      continue
    }
    const target = posix.join(posix.dirname(path), specifier)
    if (!target.startsWith('src/')) {
      found.push(`${path}: imports ${target}, outside of src/`)
      continue
    }
    const to = folderOf(target)
    if (to === folder) continue
    if (!(MAY[folder] ?? []).includes(to)) found.push(`${path}: ${folder}/ may not import ${to} (${target})`)
    const ports = PORTS[to]
    if (ports && !ports.some((port) => target === `src/${to}/${port}`)) {
      found.push(`${path}: of ${to}/ only ${ports.join(', ')} may be imported, not ${target}`)
    }
  }
  return found
}

// The console reaches the product as anybody else does: by the shapes of the API, and a client of it.
function consoleImports(path: string, source: string): string[] {
  return importsOf(source).flatMap((specifier) => {
    if (specifier.startsWith('node:')) return [`${path}: a page has no ${specifier}`]
    if (!specifier.startsWith('.')) return []
    const target = posix.join(posix.dirname(path), specifier)
    if (/^console\/src\/|^src\/(api|client)\//.test(target)) return []
    return [`${path}: console/ may import src/api and src/client only, not ${target}`]
  })
}

// What others wrote becomes text, never markup or a script.
function markup(path: string, source: string): string[] {
  const found =
    /dangerouslySetInnerHTML|\b(inner|outer)HTML\b|insertAdjacentHTML|document\.write|\beval\(|new Function\(/.exec(
      source,
    )
  return found === null ? [] : [`${path}: ${found[0]} makes markup or a script of text`]
}

function textViolations(path: string, source: string): string[] {
  const lines = source.split('\n').length - 1
  return [
    ...(lines > MAX_LINES ? [`${path}: ${lines} lines, more than ${MAX_LINES}`] : []),
    ...(/\.expose\(/.test(source) && !MAY_EXPOSE.some((place) => place.test(path))
      ? [`${path}: .expose() is not allowed here`]
      : []),
    ...(/\bprocess\.env\b/.test(source) && path !== 'src/config.ts' ? [`${path}: reads process.env`] : []),
    ...(/\.open\(.*sealed|vault\.open\(/.test(source) &&
    path !== 'src/control/guard.ts' &&
    !path.startsWith('src/vault/')
      ? [`${path}: only control/guard.ts may call vault.open`]
      : []),
  ]
}

function folderViolations(paths: readonly string[]): string[] {
  const found: string[] = []
  const folders = new Map<string, number>()
  for (const path of paths) {
    const folder = posix.dirname(path)
    folders.set(folder, (folders.get(folder) ?? 0) + 1)
    const top = folderOf(path)
    if (path.startsWith('src/') && path.split('/').length > 2 && !(top in MAY))
      found.push(`${path}: there is no room src/${top}/ in the house`)
  }
  for (const [folder, count] of folders) {
    if (count > MAX_FILES) found.push(`${folder}: ${count} files, more than ${MAX_FILES}`)
  }
  return found
}

function cycles(sources: Tree): string[] {
  const edges = new Map<string, string[]>()
  for (const [path, source] of sources) {
    const relative = importsOf(source).filter((one) => one.startsWith('.'))
    edges.set(
      path,
      relative.map((one) => posix.join(posix.dirname(path), one)),
    )
  }
  const done = new Set<string>()
  const found: string[] = []
  const visit = (path: string, trail: readonly string[]) => {
    const at = trail.indexOf(path)
    if (at !== -1) return void found.push(`cycle: ${[...trail.slice(at), path].join(' → ')}`)
    if (done.has(path)) return
    for (const next of edges.get(path) ?? []) if (edges.has(next)) visit(next, [...trail, path])
    done.add(path)
  }
  for (const path of edges.keys()) visit(path, [])
  return found
}

// A group of the store is a port of its own; each may have at most seven methods.
function portSizes(sources: Tree): string[] {
  return (PORTS.store ?? []).flatMap((file) => {
    const path = `src/store/${file}`
    const groups = [
      ...(sources.get(path) ?? '').matchAll(
        /export interface (\w+Store)(?: extends [^{]+)? \{([\s\S]*?)\n\}/g,
      ),
    ]
    return groups.flatMap(([, name, body]) => {
      const methods = [...(body ?? '').matchAll(/^ {2}\w+(<\w+>)?\(/gm)].length
      return methods > MAX_PORT_METHODS
        ? [`${path}: ${name} has ${methods} methods, more than ${MAX_PORT_METHODS}`]
        : []
    })
  })
}

/** The folder of src a path lies in, or the file's own name directly under src. */
function folderOf(path: string): string {
  return path.split('/')[1] ?? ''
}
