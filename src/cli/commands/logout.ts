// `claviger logout`: forgets the saved token. It does not revoke it: other terminals may use the same.

import { rm } from 'node:fs/promises'
import { readIfThere } from '../../lib/atomic-file.ts'
import type { Context } from '../context.ts'
import { loginFile, readAdminToken } from '../secrets.ts'

export async function run(context: Context): Promise<number> {
  const { stateDirectory } = context.settings()
  const path = loginFile(stateDirectory)
  const wasSaved = (await readIfThere(path)) !== null
  await rm(path, { force: true })
  context.ui.answer({ signedOut: wasSaved }, () => [
    wasSaved ? `Removed ${path}. The token itself is still good.` : 'No login was saved.',
  ])
  if (wasSaved) context.ui.note('To end it everywhere: claviger admin tokens revoke NAME')
  if ((context.dependencies.env['CLAVIGER_TOKEN'] ?? '') !== '')
    context.ui.note('CLAVIGER_TOKEN is still set.')
  else if ((await readAdminToken(stateDirectory)) !== null) {
    context.ui.note(`admin.token in ${stateDirectory} still signs you in to the server of this directory.`)
  }
  return 0
}
