// Opening a conversation: where it is carried out, over what, and the run that it is.

import { realpathSync } from 'node:fs'
import { resolve } from 'node:path'
import { CREDENTIAL_TYPES } from '../../domain/credential-types.ts'
import { ClavigerError } from '../../domain/errors.ts'
import { HARNESSES, type HarnessName } from '../../domain/harness-names.ts'
import type { Access } from '../../domain/runs/conversation.ts'
import { type ChosenConnection, connectToEither } from '../connection.ts'
import type { Context, GlobalOptions } from '../context.ts'
import { listWhole } from '../find-credential.ts'
import { workspaceOf } from '../run/start.ts'

export interface ChatOptions extends GlobalOptions {
  readonly harness?: HarnessName
  readonly profile?: string
  readonly credential?: string
  readonly team?: string
  readonly agent?: string
  readonly workspace?: string
  readonly access?: Access
  readonly model?: string
}

/** A conversation that is open. */
export interface Chat {
  readonly context: Context
  readonly connection: ChosenConnection
  /** Of its run. */
  readonly id: string
  readonly harness: HarnessName
  /** The directory it works in, on this machine; null: a server knows. */
  readonly directory: string | null
  readonly json: boolean
  /** Position of the last event that was shown. */
  after: number
  /** What the program calls its memory of the conversation. */
  session: string | null
  model: string | null
}

/** Throws what keeps it from being opened; whatever was begun ends with the context. */
export async function openChat(context: Context, options: ChatOptions): Promise<Chat> {
  const connection = await connectToEither(context, options, true)
  const { client, profiles, choice } = connection
  const { workspace, access, model, json = false } = options
  const local = profiles === null ? null : await here(connection, options)
  if (profiles !== null && local !== null) await profiles.carryOut(local.harness, local.directory)
  const harness = local?.harness ?? options.harness
  const place = local === null ? workspaceOf(workspace, undefined) : directoryAt(local.directory)
  const { credential, ...whose } = choice
  if (whose.agent !== undefined) throw agentsHaveTokens()
  const run = await client.call('runs.create', {
    ...(harness !== undefined && { harness }),
    ...(whose.team !== undefined && { team: whose.team }),
    ...(access !== undefined && { access }),
    ...(model !== undefined && { model }),
    ...(place !== undefined && { workspace: place }),
    ...(credential !== undefined && profiles === null && { credential }),
  })
  const { id } = run
  // A profile that is logged out meanwhile is let go with a word: it is chosen, and not all that may ever serve.
  const { lastEvent } =
    credential === undefined || profiles === null ? run : await client.call('runs.choose', { id, credential })
  // Here this process carries it out, whether its worker has been heard of yet or not.
  if (run.hint !== null && profiles === null) context.ui.note(run.hint)
  return {
    ...{ context, connection, id, json, session: null, model: null, after: json ? 0 : lastEvent },
    ...{ harness: run.harness, directory: local?.directory ?? null },
  }
}

function directoryAt(path: string): { kind: 'directory'; path: string } {
  return { kind: 'directory', path }
}

// As the file system has it: that is what its worker compares.
async function here(
  { client, choice }: ChosenConnection,
  { harness, workspace = '.' }: ChatOptions,
): Promise<{ harness: HarnessName; directory: string }> {
  const { credentials } = await listWhole(client, {})
  if (credentials.length === 0)
    throw new ClavigerError('no_credential', 'There are no profiles here.', {
      hint: 'Sign in: claviger models auth login --provider openai-codex',
    })
  const named = credentials.find(({ name }) => name === choice.credential)
  const usable = (named === undefined ? credentials : [named]).map(
    ({ type }) => CREDENTIAL_TYPES[type].harness,
  )
  const found = harness ?? HARNESSES.find((one) => usable.includes(one)) ?? 'claude'
  return { harness: found, directory: directoryNamed(resolve(workspace)) }
}

function directoryNamed(path: string): string {
  try {
    return realpathSync(path)
  } catch (cause) {
    throw new ClavigerError('invalid', `There is no directory ${path}.`, {
      hint: 'Name one that is there: --workspace DIR',
      cause,
    })
  }
}

function agentsHaveTokens(): ClavigerError {
  return new ClavigerError('invalid', 'On a server an agent talks with a token of its own.', {
    hint: 'Leave out --agent, or say --local for an agent of this machine.',
  })
}
