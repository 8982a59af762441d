// The cost of enrolling: 200 callers into one course and into 1,000, against the plain sequence of
// statements on the same pool. The reference publishes no event and invalidates nothing.
import type { Contestant } from '../measure/alternate.ts'
import { bench } from '../measure/bench.ts'
import { runContest } from '../measure/contest.ts'
import { Invalidations } from '../measure/invalidations.ts'
import { percentile } from '../measure/percentile.ts'
import { countOversold, ours, reference, type Enroll } from './contestants.ts'
import { openEnrollFixture, type EnrollFixture } from './enroll-fixture.ts'
import { run } from './load.ts'
import { callers, hot, presses, spread, type Load } from './loads.ts'

type Name = 'ours' | 'reference'

/** Runs the rounds of both contestants and keeps how long each caller waited. */
class Rounds {
  readonly #fixture: EnrollFixture
  readonly #invalidations: Invalidations
  readonly #waits: Record<Name, number[]> = { ours: [], reference: [] }
  #count = 0

  constructor(fixture: EnrollFixture) {
    this.#fixture = fixture
    this.#invalidations = new Invalidations(fixture.stores)
  }

  contestant(name: Name, load: Load): Contestant {
    const enroll: Enroll = name === 'ours' ? ours(this.#fixture) : reference(this.#fixture)
    return async () => {
      const round = await load.round(this.#fixture.pool, this.#count++)
      return async () => {
        const { waits, enrolled } = await run(enroll, round, callers)
        await this.#invalidations.settled()
        this.#waits[name].push(...waits)
        if (enrolled !== load.seatsGiven)
          throw new Error(`${name} gave ${enrolled} of ${load.seatsGiven} seats`)
      }
    }
  }

  p99Ms(name: Name): number {
    return percentile(this.#waits[name], 0.99)
  }
}

await bench(
  async ({ isJson, values, ...servers }) => {
    const fixture = await openEnrollFixture(servers)
    const rounds = new Rounds(fixture)
    const timesFaster = async (name: string, load: Load): Promise<number> => {
      const contest = {
        ours: rounds.contestant('ours', load),
        theirs: rounds.contestant('reference', load),
        operations: presses,
      }
      const outcome = await runContest(name, contest, {
        rounds: { alternations: Number(values.rounds), warmUps: 3 },
        isProfiled: !isJson,
        profiledRounds: 5,
      })
      return outcome.timesFaster
    }
    try {
      return {
        hotVsReference: await timesFaster('hot', hot),
        spreadVsReference: await timesFaster('spread', spread),
        oversold: await countOversold(fixture.pool),
        p99Ms: { ours: rounds.p99Ms('ours'), reference: rounds.p99Ms('reference') },
      }
    } finally {
      await fixture.close()
    }
  },
  { options: { rounds: '9' } },
)
