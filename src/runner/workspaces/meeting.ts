// Where what was fetched meets the files of a clone that was in the hands of an agent: a repository of its own, which reads
// the objects of that clone and looks at its files, by its own settings only. It has no token, no environment but a path,
// and no hooks, filters or submodules; what it finds out is brought into the clone as files (clone-files.ts).

import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { addPacks, type Head, mustBePlaces, ownExcludes, placeIndex, writeRef } from './clone-files.ts'
import { NEWEST, wordsToMake } from './fetching.ts'
import { finished, type GitOptions, git, PLAIN } from './git.ts'

export interface Meeting {
  /** Whether the second has the first in its history. */
  isIn(older: string, newer: string): Promise<boolean>
  /** Whether no file of the clone is other than it was checked out: as it is in one of these commits. */
  isUnchanged(from: string, to: string): Promise<boolean>
  /** Makes what was fetched known in the clone under this name. Nothing else of it changes. */
  keep(name: string, commit: string): Promise<void>
  /** Brings files, index and branch of an unchanged clone to what was fetched. Broken off, it can be done again. */
  checkOut(head: Head, to: string): Promise<void>
}

export interface MeetingPlace {
  /** Of the meeting; it is not there yet. */
  readonly directory: string
  /** What was fetched. */
  readonly fetched: string
  readonly workspace: string
  readonly head: Head
}

export async function createMeeting(place: MeetingPlace, options: GitOptions): Promise<Meeting> {
  const { directory, fetched, workspace, head } = place
  const own = join(directory, '.git')
  const alone = aloneIn(directory, options)
  const about = { url: fetched }
  await git(wordsToMake(directory, head.commit), '/', about, alone)
  const met = { ...alone, environment: { ...alone.environment, GIT_DIR: own, GIT_WORK_TREE: workspace } }
  const run = (words: readonly string[]) => finished([...PLAIN, ...words], directory, met)
  const must = (words: readonly string[]) => git([...PLAIN, ...words], directory, about, met)
  await mkdir(join(own, 'info'), { recursive: true })
  await writeFile(join(own, 'info/exclude'), await ownExcludes(workspace))
  await writeFile(join(own, 'objects/info/alternates'), `${join(workspace, '.git/objects')}\n`)
  // What the clone has already is not brought again.
  await run(['update-ref', HAD, head.commit])
  const fetch = ['fetch', '--quiet', '--no-tags', '--no-recurse-submodules', '--no-write-fetch-head']
  await must([...fetch, '--', fetched, `+${NEWEST}:${NEWEST}`])

  const addObjects = () => addPacks(join(own, 'objects/pack'), workspace)
  const differing = async (commit: string): Promise<Set<string> | null> => {
    await must(['read-tree', commit])
    // It ends with 1 where something is other.
    await run(['update-index', '-q', '--refresh'])
    const list = ['ls-files', '-z', '--modified', '--deleted', '--others', '--exclude-standard']
    const { code, output } = await run(list)
    return code === 0 ? new Set(output.split('\0').filter(Boolean)) : null
  }
  return {
    isIn: async (older, newer) => (await run(['merge-base', '--is-ancestor', older, newer])).code === 0,
    async isUnchanged(from, to) {
      const others = await differing(from)
      if (others === null || others.size === 0) return others !== null
      // An earlier try may have been broken off in the middle.
      const stillOthers = await differing(to)
      return stillOthers !== null && [...others].every((path) => !stillOthers.has(path))
    },
    async keep(name, commit) {
      await addObjects()
      await writeRef(workspace, name, commit)
    },
    async checkOut({ commit, branch }, to) {
      await mustBePlaces(workspace, ['index', 'objects/pack/any', branch ?? 'HEAD'])
      await addObjects()
      await must(['read-tree', commit])
      await run(['update-index', '-q', '--refresh'])
      await must(['read-tree', '--reset', '-u', to])
      await placeIndex(join(own, 'index'), workspace)
      await writeRef(workspace, branch ?? 'HEAD', to)
    },
  }
}

const HAD = 'refs/claviger/had'

// Nothing of the worker's environment, and none of the settings of this machine.
function aloneIn(directory: string, { environment, ...others }: GitOptions): GitOptions {
  const { handover: _, ...rest } = others
  return {
    ...rest,
    environment: {
      ...{ PATH: environment['PATH'] ?? '', HOME: directory, LC_ALL: 'C', GIT_CONFIG_NOSYSTEM: '1' },
      ...{ GIT_CONFIG_GLOBAL: '/dev/null', GIT_ATTR_NOSYSTEM: '1', GIT_NO_REPLACE_OBJECTS: '1' },
    },
  }
}
