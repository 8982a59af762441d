import type { Enroll, Press } from './contestants.ts'

/**
 * Runs the presses with concurrent callers, each of which presses again once it is answered.
 * Returns every wait in milliseconds.
 */
export async function run(
  enroll: Enroll,
  presses: readonly Press[],
  callers: number,
): Promise<{ readonly waits: number[]; readonly enrolled: number }> {
  const waits: number[] = []
  let enrolled = 0
  const queue = presses.values()
  const caller = async () => {
    for (const press of queue) {
      const startedAt = performance.now()
      if (await enroll(press)) enrolled += 1
      waits.push(performance.now() - startedAt)
    }
  }
  await Promise.all(Array.from({ length: callers }, caller))
  return { waits, enrolled }
}
