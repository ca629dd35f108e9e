// `claviger admin teams`: teams, and with e-mails who is in them.

import type { Client } from '../../client/client.ts'
import { checkName } from '../../domain/names.ts'
import { connect } from '../connection.ts'
import type { Context, Verb } from '../context.ts'

export async function list(context: Context): Promise<number> {
  const { client } = await connect(context)
  const answer = await client.call('teams.list', {})
  const rows = () => answer.teams.map(({ team, members }) => [team, members.join(', ')])
  context.ui.table(answer, ['TEAM', 'MEMBERS'], rows, 'There are no teams.')
  return 0
}

/** Without e-mails it makes the team. */
export const add = teamOrMembers(join, async (client, team) => {
  return { answer: await client.call('teams.create', { team }), line: `Made the team ${team}.` }
})

/** Without e-mails it deletes the team. */
export const remove = teamOrMembers(leave, async (client, team) => {
  return { answer: await client.call('teams.delete', { team }), line: `Deleted the team ${team}.` }
})

type Change<T> = (client: Client, team: string, member: string) => Promise<{ answer: T; line: string }>

function teamOrMembers<M, T>(
  changeMember: Change<M>,
  changeTeam: (client: Client, team: string) => Promise<{ answer: T; line: string }>,
): Verb<unknown> {
  return async (context, _, [team = '', ...members]) => {
    checkName(team)
    const { client } = await connect(context)
    if (members.length > 0) return each(context, members, (member) => changeMember(client, team, member))
    const { answer, line } = await changeTeam(client, team)
    context.ui.answer(answer, () => [line])
    return 0
  }
}

async function join(client: Client, team: string, member: string) {
  const answer = await client.call('teams.join', { team, member })
  return { answer, line: `${answer.member} is in the team ${team}${answer.changed ? '' : ' already'}.` }
}

async function leave(client: Client, team: string, member: string) {
  const answer = await client.call('teams.leave', { team, member })
  return { answer, line: `${answer.member} is ${answer.changed ? 'no longer' : 'not'} in the team ${team}.` }
}

// One after another: what was done before a wrong e-mail stays done, and is said.
async function each<T>(
  context: Context,
  members: readonly string[],
  change: (member: string) => Promise<{ answer: T; line: string }>,
): Promise<number> {
  const done: { answer: T; line: string }[] = []
  const say = () =>
    context.ui.answer({ changes: done.map(({ answer }) => answer) }, () => done.map(({ line }) => line))
  for (const member of members) {
    try {
      done.push(await change(member))
    } catch (error) {
      if (done.length > 0) say()
      throw error
    }
  }
  say()
  return 0
}
