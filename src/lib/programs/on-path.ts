// Programs of a kind, told by how their names begin: those on PATH that everybody who could change them may be trusted.

import { constants } from 'node:fs'
import { access, readdir, stat } from 'node:fs/promises'
import { delimiter, isAbsolute, join } from 'node:path'

/**
 * Name → full path, the first on PATH of each name. Left out are directories that PATH does not name in full (a project may
 * be in one), and files that others may write to.
 */
export async function programsOnPath(path: string, prefix: string): Promise<Map<string, string>> {
  const found = new Map<string, string>()
  for (const directory of path.split(delimiter).filter(isAbsolute)) {
    for (const name of (await namesIn(directory)).filter((one) => one.startsWith(prefix)).sort()) {
      if (!found.has(name) && (await isProgram(join(directory, name)))) found.set(name, join(directory, name))
    }
  }
  return found
}

async function namesIn(directory: string): Promise<string[]> {
  // PATH often names what is not there.
  return await readdir(directory).catch(() => [])
}

async function isProgram(file: string): Promise<boolean> {
  try {
    await access(file, constants.X_OK)
    const found = await stat(file)
    return found.isFile() && (found.mode & 0o002) === 0
  } catch {
    return false
  }
}
