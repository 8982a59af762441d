import {
  connect,
  connectOptionsFromEnv,
  createRelay,
  defineSink,
  FailureError,
  migrate,
  ok,
  orThrow,
  outbox,
  transaction,
} from '@headwater/core'

const stores = orThrow(await connect(connectOptionsFromEnv(process.env)))
const createOrders = 'CREATE TABLE @schema.orders (id integer PRIMARY KEY, cents integer NOT NULL)'
orThrow(
  await migrate(stores, { sets: [{ name: 'orders', files: { '0001_orders.sql': createOrders } }] }),
)

const received: string[] = []
let status = 503

const partner = defineSink({
  name: 'partner',
  types: ['order.*'],
  mode: 'log',
  handle: async (events) => {
    for (const { id, type } of events) await send(id, type)
  },
})

async function send(idempotencyKey: string, type: string): Promise<void> {
  // A real sink would `fetch` here, with the `signal` of its context.
  if (status < 300) {
    received.push(`${type} ${idempotencyKey.length}`)
    return
  }
  const retryable = status >= 500 || status === 429
  throw new FailureError({ type: 'partner-refused', message: `HTTP ${status}`, retryable })
}

const totals = new Map<string, number>()

const total = defineSink({
  name: 'order-total',
  types: ['order.*'],
  mode: 'state',
  handle: async (events) => {
    const ids = events.map(({ aggregateId }) => aggregateId)
    const { rows } = orThrow(
      await stores.postgres.query<{ id: number; cents: number }>(
        'SELECT id, cents FROM @schema.orders WHERE id = ANY($1)',
        [ids],
      ),
    )
    for (const { id, cents } of rows) totals.set(String(id), cents)
  },
})

const relay = createRelay(stores, { sinks: [partner, total], maxBackOffMs: 100 })
relay.start()

orThrow(
  await transaction(stores, async (tx) => {
    await tx.query('INSERT INTO @schema.orders (id, cents) VALUES (7, 1500)')
    for (const version of [1, 2])
      tx.publish({
        aggregateType: 'order',
        aggregateId: 7,
        type: 'order.placed',
        version,
        payload: { orderId: 7 },
      })
    return ok(undefined)
  }),
)

const early = await relay.drain({ deadlineMs: 5_000 })
console.log(early.isErr() && early.error.type) // deadline-exceeded
console.log(received.length, totals.get('7')) // 0 1500

status = 200
orThrow(await relay.drain({ deadlineMs: 20_000 }))
console.log(received) // [ 'order.placed 36', 'order.placed 36' ]
console.log(orThrow(await outbox(stores).deadLetters.summary()).length) // 0

orThrow(await stores.close())
