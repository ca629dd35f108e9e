// Where the pages of the web console are: the first part of each path, an empty one for the overview. The server answers
// there with the console, and everywhere else with the truth that there is nothing.

export const CONSOLE_PATHS: readonly string[] = [
  '',
  'audit',
  'credentials',
  'device',
  'explain',
  'join',
  'runs',
  'settings',
  'sign-in',
  'sign-in-again',
]
