// What the doctor looks at on a machine without a server. A part of its root.

import type { MachineLook } from './cli/dependencies.ts'
import type { ServerSettings } from './config.ts'
import { clockOffset } from './lib/time/remote-clock.ts'
import { lookAtFolders } from './profiles/looking/look.ts'

export function lookOf(settings: ServerSettings): MachineLook {
  const { stateDirectory, anthropicUrl, openaiIssuer, allowPrivateUpstreams: allowPrivate } = settings
  const urls = { claude: anthropicUrl, codex: openaiIssuer }
  return {
    folders: () => lookAtFolders(stateDirectory),
    clock: async (harness) => {
      const url = urls[harness]
      const policy = { allowPrivate, allowLoopback: true }
      return { host: new URL(url).host, offset: await clockOffset(url, policy, Date.now) }
    },
  }
}
