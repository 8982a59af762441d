import { eventually } from '@headwater/testing'
import { afterEach, expect, test } from 'vitest'
import type { RedisSettings } from '../../../src/stores/redis/redis-options.ts'
import { SentinelWatch } from '../../../src/stores/redis/sentinel-watch.ts'
import { noticedWithin } from './replicas-fixture.ts'
import { type SentinelStandIn, startSentinelStandIn } from './sentinel-stand-in.ts'

let sentinels: readonly SentinelStandIn[] = []
let watch: SentinelWatch | undefined
let named: string[] = []

afterEach(async () => {
  watch?.close()
  await Promise.all(sentinels.map((sentinel) => sentinel.stop()))
})

/** Watches Sentinels of which each names a server after so many failovers, and waits for one. */
async function watchOver(...answers: readonly (readonly [string, number])[]): Promise<void> {
  sentinels = await Promise.all(answers.map((answer) => startSentinelStandIn(...answer)))
  named = []
  const settings = {
    sentinels: sentinels.map(({ address }) => address),
    name: 'main',
    connectTimeoutMs: 20_000,
  }
  watch = new SentinelWatch(settings as unknown as RedisSettings, {
    onPrimary: ({ host }) => named.push(host),
    onUnknown: (reason) => named.push(reason),
    onError: (error) => named.push(error.message),
  })
  await eventually(() => expect(named).toHaveLength(1), noticedWithin)
}

async function askOften(): Promise<void> {
  for (let count = 0; count < 20; count += 1) await watch?.asked()
}

test('One Sentinel that tells of a switch is believed, though all still answer with the old primary', async () => {
  await watchOver(['old', 5], ['old', 5], ['old', 5])
  await eventually(() => {
    // What it tells before it is listened to is lost.
    sentinels[1]?.tells('old', 'new')
    expect(named).toEqual(['old', 'new'])
  }, noticedWithin)
  await askOften()
  expect(named).toEqual(['old', 'new'])
})

test('A switch from a server that is not in use changes nothing', async () => {
  await watchOver(['new', 6], ['new', 6], ['new', 6])
  sentinels[2]?.tells('older', 'old')
  // What was told before is read before what is asked for afterwards.
  await askOften()
  expect(named).toEqual(['new'])
})

test('Of answers that differ the one after the most failovers counts', async () => {
  await watchOver(['old', 5], ['new', 6], ['old', 5])
  await askOften()
  expect(named.at(-1)).toBe('new')
  sentinels[0]?.says('newer', 7)
  await askOften()
  expect(named.at(-1)).toBe('newer')
})

test('Two names of one server are not taken for two servers in turn', async () => {
  await watchOver(['name', 5], ['address', 5])
  await askOften()
  for (const sentinel of sentinels) sentinel.tells('elsewhere', 'elsewhere')
  await askOften()
  expect(named).toHaveLength(1)
})

test('Sentinels that were set up anew are believed, but not at once', async () => {
  await watchOver(['old', 5], ['old', 5], ['old', 5])
  for (const sentinel of sentinels) sentinel.says('new', 0)
  await askOften()
  expect(named).toEqual(['old'])
  await eventually(() => expect(named).toEqual(['old', 'new']), noticedWithin)
})
