import { err, ok, okAsync, orThrow, type Result, type ResultAsync } from '@headwater/core'

interface NotFound {
  readonly type: 'not-found'
  readonly message: string
  readonly retryable: boolean
}

const prices = new Map([['Lamp', 30]])

function findPrice(title: string): ResultAsync<number, NotFound> {
  const price = prices.get(title)
  const missing: NotFound = { type: 'not-found', message: `no ${title}`, retryable: false }
  return okAsync(price).andThen((found) => (found === undefined ? err(missing) : ok(found)))
}

const found = await findPrice('Lamp')
if (found.isOk()) console.log(found.value) // 30

const missing = await findPrice('Sofa')
if (missing.isErr()) console.log(missing.error.type) // not-found

console.log(await findPrice('Sofa').unwrapOr(0)) // 0

const label = findPrice('Lamp').map((price) => `${price} EUR`)
console.log(await label.unwrapOr('no price')) // 30 EUR

async function twoLamps(): Promise<Result<number, NotFound>> {
  const price = await findPrice('Lamp')
  if (price.isErr()) return err(price.error)
  return ok(price.value * 2)
}
console.log(orThrow(await twoLamps())) // 60
