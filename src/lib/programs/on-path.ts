// Programs of a kind, told by how their names begin: those on PATH that everybody who could change them may be trusted.

import { constants, type Stats } from 'node:fs'
import { access, readdir, stat } from 'node:fs/promises'
import { delimiter, isAbsolute, join } from 'node:path'

/**
 * Name → full path, the first on PATH of each name. Left out are directories that PATH does not name in full (a project may
 * be in one) or in which everybody may write, files that everybody may write to, and what belongs to another user.
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
  try {
    return isSafe(await stat(directory)) ? await readdir(directory) : []
  } catch {
    // PATH often names what is not there.
    return []
  }
}

async function isProgram(file: string): Promise<boolean> {
  try {
    await access(file, constants.X_OK)
    const found = await stat(file)
    return found.isFile() && isSafe(found)
  } catch {
    return false
  }
}

// Whether nobody but its owner, and groups that are trusted with it, can change it, and it is ours or the system's.
function isSafe({ uid, mode }: Stats): boolean {
  return (mode & 0o002) === 0 && [0, process.geteuid?.() ?? 0].includes(uid)
}
