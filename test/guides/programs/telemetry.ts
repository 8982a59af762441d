import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import {
  connect,
  connectOptionsFromEnv,
  migrate,
  ok,
  orThrow,
  transaction,
  type TracedWork,
} from '@headwater/core'
import { prometheus } from '@headwater/telemetry'
import { instrument } from '@headwater/telemetry/opentelemetry'

const stores = orThrow(await connect(connectOptionsFromEnv(process.env)))
const metrics = prometheus(stores)

const stop = instrument(stores, { instrumentedDrivers: ['postgres'] })

const ended: string[] = []
const onEnd = (message: unknown) => void ended.push((message as TracedWork).name)
subscribe('tracing:headwater:work:asyncEnd', onEnd)

orThrow(await migrate(stores))
orThrow(await transaction(stores, async (tx) => ok(await tx.query('SELECT 1'))))
console.log(ended.join()) // transaction

const server = createServer((_request, response) => {
  response.setHeader('content-type', 'text/plain; version=0.0.4; charset=utf-8')
  void metrics.text().then((text) => response.end(text))
})
server.listen(0, '127.0.0.1')
await once(server, 'listening')

const { port } = server.address() as AddressInfo
let lines: string[] = []
let intents: string | undefined
// A scrape leaves out what a busy PostgreSQL does not answer in time.
while (intents === undefined) {
  const scrape = await fetch(`http://127.0.0.1:${port}/metrics`)
  lines = (await scrape.text()).split('\n')
  intents = lines.find((line) => line.startsWith('headwater_invalidation_intents '))
}
console.log(intents) // headwater_invalidation_intents 0
const committed = lines.filter((line) => /transaction_duration_seconds_count.*committed/.test(line))
console.log(committed.length) // 1

unsubscribe('tracing:headwater:work:asyncEnd', onEnd)
server.close()
stop()
metrics.stop()
orThrow(await stores.close())
