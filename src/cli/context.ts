// What every verb is given: who started the program with what, and where it may talk.

import type { Command } from 'commander'
import { type CommandLineSettings, commandLineSettings, givenSettings } from '../config.ts'
import { checkName } from '../domain/names.ts'
import type { CliDependencies, OpenedProfiles } from './dependencies.ts'
import type { Ui } from './ui.ts'

/** Options that every verb takes. */
export interface GlobalOptions {
  readonly json?: boolean
  readonly server?: string
  /** The profiles of this machine, and no server. */
  readonly local?: boolean
}

export interface Context {
  readonly dependencies: CliDependencies
  readonly ui: Ui
  /** The settings of the command line, flags included. With aliases for the verbs that workers use. Throws `invalid`. */
  settings(withAliases?: boolean): CommandLineSettings
  /** The agent whose profiles on this machine are used instead of a server; null: a server is. */
  readonly agent: string | null
  /** The same, over the profiles of this agent. */
  over(agent: string): Context
  /** The profiles of `agent`, opened once; they are closed when the verb has ended. */
  profiles(): Promise<OpenedProfiles>
  /** Closes what was opened. */
  close(): Promise<void>
}

/** One verb: its options as parsed, and the words that are no options. Returns the exit code. */
export type Verb<Options> = (context: Context, options: Options, words: readonly string[]) => Promise<number>

/** The agent that is meant where none is named. */
export const MAIN_AGENT = 'main'

/** Gives a command its work, which is loaded when that command was chosen. */
export type Attach = <O>(command: Command, load: () => Promise<Verb<O>>) => void

export function createContext(
  dependencies: CliDependencies,
  ui: Ui,
  { server, local }: GlobalOptions,
): Context {
  const opened = new Map<string, Promise<OpenedProfiles>>()
  const open = async (agent: string) => {
    const profiles = await dependencies.openProfiles(agent)
    for (const line of profiles.news) ui.note(line)
    return profiles
  }
  const context: Context = {
    ...{ dependencies, ui, agent: null },
    over(agent) {
      // It is the name of a directory.
      checkName(agent)
      const profiles = () => {
        const found = opened.get(agent) ?? open(agent)
        opened.set(agent, found)
        return found
      }
      return { ...context, agent, profiles }
    },
    profiles: () => context.over(MAIN_AGENT).profiles(),
    async close() {
      for (const result of await Promise.allSettled(opened.values()))
        if (result.status === 'fulfilled') await result.value.close()
    },
    settings(withAliases = false) {
      const given = givenSettings(dependencies.env, withAliases)
      return commandLineSettings({ ...given, ...(server !== undefined && { server }) })
    },
  }
  return local === true ? context.over(MAIN_AGENT) : context
}
