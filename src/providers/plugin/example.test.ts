// The example plugin, in another language than ours, passes what every plugin has to.

import { join } from 'node:path'
import { EXAMPLES, useDemoProvider } from '../../../test/support/demo-provider.ts'
import { describePlugin } from './plugin.conformance.ts'

const demo = useDemoProvider()

describePlugin({
  program: join(EXAMPLES, 'claviger-provider-demo'),
  environment: () => ({ DEMO_URL: demo.url() }),
  methods: ['refresh', 'probe', 'revoke'],
  answer: () => 'sign',
  open: async (url) => void (await fetch(url)),
})
