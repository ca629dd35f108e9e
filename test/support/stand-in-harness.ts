// For tests: a harness whose deliveries are those of a real one, and whose program is the stand-in.

import type { Harness } from '../../src/harnesses/harness.ts'
import { standIn } from './stand-in.ts'

/** Its program is Node.js. `sees`: what its status command says that it sees. */
export function standInHarness(real: Harness, sees = 'what was delivered'): Harness {
  return {
    ...real,
    conversing: standIn(real.conversing.processFor),
    statusArguments: ['-e', `console.log(${JSON.stringify(sees)})`],
    statusAgrees: (_type, output) => output.includes('what was delivered'),
  }
}
