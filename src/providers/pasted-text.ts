// What somebody pasted, as one word: without what terminals and mails put around it. Pure.

/** Null when there is nothing, blanks inside, or more than so many characters. */
export function pastedText(text: string, mostCharacters: number): string | null {
  const pasted = text
    .trim()
    .replace(/^(["'`])(.*)\1$/s, '$2')
    .trim()
  return pasted === '' || pasted.length > mostCharacters || /\s/.test(pasted) ? null : pasted
}

/** The parameters of a whole URL, or of its query string alone. */
export function pastedParameters(pasted: string): URLSearchParams {
  return new URLSearchParams(pasted.replace(/^[^?]*\?/, '').replace(/#.*$/, ''))
}
