// Sentences of the API name commands, for whoever reads them in a terminal. Here most of them are places of the console,
// and that is what people read; what only a terminal can do stays what it is.

export interface Place {
  readonly title: string
  readonly to: string
  readonly search?: Readonly<Record<string, string>>
}

/** Text as it stands, or a place. */
export type Part = string | Place

const CREDENTIALS = { title: 'Credentials', to: '/credentials' }
const CODING_AGENTS = { title: 'Settings → Coding agents', to: '/settings/coding-agents' }
const ORGANIZATION = { title: 'Settings → Organization', to: '/settings/organization' }
const MACHINES = { title: 'Settings → Agents and workers', to: '/settings/machines' }
const CHANNELS = { title: 'Settings → Channels', to: '/settings/channels' }
const PERSONAL = { title: 'Settings → Personal', to: '/settings/personal' }
const RUNS = { title: 'Runs', to: '/runs' }

/** How a command begins → where that is done here. The first that fits. */
const PLACES: readonly (readonly [string, Place])[] = [
  ['credential create', { title: 'Add a credential', to: '/credentials/new' }],
  ['credential login', CREDENTIALS],
  ['credential list', CREDENTIALS],
  ['credential history', CREDENTIALS],
  ['credential update', CREDENTIALS],
  ['credential move', CREDENTIALS],
  ['explain', { title: 'Explain', to: '/explain' }],
  ['run', RUNS],
  ['admin policy', CODING_AGENTS],
  ['admin members', ORGANIZATION],
  ['admin teams', ORGANIZATION],
  ['admin webhook', ORGANIZATION],
  ['admin channel', CHANNELS],
  ['admin agent', MACHINES],
  ['admin worker', MACHINES],
  ['admin tokens', PERSONAL],
  ['whoami', PERSONAL],
]

// A word ends before the sign that ends its sentence. What leads to a terminal goes with the command.
const WORD = '[^\\s.,;:()`]+(?:[.:]+[^\\s.,;:()`]+)*'
const COMMAND = new RegExp(`(?:On the command line: )?\`?\\bclaviger((?: ${WORD})+)\`?`, 'g')

/** The place where a command's work is done in the console; undefined: it is a terminal's. */
export function placeOf(command: string): Place | undefined {
  const [, place] = PLACES.find(([begin]) => command === begin || command.startsWith(`${begin} `)) ?? []
  const name = /^credential login .*?([^ ]+)$/.exec(command)?.[1]
  return place === undefined || name === undefined ? place : { ...place, search: { search: name } }
}

/** A sentence of the API with the places in it. */
export function partsOf(sentence: string): readonly Part[] {
  const parts: Part[] = []
  let from = 0
  for (const { 0: whole, 1: command = '', index } of sentence.matchAll(COMMAND)) {
    const place = placeOf(command.trim())
    if (place === undefined) continue
    parts.push(sentence.slice(from, index), place)
    from = index + whole.length
  }
  return [...parts, sentence.slice(from)].filter((part) => part !== '')
}

/** The commands that a sentence names. */
export function commandsIn(sentence: string): string[] {
  return [...sentence.matchAll(COMMAND)].map(([, command = '']) => command.trim())
}
