// Where links in answers lead on the server. No behaviour.

/** Where people look after the credentials that runs draw on. */
export const CODING_AGENTS_PATH = '/settings/coding-agents'
