// Where links in answers lead on the server. No behaviour.

/** Where people look after the credentials that runs draw on. */
export const CREDENTIALS_PATH = '/credentials'

/** Behind the path of a login: leads right to signing in again. */
export const TO_SIGN_IN = '?do=sign-in'

/** Where people link accounts they have elsewhere. */
export const OWN_ACCOUNTS_PATH = '/settings/personal'

/** Where people look after the order and the switches. */
export const CODING_AGENTS_PATH = '/settings/coding-agents'
