import { expect, it } from 'vitest'
import { explore } from '../../explore.ts'
import { beforeRollout, type Flaw, relay } from './rollout.ts'
import { rolloutSteps } from './rollout-steps.ts'

const initial = beforeRollout(
  [relay('old', 2), relay('old', 1), relay('recent', 2), relay('recent', 1)],
  2,
)
const found = (flaw?: Flaw) => explore(initial, rolloutSteps(flaw), JSON.stringify)

it('No relay acknowledges for a replaced release, takes over from a live one or waits for none', () => {
  const { violation, isComplete, taken, states } = found()
  expect(violation).toBeUndefined()
  expect(isComplete).toBe(true)
  expect(states).toBeGreaterThan(1_000)
  expect([...taken]).toEqual(
    expect.arrayContaining([
      'register',
      'register again',
      'wait for the newer release',
      'pulse',
      'claim',
      'reclaim',
      'acknowledge',
      'leave',
      'crash',
      'the lease ends',
      'a minute passes',
    ]),
  )
})

const flaws: Flaw[] = [
  'a-restart-takes-over',
  'a-registration-names-no-relay',
  'a-registration-keeps-the-fence',
  'a-pulse-takes-no-lock',
  'a-claim-takes-no-lock',
]

it.each(flaws)('The exploration of a rollout finds a broken promise where %s', (flaw) => {
  expect(found(flaw).violation).toBeDefined()
})
