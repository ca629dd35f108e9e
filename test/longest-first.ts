// Puts the files of tests that take longest first, so that at the end no worker waits for one of them. By itself Vitest
// goes by the time of the last run, which a fresh clone does not have, and then by the size of a file, which says little.

import { relative } from 'node:path'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

// Seconds on two cores, roughly; the order of the others is Vitest's.
const LONGEST: Readonly<Record<string, number>> = {
  'test/proofs/runs.test.ts': 100,
  'test/proofs/postgres.test.ts': 120,
  'test/proofs/renewal-kills.test.ts': 98,
  'test/proofs/stored.test.ts': 90,
  'test/proofs/kill.test.ts': 90,
  'test/proofs/renewals.test.ts': 88,
  'test/cli/scripts-1.test.ts': 80,
  'test/cli/scripts-2.test.ts': 80,
  'test/cli/scripts-3.test.ts': 80,
  'test/cli/scripts-4.test.ts': 80,
  'src/control/grants/left-behind.test.ts': 50,
  'test/e2e/runs-claude.test.ts': 97,
  'test/e2e/embedded-worker.test.ts': 50,
  'test/e2e/codex-oauth.test.ts': 82,
  'test/server/copied-directory.test.ts': 63,
  'test/server/rolled-back.test.ts': 57,
  'test/permissions/matrix.test.ts': 56,
  'test/cli/people.test.ts': 51,
  'test/e2e/conversing-codex.test.ts': 50,
  'test/server/replicas.test.ts': 49,
  'test/e2e/runs-codex.test.ts': 46,
  'test/server/postgres-refusals.test.ts': 44,
  'test/docs/five-minutes.test.ts': 44,
  'test/e2e/sandbox.test.ts': 42,
  'src/store/sql/postgres-loss.test.ts': 39,
  'src/store/sql/transfer/move.test.ts': 35,
  'src/store/sql/postgres.test.ts': 35,
  'test/e2e/claude-login.test.ts': 32,
  'test/cli/package.test.ts': 30,
  'test/server/claude-renewals.test.ts': 30,
  'test/e2e/onboard.test.ts': 30,
  'src/store/sql/additions.test.ts': 29,
  'test/server/restored-logins.test.ts': 29,
  'test/server/postgres.test.ts': 29,
  'test/server/rekey.test.ts': 28,
  'src/store/sql/postgres-signals.test.ts': 25,
  'test/server/machines.test.ts': 25,
  'src/control/grants/engine.stores.test.ts': 24,
  'test/e2e/runs-canary.test.ts': 23,
  'test/e2e/claude-server.test.ts': 23,
  'test/server/embedded-workers.test.ts': 23,
  'test/server/audit-chain.test.ts': 22,
  'test/e2e/exec-claude-project.test.ts': 22,
  'src/store/sql/sqlite.test.ts': 22,
  'src/control/grants/engine.faults.test.ts': 6,
  'test/e2e/codex-replicas.test.ts': 19,
  'test/server/backup.test.ts': 19,
  'src/control/runs/runs.stores.test.ts': 19,
  'test/e2e/exec-claude.test.ts': 17,
  'test/e2e/claude-live.test.ts': 17,
  'test/e2e/codex-sign-in.test.ts': 16,
  'test/e2e/conversing-claude.test.ts': 15,
  'src/control/people/servers.test.ts': 14,
  'src/control/machines/races.test.ts': 14,
}

export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const seconds = ({ moduleId }: TestSpecification) =>
      LONGEST[relative(this.ctx.config.root, moduleId)] ?? 0
    return (await super.sort(files)).sort((a, b) => seconds(b) - seconds(a))
  }
}
