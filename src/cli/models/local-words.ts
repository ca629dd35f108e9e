// What a server tells people to type, in the words of a machine without one.

import type { Client } from '../../client/client.ts'
import { ClavigerError } from '../../domain/errors.ts'

/** The client, whose errors say what to type here. */
export function inLocalWords(client: Client): Client {
  return {
    server: client.server,
    async call(name, input, signal) {
      try {
        return await client.call(name, input, signal)
      } catch (thrown) {
        if (!(thrown instanceof ClavigerError) || thrown.hint === undefined) throw thrown
        const hint = localHint(thrown.hint)
        if (hint === thrown.hint) throw thrown
        const { detail, retryAfter } = thrown
        throw new ClavigerError(thrown.code, thrown.message, {
          ...{ hint, cause: thrown },
          ...(detail !== undefined && { detail }),
          ...(retryAfter !== undefined && { retryAfter }),
        })
      }
    },
  }
}

/** A hint as it holds for profiles of this machine. */
export function localHint(hint: string): string {
  return hint
    .replace(/claviger\scredential\slogin\s(([\w-]+):\S*[^\s.,])/g, AGAIN)
    .replace(/claviger\scredential\screate\sclaude\s[^,.]*NAME/g, NEW.claude)
    .replace(/claviger\scredential\screate\scodex\s[^,.]*NAME/g, NEW.codex)
    .replace(/claviger\s(credential|explain)\b/g, 'claviger --local $1')
}

const AGAIN = 'claviger models auth login --provider $2 --profile-id $1'

const NEW = {
  claude: 'claviger models auth login --provider anthropic',
  codex: 'claviger models auth login --provider openai-codex',
}
