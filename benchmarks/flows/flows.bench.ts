// The operations of the reference design, done by hand on bare clients and through the SDK: the
// time that callers wait, one at a time and 64 at once. What either side leaves for later is
// finished between the rounds, and not timed.
import { bench } from '../measure/bench.ts'
import { runContest } from '../measure/contest.ts'
import type { Flow, Load } from './flow.ts'
import { openFlowsFixture, type FlowsFixture } from './flows-fixture.ts'
import { getUserHit, getUserMiss, listEnrollmentsHit, searchHit, searchMiss } from './reads.ts'
import { enroll, logActivity, publishCourse, register, updateCourse, updateUser } from './writes.ts'

interface Plan {
  readonly open: (fixture: FlowsFixture) => Flow
  /** Operations of a round: of one caller, and of many together. */
  readonly one: number
  readonly many: number
}

const plans = {
  getUserHit: { open: getUserHit, one: 200, many: 1_280 },
  getUserMiss: { open: getUserMiss, one: 100, many: 640 },
  searchHit: { open: searchHit, one: 160, many: 640 },
  searchMiss: { open: searchMiss, one: 40, many: 128 },
  listEnrollmentsHit: { open: listEnrollmentsHit, one: 100, many: 640 },
  register: { open: register, one: 50, many: 320 },
  updateUser: { open: updateUser, one: 50, many: 320 },
  enroll: { open: enroll, one: 50, many: 320 },
  updateCourse: { open: updateCourse, one: 30, many: 128 },
  publishCourse: { open: publishCourse, one: 50, many: 192 },
  logActivity: { open: logActivity, one: 500, many: 1_280 },
} as const satisfies Record<string, Plan>

const manyCallers = 64

await bench(
  async ({ values, ...servers }) => {
    const wanted = Object.entries<Plan>(plans).filter(
      ([name]) => values.only === 'all' || values.only.split(',').includes(name),
    )
    const rounds = { alternations: Number(values.rounds), warmUps: 5 }
    const fixture = await openFlowsFixture({ ...servers, isNear: values.near === 'yes' })
    const flows: Record<string, { readonly one: number; readonly many: number }> = {}
    try {
      for (const [name, { open, one, many }] of wanted) {
        const flow = open(fixture)
        await flow.check()
        const timesFaster = async (load: Load): Promise<number> =>
          (await runContest(`${name}, ${load.callers}`, flow.contest(load), { rounds })).timesFaster
        flows[name] = {
          one: await timesFaster({ callers: 1, operations: one }),
          many: await timesFaster({ callers: manyCallers, operations: many }),
        }
      }
      return { bench: 'flows', near: values.near, flows }
    } finally {
      await fixture.close()
    }
  },
  { options: { rounds: '15', only: 'all', near: 'no' } },
)
