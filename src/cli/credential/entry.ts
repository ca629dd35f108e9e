// Entering the fields of a credential: at masked prompts, on standard input, or from a file. Values are checked here as
// the server will check them, so that a person at a prompt can correct one at once.

import {
  CREDENTIAL_TYPES,
  type CredentialType,
  type CredentialTypeDefinition,
  enteredFields,
  type FieldDefinition,
} from '../../domain/credential-types.ts'
import { ClavigerError, inOneLine } from '../../domain/errors.ts'
import { HARNESS_TITLE } from '../../domain/harness-names.ts'
import { checkSomeFields } from '../../domain/values.ts'
import type { Context } from '../context.ts'
import { readPiped, readValueFile } from '../secrets.ts'
import { setupTokenFault } from './setup-token.ts'

export interface Entry {
  readonly type: CredentialType
  readonly name: string
  /** The fields to enter, in the order they are asked for. */
  readonly fields: readonly FieldDefinition[]
  /** An empty answer keeps what is stored. */
  readonly keeps: boolean
  readonly valueFile: string | undefined
}

/** What was entered: field name → text. Fields left empty are absent. */
export type Entered = Readonly<Record<string, string>>

/** The fields a person must be asked for: every secret one, and whatever else is required. */
export function askedFields(type: CredentialType, given: Entered): FieldDefinition[] {
  return enteredFields(type).filter(
    (field) => (field.secret || field.required) && given[field.name] === undefined,
  )
}

/** Reads the fields from the file, else from a person, else from standard input. */
export async function enterFields(context: Context, entry: Entry): Promise<Entered> {
  const { ui, dependencies } = context
  if (entry.fields.length === 0) return {}
  if (entry.valueFile !== undefined && entry.valueFile !== '-') {
    return fromText(entry, await readValueFile(entry.valueFile))
  }
  if (dependencies.stdin.isTTY !== true) return fromText(entry, await readPiped(dependencies.stdin))
  if (!ui.interactive) {
    throw new ClavigerError('invalid', 'There is no terminal to ask for the value on.', {
      hint: 'Pipe it to standard input, or use --value-file FILE.',
    })
  }
  return ask(context, entry)
}

async function ask({ ui }: Context, entry: Entry): Promise<Entered> {
  for (const line of introduction(entry.type)) ui.note(line)
  const answers: Record<string, string> = {}
  for (const field of entry.fields) {
    const mayBeEmpty = entry.keeps || !field.required
    const check = (text: string) => fault(entry, field, text, mayBeEmpty)
    const question =
      capital(field.label) + (entry.keeps ? ' (Enter keeps it)' : mayBeEmpty ? ' (Enter for none)' : '')
    const answer = field.secret
      ? await ui.askSecret(question, check)
      : await ui.askText(question, check, field.example)
    if (answer.trim() !== '') answers[field.name] = answer
  }
  return answers
}

// Where to get one, which rights it needs, who pays.
function introduction(type: CredentialType): string[] {
  const { title, harness, whereToGet, rights, bills }: CredentialTypeDefinition = CREDENTIAL_TYPES[type]
  return [
    harness === null ? title : `${title}, for ${HARNESS_TITLE[harness]}`,
    `  where to get one: ${whereToGet}`,
    `  rights it needs:  ${rights}`,
    `  what it bills:    ${bills}`,
  ]
}

function fault(entry: Entry, field: FieldDefinition, text: string, mayBeEmpty: boolean): string | undefined {
  if (mayBeEmpty && text.trim() === '') return undefined
  const mistaken = entry.type === 'claude/setup-token' ? setupTokenFault(text) : undefined
  if (mistaken !== undefined) return mistaken
  try {
    checkSomeFields(entry.type, entry.name, { [field.name]: text })
    return undefined
  } catch (thrown) {
    if (!(thrown instanceof ClavigerError)) throw thrown
    return inOneLine(thrown)
  }
}

// One field is the text itself; several come as a JSON object or as lines of field=value.
function fromText({ type, fields, keeps }: Entry, text: string): Entered {
  const [only, ...others] = fields
  if (only && others.length === 0) return { [only.name]: text }
  const pairs = text.trimStart().startsWith('{') ? jsonPairs(text) : linePairs(text)
  if (pairs === null || pairs.length === 0) throw notSeveral(type, fields, keeps)
  return Object.fromEntries(pairs.map(([name, value]) => [fieldNamed(type, name), value]))
}

function jsonPairs(text: string): [string, string][] | null {
  try {
    const value: unknown = JSON.parse(text)
    const pairs = Object.entries(value as object)
    return pairs.every(([, one]) => typeof one === 'string') ? pairs : null
  } catch {
    // The parser's message would quote the text, which is secret.
    return null
  }
}

function linePairs(text: string): [string, string][] | null {
  const lines = text.split(/\r?\n/).filter((line) => line.trim() !== '')
  const matches = lines.map((line) => /^\s*(?:export\s+)?([A-Za-z_]\w*)\s*=(.*)$/.exec(line))
  if (matches.some((match) => match === null)) return null
  return matches.map((match) => [match?.[1] ?? '', unquoted(match?.[2]?.trim() ?? '')])
}

function unquoted(text: string): string {
  return /^(["'])(.*)\1$/.exec(text)?.[2] ?? text
}

// The environment variable's name is as good as ours: that is how people have them.
function fieldNamed(type: CredentialType, name: string): string {
  const { fields }: CredentialTypeDefinition = CREDENTIAL_TYPES[type]
  return fields.find((field) => field.name === name || field.variable === name)?.name ?? name
}

function notSeveral(type: CredentialType, fields: readonly FieldDefinition[], keeps: boolean): ClavigerError {
  const names = fields.map((field) => (field.required ? field.name : `${field.name} (optional)`)).join(', ')
  return new ClavigerError('invalid', `A ${type} credential has several fields: ${names}.`, {
    hint:
      'Give them as a JSON object, or as lines of field=value.' +
      (keeps ? ` Or name one: --field ${fields[0]?.name ?? ''}` : ''),
  })
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}
