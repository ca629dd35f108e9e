// The agents of a machine without a server: each is a folder with profiles, sessions and a workspace of its own.

import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { ClavigerError } from '../domain/errors.ts'
import { checkName } from '../domain/names.ts'
import { exists } from '../lib/new-file.ts'
import { readProfile } from './format.ts'
import { documentIn } from './pair.ts'
import { agentsIn, MAIN_AGENT, placeOf, preparePlace, readOwnFile } from './place.ts'
import { isInUse } from './processes/slots.ts'
import { takeTurn } from './processes/turn.ts'

export interface AgentFolder {
  readonly agent: string
  readonly directory: string
  /** How many profiles are in its own file. */
  readonly profiles: number
}

/** All agents, by name; the main one even when nothing was kept there yet. */
export function listAgents(stateDirectory: string): AgentFolder[] {
  const names = new Set([MAIN_AGENT, ...agentsIn(stateDirectory)])
  return [...names].sort().map((agent) => {
    const place = placeOf(stateDirectory, agent)
    const document = documentIn(place, readOwnFile(place.profiles))
    return { agent, directory: join(place.directory, '..'), profiles: Object.keys(document.profiles).length }
  })
}

/** Makes the folder of an agent. Throws `invalid` for a name that is none, `conflict` when there is one. */
export async function addAgent(stateDirectory: string, agent: string): Promise<{ directory: string }> {
  checkName(agent)
  const place = placeOf(stateDirectory, agent)
  const directory = join(place.directory, '..')
  if (agent === MAIN_AGENT || (await exists(directory)))
    throw new ClavigerError('conflict', `There is an agent named ${agent} already.`, {
      hint: 'Choose another name.',
    })
  await preparePlace(place)
  for (const name of ['sessions', 'workspace']) mkdirSync(join(directory, name), { mode: 0o700 })
  return { directory }
}

/** Throws `not_found` where there is no agent of this name; one that another program has made is there. */
export async function mustBeThere(stateDirectory: string, agent: string): Promise<void> {
  checkName(agent)
  if (agent === MAIN_AGENT || (await exists(join(placeOf(stateDirectory, agent).directory, '..')))) return
  throw new ClavigerError('not_found', `There is no agent ${agent}.`, {
    hint: `Make it: claviger agents add ${agent}. Or see which there are: claviger agents list`,
  })
}

/** Throws `not_found` where there is no agent of this name, `conflict` for the main one. */
export async function mustBeRemovable(stateDirectory: string, agent: string): Promise<void> {
  checkName(agent)
  if (agent === MAIN_AGENT)
    throw new ClavigerError('conflict', 'The main agent is always there.', {
      hint: 'Remove its profiles: claviger models auth logout',
    })
  if (!(await exists(join(placeOf(stateDirectory, agent).directory, '..'))))
    throw new ClavigerError('not_found', `There is no agent ${agent}.`, {
      hint: 'See them: claviger agents list',
    })
}

/**
 * The logins that are in its own file and not in the main agent's, by name. A file that is damaged keeps nobody from removing
 * the agent: none are known then.
 */
export function loginsOf(stateDirectory: string, agent: string): string[] {
  const loginsIn = (name: string) => {
    const place = placeOf(stateDirectory, name)
    return Object.entries(documentIn(place, readOwnFile(place.profiles)).profiles).flatMap(([id, json]) => {
      const profile = readProfile(json)
      return profile?.type === 'oauth' ? [{ id, refresh: profile.refresh }] : []
    })
  }
  try {
    const others = new Set(loginsIn(MAIN_AGENT).map(({ refresh }) => refresh))
    return loginsIn(agent).flatMap(({ id, refresh }) => (others.has(refresh) ? [] : [id]))
  } catch (thrown) {
    if (thrown instanceof ClavigerError) return []
    throw thrown
  }
}

/** Removes an agent with all its profiles. Throws `not_found`, or `conflict` for the main one and while it is used. */
export async function removeAgent(stateDirectory: string, agent: string): Promise<void> {
  await mustBeRemovable(stateDirectory, agent)
  const place = placeOf(stateDirectory, agent)
  const end = await takeTurn(place)
  try {
    // Whoever uses the profiles has a journal there.
    if (isInUse(place.renewals))
      throw new ClavigerError('conflict', `A program is using the profiles of ${agent}.`, {
        hint: 'End it first.',
      })
    rmSync(join(place.directory, '..'), { recursive: true })
  } finally {
    end()
  }
}
