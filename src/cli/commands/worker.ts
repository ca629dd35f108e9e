// `claviger worker --enrol`: makes this machine a worker. The code an admin was shown is used up for a token, which is
// saved as the login of this state directory; from then on the verbs here act as that worker.

import { ClavigerError } from '../../domain/errors.ts'
import { Secret } from '../../domain/secret.ts'
import { codeKind } from '../../domain/token.ts'
import { clientFor, findServer } from '../connection.ts'
import type { Context } from '../context.ts'
import { loginFile, mustBeAbleToSave, readPiped, saveLogin } from '../secrets.ts'

export interface WorkerOptions {
  /** True when given without a code. */
  readonly enrol?: string | true
}

export async function run(context: Context, { enrol }: WorkerOptions): Promise<number> {
  if (enrol === undefined) {
    throw new ClavigerError('invalid', 'A worker is a machine that runs agents with a token of its own.', {
      hint: 'Enrol this one: claviger worker --server URL --enrol. The code is from: claviger admin worker enrol NAME',
    })
  }
  const settings = context.settings(true)
  const { stateDirectory } = settings
  const server = await findServer(settings)
  const code = (enrol === true ? await enterCode(context, server) : enrol).trim()
  await mustBeAbleToSave(stateDirectory)
  const { token, ...worker } = await clientFor(server, null).call('workers.join', { code })
  await saveLogin(stateDirectory, { server, token: new Secret(token) })
  const as = worker.agent === null ? '' : `, as the agent ${worker.agent}`
  context.ui.answer({ server, ...worker }, () => [
    `Enrolled as ${worker.name} of ${worker.organization.name}${as}.`,
    `Saved in ${loginFile(stateDirectory)}.`,
  ])
  if ((context.dependencies.env['CLAVIGER_TOKEN'] ?? '') !== '')
    context.ui.note('CLAVIGER_TOKEN is set and wins over it.')
  return 0
}

async function enterCode({ ui, dependencies }: Context, server: string): Promise<string> {
  if (dependencies.stdin.isTTY !== true) return readPiped(dependencies.stdin)
  if (ui.interactive) {
    const check = (text: string) =>
      codeKind(text.trim()) === 'enrol'
        ? undefined
        : 'That is not an enrolment code; one starts with clv_enrol_.'
    return ui.askSecret(`Enrolment code for ${server}`, check)
  }
  throw new ClavigerError('invalid', 'There is no terminal to ask for the code on.', {
    hint: 'Pipe it to standard input.',
  })
}
