// Providers that are programs of their own: which there are, and signing in with one at the terminal.

import { CREDENTIAL_TYPES } from '../../domain/credential-types.ts'
import { ClavigerError } from '../../domain/errors.ts'
import { isProfileId } from '../../domain/names.ts'
import { Secret } from '../../domain/secret.ts'
import { connect } from '../connection.ts'
import { type Context, MAIN_AGENT } from '../context.ts'
import { EXIT } from '../exit-codes.ts'
import { listCredentials } from '../find-credential.ts'
import { twinWarning } from '../logins/say.ts'
import type { SignInOptions } from '../logins/sign-in.ts'
import { readPiped } from '../secrets.ts'
import { openInBrowser } from '../signing-in/browser.ts'
import { plain } from '../text.ts'
import { isBuiltIn, PROVIDERS, wordsOf } from './providers.ts'

interface PluginLoginOptions extends SignInOptions {
  readonly provider: string
  readonly profileId?: string
  readonly agent?: string
}

/** `models providers`: those that are built in, and the plugins on PATH. */
export async function providers(context: Context, options: { readonly agent?: string }): Promise<number> {
  const { plugins } = await context.over(options.agent ?? MAIN_AGENT).profiles()
  const builtIn = PROVIDERS.map((provider) => {
    const { login, token, key } = wordsOf(provider)
    const types = [login, token, key].filter((type) => type !== undefined)
    return { provider, types, from: 'built in', version: null, reads: [], hosts: [], fault: '' }
  })
  const found = (await plugins.list()).map(({ name, program, description, fault }) => ({
    ...{ provider: name, from: program, version: description?.version ?? null },
    types: description?.types ?? [],
    ...{ reads: description?.environment ?? [], hosts: description?.hosts ?? [] },
    fault: isBuiltIn(name) ? 'A provider of this name is built in.' : fault,
  }))
  const all = [...builtIn, ...found]
  context.ui.table(
    { providers: all },
    ['PROVIDER', 'TYPES', 'VERSION', 'FROM', 'READS', ''],
    () =>
      all.map(({ provider, types, version, from, reads, fault }) => [
        ...[provider, types.join(', ') || '-', version ?? '-', from, reads.join(', ') || '-', fault],
      ]),
    '',
  )
  return EXIT.ok
}

/** Signs in with a plugin; one that is there under that name is signed in again. */
export async function loginWithPlugin(context: Context, options: PluginLoginOptions): Promise<number> {
  const { provider, profileId: given, replaceAccount = false } = options
  const named = given === undefined || given.includes(':') ? given : `${provider}:${given}`
  if (named !== undefined && !(isProfileId(named) && named.startsWith(`${provider}:`)))
    throw new ClavigerError('invalid', `"${named}" cannot be the name of a profile of ${provider}.`, {
      hint: `For example: --profile-id ${provider}:work`,
    })
  const local = context.over(options.agent ?? MAIN_AGENT)
  const { plugins } = await local.profiles()
  const wanted = { profile: named ?? null, replaceAccount }
  const { profile, isNew, twins } = await plugins.signIn(provider, deskAt(context, options), wanted)
  const { client } = await connect(local)
  const [credential] = await listCredentials(client, { name: profile })
  if (credential === undefined)
    throw new ClavigerError('invalid', `${profile} was stored, and cannot be used.`, {
      hint: 'See why: claviger models status',
    })
  context.ui.answer({ ...credential, twins }, () => [
    `${isNew ? 'Created' : 'Signed in again for'} ${profile} (${CREDENTIAL_TYPES[credential.type].title}).`,
  ])
  for (const twin of twins) context.ui.note(twinWarning(`as ${twin.profile}`, twin.sameToken))
  return EXIT.ok
}

// What a plugin asks is answered by the person, or line by line from standard input.
function deskAt({ ui, dependencies }: Context, { browser = true }: PluginLoginOptions) {
  let piped: Promise<string[]> | null = null
  const nextLine = async (question: string): Promise<string> => {
    piped ??= readPiped(dependencies.stdin).then((text) => text.split(/\r?\n/))
    const line = (await piped).shift()
    if (line !== undefined && line !== '') return line
    throw new ClavigerError('invalid', `Nobody answers: ${plain(question)}`, {
      hint: 'Run it at a terminal, or pipe one answer a line to standard input.',
    })
  }
  const check = (answer: string) => (answer.trim() === '' ? 'An answer is needed.' : undefined)
  return {
    ask: async (question: string, secret: boolean) => {
      if (!ui.interactive) return new Secret(await nextLine(question))
      return new Secret(
        secret ? await ui.askSecret(plain(question), check) : await ui.askText(plain(question), check, ''),
      )
    },
    open(url: string, text: string) {
      ui.note(text)
      ui.note(`  ${url}`)
      if (browser && ui.interactive) openInBrowser(new URL(url).href, ui.note)
    },
    note: (text: string) => ui.note(text),
  }
}
