// What somebody pasted, as one word: without what terminals and mails put around it. Pure.

// Blanks, quotes of any language and angle brackets: none of them is part of a code or an address.
const AROUND = /[\s"'`<>“”„‟‘’‚‛«»‹›]/

/** Null when there is nothing, blanks inside, or more than so many characters. */
export function pastedText(text: string, mostCharacters: number): string | null {
  const isAround = (at: number) => AROUND.test(text.charAt(at))
  let [start, end] = [0, text.length]
  while (start < end && isAround(start)) start += 1
  while (end > start && isAround(end - 1)) end -= 1
  const pasted = text.slice(start, end)
  return pasted === '' || pasted.length > mostCharacters || /\s/.test(pasted) ? null : pasted
}

/** The parameters of a whole URL, or of its query string alone. */
export function pastedParameters(pasted: string): URLSearchParams {
  return new URLSearchParams(pasted.replace(/^[^?]*\?/, '').replace(/#.*$/, ''))
}
