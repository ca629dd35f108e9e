// Before any test: the agent programs are there, so that no test times out while they are being installed.

import { agentPrograms } from './agents/install.ts'

export async function setup(): Promise<void> {
  await agentPrograms()
}
