// A provider that is built in, and the plugins that bring credentials of its types: what a plugin has brought is probed,
// renewed and ended by that plugin, and by nobody else.

import { PLUGIN_TYPES } from '../../domain/credential-types.ts'
import type { FieldValues } from '../../domain/values.ts'
import type { Provider } from '../provider.ts'
import type { Plugins } from './plugins.ts'

/** The provider of those of its types that plugins bring as well; none, where there are none. */
export function withPlugins(provider: Provider, plugins: Plugins): Provider[] {
  const types = PLUGIN_TYPES.filter((type) => provider.probes.includes(type))
  if (types.length === 0) return []
  const { renew, tokensIn, revoke } = plugins
  return [
    {
      ...{ name: provider.name, probes: types },
      probe: (type, fields) =>
        isOfPlugin(fields) ? plugins.probe(type, fields) : provider.probe(type, fields),
      // Nobody else brings keys of these types that are renewed.
      renewer: {
        renews: types,
        renew: (type, fields, { timeoutMs }) => renew(type, fields, timeoutMs),
        ...{ tokensIn, revoke },
      },
    },
  ]
}

function isOfPlugin({ plugin }: FieldValues): boolean {
  return plugin !== undefined
}
