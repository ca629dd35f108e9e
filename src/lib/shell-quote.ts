// Quotes a word for /bin/sh.

const PLAIN = /^[A-Za-z0-9_@%+=:,./-]+$/

/** `word` as one argument of a POSIX shell command line. */
function shellQuote(word: string): string {
  return PLAIN.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`
}

/** A command line that runs `words[0]` with the others as its arguments. */
export function shellCommand(words: readonly string[]): string {
  return words.map(shellQuote).join(' ')
}
