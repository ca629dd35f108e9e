// What a terminal shows and a person types to let it in: eight letters in two groups. No vowels, so that it never spells a
// word; nothing that looks like a digit. Good for minutes, and guesses are counted.

const LETTERS = 'BCDFGHJKLMNPQRSTVWXZ'
const LENGTH = 8

/** Eight letters from as many random bytes; the few bytes above 239 fold over. */
export function makeUserCode(random: Uint8Array): string {
  let code = ''
  for (let i = 0; i < LENGTH; i += 1) code += LETTERS.charAt((random[i] ?? 0) % LETTERS.length)
  return code
}

/** The letters of what somebody typed, whatever the case, dashes and blanks; null when it cannot be a code. */
export function readUserCode(text: string): string | null {
  const letters = text.replace(/[\s-]/g, '').toUpperCase()
  return letters.length === LENGTH && [...letters].every((letter) => LETTERS.includes(letter))
    ? letters
    : null
}

/** As people read it: `XXXX-XXXX`. */
export function showUserCode(code: string): string {
  return `${code.slice(0, 4)}-${code.slice(4)}`
}
